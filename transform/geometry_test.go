package transform

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func mustThumb(t testing.TB, s string) Thumb {
	t.Helper()
	thumb, err := ParseThumb(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return thumb
}

// The first ten are what PocketBase was observed to answer.
func TestThumbnailSize(t *testing.T) {
	for _, tt := range []struct {
		source Size
		form   string
		want   Size
	}{
		{Size{1680, 1050}, "100x300f", Size{100, 62}},
		{Size{1680, 1050}, "300x0", Size{300, 188}},
		{Size{1680, 1050}, "0x300", Size{480, 300}},
		{Size{1680, 1050}, "2000x2000", Size{2000, 2000}},
		{Size{1680, 1050}, "2000x0", Size{2000, 1250}},
		{Size{1680, 1050}, "2000x2000f", Size{1680, 1050}},
		{Size{50, 40}, "100x100", Size{100, 100}},
		{Size{60, 37}, "100x100", Size{100, 100}},
		{Size{200, 100}, "0x300", Size{600, 300}},
		{Size{1600, 1200}, "400x300", Size{400, 300}},

		{Size{1000, 1}, "10x0", Size{10, 1}},   // a derived side is at least 1
		{Size{1, 1000}, "0x10", Size{1, 10}},   //
		{Size{3, 2}, "1x0", Size{1, 1}},        // 0.67
		{Size{4, 6}, "0x3", Size{2, 3}},        //
		{Size{2, 5}, "1x0", Size{1, 3}},        // 2.5 rounds up
		{Size{2, 5}, "2x2f", Size{1, 2}},       // 0.8 truncates to 0 and is derived again: 0.8 rounds to 1
		{Size{1000, 1}, "10x10f", Size{10, 1}}, // 0.01 truncates to 0 and is derived again, at least 1
		{Size{1, 1000}, "10x10f", Size{1, 10}}, //
		{Size{100, 100}, "100x100f", Size{100, 100}},
		{Size{100, 101}, "100x100f", Size{99, 100}},
		{Size{300, 200}, "150x100f", Size{150, 100}},
	} {
		t.Run(fmt.Sprintf("%v %s", tt.source, tt.form), func(t *testing.T) {
			if got := mustThumb(t, tt.form).Geometry(tt.source.Width, tt.source.Height).Size(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestGeometrySteps(t *testing.T) {
	for _, tt := range []struct {
		name   string
		w, h   int
		form   string
		source Rect
		scaled Size
		out    Rect
	}{
		{"a large source is cropped first, centred", 1680, 1050, "100x100", Rect{315, 0, 1050, 1050}, Size{100, 100}, Rect{0, 0, 100, 100}},
		{"an odd overhang leaves its pixel at the right", 1051, 1000, "100x100", Rect{25, 0, 1000, 1000}, Size{100, 100}, Rect{0, 0, 100, 100}},
		{"a tall source is cropped at top and bottom", 300, 1001, "100x100", Rect{0, 350, 300, 300}, Size{100, 100}, Rect{0, 0, 100, 100}},
		{"top keeps the top", 300, 1001, "100x100t", Rect{0, 0, 300, 300}, Size{100, 100}, Rect{0, 0, 100, 100}},
		{"bottom keeps the bottom", 300, 1001, "100x100b", Rect{0, 701, 300, 300}, Size{100, 100}, Rect{0, 0, 100, 100}},
		{"top crops a wide source at both sides", 1001, 300, "100x100t", Rect{350, 0, 300, 300}, Size{100, 100}, Rect{0, 0, 100, 100}},
		{"a crop side is rounded", 1000, 700, "300x211", Rect{2, 0, 995, 700}, Size{300, 211}, Rect{0, 0, 300, 211}},
		{"a crop is at least one pixel", 100, 10000, "10000x1", Rect{0, 4999, 100, 1}, Size{10000, 1}, Rect{0, 0, 10000, 1}},
		{"a source of the box's shape is scaled whole", 400, 200, "200x100", Rect{0, 0, 400, 200}, Size{200, 100}, Rect{0, 0, 200, 100}},
		{"both sides of 100 are cropped first", 100, 200, "50x50", Rect{0, 50, 100, 100}, Size{50, 50}, Rect{0, 0, 50, 50}},

		{"a small source is scaled first", 99, 200, "50x50", Rect{0, 0, 99, 200}, Size{50, 101}, Rect{0, 25, 50, 50}},
		{"a small source, top", 99, 200, "50x50t", Rect{0, 0, 99, 200}, Size{50, 101}, Rect{0, 0, 50, 50}},
		{"a small source, bottom", 99, 200, "50x50b", Rect{0, 0, 99, 200}, Size{50, 101}, Rect{0, 51, 50, 50}},
		{"a small wide source", 200, 50, "50x50", Rect{0, 0, 200, 50}, Size{200, 50}, Rect{75, 0, 50, 50}},
		{"a small source is scaled up", 50, 40, "100x100", Rect{0, 0, 50, 40}, Size{125, 100}, Rect{12, 0, 100, 100}},

		{"a source of the box's size is copied", 640, 480, "640x480b", Rect{0, 0, 640, 480}, Size{640, 480}, Rect{0, 0, 640, 480}},
		{"a source that fits is copied", 64, 48, "640x480f", Rect{0, 0, 64, 48}, Size{64, 48}, Rect{0, 0, 64, 48}},
		{"fit scales the whole", 1680, 1050, "100x300f", Rect{0, 0, 1680, 1050}, Size{100, 62}, Rect{0, 0, 100, 62}},
		{"one side scales the whole", 1680, 1050, "300x0", Rect{0, 0, 1680, 1050}, Size{300, 188}, Rect{0, 0, 300, 188}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := Geometry{Upright: Size{tt.w, tt.h}, Source: tt.source, Scaled: tt.scaled, Out: tt.out}
			got := mustThumb(t, tt.form).Geometry(tt.w, tt.h)
			if got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
			if got.Copy() != (got.Size() == got.Upright && !got.CropsSource() && !got.CropsScaled()) {
				t.Errorf("Copy is %t", got.Copy())
			}
		})
	}
}

func TestGeometryKinds(t *testing.T) {
	for _, tt := range []struct {
		w, h                    int
		form                    string
		copy, cropsSrc, cropsSc bool
	}{
		{640, 480, "640x480", true, false, false},
		{640, 480, "1000x1000f", true, false, false},
		{640, 480, "100x100", false, true, false},
		{640, 480, "640x100", false, true, false},
		{640, 480, "320x240", false, false, false},
		{64, 48, "32x32", false, false, true},
		{64, 48, "64x24", false, false, true}, // no scaling, but a crop
		{64, 48, "32x0", false, false, false},
	} {
		g := mustThumb(t, tt.form).Geometry(tt.w, tt.h)
		if g.Copy() != tt.copy || g.CropsSource() != tt.cropsSrc || g.CropsScaled() != tt.cropsSc {
			t.Errorf("%s of %d×%d: Copy %t, CropsSource %t, CropsScaled %t", tt.form, tt.w, tt.h, g.Copy(), g.CropsSource(), g.CropsScaled())
		}
	}
}

func TestGeometryOfNothingIsZero(t *testing.T) {
	for _, g := range []Geometry{
		Thumb{100, 100, Center}.Geometry(0, 10),
		Thumb{100, 100, Center}.Geometry(10, -1),
		Thumb{}.Geometry(10, 10),
	} {
		if g != (Geometry{}) {
			t.Errorf("got %+v", g)
		}
	}
}

// model is the geometry as a story of one picture's dimensions: what is left of
// the source's columns and rows after each operation that PocketBase was observed
// to apply. It shares no code with Thumb.Geometry.
func model(w, h, W, H int, suffix byte) (source, out Rect, scaledW, scaledH int) {
	source = Rect{0, 0, w, h}
	fw, fh, fW, fH := float64(w), float64(h), float64(W), float64(H)
	other := func(known, num, den float64) int {
		return int(math.Min(1<<30, math.Max(1, math.Floor(known*num/den+0.5))))
	}
	scaledW, scaledH = W, H
	switch {
	case H == 0:
		scaledH = other(fW, fh, fw)
	case W == 0:
		scaledW = other(fH, fw, fh)
	case suffix == 'f' && w <= W && h <= H:
		scaledW, scaledH = w, h
	case suffix == 'f' && fw/fh > fW/fH:
		if scaledH = int(math.Trunc(fW / (fw / fh))); scaledH == 0 {
			scaledH = other(fW, fh, fw)
		}
	case suffix == 'f':
		if scaledW = int(math.Trunc(fH * (fw / fh))); scaledW == 0 {
			scaledW = other(fH, fw, fh)
		}
	case w == W && h == H:
	case w >= 100 && h >= 100:
		if fw/fh < fW/fH {
			source.Height = int(math.Trunc(math.Max(1, fw*fH/fW) + 0.5))
			source.Y = map[byte]int{0: (h - source.Height) / 2, 't': 0, 'b': h - source.Height}[suffix]
		} else {
			source.Width = int(math.Trunc(math.Max(1, fh*fW/fH) + 0.5))
			source.X = (w - source.Width) / 2
		}
	default:
		if fw/fh < fW/fH {
			scaledH = other(fW, fh, fw)
		} else {
			scaledW = other(fH, fw, fh)
		}
		return source, Rect{
			X: (scaledW - W) / 2, Width: W, Height: H,
			Y: map[byte]int{0: (scaledH - H) / 2, 't': 0, 'b': scaledH - H}[suffix],
		}, scaledW, scaledH
	}
	return source, Rect{0, 0, scaledW, scaledH}, scaledW, scaledH
}

// sides draws lengths where rounding is delicate as often as large ones.
func sides(most int) *rapid.Generator[int] {
	return rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(90, 110), rapid.IntRange(1, 5000), rapid.IntRange(1, most))
}

func thumbs() *rapid.Generator[Thumb] {
	return rapid.Custom(func(t *rapid.T) Thumb {
		thumb := Thumb{
			Width:  rapid.OneOf(rapid.Just(0), sides(MaxThumbSide)).Draw(t, "width"),
			Height: rapid.OneOf(rapid.Just(0), sides(MaxThumbSide)).Draw(t, "height"),
			Mode:   Mode(rapid.IntRange(0, 3).Draw(t, "mode")),
		}
		if thumb.Width == 0 && thumb.Height == 0 {
			thumb.Width = 1
		}
		return thumb
	})
}

func TestGeometryIsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h, thumb := sides(70_000).Draw(t, "w"), sides(70_000).Draw(t, "h"), thumbs().Draw(t, "thumb")
		source, out, scaledW, scaledH := model(w, h, thumb.Width, thumb.Height, thumb.Mode.suffix())
		want := Geometry{Upright: Size{w, h}, Source: source, Scaled: Size{scaledW, scaledH}, Out: out}
		if got := thumb.Geometry(w, h); got != want {
			t.Errorf("%s of %d×%d:\n got %+v\nwant %+v", thumb, w, h, got, want)
		}
	})
}

func TestGeometryHoldsTogether(t *testing.T) {
	inside := func(r Rect, s Size) bool {
		return r.X >= 0 && r.Y >= 0 && r.Width >= 1 && r.Height >= 1 && r.X+r.Width <= s.Width && r.Y+r.Height <= s.Height
	}
	const most = 1<<31 - 1 // of a PNG header
	rapid.Check(t, func(t *rapid.T) {
		w, h, thumb := sides(most).Draw(t, "w"), sides(most).Draw(t, "h"), thumbs().Draw(t, "thumb")
		g := thumb.Geometry(w, h)
		switch {
		case g.Upright != Size{w, h}, !inside(g.Source, g.Upright), !inside(g.Out, g.Scaled):
			t.Errorf("a step leaves its picture: %+v", g)
		case g.CropsSource() && g.CropsScaled():
			t.Errorf("two crops: %+v", g)
		case thumb.Mode != Fit && thumb.Width > 0 && thumb.Height > 0 && g.Size() != Size{thumb.Width, thumb.Height}:
			t.Errorf("the box is not filled: %+v", g)
		case thumb.Mode == Fit && thumb.Width > 0 && thumb.Height > 0 && (g.Size().Width > thumb.Width || g.Size().Height > thumb.Height):
			t.Errorf("the picture does not fit: %+v", g)
		case thumb.Mode == Fit && thumb.Width > 0 && thumb.Height > 0 && (g.Scaled.Width > w || g.Scaled.Height > h):
			t.Errorf("fit scales up: %+v", g)
		case thumb.Width > 0 && thumb.Height == 0 && g.Size().Width != thumb.Width:
			t.Errorf("another width: %+v", g)
		case g.Size().Pixels() < 1, g.Scaled.Pixels() < 1:
			t.Errorf("overflow: %+v", g)
		}
	})
}

func BenchmarkGeometry(b *testing.B) {
	for _, form := range []string{"400x300", "300x0", "300x300f"} {
		thumb := mustThumb(b, form)
		b.Run(form, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if thumb.Geometry(4000, 3000).Out.Width == 0 {
					b.Fatal("no geometry")
				}
			}
		})
	}
}
