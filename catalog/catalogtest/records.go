package catalogtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

var recordTests = []test{
	{"values of every type come back exactly", func(s *suite) {
		c := s.with(everyType())
		n := 0
		rapid.Check(s, func(t *rapid.T) {
			n++
			first, second := genRecord(t, c, n), genRecord(t, c, n)
			if err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, first) }); err != nil {
				t.Fatal(err)
			}
			wantSame(t, s, c, first)
			if err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.UpdateRecord(s.ctx, c, second) }); err != nil {
				t.Fatal(err)
			}
			wantSame(t, s, c, second)
		})
	}},
	{"values that are not canonical are refused", func(s *suite) {
		c := s.with(everyType())
		for name, v := range map[string]any{
			"text": 1.5, "number": "1", "bool": "true", "selects": "one", "select": []string{"one"}, "json": "text",
			"date": nil, "file": "\xff", "editor": "a\x00b", "files": []string{"\xff"},
		} {
			r := record(c, "r", map[string]any{name: v})
			if err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, r) }); err == nil {
				s.Errorf("%s: %#v was stored", name, v)
			}
		}
		r := record(c, "r", nil)
		r.Values["id"] = "another"
		if err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, r) }); err == nil {
			s.Error("a record with two ids was stored")
		}
	}},
	{"a record that is not there is not found", func(s *suite) {
		c := s.with(base("pbc_1", "c"), record(base("pbc_1", "c"), "a", nil))
		s.wantNoRecord(c, "b")
		s.wantNoRecord(c, "A") // ids are compared exactly
		s.wantNoRecord(c, "")
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.UpdateRecord(s.ctx, c, record(c, "b", nil)) })
		s.wantNotFound("update", err)
		err = s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.DeleteRecord(s.ctx, c, "b") })
		s.wantNotFound("delete", err)
		s.wantNoRecord(base("pbc_2", "never made"), "a")
	}},
	{"a taken id is refused", func(s *suite) {
		c := s.with(base("pbc_1", "c", field("a", origin.TextField)))
		s.insert(c, record(c, "r", map[string]any{"a": "first"}))
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			return tx.InsertRecord(s.ctx, c, record(c, "r", map[string]any{"a": "second"}))
		})
		s.wantUnique(err, "id")
		s.wantText(c, "r", "a", "first")
	}},
	{"unique indexes are enforced", func(s *suite) {
		c := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.TextField), field("mail", origin.EmailField))
		c.Indexes = []origin.Index{
			{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "a"}, {Name: "b", Desc: true}}},
			{Name: "y", Unique: true, Columns: []origin.IndexColumn{{Name: "mail", NoCase: true}}, Partial: "mail"},
		}
		s.with(c)
		s.insert(c, record(c, "r", map[string]any{"a": "1", "b": "1", "mail": "Me@example.com"}),
			record(c, "s", map[string]any{"a": "1", "b": "2"}), record(c, "t", map[string]any{"a": "1", "b": "3"}))
		insert := func(values map[string]any) error {
			return s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, record(c, "u", values)) })
		}
		s.wantUnique(insert(map[string]any{"a": "1", "b": "2"}), "a", "b")
		s.wantUnique(insert(map[string]any{"a": "2", "mail": "mE@EXAMPLE.com"}), "mail")
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			return tx.UpdateRecord(s.ctx, c, record(c, "s", map[string]any{"a": "1", "b": "1"}))
		})
		s.wantUnique(err, "a", "b")
		s.wantText(c, "s", "b", "2")
		s.do(insert(map[string]any{"a": "1", "b": "4"})) // an empty e-mail is outside of the partial index
	}},
	{"a deleted record takes its files and renditions with it, and no others", func(s *suite) {
		c := base("pbc_1", "c")
		s.with(c, record(c, "r", nil), record(c, "r2", nil))
		s.putFile("pbc_1", "r", "a.jpg")
		s.putFile("pbc_1", "r", "b.jpg")
		s.putFile("pbc_1", "r2", "a.jpg")
		s.touch(use("pbc_1", "r", "a.jpg", "v", 1, 1), use("pbc_1", "r", "b.jpg", "v", 10, 1), use("pbc_1", "r2", "a.jpg", "v", 100, 1))
		s.write(func(tx origin.CatalogTx) error { return tx.DeleteRecord(s.ctx, c, "r") })
		s.wantNoRecord(c, "r")
		list, err := s.cat.Files(s.ctx, "pbc_1", "r")
		s.do(err)
		s.same("files", list, []origin.File{})
		s.wantBytes(100)
		s.wantText(c, "r2", "id", "r2")
	}},
	{"are found by a field's value", func(s *suite) {
		c := base("pbc_1", "c", field("name", origin.TextField), field("mail", origin.EmailField), field("url", origin.URLField))
		c.Indexes = []origin.Index{{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "name"}}, Partial: "name"}}
		s.with(c, record(c, "1", map[string]any{"name": "Ann", "mail": "Ann@Example.com", "url": "http://a"}),
			record(c, "2", map[string]any{"name": "ann", "mail": "bob@example.com", "url": "http://b"}), record(c, "3", nil))
		for _, find := range []struct {
			field, value string
			want         origin.RecordID // "": none
		}{
			{"name", "Ann", "1"}, {"name", "ann", "2"}, {"name", "ANN", ""}, {"name", "", "3"}, {"name", "An%", ""},
			{"mail", "Ann@Example.com", "1"}, {"mail", "aNN@eXAMPLE.COM", "1"}, {"mail", "BOB@example.com", "2"},
			{"mail", "bob@example.com ", ""}, {"mail", "", "3"}, {"mail", "bob_example.com", ""},
			{"url", "http://b", "2"}, {"url", "HTTP://B", ""}, {"id", "2", "2"},
		} {
			r, err := s.cat.RecordBy(s.ctx, c, find.field, find.value)
			switch {
			case find.want == "":
				s.wantNotFound(fmt.Sprintf("%s %q", find.field, find.value), err)
			case err != nil:
				s.Errorf("%s %q: %v", find.field, find.value, err)
			case r.ID != find.want:
				s.Errorf("%s %q: record %s, want %s", find.field, find.value, r.ID, find.want)
			}
		}
	}},
	{"are found by their ids, those that exist", func(s *suite) {
		c := base("pbc_1", "c", field("a", origin.TextField))
		one, two := record(c, "1", map[string]any{"a": "x"}), record(c, `q"\'`, map[string]any{"a": "y"})
		s.with(c, one, two, record(c, "3", nil))
		for _, find := range []struct{ ids, want []origin.RecordID }{
			{nil, nil},
			{[]origin.RecordID{"none"}, nil},
			{[]origin.RecordID{`q"\'`, "none", "1", "1"}, []origin.RecordID{"1", `q"\'`}},
			{many(40_000), []origin.RecordID{"1", "3"}},
		} {
			got, err := s.cat.RecordsByID(s.ctx, c, find.ids)
			s.do(err)
			found := ids(got)
			slices.Sort(found)
			s.same("found", found, find.want)
		}
		got, err := s.cat.RecordsByID(s.ctx, c, []origin.RecordID{"1"})
		s.do(err)
		s.same("record", got, []*origin.Record{one})
	}},
	{"that refer to another are found", func(s *suite) {
		c := base("pbc_1", "c", field("one", origin.RelationField), multiple("more", origin.RelationField))
		s.with(c,
			record(c, "a", map[string]any{"one": "x", "more": []string{"y", "x"}}),
			record(c, "b", map[string]any{"one": "xx", "more": []string{"xx", `"x"`, "x,y"}}),
			record(c, "c", map[string]any{"one": "x", "more": []string{"X"}}),
			record(c, "d", map[string]any{"more": []string{"x"}}),
			record(c, "e", map[string]any{"one": "x", "more": []string{`é"`}}))
		for _, find := range []struct {
			field string
			id    origin.RecordID
			limit int
			want  []origin.RecordID
		}{
			{"one", "x", 9, []origin.RecordID{"a", "c", "e"}}, {"one", "none", 9, nil},
			{"more", "x", 9, []origin.RecordID{"a", "d"}}, {"more", "X", 9, []origin.RecordID{"c"}},
			{"more", `"x"`, 9, []origin.RecordID{"b"}}, {"more", `é"`, 9, []origin.RecordID{"e"}}, {"more", "none", 9, nil},
		} {
			got, err := s.cat.Referencing(s.ctx, c, c.Field(find.field), find.id, find.limit)
			s.do(err)
			slices.Sort(got)
			s.same(find.field+" "+string(find.id), got, find.want)
		}
		got, err := s.cat.Referencing(s.ctx, c, c.Field("one"), "x", 2)
		s.do(err)
		if len(got) != 2 {
			s.Errorf("%d ids, want the limit of 2", len(got))
		}
	}},
}

