package origin_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/origin"
)

// edit changes a collection's fields as a form would: all of them are sent back.
func (l *library) edit(name string, change func(fields []origin.Field) []origin.Field) (*origin.Collection, error) {
	l.t.Helper()
	c, err := l.Collection(name)
	if err != nil {
		l.t.Fatal(err)
	}
	fields := change(slices.Clone(c.Fields))
	return l.UpdateCollection(context.Background(), origin.System(), name, origin.CollectionInput{Fields: &fields})
}

func TestFieldsKeepTheirValuesUnderAnotherName(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	l.collection("things", origin.Field{Name: "title", Type: origin.TextField}, origin.Field{Name: "n", Type: origin.NumberField})
	if _, err := l.UpdateCollection(ctx, origin.System(), "things", origin.CollectionInput{Indexes: &[]string{"CREATE INDEX idx_t ON things (title, n)"}}); err != nil {
		t.Fatal(err)
	}
	id := l.values("things", map[string]any{"title": "hello", "n": 5.0}).Record.ID
	c, err := l.edit("things", func(f []origin.Field) []origin.Field {
		f[1].Name = "headline"
		f[2].ID = "" // found by its name
		f[2].Required = true
		return append(f, origin.Field{Name: "late", Type: origin.JSONField})
	})
	if err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	if got, want := statements(c), []string{"CREATE INDEX `idx_t` ON `things` (\n  `headline`,\n  `n`\n)"}; !slices.Equal(got, want) {
		t.Errorf("the index did not follow: %v", got)
	}
	r := l.get("things", id)
	if r.Text("headline") != "hello" || r.Values["n"] != 5.0 {
		t.Errorf("values did not follow: %v", r.Values)
	}
	if _, there := r.Values["title"]; there {
		t.Error("the old name is still there")
	}
	if _, err := l.UpdateRecord(ctx, origin.System(), "things", string(id), origin.RecordInput{Values: map[string]any{"headline": "again", "late": "[1]"}}); err != nil {
		t.Errorf("%v: %s", err, complaints(err))
	}
	if _, err := l.UpdateCollection(ctx, origin.System(), "things", origin.CollectionInput{Name: ptr("items")}); err != nil {
		t.Fatal(err)
	}
	if r := l.get("ITEMS", id); r.Text("headline") != "again" {
		t.Errorf("%v", r.Values)
	}
	if _, err := l.Collection("things"); err == nil {
		t.Error("the collection still answers to its old name")
	}
}

func TestChangesThatAreRefused(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	tags := l.collection("tags", origin.Field{Name: "n", Type: origin.NumberField})
	l.collection("other")
	l.collection("things", origin.Field{Name: "title", Type: origin.TextField}, origin.Field{Name: "tag", Type: origin.RelationField, CollectionID: tags.ID})
	l.values("things", map[string]any{"title": "same"})
	l.values("things", map[string]any{"title": "same"})
	other, err := l.Collection("other")
	if err != nil {
		t.Fatal(err)
	}
	open := new(string)
	update := func(name string, in origin.CollectionInput) func() error {
		return func() error {
			_, err := l.UpdateCollection(ctx, origin.System(), name, in)
			return err
		}
	}
	edit := func(name string, change func([]origin.Field) []origin.Field) func() error {
		return func() error {
			_, err := l.edit(name, change)
			return err
		}
	}
	for _, test := range []struct {
		name string
		do   func() error
		want string
	}{
		{"another type of field", edit("things", func(f []origin.Field) []origin.Field { f[1].Type = origin.NumberField; return f }),
			`{"fields":{"1":{"type":{"code":"validation_field_type_change","message":"Field type cannot be changed."}}}}`},
		{"a relation to another collection", edit("things", func(f []origin.Field) []origin.Field { f[2].CollectionID = other.ID; return f }),
			`{"fields":{"2":{"collectionId":{"code":"validation_field_relation_change","message":"The relation collection cannot be changed."}}}}`},
		{"another id", edit("things", func(f []origin.Field) []origin.Field { f[0].Name = "key"; return f }),
			`{"fields":{"1":{"id":{"code":"validation_duplicated_field_id","message":"Duplicated or invalid field id \"text3208210256\"."}}}}`},
		{"a system field under another id", edit("_superusers", func(f []origin.Field) []origin.Field { f[1].ID = "other"; return f }),
			`{"fields":{"code":"validation_system_field_change","message":"System fields cannot be deleted or renamed."}}`},
		{"another type of collection", update("things", origin.CollectionInput{Type: ptr("auth")}), `{"type":{"code":"validation_collection_type_change","message":"Collection type cannot be changed."}}`},
		{"a system collection's name", update("_superusers", origin.CollectionInput{Name: ptr("admins")}), `{"name":{"code":"validation_collection_system_name_change","message":"System collection name cannot be changed."}}`},
		{"a system collection's rule", update("_superusers", origin.CollectionInput{CreateRule: &open}), `{"createRule":{"code":"validation_collection_system_rule_change","message":"System collection API rule cannot be changed."}}`},
		{"an index that records break", update("things", origin.CollectionInput{Indexes: &[]string{"CREATE UNIQUE INDEX u ON things (title)"}}),
			`{"indexes":{"code":"validation_invalid_index_expression","message":"Failed to create a unique index - there are records with the same title."}}`},
		{"a field that an index is over", func() error {
			if err := update("tags", origin.CollectionInput{Indexes: &[]string{"CREATE INDEX idx_n ON tags (n)"}})(); err != nil {
				t.Fatal(err)
			}
			return edit("tags", func(f []origin.Field) []origin.Field { return f[:1] })()
		}, `{"indexes":{"0":{"code":"validation_invalid_index_expression","message":"Failed to create index idx_n - no such column: n."}}}`},
	} {
		before := l.snapshot()
		err := test.do()
		refused(t, test.name, err, origin.Invalid, "Failed to update collection.")
		if got := complaints(err); got != test.want {
			t.Errorf("%s: %s\nmust be %s", test.name, got, test.want)
		}
		if diff := cmp.Diff(before, l.snapshot()); diff != "" && test.name != "a field that an index is over" {
			t.Errorf("%s: a refused change changed something:\n%s", test.name, diff)
		}
	}
	refused(t, "a collection that is referred to", l.DeleteCollection(ctx, origin.System(), "tags"), origin.Invalid,
		"Failed to delete collection probably due to existing reference in things.")
	refused(t, "a system collection", l.DeleteCollection(ctx, origin.System(), "_superusers"), origin.Invalid, "Failed to delete collection.")
	if _, err := l.edit("users", func(f []origin.Field) []origin.Field { return f[:1] }); err != nil {
		t.Errorf("system fields that are not sent come back by themselves: %s", complaints(err))
	}
	if c, err := l.Collection("users"); err != nil || len(c.Fields) != 6 {
		t.Errorf("users have %d fields, %v", len(c.Fields), err)
	}
}

