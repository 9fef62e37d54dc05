package origin_test

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// slot announces a picture.
func (l *library) slot(name, contentType string, size int) *origin.Slot {
	l.t.Helper()
	s, err := l.CreateSlot(context.Background(), writer, origin.SlotDraft{Name: name, ContentType: contentType, Size: int64(size)})
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func TestBytesThatAreNotTheAnnouncedOnesAreNotKept(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	slot := l.slot("a.jpg", "image/jpeg", len(data))
	for name, c := range map[string]struct {
		contentType string
		length      int64
		body        io.Reader
	}{
		"another declared length":  {"image/jpeg", int64(len(data)) + 1, bytes.NewReader(data)},
		"another declared type":    {"image/png", int64(len(data)), bytes.NewReader(data)},
		"too many bytes":           {"image/jpeg", -1, bytes.NewReader(append(bytes.Clone(data), 'x'))},
		"too few bytes":            {"image/jpeg", -1, bytes.NewReader(data[:len(data)-1])},
		"bytes of another type":    {"image/jpeg", -1, bytes.NewReader(bytes.Repeat([]byte("<html>"), len(data))[:len(data)])},
		"a body that breaks off":   {"image/jpeg", -1, iotest.TimeoutReader(bytes.NewReader(data))},
		"no body":                  {"image/jpeg", -1, bytes.NewReader(nil)},
		"a type that is no type":   {"x", -1, bytes.NewReader(data)},
		"an endless body":          {"image/jpeg", -1, endless{}},
		"a type with a line break": {"image/\njpeg", -1, bytes.NewReader(data)},
	} {
		kind(t, name, l.FillSlot(ctx, slot.ID, c.contentType, c.length, c.body), origin.Invalid)
	}
	if n := len(l.stored("")); n != 0 {
		t.Errorf("%d objects are left", n)
	}
	if err := l.FillSlot(ctx, slot.ID, "", -1, iotest.OneByteReader(bytes.NewReader(data))); err != nil {
		t.Errorf("the announced bytes, after all that: %v", err)
	}
	kind(t, "a second time", l.FillSlot(ctx, slot.ID, "image/jpeg", int64(len(data)), bytes.NewReader(data)), origin.Conflict)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestOfTwoWhoFillASlotOneWins(t *testing.T) {
	l := newLibrary(t)
	data := smallJPEG(t, 40, 30)
	slot := l.slot("a.jpg", "image/jpeg", len(data))
	var won atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := l.FillSlot(context.Background(), slot.ID, "image/jpeg", -1, bytes.NewReader(data)); err == nil {
				won.Add(1)
			} else if origin.KindOf(err) != origin.Conflict {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(l.stored("originals/")); won.Load() != 1 || n != 1 {
		t.Errorf("%d have filled it, %d originals", won.Load(), n)
	}
	ids := make(chan origin.RecordID, 4)
	for range 4 {
		group.Go(func() {
			m, err := l.ConfirmSlot(context.Background(), writer, slot.ID, origin.Private)
			if err != nil {
				t.Error(err)
				return
			}
			ids <- m.ID
		})
	}
	group.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("two files, %s and %s, of one slot", first, id)
		}
	}
}

func TestStagedBytesAreNotThereBeforeTheyAreConfirmed(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	slot := l.slot("a.jpg", "image/jpeg", len(data))
	if err := l.FillSlot(ctx, slot.ID, "image/jpeg", -1, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	ref, ok := origin.ParseOriginalKey(l.stored("originals/")[0].Key)
	if !ok {
		t.Fatal("no original")
	}
	read := &origin.ReadRequest{Collection: string(ref.Collection), Record: string(ref.Record), Name: string(ref.Name), FileToken: l.fileToken()}
	for _, thumb := range []string{"", "100x100"} {
		read.Thumb = thumb
		_, err := l.Open(ctx, read)
		kind(t, "staged bytes by their address", err, origin.NotFound)
	}
	_, err := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByID(ref.Record), Who: origin.System()})
	kind(t, "staged bytes by their id", err, origin.NotFound)
	if s, err := origin.CollectGarbage(ctx, l.catalog, l.blobs, time.Now().Add(2*time.Hour), time.Hour); err != nil || s.RemovedOriginals != 0 {
		t.Errorf("garbage: %+v, %v", s, err)
	}
	m, err := l.ConfirmSlot(ctx, writer, slot.ID, origin.Public)
	if err != nil || len(m.BlurHash) != 28 || m.Visibility != origin.Public {
		t.Fatalf("%+v, %v", m, err)
	}
	if _, err := l.Open(ctx, read); err != nil {
		t.Errorf("confirmed: %v", err)
	}
}

