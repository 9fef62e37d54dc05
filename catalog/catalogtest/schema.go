package catalogtest

import (
	"encoding/json"
	"errors"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

var schemaTests = []test{
	{"a new field has its zero value in old records", func(s *suite) {
		old := base("pbc_1", "c", field("kept", origin.TextField))
		s.with(old, record(old, "a", map[string]any{"kept": "k"}))
		c := everyType()
		c.ID, c.Name = old.ID, old.Name
		c.Fields = append(c.Fields, old.Fields[1])
		s.update(old, c)
		s.wantRecord(c, record(c, "a", map[string]any{"kept": "k"}))
	}},
	{"a renamed field keeps its values", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), multiple("b", origin.FileField))
		s.with(old, record(old, "r", map[string]any{"a": "of a", "b": []string{"1.jpg", "2.jpg"}}))
		c := edited(old, func(c *origin.Collection) { c.Fields[1].Name, c.Fields[2].Name = "title", "pictures" })
		s.update(old, c)
		s.wantRecord(c, record(c, "r", map[string]any{"title": "of a", "pictures": []string{"1.jpg", "2.jpg"}}))
	}},
	{"fields may trade their names, and change only their case", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.TextField), field("c", origin.TextField), field("d", origin.TextField))
		old.Indexes = []origin.Index{{Name: "x", Columns: []origin.IndexColumn{{Name: "a"}, {Name: "b"}}}}
		s.with(old, record(old, "r", map[string]any{"a": "1", "b": "2", "c": "3", "d": "4"}))
		c := edited(old, func(c *origin.Collection) {
			c.Fields[1].Name, c.Fields[2].Name, c.Fields[3].Name, c.Fields[4].Name = "b", "c", "a", "D"
			c.Indexes = []origin.Index{{Name: "x", Columns: []origin.IndexColumn{{Name: "b"}, {Name: "c"}}}}
		})
		s.update(old, c)
		s.wantRecord(c, record(c, "r", map[string]any{"b": "1", "c": "2", "a": "3", "D": "4"}))
	}},
	{"a field that is gone loses its values, also when one of its name comes back", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.TextField))
		old.Indexes = []origin.Index{{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "a"}}}}
		s.with(old, record(old, "r", map[string]any{"a": "secret", "b": "2"}))
		without := edited(old, func(c *origin.Collection) { c.Fields, c.Indexes = append(c.Fields[:1:1], c.Fields[2]), nil })
		s.update(old, without)
		s.wantRecord(without, record(without, "r", map[string]any{"b": "2"}))
		s.update(without, old)
		s.wantRecord(old, record(old, "r", map[string]any{"b": "2"}))
	}},
	{"another field of the same name does not inherit the values", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField))
		s.with(old, record(old, "r", map[string]any{"a": "secret"}))
		c := edited(old, func(c *origin.Collection) { c.Fields[1].ID = "another" })
		s.update(old, c)
		s.wantRecord(c, record(c, "r", nil))
	}},
	{"single values become lists, and lists keep their last element", func(s *suite) {
		for _, typ := range []origin.FieldType{origin.SelectField, origin.RelationField, origin.FileField} {
			single := base(origin.CollectionID("pbc_"+string(typ)), string(typ), field("f", typ))
			multi := edited(single, func(c *origin.Collection) { c.Fields[1].MaxSelect = 3 })
			s.with(single,
				record(single, "empty", nil),
				record(single, "plain", map[string]any{"f": "x"}),
				record(single, "odd", map[string]any{"f": `q"\é<, [1]`}))
			s.update(single, multi)
			s.wantRecord(multi, record(multi, "empty", nil))
			s.wantRecord(multi, record(multi, "plain", map[string]any{"f": []string{"x"}}))
			s.wantRecord(multi, record(multi, "odd", map[string]any{"f": []string{`q"\é<, [1]`}}))
			s.write(func(tx origin.CatalogTx) error {
				return tx.UpdateRecord(s.ctx, multi, record(multi, "plain", map[string]any{"f": []string{"x", "y", `z"\é`}}))
			})
			s.write(func(tx origin.CatalogTx) error {
				return tx.InsertRecord(s.ctx, multi, record(multi, "later", map[string]any{"f": []string{"1", "2"}}))
			})
			s.update(multi, single)
			s.wantRecord(single, record(single, "empty", nil))
			s.wantRecord(single, record(single, "plain", map[string]any{"f": `z"\é`}))
			s.wantRecord(single, record(single, "later", map[string]any{"f": "2"}))
		}
	}},
	{"a renamed field may become a list at once", func(s *suite) {
		old := base("pbc_1", "c", field("pic", origin.FileField), field("pics", origin.TextField))
		s.with(old, record(old, "r", map[string]any{"pic": "x.jpg", "pics": "text"}))
		c := edited(old, func(c *origin.Collection) {
			c.Fields[1].Name, c.Fields[1].MaxSelect, c.Fields[2].Name = "pics", 5, "pic"
		})
		s.update(old, c)
		s.wantRecord(c, record(c, "r", map[string]any{"pics": []string{"x.jpg"}, "pic": "text"}))
	}},
	{"a renamed collection keeps its records and files", func(s *suite) {
		old := base("pbc_1", "before", field("a", origin.TextField))
		s.with(old, record(old, "r", map[string]any{"a": "1"}))
		f := s.putFile("pbc_1", "r", "x.jpg")
		c := edited(old, func(c *origin.Collection) { c.Name = "after" })
		s.update(old, c)
		s.wantCollections(c)
		s.wantRecord(c, record(c, "r", map[string]any{"a": "1"}))
		got, err := s.cat.File(s.ctx, f.FileRef)
		s.do(err)
		s.same("file", got, f)
	}},
	{"a unique index that the records contradict is refused and nothing changes", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.NumberField))
		s.with(old, record(old, "r", map[string]any{"a": "same"}), record(old, "s", map[string]any{"a": "same"}))
		c := edited(old, func(c *origin.Collection) {
			c.Name = "changed"
			c.Fields = append(c.Fields, field("new", origin.JSONField))
			c.Indexes = []origin.Index{{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "a"}}}}
		})
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, old, c) })
		s.wantUnique(err, "a")
		s.wantCollections(old)
		s.wantRecord(old, record(old, "r", map[string]any{"a": "same"}))
	}},
	{"an index that is gone no longer refuses, one that came does", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.TextField))
		old.Indexes = []origin.Index{{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "a"}}}}
		s.with(old, record(old, "r", map[string]any{"a": "1", "b": "1"}))
		c := edited(old, func(c *origin.Collection) { c.Indexes[0].Columns = []origin.IndexColumn{{Name: "b"}} })
		s.update(old, c)
		s.write(func(tx origin.CatalogTx) error {
			return tx.InsertRecord(s.ctx, c, record(c, "s", map[string]any{"a": "1", "b": "2"}))
		})
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			return tx.InsertRecord(s.ctx, c, record(c, "t", map[string]any{"a": "3", "b": "2"}))
		})
		s.wantUnique(err, "b")
	}},
	{"writes by a shape of yesterday are stale and change nothing", func(s *suite) {
		old := base("pbc_1", "c", field("pic", origin.FileField), field("n", origin.NumberField))
		s.with(old, record(old, "r", map[string]any{"pic": "x.jpg", "n": 1.0}))
		for name, c := range map[string]*origin.Collection{
			"a list":       edited(old, func(c *origin.Collection) { c.Fields[1].MaxSelect = 5 }),
			"renamed":      edited(old, func(c *origin.Collection) { c.Fields[1].Name = "picture" }),
			"gone":         edited(old, func(c *origin.Collection) { c.Fields = c.Fields[:2] }),
			"more":         edited(old, func(c *origin.Collection) { c.Fields = append(c.Fields, field("new", origin.TextField)) }),
			"another kind": edited(old, func(c *origin.Collection) { c.Fields[2] = field("n", origin.BoolField) }),
		} {
			s.update(old, c)
			before, err := s.cat.Record(s.ctx, c, "r")
			s.do(err)
			for what, write := range map[string]func(tx origin.CatalogTx) error{
				"insert": func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, old, record(old, "s", nil)) },
				"update": func(tx origin.CatalogTx) error { return tx.UpdateRecord(s.ctx, old, record(old, "r", nil)) },
				"change": func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, old, base("pbc_1", "c")) },
			} {
				if err := s.cat.Write(s.ctx, write); !errors.Is(err, rule.ErrStale) {
					s.Errorf("%s, where a field is %s: %v, want stale", what, name, err)
				}
			}
			s.wantNoRecord(c, "s")
			s.wantRecord(c, before)
			s.update(c, old)
		}
	}},
	{"writes by a collection of yesterday are stale, even where its fields are the same", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.TextField))
		s.with(old)
		c := edited(old, func(c *origin.Collection) {
			c.Name, c.Rules.View, c.Updated = "d", ptr(""), now.AddDate(1, 0, 0)
			c.Fields[1], c.Fields[2] = c.Fields[2], c.Fields[1]
			c.Fields[1].Required, c.Fields[2].Hidden = true, true
		})
		s.update(old, c)
		r := record(old, "r", map[string]any{"a": "1"})
		for what, write := range map[string]func(tx origin.CatalogTx) error{
			"check":  func(tx origin.CatalogTx) error { return tx.CheckCollection(s.ctx, old) },
			"insert": func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, old, r) },
			"update": func(tx origin.CatalogTx) error { return tx.UpdateRecord(s.ctx, old, r) },
		} {
			if err := s.cat.Write(s.ctx, write); !errors.Is(err, rule.ErrStale) {
				s.Errorf("%s: %v, want stale", what, err)
			}
		}
		s.wantNoRecord(c, "r")
		s.write(func(tx origin.CatalogTx) error { return tx.CheckCollection(s.ctx, c) })
		s.insert(c, r)
		s.wantRecord(c, r)
		s.write(func(tx origin.CatalogTx) error { return tx.DeleteCollection(s.ctx, c) })
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.CheckCollection(s.ctx, c) })
		if !errors.Is(err, origin.ErrNotFound) {
			s.Errorf("a collection that is gone: %v, want not found", err)
		}
	}},
	{"a change that is undone leaves the old shape", func(s *suite) {
		old := base("pbc_1", "c", field("a", origin.TextField), field("b", origin.JSONField))
		r := record(old, "r", map[string]any{"a": "1", "b": json.RawMessage(`{"x":1}`)})
		s.with(old, r)
		c := edited(old, func(c *origin.Collection) { c.Fields = c.Fields[:2]; c.Fields[1].Name = "z" })
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			if err := tx.UpdateCollection(s.ctx, old, c); err != nil {
				return err
			}
			return errUndo
		})
		if err != errUndo {
			s.Fatalf("Write: %v, want the function's own error", err)
		}
		s.wantCollections(old)
		s.wantRecord(old, r)
	}},
}

// edited returns a changed copy of c.
func edited(c *origin.Collection, change func(c *origin.Collection)) *origin.Collection {
	e := *c
	e.Fields = append([]origin.Field(nil), c.Fields...)
	e.Indexes = append([]origin.Index(nil), c.Indexes...)
	change(&e)
	return &e
}

func (s *suite) update(old, c *origin.Collection) {
	s.Helper()
	s.write(func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, old, c) })
}
