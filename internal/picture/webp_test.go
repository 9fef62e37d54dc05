package picture

import (
	"bytes"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/webp"
)

func TestWebPKeepsEveryPixel(t *testing.T) {
	noise := image.NewNRGBA(image.Rect(0, 0, 97, 61))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(r.Uint32())
	}
	skewed := image.NewNRGBA(image.Rect(0, 0, 400, 400)) // counts like Fibonacci's, so that a code would grow over 15 bits
	for i := range skewed.Pix {
		skewed.Pix[i] = byte(min(r.ExpFloat64()*1.4, 40)) * 6
	}
	for name, img := range map[string]*image.NRGBA{
		"a chart":           Chart(333, 222),
		"one pixel":         Chart(1, 1),
		"one row":           Chart(300, 1),
		"one column":        Chart(1, 300),
		"noise with alpha":  noise,
		"few, skewed":       skewed,
		"a flat picture":    flat(70, 50, color.NRGBA{R: 1, G: 2, B: 3, A: 4}),
		"an opaque picture": flat(70, 50, color.NRGBA{R: 1, G: 2, B: 3, A: 255}),
		"an illustration":   Balloons(300, 200),
	} {
		t.Run(name, func(t *testing.T) {
			file, err := WebP(img)
			if err != nil {
				t.Fatal(err)
			}
			got, err := webp.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(img.Pix, asNRGBA(got).Pix); d != "" {
				t.Error("pixels differ")
			}
		})
	}
}

func flat(w, h int, c color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	fill(img, img.Rect, c)
	return img
}
