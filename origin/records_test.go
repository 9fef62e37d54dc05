package origin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
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

func TestTwentyCallersAppendAtOnceAndNothingIsLost(t *testing.T) {
	l := newLibrary(t)
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 100}, origin.Field{Name: "n", Type: origin.NumberField})
	v := l.values("docs", nil)
	var wg sync.WaitGroup
	for i := range 20 {
		in := origin.RecordInput{
			Values: map[string]any{"n+": 1.0},
			Files:  l.uploads(map[string][]string{"files+": {fmt.Sprintf("file%d", i)}}),
		}
		wg.Go(func() {
			if _, err := l.UpdateRecord(context.Background(), origin.Caller{}, "docs", string(v.Record.ID), in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r := l.get("docs", v.Record.ID)
	got := bases(r.Strings("files"))
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 20 {
		t.Errorf("%d of 20 files are on the record", n)
	}
	if r.Values["n"] != 20.0 {
		t.Errorf("20 additions came to %v", r.Values["n"])
	}
	l.consistent(c, v.Record.ID)
}

func TestAnySequenceOfWritesKeepsRecordRowsAndBytesTogether(t *testing.T) {
	l := newLibrary(t)
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 4}, origin.Field{Name: "one", Type: origin.FileField})
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 7))
		v := l.values("docs", nil)
		var model []string // of files
		for step := range 8 {
			pick := func() []any {
				var some []any
				for _, name := range model {
					if rng.IntN(2) == 0 {
						some = append(some, name)
					}
				}
				return some
			}
			key := []string{"files", "files+", "+files", "files-", "one"}[rng.IntN(5)]
			in := origin.RecordInput{}
			var named []any
			if key == "files" || key == "files-" {
				named = pick()
				in.Values = map[string]any{key: named}
			}
			if n := rng.IntN(3); n > 0 && key != "files-" {
				in.Files = make(map[string][]*origin.Upload)
				for i := range n {
					in.Files[key] = append(in.Files[key], l.stage(fmt.Sprintf("s%dx%d.txt", step, i), []byte{byte(i)}))
				}
			}
			uploaded := len(in.Files[key])
			after, err := l.UpdateRecord(context.Background(), origin.Caller{}, "docs", string(v.Record.ID), in)
			if err != nil { // too many files is the one refusal that there can be
				if len(model)+uploaded <= 4 {
					t.Fatalf("seed %d, step %d: %v: %s", seed, step, err, complaints(err))
				}
				l.consistent(c, v.Record.ID)
				continue
			}
			got := after.Record.Strings("files")
			want := expected(key, model, named, uploaded, got)
			if !slices.Equal(want, got) {
				t.Fatalf("seed %d, step %d: %s of %v and %d uploads made %v of %v", seed, step, key, named, uploaded, got, model)
			}
			model = got
			l.consistent(c, v.Record.ID)
		}
		if err := l.DeleteRecord(context.Background(), origin.Caller{}, "docs", string(v.Record.ID)); err != nil {
			t.Fatal(err)
		}
		for _, prefix := range origin.RecordPrefixes(c.ID, v.Record.ID) {
			if left := l.stored(prefix); len(left) > 0 {
				t.Fatalf("seed %d: left behind: %v", seed, left)
			}
		}
	}
}

// expected says the modifiers' rules over lists once more; where uploads lie it takes their names from got.
func expected(key string, model []string, named []any, uploaded int, got []string) []string {
	var names []string
	for _, n := range named {
		names = append(names, n.(string))
	}
	fresh := func(from int) []string {
		if from < 0 || from+uploaded > len(got) {
			return nil
		}
		return got[from : from+uploaded]
	}
	switch key {
	case "files":
		return slices.Concat(names, fresh(len(names)))
	case "files+":
		return slices.Concat(model, fresh(len(model)))
	case "+files":
		return slices.Concat(fresh(0), model)
	case "files-":
		return slices.DeleteFunc(slices.Clone(model), func(s string) bool { return slices.Contains(names, s) })
	}
	return model
}

// brokenCatalog lets a transaction do its work and then fails, before or after the commit.
type brokenCatalog struct {
	origin.Catalog
	broken    bool
	committed bool
}

var errBroken = errors.New("the connection broke")

func (b *brokenCatalog) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	if !b.broken {
		return b.Catalog.Write(ctx, fn)
	}
	err := b.Catalog.Write(ctx, func(tx origin.CatalogTx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if !b.committed {
			return errBroken
		}
		return nil
	})
	if err == nil {
		err = errBroken
	}
	return err
}

