package pocketbase

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/origin"
)

func TestACollectionsBodyTellsNullFromNothing(t *testing.T) {
	rule, empty := "id != ''", ""
	for body, want := range map[string]origin.CollectionInput{
		"":                  {},
		"{}":                {},
		"null":              {},
		`{"listRule":null}`: {ListRule: ptr[*string](nil)},
		`{"viewRule":""}`:   {ViewRule: ptr(&empty)},
		`{"createRule":"id != ''","updateRule":null}`:         {CreateRule: ptr(&rule), UpdateRule: ptr[*string](nil)},
		`{"deleteRule":"","authRule":null}`:                   {DeleteRule: ptr(&empty), Auth: origin.AuthInput{AuthRule: ptr[*string](nil)}},
		`{"fields":[]}`:                                       {Fields: &[]origin.Field{}},
		`{"fields":null,"indexes":null,"name":null}`:          {},
		`{"name":"n","type":"auth","id":"i","indexes":["x"]}`: {Name: ptr("n"), Type: ptr("auth"), ID: ptr("i"), Indexes: &[]string{"x"}},
		`{"authToken":{"duration":5},"fileToken":{"secret":"s"},"passwordAuth":{"enabled":false,"identityFields":["email"]}}`: {Auth: origin.AuthInput{
			AuthToken: origin.TokenInput{Duration: ptr(int64(5))}, FileToken: origin.TokenInput{Secret: ptr("s")},
			PasswordAuth: ptr(false), IdentityFields: &[]string{"email"},
		}},
		`{"passwordAuth":{},"oauth2":{"enabled":true},"viewQuery":"SELECT 1","secret":"x"}`: {},
	} {
		got, err := parseCollection([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	for _, body := range []string{"[]", "{", `{"name":1}`, `{"listRule":1}`, `{"fields":{}}`, `{"fields":[1]}`, `{"fields":[{"maxSelect":"1"}]}`, `{"fields":[{"maxSelect":1.5}]}`, `"x"`} {
		if _, err := parseCollection([]byte(body)); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestBoundsOfFieldsAreNumbersOrDates(t *testing.T) {
	in, err := parseCollection([]byte(`{"fields":[{"type":"number","min":-1.5,"max":"x"},{"type":"number","min":null},{"type":"date","min":"2026-01-01","max":5},
		{"type":" text ","max":10}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []origin.Field{
		{Type: "number", Min: ptr(-1.5)}, {Type: "number"}, {Type: "date", MinDate: "2026-01-01"}, {Type: "text", Max: ptr(10.0)},
	}
	if diff := cmp.Diff(want, *in.Fields); diff != "" {
		t.Error(diff)
	}
}

// everyField is a collection with all options of all types set.
const everyField = `{"name":"every","type":"base","listRule":"","viewRule":"t != ''","createRule":null,
	"indexes":["CREATE UNIQUE INDEX idx_t ON every (t COLLATE NOCASE, n DESC) WHERE t != ''"],"fields":[
	{"name":"t","type":"text","min":1,"max":9,"pattern":"^[a-z]+$","autogeneratePattern":"[a-z]{5}","required":true,"presentable":true,"help":"<h>"},
	{"name":"n","type":"number","min":-1,"max":1,"onlyInt":true},{"name":"b","type":"bool","hidden":true},{"name":"e","type":"email","onlyDomains":["example.com"]},
	{"name":"u","type":"url","exceptDomains":["example.com"]},{"name":"d","type":"date","min":"2026-01-01 00:00:00.000Z","max":"2027-01-01 00:00:00.000Z"},
	{"name":"a","type":"autodate","onCreate":true,"onUpdate":true},{"name":"s","type":"select","values":["x","y"],"maxSelect":2},
	{"name":"j","type":"json","maxSize":100},{"name":"h","type":"editor","maxSize":100,"convertURLs":true},
	{"name":"r","type":"relation","collectionId":"_pb_users_auth_","maxSelect":3,"minSelect":1,"cascadeDelete":true},
	{"name":"f","type":"file","maxSelect":2,"maxSize":100,"mimeTypes":["image/png"],"thumbs":["10x10"],"protected":true}]}`

// again reads a collection's own JSON and writes it back, as clients do that change one thing of it.
func (s *stage) again(t *testing.T, c *origin.Collection) {
	t.Helper()
	before, err := json.Marshal(collectionJSON(c))
	if err != nil {
		t.Fatal(err)
	}
	in, err := parseCollection(before)
	if err != nil {
		t.Fatalf("its own JSON is not read: %v\n%s", err, before)
	}
	changed, err := s.core.UpdateCollection(context.Background(), origin.System(), string(c.ID), in)
	if err != nil {
		t.Fatalf("its own JSON is refused: %v\n%s", err, before)
	}
	same := *changed
	same.Updated = c.Updated
	after, err := json.Marshal(collectionJSON(&same))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Fatalf("its own JSON changes it:\n%s", diff)
	}
}

func TestACollectionsOwnJSONChangesNothing(t *testing.T) {
	s := newStage(t)
	in, err := parseCollection([]byte(everyField))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.core.CreateCollection(context.Background(), origin.System(), in)
	if err != nil {
		var e *origin.Error
		errors.As(err, &e)
		t.Fatal(err, e.Fields)
	}
	s.again(t, c)
	for _, name := range []string{"users", "_superusers"} {
		c, err := s.core.ViewCollection(context.Background(), origin.System(), name)
		if err != nil {
			t.Fatal(err)
		}
		s.again(t, c)
	}
}

// FuzzCollection holds that any body is either refused as the caller's mistake or makes a collection whose own JSON makes
// it again.
func FuzzCollection(f *testing.F) {
	s := newStage(f)
	for _, body := range []string{
		everyField, `{"name":"a","type":"auth","authRule":"verified = true","authToken":{"duration":100},"passwordAuth":{"identityFields":["email"]}}`,
		`{"name":"a","fields":[{"name":"id","type":"text","pattern":"^a+$"},{"name":"x","type":"nothing"}]}`, `{"name":"a","type":"view"}`, `{}`,
		`{"id":"../x","name":"a"}`, `{"name":"a","fields":[{"name":"f","type":"file","thumbs":["0x0","1x","99999999999999999999x1"]}]}`,
		`{"name":"a","indexes":["CREATE INDEX i ON a (id)","DROP TABLE a"]}`, `{"name":"a","fields":[{"name":"rowid","type":"text"},{"name":"A","type":"text"},{"name":"a","type":"bool"}]}`,
		`{"name":"sqlite_x"}`, `{"name":"a","fields":[{"name":"x","type":"number","min":1e308,"max":-1e308},{"name":"y","type":"text","max":1e300}]}`,
	} {
		f.Add([]byte(body))
	}
	ctx := context.Background()
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := parseCollection(body)
		if err != nil {
			return
		}
		c, err := s.core.CreateCollection(ctx, origin.System(), in)
		if err != nil {
			if k := origin.KindOf(err); k != origin.Invalid {
				t.Fatalf("%s is refused as %v: %v", body, k, err)
			}
			return
		}
		s.again(t, c)
		if err := s.core.DeleteCollection(ctx, origin.System(), string(c.ID)); err != nil {
			t.Fatal(err)
		}
	})
}
