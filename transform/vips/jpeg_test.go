package vips

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// grain is a landscape with so much noise on it.
func grain(w, h, most int) *image.NRGBA {
	img := nrgba(picture.Landscape(w, h, 1))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		if i%4 != 3 {
			img.Pix[i] = uint8(min(max(int(img.Pix[i])+r.IntN(2*most+1)-most, 0), 255))
		}
	}
	return img
}

// TestAJPEGHasHalfTheBytesOfQuality95 holds the budget and the likeness over charts and
// noise of two kinds, in colour and grey, below and above where files are progressive.
func TestAJPEGHasHalfTheBytesOfQuality95(t *testing.T) {
	r := newRenderer(t)
	greyed := func(img image.Image) image.Image {
		g := image.NewGray(img.Bounds())
		draw.Draw(g, g.Rect, img, image.Point{}, draw.Src)
		return g
	}
	for name, c := range map[string]struct {
		img   image.Image
		least float64
	}{
		"a landscape":          {picture.Landscape(400, 300, 1), 0.965},
		"a flower":             {picture.Flower(300, 400, 1), 0.97},
		"a little grain":       {grain(400, 300, 6), 0.94},
		"much grain":           {grain(400, 300, 40), 0.95},
		"much grain in grey":   {greyed(grain(400, 300, 40)), 0.95},
		"a large one in grain": {grain(800, 600, 20), 0.94},
		"a large one in grey":  {greyed(grain(800, 600, 20)), 0.94},
	} {
		t.Run(name, func(t *testing.T) {
			size := c.img.Bounds().Size()
			form := fmt.Sprintf("%dx%d", size.X, size.Y)
			src := encode(c.img, transform.PNG)
			out := renderBytes(t, r, src, form, transform.JPEG)
			other := picture.Must(picture.JPEG(c.img, 95))
			if ratio := float64(len(out)) / float64(len(other)); ratio > mostBytes {
				t.Errorf("it has %.3f of the bytes", ratio)
			}
			if like := ssim(luma(decode(t, out)), luma(decode(t, other))); like < c.least {
				t.Errorf("its SSIM is %.4f, want %.3f at least", like, c.least)
			}
			if m := probe(t, out); m.Progressive != (size.X*size.Y >= 400_000) {
				t.Errorf("%d × %d pixels and progressive: %v", size.X, size.Y, m.Progressive)
			}
			if again := renderBytes(t, r, src, form, transform.JPEG); !bytes.Equal(out, again) {
				t.Error("the same pixels have other bytes the second time")
			}
		})
	}
}

// TestJPEGsOfEverySize writes pictures that fill no block, no MCU or one line only, in the extremes of quality.
func TestJPEGsOfEverySize(t *testing.T) {
	r := newRenderer(t)
	for _, size := range []image.Point{{1, 1}, {1, 2}, {2, 1}, {7, 9}, {8, 8}, {9, 16}, {16, 17}, {33, 15}, {1, 3000}, {3000, 1}} {
		img := flat(size.X, size.Y, color.NRGBA{200, 60, 90, 255})
		for _, src := range [][]byte{encode(img, transform.PNG), grey8(size)} {
			for _, quality := range []int{1, 50, 80, 89} {
				o := transform.DefaultOptions()
				o.JPEGQuality, o.JPEGProgressive = quality, quality == 50
				out, err := r.Render(t.Context(), src, o.PlanAs(thumb(fmt.Sprintf("%dx%d", size.X, size.Y)), transform.JPEG))
				if err != nil {
					t.Fatalf("%v of quality %d: %v", size, quality, err)
				}
				got := decode(t, out)
				if got.Rect.Size() != size {
					t.Errorf("%v of quality %d has %v", size, quality, got.Rect.Size())
				}
				if d := far(got.NRGBAAt(size.X/2, size.Y/2), decode(t, src).NRGBAAt(size.X/2, size.Y/2)); quality >= 80 && d > 4 {
					t.Errorf("%v of quality %d: a flat colour is off by %d", size, quality, d)
				}
			}
		}
	}
}

// grey8 is a flat picture without colours.
func grey8(size image.Point) []byte {
	img := image.NewGray(image.Rectangle{Max: size})
	draw.Draw(img, img.Rect, image.NewUniform(color.Gray{77}), image.Point{}, draw.Src)
	return picture.Must(picture.PNG(img))
}
