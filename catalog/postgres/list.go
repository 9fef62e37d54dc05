package postgres

import (
	"context"
	"fmt"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

func (r reader) List(ctx context.Context, c *origin.Collection, q origin.Query) (origin.Page, error) {
	where, args, err := catalog.Where(rule.PostgreSQL, columnsOf(c), c, q)
	if err != nil {
		return origin.Page{}, err
	}
	order, err := catalog.OrderBy(rule.PostgreSQL, columnsOf(c), c, q.Sort, `"id"`)
	if err != nil {
		return origin.Page{}, err
	}
	page := origin.Page{Total: -1}
	err = r.use(ctx, func(ctx context.Context, cn *conn) error {
		return cn.snapshot(ctx, q.Total, func() (err error) {
			if q.Total {
				page.Total, err = cn.count(ctx, c, where, args)
			}
			if err == nil && q.Limit > 0 {
				page.Records, err = cn.records(ctx, c, where+order+
					fmt.Sprintf(" LIMIT $%d::bigint OFFSET $%d::bigint", len(args)+1, len(args)+2),
					append(args[:len(args):len(args)], int64(q.Limit), int64(max(q.Offset, 0))))
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
	err = c.one(ctx, "SELECT count(*) FROM "+tableOf(of.ID)+where, args, func(row []any) error {
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
		column := table + "." + quote(f.Name)
		if f.Kind() == rule.JSON {
			column += "::jsonb"
		}
		return column, f.Kind()
	}
}

// snapshot runs fn so that all its reads see the same state, where there is more than one.
func (c *conn) snapshot(ctx context.Context, several bool, fn func() error) error {
	if !several || c.inTransaction() { // a write transaction is its own snapshot
		return fn()
	}
	if err := c.exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
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
	where := referring(c, f)
	var ids []origin.RecordID
	err = r.each(ctx, "SELECT \"id\" FROM "+tableOf(c.ID)+where+" LIMIT $2::bigint", []any{string(id), int64(max(limit, 0))}, func(row []any) error {
		ids = append(ids, origin.RecordID(text(row[0])))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// referring is the WHERE clause of the records whose relation field contains the first parameter. Each relation has
// an index for it.
func referring(c *origin.Collection, f *origin.Field) string {
	name := tableOf(c.ID) + "." + quote(f.Name)
	if f.Multiple() {
		return " WHERE " + name + " @> jsonb_build_array($1::text)"
	}
	return " WHERE " + name + " = $1::text"
}
