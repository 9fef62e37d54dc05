package sqlite

import (
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
)

func TestDamagedRowsAreErrorsAndNotEmptyValues(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	c := catalogtest.Stock()
	err := cat.Write(t.Context(), func(tx origin.CatalogTx) error {
		return errors.Join(tx.InsertCollection(t.Context(), c), tx.InsertRecord(t.Context(), c, catalogtest.StockRecord(1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	plain(t, cat.cfg, "UPDATE records_pbc_stock SET files = '{'")
	if r, err := cat.Record(t.Context(), c, catalogtest.StockID(1)); err == nil {
		t.Errorf("got %+v", r)
	}
	plain(t, cat.cfg, `UPDATE collections SET spec = '{"embargo":true}'`)
	if list, err := cat.Collections(t.Context()); err == nil {
		t.Errorf("got %+v", list)
	}
}

func TestFieldsThatOneTableCannotHoldAreRefused(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	f := func(id, name string) origin.Field {
		return origin.Field{ID: origin.FieldID(id), Name: name, Type: origin.TextField}
	}
	for name, c := range map[string]*origin.Collection{
		"two that differ in case": {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id"), f("2", "a"), f("3", "A")}},
		"two of one id":           {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id"), f("2", "a"), f("2", "b")}},
		"no name":                 {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id"), f("2", "")}},
		"our own column":          {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id"), f("2", "@rowid")}},
		"no id":                   {ID: "c", Name: "c", Fields: []origin.Field{f("1", "a")}},
		"an index over nothing":   {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id")}, Indexes: []origin.Index{{Name: "x"}}},
		"an index over no field": {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id")},
			Indexes: []origin.Index{{Name: "x", Columns: []origin.IndexColumn{{Name: "gone"}}}}},
		"a condition on no field": {ID: "c", Name: "c", Fields: []origin.Field{f("1", "id")},
			Indexes: []origin.Index{{Name: "x", Columns: []origin.IndexColumn{{Name: "id"}}, Partial: "gone"}}},
	} {
		if err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), c) }); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestIndexesFollowTheirFields(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	c := catalogtest.Stock()
	names := func() (list []string) {
		t.Helper()
		err := cat.each(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'records_pbc_stock' ORDER BY name", nil,
			func(row []driver.Value) error { list = append(list, text(row[0])); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	write := func(fn func(tx origin.CatalogTx) error) {
		t.Helper()
		if err := cat.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), c) })
	before := names()

	renamed := *c
	renamed.Fields = slices.Clone(c.Fields)
	renamed.Fields[2].Name = "class"
	renamed.Indexes = slices.Clone(c.Indexes)
	renamed.Indexes[0].Columns = []origin.IndexColumn{{Name: "class"}, {Name: "created", Desc: true}}
	write(func(tx origin.CatalogTx) error { return tx.UpdateCollection(t.Context(), c, &renamed) })
	if after := names(); !slices.Equal(before, after) {
		t.Errorf("a rename has rebuilt indexes: %q became %q", before, after)
	}
	sql, args := listSQL(t, &renamed, `class = "c07"`, "-created")
	if got := plan(t, cat, sql, args...); !strings.Contains(got, "(class=?)") {
		t.Errorf("after the rename: %s", got)
	}

	bare := renamed
	bare.Indexes = nil
	write(func(tx origin.CatalogTx) error { return tx.UpdateCollection(t.Context(), &renamed, &bare) })
	if got := names(); len(got) != 3 { // of the id, the e-mail and the relation
		t.Errorf("indexes left without declared ones: %q", got)
	}
}
