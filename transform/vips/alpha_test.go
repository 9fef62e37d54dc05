package vips

import (
	"image"
	"image/color"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// halves is blue on the left, and red that cannot be seen on the right.
func halves(w, h int) *image.NRGBA {
	img := flat(w, h, color.NRGBA{R: 255})
	for y := range h {
		for x := range w / 2 {
			img.SetNRGBA(x, y, color.NRGBA{B: 255, A: 255})
		}
	}
	return img
}

func TestInvisibleColoursDoNotBleed(t *testing.T) {
	r := newRenderer(t)
	for _, f := range []transform.Format{transform.PNG, transform.WebP} {
		for _, form := range []string{"31x31", "75x75f", "333x0"} {
			img := render(t, r, encode(halves(150, 150), f), form, transform.PNG)
			for x := range img.Rect.Dx() {
				if c := img.NRGBAAt(x, img.Rect.Dy()/2); c.A > 0 && (c.R > 3 || c.B < 250) {
					t.Errorf("%v as %s: pixel %d is %v", f, form, x, c)
				}
			}
		}
	}
}

func TestAlphaIsKeptStraight(t *testing.T) {
	r := newRenderer(t)
	want := color.NRGBA{R: 200, G: 100, B: 50, A: 77}
	wide := image.NewNRGBA64(image.Rect(0, 0, 150, 150))
	for y := range 150 {
		for x := range 150 {
			wide.SetNRGBA64(x, y, color.NRGBA64{200 * 257, 100 * 257, 50 * 257, 77 * 257})
		}
	}
	for name, c := range map[string]struct {
		file      []byte
		tolerance int
	}{
		"PNG":        {encode(flat(150, 150, want), transform.PNG), 1},
		"16-bit PNG": {picture.Must(picture.PNG(wide)), 1},
		"WebP":       {encode(flat(150, 150, want), transform.WebP), 4}, // written lossy
	} {
		for _, form := range []string{"31x31", "150x150", "300x0"} {
			img := render(t, r, c.file, form, transform.Unknown)
			for _, at := range []image.Point{{}, img.Rect.Max.Sub(image.Pt(1, 1)), img.Rect.Max.Div(2)} {
				if got := img.NRGBAAt(at.X, at.Y); far(got, want) > c.tolerance {
					t.Errorf("%s as %s: %v at %v, want %v", name, form, got, at, want)
				}
			}
		}
	}
}

func TestGIFKeepsItsTransparency(t *testing.T) {
	r := newRenderer(t)
	file := encode(halves(150, 150), transform.GIF)
	for _, form := range []string{"60x60", "150x150", "300x0"} {
		img := render(t, r, file, form, transform.Unknown)
		w, h := img.Rect.Dx(), img.Rect.Dy()
		if left, right := img.NRGBAAt(w/4, h/2), img.NRGBAAt(3*w/4, h/2); far(left, color.NRGBA{B: 255, A: 255}) > 8 || right.A != 0 {
			t.Errorf("%s: %v on the left, %v on the right", form, left, right)
		}
	}
}

func TestJPEGIsFlattenedOnTheBackground(t *testing.T) {
	r := newRenderer(t)
	sheer := color.NRGBA{A: 128} // half of black
	greyAlpha := flat(64, 48, sheer)
	for _, c := range []struct {
		background transform.RGB
		want       color.NRGBA
	}{
		{transform.RGB{R: 255, G: 255, B: 255}, color.NRGBA{R: 127, G: 127, B: 127, A: 255}},
		{transform.RGB{R: 200, G: 100, B: 0}, color.NRGBA{R: 100, G: 50, B: 0, A: 255}},
		{transform.RGB{}, color.NRGBA{A: 255}},
	} {
		o := transform.DefaultOptions()
		o.Background = c.background
		for name, file := range map[string][]byte{
			"PNG":  encode(greyAlpha, transform.PNG),
			"WebP": encode(greyAlpha, transform.WebP),
			"grey": rawPNG(64, 48, 8, pngGreyAlpha, false, func(x, y int) []uint16 { return []uint16{0, 128} }),
		} {
			for _, form := range []string{"32x24", "64x48"} {
				out, err := r.Render(t.Context(), file, o.PlanAs(thumb(form), transform.JPEG))
				if err != nil {
					t.Fatal(err)
				}
				if got := decode(t, out).NRGBAAt(10, 10); far(got, c.want) > 4 {
					t.Errorf("%s as %s on %v: %v, want %v", name, form, c.background, got, c.want)
				}
			}
		}
	}
}

// TestUnusedAlphaIsDropped: an alpha channel that hides nothing costs bytes.
func TestUnusedAlphaIsDropped(t *testing.T) {
	r := newRenderer(t)
	for _, form := range []string{"60x0", "120x90"} {
		if m := probe(t, renderBytes(t, r, rgbaPNG(flat(120, 90, picture.TopLeft)), form, transform.Unknown)); m.Alpha {
			t.Errorf("%s: alpha is kept though nothing shows through", form)
		}
		if m := probe(t, renderBytes(t, r, rgbaPNG(halves(120, 90)), form, transform.Unknown)); !m.Alpha {
			t.Errorf("%s: alpha is lost though something shows through", form)
		}
	}
}

// rgbaPNG always writes the channel, which the standard library leaves out where it
// can.
func rgbaPNG(img *image.NRGBA) []byte {
	return rawPNG(img.Rect.Dx(), img.Rect.Dy(), 8, pngRGBA, false, func(x, y int) []uint16 {
		c := img.NRGBAAt(x, y)
		return []uint16{uint16(c.R), uint16(c.G), uint16(c.B), uint16(c.A)}
	})
}
