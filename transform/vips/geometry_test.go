package vips

import (
	"context"
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// TestEveryFormHasItsGeometry draws sources of all formats, sizes and orientations
// and any thumb form, and compares the answer with transform.Geometry: the size to
// the pixel, and the place in the source by the colours of a ramp.
func TestEveryFormHasItsGeometry(t *testing.T) {
	r := newRenderer(t)
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom([]transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP}).Draw(t, "format")
		w, h := side().Draw(t, "width"), side().Draw(t, "height")
		form := transform.Thumb{
			Width:  rapid.IntRange(0, 150).Draw(t, "thumb width"),
			Height: rapid.IntRange(0, 150).Draw(t, "thumb height"),
			Mode:   rapid.SampledFrom([]transform.Mode{transform.Center, transform.Top, transform.Bottom, transform.Fit}).Draw(t, "mode"),
		}
		if form.Width == 0 && form.Height == 0 {
			form.Width = 100
		}
		g := form.Geometry(w, h)
		if g.Scaled.Pixels() > 200_000 {
			t.Skip("larger than a test should be")
		}
		o := 1
		if f != transform.GIF {
			o = rapid.IntRange(1, 8).Draw(t, "orientation")
		}
		down := rapid.Bool().Draw(t, "ramp goes down")
		src := storedRamp(w, h, down, f, o)
		p := transform.DefaultOptions().Plan(form, f)
		out, err := r.Render(context.Background(), src, p)
		if err != nil {
			t.Fatal(err)
		}
		img := decode(t, out)
		if got := (transform.Size{Width: img.Rect.Dx(), Height: img.Rect.Dy()}); got != g.Size() {
			t.Fatalf("%v of %d×%d is %v, want %v", form, w, h, got, g.Size())
		}
		checkPlace(t, img, g, down, f)
	})
}

// side draws picture sides, with weight on those around the limit of 100 pixels
// and on slivers.
func side() *rapid.Generator[int] {
	return rapid.OneOf(rapid.IntRange(1, 330), rapid.IntRange(95, 105), rapid.IntRange(1, 12))
}

// storedRamp encodes the ramp of an upright w × h picture as it lies under
// orientation o.
func storedRamp(w, h int, down bool, f transform.Format, o int) []byte {
	img := ramp(w, h, down)
	if o == 1 {
		return encode(img, f)
	}
	return picture.Must(picture.WithOrientation(encode(picture.UpsideFor(o, img), f), o, picture.II))
}

// checkPlace compares the ramp with where each pixel of the thumbnail must come
// from: within a quarter of an output pixel, and what the codec does to a ramp.
func checkPlace(t *rapid.T, img *image.NRGBA, g transform.Geometry, down bool, f transform.Format) {
	codec := map[transform.Format]float64{transform.JPEG: 8, transform.PNG: 2, transform.GIF: 24, transform.WebP: 8}[f]
	size := g.Size()
	for i := range 5 {
		x, y := i*(size.Width-1)/4, i*(size.Height-1)/4
		got := float64(img.NRGBAAt(x, y).R)
		if down {
			checkAxis(t, got, y+g.Out.Y, g.Scaled.Height, g.Source.Y, g.Source.Height, g.Upright.Height, codec)
		} else {
			checkAxis(t, got, x+g.Out.X, g.Scaled.Width, g.Source.X, g.Source.Width, g.Upright.Width, codec)
		}
	}
}

// checkAxis compares the grey got with that of the place in the source from which
// pixel at of an axis of scaled pixels comes, which shows length source pixels
// from start on.
func checkAxis(t *rapid.T, got float64, at, scaled, start, length, whole int, codec float64) {
	shrink := float64(length) / float64(scaled)
	from := float64(start) + (float64(at)+0.5)*shrink
	step := 255 / float64(whole) // of the ramp
	tolerance := codec + 0.25*step*max(shrink, 1)
	if edge := min(from-float64(start), float64(start+length)-from); edge < 3*max(shrink, 1) {
		tolerance += step * max(shrink, 1) // the kernel sees the edge pixel again
	}
	if want := from * step; math.Abs(got-want) > tolerance {
		t.Fatalf("pixel %d of %d is %.0f, want %.1f ± %.1f", at, scaled, got, want, tolerance)
	}
}
