package origin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

func TestAWarmThumbNeedsNeitherStoreNorCatalog(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	cold := l.warm(r, "50x50")
	l.catalog.Close()
	l.blobs.Close()
	warm, err := l.thumb(r, "50x50")
	if err != nil {
		t.Fatalf("with catalog and store closed: %v", err)
	}
	if !bytes.Equal(warm.Data, cold.Data) || warm.ETag != cold.ETag {
		t.Error("the warm answer differs from the cold one")
	}
	if _, err := l.thumb(r, "0x40"); err == nil {
		t.Error("a cold thumb was made without a store: the store was not really taken away")
	}
}

func TestPublicAnswersGoOnAndRulesFailClosedWhileTheCatalogIsSilent(t *testing.T) {
	l := newLibrary(t)
	rule := "image != ''"
	l.photos(func(in *origin.CollectionInput, f *origin.Field) {
		f.Protected = true
		p := &rule
		in.ViewRule = &p
	})
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	if c := l.warm(r, "50x50"); c.Policy != origin.PolicyPrivate {
		t.Fatalf("policy %v", c.Policy)
	}
	l.catalog.Close()
	eventually(t, "protected files are refused", func() bool {
		_, err := l.thumb(r, "50x50")
		var e *origin.Error
		return errors.As(err, &e) && e.Private && e.Kind == origin.Timeout
	})
}

func TestFiveHundredFirstRequestsRenderOnce(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	l.renderer.wait = make(chan struct{})
	r := l.put("a.jpg", smallJPEG(t, 200, 100))

	type answer struct {
		c   origin.Content
		err error
	}
	answers := make(chan answer, 500)
	for range 500 {
		go func() {
			c, err := l.thumb(r, "50x50")
			answers <- answer{c, err}
		}()
	}
	// The first of all leaves while its thumb is being made; nobody else may notice.
	impatient, leave := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		q := r
		q.Thumb = "50x50"
		_, err := l.Open(impatient, &q)
		left <- err
	}()
	eventually(t, "a render begins", func() bool { return l.renderer.renders.Load() == 1 })
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) && err != nil {
		t.Errorf("the one that left got %v", err)
	}
	close(l.renderer.wait)
	var first origin.Content
	for i := range 500 {
		a := <-answers
		if a.err != nil {
			t.Fatal(a.err)
		}
		if i == 0 {
			first = a.c
		}
		if !bytes.Equal(a.c.Data, first.Data) || a.c.ETag != first.ETag {
			t.Fatal("answers differ")
		}
	}
	if n := l.renderer.renders.Load(); n != 1 {
		t.Errorf("%d renders", n)
	}
}

func TestReplacingAndDeletingRemovesTheOldBytes(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	old := l.put("a.jpg", smallJPEG(t, 200, 100))
	for _, spec := range []string{"50x50", "0x40"} {
		if _, err := l.thumb(old, spec); err != nil {
			t.Fatal(err)
		}
	}
	fresh := l.replace(old, "b.jpg", smallJPEG(t, 210, 100))
	if fresh.Name == old.Name {
		t.Fatal("the replaced file kept its name")
	}
	for _, spec := range []string{"", "50x50"} {
		if _, err := l.thumb(old, spec); origin.KindOf(err) != origin.NotFound {
			t.Errorf("the replaced file is still answered for thumb %q: %v", spec, err)
		}
		if _, err := l.thumb(fresh, spec); err != nil {
			t.Errorf("the new file, thumb %q: %v", spec, err)
		}
	}
	eventually(t, "only the new file's objects are left", func() bool {
		return len(l.stored("originals/")) == 1 && len(l.stored("renditions/")) == 1
	})
	if err := l.DeleteRecord(context.Background(), origin.System(), "photos", fresh.Record); err != nil {
		t.Fatal(err)
	}
	if _, err := l.thumb(fresh, "50x50"); origin.KindOf(err) != origin.NotFound {
		t.Errorf("the deleted file is still answered: %v", err)
	}
	eventually(t, "nothing is left", func() bool {
		return len(l.stored("originals/"))+len(l.stored("renditions/")) == 0
	})
}

