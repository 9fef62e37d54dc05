// Package catalogtest is the suite that every origin.Catalog passes.
//
// Its law: it knows origin's interface comments and nothing else. Each numbered outcome there is a test here, and what is
// not promised there is not asked for here. A test has a store of its own; nothing depends on wall time but bounds that
// the interface states.
package catalogtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// Store opens the same store each time it is called, as a process of its own would. The suite closes what it opens.
type Store func(t *testing.T) origin.Catalog

// Run runs the suite. empty makes a store with nothing in it.
func Run(t *testing.T, empty func(t *testing.T) Store) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"collections", collectionTests},
		{"schema changes", schemaTests},
		{"records", recordTests},
		{"lists", listTests},
		{"files", fileTests},
		{"renditions", renditionTests},
		{"writes", writeTests},
		{"watch", watchTests},
		{"move", moveTests},
	} {
		for _, test := range group.tests {
			t.Run(group.name+"/"+test.name, func(t *testing.T) {
				store := empty(t)
				test.run(start(t, store))
			})
		}
	}
}

type test struct {
	name string
	run  func(s *suite)
}

// patience is when a test is taken to hang. Nothing is expected to take long.
const patience = time.Minute

// suite is what a test has: a handle on its own store, and want-functions.
type suite struct {
	*testing.T
	ctx   context.Context
	store Store
	cat   origin.Catalog
}

func start(t *testing.T, store Store) *suite {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &suite{T: t, ctx: ctx, store: store}
	s.cat = s.another()
	return s
}

// another opens another handle on the store, which is closed at the end of the test.
func (s *suite) another() origin.Catalog {
	s.Helper()
	cat := s.store(s.T)
	s.Cleanup(func() {
		if err := cat.Close(); err != nil {
			s.Errorf("Close: %v", err)
		}
	})
	return cat
}

// write runs fn in a transaction that must succeed.
func (s *suite) write(fn func(tx origin.CatalogTx) error) {
	s.Helper()
	if err := s.cat.Write(s.ctx, fn); err != nil {
		s.Fatalf("Write: %v", err)
	}
}

// do fails the test where err is not nil.
func (s *suite) do(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// same compares, empty lists being equal to missing ones.
func (s *suite) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Fixtures.

func ptr[T any](v T) *T { return &v }

// now is a time as catalogs keep it.
var now = time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)

func idField() origin.Field {
	return origin.Field{ID: "text_id", Name: "id", Type: origin.TextField, System: true, PrimaryKey: true, Required: true}
}

// base is a collection with the given fields beside the id.
func base(id origin.CollectionID, name string, fields ...origin.Field) *origin.Collection {
	return &origin.Collection{
		ID: id, Name: name, Type: origin.BaseCollection,
		Fields:  append([]origin.Field{idField()}, fields...),
		Created: now, Updated: now,
	}
}

func field(name string, typ origin.FieldType) origin.Field {
	return origin.Field{ID: origin.FieldID("id_" + name), Name: name, Type: typ}
}

func multiple(name string, typ origin.FieldType) origin.Field {
	f := field(name, typ)
	f.MaxSelect = 9
	return f
}

// everyType is a collection with a field of every type, single and multiple.
func everyType() *origin.Collection {
	return base("pbc_every", "every",
		field("text", origin.TextField), field("number", origin.NumberField), field("bool", origin.BoolField),
		field("email", origin.EmailField), field("url", origin.URLField), field("date", origin.DateField),
		field("auto", origin.AutodateField), field("select", origin.SelectField), multiple("selects", origin.SelectField),
		field("json", origin.JSONField), field("relation", origin.RelationField), multiple("relations", origin.RelationField),
		field("editor", origin.EditorField), field("file", origin.FileField), multiple("files", origin.FileField),
		field("password", origin.PasswordField))
}

// record is a record of c with the given values and zero ones for the rest.
func record(c *origin.Collection, id origin.RecordID, values map[string]any) *origin.Record {
	r := &origin.Record{ID: id, Values: make(map[string]any, len(c.Fields))}
	for i := range c.Fields {
		f := &c.Fields[i]
		r.Values[f.Name] = catalog.ZeroValue(f)
	}
	for name, v := range values {
		if _, ok := r.Values[name]; !ok {
			panic(fmt.Sprintf("collection %s has no field %s", c.Name, name))
		}
		r.Values[name] = v
	}
	r.Values["id"] = string(id)
	return r
}

// with makes the collection and its records.
func (s *suite) with(c *origin.Collection, records ...*origin.Record) *origin.Collection {
	s.Helper()
	s.write(func(tx origin.CatalogTx) error {
		if err := tx.InsertCollection(s.ctx, c); err != nil {
			return err
		}
		for _, r := range records {
			if err := tx.InsertRecord(s.ctx, c, r); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

func ids(records []*origin.Record) []origin.RecordID {
	list := make([]origin.RecordID, len(records))
	for i, r := range records {
		list[i] = r.ID
	}
	return list
}

// filter parses an expression over c's fields.
func (s *suite) filter(c *origin.Collection, src string) *rule.Expr {
	s.Helper()
	e, err := rule.Parse(src, schemaOf(c), rule.Schema{"id": rule.Text})
	s.do(err)
	return e
}

func (s *suite) sort(c *origin.Collection, src string) []rule.Sort {
	s.Helper()
	keys, err := rule.ParseSort(src, schemaOf(c))
	s.do(err)
	return keys
}

func schemaOf(c *origin.Collection) rule.Schema {
	schema := rule.Schema{}
	for i := range c.Fields {
		schema[c.Fields[i].Name] = c.Fields[i].Kind()
	}
	return schema
}
