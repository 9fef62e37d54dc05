package origin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

func TestOfTwoMoversOneWins(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	for round := range 5 {
		from := fmt.Sprintf("r%d/a.jpg", round)
		m := l.media("a.jpg", origin.MediaDraft{Folder: fmt.Sprintf("r%d", round)})
		var won atomic.Int64
		var group sync.WaitGroup
		for n := range 4 {
			group.Go(func() {
				_, err := l.MoveMedia(ctx, writer, origin.ByPath(from), fmt.Sprintf("r%d/to%d.jpg", round, n))
				switch {
				case err == nil:
					won.Add(1)
				case origin.KindOf(err) != origin.NotFound:
					t.Error(err)
				}
			})
		}
		group.Wait()
		got, err := l.Media(ctx, reader, origin.ByID(m.ID))
		if won.Load() != 1 || err != nil || !strings.HasPrefix(got.Slug, "to") {
			t.Fatalf("%d have moved it, to %+v (%v)", won.Load(), got, err)
		}
		if c, err := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath(got.Path())}); err != nil || c.Size != m.Size {
			t.Fatalf("%+v, %v", c, err)
		}
		_, err = l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath(from)})
		kind(t, "the old path", err, origin.NotFound)
	}
}

func TestTwoFilesThatMoveToOnePathAreNotLost(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	var files []*origin.Media
	for n := range 4 {
		files = append(files, l.media(fmt.Sprintf("%d.jpg", n), origin.MediaDraft{}))
	}
	var won atomic.Int64
	var group sync.WaitGroup
	for _, m := range files {
		group.Go(func() {
			_, err := l.MoveMedia(ctx, writer, origin.ByID(m.ID), "to/one.jpg")
			switch {
			case err == nil:
				won.Add(1)
			case origin.KindOf(err) != origin.Conflict:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d files are at one path", won.Load())
	}
	for _, m := range files {
		if _, err := l.Media(ctx, reader, origin.ByID(m.ID)); err != nil {
			t.Error(err)
		}
	}
}

func TestAMoverAndADeleterLoseNothing(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	for round := range 5 {
		from := fmt.Sprintf("%d/a.jpg", round)
		m := l.media("a.jpg", origin.MediaDraft{Folder: fmt.Sprint(round)})
		var moved, deleted error
		var group sync.WaitGroup
		group.Go(func() { _, moved = l.MoveMedia(ctx, writer, origin.ByPath(from), fmt.Sprintf("%d/b.jpg", round)) })
		group.Go(func() { deleted = l.DeleteMedia(ctx, writer, origin.ByPath(from)) })
		group.Wait()
		_, err := l.Media(ctx, reader, origin.ByID(m.ID))
		switch {
		case moved == nil && origin.KindOf(deleted) == origin.NotFound && err == nil:
		case deleted == nil && origin.KindOf(moved) == origin.NotFound && origin.KindOf(err) == origin.NotFound:
		default:
			t.Errorf("moved: %v, deleted: %v, there: %v", moved, deleted, err)
		}
	}
	rows := 0
	for n := range 5 {
		page, err := l.ListMedia(ctx, reader, fmt.Sprint(n), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		rows += len(page.Files)
	}
	if n := len(l.stored("originals/")); n != rows {
		t.Errorf("%d originals of %d files", n, rows)
	}
}

func TestEditsAtOnceAllCount(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	m := l.media("a.jpg", origin.MediaDraft{Metadata: map[string]any{"drop": 1, "keep": "x"}})
	var group sync.WaitGroup
	for n := range 10 {
		group.Go(func() {
			edit := origin.MediaEdit{Metadata: func(m map[string]any) {
				m[fmt.Sprintf("k%d", n)] = n
				delete(m, "drop")
			}}
			if _, err := l.UpdateMedia(ctx, writer, origin.ByID(m.ID), edit); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, err := l.Media(ctx, reader, origin.ByID(m.ID))
	if err != nil || len(got.Metadata) != 11 || got.Metadata["keep"] != "x" {
		t.Errorf("%v, %v", got.Metadata, err)
	}
}

func TestPutsOfOneNameAtOnceAllStay(t *testing.T) {
	l := newLibrary(t)
	var group sync.WaitGroup
	for range 12 {
		u := l.stage("same.jpg", smallJPEG(t, 8, 8))
		group.Go(func() {
			if _, err := l.PutMedia(context.Background(), writer, u, origin.MediaDraft{Folder: "f"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	page, err := l.ListMedia(context.Background(), reader, "f", 0, 5)
	if err != nil || len(page.Files) != 5 || !page.More {
		t.Fatalf("%+v, %v", page, err)
	}
	rest, err := l.ListMedia(context.Background(), reader, "/f/", 5, 0)
	if err != nil || len(rest.Files) != 7 || rest.More {
		t.Fatalf("%+v, %v", rest, err)
	}
}

// late is a catalog in which somebody else is always a moment faster, a few times.
type late struct {
	origin.Catalog
	times atomic.Int64
}

func (l *late) Write(ctx context.Context, fn func(origin.CatalogTx) error) error {
	if l.times.Add(-1) >= 0 {
		return &origin.UniqueError{Columns: []string{"folder", "slug"}}
	}
	return l.Catalog.Write(ctx, fn)
}

func TestANumberThatSomebodyElseHasTakenMeanwhileIsLookedForAgain(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	slow := &late{Catalog: l.catalog}
	core, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: slow, Blobs: l.blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close(ctx)
	l.media("a.jpg", origin.MediaDraft{})
	slow.times.Store(3)
	m, err := core.PutMedia(ctx, writer, l.stage("a.jpg", smallJPEG(t, 8, 8)), origin.MediaDraft{})
	if err != nil || m.Slug != "a-2.jpg" {
		t.Errorf("%+v, %v", m, err)
	}
	slow.times.Store(1)
	_, err = core.MoveMedia(ctx, writer, origin.ByID(m.ID), "b.jpg")
	kind(t, "a move, which takes what it asks for or nothing", err, origin.Conflict)
	slow.times.Store(1 << 40)
	_, err = core.PutMedia(ctx, writer, l.stage("a.jpg", smallJPEG(t, 8, 8)), origin.MediaDraft{})
	kind(t, "somebody who is always faster", err, origin.Conflict)
	slow.times.Store(0)
	if n := len(l.stored("originals/")); n != 2 {
		t.Errorf("%d originals of two files", n)
	}
}

func TestWhatAFileOfTheLibraryMayBeCalled(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	long := strings.Repeat("ä", 300) + ".jpg"
	for name, slug := range map[string]string{
		"a.jpg": "a.jpg", "..": "file", ".": "file", "": "file", "a/b/c.jpg": "c.jpg", `C:\x\y.jpg`: "y.jpg", "a\x00b\n.jpg": "a\uFFFDb.jpg",
		"...": "...", ".hidden": ".hidden", "日本.jpg": "日本.jpg", long: strings.Repeat("ä", 251) + ".jpg", " sp ace.jpg ": "sp ace.jpg",
	} {
		m := l.media(name, origin.MediaDraft{Folder: "n"})
		if m.Slug != slug {
			t.Errorf("%.20q is %.20q, want %.20q", name, m.Slug, slug)
		}
		if err := l.DeleteMedia(ctx, writer, origin.ByPath(m.Path())); err != nil {
			t.Errorf("%q: %v", m.Path(), err)
		}
	}
	m := l.media("a.jpg", origin.MediaDraft{})
	for _, to := range []string{"", "/", "a//b", "../a", "a/../b", "./a", "a/.", `a\b`, "a/\x00", "a\n", strings.Repeat("x", 300), strings.Repeat("x/", 800) + "x"} {
		_, err := l.MoveMedia(ctx, writer, origin.ByID(m.ID), to)
		kind(t, fmt.Sprintf("a move to %.10q", to), err, origin.Invalid)
	}
	for _, folder := range []string{"..", "a/../b", "a//b", `a\b`} {
		u := l.stage("b.jpg", smallJPEG(t, 8, 8))
		_, err := l.PutMedia(ctx, writer, u, origin.MediaDraft{Folder: folder})
		kind(t, "a file in "+folder, err, origin.Invalid)
	}
	if n := len(l.stored("originals/")); n != 1 {
		t.Errorf("%d originals are left", n)
	}
}

func TestACopyIsAFileOfItsOwn(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	m := l.media("a.jpg", origin.MediaDraft{Title: "t", Metadata: map[string]any{"k": "v"}, Visibility: origin.Private})
	var paths []string
	for range 3 {
		c, err := l.CopyMedia(ctx, both, origin.ByID(m.ID), "b/a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, c.Path())
		if c.UUID == m.UUID || c.Secret == m.Secret || c.ID == m.ID || c.Title != "t" || c.Metadata["k"] != "v" || c.Visibility != origin.Private || c.BlurHash != m.BlurHash {
			t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff([]string{"b/a.jpg", "b/a-2.jpg", "b/a-3.jpg"}, paths); diff != "" {
		t.Error(diff)
	}
	if err := l.DeleteMedia(ctx, writer, origin.ByID(m.ID)); err != nil {
		t.Fatal(err)
	}
	if c, err := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath("b/a.jpg"), Who: reader}); err != nil || c.Size != m.Size {
		t.Errorf("the copy without the original: %+v, %v", c, err)
	}
}

func TestACallersOwnUUID(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	id := origin.NewUUID()
	if m := l.media("a.jpg", origin.MediaDraft{UUID: strings.ToUpper(id)}); m.UUID != id {
		t.Errorf("%s, want %s", m.UUID, id)
	}
	_, err := l.PutMedia(ctx, writer, l.stage("b.jpg", smallJPEG(t, 8, 8)), origin.MediaDraft{UUID: id})
	kind(t, "a taken UUID", err, origin.Conflict)
	_, err = l.PutMedia(ctx, writer, l.stage("b.jpg", smallJPEG(t, 8, 8)), origin.MediaDraft{UUID: "x"})
	kind(t, "a UUID that is none", err, origin.Invalid)
	if n := len(l.stored("originals/")); n != 1 {
		t.Errorf("%d originals are left", n)
	}
}

func TestTheNativeDialectMakesFilesOfTheLibraryToo(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	in := origin.RecordInput{
		Values: map[string]any{"folder": "/n/", "title": "t", "uuid": "", "secret": "mine", "size": 7, "blurhash": "mine", "exif": map[string]any{"Make": "mine"}, "visibility": "private"},
		Files:  map[string][]*origin.Upload{"file": {l.stage("x.jpg", smallJPEG(t, 20, 10))}},
	}
	v, err := l.CreateRecord(ctx, origin.System(), "media", in)
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.Media(ctx, reader, origin.ByPath("n/x.jpg"))
	if err != nil || m.ID != v.Record.ID || m.Width != 20 || m.Size < 100 || len(m.BlurHash) < 6 || m.BlurHash == "mine" || !maps.Equal(m.EXIF, map[string]any{"SamplesPerPixel": 3.0}) || !origin.IsUUID(m.Secret) || m.Visibility != origin.Private {
		t.Fatalf("%+v, %v", m, err)
	}
	// Another file under the same record: what follows from the bytes follows them, what names the file stays.
	v, err = l.UpdateRecord(ctx, origin.System(), "media", string(m.ID), origin.RecordInput{
		Values: map[string]any{"secret": "mine", "uuid": "mine", "width": 1, "mime": "text/html"},
		Files:  map[string][]*origin.Upload{"file": {l.stage("y.png", []byte("plain text"))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Media(ctx, reader, origin.ByUUID(m.UUID))
	if err != nil || n.Secret != m.Secret || n.Width != 0 || n.MIME != "text/plain" || n.Size != 10 || n.BlurHash != "" || len(n.EXIF) != 0 || n.OriginalName != "y.png" || n.Slug != "x.jpg" {
		t.Fatalf("%+v, %v", n, err)
	}
	for _, hidden := range v.Fields {
		if hidden.Name == "secret" && !hidden.Hidden {
			t.Error("the secret is shown")
		}
	}
	_, err = l.CreateRecord(ctx, origin.System(), "media", origin.RecordInput{Values: map[string]any{"title": "no file"}})
	kind(t, "a record without a file", err, origin.Invalid)
}

func TestAPreviewThatFailsIsNoFailureOfTheUpload(t *testing.T) {
	l := newLibrary(t)
	broken := error(transform.ErrCorrupt)
	l.renderer.fail.Store(&broken)
	if m := l.media("a.jpg", origin.MediaDraft{}); m.BlurHash != "" || m.Width != 80 {
		t.Errorf("%+v", m)
	}
	other := errors.New("no pixels today")
	l.renderer.fail.Store(&other)
	if m := l.media("a.jpg", origin.MediaDraft{}); m.BlurHash != "" {
		t.Errorf("%+v", m)
	}
	l.renderer.fail.Store(nil)
	if m := l.media("a.jpg", origin.MediaDraft{}); len(m.BlurHash) != 28 { // 4 by 3 components
		t.Errorf("%+v", m)
	}
}

func TestALibraryThatHadACollectionOfThatNameKeepsIt(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l := openLibrary(t, dir)
	err := l.catalog.Write(ctx, func(tx origin.CatalogTx) error { // as it was left by a program that knew no media
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		for _, c := range all {
			if c.ID != origin.MediaID {
				continue
			}
			own := *c
			own.ID, own.Name, own.System = "pbc_own", "Media", false
			if err := tx.DeleteCollection(ctx, c); err != nil {
				return err
			}
			return tx.InsertCollection(ctx, &own)
		}
		return errors.New("there is no media")
	})
	if err != nil {
		t.Fatal(err)
	}
	l.close()
	for range 2 { // the second time it is there
		l = openLibrary(t, dir)
		c, err := l.Collection(string(origin.MediaID))
		own, err2 := l.Collection("media")
		if err != nil || err2 != nil || c.Name != "media_" || own.ID != "pbc_own" {
			t.Fatalf("%+v, %+v, %v, %v", c, own, err, err2)
		}
		l.media("a.jpg", origin.MediaDraft{})
		l.close()
	}
}

func TestFilesOfAFolderAreNotThoseOfOthers(t *testing.T) {
	l := newLibrary(t)
	for _, folder := range []string{"", "a", "a/b", "A", "a b", "a%", `a"`} {
		l.media("x.jpg", origin.MediaDraft{Folder: folder})
		page, err := l.ListMedia(context.Background(), reader, folder, 0, 0)
		if err != nil || len(page.Files) != 1 || page.Files[0].Folder != folder {
			data, _ := json.Marshal(page)
			t.Errorf("%q: %s, %v", folder, data, err)
		}
	}
}