func TestARenditionMadeWhileItsFileIsDeletedIsRemoved(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	l.renderer.wait = make(chan struct{})
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	done := make(chan error, 1)
	go func() {
		_, err := l.thumb(r, "50x50")
		done <- err
	}()
	eventually(t, "the render begins", func() bool { return l.renderer.renders.Load() == 1 })
	if err := l.DeleteRecord(context.Background(), origin.System(), "photos", r.Record); err != nil {
		t.Fatal(err)
	}
	close(l.renderer.wait)
	<-done
	eventually(t, "the late rendition is gone from the store", func() bool { return len(l.stored("renditions/")) == 0 })
}

func TestStoredRenditionsStayWithinTheirBudget(t *testing.T) {
	const budget = 1 << 20
	l := newLibrary(t, func(c *origin.Config) { c.RenditionBytes = budget })
	l.photos()
	// Renditions of 100 KiB each, by a renderer that pads.
	padded := make([]byte, 100<<10)
	first := l.put("a.jpg", smallJPEG(t, 200, 100))
	ctx := context.Background()
	var uses []origin.RenditionUse
	for i := range 30 {
		ref := origin.FileRef{Collection: l.collectionID(), Record: origin.RecordID(first.Record), Name: origin.FileName(first.Name)}
		use := origin.RenditionUse{File: ref, Variant: string(rune('a' + i)), Size: int64(len(padded)), Used: int64(1000 + i)}
		if err := l.blobs.PutIfAbsent(ctx, ref.RenditionKey(use.Variant), padded); err != nil {
			t.Fatal(err)
		}
		uses = append(uses, use)
	}
	if _, err := l.catalog.TouchRenditions(ctx, uses); err != nil {
		t.Fatal(err)
	}
	if _, err := l.thumb(first, "50x50"); err != nil { // the next use notices
		t.Fatal(err)
	}
	eventually(t, "the store is within its budget", func() bool {
		var sum int64
		for _, o := range l.stored("renditions/") {
			sum += o.Size
		}
		return sum <= budget
	})
	kept := map[string]bool{}
	for _, o := range l.stored("renditions/") {
		_, v, _ := origin.ParseRenditionKey(o.Key)
		kept[v] = true
	}
	if kept["a"] || !kept[uses[29].Variant] {
		t.Errorf("not the least recently used went first: %v", kept)
	}
}

func TestBrokenPicturesAreNotTriedAgainAtOnce(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	var broken error = transform.ErrCorrupt
	l.renderer.fail.Store(&broken)
	for range 5 {
		c, err := l.thumb(r, "50x50")
		if err != nil || c.Variant != "" || c.Policy != origin.PolicyBrief {
			t.Fatalf("not the original, briefly: %+v, %v", c, err)
		}
	}
	if n := l.renderer.renders.Load(); n != 1 {
		t.Errorf("%d attempts", n)
	}
	l.renderer.fail.Store(nil)
	if c, err := l.thumb(l.replace(r, "b.jpg", smallJPEG(t, 200, 100)), "50x50"); err != nil || c.Variant != "50x50" {
		t.Errorf("the replaced file is not tried: %v", err)
	}
}

func TestAFullQueueRefusesAndNeverSendsTheOriginal(t *testing.T) {
	l := newLibrary(t, func(c *origin.Config) { c.Workers, c.QueueLength = 1, 1 })
	l.photos()
	l.renderer.wait = make(chan struct{})
	pictures := []origin.ReadRequest{ // those of one picture would be rendered together
		l.put("a.jpg", smallJPEG(t, 200, 100)), l.put("b.jpg", smallJPEG(t, 200, 100)), l.put("c.jpg", smallJPEG(t, 200, 100)),
	}
	var all sync.WaitGroup
	for i := range 2 { // one works, one waits
		all.Go(func() {
			if _, err := l.thumb(pictures[i], "50x50"); err != nil {
				t.Error(err)
			}
		})
		eventually(t, "it is at work or waits", func() bool {
			g := l.Stats().Gate
			return g.InFlight+g.Queued == i+1
		})
	}
	if _, err := l.thumb(pictures[2], "50x50"); origin.KindOf(err) != origin.Busy {
		t.Errorf("the third got %v", err)
	}
	close(l.renderer.wait)
	all.Wait()
	if c, err := l.thumb(pictures[2], "50x50"); err != nil || c.Variant != "50x50" {
		t.Errorf("a refusal was remembered: %v", err)
	}
}

