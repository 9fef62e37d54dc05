package transfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/catalog/postgres"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/catalog/transfer"
	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

var server struct {
	once    sync.Once
	running *pgtest.Server
	err     error
	stores  int
}

func TestMain(m *testing.M) {
	_ = flag.Set("rapid.checks", "12") // a check makes two catalogs; the command line may ask for more
	flag.Parse()
	code := m.Run()
	if server.running != nil {
		server.running.Stop()
	}
	os.Exit(code)
}

// inPostgres opens an empty catalog in a schema of its own.
func inPostgres(t testing.TB) catalog.Mover {
	t.Helper()
	server.once.Do(func() { server.running, server.err = pgtest.Start() })
	if errors.Is(server.err, pgtest.ErrMissing) {
		t.Skip(server.err)
	}
	if server.err != nil {
		t.Fatal(server.err)
	}
	server.stores++
	schema := fmt.Sprintf("store_%d", server.stores)
	if out, err := server.running.Psql("-c", "CREATE SCHEMA "+schema).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c, err := postgres.Open(t.Context(), postgres.Default(server.running.URL(schema)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func inSQLite(t testing.TB) catalog.Mover {
	t.Helper()
	c, err := sqlite.Open(t.Context(), sqlite.Default(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)

func field(name string, typ origin.FieldType, maxSelect int) origin.Field {
	return origin.Field{ID: origin.FieldID("f_" + name), Name: name, Type: typ, MaxSelect: maxSelect}
}

// kinds has a field of every type, and a unique one.
func kinds() *origin.Collection {
	rule := "text != '' && @request.auth.id != ''"
	return &origin.Collection{
		ID: "pbc_kinds", Name: "Kinds", Type: origin.BaseCollection, Created: now, Updated: now,
		Rules: origin.Rules{View: &rule},
		Fields: []origin.Field{
			{ID: "text_id", Name: "id", Type: origin.TextField, System: true, PrimaryKey: true, Required: true},
			field("text", origin.TextField, 0), field("unique", origin.TextField, 0), field("number", origin.NumberField, 0),
			field("bool", origin.BoolField, 0), field("email", origin.EmailField, 0), field("url", origin.URLField, 0),
			field("date", origin.DateField, 0), field("auto", origin.AutodateField, 0), field("select", origin.SelectField, 1),
			field("selects", origin.SelectField, 3), field("json", origin.JSONField, 0), field("relation", origin.RelationField, 1),
			field("relations", origin.RelationField, 3), field("editor", origin.EditorField, 0), field("file", origin.FileField, 1),
			field("files", origin.FileField, 3), field("password", origin.PasswordField, 0),
		},
		Indexes: []origin.Index{{Name: "one", Unique: true, Columns: []origin.IndexColumn{{Name: "unique"}}, Partial: "unique"}},
	}
}

// accounts is a system collection with secrets.
func accounts() *origin.Collection {
	return &origin.Collection{
		ID: "pbc_accounts", Name: "_superusers", Type: origin.AuthCollection, System: true, Created: now, Updated: now.Add(time.Millisecond),
		Fields: []origin.Field{{ID: "text_id", Name: "id", Type: origin.TextField}, field("email", origin.EmailField, 0),
			field("password", origin.PasswordField, 0), field("tokenKey", origin.TextField, 0)},
		Auth: &origin.AuthOptions{PasswordAuth: true, IdentityFields: []string{"email"},
			AuthToken: origin.TokenOptions{Secret: strings.Repeat("s", 50), Duration: time.Hour}, FileToken: origin.TokenOptions{Secret: "t", Duration: time.Minute}},
	}
}

func record(c *origin.Collection, id string, values map[string]any) *origin.Record {
	r := &origin.Record{ID: origin.RecordID(id), Values: make(map[string]any)}
	for i := range c.Fields {
		r.Values[c.Fields[i].Name] = catalog.ZeroValue(&c.Fields[i])
	}
	for name, v := range values {
		r.Values[name] = v
	}
	r.Values["id"] = id
	return r
}

func fileOf(c *origin.Collection, record, name string) *origin.File {
	return &origin.File{
		FileRef: origin.FileRef{Collection: c.ID, Record: origin.RecordID(record), Name: origin.FileName(name)},
		Field:   "f_file", OriginalName: "Ä \"b\".jpg", Size: 1 << 40, ContentType: "image/jpeg", SHA256: strings.Repeat("ab", 32),
		Image: transform.Meta{Format: 1, Width: 4000, Height: 3000, Orientation: 6, Depth: 8, Components: 3, Alpha: true, Progressive: true,
			Frames: 1, Scans: 2, ICCBytes: 3, EXIFBytes: 4, TextBytes: 5},
		Committed: now,
	}
}

// fill makes a library of which no two rows are alike, with holes in the order of making.
func fill(t testing.TB, to origin.Catalog, records int) {
	t.Helper()
	ctx, c, a := t.Context(), kinds(), accounts()
	write(t, to, func(tx origin.CatalogTx) error {
		if err := errors.Join(tx.InsertCollection(ctx, a), tx.InsertCollection(ctx, c), tx.SetParam(ctx, "secret", []byte{0, 255, 1}),
			tx.InsertRecord(ctx, a, record(a, "superuser000001", map[string]any{"email": "A@b.example", "password": "$2a$04$hash", "tokenKey": "key"})),
		); err != nil {
			return err
		}
		for i := range records {
			id := fmt.Sprintf("%015x", i*7919%records)
			err := errors.Join(tx.InsertRecord(ctx, c, record(c, id, map[string]any{
				"text": "a 'b' \"c\" \\ \n ü 𝄞", "unique": id, "number": float64(i) / 3, "bool": i%2 == 0, "email": id + "@e.example", "url": "https://e.example/?a=b&c",
				"date": "2026-01-02 03:04:05.678Z", "auto": "2026-01-02 03:04:05.679Z", "select": "one", "selects": []string{"x", "\"y\"", "<z>"},
				"json": json.RawMessage(` {"b": [1, 2.50, null], "a": "\u00e9"}`), "relation": id, "relations": []string{id},
				"editor": "<p>x</p>", "file": "a.jpg", "files": []string{"b.jpg", "c.jpg"}, "password": "$2a$04$other",
			})), tx.PutFile(ctx, fileOf(c, id, "a.jpg")), tx.PutFile(ctx, fileOf(c, id, "B.jpg")))
			if err != nil {
				return err
			}
		}
		return tx.DeleteRecord(ctx, c, origin.RecordID(fmt.Sprintf("%015x", 2)))
	})
	uses := []origin.RenditionUse{
		{File: fileOf(c, fmt.Sprintf("%015x", 0), "a.jpg").FileRef, Variant: "60x40.v1", Size: 100, Used: 5},
		{File: fileOf(c, fmt.Sprintf("%015x", 0), "a.jpg").FileRef, Variant: "100x100.v1", Size: 300, Used: 6}}
	if gone, err := to.TouchRenditions(ctx, uses); err != nil || len(gone) > 0 {
		t.Fatal(gone, err)
	}
}

func write(t testing.TB, to origin.Catalog, fn func(tx origin.CatalogTx) error) {
	t.Helper()
	if err := to.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// contents is all that a catalog keeps, in a form that can be compared.
type contents struct {
	Collections []*origin.Collection
	Rows        map[string][]catalog.Row
	Files       []origin.File
	Renditions  []origin.RenditionUse
	Params      []catalog.Param
}

func contentsOf(t testing.TB, c catalog.Contents) (all contents) {
	t.Helper()
	ctx := context.Background()
	const most = 1 << 30
	var errs [5]error
	all.Collections, errs[0] = c.Collections(ctx)
	all.Rows = make(map[string][]catalog.Row)
	for _, of := range all.Collections {
		var err error
		all.Rows[of.Name], err = c.Rows(ctx, of, 0, most)
		errs[1] = errors.Join(errs[1], err)
	}
	all.Files, errs[2] = c.AllFiles(ctx, origin.FileRef{}, most)
	all.Renditions, errs[3] = c.AllRenditions(ctx, origin.RenditionUse{}, most)
	all.Params, errs[4] = c.Params(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return all
}

func wantSame(t testing.TB, from, to catalog.Contents) {
	t.Helper()
	if diff := cmp.Diff(contentsOf(t, from), contentsOf(t, to)); diff != "" {
		t.Errorf("what arrived is not what was there (-want +got):\n%.3000s", diff)
	}
}

func mustRun(t testing.TB, from, to catalog.Mover) transfer.Result {
	t.Helper()
	result, err := transfer.Run(t.Context(), from, to, transfer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if unfinished, err := transfer.Unfinished(t.Context(), to); err != nil || unfinished || !result.Finished {
		t.Errorf("unfinished: %v, %v, %+v", unfinished, err, result)
	}
	return result
}
