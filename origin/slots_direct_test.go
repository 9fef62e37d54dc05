package origin_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// doors is a store to which bytes can be delivered.
type doors struct {
	origin.Blobs
	mu        sync.Mutex
	delivered map[string][]byte
}

func (d *doors) PresignPut(_ context.Context, id, contentType string, size int64, _ time.Time) (string, error) {
	return fmt.Sprintf("store:%s %s %d", id, contentType, size), nil
}

func (d *doors) put(id string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.delivered[id] = data
}

func (d *doors) ids() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.delivered))
}

func (d *doors) OpenDelivered(_ context.Context, id string) (origin.Object, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.delivered[id]
	if !ok {
		return origin.Object{}, origin.ErrNotFound
	}
	return origin.Object{Body: io.NopCloser(bytes.NewReader(data)), Size: int64(len(data))}, nil
}

func (d *doors) DropDelivered(_ context.Context, ids ...string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		delete(d.delivered, id)
	}
	return nil
}

// withDoors is a library whose store has addresses of its own.
func withDoors(t *testing.T) (*library, *doors, *movableClock) {
	t.Helper()
	clock := &movableClock{at: time.Now()}
	l := openLibraryAt(t, t.TempDir(), clock.now)
	d := &doors{Blobs: l.blobs, delivered: make(map[string][]byte)}
	core, err := origin.New(context.Background(), origin.DefaultConfig(), origin.Parts{Catalog: l.catalog, Blobs: d, Renderer: l.renderer, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.close()
	})
	former := l.Origin
	l.Origin = core
	if err := former.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return l, d, clock
}

func TestDeliveredBytesBecomeAFileWhenTheyAreConfirmed(t *testing.T) {
	l, d, clock := withDoors(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	if !l.CanPresign() || newLibrary(t).CanPresign() {
		t.Error("CanPresign does not tell the one store from the other")
	}
	slot := l.slot("a.jpg", "image/jpeg", len(data))
	address, err := l.PresignSlot(ctx, slot, origin.SlotDraft{ContentType: "image/jpeg", Size: int64(len(data))})
	if want := fmt.Sprintf("store:%s image/jpeg %d", slot.ID, len(data)); address != want || err != nil {
		t.Errorf("%q, %v", address, err)
	}
	confirm := func() (*origin.Media, error) { return l.ConfirmSlot(ctx, writer, slot.ID, origin.Public) }
	_, err = confirm()
	kind(t, "before anything was delivered", err, origin.Conflict)
	for what, wrong := range map[string][]byte{
		"too few bytes":   data[:len(data)-1],
		"too many bytes":  append(bytes.Clone(data), 'x'),
		"bytes of a page": bytes.Repeat([]byte("<html>"), len(data))[:len(data)],
	} {
		d.put(slot.ID, wrong)
		_, err = confirm()
		kind(t, what, err, origin.Invalid)
		if left := d.ids(); len(left) != 0 {
			t.Errorf("%s: they are kept: %q", what, left)
		}
	}
	d.put(slot.ID, data)
	clock.move(origin.SlotLife + time.Minute) // they came in time; the confirmation may take longer
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if m, err := confirm(); err != nil || m.Size != int64(len(data)) || m.Width != 40 || len(m.BlurHash) != 28 {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	group.Wait()
	if n := len(l.stored("originals/")); n != 1 || len(d.ids()) != 0 {
		t.Errorf("%d originals, and of what was delivered %q is left", n, d.ids())
	}
	d.put(slot.ID, []byte("later"))
	if m, err := confirm(); err != nil || m.Size != int64(len(data)) {
		t.Errorf("after a later delivery: %+v, %v", m, err)
	}
}

func TestDeliveredBytesEndWithTheirSlot(t *testing.T) {
	l, d, clock := withDoors(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	forgotten, done := l.slot("a.jpg", "image/jpeg", len(data)), l.slot("b.jpg", "image/jpeg", len(data))
	for _, s := range []*origin.Slot{forgotten, done} {
		d.put(s.ID, data)
	}
	if _, err := l.ConfirmSlot(ctx, writer, done.ID, origin.Public); err != nil {
		t.Fatal(err)
	}
	d.put(done.ID, data) // too late to count
	sweep := func(want ...string) {
		t.Helper()
		if err := l.SweepSlots(ctx); err != nil {
			t.Fatal(err)
		}
		if got := d.ids(); !slices.Equal(got, want) {
			t.Errorf("of what was delivered %q is left, not %q", got, want)
		}
	}
	both := []string{forgotten.ID, done.ID}
	slices.Sort(both)
	sweep(both...)
	clock.move(time.Hour + time.Minute)
	_, err := l.ConfirmSlot(ctx, writer, forgotten.ID, origin.Public)
	kind(t, "a confirmation that comes too late", err, origin.NotFound)
	clock.move(origin.SlotLife)
	sweep(done.ID)
	clock.move(25 * time.Hour)
	sweep()
}
