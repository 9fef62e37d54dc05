package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scene is a picture of any size by a seed.
type scene struct {
	name string
	draw func(w, h int, seed int64) image.Image
}

func scenes() []scene {
	return []scene{
		{"a landscape", func(w, h int, seed int64) image.Image { return Landscape(w, h, seed) }},
		{"a flower", func(w, h int, seed int64) image.Image { return Flower(w, h, seed) }},
		{"balloons", func(w, h int, _ int64) image.Image { return Balloons(w, h) }},
		{"a chart", func(w, h int, _ int64) image.Image { return Chart(w, h) }},
	}
}

func TestPictureIsTheSameOnAnyNumberOfCores(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			many := asNRGBA(s.draw(240, 180, 5))
			old := runtime.GOMAXPROCS(1)
			one := asNRGBA(s.draw(240, 180, 5))
			runtime.GOMAXPROCS(old)
			if !bytes.Equal(many.Pix, one.Pix) {
				t.Error("two calls with the same arguments differ")
			}
		})
	}
}

func TestSeedChangesThePicture(t *testing.T) {
	for _, s := range scenes()[:2] {
		if bytes.Equal(asNRGBA(s.draw(120, 90, 1)).Pix, asNRGBA(s.draw(120, 90, 2)).Pix) {
			t.Errorf("%s: seeds 1 and 2 draw the same", s.name)
		}
	}
}

func TestPictureHasTheSizeAskedFor(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 40}, {40, 1}, {2, 3}, {7, 5}, {9, 16}, {161, 90}, {90, 160}} {
		for _, s := range scenes() {
			img := s.draw(size.X, size.Y, 1)
			if got := img.Bounds(); got != image.Rect(0, 0, size.X, size.Y) {
				t.Errorf("%s of %v has %v", s.name, size, got)
			}
			if opaque := img.(interface{ Opaque() bool }).Opaque(); !opaque && s.name != "balloons" {
				t.Errorf("%s of %v is not opaque", s.name, size)
			}
		}
	}
	if got := Landscape(0, -3, 1).Rect; got != image.Rect(0, 0, 1, 1) {
		t.Errorf("a landscape of no size is %v, not one pixel", got)
	}
}

// The page shows many sizes of one scene: a small one must be what scaling a large one down gives.
func TestSceneIsTheSameAtEverySize(t *testing.T) {
	const most = 7.0 // of 255, on average; grain and edges differ
	for _, s := range scenes()[:3] {
		large, small := asNRGBA(s.draw(800, 600, 3)), asNRGBA(s.draw(200, 150, 3))
		sum := 0
		for y := range 150 {
			for x := range 200 {
				for c := range 4 {
					mean := 0
					for i := range 16 {
						mean += int(large.Pix[large.PixOffset(4*x+i%4, 4*y+i/4)+c])
					}
					sum += abs(mean/16 - int(small.Pix[small.PixOffset(x, y)+c]))
				}
			}
		}
		if d := float64(sum) / (200 * 150 * 4); d > most {
			t.Errorf("%s: a quarter of the size differs by %.1f", s.name, d)
		}
	}
}

// A photograph has detail at every scale, and the more of it the coarser the scale. That decides what it weighs.
func TestLandscapeHasTheStatisticsOfAPhotograph(t *testing.T) {
	const w, h = 1024, 768
	img := Landscape(w, h, 1)
	plane := make([]float64, w*h)
	for i := range plane {
		plane[i] = float64(img.Pix[4*i+1])
	}
	last := 0.0
	for level, side := 1, w; level <= 6; level, side = level+1, side/2 {
		var energy float64
		plane, energy = haar(plane, side)
		if energy < 1 {
			t.Errorf("level %d: no detail, energy %.2f", level, energy)
		}
		if level > 2 && energy < 1.2*last { // the grain reigns over the first two
			t.Errorf("level %d: energy %.1f is not more than the finer level's %.1f", level, energy, last)
		}
		last = energy
	}
	file := Must(JPEG(img, 90))
	if b := float64(len(file)) / (w * h); b < 0.18 || b > 0.45 {
		t.Errorf("JPEG of quality 90 has %.3f bytes for a pixel", b)
	}
}

