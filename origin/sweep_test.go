package origin_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// hookedBlobs does something once, before the first removal.
type hookedBlobs struct {
	origin.Blobs
	before atomic.Pointer[func()]
}

func (h *hookedBlobs) fire() {
	if before := h.before.Swap(nil); before != nil {
		(*before)()
	}
}

func (h *hookedBlobs) Delete(ctx context.Context, keys ...origin.Key) error {
	h.fire()
	return h.Blobs.Delete(ctx, keys...)
}

func (h *hookedBlobs) DeletePrefix(ctx context.Context, prefix origin.Key) error {
	h.fire()
	return h.Blobs.DeletePrefix(ctx, prefix)
}

func TestTheSweepAfterADeleteSparesANewOwnerOfTheSameID(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	const id = "aaaaaaaaaaaaaaa"
	docs := func() *origin.Collection {
		return l.collection("docs", origin.Field{Name: "file", Type: origin.FileField, MaxSelect: 1})
	}
	fill := func() {
		t.Helper()
		_, err := l.CreateRecord(ctx, origin.System(), "docs", origin.RecordInput{
			Values: map[string]any{"id": id}, Files: l.uploads(map[string][]string{"file": {"aaa"}})})
		if err != nil {
			t.Errorf("%v: %s", err, complaints(err))
		}
	}
	c := docs()
	fill()
	blobs := &hookedBlobs{Blobs: l.blobs}
	// Begun once the collection is there: what others make later it hears of a moment later.
	core, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: l.catalog, Blobs: blobs, Renderer: l.renderer})
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close(ctx)
	again := fill
	blobs.before.Store(&again)
	if err := core.DeleteRecord(ctx, origin.System(), "docs", id); err != nil {
		t.Fatal(err)
	}
	l.consistent(c, id)

	again = func() {
		if other := docs(); other.ID != c.ID {
			t.Errorf("the collection got the id %s, not %s: this test tests nothing", other.ID, c.ID)
		}
		fill()
	}
	blobs.before.Store(&again)
	if err := core.DeleteCollection(ctx, origin.System(), "docs"); err != nil {
		t.Fatal(err)
	}
	if blobs.before.Load() != nil {
		t.Fatal("nothing was swept")
	}
	l.consistent(c, id)
}
