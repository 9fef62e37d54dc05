package origin_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

func ptr[T any](v T) *T { return &v }

// rules sets the same rule for everything.
func rules(in *origin.CollectionInput, source string) {
	p := &source
	in.ListRule, in.ViewRule, in.CreateRule, in.UpdateRule, in.DeleteRule = &p, &p, &p, &p, &p
}

// collection makes a base collection that anybody may read and write.
func (l *library) collection(name string, fields ...origin.Field) *origin.Collection {
	l.t.Helper()
	in := origin.CollectionInput{Name: &name, Fields: &fields}
	rules(&in, "")
	c, err := l.CreateCollection(context.Background(), origin.System(), in)
	if err != nil {
		l.t.Fatalf("%v: %s", err, complaints(err))
	}
	return c
}

// values writes a record of plain values.
func (l *library) values(collection string, values map[string]any) *origin.View {
	l.t.Helper()
	v, err := l.CreateRecord(context.Background(), origin.System(), collection, origin.RecordInput{Values: values})
	if err != nil {
		l.t.Fatalf("%v: %s", err, complaints(err))
	}
	return v
}

// complaints is what a dialect would send as the data of an error.
func complaints(err error) string {
	var e *origin.Error
	if !errors.As(err, &e) {
		return "no *origin.Error"
	}
	if e.Fields == nil {
		return "{}"
	}
	data, err := json.Marshal(e.Fields)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// refused checks the kind and the sentence of an error.
func refused(t *testing.T, what string, err error, kind origin.Kind, message string) {
	t.Helper()
	var e *origin.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Message != message {
		t.Errorf("%s: %v\nmust be %v with %q", what, err, kind, message)
	}
}

func (l *library) get(collection string, id origin.RecordID) *origin.Record {
	l.t.Helper()
	v, err := l.ViewRecord(context.Background(), origin.System(), collection, string(id), origin.ReadOptions{})
	if err != nil {
		l.t.Fatal(err)
	}
	return v.Record
}

// consistent checks what must hold after any write: a record's lists, the rows of its files and the stored bytes name
// the same files.
func (l *library) consistent(c *origin.Collection, id origin.RecordID) {
	l.t.Helper()
	r := l.get(string(c.ID), id)
	var listed []string
	for i := range c.Fields {
		if c.Fields[i].Type == origin.FileField {
			listed = append(listed, r.Strings(c.Fields[i].Name)...)
		}
	}
	rows, err := l.catalog.Files(context.Background(), c.ID, id)
	if err != nil {
		l.t.Fatal(err)
	}
	var named, kept []string
	for _, f := range rows {
		named = append(named, string(f.Name))
	}
	for _, o := range l.stored(origin.RecordPrefixes(c.ID, id)[0]) {
		ref, ok := origin.ParseOriginalKey(o.Key)
		if !ok {
			l.t.Fatalf("stray object %s", o.Key)
		}
		kept = append(kept, string(ref.Name))
	}
	slices.Sort(listed)
	slices.Sort(named)
	slices.Sort(kept)
	if !slices.Equal(listed, named) || !slices.Equal(named, kept) {
		l.t.Fatalf("the record lists %v\nrows are there of %v\nbytes are there of %v", listed, named, kept)
	}
}

// bases strips the random suffixes, so that lists can be compared with what was uploaded.
func bases(names []string) []string {
	out := []string{}
	for _, name := range names {
		base, _, _ := strings.Cut(name, "_")
		out = append(out, base)
	}
	return out
}

func TestModifiersOfFiles(t *testing.T) {
	l := newLibrary(t)
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 5}, origin.Field{Name: "one", Type: origin.FileField})
	for _, test := range []struct {
		name   string
		values func(now []string) map[string]any // of the names on the record: aaa, bbb, ccc
		files  map[string][]string
		want   []string
	}{
		{"nothing leaves the list", nil, nil, []string{"aaa", "bbb", "ccc"}},
		{"append", nil, map[string][]string{"files+": {"ddd", "eee"}}, []string{"aaa", "bbb", "ccc", "ddd", "eee"}},
		{"prepend", nil, map[string][]string{"+files": {"ddd", "eee"}}, []string{"ddd", "eee", "aaa", "bbb", "ccc"}},
		{"both ends", nil, map[string][]string{"+files": {"ddd"}, "files+": {"eee"}}, []string{"ddd", "aaa", "bbb", "ccc", "eee"}},
		{"plain uploads replace", nil, map[string][]string{"files": {"ddd"}}, []string{"ddd"}},
		{"names beside plain uploads stay, in front", func(now []string) map[string]any { return map[string]any{"files": now[1]} },
			map[string][]string{"files": {"ddd"}}, []string{"bbb", "ddd"}},
		{"a list of names reorders and prunes", func(now []string) map[string]any {
			return map[string]any{"files": []any{now[2], now[0]}}
		}, nil, []string{"ccc", "aaa"}},
		{"an empty list clears", func([]string) map[string]any { return map[string]any{"files": []any{}} }, nil, []string{}},
		{"an empty string clears", func([]string) map[string]any { return map[string]any{"files": ""} }, nil, []string{}},
		{"null clears", func([]string) map[string]any { return map[string]any{"files": nil} }, nil, []string{}},
		{"one name is removed", func(now []string) map[string]any { return map[string]any{"files-": now[1]} }, nil, []string{"aaa", "ccc"}},
		{"a list of names is removed", func(now []string) map[string]any { return map[string]any{"files-": []any{now[1], now[0]}} }, nil, []string{"ccc"}},
		{"an unknown name removes nothing", func([]string) map[string]any { return map[string]any{"files-": "nothing.txt"} }, nil, []string{"aaa", "bbb", "ccc"}},
		{"remove and append", func(now []string) map[string]any { return map[string]any{"files-": now[0]} },
			map[string][]string{"files+": {"ddd"}}, []string{"bbb", "ccc", "ddd"}},
		{"a name twice counts once", func(now []string) map[string]any { return map[string]any{"files": []any{now[0], now[0]}} }, nil, []string{"aaa"}},
		{"unknown keys mean nothing", func([]string) map[string]any { return map[string]any{"other": 1.0, "+files+": "x", "expand": "x"} },
			map[string][]string{"other": {"ddd"}, "files-": {}}, []string{"aaa", "bbb", "ccc"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l.t = t
			before, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Files: l.uploads(map[string][]string{"files": {"aaa", "bbb", "ccc"}})})
			if err != nil {
				t.Fatal(err)
			}
			in := origin.RecordInput{Files: l.uploads(test.files)}
			if test.values != nil {
				in.Values = test.values(before.Record.Strings("files"))
			}
			after, err := l.UpdateRecord(context.Background(), origin.Caller{}, "docs", string(before.Record.ID), in)
			if err != nil {
				t.Fatalf("%v: %s", err, complaints(err))
			}
			if diff := cmp.Diff(test.want, bases(after.Record.Strings("files"))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(after.Record.Values, l.get("docs", before.Record.ID).Values); diff != "" {
				t.Errorf("the answer is not what is stored (-answer +stored):\n%s", diff)
			}
			l.consistent(c, before.Record.ID)
		})
	}
	l.t = t
	t.Run("of two files for a single field the last one wins", func(t *testing.T) {
		l.t = t
		v, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Files: l.uploads(map[string][]string{"one": {"aaa", "bbb"}})})
		if err != nil {
			t.Fatal(err)
		}
		if got := bases(v.Record.Strings("one")); !slices.Equal(got, []string{"bbb"}) {
			t.Errorf("%v", got)
		}
		l.consistent(c, v.Record.ID)
		v, err = l.UpdateRecord(context.Background(), origin.Caller{}, "docs", string(v.Record.ID), origin.RecordInput{Files: l.uploads(map[string][]string{"+one": {"ccc"}})})
		if err != nil {
			t.Fatal(err)
		}
		if got := bases(v.Record.Strings("one")); !slices.Equal(got, []string{"bbb"}) {
			t.Errorf("prepended to a single file: %v", got)
		}
		l.consistent(c, v.Record.ID)
	})
	l.t = t
}

