package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

const (
	// touchRendition never moves a use back: batches of several replicas may come out of order. FOR KEY SHARE waits for
	// who is deleting the file, and then finds none.
	touchRendition = "INSERT INTO renditions (collection, record, name, variant, size, used)" +
		" SELECT collection, record, name, $1::text, $2::bigint, $3::bigint FROM files" +
		" WHERE collection = $4::text AND record = $5::text AND name = $6::text FOR KEY SHARE" +
		" ON CONFLICT (collection, record, name, variant)" +
		" DO UPDATE SET size = excluded.size, used = greatest(renditions.used, excluded.used)"
	forgetRendition = "DELETE FROM renditions WHERE collection = $1::text AND record = $2::text AND name = $3::text AND variant = $4::text"
	coldest         = "SELECT " + catalog.RenditionColumns + " FROM renditions ORDER BY used LIMIT $1::bigint"
)

// TouchRenditions implements origin.Renditions, in one transaction for the whole batch.
func (c *Catalog) TouchRenditions(ctx context.Context, uses []origin.RenditionUse) (gone []origin.RenditionUse, err error) {
	batch := &pgx.Batch{}
	for _, u := range uses {
		batch.Queue(touchRendition, u.Variant, u.Size, u.Used,
			string(u.File.Collection), string(u.File.Record), string(u.File.Name))
	}
	err = c.batch(ctx, batch, func(n []int64) {
		gone = nil
		for i, u := range uses {
			if n[i] == 0 {
				gone = append(gone, u)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

func (c *Catalog) ForgetRenditions(ctx context.Context, uses []origin.RenditionUse) error {
	batch := &pgx.Batch{}
	for _, u := range uses {
		batch.Queue(forgetRendition, string(u.File.Collection), string(u.File.Record), string(u.File.Name), u.Variant)
	}
	return c.batch(ctx, batch, func([]int64) {})
}

// batch runs statements that read nothing from one another in one transaction and one round trip. Each row is correct by
// itself, so that they need not be isolated from other transactions. done gets the numbers of rows changed.
func (c *Catalog) batch(ctx context.Context, batch *pgx.Batch, done func(affected []int64)) error {
	if batch.Len() == 0 {
		return nil
	}
	return c.write(ctx, readCommitted, func(ctx context.Context, t *tx) error {
		return t.use(ctx, func(ctx context.Context, cn *conn) (err error) {
			results := cn.db.SendBatch(ctx, batch)
			defer func() { err = classify(ctx, errors.Join(err, results.Close())) }()
			affected := make([]int64, batch.Len())
			for i := range affected {
				tag, err := results.Exec()
				if err != nil {
					return err
				}
				affected[i] = tag.RowsAffected()
			}
			done(affected)
			return nil
		})
	})
}

func (c *Catalog) RenditionBytes(ctx context.Context) (n int64, err error) {
	err = c.one(ctx, "SELECT bytes FROM rendition_total", nil, func(row []any) error {
		n = integer(row[0])
		return nil
	})
	return n, err
}

func (c *Catalog) ColdestRenditions(ctx context.Context, limit int) ([]origin.RenditionUse, error) {
	var list []origin.RenditionUse
	err := c.each(ctx, coldest, []any{int64(max(limit, 0))}, func(row []any) error {
		list = append(list, catalog.RenditionOf(row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
