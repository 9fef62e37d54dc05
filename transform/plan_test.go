package transform

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFormatsAndTheirTypes(t *testing.T) {
	for mime, want := range map[string]Format{
		"image/jpeg": JPEG, "image/jpg": JPEG, "image/png": PNG, "image/gif": GIF, "image/webp": WebP,
		"": Unknown, "image/svg+xml": Unknown, "image/avif": Unknown, "image/apng": Unknown, "image/vnd.mozilla.apng": Unknown,
		"IMAGE/PNG": Unknown, "image/png; charset=binary": Unknown, "application/pdf": Unknown,
	} {
		if got := FormatOf(mime); got != want {
			t.Errorf("FormatOf(%q) = %s, want %s", mime, got, want)
		}
	}
	if FormatOf("image/avif") != Unknown || AVIF.MIME() != "image/avif" {
		t.Error("thumbnails are made of AVIF, or not of its type")
	}
	for _, f := range []Format{JPEG, PNG, GIF, WebP} {
		if FormatOf(f.MIME()) != f || f.MIME() != "image/"+f.String() || f.MaxSide() < 16383 {
			t.Errorf("%d: %q, %q, %d", f, f.MIME(), f, f.MaxSide())
		}
	}
	if Unknown.MIME() != "" || Unknown.String() != "unknown" || Unknown.MaxSide() != 0 {
		t.Errorf("Unknown: %q, %q, %d", Unknown.MIME(), Unknown, Unknown.MaxSide())
	}
}

func TestPlanKeys(t *testing.T) {
	progressive := DefaultOptions()
	progressive.JPEGProgressive = true
	progressive.JPEGQuality = 9
	progressive.Background = RGB{0, 0x1a, 0xf0}
	for _, tt := range []struct {
		options Options
		form    string
		source  Format
		want    string
	}{
		{DefaultOptions(), "400x300t", JPEG, "400x300t-jpeg-q80-bffffff"},
		{DefaultOptions(), "100x100", PNG, "100x100-png-c6"},
		{DefaultOptions(), "100x0f", GIF, "100x0-gif"},
		{DefaultOptions(), "0x100", WebP, "0x100-webp-q80"},
		{progressive, "100x100f", JPEG, "100x100f-jpeg-q9-p-b001af0"},
		{DefaultOptions(), "100x100", Unknown, "100x100-unknown"},
	} {
		if got := tt.options.Plan(mustThumb(t, tt.form), tt.source).Key(); got != tt.want {
			t.Errorf("Key = %q, want %q", got, tt.want)
		}
	}
}

func TestEqualPicturesHaveEqualPlans(t *testing.T) {
	base := DefaultOptions()
	for _, forms := range [][]string{{"100x0", "100x0t", "100x0b", "100x0f", "0100x00"}, {"0x7", "0x7t", "00x07f"}, {"5x5f", "05x05f"}} {
		want := base.Plan(mustThumb(t, forms[0]), JPEG)
		for _, form := range forms {
			if got := base.Plan(mustThumb(t, form), JPEG); got != want {
				t.Errorf("%s and %s: %+v, %+v", form, forms[0], got, want)
			}
		}
	}
	if got, want := base.Plan(Thumb{100, 0, Fit}, PNG), base.Plan(Thumb{100, 0, Center}, PNG); got != want {
		t.Errorf("a thumb made by hand: %+v, %+v", got, want)
	}

	// An option of another format changes nothing.
	other := base
	other.JPEGQuality, other.JPEGProgressive, other.Background = 1, true, RGB{}
	for _, f := range []Format{PNG, GIF, WebP, AVIF} {
		if a, b := base.Plan(Thumb{9, 9, Top}, f), other.Plan(Thumb{9, 9, Top}, f); a != b {
			t.Errorf("%s: %+v, %+v", f, a, b)
		}
	}
	other = base
	other.WebPQuality, other.PNGCompression = 1, 1
	for _, f := range []Format{JPEG, GIF} {
		if a, b := base.Plan(Thumb{9, 9, Top}, f), other.Plan(Thumb{9, 9, Top}, f); a != b {
			t.Errorf("%s: %+v, %+v", f, a, b)
		}
	}
}

