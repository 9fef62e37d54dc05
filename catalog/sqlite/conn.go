package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"

	"github.com/imgorigin/imgorigin/origin"
)

// conn is one connection, used by one goroutine at a time.
//
// It stands on the driver and not on database/sql, which starts a goroutine for each query whose context can be
// cancelled and allocates twice as often: a point read took 17 µs with it and 12 µs without, on the same machine.
type conn struct {
	db      *sqlite3.SQLiteConn
	busy    time.Duration
	retries *atomic.Uint64
	args    []driver.NamedValue // reused from call to call
	row     []driver.Value      // reused from row to row
}

// role is what a connection is for.
type role bool

const (
	reading role = false
	writing role = true
)

// dial opens a connection to an existing database that is in WAL mode already.
func dial(ctx context.Context, cfg Config, r role, retries *atomic.Uint64) (*conn, error) {
	dsn, err := dsn(cfg)
	if err != nil {
		return nil, err
	}
	db, err := (&sqlite3.SQLiteDriver{}).Open(dsn)
	if err != nil {
		return nil, classify(ctx, err)
	}
	c := &conn{db: db.(*sqlite3.SQLiteConn), busy: cfg.BusyTimeout, retries: retries}
	for _, pragma := range pragmas(cfg, r) {
		if err := c.exec(ctx, pragma); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

func dsn(cfg Config) (string, error) {
	path, err := filepath.Abs(cfg.Path())
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "file", Path: path}
	u.RawQuery = "mode=rw&_stmt_cache_size=" + strconv.Itoa(cfg.Statements)
	return u.String(), nil
}

// pragmas are the settings of a connection. The C library's own waiting for locks is off, because it can't be
// cancelled: retry waits instead. trusted_schema keeps a tampered file from running functions with side effects.
func pragmas(cfg Config, r role) []string {
	list := []string{
		"PRAGMA busy_timeout = 0",
		"PRAGMA foreign_keys = ON",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA temp_store = MEMORY",
		"PRAGMA cache_size = -" + strconv.Itoa(cfg.CacheBytes>>10),
	}
	if r == reading {
		return append(list, "PRAGMA query_only = ON")
	}
	return append(list,
		"PRAGMA synchronous = FULL",
		"PRAGMA journal_size_limit = 67108864", // a log that a long read let grow is cut back
		"PRAGMA analysis_limit = 1000",         // so that statistics cost milliseconds
	)
}

func (c *conn) close() error { return c.db.Close() }

// each runs a query and calls fn with each row, whose values are good until fn returns. A query obeys ctx at any point.
func (c *conn) each(ctx context.Context, sql string, args []any, fn func(row []driver.Value) error) error {
	if err := c.bind(args); err != nil {
		return err
	}
	var rows driver.Rows
	err := c.retry(ctx, func() (err error) {
		rows, err = c.db.QueryContext(ctx, sql, c.args)
		return err
	})
	if err != nil {
		return classify(ctx, err)
	}
	err = c.scan(rows, fn)
	if closed := rows.Close(); err == nil {
		err = closed
	}
	return classify(ctx, err)
}

func (c *conn) scan(rows driver.Rows, fn func(row []driver.Value) error) error {
	n := len(rows.Columns())
	if cap(c.row) < n {
		c.row = make([]driver.Value, n)
	}
	row := c.row[:n]
	for {
		switch err := rows.Next(row); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		if err := fn(row); err != nil {
			return err
		}
	}
}

// errFirst ends a query after its first row.
var errFirst = errors.New("sqlite: the first row is enough")

// one runs a query and calls fn with its first row. It does not ask for a second one: that took a tenth of a point
// read's time. Where there is no row it returns ErrNotFound.
func (c *conn) one(ctx context.Context, sql string, args []any, fn func(row []driver.Value) error) error {
	err := c.each(ctx, sql, args, func(row []driver.Value) error {
		if err := fn(row); err != nil {
			return err
		}
		return errFirst
	})
	switch err {
	case errFirst:
		return nil
	case nil:
		return origin.ErrNotFound
	}
	return err
}

// exec runs a statement that touches few rows, and does not interrupt it: that would cost a goroutine, and
// it is over before one could have been started.
func (c *conn) exec(ctx context.Context, sql string, args ...any) error {
	_, err := c.change(ctx, context.Background(), sql, args)
	return err
}

// execLong is exec for statements that may touch many rows: ctx interrupts them.
func (c *conn) execLong(ctx context.Context, sql string, args ...any) error {
	_, err := c.change(ctx, ctx, sql, args)
	return err
}

// affected is exec, and returns the number of rows changed.
func (c *conn) affected(ctx context.Context, sql string, args ...any) (int64, error) {
	return c.change(ctx, context.Background(), sql, args)
}

func (c *conn) change(ctx, during context.Context, sql string, args []any) (n int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := c.bind(args); err != nil {
		return 0, err
	}
	err = c.retry(ctx, func() error {
		result, err := c.db.ExecContext(during, sql, c.args)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return n, classify(ctx, err)
}

func (c *conn) bind(args []any) error {
	c.args = c.args[:0]
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return fmt.Errorf("sqlite: parameter %d: %w", i+1, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return nil
}

// The steps of waiting for another process's lock. It tells nobody when it lets go, so that waiting is asking again.
const (
	firstPause = 500 * time.Microsecond
	lastPause  = 20 * time.Millisecond
)

// retry calls try until it is no longer refused because another process holds a lock, ctx ends, or BusyTimeout has
// passed. Only the first statement of a transaction can be refused so, hence nothing is done twice.
func (c *conn) retry(ctx context.Context, try func() error) error {
	err := try()
	if !isBusy(err) {
		return err
	}
	deadline := time.NewTimer(c.busy)
	defer deadline.Stop()
	for pause := firstPause; isBusy(err); pause = min(2*pause, lastPause) {
		c.retries.Add(1)
		wait := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-wait.C:
			err = try()
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		case <-deadline.C:
			wait.Stop()
			return fmt.Errorf("another process has kept the database locked for %v: %w: %w", c.busy, context.DeadlineExceeded, err)
		}
	}
	return err
}
