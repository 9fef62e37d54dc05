package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5"
)

// connector makes pgx known to database/sql as far as goose asks: statements, rows and transactions. pgx's own adapter
// brings along a second pool, and the module that it is made with.
type connector struct{ config *pgx.ConnConfig }

var (
	_ driver.Connector      = connector{}
	_ driver.ExecerContext  = sqlConn{}
	_ driver.QueryerContext = sqlConn{}
	_ driver.ConnBeginTx    = sqlConn{}
)

var errUnused = errors.New("postgres: not for other use than migrations")

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	db, err := pgx.ConnectConfig(ctx, c.config)
	if err != nil {
		return nil, err
	}
	return sqlConn{db}, nil
}

func (c connector) Driver() driver.Driver { return c }

// Open implements driver.Driver.
func (c connector) Open(string) (driver.Conn, error) { return nil, errUnused }

type sqlConn struct{ db *pgx.Conn }

func (c sqlConn) Prepare(string) (driver.Stmt, error) { return nil, errUnused }
func (c sqlConn) Begin() (driver.Tx, error)           { return nil, errUnused }
func (c sqlConn) Close() error                        { return end(c.db) }

func (c sqlConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	tx, err := c.db.Begin(ctx)
	return sqlTx{tx}, err
}

func (c sqlConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	tag, err := c.db.Exec(ctx, query, plain(args)...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (c sqlConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.db.Query(ctx, query, plain(args)...)
	if err != nil {
		return nil, err
	}
	return sqlRows{rows}, nil
}

func plain(args []driver.NamedValue) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg.Value
	}
	return values
}

type sqlRows struct{ rows pgx.Rows }

func (r sqlRows) Columns() []string {
	fields := r.rows.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

func (r sqlRows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

func (r sqlRows) Next(dest []driver.Value) error {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	values, err := r.rows.Values()
	for i, v := range values {
		dest[i] = v
	}
	return err
}

type sqlTx struct{ tx pgx.Tx }

func (t sqlTx) Commit() error { return t.end(t.tx.Commit) }

func (t sqlTx) Rollback() error { return t.end(t.tx.Rollback) }

func (t sqlTx) end(fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	return fn(ctx)
}