func plans() *rapid.Generator[Plan] {
	return rapid.Custom(func(t *rapid.T) Plan {
		channel := rapid.Uint8()
		o := Options{
			JPEGQuality:     rapid.IntRange(1, 100).Draw(t, "jpeg"),
			JPEGProgressive: rapid.Bool().Draw(t, "progressive"),
			WebPQuality:     rapid.IntRange(1, 100).Draw(t, "webp"),
			AVIFQuality:     rapid.IntRange(1, 100).Draw(t, "avif"),
			PNGCompression:  rapid.IntRange(0, 9).Draw(t, "png"),
			Background:      RGB{channel.Draw(t, "r"), channel.Draw(t, "g"), channel.Draw(t, "b")},
		}
		return o.PlanAs(thumbs().Draw(t, "thumb"), Format(rapid.IntRange(0, 5).Draw(t, "output")))
	})
}

// unkey reads a key back: a key that has an inverse belongs to one plan only.
func unkey(key string) (p Plan, err error) {
	parts := strings.Split(key, "-")
	if p.Thumb, err = ParseThumb(parts[0]); err != nil {
		return p, err
	}
	for f := Unknown; f <= AVIF; f++ {
		if f.String() == parts[1] {
			p.Output = f
		}
	}
	for _, part := range parts[2:] {
		switch part[0] {
		case 'q':
			_, err = fmt.Sscanf(part, "q%d", &p.Quality)
		case 'c':
			_, err = fmt.Sscanf(part, "c%d", &p.Compression)
		case 'p':
			p.Progressive = true
		case 'b':
			_, err = fmt.Sscanf(part, "b%02x%02x%02x", &p.Background.R, &p.Background.G, &p.Background.B)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func TestPlanKeyIsInjectiveAndSafe(t *testing.T) {
	safe := regexp.MustCompile(`^[0-9a-z][0-9a-z-]{0,47}$`)
	rapid.Check(t, func(t *rapid.T) {
		p := plans().Draw(t, "plan")
		key := p.Key()
		if !safe.MatchString(key) {
			t.Errorf("key %q", key)
		}
		if got, err := unkey(key); err != nil || got != p {
			t.Errorf("key %q reads as %+v, %v, want %+v", key, got, err, p)
		}
	})
}

func TestOptionsValidate(t *testing.T) {
	for name, o := range map[string]Options{
		"the default":  DefaultOptions(),
		"the least":    {JPEGQuality: 1, WebPQuality: 1, AVIFQuality: 1, PNGCompression: 0},
		"the greatest": {JPEGQuality: 100, WebPQuality: 100, AVIFQuality: 100, PNGCompression: 9},
	} {
		if err := o.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Options){
		"JPEG quality 0":    func(o *Options) { o.JPEGQuality = 0 },
		"JPEG quality 101":  func(o *Options) { o.JPEGQuality = 101 },
		"WebP quality 0":    func(o *Options) { o.WebPQuality = 0 },
		"WebP quality 101":  func(o *Options) { o.WebPQuality = 101 },
		"AVIF quality 0":    func(o *Options) { o.AVIFQuality = 0 },
		"AVIF quality 101":  func(o *Options) { o.AVIFQuality = 101 },
		"PNG compression":   func(o *Options) { o.PNGCompression = 10 },
		"PNG compression -": func(o *Options) { o.PNGCompression = -1 },
	} {
		o := DefaultOptions()
		change(&o)
		if err := o.Validate(); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkPlanKey(b *testing.B) {
	p := DefaultOptions().Plan(mustThumb(b, "1280x1024f"), JPEG)
	b.ReportAllocs()
	for b.Loop() {
		if p.Key() == "" {
			b.Fatal("no key")
		}
	}
}
