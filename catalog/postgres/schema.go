package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

func (t *tx) InsertCollection(ctx context.Context, c *origin.Collection) error {
	spec, err := catalog.Describe(c)
	if err != nil {
		return err
	}
	t.changes.Add(origin.Change{Schema: true})
	err = t.exec(ctx, "INSERT INTO collections (id, name, shape, updated, spec) VALUES ($1::text, $2::text, $3::text, $4::bigint, $5::text)",
		string(c.ID), c.Name, catalog.Shape(c), c.Updated.UnixMilli(), spec)
	if err != nil {
		return unique(err, collectionColumns)
	}
	if err := t.exec(ctx, createTable(c)); err != nil {
		return err
	}
	return t.reindex(ctx, c)
}

func (t *tx) UpdateCollection(ctx context.Context, old, c *origin.Collection) error {
	if old.ID != c.ID {
		return fmt.Errorf("postgres: collection %s: the id can't be changed", old.Name)
	}
	spec, err := catalog.Describe(c)
	if err != nil {
		return err
	}
	if err := t.CheckCollection(ctx, old); err != nil {
		return err
	}
	t.changes.Add(origin.Change{Schema: true})
	t.current = nil
	err = t.exec(ctx, "UPDATE collections SET name = $2::text, shape = $3::text, updated = $4::bigint, spec = $5::text WHERE id = $1::text",
		string(c.ID), c.Name, catalog.Shape(c), c.Updated.UnixMilli(), spec)
	if err != nil {
		return unique(err, collectionColumns)
	}
	if err := t.dropIndexes(ctx, c); err != nil {
		return err
	}
	if err := t.alter(ctx, old, c); err != nil {
		return err
	}
	return t.reindex(ctx, c)
}

func (t *tx) DeleteCollection(ctx context.Context, c *origin.Collection) error {
	t.changes.Add(origin.Change{Schema: true})
	t.current = nil
	n, err := t.affected(ctx, "DELETE FROM collections WHERE id = $1::text", string(c.ID))
	if err != nil {
		return err
	}
	if n == 0 {
		return origin.ErrNotFound
	}
	if err := t.exec(ctx, "DROP TABLE "+tableOf(c.ID)); err != nil {
		return err
	}
	return t.exec(ctx, "DELETE FROM files WHERE collection = $1::text", string(c.ID))
}

// CheckCollection implements origin.CatalogTx. All writes of records begin with it: a write by a shape that is no longer the
// table's would leave values that nobody can read. The row's lock keeps the shape until the transaction ends: whoever
// changes it waits, and who is in the midst of changing it is waited for.
func (t *tx) CheckCollection(ctx context.Context, c *origin.Collection) error {
	if t.current[c] {
		return nil
	}
	var shape string
	var updated int64
	const query = "SELECT shape, updated FROM collections WHERE id = $1::text FOR SHARE"
	err := t.one(ctx, query, []any{string(c.ID)}, func(row []any) error {
		shape, updated = text(row[0]), integer(row[1])
		return nil
	})
	if err != nil {
		return err
	}
	if updated != c.Updated.UnixMilli() || shape != catalog.Shape(c) {
		return fmt.Errorf("postgres: collection %s: %w", c.Name, rule.ErrStale)
	}
	if t.current == nil {
		t.current = make(map[*origin.Collection]bool)
	}
	t.current[c] = true
	return nil
}

// alter changes the table from old's fields to c's.
func (t *tx) alter(ctx context.Context, old, c *origin.Collection) error {
	a, err := catalog.Alter(old, c)
	if err != nil {
		return err
	}
	convert := func(f *origin.Field) string { return conversion(c, f) }
	for _, sql := range a.Statements(tableOf(c.ID), quote, columnDef, convert) {
		if err := t.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// conversion is the statement that turns a field's values into lists, or its lists into values, as it has either from now on.
func conversion(c *origin.Collection, f *origin.Field) string {
	name := quote(f.Name)
	using := "coalesce(" + name + " ->> -1, '')"
	if f.Multiple() {
		using = "CASE " + name + " WHEN '' THEN '[]'::jsonb ELSE jsonb_build_array(" + name + ") END"
	}
	column := " ALTER COLUMN " + name
	return "ALTER TABLE " + tableOf(c.ID) + column + " DROP DEFAULT," +
		column + " TYPE " + columnType(f) + " USING " + using + "," + column + " SET DEFAULT " + zero(f)
}

// dropIndexes removes the table's indexes that c does not have.
func (t *tx) dropIndexes(ctx context.Context, c *origin.Collection) error {
	want, have, err := t.indexes(ctx, c)
	for _, name := range have {
		if err == nil && want[name] == "" {
			err = t.exec(ctx, "DROP INDEX "+quote(name))
		}
	}
	return err
}

// reindex makes those of c's indexes that the table does not have.
func (t *tx) reindex(ctx context.Context, c *origin.Collection) error {
	want, have, err := t.indexes(ctx, c)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if slices.Contains(have, name) {
			continue
		}
		if _, err := t.change(ctx, c, want[name]); err != nil {
			return err
		}
	}
	return nil
}

// indexes returns the statements that make c's indexes, by name, and the names of those that the table has.
func (t *tx) indexes(ctx context.Context, c *origin.Collection) (want map[string]string, have []string, err error) {
	if want, err = indexes(c); err == nil {
		have, err = t.existing(ctx, c)
	}
	return want, have, err
}

// existing returns the names of the indexes of c's table, but for those that the table was made with.
func (t *tx) existing(ctx context.Context, c *origin.Collection) (names []string, err error) {
	const query = "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid" +
		" WHERE indrelid = $1::text::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
	err = t.each(ctx, query, []any{tableOf(c.ID)}, func(row []any) error {
		names = append(names, text(row[0]))
		return nil
	})
	return names, err
}

// collectionColumns are the columns of the unique indexes of the table collections.
var collectionColumns = map[string][]string{"collections_id": {"id"}, "collections_name": {"name"}}
