package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

var (
	_ catalog.Mover  = (*Catalog)(nil)
	_ catalog.Loader = (*tx)(nil)
)

// snapshot reads on a connection of its own, in one transaction. While it lasts, the write-ahead log only grows.
type snapshot struct {
	reader
	conn *conn
}

// Snapshot implements catalog.Mover.
func (c *Catalog) Snapshot(ctx context.Context) (catalog.Snapshot, error) {
	cn, err := dial(ctx, c.cfg, reading, &c.counters.busy)
	if err != nil {
		return nil, err
	}
	s := &snapshot{conn: cn}
	s.reader = reader{s}
	err = cn.exec(ctx, "BEGIN")
	if err == nil { // the state is that of the first read, not of BEGIN
		err = cn.one(ctx, "SELECT count(*) FROM params", nil, func([]driver.Value) error { return nil })
	}
	if err != nil {
		return nil, errors.Join(err, cn.close())
	}
	return s, nil
}

func (s *snapshot) use(_ context.Context, fn func(*conn) error) error { return fn(s.conn) }

// Close ends the transaction with its connection.
func (s *snapshot) Close() error { return s.conn.close() }

// Rows implements catalog.Contents.
func (r reader) Rows(ctx context.Context, c *origin.Collection, after int64, limit int) (list []catalog.Row, err error) {
	query := "SELECT " + rowColumn + ", " + strings.TrimPrefix(selectRecords(c), "SELECT ") +
		" WHERE " + rowColumn + " > ? ORDER BY " + rowColumn + " LIMIT ?"
	err = r.each(ctx, query, []any{after, limit}, func(row []driver.Value) error {
		record, err := catalog.RecordOf(c, row[1:])
		list = append(list, catalog.Row{Position: integer(row[0]), Record: record})
		return err
	})
	return list, err
}

// AllFiles implements catalog.Contents.
func (r reader) AllFiles(ctx context.Context, after origin.FileRef, limit int) (list []origin.File, err error) {
	const query = "SELECT " + catalog.FileColumns + " FROM files" +
		" WHERE (collection, record, name) > (?, ?, ?) ORDER BY collection, record, name LIMIT ?"
	args := []any{string(after.Collection), string(after.Record), string(after.Name), limit}
	err = r.each(ctx, query, args, func(row []driver.Value) error {
		list = append(list, catalog.FileOf(row))
		return nil
	})
	return list, err
}

// AllRenditions implements catalog.Contents.
func (r reader) AllRenditions(ctx context.Context, after origin.RenditionUse, limit int) (list []origin.RenditionUse, err error) {
	const query = "SELECT " + catalog.RenditionColumns + " FROM renditions" +
		" WHERE (collection, record, name, variant) > (?, ?, ?, ?) ORDER BY collection, record, name, variant LIMIT ?"
	file := after.File
	args := []any{string(file.Collection), string(file.Record), string(file.Name), after.Variant, limit}
	err = r.each(ctx, query, args, func(row []driver.Value) error {
		list = append(list, catalog.RenditionOf(row))
		return nil
	})
	return list, err
}

// Params implements catalog.Contents.
func (r reader) Params(ctx context.Context) (list []catalog.Param, err error) {
	err = r.each(ctx, "SELECT name, value FROM params ORDER BY name", nil, func(row []driver.Value) error {
		value, _ := row[1].([]byte)
		list = append(list, catalog.Param{Name: text(row[0]), Value: value})
		return nil
	})
	return list, err
}

// Size implements catalog.Contents.
func (r reader) Size(ctx context.Context) (n int64, err error) {
	collections, err := r.Collections(ctx)
	if err != nil {
		return 0, err
	}
	sum := "SELECT (SELECT count(*) FROM collections) + (SELECT count(*) FROM files) + (SELECT count(*) FROM renditions) + (SELECT count(*) FROM params)"
	err = r.one(ctx, sum, nil, func(row []driver.Value) error {
		n = integer(row[0])
		return nil
	})
	for _, c := range collections {
		if err != nil {
			break
		}
		err = r.one(ctx, "SELECT count(*) FROM "+tableOf(c.ID), nil, func(row []driver.Value) error {
			n += integer(row[0])
			return nil
		})
	}
	return n, err
}

// Load implements catalog.Mover.
func (c *Catalog) Load(ctx context.Context, fn func(catalog.Loader) error) error {
	return c.write(ctx, func(t *tx) error {
		err := fn(t)
		t.changes = catalog.Changes{}
		return err
	})
}

func (t *tx) InsertRows(ctx context.Context, c *origin.Collection, rows []catalog.Row) error {
	for _, row := range rows {
		columns, args, err := valuesOf(c, row.Record)
		if err != nil {
			return err
		}
		err = t.exec(ctx, "INSERT INTO "+tableOf(c.ID)+" ("+strings.Join(columns, ", ")+", "+rowColumn+") VALUES (?"+
			strings.Repeat(", ?", len(columns))+")", append(args, row.Position)...)
		if err != nil {
			return fmt.Errorf("collection %s, record %s: %w", c.Name, row.Record.ID, err)
		}
	}
	t.records += len(rows)
	return nil
}

func (t *tx) DeleteRows(ctx context.Context, c *origin.Collection, rows []catalog.Row) error {
	for _, row := range rows {
		if err := t.exec(ctx, "DELETE FROM "+tableOf(c.ID)+" WHERE "+rowColumn+" = ?", row.Position); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) PutFiles(ctx context.Context, files []origin.File) error {
	for i := range files {
		if err := t.PutFile(ctx, &files[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeleteFiles(ctx context.Context, files []origin.File) error {
	for i := range files {
		if err := t.DeleteFile(ctx, files[i].FileRef); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) PutRenditions(ctx context.Context, uses []origin.RenditionUse) error {
	for _, u := range uses {
		err := t.exec(ctx, touchRendition, u.Variant, u.Size, u.Used, string(u.File.Collection), string(u.File.Record), string(u.File.Name))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) DeleteRenditions(ctx context.Context, uses []origin.RenditionUse) error {
	for _, u := range uses {
		err := t.exec(ctx, forgetRendition, string(u.File.Collection), string(u.File.Record), string(u.File.Name), u.Variant)
		if err != nil {
			return err
		}
	}
	return nil
}

// A seal is a trigger: whatever process writes, and of whatever version it is, a transaction that leaves word for watchers
// fails, and every one that changes more than the use of a rendition does.
const (
	sealedMessage = "imgorigin: the catalog is sealed"
	sealing       = "CREATE TRIGGER IF NOT EXISTS sealed BEFORE INSERT ON changes BEGIN SELECT RAISE(ABORT, '" + sealedMessage + "'); END"
)

// Seal implements catalog.Mover. BEGIN IMMEDIATE lets one writer in at a time, so that none is half done.
func (c *Catalog) Seal(ctx context.Context) error {
	return c.write(ctx, func(t *tx) error { return t.exec(ctx, sealing) })
}

// Unseal implements catalog.Mover.
func (c *Catalog) Unseal(ctx context.Context) error {
	return c.write(ctx, func(t *tx) error { return t.exec(ctx, "DROP TRIGGER IF EXISTS sealed") })
}

// Sealed implements catalog.Mover.
func (c *Catalog) Sealed(ctx context.Context) (sealed bool, err error) {
	const query = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name = 'sealed'"
	err = c.one(ctx, query, nil, func(row []driver.Value) error {
		sealed = integer(row[0]) > 0
		return nil
	})
	return sealed, err
}
