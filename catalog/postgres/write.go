package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.CatalogTx = (*tx)(nil)

// tx is a write transaction.
type tx struct {
	reader
	conn    *conn
	wait    context.Context // ends with the time that the whole call of Write has
	changes catalog.Changes
	current map[*origin.Collection]bool // those that CheckCollection found to be of now
	ended   bool
	failed  error // the first error of the server, which has undone everything since
}

var (
	errEnded = errors.New("postgres: the transaction has ended")
	// errUndone is what COMMIT comes to after an error that was not seen here. There is none such.
	errUndone = errors.New("postgres: the server has undone the transaction")
)

// isolation is how a transaction begins.
type isolation string

const (
	serializable  isolation = "BEGIN ISOLATION LEVEL SERIALIZABLE"
	readCommitted isolation = "BEGIN ISOLATION LEVEL READ COMMITTED"
)

// Write implements origin.Catalog. What fn has read may be changed by another replica before it commits; the
// server then undoes one of the two, and that one's fn is run again.
func (c *Catalog) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	return c.write(ctx, serializable, func(_ context.Context, t *tx) error { return fn(t) })
}

// The steps of waiting before a transaction is run again. Half of each is chance, lest two meet again and again.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

func (c *Catalog) write(ctx context.Context, begin isolation, fn func(context.Context, *tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Wait)
	defer cancel()
	met := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		again, err := c.try(ctx, begin, fn, !met)
		if !again {
			return err
		}
		met = true
		c.counters.conflicts.Add(1)
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return fmt.Errorf("postgres: a write met others again and again: %w: %w", ctx.Err(), err)
		}
	}
}

// try runs one transaction, and tells whether it failed for a reason that may be gone the next time. At first a clash in a
// unique index is one: where two write the same row, the server tells the later one of the index and not of the conflict,
// and fn would have to answer for what it could not see (PostgreSQL's manual, "Serialization Failure Handling").
func (c *Catalog) try(ctx context.Context, begin isolation, fn func(context.Context, *tx) error, first bool) (again bool, err error) {
	cn, err := c.pool.get(ctx)
	if err != nil {
		return false, err
	}
	defer c.pool.put(cn)
	if err := cn.exec(ctx, string(begin)); err != nil {
		return false, err
	}
	t := &tx{conn: cn, wait: ctx}
	t.reader = reader{t}
	committed := false
	defer func() { // also when fn panics
		t.ended = true
		if !committed {
			if !again {
				c.counters.rollbacks.Add(1)
			}
			cn.rollback()
		}
	}()
	if err := fn(ctx, t); err != nil {
		return isConflict(t.failed) || first && codeOf(t.failed) == uniqueViolation, err
	}
	if err := t.finish(ctx, c.outcome); err != nil {
		return isConflict(err), err
	}
	committed = true
	c.counters.commits.Add(1)
	return false, nil
}

// finish writes the change log and commits. A context that ends during the commit does not end it: nobody would know whether
// it was one. Where the connection is lost during it, outcome tells.
func (t *tx) finish(ctx context.Context, outcome func(context.Context, string) (bool, error)) error {
	if t.failed != nil {
		return t.failed
	}
	if err := t.conn.log(ctx, t.changes.List()); err != nil {
		return err
	}
	var xid string // "" where nothing was written
	err := t.conn.one(ctx, "SELECT coalesce(pg_current_xact_id_if_assigned()::text, '')", nil, func(row []any) error {
		xid = text(row[0])
		return nil
	})
	if err != nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	tag, err := t.conn.db.Exec(last, "COMMIT")
	switch {
	case err == nil && tag.String() != "COMMIT":
		return errUndone
	case err == nil || codeOf(err) != "" || xid == "":
		return classify(last, err)
	}
	last, cancel = context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	committed, unknown := outcome(last, xid)
	if committed {
		return nil
	}
	return errors.Join(classify(last, err), unknown)
}

// ErrUnknown means that the connection was lost during a commit and that the server could not be asked what became of it.
var ErrUnknown = errors.New("postgres: it is not known whether the write was committed")

// outcome asks on another connection, not the pool's, what became of a transaction.
func (c *Catalog) outcome(ctx context.Context, xid string) (committed bool, err error) {
	for {
		status, err := c.status(ctx, xid)
		switch {
		case err == nil && status != "in progress":
			return status == "committed", nil
		case err == nil: // the server has not yet noticed that the connection is gone
			err = errors.New("in progress")
		}
		select {
		case <-time.After(lastPause):
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", ErrUnknown, err)
		}
	}
}

func (c *Catalog) status(ctx context.Context, xid string) (status string, err error) {
	db, err := pgx.ConnectConfig(ctx, c.listening)
	if err != nil {
		return "", err
	}
	defer end(db)
	err = (&conn{db: db}).one(ctx, "SELECT pg_xact_status($1::text::xid8)", []any{xid}, func(row []any) error {
		status = text(row[0])
		return nil
	})
	return status, err
}

// use runs a statement in the transaction.
func (t *tx) use(ctx context.Context, fn func(context.Context, *conn) error) error {
	if t.ended {
		return errEnded
	}
	if t.failed != nil {
		return t.failed
	}
	ctx, cancel := t.bounded(ctx)
	defer cancel()
	err := fn(ctx, t.conn)
	if err != nil && (t.conn.db.IsClosed() || t.conn.db.PgConn().TxStatus() != 'T') {
		t.failed = err
	}
	return err
}

// bounded gives the caller's context the end of the call of Write.
func (t *tx) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	end, _ := t.wait.Deadline()
	return context.WithDeadline(ctx, end)
}

func (t *tx) exec(ctx context.Context, sql string, args ...any) error {
	_, err := t.affected(ctx, sql, args...)
	return err
}

// affected runs a statement and returns the number of rows changed.
func (t *tx) affected(ctx context.Context, sql string, args ...any) (n int64, err error) {
	err = t.use(ctx, func(ctx context.Context, c *conn) error {
		n, err = c.affected(ctx, sql, args...)
		return err
	})
	return n, err
}
