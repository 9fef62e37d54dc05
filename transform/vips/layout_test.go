package vips

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// numbered is a picture in which every pixel is another.
func numbered(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), 0, 255})
		}
	}
	return img
}

// TestStoredRectangleShowsWhatTheUprightOneDoes cuts both, and turns the stored cut
// upright by the independent code of package picture.
func TestStoredRectangleShowsWhatTheUprightOneDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 20).Draw(t, "width"), rapid.IntRange(1, 20).Draw(t, "height")
		o := rapid.IntRange(1, 8).Draw(t, "orientation")
		r := transform.Rect{X: rapid.IntRange(0, w-1).Draw(t, "x"), Y: rapid.IntRange(0, h-1).Draw(t, "y")}
		r.Width, r.Height = rapid.IntRange(1, w-r.X).Draw(t, "cut width"), rapid.IntRange(1, h-r.Y).Draw(t, "cut height")

		upright := numbered(w, h)
		stored := picture.UpsideFor(o, upright)
		whole := transform.Size{Width: w, Height: h}
		if got := orientation(o).size(whole); got.Width != stored.Rect.Dx() || got.Height != stored.Rect.Dy() {
			t.Fatalf("stored size %v, want %v", got, stored.Rect.Size())
		}
		s := orientation(o).rect(r, whole)
		cut := nrgba(stored.SubImage(image.Rect(s.X, s.Y, s.X+s.Width, s.Y+s.Height)))
		got, want := picture.Upright(o, cut), upright.SubImage(image.Rect(r.X, r.Y, r.X+r.Width, r.Y+r.Height))
		for y := range r.Height {
			for x := range r.Width {
				if a, b := got.At(x, y), want.At(r.X+x, r.Y+y); a != b {
					t.Fatalf("orientation %d, %v of %v: pixel %d,%d is %v, want %v", o, r, whole, x, y, a, b)
				}
			}
		}
	})
}

func TestPlaceTouchesNoMoreThanItMust(t *testing.T) {
	for _, c := range []struct {
		start, length int
		factor        float64
		loaded        int
		want          span
	}{
		{0, 1000, 1, 1000, span{0, 1000, 0, 1000}},
		{250, 500, 1, 1000, span{250, 500, 250, 500}},
		{0, 1001, 4, 250, span{0, 250.25, 0, 250}},   // the decoder left the last column out
		{10, 100, 8, 200, span{1.25, 12.5, 1, 13}},   // begins and ends within pixels
		{996, 5, 8, 125, span{124.5, 0.625, 124, 1}}, // ends in a column that is left out
		{1000, 1, 8, 125, span{125, 0.125, 124, 1}},  // lies in it
		{0, 3, 1.5, 2, span{0, 2, 0, 2}},
	} {
		if got := place(c.start, c.length, c.factor, c.loaded); got != c.want {
			t.Errorf("place(%d, %d, %v, %d) = %+v, want %+v", c.start, c.length, c.factor, c.loaded, got, c.want)
		}
	}
}

func TestPlaceStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.IntRange(1, 5000).Draw(t, "source")
		shrink := rapid.IntRange(1, min(8, source)).Draw(t, "shrink")
		start := rapid.IntRange(0, source-1).Draw(t, "start")
		length := rapid.IntRange(1, source-start).Draw(t, "length")
		loaded := source / shrink
		s := place(start, length, float64(shrink), loaded)
		if s.first < 0 || s.count < 1 || s.first+s.count > loaded {
			t.Fatalf("%+v of %d loaded pixels", s, loaded)
		}
		if back := s.start * float64(shrink); math.Abs(back-float64(start)) > 1e-6 {
			t.Fatalf("begins at %v, want %d", back, start)
		}
	})
}

// TestDecodersAreAskedToReduce: at the sizes that people ask for, the decoder does
// the most of the work.
func TestDecodersAreAskedToReduce(t *testing.T) {
	for _, c := range []struct {
		format     transform.Format
		w, h       int
		form       string
		wantShrink int
	}{
		{transform.JPEG, 4000, 3000, "400x300", 4},
		{transform.JPEG, 4000, 3000, "300x300f", 4},
		{transform.JPEG, 3000, 4000, "400x300", 2},
		{transform.JPEG, 4000, 3000, "100x100", 8},
		{transform.JPEG, 1632, 1224, "100x100", 4},
		{transform.JPEG, 1632, 1224, "800x0", 1},
		{transform.JPEG, 7, 7, "1x1", 2},
		{transform.JPEG, 1, 7000, "1x1", 1},
		{transform.WebP, 6000, 4000, "400x300", 5},
		{transform.WebP, 1632, 1224, "400x300", 2},
		{transform.WebP, 1632, 1224, "800x600", 1},
		{transform.PNG, 6000, 4000, "400x300", 1},
	} {
		t.Run(fmt.Sprintf("%v of %d×%d as %s", c.format, c.w, c.h, c.form), func(t *testing.T) {
			m := transform.Meta{Format: c.format, Width: c.w, Height: c.h, Frames: 1}
			got := reduce(m, newLayout(thumb(c.form).Geometry(c.w, c.h), 1))
			if got.shrink != c.wantShrink {
				t.Errorf("decoded at 1/%d, want 1/%d", got.shrink, c.wantShrink)
			}
		})
	}
}
