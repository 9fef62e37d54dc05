package catalog

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/origin"
)

func TestCollectionComesBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genCollection(t)
		data, err := MarshalCollection(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := UnmarshalCollection(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" { // nil and empty are told apart
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// genCollection fills every member there is, now and later: rapid.Make goes by reflection.
func genCollection(t *rapid.T) *origin.Collection {
	at := func(name string) time.Time { return time.UnixMilli(rapid.Int64Range(-1e13, 1e13).Draw(t, name)).UTC() }
	return &origin.Collection{
		ID:      rapid.Make[origin.CollectionID]().Draw(t, "id"),
		Name:    rapid.String().Draw(t, "name"),
		Type:    rapid.Make[origin.CollectionType]().Draw(t, "type"),
		System:  rapid.Bool().Draw(t, "system"),
		Fields:  nilOr(t, "fields", rapid.Make[origin.Field]()),
		Indexes: nilOr(t, "indexes", rapid.Make[origin.Index]()),
		Rules:   rapid.Make[origin.Rules]().Draw(t, "rules"),
		Auth:    rapid.Ptr(rapid.Make[origin.AuthOptions](), true).Draw(t, "auth"),
		Created: at("created"),
		Updated: at("updated"),
	}
}

func nilOr[T any](t *rapid.T, name string, gen *rapid.Generator[T]) []T {
	if rapid.Bool().Draw(t, name+" nil") {
		return nil
	}
	return rapid.SliceOfN(gen, 0, 3).Draw(t, name)
}

func TestStoredFormIsStable(t *testing.T) {
	// What is stored must be readable for as long as there are stores: a change of this text needs a migration.
	const stored = `{"id":"pbc_1","name":"posts","type":"auth","system":true,` +
		`"fields":[{"id":"f1","name":"pics","type":"file","required":true,"min":0,"values":[],"maxSelect":5,"maxSize":1048576,` +
		`"mimeTypes":["image/png"],"thumbs":["100x100"],"protected":true}],` +
		`"indexes":[{"name":"x","unique":true,"columns":[{"name":"pics","desc":true,"noCase":true}],"partial":"pics"}],` +
		`"rules":{"list":"","view":"id != ''"},"auth":{"passwordAuth":true,"authToken":{"secret":"s","durationNs":1000000000},` +
		`"fileToken":{"secret":"t","durationNs":2000000000}},"created":1,"updated":2}`
	empty, rule, zero := "", "id != ''", 0.0
	want := &origin.Collection{
		ID: "pbc_1", Name: "posts", Type: origin.AuthCollection, System: true,
		Fields: []origin.Field{{ID: "f1", Name: "pics", Type: origin.FileField, Required: true, Min: &zero, Values: []string{},
			MaxSelect: 5, MaxSize: 1 << 20, MimeTypes: []string{"image/png"}, Thumbs: []string{"100x100"}, Protected: true}},
		Indexes: []origin.Index{{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "pics", Desc: true, NoCase: true}}, Partial: "pics"}},
		Rules:   origin.Rules{List: &empty, View: &rule},
		Auth: &origin.AuthOptions{PasswordAuth: true, AuthToken: origin.TokenOptions{Secret: "s", Duration: time.Second},
			FileToken: origin.TokenOptions{Secret: "t", Duration: 2 * time.Second}},
		Created: time.UnixMilli(1).UTC(), Updated: time.UnixMilli(2).UTC(),
	}
	got, err := UnmarshalCollection([]byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	data, err := MarshalCollection(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stored, string(data)); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestShapeIsStable(t *testing.T) {
	c := &origin.Collection{Fields: []origin.Field{
		{ID: "z", Name: "id", Type: origin.TextField}, {ID: "a\"b", Name: "n", Type: origin.NumberField, Required: true},
		{ID: "c", Name: "b", Type: origin.BoolField}, {ID: "d", Name: "d", Type: origin.AutodateField},
		{ID: "e", Name: "l", Type: origin.SelectField, MaxSelect: 2}, {ID: "f", Name: "j", Type: origin.JSONField}}}
	const want = `"a\"b""n"number "c""b"bool "d""d"date "e""l"list "f""j"json "z""id"text`
	if got := Shape(c); got != want {
		t.Errorf("shape %s, want %s", got, want)
	}
}

func TestUnknownRestrictionIsRefused(t *testing.T) {
	for _, stored := range []string{
		`{"id":"a","name":"b","type":"base","rules":{},"created":1,"updated":1,"embargo":true}`,
		`{"id":"a","name":"b","type":"base","rules":{"download":"1=2"},"created":1,"updated":1}`,
		`{"id":"a","fields":[{"encrypted":true}]}`,
		`null x`, ``, `[]`, `{"id":1}`, `{} {}`,
	} {
		if c, err := UnmarshalCollection([]byte(stored)); err == nil {
			t.Errorf("%s was read as %+v", stored, c)
		}
	}
}

func FuzzUnmarshalCollection(f *testing.F) {
	f.Add([]byte(`{"id":"pbc_1","name":"n","type":"base","rules":{"view":""},"fields":[{"id":"f","name":"x","type":"text","max":1.5}],"created":1,"updated":2}`))
	f.Add([]byte(`{"auth":{"authRule":"","identityFields":[],"authToken":{"secret":"s","durationNs":1},"fileToken":{"secret":"","durationNs":0}}}`))
	f.Add([]byte(`{"indexes":[{"name":"x","columns":[{"name":"a","desc":true}]}],"created":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := UnmarshalCollection(data)
		if err != nil {
			return
		}
		again, err := MarshalCollection(c)
		if err != nil {
			t.Fatal(err)
		}
		c2, err := UnmarshalCollection(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, c2); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

func TestValuesKeepTheirMeaning(t *testing.T) {
	text := &origin.Field{Name: "f", Type: origin.TextField}
	list := &origin.Field{Name: "f", Type: origin.FileField, MaxSelect: 2}
	number := &origin.Field{Name: "f", Type: origin.NumberField}
	boolean := &origin.Field{Name: "f", Type: origin.BoolField}
	js := &origin.Field{Name: "f", Type: origin.JSONField}
	for _, c := range []struct {
		field *origin.Field
		value any
		col   any
		back  any // where it is not value
	}{
		{field: text, value: "a", col: "a"},
		{field: list, value: []string{}, col: "[]"},
		{field: list, value: []string(nil), col: "[]", back: []string{}},
		{field: list, value: []string{"<é>", `"`}, col: `["<é>","\""]`},
		{field: number, value: math.Copysign(0, -1), col: 0.0, back: 0.0},
		{field: number, value: 5e-324, col: 5e-324},
		{field: boolean, value: true, col: true},
		{field: js, value: json.RawMessage(nil), col: nil},
		{field: js, value: nil, col: nil, back: json.RawMessage(nil)},
		{field: js, value: json.RawMessage("null"), col: nil, back: json.RawMessage(nil)},
		{field: js, value: json.RawMessage(` {"a":1}`), col: ` {"a":1}`},
	} {
		col, err := EncodeValue(c.field, c.value)
		if err != nil || !cmp.Equal(col, c.col) {
			t.Errorf("%#v is stored as %#v, %v, want %#v", c.value, col, err, c.col)
			continue
		}
		want := c.back
		if want == nil {
			want = c.value
		}
		if got, err := DecodeValue(c.field, col); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%#v comes back as %#v, %v", c.value, got, err)
		}
	}
}

func TestValuesOfAnotherTypeAreRefused(t *testing.T) {
	values := map[origin.FieldType][]any{
		origin.TextField:   {nil, 1, 1.5, true, []string{"a"}, "\xff", "a\x00"},
		origin.NumberField: {nil, 1, "1", true, math.NaN(), math.Inf(1), math.Inf(-1)},
		origin.BoolField:   {nil, 1, "true", 1.0},
		origin.JSONField:   {"text", 1.0, json.RawMessage("{"), json.RawMessage(""), json.RawMessage("\"\xff\""), []byte("1")},
		origin.FileField:   {nil, "a", []any{"a"}, []string{"\xff"}, []string{"ok", "a\x00"}},
	}
	for typ, list := range values {
		f := &origin.Field{Name: "f", Type: typ, MaxSelect: 2}
		for _, v := range list {
			if col, err := EncodeValue(f, v); !errors.Is(err, ErrValue) {
				t.Errorf("%s %#v: stored as %#v, %v", typ, v, col, err)
			}
		}
	}
	columns := map[origin.FieldType][]any{
		origin.TextField:   {nil, int64(1), 1.5, true},
		origin.NumberField: {nil, "1", true},
		origin.BoolField:   {nil, "t", 1.0},
		origin.JSONField:   {int64(1), true},
		origin.FileField:   {nil, int64(1), "a", "null", `{"a":1}`, `[1]`, `["a"`},
	}
	for typ, list := range columns {
		f := &origin.Field{Name: "f", Type: typ, MaxSelect: 2}
		for _, col := range list {
			if v, err := DecodeValue(f, col); !errors.Is(err, ErrValue) {
				t.Errorf("%s column %#v: read as %#v, %v", typ, col, v, err)
			}
		}
	}
}

func TestZeroValuesAreCanonical(t *testing.T) {
	for _, f := range []origin.Field{
		{Type: origin.TextField}, {Type: origin.NumberField}, {Type: origin.BoolField}, {Type: origin.DateField},
		{Type: origin.JSONField}, {Type: origin.FileField}, {Type: origin.FileField, MaxSelect: 2}, {Type: origin.SelectField, MaxSelect: 1},
	} {
		v := ZeroValue(&f)
		col, err := EncodeValue(&f, v)
		if err != nil {
			t.Errorf("%s: %v", f.Type, err)
		}
		if back, err := DecodeValue(&f, col); err != nil || !cmp.Equal(back, v) {
			t.Errorf("%s: %#v comes back as %#v, %v", f.Type, v, back, err)
		}
	}
}

func TestDriversMayReturnBytesAndIntegers(t *testing.T) {
	for _, c := range []struct {
		typ       origin.FieldType
		col, want any
	}{
		{origin.TextField, []byte("a"), "a"},
		{origin.NumberField, int64(2), 2.0},
		{origin.BoolField, int64(1), true},
		{origin.BoolField, int64(0), false},
		{origin.JSONField, []byte(`{}`), json.RawMessage(`{}`)},
	} {
		if got, err := DecodeValue(&origin.Field{Type: c.typ}, c.col); err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %#v is read as %#v, %v, want %#v", c.typ, c.col, got, err, c.want)
		}
	}
	list := &origin.Field{Type: origin.FileField, MaxSelect: 2}
	if got, err := DecodeValue(list, ""); err != nil || !cmp.Equal(got, []string{}) {
		t.Errorf("an empty column of a list is read as %#v, %v", got, err)
	}
}

func FuzzDecodeList(f *testing.F) {
	field := &origin.Field{Type: origin.FileField, MaxSelect: 2}
	for _, s := range []string{"", "[]", `["a"]`, `["a","\u00e9<"]`, "null", `[null]`, `["a",1]`, " [ ] ", `["\ud800"]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := DecodeValue(field, s)
		if err != nil {
			return
		}
		list := v.([]string)
		if list == nil {
			t.Fatalf("%q is read as nil", s)
		}
		for i := range list { // what no adapter writes
			list[i] = strings.ReplaceAll(list[i], "\x00", "")
		}
		col, err := EncodeValue(field, list)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodeValue(field, col); err != nil || !cmp.Equal(again, v) {
			t.Fatalf("%q: %q becomes %q, %v", s, list, again, err)
		}
	})
}
