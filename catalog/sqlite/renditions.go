package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

const (
	// touchRendition never moves a use back: batches of several processes may come out of order.
	touchRendition = "INSERT INTO renditions (collection, record, name, variant, size, used)" +
		" SELECT collection, record, name, ?, ?, ? FROM files WHERE collection = ? AND record = ? AND name = ?" +
		" ON CONFLICT (collection, record, name, variant) DO UPDATE SET size = excluded.size, used = max(used, excluded.used)"
	forgetRendition = "DELETE FROM renditions WHERE collection = ? AND record = ? AND name = ? AND variant = ?"
	coldest         = "SELECT " + catalog.RenditionColumns + " FROM renditions ORDER BY used LIMIT ?"
)

// TouchRenditions implements origin.Renditions, in one transaction for the whole batch.
func (c *Catalog) TouchRenditions(ctx context.Context, uses []origin.RenditionUse) (gone []origin.RenditionUse, err error) {
	if len(uses) == 0 {
		return nil, nil
	}
	err = c.write(ctx, func(t *tx) error {
		gone = nil
		for _, u := range uses {
			n, err := t.conn.affected(ctx, touchRendition, u.Variant, u.Size, u.Used,
				string(u.File.Collection), string(u.File.Record), string(u.File.Name))
			if err != nil {
				return err
			}
			if n == 0 {
				gone = append(gone, u)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

func (c *Catalog) RenditionBytes(ctx context.Context) (n int64, err error) {
	err = c.one(ctx, "SELECT bytes FROM rendition_total", nil, func(row []driver.Value) error {
		n = integer(row[0])
		return nil
	})
	return n, err
}

func (c *Catalog) ColdestRenditions(ctx context.Context, limit int) ([]origin.RenditionUse, error) {
	var list []origin.RenditionUse
	err := c.each(ctx, coldest, []any{max(limit, 0)}, func(row []driver.Value) error {
		list = append(list, catalog.RenditionOf(row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (c *Catalog) ForgetRenditions(ctx context.Context, uses []origin.RenditionUse) error {
	if len(uses) == 0 {
		return nil
	}
	return c.write(ctx, func(t *tx) error {
		for _, u := range uses {
			err := t.conn.exec(ctx, forgetRendition, string(u.File.Collection), string(u.File.Record), string(u.File.Name), u.Variant)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
