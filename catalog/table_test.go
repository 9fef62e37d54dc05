package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/origin"
)

func column(id origin.FieldID, name string, typ origin.FieldType, most int) origin.Field {
	return origin.Field{ID: id, Name: name, Type: typ, MaxSelect: most}
}

func tableOf(fields ...origin.Field) *origin.Collection {
	return &origin.Collection{ID: "c", Name: "c", Fields: append([]origin.Field{column("id", "id", origin.TextField, 0)}, fields...)}
}

func TestAnAlterationKeepsWhatStaysAndLetsFieldsTradeNames(t *testing.T) {
	old := tableOf(column("1", "a", origin.TextField, 0), column("2", "b", origin.TextField, 0), column("3", "gone", origin.TextField, 0),
		column("4", "retyped", origin.TextField, 0), column("5", "files", origin.FileField, 1), column("6", "same", origin.TextField, 0))
	c := tableOf(column("1", "b", origin.TextField, 0), column("2", "a", origin.TextField, 0),
		column("4", "retyped", origin.NumberField, 0), column("5", "files", origin.FileField, 5), column("6", "same", origin.TextField, 0))
	a, err := Alter(old, c)
	if err != nil {
		t.Fatal(err)
	}
	name := func(f *origin.Field) string { return f.Name }
	got := a.Statements("t", func(s string) string { return s }, name, func(f *origin.Field) string { return "CONVERT " + f.Name })
	want := []string{
		"ALTER TABLE t DROP COLUMN gone", "ALTER TABLE t DROP COLUMN retyped",
		"ALTER TABLE t RENAME COLUMN a TO @1", "ALTER TABLE t RENAME COLUMN b TO @2",
		"ALTER TABLE t RENAME COLUMN @1 TO b", "ALTER TABLE t RENAME COLUMN @2 TO a",
		"ALTER TABLE t ADD COLUMN retyped", "CONVERT files",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheIDOfATableStays(t *testing.T) {
	old := tableOf(column("1", "a", origin.TextField, 0))
	renamed, replaced := tableOf(column("1", "a", origin.TextField, 0)), tableOf()
	renamed.Fields[0].Name = "key"
	replaced.Fields[0] = column("1", "id", origin.TextField, 0)
	for what, c := range map[string]*origin.Collection{"renamed": renamed, "another field's": replaced} {
		if _, err := Alter(old, c); err == nil {
			t.Errorf("an id that is %s is not refused", what)
		}
	}
}

func TestIndexesServeListsAndLookUps(t *testing.T) {
	c := tableOf(column("1", "mail", origin.EmailField, 0), column("2", "owner", origin.RelationField, 1), column("3", "many", origin.RelationField, 9))
	c.Indexes = []origin.Index{
		{Name: "x", Columns: []origin.IndexColumn{{Name: "owner"}, {Name: "mail", Desc: true}}},
		{Name: "y", Unique: true, Columns: []origin.IndexColumn{{Name: "mail"}}, Partial: "mail"},
	}
	declared := slices.Clone(c.Indexes[0].Columns)
	got, err := Indexes(c)
	want := []origin.Index{
		{Name: "x", Columns: []origin.IndexColumn{{Name: "owner"}, {Name: "mail", Desc: true}, {Name: "id", Desc: true}}},
		c.Indexes[1],
		{Columns: []origin.IndexColumn{{Name: "mail", NoCase: true}, {Name: "id"}}},
		{Columns: []origin.IndexColumn{{Name: "owner"}, {Name: "id"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if diff := cmp.Diff(declared, c.Indexes[0].Columns); diff != "" {
		t.Errorf("the collection itself was changed: %s", diff)
	}
	for says, x := range map[string]origin.Index{
		"no columns":       {Name: "x"},
		`no field "gone"`:  {Name: "x", Columns: []origin.IndexColumn{{Name: "gone"}}},
		`no field "where"`: {Name: "x", Columns: []origin.IndexColumn{{Name: "mail"}}, Partial: "where"},
	} {
		c.Indexes = []origin.Index{x}
		if _, err := Indexes(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %s", x, err, says)
		}
	}
}
