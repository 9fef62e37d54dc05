package vips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// widths is a srcset.
var widths = []string{"160x0", "320x0", "480x0", "640x0", "960x0", "1280x0"}

// outcome is what RenderAll said of one plan.
type outcome struct {
	data []byte
	err  error
}

// renderAll makes the forms at once and returns their outcomes, and the order in which they came.
func renderAll(t testing.TB, r *Renderer, ctx context.Context, src []byte, of transform.Size, plans []transform.Plan) (all []outcome, order []int) {
	t.Helper()
	all = make([]outcome, len(plans))
	r.RenderAll(ctx, src, of, plans, func(i int, data []byte, err error) {
		all[i] = outcome{data, err}
		order = append(order, i)
	})
	if sorted := slices.Sorted(slices.Values(order)); len(sorted) != len(plans) || len(slices.Compact(sorted)) != len(plans) {
		t.Fatalf("of %d plans, these were told of: %v", len(plans), order)
	}
	return all, order
}

func plansOf(t testing.TB, src []byte, output transform.Format, forms []string) (plans []transform.Plan) {
	t.Helper()
	for _, form := range forms {
		plans = append(plans, plan(t, src, form, output))
	}
	return plans
}

func wantMade(t testing.TB, all []outcome, forms []string) {
	t.Helper()
	for i, o := range all {
		if o.err != nil {
			t.Fatalf("%s: %v", forms[i], o.err)
		}
	}
}

func TestSixWidthsTakeOneDecode(t *testing.T) {
	r := newRenderer(t)
	src := encode(ramp(1600, 1200, false), transform.JPEG)
	all, order := renderAll(t, r, t.Context(), src, transform.Size{}, plansOf(t, src, 0, widths))
	wantMade(t, all, widths)
	if want := []int{0, 1, 2, 3, 4, 5}; !slices.Equal(order, want) {
		t.Errorf("they came in the order %v, want the small ones first", order)
	}
	for i, o := range all {
		want := transform.Size{Width: []int{160, 320, 480, 640, 960, 1280}[i]}
		want.Height = want.Width * 3 / 4
		if got := decode(t, o.data).Rect.Size(); got.X != want.Width || got.Y != want.Height {
			t.Errorf("%s is %v", widths[i], got)
		}
	}
	if s := r.Stats(); s.Decodes != 1 || s.ViaShared != 6 || s.ViaBimg+s.ViaLibvips != 0 {
		t.Errorf("%+v", s)
	}
	wantNothingHeld(t, r)
}

// TestSharedRenditionsShowTheSame compares each form, made with others, with the same made alone: of every format, in every
// orientation, with transparency, with 16 bits, with a profile, of four channels.
func TestSharedRenditionsShowTheSame(t *testing.T) {
	aboutPixels(t)
	r := newRenderer(t)
	forms := []string{"0x40", "128x0", "80x60b", "36x48t", "120x120f", "280x0"}
	img := picture.Landscape(240, 180, 1)
	sources := map[string][]byte{}
	for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP} {
		sources[f.String()] = encode(img, f)
	}
	for _, turn := range []int{1, 2, 4, 5, 6, 7} {
		sources[fmt.Sprintf("JPEG turned %d", turn+1)] = picture.Must(picture.WithOrientation(encode(img, transform.JPEG), turn+1, picture.II))
	}
	sources["JPEG in Display P3"] = picture.Must(picture.WithICC(encode(img, transform.JPEG), picture.ProfileDisplayP3()))
	sources["transparent PNG"] = encode(fading(240, 180), transform.PNG)
	sources["PNG of 16 bits"] = rawPNG(240, 180, 16, pngRGBA, false, func(x, y int) []uint16 {
		return []uint16{uint16(x * 270), uint16(y * 360), 30000, uint16(65535 - x*130)}
	})
	sources["JPEG of four inks"] = picture.CMYK([4]uint8{200, 90, 30, 10}, 30, 23)
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			all, _ := renderAll(t, r, t.Context(), src, transform.Size{}, plansOf(t, src, transform.PNG, forms))
			wantMade(t, all, forms)
			for i, form := range forms {
				got, want := decode(t, all[i].data), render(t, r, src, form, transform.PNG)
				if got.Rect != want.Rect {
					t.Errorf("%s is %v, alone %v", form, got.Rect, want.Rect)
					continue
				}
				if like := ssim(luma(onBlack(got)), luma(onBlack(want))); like < 0.99 {
					t.Errorf("%s is like the one made alone by %.4f only", form, like)
				}
			}
		})
	}
}

