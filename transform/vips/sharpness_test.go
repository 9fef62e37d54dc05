package vips

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// leastSSIM is how like a thumbnail must be to a full decode scaled by Lanczos.
const leastSSIM = 0.985

// photographs are real ones where a folder of them lies beside the project.
func photographs(t testing.TB) map[string][]byte {
	t.Helper()
	const folder = "../../../shared/images"
	names, err := filepath.Glob(folder + "/*.[jp]*g")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))] = file
	}
	return files
}

// wantSharp compares the forms of src with Lanczos over src decoded in full, and
// returns the least likeness.
func wantSharp(t *testing.T, r *Renderer, src []byte, forms ...string) float64 {
	t.Helper()
	m := probe(t, src)
	w, h := m.Upright()
	full := luma(render(t, r, src, "9999x9999f", transform.PNG))
	least := 1.0
	for _, form := range forms {
		g := thumb(form).Geometry(w, h)
		want := lanczos.scale(full, g.Source.X, g.Source.Y, g.Source.Width, g.Source.Height, g.Scaled.Width, g.Scaled.Height)
		got := luma(render(t, r, src, form, transform.PNG))
		if got.w != want.w || got.h != want.h {
			t.Fatalf("%s: %d×%d, want %d×%d", form, got.w, got.h, want.w, want.h)
		}
		like := ssim(got, want)
		if like < leastSSIM {
			t.Errorf("%s of %d×%d %v: SSIM %.4f", form, w, h, m.Format, like)
		}
		least = min(least, like)
	}
	return least
}

func TestThumbnailsAreAsSharpAsLanczos(t *testing.T) {
	aboutPixels(t)
	r := newRenderer(t)
	sources := map[string][]byte{}
	for name, img := range map[string]image.Image{
		"chart": picture.Chart(1200, 800), "landscape": picture.Landscape(1000, 700, 1), "flower": picture.Flower(600, 900, 1),
	} {
		sources[name+" as JPEG"] = picture.Must(picture.JPEG(img, 92))
		sources[name+" as PNG"] = picture.Must(picture.PNG(img))
		file, err := r.EncodeWebP(img, 90)
		if err != nil {
			t.Fatal(err)
		}
		sources[name+" as WebP"] = file
	}
	for name, file := range photographs(t) {
		sources[name] = file
	}
	for name, file := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			least := wantSharp(t, r, file, "64x64", "150x0", "230x170b", "400x300f")
			t.Logf("least SSIM %.4f", least)
		})
	}
}

func TestEnlargingIsByLanczosToo(t *testing.T) {
	aboutPixels(t)
	r := newRenderer(t)
	for name, img := range map[string]image.Image{"chart": picture.Chart(180, 130), "landscape": picture.Landscape(180, 130, 2)} {
		for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.WebP} {
			t.Run(fmt.Sprintf("%s as %v", name, f), func(t *testing.T) {
				wantSharp(t, r, encode(img, f), "200x0", "300x300", "0x399", "190x120")
			})
		}
	}
}

// blob is a soft white spot on black, its centre x and y pixels from the corner.
func blob(w, h int, x, y, radius float64) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for j := range h {
		for i := range w {
			d := (math.Pow(float64(i)+0.5-x, 2) + math.Pow(float64(j)+0.5-y, 2)) / (radius * radius)
			v := uint8(255*math.Exp(-d) + 0.5)
			img.SetNRGBA(i, j, color.NRGBA{v, v, v, 255})
		}
	}
	return img
}

// centre is the centre of what is bright.
func centre(p plane) (x, y float64) {
	var sum float64
	for i, v := range p.pix {
		if v < 20 { // the noise of codecs
			continue
		}
		x += v * (float64(i%p.w) + 0.5)
		y += v * (float64(i/p.w) + 0.5)
		sum += v
	}
	return x / sum, y / sum
}

// TestNothingIsShifted finds a spot where it must be, within a tenth of a pixel,
// after every kind of scaling, in sizes that leave remainders everywhere.
func TestNothingIsShifted(t *testing.T) {
	aboutPixels(t)
	r := newRenderer(t)
	for _, size := range []transform.Size{{Width: 1203, Height: 907}, {Width: 641, Height: 1021}, {Width: 131, Height: 109}} {
		w, h := float64(size.Width), float64(size.Height)
		img := blob(size.Width, size.Height, 0.45*w, 0.55*h, 0.12*min(w, h))
		for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.WebP} {
			file := encode(img, f)
			for _, form := range []string{"50x50f", "77x0", "0x101", "100x75", "90x90t", "90x90b", "190x140", "333x0", "150x151"} {
				g := thumb(form).Geometry(size.Width, size.Height)
				wantX := (0.45*w-float64(g.Source.X))*float64(g.Scaled.Width)/float64(g.Source.Width) - float64(g.Out.X)
				wantY := (0.55*h-float64(g.Source.Y))*float64(g.Scaled.Height)/float64(g.Source.Height) - float64(g.Out.Y)
				if reach := 0.3 * min(w, h) * float64(g.Scaled.Height) / float64(g.Source.Height); wantY < reach || wantY > float64(g.Out.Height)-reach {
					continue // the spot is cut
				}
				x, y := centre(luma(render(t, r, file, form, transform.PNG)))
				if math.Abs(x-wantX) > 0.1 || math.Abs(y-wantY) > 0.1 {
					t.Errorf("%v %v as %s: the spot is at %.2f, %.2f, want %.2f, %.2f", f, size, form, x, y, wantX, wantY)
				}
			}
		}
	}
}