func TestAFailedWriteLeavesNoBytes(t *testing.T) {
	l := newLibrary(t)
	broken := &brokenCatalog{Catalog: l.catalog}
	core, err := origin.New(context.Background(), origin.DefaultConfig(), origin.Parts{Catalog: broken, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close(context.Background())
	own := l.Origin
	defer func() { l.Origin = own }()
	l.Origin = core
	c := l.collection("docs",
		origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 3},
		origin.Field{Name: "name", Type: origin.TextField})
	names := []string{"CREATE UNIQUE INDEX idx_name ON docs (name)"}
	if _, err := core.UpdateCollection(context.Background(), origin.System(), "docs", origin.CollectionInput{Indexes: &names}); err != nil {
		t.Fatal(err)
	}
	first := l.values("docs", map[string]any{"name": "taken"})
	files := func() map[string][]*origin.Upload { return l.uploads(map[string][]string{"files": {"aaa", "bbb"}}) }
	all := origin.CollectionPrefixes(c.ID)[0]

	_, err = core.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Values: map[string]any{"name": "taken"}, Files: files()})
	refused(t, "a value that must be unique", err, origin.Invalid, "Failed to create record.")
	if got, want := complaints(err), `{"name":{"code":"validation_not_unique","message":"Value must be unique."}}`; got != want {
		t.Errorf("%s\nmust be %s", got, want)
	}
	if left := l.stored(all); len(left) > 0 {
		t.Errorf("a clash left %v", left)
	}

	broken.broken = true
	if _, err = core.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Files: files()}); !errors.Is(err, errBroken) {
		t.Errorf("a failed transaction: %v", err)
	}
	if left := l.stored(all); len(left) > 0 {
		t.Errorf("a failed transaction left %v", left)
	}

	broken.committed = true // the commit arrived, and its answer did not
	if _, err = core.UpdateRecord(context.Background(), origin.Caller{}, "docs", string(first.Record.ID), origin.RecordInput{Files: files()}); !errors.Is(err, errBroken) {
		t.Errorf("a lost answer: %v", err)
	}
	broken.broken = false
	if n := len(l.get("docs", first.Record.ID).Strings("files")); n != 2 {
		t.Fatalf("the commit did not arrive: %d files", n)
	}
	l.consistent(c, first.Record.ID)
}

// slowCatalog lets another process change things before each transaction.
type slowCatalog struct {
	origin.Catalog
	before func()
}

func (s *slowCatalog) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Catalog.Write(ctx, fn)
}

func TestAWriteNoticesThatItsCollectionWasChangedMeanwhile(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 3})
	slow := &slowCatalog{Catalog: l.catalog}
	other, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: slow, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	for _, maxSelect := range []int{1, 3} {
		slow.before = func() {
			if _, err := l.edit("docs", func(f []origin.Field) []origin.Field {
				f[1].MaxSelect = maxSelect
				return f
			}); err != nil {
				t.Errorf("%v: %s", err, complaints(err))
			}
		}
		if _, err := other.CreateRecord(ctx, origin.System(), "docs", origin.RecordInput{Files: l.uploads(map[string][]string{"files": {"aaa"}})}); origin.KindOf(err) != origin.Unavailable {
			t.Errorf("a record was checked against a collection that is no more: %v", err)
		}
		if left := l.stored(origin.CollectionPrefixes(c.ID)[0]); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		eventually(t, "the change is seen and the write passes", func() bool {
			v, err := other.CreateRecord(ctx, origin.System(), "docs", origin.RecordInput{})
			return err == nil && other.DeleteRecord(ctx, origin.System(), "docs", string(v.Record.ID)) == nil
		})
	}
}

func TestUploadsThatNothingIsMadeOfLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	l := openLibrary(t, dir)
	hidden := origin.Field{Name: "secret", Type: origin.FileField, MaxSelect: 2, Hidden: true}
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 1, Required: true}, hidden)
	all := origin.CollectionPrefixes(c.ID)[0]
	in := origin.RecordInput{Values: map[string]any{"files": "evil.jpg"}, Files: l.uploads(map[string][]string{"secret": {"aaa"}})}
	_, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", in)
	refused(t, "an unknown name", err, origin.Invalid, "Failed to create record.")
	if left := l.stored(all); len(left) > 0 {
		t.Errorf("a refused record left %v", left)
	}
	v, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Files: l.uploads(map[string][]string{"files": {"aaa"}, "secret": {"bbb"}, "nosuch": {"ccc"}})})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.stored(all)); n != 1 {
		t.Errorf("%d objects are there, of one file that the caller may write", n)
	}
	l.consistent(c, v.Record.ID)
	staged, err := os.ReadDir(dir + "/storage/.tmp")
	if err != nil || len(staged) > 0 {
		t.Errorf("uploads were neither kept nor discarded: %v, %v", staged, err)
	}
}

func asUser(c *origin.Collection, id origin.RecordID) origin.Caller {
	return origin.Caller{Principal: auth.Principal{
		CollectionID: string(c.ID), CollectionName: c.Name, RecordID: string(id), Type: auth.TypeAuth, Refreshable: true, Superuser: c.IsSuperusers(),
	}}
}
