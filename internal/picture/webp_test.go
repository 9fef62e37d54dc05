package picture

import (
	"bytes"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
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

func TestAnimatedWebPHoldsEveryFrame(t *testing.T) {
	frames := []image.Image{Chart(40, 30), Balloons(40, 30), Landscape(40, 30, 1)}
	chunks, err := webpChunks(Must(AnimatedWebP(frames, 70)))
	if err != nil {
		t.Fatal(err)
	}
	if len(chunks) != 5 || chunks[0].name != "VP8X" || chunks[1].name != "ANIM" || len(chunks[1].data) != 6 {
		t.Fatalf("%d chunks, beginning with %s and %s", len(chunks), chunks[0].name, chunks[1].name)
	}
	if got, want := chunks[0].data, []byte{vp8xAnimation | vp8xAlpha, 0, 0, 0, 39, 0, 0, 29, 0, 0}; !bytes.Equal(got, want) {
		t.Errorf("header %v, not %v", got, want)
	}
	for i, c := range chunks[2:] {
		if want := []byte{0, 0, 0, 0, 0, 0, 39, 0, 0, 29, 0, 0, 70, 0, 0, 3}; c.name != "ANMF" || !bytes.Equal(c.data[:16], want) {
			t.Errorf("frame %d: %s with %v", i, c.name, c.data[:16])
		}
		bitstream := Must(webpChunks(append(make([]byte, 12), c.data[16:]...))) // 12: where a file has its own header
		still, err := webp.Decode(bytes.NewReader(webpFile(bitstream)))
		if err != nil || !bytes.Equal(asNRGBA(still).Pix, asNRGBA(frames[i]).Pix) {
			t.Errorf("frame %d: %v, or other pixels", i, err)
		}
	}
}

// Counts like Fibonacci's numbers make a Huffman code as long as there are symbols.
func TestPrefixCodesKeepToFifteenBits(t *testing.T) {
	counts := make([]int, 40)
	counts[0], counts[1] = 1, 1
	for i := 2; i < len(counts); i++ {
		counts[i] = counts[i-1] + counts[i-2]
	}
	if longest := slices.Max(huffman(counts, 1)); longest != 39 {
		t.Fatalf("without a bound the longest code has %d bits", longest)
	}
	space := 0
	for _, n := range codeLengths(counts) {
		if n == 0 || n > longestCode {
			t.Fatalf("a code of %d bits", n)
		}
		space += 1 << (longestCode - n)
	}
	if space != 1<<longestCode {
		t.Errorf("the codes fill %d of %d", space, 1<<longestCode)
	}
}

func FuzzWebPKeepsEveryPixel(f *testing.F) {
	f.Add(uint8(3), []byte("some pixels, some pixels, some pixels"))
	f.Add(uint8(1), bytes.Repeat([]byte{1, 2, 3, 4}, 5000))
	f.Fuzz(func(t *testing.T, width uint8, pix []byte) {
		w := int(width) + 1
		h := len(pix) / (4 * w)
		if h == 0 || h > webpMost {
			return
		}
		img := &image.NRGBA{Pix: pix[:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
		got, err := webp.Decode(bytes.NewReader(Must(WebP(img))))
		if err != nil || !bytes.Equal(asNRGBA(got).Pix, img.Pix) {
			t.Errorf("%d×%d: %v, or other pixels", w, h, err)
		}
	})
}
