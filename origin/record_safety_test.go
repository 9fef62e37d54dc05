package origin_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

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

func TestALimitHoldsAmongCallersWhoAppendAtOnce(t *testing.T) {
	l := newLibrary(t)
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 3})
	v := l.values("docs", nil)
	// All of them find room, and then change the record one after the other.
	ready := &gatheringCatalog{Catalog: l.catalog}
	ready.callers.Add(8)
	core, err := origin.New(context.Background(), origin.DefaultConfig(), origin.Parts{Catalog: ready, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close(context.Background())
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		in := origin.RecordInput{Files: l.uploads(map[string][]string{"files+": {fmt.Sprintf("file%d", i)}})}
		wg.Go(func() {
			_, err := core.UpdateRecord(context.Background(), origin.Caller{}, "docs", string(v.Record.ID), in)
			if err == nil {
				passed.Add(1)
			} else if want := `{"files":{"code":"validation_too_many_files","message":"The maximum allowed files is 3.","params":{"maxSelect":3}}}`; complaints(err) != want {
				t.Errorf("%v: %s\nmust be %s", err, complaints(err), want)
			}
		})
	}
	wg.Wait()
	if n := len(l.get("docs", v.Record.ID).Strings("files")); n != 3 || passed.Load() != 3 {
		t.Errorf("%d files are on the record, %d writes passed", n, passed.Load())
	}
	l.consistent(c, v.Record.ID)
}

// gatheringCatalog begins no transaction before all callers want one.
type gatheringCatalog struct {
	origin.Catalog
	callers sync.WaitGroup
}

func (g *gatheringCatalog) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	g.callers.Done()
	g.callers.Wait()
	return g.Catalog.Write(ctx, fn)
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
	if s.before != nil {
		s.before()
	}
	return s.Catalog.Write(ctx, fn)
}

func TestAWriteBeginsAnewWhereItsCollectionWasChangedMeanwhile(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	c := l.collection("docs", origin.Field{Name: "files", Type: origin.FileField, MaxSelect: 3})
	slow := &slowCatalog{Catalog: l.catalog}
	other, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: slow, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	changes := 0
	saves := func(atMost, maxSelect int) { // the collection is saved before each of the next transactions
		changes = 0
		slow.before = func() {
			if changes++; changes > atMost {
				return
			}
			if _, err := l.edit("docs", func(f []origin.Field) []origin.Field {
				f[1].MaxSelect = maxSelect
				return f
			}); err != nil {
				t.Errorf("%v: %s", err, complaints(err))
			}
		}
	}
	files := func(key string, names ...string) origin.RecordInput {
		return origin.RecordInput{Files: l.uploads(map[string][]string{key: names})}
	}
	all := origin.CollectionPrefixes(c.ID)[0]

	saves(2, 3)
	v, err := other.CreateRecord(ctx, origin.Caller{}, "docs", files("files", "aaa", "bbb"))
	if err != nil {
		t.Fatalf("an upload beside two saves of its collection: %v", err)
	}
	l.consistent(c, v.Record.ID)
	saves(1, 4)
	if v, err = other.UpdateRecord(ctx, origin.Caller{}, "docs", string(v.Record.ID), files("files+", "ccc")); err != nil {
		t.Fatalf("a change beside a save of its collection: %v: %s", err, complaints(err))
	} else if n := len(v.Record.Strings("files")); n != 3 {
		t.Errorf("%d of 3 files are on the record", n)
	}
	l.consistent(c, v.Record.ID)

	stored := len(l.stored(all))
	saves(1, 2)
	_, err = other.CreateRecord(ctx, origin.Caller{}, "docs", files("files", "aaa", "bbb", "ccc"))
	refused(t, "an upload that the new collection refuses", err, origin.Invalid, "Failed to create record.")
	saves(100, 3)
	_, err = other.CreateRecord(ctx, origin.Caller{}, "docs", files("files", "aaa"))
	refused(t, "an upload whose collection is saved all the time", err, origin.Timeout, "")
	if changes != 3 {
		t.Errorf("the write was tried %d times", changes)
	}
	slow.before = nil
	if left := len(l.stored(all)); left != stored {
		t.Errorf("refused uploads left %d objects", left-stored)
	}
}

// silentCatalog finds no related records any more once something was written.
type silentCatalog struct {
	origin.Catalog
	written *atomic.Bool
}

func (s silentCatalog) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	defer s.written.Store(true)
	return s.Catalog.Write(ctx, fn)
}

func (s silentCatalog) RecordsByID(ctx context.Context, c *origin.Collection, ids []origin.RecordID) ([]*origin.Record, error) {
	if s.written.Load() {
		return nil, errBroken
	}
	return s.Catalog.RecordsByID(ctx, c, ids)
}

func TestAWriteIsDoneAlsoWhereItsAnswerCannotBeExpanded(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	tags := l.collection("tags")
	tag := string(l.values("tags", nil).Record.ID)
	l.collection("docs", origin.Field{Name: "tag", Type: origin.RelationField, CollectionID: tags.ID}, origin.Field{Name: "n", Type: origin.NumberField})
	id := string(l.values("docs", map[string]any{"tag": tag}).Record.ID)
	silent := silentCatalog{l.catalog, new(atomic.Bool)}
	other, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: silent, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(ctx)
	silent.written.Store(false) // New has made the system collections
	v, err := other.UpdateRecord(ctx, origin.System(), "docs", id, origin.RecordInput{Values: map[string]any{"n": 1.0}, Expand: []string{"tag"}})
	if err != nil || v.Record.Values["n"] != 1.0 || v.Expand != nil {
		t.Errorf("got %+v, %v", v, err)
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
