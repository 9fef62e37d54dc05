package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/imgorigin/imgorigin/origin"
)

// conn is one connection, used by one goroutine at a time.
type conn struct {
	db   *pgx.Conn
	lent *pgxpool.Conn // nil: not the pool's
}

// each runs a query and calls fn with each row.
func (c *conn) each(ctx context.Context, sql string, args []any, fn func(row []any) error) error {
	rows, err := c.db.Query(ctx, sql, args...)
	if err != nil {
		return classify(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return classify(ctx, err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	rows.Close() // before Err, which it may set
	return classify(ctx, rows.Err())
}

// one runs a query and calls fn with its only row. Where there is none it returns ErrNotFound, also where the query asks for
// a text that no column can hold.
func (c *conn) one(ctx context.Context, sql string, args []any, fn func(row []any) error) error {
	found := false
	err := c.each(ctx, sql, args, func(row []any) error {
		found = true
		return fn(row)
	})
	if err == nil && !found || codeOf(err) == notInRepertoire {
		return origin.ErrNotFound
	}
	return err
}

// affected runs a statement and returns the number of rows changed.
func (c *conn) affected(ctx context.Context, sql string, args ...any) (int64, error) {
	tag, err := c.db.Exec(ctx, sql, args...)
	return tag.RowsAffected(), classify(ctx, err)
}

func (c *conn) exec(ctx context.Context, sql string, args ...any) error {
	_, err := c.affected(ctx, sql, args...)
	return err
}

// inTransaction tells whether statements are part of a transaction, which may have failed.
func (c *conn) inTransaction() bool { return c.db.PgConn().TxStatus() != 'I' }

// rollback ends a transaction if there is one. A connection on which that fails is not lent again.
func (c *conn) rollback() {
	if c.db.IsClosed() || !c.inTransaction() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = c.exec(ctx, "ROLLBACK")
}

// text and integer read a column whose type the schema fixes.

func text(v any) string {
	s, _ := v.(string)
	return s
}

func integer(v any) int64 {
	n, _ := v.(int64)
	return n
}
