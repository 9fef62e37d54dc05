package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// selectRecords is "SELECT the fields' columns FROM the collection's table".
func selectRecords(c *origin.Collection) string {
	var b strings.Builder
	b.Grow(64 + 24*len(c.Fields))
	sep := "SELECT "
	for i := range c.Fields {
		b.WriteString(sep)
		b.WriteString(quote(c.Fields[i].Name))
		sep = ", "
	}
	b.WriteString(" FROM ")
	b.WriteString(tableOf(c.ID))
	return b.String()
}

func (r reader) Record(ctx context.Context, c *origin.Collection, id origin.RecordID) (*origin.Record, error) {
	return r.record(ctx, c, " WHERE `id` = ?", string(id))
}

func (r reader) RecordBy(ctx context.Context, c *origin.Collection, field, value string) (*origin.Record, error) {
	f := c.Field(field)
	if f == nil || !catalog.IsText(f) {
		return nil, fmt.Errorf("sqlite: collection %s: no text field %q", c.Name, field)
	}
	return r.record(ctx, c, having(f, value), value)
}

// having is the clause for the first record whose field has the parameter's value.
func having(f *origin.Field, value string) string {
	name := quote(f.Name)
	where := " WHERE " + name + " = ?"
	if f.Type == origin.EmailField {
		where += " COLLATE NOCASE" // in the terms of the index that every e-mail field has
	}
	if value != "" {
		where += " AND " + name + " <> ''" // in the terms of a partial index, which may be the only one
	}
	return where + " ORDER BY `id` LIMIT 1"
}

func (r reader) record(ctx context.Context, c *origin.Collection, where, arg string) (*origin.Record, error) {
	var record *origin.Record
	err := r.one(ctx, selectRecords(c)+where, []any{arg}, func(row []driver.Value) (err error) {
		record, err = catalog.RecordOf(c, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return record, nil
}

// withIDs has one parameter, whatever the number of ids: one prepared statement, and no limit to run into.
const withIDs = " WHERE `id` IN (SELECT value FROM json_each(?))"

func (r reader) RecordsByID(ctx context.Context, c *origin.Collection, ids []origin.RecordID) (list []*origin.Record, err error) {
	if len(ids) == 0 {
		return nil, ctx.Err()
	}
	err = r.use(ctx, func(cn *conn) error {
		list, err = cn.records(ctx, c, withIDs, []any{catalog.EncodeStrings(ids)})
		return err
	})
	return list, err
}

// records returns the records that satisfy the clauses after FROM.
func (c *conn) records(ctx context.Context, of *origin.Collection, clauses string, args []any) ([]*origin.Record, error) {
	var list []*origin.Record
	err := c.each(ctx, selectRecords(of)+clauses, args, func(row []driver.Value) error {
		record, err := catalog.RecordOf(of, row)
		list = append(list, record)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) InsertRecord(ctx context.Context, c *origin.Collection, r *origin.Record) error {
	columns, args, err := t.put(ctx, c, r)
	if err != nil {
		return err
	}
	t.records++
	return t.exec(ctx, "INSERT INTO "+tableOf(c.ID)+" ("+strings.Join(columns, ", ")+") VALUES (?"+
		strings.Repeat(", ?", len(columns)-1)+")", args...)
}

func (t *tx) UpdateRecord(ctx context.Context, c *origin.Collection, r *origin.Record) error {
	columns, args, err := t.put(ctx, c, r)
	if err != nil {
		return err
	}
	n, err := t.affected(ctx, "UPDATE "+tableOf(c.ID)+" SET "+strings.Join(columns, " = ?, ")+" = ? WHERE `id` = ?",
		append(args, string(r.ID))...)
	if err == nil && n == 0 {
		return origin.ErrNotFound
	}
	return err
}

func (t *tx) DeleteRecord(ctx context.Context, c *origin.Collection, id origin.RecordID) error {
	t.changes.Add(origin.Change{Collection: c.ID, Record: id})
	n, err := t.affected(ctx, "DELETE FROM "+tableOf(c.ID)+" WHERE `id` = ?", string(id))
	if err != nil {
		return err
	}
	if n == 0 {
		return origin.ErrNotFound
	}
	return t.exec(ctx, "DELETE FROM files WHERE collection = ? AND record = ?", string(c.ID), string(id))
}

// put begins what puts a record: c must be the collection of now. It returns what valuesOf does.
func (t *tx) put(ctx context.Context, c *origin.Collection, r *origin.Record) (columns []string, args []any, err error) {
	if err := t.CheckCollection(ctx, c); err != nil {
		return nil, nil, err
	}
	t.changes.Add(origin.Change{Collection: c.ID, Record: r.ID})
	return valuesOf(c, r)
}

// valuesOf returns the columns of a record, quoted, and their values.
func valuesOf(c *origin.Collection, r *origin.Record) (columns []string, args []any, err error) {
	columns = make([]string, len(c.Fields))
	for i := range c.Fields {
		columns[i] = quote(c.Fields[i].Name)
	}
	args, err = catalog.RecordValues(c, r)
	return columns, args, err
}