func (s *suite) insert(c *origin.Collection, records ...*origin.Record) {
	s.Helper()
	s.write(func(tx origin.CatalogTx) error {
		for _, r := range records {
			if err := tx.InsertRecord(s.ctx, c, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func many(n int) []origin.RecordID {
	list := make([]origin.RecordID, n)
	for i := range list {
		list[i] = origin.RecordID(fmt.Sprint(i))
	}
	return slices.DeleteFunc(list, func(id origin.RecordID) bool { return id == "2" })
}

func wantSame(t *rapid.T, s *suite, c *origin.Collection, want *origin.Record) {
	t.Helper()
	got, err := s.cat.Record(s.ctx, c, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("JSON", func(raw json.RawMessage) any {
		var v any
		if raw != nil && json.Unmarshal(raw, &v) != nil {
			return "invalid: " + string(raw)
		}
		return v
	})); diff != "" {
		t.Fatalf("record (-want +got):\n%s", diff)
	}
	for i := range c.Fields { // cmp takes an empty list and none for different already; nil JSON must be nil
		if f := &c.Fields[i]; f.Type == origin.JSONField {
			if raw, ok := got.Values[f.Name].(json.RawMessage); !ok || raw != nil && string(raw) == "null" {
				t.Fatalf("%s is %#v", f.Name, got.Values[f.Name])
			}
		}
	}
}

func genRecord(t *rapid.T, c *origin.Collection, n int) *origin.Record {
	r := record(c, origin.RecordID(fmt.Sprintf("r%d", n)), nil)
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Name != "id" {
			r.Values[f.Name] = genValue(f).Draw(t, f.Name)
		}
	}
	return r
}

// genText is any text that a catalog keeps: UTF-8 without NUL.
func genText() *rapid.Generator[string] {
	return rapid.Map(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "[]", "null", "0", "é", "'\"`\\", "1e5", "[\"a\"]"})),
		func(s string) string { return strings.ReplaceAll(s, "\x00", "") })
}

func genValue(f *origin.Field) *rapid.Generator[any] {
	switch f.Kind() {
	case rule.Number:
		return rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, -1, 1 << 53, 0.1, 1e308, 5e-324, -9223372036854775808})).AsAny()
	case rule.Bool:
		return rapid.Bool().AsAny()
	case rule.List:
		return rapid.SliceOfN(genText(), 0, 4).AsAny()
	case rule.JSON:
		return rapid.Custom(genJSON)
	}
	return genText().AsAny()
}

func genJSON(t *rapid.T) any {
	if rapid.Bool().Draw(t, "null") {
		return json.RawMessage(nil)
	}
	v := rapid.OneOf(
		genText().AsAny(), rapid.Int32().AsAny(), rapid.Bool().AsAny(),
		rapid.MapOf(genText(), rapid.SliceOf(genText())).AsAny(),
	).Draw(t, "json")
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(raw)
}
