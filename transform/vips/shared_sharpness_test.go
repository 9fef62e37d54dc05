package vips

import (
	"image"
	"maps"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// mostLost is how much less like a full decode scaled by Lanczos a rendition may be for having been made of what others
// are made of too.
const mostLost = 0.003

// likeness is how like the truth each form of a source is.
type likeness struct{ direct, shared, reduced float64 }

// sharpness makes the forms of src alone, together, and of a reduced copy of that side, and compares all with Lanczos
// over src decoded in full.
func sharpness(t testing.TB, r *Renderer, src []byte, forms []string, side string) []likeness {
	t.Helper()
	var upright transform.Size
	upright.Width, upright.Height = probe(t, src).Upright()
	plans := plansOf(t, src, transform.PNG, forms)
	together, _ := renderAll(t, r, t.Context(), src, transform.Size{}, plans)
	wantMade(t, together, forms)
	p := plan(t, src, side, transform.JPEG)
	p.Quality = 90
	reduced, err := r.Render(t.Context(), src, p)
	if err != nil {
		t.Fatal(err)
	}
	var later []outcome // one at a time, as new sizes come
	for i := range plans {
		one, _ := renderAll(t, r, t.Context(), reduced, upright, plans[i:i+1])
		later = append(later, one...)
	}
	wantMade(t, later, forms)

	full := luma(render(t, r, src, "9999x9999f", transform.PNG))
	var all []likeness
	for i, form := range forms {
		g := thumb(form).Geometry(upright.Width, upright.Height)
		truth := lanczos.scale(full, g.Source.X, g.Source.Y, g.Source.Width, g.Source.Height, g.Scaled.Width, g.Scaled.Height)
		like := func(file []byte) float64 {
			got := luma(decode(t, file))
			if got.w != truth.w || got.h != truth.h {
				t.Fatalf("%s: %d×%d, want %d×%d", form, got.w, got.h, truth.w, truth.h)
			}
			return ssim(got, truth)
		}
		all = append(all, likeness{like(renderBytes(t, r, src, form, transform.PNG)), like(together[i].data), like(later[i].data)})
	}
	return all
}

// TestSharedRenditionsAreAsSharp holds the loss by sharing a decode, and by a mezzanine for what it covers, the first three forms.
func TestSharedRenditionsAreAsSharp(t *testing.T) {
	aboutPixels(t)
	r := newRenderer(t)
	sources := photographs(t)
	maps.DeleteFunc(sources, func(name string, _ []byte) bool { // three will do
		return name != "chelsea" && name != "coffee" && name != "rocket"
	})
	for name, img := range map[string]image.Image{
		"chart": picture.Chart(1000, 640), "landscape": picture.Landscape(1000, 640, 1), "flower": picture.Flower(640, 900, 1),
	} {
		sources[name] = picture.Must(picture.JPEG(img, 92))
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forms := []string{"60x0", "100x75t", "140x0", "220x0", "290x0"}
			for i, l := range sharpness(t, r, src, forms, "300x300f") {
				if l.shared < l.direct-mostLost {
					t.Errorf("%s made with others is like the truth by %.4f, alone %.4f", forms[i], l.shared, l.direct)
				}
				if i < 3 && l.reduced < l.direct-mostLost {
					t.Errorf("%s made of a reduced copy is like the truth by %.4f, of the source %.4f", forms[i], l.reduced, l.direct)
				}
			}
		})
	}
}