func (l *library) snapshot() []*origin.Collection {
	l.t.Helper()
	all, err := l.catalog.Collections(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return all
}

func TestFilesGoWithTheirFieldAndTheirCollection(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	c := l.collection("docs",
		origin.Field{Name: "many", Type: origin.FileField, MaxSelect: 5},
		origin.Field{Name: "extra", Type: origin.FileField, MaxSelect: 1},
		origin.Field{Name: "kept", Type: origin.FileField, MaxSelect: 5})
	var ids []origin.RecordID
	for range 3 {
		v, err := l.CreateRecord(ctx, origin.System(), "docs", origin.RecordInput{Files: l.uploads(map[string][]string{
			"many": {"aaa", "bbb", "ccc"}, "extra": {"ddd"}, "kept": {"eee", "fff"}})})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, v.Record.ID)
	}
	empty := l.values("docs", nil).Record.ID
	old := l.get("docs", ids[0])
	request := func(name string) error {
		_, err := l.Open(ctx, &origin.ReadRequest{Collection: "docs", Record: string(ids[0]), Name: name})
		return err
	}
	for _, name := range append(old.Strings("many"), old.Text("extra")) {
		if err := request(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.edit("docs", func(f []origin.Field) []origin.Field {
		f[1].MaxSelect = 1
		return slices.Delete(f, 2, 3)
	}); err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	for _, id := range append(ids, empty) {
		l.consistent(c, id)
		r := l.get("docs", id)
		if id == empty {
			continue
		}
		if got := bases(r.Strings("many")); !slices.Equal(got, []string{"ccc"}) {
			t.Errorf("of a list %v stayed", got)
		}
		if got := bases(r.Strings("kept")); !slices.Equal(got, []string{"eee", "fff"}) {
			t.Errorf("of a list that nobody touched %v stayed", got)
		}
	}
	if n := len(l.stored(origin.CollectionPrefixes(c.ID)[0])); n != 9 {
		t.Errorf("%d of 9 objects are there", n)
	}
	refused(t, "a file that its list let go", request(old.Strings("many")[0]), origin.NotFound, "")
	refused(t, "a file whose field is gone", request(old.Text("extra")), origin.NotFound, "")
	if err := request(old.Strings("many")[2]); err != nil {
		t.Error(err)
	}
	if err := l.DeleteCollection(ctx, origin.System(), "docs"); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range origin.CollectionPrefixes(c.ID) {
		if left := l.stored(prefix); len(left) > 0 {
			t.Errorf("a deleted collection left %v", left)
		}
	}
	refused(t, "a file whose collection is gone", request(old.Strings("many")[2]), origin.NotFound, "Missing or invalid collection context.")
}
