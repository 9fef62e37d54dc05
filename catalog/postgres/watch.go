package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/imgorigin/imgorigin/origin"
)

// Watch implements origin.Catalog. It runs in the caller's goroutine, on a connection of its own, that the server
// notifies of commits. It ends with an error where the server does not answer within a second: who watches may then have missed
// changes.
func (c *Catalog) Watch(ctx context.Context, changed func(origin.Change)) error {
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
	err := c.follow(watching, changed)
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
func (c *Catalog) follow(ctx context.Context, changed func(origin.Change)) error {
	dialing, cancel := context.WithTimeout(ctx, c.cfg.Wait)
	defer cancel()
	db, err := pgx.ConnectConfig(dialing, c.listening)
	if err != nil {
		return err
	}
	defer end(db)
	w := &watch{conn: &conn{db}, changed: changed, keep: c.cfg.Keep}
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
	keep    time.Duration

	// from is the number of a transaction before which all have ended and were reported. Of later ones, those in seen
	// were: a transaction may commit long after one that began later.
	from   int64
	seen   map[int64]bool // by changes.seq
	looked time.Time      // zero: never
	cut    time.Time      // when old changes were last removed
}

// answer bounds the server's answer to a watcher.
const answer = time.Second

// look reports what was committed since it was last called.
func (w *watch) look(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, answer)
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
	if time.Since(w.cut) > w.keep/16 {
		w.cut = time.Now()
		return w.trim(ctx)
	}
	return nil
}

const (
	// selectLow is the oldest transaction that still runs: all before it have ended, and what they did is visible.
	selectLow = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
	// selectChanges has that in each row, of the same snapshot as the changes, and at least one row.
	selectChanges = "SELECT low::text, seq, kind, collection, record FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS low) AS snapshot" +
		" LEFT JOIN changes ON xid >= $1::text::xid8 ORDER BY seq"
)

// read returns the changes that were not reported, and moves from up to the oldest transaction that still runs.
func (w *watch) read(ctx context.Context, missed bool) (list []origin.Change, err error) {
	var low int64
	if missed {
		list = []origin.Change{{All: true}}
		w.seen = nil
		err = w.conn.one(ctx, selectLow, nil, func(row []any) (err error) {
			low, err = strconv.ParseInt(text(row[0]), 10, 64)
			return err
		})
	} else {
		seen := make(map[int64]bool)
		err = w.conn.each(ctx, selectChanges, []any{strconv.FormatInt(w.from, 10)}, func(row []any) (err error) {
			if row[1] != nil {
				seq := integer(row[1])
				if seen[seq] = true; !w.seen[seq] {
					list = append(list, changeOf(integer(row[2]), text(row[3]), text(row[4])))
				}
			}
			low, err = strconv.ParseInt(text(row[0]), 10, 64)
			return err
		})
		if err == nil {
			w.seen = seen
		}
	}
	if err != nil {
		return nil, err
	}
	w.from = low
	return list, nil
}

// trim removes changes that every watcher has seen, or will be told All instead. They are removed by age, and a
// transaction lasts no longer than a quarter of it.
func (w *watch) trim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return w.conn.exec(ctx, "DELETE FROM changes WHERE seq IN (SELECT seq FROM changes"+
		" WHERE at < clock_timestamp() - $1::text::interval ORDER BY at LIMIT 10000 FOR UPDATE SKIP LOCKED)",
		strconv.FormatInt(w.keep.Milliseconds(), 10)+" milliseconds")
}

// wait waits for a notification, or until it is time to look without one.
func (w *watch) wait(ctx context.Context, poll time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	_, err := w.conn.db.WaitForNotification(waiting)
	if err == nil || pgconn.Timeout(err) && ctx.Err() == nil && !w.conn.db.IsClosed() {
		return nil
	}
	return errors.Join(err, ctx.Err())
}
