package transform

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestLimitsCheck(t *testing.T) {
	photo := Meta{Format: JPEG, Width: 4000, Height: 3000, Orientation: 6, Depth: 8, Components: 3, Frames: 1, Scans: 1}
	for _, tt := range []struct {
		name   string
		change func(*Meta)
		want   error
	}{
		{"a photograph", func(m *Meta) {}, nil},
		{"exactly 100 megapixels", func(m *Meta) { m.Width, m.Height = 10_000, 10_000 }, nil},
		{"one row more", func(m *Meta) { m.Width, m.Height = 10_000, 10_001 }, ErrTooManyPixels},
		{"the longest side", func(m *Meta) { m.Width, m.Height = 65_500, 1 }, nil},
		{"one pixel longer", func(m *Meta) { m.Width, m.Height = 65_501, 1 }, ErrTooManyPixels},
		{"one pixel higher", func(m *Meta) { m.Width, m.Height = 1, 65_501 }, ErrTooManyPixels},
		{"what a PNG header can claim", func(m *Meta) { m.Width, m.Height = 1<<31-1, 1<<31-1 }, ErrTooManyPixels},
		{"10,000 frames", func(m *Meta) { m.Frames = 10_000 }, nil},
		{"one frame more", func(m *Meta) { m.Frames = 10_001 }, ErrTooComplex},
		{"100 scans", func(m *Meta) { m.Scans = 100 }, nil},
		{"one scan more", func(m *Meta) { m.Scans = 101 }, ErrTooComplex},
		{"20 scans of 100 megapixels", func(m *Meta) { m.Width, m.Height, m.Scans = 10_000, 10_000, 20 }, nil},
		{"21 scans of 100 megapixels", func(m *Meta) { m.Width, m.Height, m.Scans = 10_000, 10_000, 21 }, ErrTooComplex},
		{"a profile of 4 MiB", func(m *Meta) { m.ICCBytes = 4 << 20 }, nil},
		{"one byte more", func(m *Meta) { m.ICCBytes = 4<<20 + 1 }, ErrTooComplex},
		{"EXIF of 1 MiB", func(m *Meta) { m.EXIFBytes = 1 << 20 }, nil},
		{"one byte of EXIF more", func(m *Meta) { m.EXIFBytes = 1<<20 + 1 }, ErrTooComplex},
		{"text of 32 MiB", func(m *Meta) { m.TextBytes = 32 << 20 }, nil},
		{"one byte of text more", func(m *Meta) { m.TextBytes = 32<<20 + 1 }, ErrTooComplex},
		{"a walk that met its bound", func(m *Meta) { m.Partial = true }, ErrTooComplex},
		{"a cut picture is no question of limits", func(m *Meta) { m.Truncated, m.FrameCut = true, true }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := photo
			tt.change(&m)
			if err := DefaultLimits().Check(m); !errors.Is(err, tt.want) {
				t.Errorf("Check = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLimitsCheckOutput(t *testing.T) {
	for _, tt := range []struct {
		name string
		w, h int
		form string
		out  Format
		want error
	}{
		{"a thumbnail", 4000, 3000, "400x300", JPEG, nil},
		{"25 megapixels", 4000, 3000, "10000x2500", JPEG, nil},
		{"one column more", 4000, 3000, "10001x2500", JPEG, ErrTooManyPixels},
		{"a sliver that is scaled up", 1, 1000, "1000x0", PNG, ErrTooManyPixels},
		{"a small box, cut from a huge intermediate", 10_000, 1, "9000x9000t", JPEG, ErrTooManyPixels},
		{"the widest WebP", 4000, 3000, "16383x1", WebP, nil},
		{"a wider WebP", 4000, 3000, "16384x1", WebP, ErrTooManyPixels},
		{"the same as JPEG", 4000, 3000, "16384x1", JPEG, nil},
		{"no format", 4000, 3000, "100x100", Unknown, ErrTooManyPixels},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := mustThumb(t, tt.form).Geometry(tt.w, tt.h)
			if err := DefaultLimits().CheckOutput(g, tt.out); !errors.Is(err, tt.want) {
				t.Errorf("CheckOutput = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestLimitsValidate(t *testing.T) {
	if err := DefaultLimits().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	if err := (Limits{1, 1, 1, 1, 1, 1, 1, 1, 1}).Validate(); err != nil {
		t.Errorf("the least: %v", err)
	}
	for name, change := range map[string]func(*Limits){
		"pixels":        func(l *Limits) { l.MaxPixels = 0 },
		"dimension":     func(l *Limits) { l.MaxDimension = -1 },
		"frames":        func(l *Limits) { l.MaxFrames = 0 },
		"scans":         func(l *Limits) { l.MaxScans = 0 },
		"scan pixels":   func(l *Limits) { l.MaxScanPixels = 0 },
		"ICC":           func(l *Limits) { l.MaxICCBytes = 0 },
		"EXIF":          func(l *Limits) { l.MaxEXIFBytes = 0 },
		"text":          func(l *Limits) { l.MaxTextBytes = 0 },
		"output pixels": func(l *Limits) { l.MaxOutputPixels = 0 },
	} {
		l := DefaultLimits()
		change(&l)
		if err := l.Validate(); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCostRatios(t *testing.T) {
	source := func(f Format, megapixels int) Meta {
		return Meta{Format: f, Width: 1000, Height: 1000 * megapixels, Orientation: 1, Depth: 8, Frames: 1, Scans: 1}
	}
	cost := func(m Meta, form string) int64 {
		return Cost(m, DefaultOptions().Plan(mustThumb(t, form), m.Format))
	}
	jpeg := source(JPEG, 12)
	progressive, arithmetic := jpeg, jpeg
	progressive.Progressive, progressive.Scans = true, 10
	arithmetic.Arithmetic = true
	interlaced, deep, lossless := source(PNG, 12), source(PNG, 12), source(WebP, 12)
	interlaced.Interlaced, deep.Depth, lossless.Lossless = true, 16, true

	for _, tt := range []struct {
		name       string
		less, more int64
	}{
		{"a thumbnail of a tiny picture costs something", 0, cost(Meta{Format: JPEG, Width: 1, Height: 1}, "1x1")},
		{"more pixels cost more", cost(source(JPEG, 2), "100x100"), cost(jpeg, "100x100")},
		{"a larger thumbnail costs more", cost(jpeg, "100x100"), cost(jpeg, "1000x1000")},
		{"scans cost", cost(jpeg, "100x100"), cost(progressive, "100x100")},
		{"arithmetic coding costs", cost(progressive, "100x100"), cost(arithmetic, "100x100")},
		{"PNG costs more than WebP", cost(source(WebP, 12), "9x9"), cost(source(PNG, 12), "9x9")},
		{"WebP costs more than JPEG", cost(jpeg, "9x9"), cost(source(WebP, 12), "9x9")},
		{"lossless WebP costs more than lossy", cost(source(WebP, 12), "9x9"), cost(lossless, "9x9")},
		{"interlaced PNG costs more", cost(source(PNG, 12), "9x9"), cost(interlaced, "9x9")},
		{"16 bits cost more", cost(source(PNG, 12), "9x9"), cost(deep, "9x9")},
		{"a GIF is dear to write", cost(source(PNG, 1), "900x900"), cost(source(GIF, 1), "900x900")},
	} {
		if tt.less >= tt.more {
			t.Errorf("%s: %d, %d", tt.name, tt.less, tt.more)
		}
	}
	if got := cost(jpeg, "400x300"); got < 80_000 || got > 120_000 {
		t.Errorf("12 megapixels to 400×300 cost %d µs", got)
	}
}

func TestCostStaysInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Meta{
			Format: Format(rapid.IntRange(0, 4).Draw(t, "format")),
			Width:  sides(1<<31-1).Draw(t, "w"), Height: sides(1<<31-1).Draw(t, "h"),
			Scans: rapid.IntRange(0, 1<<30).Draw(t, "scans"), Arithmetic: rapid.Bool().Draw(t, "arithmetic"),
		}
		if c := Cost(m, plans().Draw(t, "plan")); c < 1 || c > maxCost {
			t.Errorf("Cost = %d", c)
		}
	})
}
