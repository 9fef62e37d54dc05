package sqlite

import (
	"context"
	"errors"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.CatalogTx = (*tx)(nil)

// tx is a write transaction on the writing connection.
type tx struct {
	reader
	conn    *conn
	changes catalog.Changes
	records int                         // inserted
	current map[*origin.Collection]bool // those that CheckCollection found to be of now
	ended   bool
	// failed is the error after which the transaction may no longer be what fn takes it for: SQLite rolls back by
	// itself on a full disk or an interrupt, and what came after would be committed alone.
	failed error
}

var errEnded = errors.New("sqlite: the transaction has ended")

// Write implements origin.Catalog. fn is run once: a conflict cannot happen, because BEGIN IMMEDIATE waits for all
// other writers before fn begins.
func (c *Catalog) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	return c.write(ctx, func(t *tx) error { return fn(t) })
}

func (c *Catalog) write(ctx context.Context, fn func(*tx) error) error {
	cn, err := c.writer.get(ctx)
	if err != nil {
		return err
	}
	defer c.writer.put(cn)
	if err := cn.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	t := &tx{conn: cn}
	t.reader = reader{t}
	committed := false
	defer func() { // also when fn panics
		t.ended = true
		if !committed {
			c.counters.rollbacks.Add(1)
			cn.rollback()
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := t.finish(ctx, c.cfg.ChangeLog); err != nil {
		return err
	}
	committed = true
	c.counters.commits.Add(1)
	if len(t.changes.List()) > 0 {
		c.signal()
	}
	c.grow(ctx, cn, t.records)
	return nil
}

// finish writes the change log and commits.
func (t *tx) finish(ctx context.Context, keep int) error {
	if t.failed != nil {
		return t.failed
	}
	if err := t.conn.log(ctx, t.changes.List(), keep); err != nil {
		return err
	}
	return t.conn.exec(ctx, "COMMIT")
}

// rollback ends a transaction if there is one. It does not fail in a way that anybody could act upon: where
// the log can't be read any more, the next statement says so.
func (c *conn) rollback() {
	if !c.db.AutoCommit() {
		_ = c.exec(context.Background(), "ROLLBACK")
	}
}

// use runs a read in the transaction.
func (t *tx) use(_ context.Context, fn func(*conn) error) error {
	if t.ended {
		return errEnded
	}
	if t.failed != nil {
		return t.failed
	}
	err := fn(t.conn)
	var clash *origin.UniqueError
	if err != nil && !errors.Is(err, origin.ErrNotFound) && !errors.As(err, &clash) {
		t.failed = err
	}
	return err
}

// exec runs a statement that touches few rows.
func (t *tx) exec(ctx context.Context, sql string, args ...any) error {
	return t.use(ctx, func(c *conn) error { return c.exec(ctx, sql, args...) })
}

// long runs a statement that may touch many rows.
func (t *tx) long(ctx context.Context, sql string, args ...any) error {
	return t.use(ctx, func(c *conn) error { return c.execLong(ctx, sql, args...) })
}

// affected runs a statement that touches few rows and returns their number.
func (t *tx) affected(ctx context.Context, sql string, args ...any) (n int64, err error) {
	err = t.use(ctx, func(c *conn) error {
		n, err = c.affected(ctx, sql, args...)
		return err
	})
	return n, err
}
