package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// Watch implements origin.Catalog. It runs in the caller's goroutine, on a connection of its own, that the server
// notifies of commits. It ends with an error where the server does not answer within a second: who watches may then have missed
// changes.
func (c *Catalog) Watch(ctx context.Context, changed func(origin.Change), fresh func(time.Time)) error {
	c.mu.Lock()
	if c.life.Err() != nil {
		c.mu.Unlock()
		return origin.ErrClosed
	}
	c.watchers.Add(1)
	c.mu.Unlock()
	defer c.watchers.Done()

	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	err := c.follow(watching, changed, fresh)
	c.pool.distrust() // what ended this connection may have ended the others
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case c.life.Err() != nil:
		return origin.ErrClosed
	}
	return fmt.Errorf("postgres: watching for changes: %w", err)
}

// follow reports changes until ctx ends or the connection fails.
func (c *Catalog) follow(ctx context.Context, changed func(origin.Change), fresh func(time.Time)) error {
	dialing, cancel := context.WithTimeout(ctx, min(c.cfg.Wait, dialTimeout))
	defer cancel()
	db, err := pgx.ConnectConfig(dialing, c.listening)
	if err != nil {
		return err
	}
	defer end(db)
	w := &watch{conn: &conn{db: db}, changed: changed, fresh: fresh, keep: c.cfg.Keep}
	if err := w.conn.exec(dialing, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		if err := w.look(ctx); err != nil {
			return err
		}
		if err := w.wait(ctx, c.cfg.PollInterval); err != nil {
			return err
		}
	}
}

// watch is the state of one watcher.
type watch struct {
	conn    *conn
	changed func(origin.Change)
	fresh   func(until time.Time)
	keep    time.Duration

	// seen is the snapshot that the last look was of. A transaction may commit long after one that began later, so that
	// neither its number nor the log's says what is new, but what a snapshot does not show: transactions that ran then, and
	// those that have begun since.
	seen    string
	looked  time.Time // zero: never
	trimmed time.Time // when nothing old was left in the log
}

// lease is how long what was reported holds, from the moment that the server was asked: a watcher that hears nothing
// for longer may have missed what is promised to be known everywhere within a second. The server's answer to a watcher
// may not take longer, and polls leave it three quarters of that time.
const lease = time.Second

// look reports what was committed since it was last called.
func (w *watch) look(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	began := time.Now()
	missed := w.looked.IsZero() || began.Sub(w.looked) > w.keep/4
	changes, err := w.read(asking, missed)
	if err != nil {
		return err
	}
	w.looked = began
	for _, change := range changes {
		w.changed(change)
	}
	w.fresh(began.Add(lease))
	return w.trim(ctx)
}

const (
	selectSnapshot = "SELECT current_setting('transaction_read_only'), pg_current_snapshot()::text"
	// selectChanges has that in each row, and at least one row. Each part of its condition is a range of the index.
	selectChanges = "SELECT current_setting('transaction_read_only'), snapshot::text, kind, collection, record" +
		" FROM pg_current_snapshot() AS snapshot LEFT JOIN changes" +
		" ON xid >= pg_snapshot_xmax($1::text::pg_snapshot) OR xid = ANY(ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot))) ORDER BY seq"
)

// read returns the changes that the snapshot seen does not show, each once, and moves it on.
func (w *watch) read(ctx context.Context, missed bool) (list []origin.Change, err error) {
	query, args := selectChanges, []any{w.seen}
	if missed {
		query, args, list = selectSnapshot, nil, []origin.Change{{All: true}}
	}
	var snapshot string
	err = w.conn.each(ctx, query, args, func(row []any) error {
		if text(row[0]) != "off" {
			return errReadOnly
		}
		snapshot = text(row[1])
		if !missed && row[2] != nil {
			list = append(list, catalog.ChangeOf(integer(row[2]), text(row[3]), text(row[4])))
		}
		return nil
	})
	if err == nil {
		w.seen = snapshot
	}
	return list, err
}

// errReadOnly means that the server has become one that takes no writes: another one may by now, and this one be behind.
var errReadOnly = errors.New("the server takes no writes any more")

// trimBatch is how many old changes are removed at once: so few that the watcher is not kept from looking.
const trimBatch = 1000

const deleteOld = "DELETE FROM changes WHERE seq IN (SELECT seq FROM changes" +
	" WHERE at < clock_timestamp() - $1::text::interval ORDER BY at LIMIT $2::bigint FOR UPDATE SKIP LOCKED)"

// trim removes changes that every watcher has seen, or will be told All instead: now and then, and then with each look until
// none is left. They are removed by age, and a transaction lasts no longer than a quarter of it.
func (w *watch) trim(ctx context.Context) error {
	if time.Since(w.trimmed) < w.keep/16 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lease)
	defer cancel()
	n, err := w.conn.affected(ctx, deleteOld, strconv.FormatInt(w.keep.Milliseconds(), 10)+" milliseconds", int64(trimBatch))
	if n < trimBatch {
		w.trimmed = time.Now()
	}
	return err
}

// settle is the least time from one look to the next: where many commit, one look is for all of them.
const settle = 5 * time.Millisecond

// wait waits for a notification, or until it is time to look without one.
func (w *watch) wait(ctx context.Context, poll time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	_, err := w.conn.db.WaitForNotification(waiting)
	if err != nil && (!pgconn.Timeout(err) || ctx.Err() != nil || w.conn.db.IsClosed()) {
		return errors.Join(err, ctx.Err())
	}
	select {
	case <-time.After(time.Until(w.looked.Add(settle))):
	case <-ctx.Done():
		return ctx.Err()
	}
	cancel()
	for err == nil { // those that have come with earlier answers
		_, err = w.conn.db.WaitForNotification(waiting)
	}
	return nil
}