// TestOfAReducedCopyComesTheSame compares several forms made of a reduced copy with the same of the original: the sizes are
// the original's, though those of the copy would round otherwise, and what is cut is cut at the same place.
func TestOfAReducedCopyComesTheSame(t *testing.T) {
	aboutPixels(t)
	r, img := newRenderer(t), picture.Landscape(603, 457, 1)
	for turn := 1; turn <= 8; turn += 5 {
		src := picture.Must(picture.WithOrientation(encode(img, transform.JPEG), turn, picture.II))
		var upright transform.Size
		upright.Width, upright.Height = probe(t, src).Upright()
		copied := plan(t, src, "320x320f", transform.JPEG)
		copied.Quality = 90
		reduced, err := r.Render(t.Context(), src, copied)
		if err != nil {
			t.Fatal(err)
		}
		forms := []string{"151x0", "0x75", "50x45t", "50x45b", "45x60", "100x100f"}
		for _, together := range []bool{true, false} {
			for at := 0; at < len(forms); {
				some := forms[at:]
				if !together {
					some = forms[at : at+1]
				}
				all, _ := renderAll(t, r, t.Context(), reduced, upright, plansOf(t, src, transform.PNG, some))
				wantMade(t, all, some)
				for i, form := range some {
					got, want := decode(t, all[i].data), render(t, r, src, form, transform.PNG)
					if got.Rect != want.Rect {
						t.Errorf("turned %d, %s is %v of the copy, %v of the original", turn, form, got.Rect, want.Rect)
					} else if like := ssim(luma(got), luma(want)); like < 0.985 {
						t.Errorf("turned %d, %s of the copy is like that of the original by %.4f only", turn, form, like)
					}
				}
				at += len(some)
			}
		}
	}
	if s := r.Stats(); s.SharedBytes != 0 {
		t.Errorf("%d bytes are still counted", s.SharedBytes)
	}
}

// fading is a picture that is more transparent the further right, over colours of its own there.
func fading(w, h int) *image.NRGBA {
	img := nrgba(picture.Landscape(w, h, 2))
	out := image.NewNRGBA(img.Rect)
	for i := range img.Pix {
		out.Pix[i] = img.Pix[i]
		if i%4 == 3 {
			out.Pix[i] = uint8(255 - 255*(i/4%w)/w)
		}
	}
	return out
}

// TestOneFailureIsNotTheOthers: what cannot be made of a good source, and what is wrong with a bad one.
func TestOneFailureIsNotTheOthers(t *testing.T) {
	r := newRenderer(t)
	src := encode(ramp(800, 600, false), transform.JPEG)
	plans := plansOf(t, src, 0, []string{"100x0", "9999x0", "200x0", "300x0"})
	plans[2].Output = transform.Unknown
	all, _ := renderAll(t, r, t.Context(), src, transform.Size{}, plans)
	for i, want := range []error{nil, transform.ErrTooManyPixels, transform.ErrUnsupported, nil} {
		if !errors.Is(all[i].err, want) || (want == nil) != (all[i].data != nil) {
			t.Errorf("plan %d: %d bytes, %v; want %v", i, len(all[i].data), all[i].err, want)
		}
	}
	for name, broken := range map[string][]byte{"half of a picture": without(src, len(src)/3, 0.5), "no picture": []byte("no picture")} {
		all, _ := renderAll(t, r, t.Context(), broken, transform.Size{}, plansOf(t, src, 0, widths))
		for i, o := range all {
			if o.err == nil || o.data != nil {
				t.Errorf("%s: %s was made", name, widths[i])
			}
		}
	}
	wantNothingHeld(t, r)
	if s := r.Stats(); s.SharedBytes != 0 {
		t.Errorf("%d bytes are still counted", s.SharedBytes)
	}
}

func TestManyEndWithTheirContext(t *testing.T) {
	r := newRenderer(t)
	src := encode(ramp(1200, 900, false), transform.JPEG)
	cause := errors.New("nobody waits")
	ended, end := context.WithCancelCause(context.Background())
	plans := plansOf(t, src, 0, widths)
	made := 0
	r.RenderAll(ended, src, transform.Size{}, plans, func(i int, data []byte, err error) {
		switch {
		case err == nil:
			made++
			end(cause) // after the first
		case !errors.Is(err, cause):
			t.Errorf("%s: %v", widths[i], err)
		}
	})
	if made != 1 {
		t.Errorf("%d were made after all", made-1)
	}
	if s := r.Stats(); s.Cancelled != int64(len(widths)-1) || s.SharedBytes != 0 {
		t.Errorf("%+v", s)
	}
	wantNothingHeld(t, r)
}

func TestWithoutMemoryToShareEachIsMadeAlone(t *testing.T) {
	r := newRenderer(t)
	src := encode(ramp(600, 450, false), transform.JPEG)
	forms := []string{"100x0", "200x0"}
	if !r.hold(sharedBudget) {
		t.Fatal("an idle renderer has no budget")
	}
	all, _ := renderAll(t, r, t.Context(), src, transform.Size{}, plansOf(t, src, 0, forms))
	wantMade(t, all, forms)
	for i, form := range forms {
		if alone := renderBytes(t, r, src, form, 0); !bytes.Equal(all[i].data, alone) {
			t.Errorf("%s differs", form)
		}
	}
	r.letGo(sharedBudget)
	if s := r.Stats(); s.Decodes != 2 || s.ViaShared != 0 || s.SharedBytes != 0 {
		t.Errorf("%+v", s)
	}
}
