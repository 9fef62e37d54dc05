package sqlite

import (
	"context"
	"database/sql/driver"
	"strings"
	"time"
)

// SQLite's planner knows from statistics how many rows a value of an index has. Without them it takes all indexes
// for equally good, and reads a fiftieth of the table where another index leads to twenty rows.

// statisticsEvery is how many new records lie between two looks at whether the statistics still fit.
const statisticsEvery = 1000

// statisticsPatience bounds how long a write that is done already is kept waiting for them.
const statisticsPatience = 100 * time.Millisecond

// grow counts new records, and now and then renews the statistics. It is called by the holder of the writing connection,
// outside of a transaction, and has no say in whether the write succeeded: statistics are advice.
func (c *Catalog) grow(ctx context.Context, cn *conn, records int) {
	if c.grown += records; c.grown < statisticsEvery {
		return
	}
	c.grown = 0
	ctx, cancel := context.WithTimeout(ctx, statisticsPatience)
	defer cancel()
	_ = cn.analyze(ctx)
}

// renewStatistics completes what an earlier run has left, beside the start and not within it, which shall take as long
// whatever there is.
func (c *Catalog) renewStatistics() {
	ctx, cancel := context.WithTimeout(context.Background(), statisticsPatience)
	defer cancel()
	cn, err := c.writer.get(ctx)
	if err != nil {
		return
	}
	defer c.writer.put(cn)
	c.grow(ctx, cn, statisticsEvery)
}

// analyze renews the statistics of the records' tables that have none, or have grown or shrunk tenfold since the last time, which
// takes a millisecond or so for each index (PRAGMA analysis_limit).
func (c *conn) analyze(ctx context.Context) error {
	var statements []string
	// 0x10000: look at all tables, not only at those that this connection has read; 2: ANALYZE; 1: tell, but do not do.
	err := c.each(ctx, "PRAGMA optimize(0x10003)", nil, func(row []driver.Value) error {
		if sql := text(row[0]); strings.Contains(sql, recordsPrefix) { // what is asked of the other tables never varies
			statements = append(statements, sql)
		}
		return nil
	})
	if err != nil || len(statements) == 0 {
		return err
	}
	// Other connections read the statistics along with the schema, so the schema must seem to have changed.
	statements = append(statements, "CREATE TABLE new_statistics (x)", "DROP TABLE new_statistics", "COMMIT")
	if err := c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer c.rollback()
	for _, sql := range statements {
		if err := c.execLong(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
