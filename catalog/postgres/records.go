package postgres

import (
	"context"
	"errors"
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
		if columnType(&c.Fields[i]) == jsonColumn {
			b.WriteString("::text")
		}
		sep = ", "
	}
	b.WriteString(" FROM ")
	b.WriteString(tableOf(c.ID))
	return b.String()
}

func (r reader) Record(ctx context.Context, c *origin.Collection, id origin.RecordID) (*origin.Record, error) {
	return r.record(ctx, c, byID, string(id))
}

const byID = ` WHERE "id" = $1::text`

func (r reader) RecordBy(ctx context.Context, c *origin.Collection, field, value string) (*origin.Record, error) {
	f := c.Field(field)
	if f == nil || !catalog.IsText(f) {
		return nil, fmt.Errorf("postgres: collection %s: no text field %q", c.Name, field)
	}
	return r.record(ctx, c, having(f, value), value)
}

// having is the clause for the first record whose field has the parameter's value.
func having(f *origin.Field, value string) string {
	name := quote(f.Name)
	where := " WHERE " + name + " = $1::text"
	if f.Type == origin.EmailField {
		where = " WHERE " + lower(name) + " = " + lower("$1::text") // in the terms of the index that every e-mail field has
	}
	if value != "" {
		where += " AND " + name + " <> ''" // in the terms of a partial index, which may be the only one
	}
	return where + ` ORDER BY "id" LIMIT 1`
}

func (r reader) record(ctx context.Context, c *origin.Collection, where, arg string) (*origin.Record, error) {
	var record *origin.Record
	err := r.one(ctx, selectRecords(c)+where, []any{arg}, func(row []any) (err error) {
		record, err = catalog.RecordOf(c, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return record, nil
}

// withIDs has one parameter, whatever the number of ids: no limit to run into.
const withIDs = ` WHERE "id" = ANY($1::text[])`

func (r reader) RecordsByID(ctx context.Context, c *origin.Collection, ids []origin.RecordID) (list []*origin.Record, err error) {
	if len(ids) == 0 {
		return nil, ctx.Err()
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	err = r.use(ctx, func(ctx context.Context, cn *conn) error {
		list, err = cn.records(ctx, c, withIDs, []any{texts})
		return err
	})
	return list, err
}

// records returns the records that satisfy the clauses after FROM.
func (c *conn) records(ctx context.Context, of *origin.Collection, clauses string, args []any) ([]*origin.Record, error) {
	var list []*origin.Record
	err := c.each(ctx, selectRecords(of)+clauses, args, func(row []any) error {
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
	columns, places, args, err := t.put(ctx, c, r)
	if err != nil {
		return err
	}
	_, err = t.change(ctx, c, "INSERT INTO "+tableOf(c.ID)+" ("+strings.Join(columns, ", ")+") VALUES ("+
		strings.Join(places, ", ")+")", args...)
	return err
}

func (t *tx) UpdateRecord(ctx context.Context, c *origin.Collection, r *origin.Record) error {
	columns, places, args, err := t.put(ctx, c, r)
	if err != nil {
		return err
	}
	for i := range columns {
		columns[i] += " = " + places[i]
	}
	n, err := t.change(ctx, c, "UPDATE "+tableOf(c.ID)+" SET "+strings.Join(columns, ", ")+
		fmt.Sprintf(` WHERE "id" = $%d::text`, len(args)+1), append(args, string(r.ID))...)
	if err == nil && n == 0 {
		return origin.ErrNotFound
	}
	return err
}

func (t *tx) DeleteRecord(ctx context.Context, c *origin.Collection, id origin.RecordID) error {
	t.changes.Add(origin.Change{Collection: c.ID, Record: id})
	n, err := t.affected(ctx, "DELETE FROM "+tableOf(c.ID)+` WHERE "id" = $1::text`, string(id))
	if err != nil {
		return err
	}
	if n == 0 {
		return origin.ErrNotFound
	}
	return t.exec(ctx, "DELETE FROM files WHERE collection = $1::text AND record = $2::text", string(c.ID), string(id))
}

// change runs a statement on c's table, and says of a clash which columns it is about.
func (t *tx) change(ctx context.Context, c *origin.Collection, sql string, args ...any) (int64, error) {
	n, err := t.affected(ctx, sql, args...)
	if codeOf(err) == uniqueViolation {
		columns, invalid := uniqueColumns(c)
		return n, errors.Join(unique(err, columns), invalid)
	}
	return n, err
}

// put begins what puts a record: c must be the collection of now. It returns what valuesOf does.
func (t *tx) put(ctx context.Context, c *origin.Collection, r *origin.Record) (columns, places []string, args []any, err error) {
	if err := t.CheckCollection(ctx, c); err != nil {
		return nil, nil, nil, err
	}
	t.changes.Add(origin.Change{Collection: c.ID, Record: r.ID})
	return valuesOf(c, r)
}

// valuesOf returns the columns of a record, quoted, their parameters' places and values.
func valuesOf(c *origin.Collection, r *origin.Record) (columns, places []string, args []any, err error) {
	columns, places = make([]string, len(c.Fields)), make([]string, len(c.Fields))
	for i := range c.Fields {
		f := &c.Fields[i]
		columns[i], places[i] = quote(f.Name), place(f, i+1)
	}
	args, err = catalog.RecordValues(c, r)
	return columns, places, args, err
}