// haar halves a plane and returns the mean energy of what is lost.
func haar(plane []float64, w int) (half []float64, energy float64) {
	h := len(plane) / w
	for y := 0; y+1 < h; y += 2 {
		for x := 0; x+1 < w; x += 2 {
			a, b, c, d := plane[y*w+x], plane[y*w+x+1], plane[(y+1)*w+x], plane[(y+1)*w+x+1]
			m := (a + b + c + d) / 4
			energy += (a-m)*(a-m) + (b-m)*(b-m) + (c-m)*(c-m) + (d-m)*(d-m)
			half = append(half, m)
		}
	}
	return half, energy / float64(len(plane))
}

func TestBalloonsHaveSoftAlpha(t *testing.T) {
	img := Balloons(400, 300)
	var clear, soft, solid int
	for i := 3; i < len(img.Pix); i += 4 {
		switch img.Pix[i] {
		case 0:
			clear++
		case 255:
			solid++
		default:
			soft++
		}
	}
	for what, n := range map[string]int{"clear": clear, "soft": soft, "solid": solid} {
		if share := float64(n) / (400 * 300); share < 0.10 {
			t.Errorf("%.0f%% of the pixels are %s", 100*share, what)
		}
	}
	if img.NRGBAAt(0, 0).A != 0 || img.NRGBAAt(399, 0).A != 0 {
		t.Error("the upper corners are not clear")
	}
}

func TestPinwheelTurns(t *testing.T) {
	g, err := gif.DecodeAll(bytes.NewReader(Must(GIF(Pinwheel(96, 12)))))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 12 || g.Config.Width != 96 || g.Config.Height != 96 || g.LoopCount != 0 {
		t.Fatalf("%d frames of %d×%d, loop count %d", len(g.Image), g.Config.Width, g.Config.Height, g.LoopCount)
	}
	seen := map[string]int{}
	for i, f := range g.Image {
		if j, ok := seen[string(f.Pix)]; ok {
			t.Errorf("frame %d is frame %d again", i, j)
		}
		seen[string(f.Pix)] = i
		if _, _, _, a := f.At(0, 95).RGBA(); a != 0 {
			t.Errorf("frame %d: the corner is not clear", i)
		}
		if _, _, _, a := f.At(47, 38).RGBA(); a == 0 {
			t.Errorf("frame %d: no hub", i)
		}
		if g.Delay[i] != 4 || g.Disposal[i] != gif.DisposalBackground {
			t.Errorf("frame %d: delay %d, disposal %d", i, g.Delay[i], g.Disposal[i])
		}
	}
}

func TestEveryEncoderWritesWhatTheStandardLibraryReads(t *testing.T) {
	img := Landscape(123, 77, 1)
	for want, file := range map[Format][]byte{
		JPEGFormat: Must(JPEG(img, 90)),
		PNGFormat:  Must(PNG(img)),
		GIFFormat:  Must(GIF(Pinwheel(50, 2))),
		WebPFormat: Must(WebP(img)),
	} {
		got, format, err := image.Decode(bytes.NewReader(file))
		if err != nil || Format(format) != want || formatOf(file) != want {
			t.Errorf("%s: decoded as %q, %v", want, format, err)
			continue
		}
		if want == PNGFormat || want == WebPFormat {
			if d := cmp.Diff(img.Pix, asNRGBA(got).Pix); d != "" {
				t.Errorf("%s: other pixels", want)
			}
		}
	}
	for _, q := range []int{0, 101} {
		if _, err := JPEG(img, q); err == nil {
			t.Errorf("JPEG quality %d was taken", q)
		}
	}
}

func TestMustPanicsOnAnError(t *testing.T) {
	defer func() {
		if r := recover(); r == nil {
			t.Error("no panic")
		}
	}()
	Must(1, fmt.Errorf("broken"))
}