func TestAFillThatTakesTooLongIsATimeout(t *testing.T) {
	l := newLibrary(t, func(c *origin.Config) { c.FillTimeout = 50 * time.Millisecond })
	l.photos()
	l.renderer.wait = make(chan struct{})
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	if _, err := l.thumb(r, "50x50"); origin.KindOf(err) != origin.Timeout {
		t.Errorf("got %v", err)
	}
	close(l.renderer.wait)
}

func TestASecondProcessFindsWhatTheFirstRendered(t *testing.T) {
	dir := t.TempDir()
	first := openLibrary(t, dir)
	first.photos()
	r := first.put("a.jpg", smallJPEG(t, 200, 100))
	made, err := first.thumb(r, "50x50")
	if err != nil {
		t.Fatal(err)
	}
	first.close()
	second := openLibrary(t, dir)
	again, err := second.thumb(r, "50x50")
	if err != nil || again.ETag != made.ETag {
		t.Errorf("ETag %s, then %s; %v", made.ETag, again.ETag, err)
	}
	if n := second.renderer.renders.Load(); n != 0 {
		t.Errorf("rendered %d times again", n)
	}
}

func TestAChangeByAnotherProcessIsSeen(t *testing.T) {
	dir := t.TempDir()
	one := openLibrary(t, dir)
	one.photos()
	two := openLibrary(t, dir)
	r := one.put("a.jpg", smallJPEG(t, 200, 100))
	if _, err := two.thumb(r, "50x50"); err != nil {
		t.Fatalf("a new file is not found by the other: %v", err)
	}
	if err := one.DeleteRecord(context.Background(), origin.System(), "photos", r.Record); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other stops answering the deleted file", func() bool {
		_, err := two.thumb(r, "50x50")
		return origin.KindOf(err) == origin.NotFound && err != nil
	})
}

func TestOriginalsAreStreamed(t *testing.T) {
	l := newLibrary(t)
	l.photos()
	data := smallJPEG(t, 200, 100)
	r := l.put("a.jpg", data)
	c, err := l.Open(context.Background(), &r)
	if err != nil || c.Data != nil {
		t.Fatalf("%v, %d bytes in memory", err, len(c.Data))
	}
	for _, part := range []struct{ off, n int64 }{{0, -1}, {10, 20}, {c.Size - 5, -1}} {
		body, err := c.Open(context.Background(), part.off, part.n)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		body.Close()
		want := data[part.off:]
		if part.n >= 0 {
			want = want[:part.n]
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%+v: %d bytes, %v", part, len(got), err)
		}
	}
}

func TestAProtectedFileLooksLikeNone(t *testing.T) {
	closed, open := new(string), new(string)
	*closed = "image = ''"
	for _, c := range []struct {
		name      string
		protected bool
		rule      *string
		private   bool
	}{
		{"public files under a rule", false, closed, false},
		{"protected files that anyone may view", true, open, false},
		{"protected files under a rule", true, closed, true},
		{"protected files of superusers", true, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLibrary(t)
			l.photos(func(in *origin.CollectionInput, f *origin.Field) { f.Protected, in.ViewRule = c.protected, &c.rule })
			there := l.put("a.jpg", smallJPEG(t, 20, 10))
			none, implausible := there, there
			none.Name, implausible.Name = "b"+there.Name, ".."
			asked := []origin.ReadRequest{none, none, implausible} // from the catalog, from memory, from neither
			if c.private {
				asked = append(asked, there)
			}
			for _, r := range asked {
				_, err := l.Open(context.Background(), &r)
				var e *origin.Error
				if !errors.As(err, &e) || e.Kind != origin.NotFound || e.Message != "" || e.Private != c.private {
					t.Errorf("%s: %#v", r.Name, err)
				}
			}
		})
	}
}