func TestTheHashIsThereAfterConfirmingEvenIfTheRenderersWereBusy(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	slot := l.slot("a.jpg", "image/jpeg", len(data))
	busy := context.DeadlineExceeded
	l.renderer.fail.Store(&busy)
	if err := l.FillSlot(ctx, slot.ID, "image/jpeg", -1, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	l.renderer.fail.Store(nil)
	if m, err := l.ConfirmSlot(ctx, writer, slot.ID, origin.Public); err != nil || len(m.BlurHash) != 28 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestASlotEnds(t *testing.T) {
	dir := t.TempDir()
	clock := &movableClock{at: time.Now()}
	l := openLibraryAt(t, dir, clock.now)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	fill := func(s *origin.Slot) error { return l.FillSlot(ctx, s.ID, "image/jpeg", -1, bytes.NewReader(data)) }
	late, filled, done := l.slot("a.jpg", "image/jpeg", len(data)), l.slot("b.jpg", "image/jpeg", len(data)), l.slot("c.jpg", "image/jpeg", len(data))
	for _, s := range []*origin.Slot{filled, done} {
		if err := fill(s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.ConfirmSlot(ctx, writer, done.ID, origin.Public); err != nil {
		t.Fatal(err)
	}
	clock.move(15*time.Minute + time.Second)
	kind(t, "bytes that come late", fill(late), origin.NotFound)
	if err := l.SweepSlots(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(l.stored("originals/")); n != 2 {
		t.Errorf("%d originals while both may be asked for", n)
	}
	clock.move(2 * time.Hour)
	_, err := l.ConfirmSlot(ctx, writer, filled.ID, origin.Public)
	kind(t, "a confirmation that comes late", err, origin.NotFound)
	if err := l.SweepSlots(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(l.stored("originals/")); n != 1 {
		t.Errorf("%d originals after the sweep, of one file", n)
	}
	if m, err := l.ConfirmSlot(ctx, writer, done.ID, origin.Public); err != nil || m.Slug != "c.jpg" {
		t.Errorf("confirmed once more: %+v, %v", m, err)
	}
	clock.move(24 * time.Hour)
	if err := l.SweepSlots(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = l.ConfirmSlot(ctx, writer, done.ID, origin.Public)
	kind(t, "after a day", err, origin.NotFound)
	if n := len(l.stored("originals/")); n != 1 {
		t.Errorf("%d originals, of one file", n)
	}
}

func TestWhatMayBeAnnounced(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	good := origin.SlotDraft{Name: "a.jpg", ContentType: "image/jpeg", Size: 1}
	for name, c := range map[string]struct {
		change func(*origin.SlotDraft)
		want   origin.Kind
	}{
		"no name":           {func(d *origin.SlotDraft) { d.Name = " " }, origin.Invalid},
		"no type":           {func(d *origin.SlotDraft) { d.ContentType = "" }, origin.Invalid},
		"a negative size":   {func(d *origin.SlotDraft) { d.Size = -1 }, origin.Invalid},
		"too large":         {func(d *origin.SlotDraft) { d.Size = l.MediaLimit() + 1 }, origin.TooLarge},
		"a folder":          {func(d *origin.SlotDraft) { d.Folder = "../x" }, origin.Invalid},
		"too much metadata": {func(d *origin.SlotDraft) { d.Metadata = map[string]any{"x": string(make([]byte, 70<<10))} }, origin.Invalid},
	} {
		d := good
		c.change(&d)
		_, err := l.CreateSlot(ctx, writer, d)
		kind(t, name, err, c.want)
	}
	for _, id := range []string{"", "upl_", "upl_none", "x", "../x"} {
		kind(t, "a slot that there is not", l.FillSlot(ctx, id, "", -1, bytes.NewReader(nil)), origin.NotFound)
	}
	for _, c := range []struct{ declared, bytes string }{
		{"text/css", "a{}"}, {"text/plain; charset=utf-8", "x"}, {"application/json", `{"a":1}`}, {"text/markdown", "# x"}, {"application/octet-stream", "\x00\x01"},
		{"image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg"/>`},
	} {
		s := l.slot("x", c.declared, len(c.bytes))
		if err := l.FillSlot(ctx, s.ID, c.declared, -1, bytes.NewReader([]byte(c.bytes))); err != nil {
			t.Errorf("%s: %v", c.declared, err)
		}
	}
}

func TestTheBytesOfASlotComeAFewTimesAtOnce(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	slot := l.slot("a.jpg", "image/jpeg", len(data))
	var group sync.WaitGroup
	var pipes []*io.PipeWriter
	for range 8 {
		r, w := io.Pipe()
		pipes = append(pipes, w)
		group.Go(func() { kind(t, "a broken body", l.FillSlot(ctx, slot.ID, "image/jpeg", -1, r), origin.Invalid) })
		if _, err := w.Write(data[:1]); err != nil { // it is being received
			t.Fatal(err)
		}
	}
	kind(t, "one more", l.FillSlot(ctx, slot.ID, "image/jpeg", -1, bytes.NewReader(data)), origin.Busy)
	for _, w := range pipes {
		w.CloseWithError(io.ErrUnexpectedEOF)
	}
	group.Wait()
	if err := l.FillSlot(ctx, slot.ID, "image/jpeg", -1, bytes.NewReader(data)); err != nil {
		t.Error("once they are gone:", err)
	}
}