// uploads stages small texts by name.
func (l *library) uploads(names map[string][]string) map[string][]*origin.Upload {
	l.t.Helper()
	out := make(map[string][]*origin.Upload)
	for key, list := range names {
		for _, name := range list {
			out[key] = append(out[key], l.stage(name+".txt", []byte(name)))
		}
	}
	return out
}

func TestModifiersOfOtherFields(t *testing.T) {
	l := newLibrary(t)
	tags := l.collection("tags")
	var ids []string
	for range 3 {
		ids = append(ids, string(l.values("tags", nil).Record.ID))
	}
	l.collection("notes",
		origin.Field{Name: "tags", Type: origin.RelationField, CollectionID: tags.ID, MaxSelect: 5},
		origin.Field{Name: "kinds", Type: origin.SelectField, Values: []string{"a", "b", "c"}, MaxSelect: 3},
		origin.Field{Name: "count", Type: origin.NumberField},
		origin.Field{Name: "slug", Type: origin.TextField, AutogeneratePattern: "[0-9]{6}"})
	v := l.values("notes", map[string]any{"tags": ids[0], "kinds": []any{"b"}, "count": 10.0})
	if s := v.Record.Text("slug"); len(s) != 6 {
		t.Errorf("a slug was not made: %q", s)
	}
	got, err := l.UpdateRecord(context.Background(), origin.Caller{}, "notes", string(v.Record.ID), origin.RecordInput{Values: map[string]any{
		"tags+": []any{ids[1], ids[0]}, "+tags": ids[2], "kinds+": "c", "+kinds": "a", "kinds-": "b", "count+": "5", "count-": 2.5, "slug:autogenerate": "x-",
	}})
	if err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	want := map[string]any{"tags": []string{ids[2], ids[0], ids[1]}, "kinds": []string{"a", "c"}, "count": 12.5}
	for name, w := range want {
		if diff := cmp.Diff(w, got.Record.Values[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if s := got.Record.Text("slug"); len(s) != 8 || !strings.HasPrefix(s, "x-") {
		t.Errorf("slug %q", s)
	}
}

func asUser(c *origin.Collection, id origin.RecordID) origin.Caller {
	return origin.Caller{Principal: auth.Principal{
		CollectionID: string(c.ID), CollectionName: c.Name, RecordID: string(id), Type: auth.TypeAuth, Refreshable: true, Superuser: c.IsSuperusers(),
	}}
}
