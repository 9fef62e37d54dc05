package vips

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// FuzzRender holds Render to its contract over any bytes: a picture of the planned
// size, or one of the errors that are final for the source.
func FuzzRender(f *testing.F) {
	c := DefaultConfig()
	c.Limits.MaxPixels = 250_000
	c.Limits.MaxOutputPixels = 250_000
	r, err := New(c)
	if err != nil {
		f.Fatal(err)
	}
	scene := picture.Landscape(64, 48, 1)
	for _, format := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP} {
		f.Add(encode(scene, format), uint16(30), uint16(30), uint8(0), uint8(format))
		f.Add(encode(halves(9, 7), format), uint16(0), uint16(50), uint8(1), uint8(transform.JPEG))
	}
	f.Add(picture.CMYK([4]uint8{1, 2, 3, 4}, 2, 3), uint16(5), uint16(5), uint8(3), uint8(transform.WebP))
	f.Add(picture.Must(picture.WithICC(encode(scene, transform.JPEG), picture.ProfileGrey())), uint16(64), uint16(48), uint8(2), uint8(transform.PNG))
	f.Fuzz(func(t *testing.T, src []byte, w, h uint16, mode, output uint8) {
		form := transform.Thumb{Width: int(w), Height: int(h), Mode: transform.Mode(mode % 4)}
		p := transform.DefaultOptions().PlanAs(form, transform.Format(output%5))
		out, err := r.Render(context.Background(), src, p)
		if err != nil {
			for _, known := range []error{transform.ErrUnsupported, transform.ErrCorrupt, transform.ErrTooManyPixels, transform.ErrTooComplex, transform.ErrThumb} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatal(err)
		}
		m := probe(t, out)
		g := form.Geometry(probe(t, src).Upright())
		if m.Format != p.Output || m.Width != g.Size().Width || m.Height != g.Size().Height || m.Orientation != 1 || m.Truncated {
			t.Fatalf("%v of %d×%d (truncated %v), want %v of %v", m.Format, m.Width, m.Height, m.Truncated, p.Output, g.Size())
		}
	})
}

// FuzzIntact checks the two walks over a file's structure: they end, stay inside,
// and take a GIF for whole when the standard library does.
func FuzzIntact(f *testing.F) {
	f.Add(encode(halves(20, 9), transform.GIF))
	f.Add(encode(picture.Chart(40, 30), transform.GIF))
	f.Add(encode(flat(300, 300, color.White), transform.GIF))
	f.Add(encode(picture.Chart(40, 30), transform.PNG))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Fuzz(func(t *testing.T, src []byte) {
		_ = intactPNG(src)
		if frame, ok := firstGIFFrame(src); ok && intactGIF(src) != nil {
			t.Fatalf("image/gif decodes %v", frame)
		}
	})
}

// firstGIFFrame decodes as the standard library does, small pictures only.
func firstGIFFrame(src []byte) (image.Rectangle, bool) {
	c, err := gif.DecodeConfig(bytes.NewReader(src))
	if err != nil || c.Width*c.Height > 1_000_000 {
		return image.Rectangle{}, false
	}
	img, err := gif.Decode(bytes.NewReader(src))
	if err != nil {
		return image.Rectangle{}, false
	}
	return img.Bounds(), true
}

// FuzzBareWebP checks that nothing but metadata goes.
func FuzzBareWebP(f *testing.F) {
	lossless := encode(picture.Chart(40, 30), transform.WebP)
	f.Add(lossless)
	f.Add(picture.Must(picture.WithICC(lossless, picture.ProfileGrey())))
	f.Add(picture.Must(picture.WithOrientation(encode(halves(9, 9), transform.WebP), 6, picture.II)))
	f.Fuzz(func(t *testing.T, src []byte) {
		before := string(src)
		out := bareWebP(src)
		if string(src) != before {
			t.Fatal("its input has changed")
		}
		if len(out) > len(src) {
			t.Fatalf("%d bytes became %d", len(src), len(out))
		}
		if again := bareWebP(out); string(again) != string(out) {
			t.Fatal("a second time takes more away")
		}
		m, err := transform.Probe(bytes.NewReader(src), int64(len(src)))
		if err != nil || m.Format != transform.WebP || m.Truncated || m.Frames != 1 {
			return
		}
		if n := probe(t, out); n.Width != m.Width || n.Height != m.Height || n.Alpha != m.Alpha || n.EXIFBytes != 0 || n.ICCBytes != 0 {
			t.Fatalf("%+v became %+v", m, n)
		}
	})
}
