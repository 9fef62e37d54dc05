package postgres

import (
	"context"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.CatalogReader = reader{}

// reader answers reads on connections that a source lends: a free one of the pool, or that of a transaction.
type reader struct{ source }

type source interface {
	use(ctx context.Context, fn func(context.Context, *conn) error) error
}

func (r reader) each(ctx context.Context, sql string, args []any, fn func([]any) error) error {
	return r.use(ctx, func(ctx context.Context, c *conn) error { return c.each(ctx, sql, args, fn) })
}

func (r reader) one(ctx context.Context, sql string, args []any, fn func([]any) error) error {
	return r.use(ctx, func(ctx context.Context, c *conn) error { return c.one(ctx, sql, args, fn) })
}

func (r reader) Collections(ctx context.Context) ([]*origin.Collection, error) {
	var list []*origin.Collection
	err := r.each(ctx, "SELECT spec FROM collections ORDER BY position", nil, func(row []any) error {
		c, err := catalog.UnmarshalCollection([]byte(text(row[0])))
		list = append(list, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (r reader) Param(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := r.one(ctx, "SELECT value FROM params WHERE name = $1::text", []any{name}, func(row []any) error {
		value, _ = row[0].([]byte)
		return nil
	})
	return value, err
}

func (t *tx) SetParam(ctx context.Context, name string, value []byte) error {
	t.changes.Add(origin.Change{All: true}) // a Change has no word for params; they hardly ever change
	if value == nil {
		return t.exec(ctx, "DELETE FROM params WHERE name = $1::text", name)
	}
	return t.exec(ctx, "INSERT INTO params (name, value) VALUES ($1::text, $2::bytea)"+
		" ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
}
