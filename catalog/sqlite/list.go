package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

func (r reader) List(ctx context.Context, c *origin.Collection, q origin.Query) (origin.Page, error) {
	where, args, err := catalog.Where(rule.SQLite, columnsOf(c), c, q)
	if err != nil {
		return origin.Page{}, err
	}
	order, err := catalog.OrderBy(rule.SQLite, columnsOf(c), c, q.Sort, "`id`")
	if err != nil {
		return origin.Page{}, err
	}
	page := origin.Page{Total: -1}
	err = r.use(ctx, func(cn *conn) error {
		return cn.snapshot(ctx, q.Total, func() (err error) {
			if q.Total {
				page.Total, err = cn.count(ctx, c, where, args)
			}
			if err == nil && q.Limit > 0 {
				page.Records, err = cn.records(ctx, c, where+order+" LIMIT ? OFFSET ?", append(args, q.Limit, max(q.Offset, 0)))
			}
			return err
		})
	})
	if err != nil {
		return origin.Page{}, err
	}
	return page, nil
}

func (c *conn) count(ctx context.Context, of *origin.Collection, where string, args []any) (n int, err error) {
	err = c.one(ctx, "SELECT count(*) FROM "+tableOf(of.ID)+where, args, func(row []driver.Value) error {
		n = int(integer(row[0]))
		return nil
	})
	return n, err
}

// columnsOf tells package rule where the fields are.
func columnsOf(c *origin.Collection) rule.Columns {
	table := tableOf(c.ID)
	return func(field string) (string, rule.Kind) {
		if field == "@rowid" {
			return table + "." + rowColumn, rule.Number
		}
		f := c.Field(field)
		if f == nil {
			return "", 0
		}
		return table + "." + quote(f.Name), f.Kind()
	}
}

// snapshot runs fn so that all its reads see the same state, where there is more than one.
func (c *conn) snapshot(ctx context.Context, several bool, fn func() error) error {
	if !several || !c.db.AutoCommit() { // a write transaction is its own snapshot
		return fn()
	}
	if err := c.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	defer c.rollback()
	return fn()
}

func (r reader) Referencing(ctx context.Context, c *origin.Collection, field *origin.Field, id origin.RecordID, limit int) ([]origin.RecordID, error) {
	f, err := catalog.Relation(c, field)
	if err != nil {
		return nil, err
	}
	where, args := referring(c, f, id)
	var ids []origin.RecordID
	err = r.each(ctx, "SELECT `id` FROM "+tableOf(c.ID)+where+" LIMIT ?", append(args, max(limit, 0)), func(row []driver.Value) error {
		ids = append(ids, origin.RecordID(text(row[0])))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// referring is the WHERE clause, with its parameter, of the records whose relation field contains id. A single relation
// has an index; lists are searched one by one, a quarter of a second for a million.
func referring(c *origin.Collection, f *origin.Field, id origin.RecordID) (where string, args []any) {
	name := tableOf(c.ID) + "." + quote(f.Name) // qualified, because json_each has columns too
	if f.Multiple() {
		return " WHERE EXISTS (SELECT 1 FROM json_each(" + name + ") WHERE value = ?)", []any{string(id)}
	}
	return " WHERE " + name + " = ?", []any{string(id)}
}
