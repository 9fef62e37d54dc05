package origin_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

// library is a core on a real catalog and a real store in a folder of its own, with a renderer that needs no libvips.
type library struct {
	*origin.Origin
	t        *testing.T
	catalog  *sqlite.Catalog
	blobs    *local.Store
	renderer *countingRenderer
	closed   sync.Once
}

// countingRenderer makes renditions that name their source and plan, and counts. It waits where a test says so.
type countingRenderer struct {
	renders atomic.Int64
	wait    chan struct{} // nil: no waiting
	fail    atomic.Pointer[error]
	alone   func(p transform.Plan) error // nil: none; what is wrong with this plan and no other
	reduced atomic.Bool                  // reduced copies are corrupt
	salt    string                       // of the bytes, which another renderer need not make alike
}

func (c *countingRenderer) Render(ctx context.Context, src []byte, p transform.Plan) ([]byte, error) {
	if p.Output == transform.PNG && p.Thumb == (transform.Thumb{Width: 32, Height: 32, Mode: transform.Fit}) {
		return c.preview()
	}
	c.renders.Add(1)
	if c.wait != nil {
		select {
		case <-c.wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := c.fail.Load(); err != nil {
		return nil, *err
	}
	if c.alone != nil {
		if err := c.alone(p); err != nil {
			return nil, err
		}
	}
	return fmt.Appendf(nil, "%s of %d bytes%s", p.Key(), len(src), c.salt), nil
}

// RenderAll makes one after another, and says in the bytes what they were made of.
func (c *countingRenderer) RenderAll(ctx context.Context, src []byte, of transform.Size, plans []transform.Plan, done func(int, []byte, error)) {
	for i, p := range plans {
		data, err := c.Render(ctx, src, p)
		if of != (transform.Size{}) && c.reduced.Load() {
			data, err = nil, transform.ErrCorrupt
		}
		if err == nil && of != (transform.Size{}) {
			data = fmt.Appendf(data, " that show %d×%d", of.Width, of.Height)
		}
		done(i, data, err)
	}
}

// preview is what a BlurHash is made of: as real a PNG as it takes. It is no rendition, so it is not counted.
func (c *countingRenderer) preview() ([]byte, error) {
	if err := c.fail.Load(); err != nil {
		return nil, *err
	}
	img := image.NewRGBA(image.Rect(0, 0, 32, 24))
	for x := range 32 {
		img.Set(x, x%24, color.White)
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

func (c *countingRenderer) Fingerprint() string { return "counting1" }

func newLibrary(t *testing.T, change ...func(*origin.Config)) *library {
	t.Helper()
	return openLibrary(t, t.TempDir(), change...)
}

func openLibrary(t *testing.T, dir string, change ...func(*origin.Config)) *library {
	t.Helper()
	return openLibraryAt(t, dir, nil, change...)
}

// openLibraryAt opens a library with a clock of its own.
func openLibraryAt(t *testing.T, dir string, now func() time.Time, change ...func(*origin.Config)) *library {
	t.Helper()
	ctx := context.Background()
	config := origin.DefaultConfig()
	config.MemoryBytes, config.MetadataBytes = 8<<20, 8<<20
	for _, f := range change {
		f(&config)
	}
	sc := sqlite.Default(dir)
	catalog, err := sqlite.Open(ctx, sc)
	if err != nil {
		t.Fatal(err)
	}
	lc := local.DefaultConfig()
	lc.Dir = dir + "/storage"
	blobs, err := local.Open(lc)
	if err != nil {
		t.Fatal(err)
	}
	l := &library{t: t, catalog: catalog, blobs: blobs, renderer: &countingRenderer{}}
	l.Origin, err = origin.New(ctx, config, origin.Parts{Catalog: catalog, Blobs: blobs, Renderer: l.renderer, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

func (l *library) close() {
	l.closed.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			l.t.Errorf("closing the core: %v", err)
		}
		l.catalog.Close()
		l.blobs.Close()
	})
}

// smallJPEG is a real picture of that size.
func smallJPEG(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 128, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photos makes the collection "photos" with one file field "image".
func (l *library) photos(change ...func(*origin.CollectionInput, *origin.Field)) {
	l.t.Helper()
	name, kind, public := "photos", "base", new(string)
	image := origin.Field{Name: "image", Type: origin.FileField, MaxSelect: 1, Thumbs: []string{"50x50", "0x40", "300x0"}}
	in := origin.CollectionInput{Name: &name, Type: &kind, ListRule: &public, ViewRule: &public, CreateRule: &public, UpdateRule: &public, DeleteRule: &public}
	for _, f := range change {
		f(&in, &image)
	}
	in.Fields = &[]origin.Field{image}
	if _, err := l.CreateCollection(context.Background(), origin.System(), in); err != nil {
		l.t.Fatal(err)
	}
}

// put adds a record with a picture and returns the way to ask for it.
func (l *library) put(name string, data []byte) origin.ReadRequest {
	l.t.Helper()
	ctx := context.Background()
	v, err := l.CreateRecord(ctx, origin.System(), "photos", origin.RecordInput{
		Files: map[string][]*origin.Upload{"image": {l.stage(name, data)}},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return origin.ReadRequest{Collection: "photos", Record: string(v.Record.ID), Name: v.Record.Text("image")}
}

func (l *library) stage(name string, data []byte) *origin.Upload {
	l.t.Helper()
	u, err := l.Stage(context.Background(), name, bytes.NewReader(data), 64<<20)
	if err != nil {
		l.t.Fatal(err)
	}
	return u
}

// replace gives a record another picture and returns the way to ask for that.
func (l *library) replace(r origin.ReadRequest, name string, data []byte) origin.ReadRequest {
	l.t.Helper()
	v, err := l.UpdateRecord(context.Background(), origin.System(), "photos", r.Record, origin.RecordInput{
		Files: map[string][]*origin.Upload{"image": {l.stage(name, data)}},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	r.Name = v.Record.Text("image")
	return r
}

// thumb asks for a thumb.
func (l *library) thumb(r origin.ReadRequest, spec string) (origin.Content, error) {
	r.Thumb = spec
	return l.Open(context.Background(), &r)
}

func (l *library) collectionID() origin.CollectionID {
	l.t.Helper()
	c, err := l.ViewCollection(context.Background(), origin.System(), "photos")
	if err != nil {
		l.t.Fatal(err)
	}
	return c.ID
}

// stored lists the keys below a prefix.
func (l *library) stored(prefix origin.Key) []origin.ObjectInfo {
	l.t.Helper()
	objects, err := l.blobs.List(context.Background(), prefix, "", 10000)
	if err != nil {
		l.t.Fatal(err)
	}
	return objects
}

// warm asks for a thumb until its row and its bytes stay in memory: the echo of the process's own write, which comes through
// the catalog's watch, makes the row be read once more.
func (l *library) warm(r origin.ReadRequest, spec string) (c origin.Content) {
	l.t.Helper()
	quiet := 0
	eventually(l.t, "the thumb is warm", func() bool {
		before := l.Stats().Files.Sets
		var err error
		if c, err = l.thumb(r, spec); err != nil {
			l.t.Fatal(err)
		}
		l.Settle()
		if quiet++; l.Stats().Files.Sets != before {
			quiet = 0
		}
		return quiet > 60 // of 10 ms each: three times the interval at which the catalog looks for changes
	})
	if s := l.Stats(); s.Memory.Dropped+s.Memory.Rejected > 0 {
		l.t.Fatalf("memory did not take the thumb: %+v", s.Memory)
	}
	return c
}

// eventually waits for what happens by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("this did not come to be: %s", what)
}
