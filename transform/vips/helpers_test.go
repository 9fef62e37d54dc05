package vips

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	_ "image/jpeg" // decoders for image.Decode
	_ "image/png"
	"testing"
	"time"

	_ "golang.org/x/image/webp"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// newRenderer returns a renderer with the default settings, which all tests share
// since libvips has one set of them per process.
func newRenderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := New(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// aboutPixels skips a test that compares pixels by code of Go's which the race detector makes ten times as slow, and that runs nothing
// side by side that other tests do not: the Makefile has a line for them.
func aboutPixels(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("compares pixels: run it without -race")
	}
}

// thumb parses a thumb form that is known to be right.
func thumb(form string) transform.Thumb { return picture.Must(transform.ParseThumb(form)) }

// probe returns the header's facts.
func probe(t testing.TB, src []byte) transform.Meta {
	t.Helper()
	m, err := transform.Probe(bytes.NewReader(src), int64(len(src)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// plan is the default plan of a form for src, written as output; Unknown keeps the
// source's format.
func plan(t testing.TB, src []byte, form string, output transform.Format) transform.Plan {
	t.Helper()
	if output == transform.Unknown {
		output = probe(t, src).Format
	}
	return transform.DefaultOptions().PlanAs(thumb(form), output)
}

// render makes the form of src, written as output, and decodes it.
func render(t testing.TB, r *Renderer, src []byte, form string, output transform.Format) *image.NRGBA {
	t.Helper()
	return decode(t, renderBytes(t, r, src, form, output))
}

func renderBytes(t testing.TB, r *Renderer, src []byte, form string, output transform.Format) []byte {
	t.Helper()
	out, err := r.Render(context.Background(), src, plan(t, src, form, output))
	if err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	return out
}

// fataler is what testing.TB and rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// decode reads a picture by the standard library, or golang.org/x/image for WebP.
func decode(t fataler, file []byte) *image.NRGBA {
	t.Helper()
	img, format, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if format == "webp" {
		return studio(img)
	}
	return nrgba(img)
}

// studio corrects golang.org/x/image's lossy WebP, which takes the luma of RFC 6386
// section 9.2 (16 to 235, ITU-R BT.601) for JFIF's of 0 to 255.
func studio(img image.Image) *image.NRGBA {
	var planes *image.YCbCr
	alpha := func(x, y int) uint8 { return 255 }
	switch m := img.(type) {
	case *image.YCbCr:
		planes = m
	case *image.NYCbCrA:
		planes = &m.YCbCr
		alpha = func(x, y int) uint8 { return m.A[m.AOffset(x, y)] }
	default:
		return nrgba(img)
	}
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			c := planes.YCbCrAt(x, y)
			l, b, r := 1.164*(float64(c.Y)-16), float64(c.Cb)-128, float64(c.Cr)-128
			out.SetNRGBA(x, y, color.NRGBA{round8(l + 1.596*r), round8(l - 0.392*b - 0.813*r), round8(l + 2.017*b), alpha(x, y)})
		}
	}
	return out
}

func round8(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

func nrgba(img image.Image) *image.NRGBA {
	if n, ok := img.(*image.NRGBA); ok {
		return n
	}
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// encode writes img in format f, lossless but for JPEG, and for GIF's palette.
func encode(img image.Image, f transform.Format) []byte {
	switch f {
	case transform.JPEG:
		return picture.Must(picture.JPEG(img, 95))
	case transform.PNG:
		return picture.Must(picture.PNG(img))
	case transform.GIF:
		return picture.Must(picture.GIF(&gif.GIF{Image: []*image.Paletted{paletted(img)}, Delay: []int{0}}))
	case transform.WebP:
		return picture.Must(picture.WebP(img))
	}
	panic(f)
}

// paletted maps img to greys where it has no other colours, else to 6 × 6 × 6
// colours and transparent.
func paletted(img image.Image) *image.Paletted {
	var greys, cube color.Palette
	for i := range 256 {
		greys = append(greys, color.NRGBA{uint8(i), uint8(i), uint8(i), 255})
	}
	for i := range 216 {
		cube = append(cube, color.NRGBA{uint8(i / 36 * 51), uint8(i / 6 % 6 * 51), uint8(i % 6 * 51), 255})
	}
	out := image.NewPaletted(image.Rectangle{Max: img.Bounds().Size()}, greys)
	if !grey(nrgba(img)) {
		out.Palette = append(cube, color.NRGBA{})
	}
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// animation is a GIF of the frames, each cleared before the next.
func animation(frames ...image.Image) *gif.GIF {
	g := &gif.GIF{}
	for _, f := range frames {
		g.Image = append(g.Image, paletted(f))
		g.Delay = append(g.Delay, 5)
		g.Disposal = append(g.Disposal, gif.DisposalBackground)
	}
	return g
}

func grey(img *image.NRGBA) bool {
	for p := img.Pix; len(p) > 0; p = p[4:] {
		if p[0] != p[1] || p[1] != p[2] || p[3] != 255 {
			return false
		}
	}
	return true
}

// ramp is a grey picture that says where a pixel is: from 0 at the left edge to 255
// at the right one, or from the top to the bottom.
func ramp(w, h int, down bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			at := (float64(x) + 0.5) / float64(w)
			if down {
				at = (float64(y) + 0.5) / float64(h)
			}
			v := uint8(at*255 + 0.5)
			img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	return img
}

// flat is a picture of one colour.
func flat(w, h int, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

// onBlack shows img on black, so that what is invisible does not count.
func onBlack(img *image.NRGBA) *image.NRGBA {
	out := flat(img.Rect.Dx(), img.Rect.Dy(), color.Black)
	draw.Draw(out, out.Rect, img, img.Rect.Min, draw.Over)
	return out
}

// far returns the largest difference of a channel between two colours, alpha
// included.
func far(a, b color.NRGBA) int {
	most := 0
	for _, d := range [...]int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		most = max(most, d, -d)
	}
	return most
}

// without returns the file with n bytes left out, so far into it: what a lost block
// of a disk does. The end is still there.
func without(file []byte, n int, at float64) []byte {
	from := int(at * float64(len(file)))
	return append(bytes.Clone(file[:from]), file[from+n:]...)
}

// wantNothingHeld waits for libvips to have let go of everything: its workers give
// back their last buffers shortly after they report that they are done.
func wantNothingHeld(t testing.TB, r *Renderer) {
	t.Helper()
	var s Stats
	for range 500 {
		if s = r.Stats(); s.Operations == 0 && s.MemoryBytes == 0 && s.Allocations == 0 && s.Files == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("libvips keeps %d operations, %d bytes in %d blocks, %d files", s.Operations, s.MemoryBytes, s.Allocations, s.Files)
}
