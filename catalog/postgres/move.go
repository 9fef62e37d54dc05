package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

var (
	_ catalog.Mover  = (*Catalog)(nil)
	_ catalog.Loader = (*tx)(nil)
)

// snapshot reads on a connection of its own, in one transaction, which may last longer than any other. While it does, the
// server removes no row that was deleted since.
type snapshot struct {
	reader
	conn *conn
}

// Snapshot implements catalog.Mover.
func (c *Catalog) Snapshot(ctx context.Context) (catalog.Snapshot, error) {
	dialing, cancel := context.WithTimeout(ctx, c.cfg.Wait)
	defer cancel()
	config := c.listening.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	db, err := pgx.ConnectConfig(dialing, config)
	if err != nil {
		return nil, classify(dialing, err)
	}
	s := &snapshot{conn: &conn{db: db}}
	s.reader = reader{s}
	err = s.conn.exec(dialing, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	if err == nil { // the state is that of the first read, not of BEGIN
		_, err = s.Params(dialing)
	}
	if err != nil {
		return nil, errors.Join(err, end(db))
	}
	return s, nil
}

func (s *snapshot) use(ctx context.Context, fn func(context.Context, *conn) error) error {
	return fn(ctx, s.conn)
}

// Close ends the transaction with its connection.
func (s *snapshot) Close() error { return end(s.conn.db) }

// Rows implements catalog.Contents.
func (r reader) Rows(ctx context.Context, c *origin.Collection, after int64, limit int) (list []catalog.Row, err error) {
	query := "SELECT " + rowColumn + ", " + strings.TrimPrefix(selectRecords(c), "SELECT ") +
		" WHERE " + rowColumn + " > $1::bigint ORDER BY " + rowColumn + " LIMIT $2::bigint"
	err = r.each(ctx, query, []any{after, int64(limit)}, func(row []any) error {
		record, err := catalog.RecordOf(c, row[1:])
		list = append(list, catalog.Row{Position: integer(row[0]), Record: record})
		return err
	})
	return list, err
}

// AllFiles implements catalog.Contents.
func (r reader) AllFiles(ctx context.Context, after origin.FileRef, limit int) (list []origin.File, err error) {
	const query = "SELECT " + catalog.FileColumns + " FROM files" +
		" WHERE (collection, record, name) > ($1::text, $2::text, $3::text) ORDER BY collection, record, name LIMIT $4::bigint"
	args := []any{string(after.Collection), string(after.Record), string(after.Name), int64(limit)}
	err = r.each(ctx, query, args, func(row []any) error {
		list = append(list, catalog.FileOf(row))
		return nil
	})
	return list, err
}

// AllRenditions implements catalog.Contents.
func (r reader) AllRenditions(ctx context.Context, after origin.RenditionUse, limit int) (list []origin.RenditionUse, err error) {
	const query = "SELECT " + catalog.RenditionColumns + " FROM renditions" +
		" WHERE (collection, record, name, variant) > ($1::text, $2::text, $3::text, $4::text)" +
		" ORDER BY collection, record, name, variant LIMIT $5::bigint"
	file := after.File
	args := []any{string(file.Collection), string(file.Record), string(file.Name), after.Variant, int64(limit)}
	err = r.each(ctx, query, args, func(row []any) error {
		list = append(list, catalog.RenditionOf(row))
		return nil
	})
	return list, err
}

// Params implements catalog.Contents.
func (r reader) Params(ctx context.Context) (list []catalog.Param, err error) {
	err = r.each(ctx, "SELECT name, value FROM params ORDER BY name", nil, func(row []any) error {
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
	tables := []string{"collections", "files", "renditions", "params"}
	for _, c := range collections {
		tables = append(tables, tableOf(c.ID))
	}
	for _, table := range tables {
		err := r.one(ctx, "SELECT count(*) FROM "+table, nil, func(row []any) error {
			n += integer(row[0])
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}

// Load implements catalog.Mover.
func (c *Catalog) Load(ctx context.Context, fn func(catalog.Loader) error) error {
	return c.write(ctx, readCommitted, func(ctx context.Context, t *tx) error {
		if err := t.exec(ctx, "LOCK TABLE params IN SHARE ROW EXCLUSIVE MODE"); err != nil { // which only one can have
			return err
		}
		err := fn(t)
		t.changes = catalog.Changes{}
		return err
	})
}

func (t *tx) InsertRows(ctx context.Context, c *origin.Collection, rows []catalog.Row) error {
	batch := &pgx.Batch{}
	for _, row := range rows {
		columns, places, args, err := valuesOf(c, row.Record)
		if err != nil {
			return err
		}
		batch.Queue(fmt.Sprintf("INSERT INTO %s (%s, %s) OVERRIDING SYSTEM VALUE VALUES (%s, $%d::bigint)", tableOf(c.ID),
			strings.Join(columns, ", "), rowColumn, strings.Join(places, ", "), len(args)+1), append(args, row.Position)...)
	}
	err := t.send(ctx, batch, func(i int) string {
		return fmt.Sprintf("collection %s, record %s", c.Name, rows[i].Record.ID)
	})
	if err != nil {
		return err
	}
	// The next record is given the place after the last one.
	return t.exec(ctx, "SELECT setval(pg_get_serial_sequence($1::text, $2::text), (SELECT max("+rowColumn+") FROM "+tableOf(c.ID)+"))",
		tableOf(c.ID), strings.Trim(rowColumn, `"`))
}

func (t *tx) DeleteRows(ctx context.Context, c *origin.Collection, rows []catalog.Row) error {
	positions := make([]int64, len(rows))
	for i, row := range rows {
		positions[i] = row.Position
	}
	return t.exec(ctx, "DELETE FROM "+tableOf(c.ID)+" WHERE "+rowColumn+" = ANY($1::bigint[])", positions)
}

func (t *tx) PutFiles(ctx context.Context, files []origin.File) error {
	batch := &pgx.Batch{}
	for i := range files {
		batch.Queue(upsertFile, catalog.FileValues(&files[i])...)
	}
	return t.send(ctx, batch, func(i int) string { return "file " + string(files[i].OriginalKey()) })
}

func (t *tx) DeleteFiles(ctx context.Context, files []origin.File) error {
	batch := &pgx.Batch{}
	for _, f := range files {
		batch.Queue(deleteFile, string(f.Collection), string(f.Record), string(f.Name))
	}
	return t.send(ctx, batch, func(i int) string { return "file " + string(files[i].OriginalKey()) })
}

func (t *tx) PutRenditions(ctx context.Context, uses []origin.RenditionUse) error {
	batch := &pgx.Batch{}
	for _, u := range uses {
		batch.Queue(touchRendition, u.Variant, u.Size, u.Used, string(u.File.Collection), string(u.File.Record), string(u.File.Name))
	}
	return t.send(ctx, batch, func(i int) string { return "rendition " + string(uses[i].File.RenditionKey(uses[i].Variant)) })
}

func (t *tx) DeleteRenditions(ctx context.Context, uses []origin.RenditionUse) error {
	batch := &pgx.Batch{}
	for _, u := range uses {
		batch.Queue(forgetRendition, string(u.File.Collection), string(u.File.Record), string(u.File.Name), u.Variant)
	}
	return t.send(ctx, batch, func(i int) string { return "rendition " + string(uses[i].File.RenditionKey(uses[i].Variant)) })
}

// send runs statements in one round trip. The error of one says what it was about.
func (t *tx) send(ctx context.Context, batch *pgx.Batch, about func(i int) string) error {
	if batch.Len() == 0 {
		return nil
	}
	return t.use(ctx, func(ctx context.Context, cn *conn) (err error) {
		results := cn.db.SendBatch(ctx, batch)
		defer func() { err = errors.Join(err, classify(ctx, results.Close())) }()
		for i := range batch.Len() {
			if _, err := results.Exec(); err != nil {
				return fmt.Errorf("%s: %w", about(i), classify(ctx, err))
			}
		}
		return nil
	})
}

// A seal is a trigger: whatever replica writes, and of whatever version it is, a transaction that leaves word for watchers
// fails, and every one that changes more than the use of a rendition does. To make it waits for the transactions that have
// left word and not yet ended; those that come to it later find it.
const (
	makeSeal = "CREATE TRIGGER sealed BEFORE INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION sealed()"
	sealing  = "CREATE OR REPLACE FUNCTION sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN" +
		" RAISE EXCEPTION 'imgorigin: the catalog is sealed' USING ERRCODE = '" + sealed + "'; END $$"
)

// Seal implements catalog.Mover.
func (c *Catalog) Seal(ctx context.Context) error {
	return c.write(ctx, readCommitted, func(ctx context.Context, t *tx) error {
		if err := t.exec(ctx, "LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		if already, err := t.Sealed(ctx); already || err != nil {
			return err
		}
		if err := t.exec(ctx, sealing); err != nil {
			return err
		}
		return t.exec(ctx, makeSeal)
	})
}

// Unseal implements catalog.Mover.
func (c *Catalog) Unseal(ctx context.Context) error {
	return c.write(ctx, readCommitted, func(ctx context.Context, t *tx) error {
		return t.exec(ctx, "DROP TRIGGER IF EXISTS sealed ON changes")
	})
}

// Sealed implements catalog.Mover.
func (r reader) Sealed(ctx context.Context) (is bool, err error) {
	const query = "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'changes'::regclass AND tgname = 'sealed'"
	err = r.one(ctx, query, nil, func(row []any) error {
		is = integer(row[0]) > 0
		return nil
	})
	return is, err
}
