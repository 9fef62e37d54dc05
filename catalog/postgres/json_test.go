package postgres

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// notes is a collection with a field of JSON, and one whose name PostgreSQL would cut.
func notes() *origin.Collection {
	return &origin.Collection{ID: "pbc_notes", Name: "notes", Type: origin.BaseCollection, Fields: []origin.Field{
		{ID: "1", Name: "id", Type: origin.TextField},
		{ID: "2", Name: "data", Type: origin.JSONField},
		{ID: "3", Name: strings.Repeat("é", 40) + "a", Type: origin.TextField},
		{ID: "4", Name: strings.Repeat("é", 40) + "b", Type: origin.TextField},
	}}
}

func note(id origin.RecordID, data string) *origin.Record {
	c := notes()
	return &origin.Record{ID: id, Values: map[string]any{"id": string(id), "data": json.RawMessage(data),
		c.Fields[2].Name: "of a", c.Fields[3].Name: "of b"}}
}

func TestJSONComesBackAsItWasAndFiltersReadIt(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	c, ctx := notes(), t.Context()
	const odd = ` {"b" : 1.0, "a":[ "x" ], "a": "Y"} `
	err := cat.Write(ctx, func(tx origin.CatalogTx) error {
		return errors.Join(tx.InsertCollection(ctx, c), tx.InsertRecord(ctx, c, note("odd", odd)), tx.InsertRecord(ctx, c, note("number", "12")))
	})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := cat.Record(ctx, c, "odd"); err != nil || string(r.Values["data"].(json.RawMessage)) != odd {
		t.Errorf("got %v, %v", r, err)
	}
	for filter, want := range map[string]origin.RecordID{`data > 11`: "number", `data ~ "y"`: "odd"} {
		e, err := rule.Parse(filter, rule.Schema{"data": rule.JSON}, nil)
		if err != nil {
			t.Fatal(err)
		}
		page, err := cat.List(ctx, c, origin.Query{Where: []*rule.Expr{e}, Limit: 9})
		if err != nil || len(page.Records) != 1 || page.Records[0].ID != want {
			t.Errorf("%s: %+v, %v, want %s", filter, page.Records, err, want)
		}
	}
	for _, unreadable := range []string{`"\u0000"`, `1e200000`} {
		err := cat.Write(ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(ctx, c, note("u", unreadable)) })
		if !errors.Is(err, catalog.ErrValue) {
			t.Errorf("%s: %v, want no canonical value", unreadable, err)
		}
	}
}

func TestLongNamesAreToldApart(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	c, ctx := notes(), t.Context()
	c.ID = origin.CollectionID(strings.Repeat("x", 100))
	c.Indexes = []origin.Index{{Name: "u", Unique: true, Columns: []origin.IndexColumn{{Name: c.Fields[3].Name}}}}
	err := cat.Write(ctx, func(tx origin.CatalogTx) error {
		return errors.Join(tx.InsertCollection(ctx, c), tx.InsertRecord(ctx, c, note("r", "1")))
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := cat.Record(ctx, c, "r")
	if err != nil || r.Values[c.Fields[2].Name] != "of a" || r.Values[c.Fields[3].Name] != "of b" {
		t.Errorf("got %+v, %v", r, err)
	}
	err = cat.Write(ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(ctx, c, note("s", "1")) })
	var clash *origin.UniqueError
	if !errors.As(err, &clash) || len(clash.Columns) != 1 || clash.Columns[0] != c.Fields[3].Name {
		t.Errorf("a clash under a long name: %v", err)
	}
	if _, err := cat.Record(ctx, c, "a\x00b"); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("an id that no record can have: %v, want not found", err)
	}
}
