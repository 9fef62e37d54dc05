package transform

import (
	"errors"
	"regexp"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestParseThumb(t *testing.T) {
	for s, want := range map[string]Thumb{
		"100x100":           {100, 100, Center},
		"100x300t":          {100, 300, Top},
		"100x300b":          {100, 300, Bottom},
		"100x300f":          {100, 300, Fit},
		"300x0":             {300, 0, Center},
		"0x300":             {0, 300, Center},
		"1x1":               {1, 1, Center},
		"65500x65500f":      {65500, 65500, Fit},
		"100x0t":            {100, 0, Center},
		"0x100f":            {0, 100, Center},
		"0100x0050b":        {100, 50, Bottom},
		"000000000001x000t": {1, 0, Center},
	} {
		if got, err := ParseThumb(s); err != nil || got != want {
			t.Errorf("ParseThumb(%q) = %+v, %v, want %+v", s, got, err, want)
		}
	}
}

func TestParseThumbRefuses(t *testing.T) {
	for _, s := range []string{
		"", "x", "100", "100x", "x100", "100x100 ", " 100x100", "100X100", "100x100T", "100x100tt", "100x100tb", "100x100x100",
		"100xt", "-1x100", "+1x100", "1e2x100", "1.5x100", "0x0", "0x0t", "0x0f", "00x000", "100*100", "100x100?", "100x100\n",
		"65501x1", "1x65501", "18446744073709551617x1", "99999999999999999999999999x99999999999999999999999999", "١٠٠x١٠٠", "100x100\x00",
	} {
		if got, err := ParseThumb(s); !errors.Is(err, ErrThumb) || got != (Thumb{}) {
			t.Errorf("ParseThumb(%q) = %+v, %v, want ErrThumb", s, got, err)
		}
	}
}

// thumbForm is PocketBase's grammar of a thumb form, as observed.
var thumbForm = regexp.MustCompile(`^(\d+)x(\d+)(t|b|f)?$`)

// parseThumbModel is the grammar by the regular expression.
func parseThumbModel(s string) (Thumb, bool) {
	m := thumbForm.FindStringSubmatch(s)
	if m == nil {
		return Thumb{}, false
	}
	width, errW := strconv.Atoi(m[1])
	height, errH := strconv.Atoi(m[2])
	if errW != nil || errH != nil || width > MaxThumbSide || height > MaxThumbSide || width == 0 && height == 0 {
		return Thumb{}, false
	}
	mode := map[string]Mode{"": Center, "t": Top, "b": Bottom, "f": Fit}[m[3]]
	if width == 0 || height == 0 {
		mode = Center
	}
	return Thumb{width, height, mode}, true
}

func checkParseThumb(t interface{ Errorf(string, ...any) }, s string) {
	want, ok := parseThumbModel(s)
	got, err := ParseThumb(s)
	if ok != (err == nil) || got != want {
		t.Errorf("ParseThumb(%q) = %+v, %v, want %+v, %t", s, got, err, want, ok)
	}
	if err != nil {
		return
	}
	again, err := ParseThumb(got.String())
	if err != nil || again != got {
		t.Errorf("ParseThumb(%q) = %+v, %v, want %+v", got.String(), again, err, got)
	}
}

func TestParseThumbIsTheGrammar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkParseThumb(t, rapid.StringMatching(`0{0,2}[0-9]{0,6}[xX ]{0,2}0{0,2}[0-9]{0,6}[tbfTx]{0,2}`).Draw(t, "form"))
	})
}

func FuzzParseThumb(f *testing.F) {
	for _, s := range []string{"100x100", "100x300t", "0x300", "300x0b", "65500x65501f", "0x0", "007x0f", "1x1\n", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkParseThumb(t, s) })
}

func TestParseThumbAndGeometryDoNotAllocate(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() {
		thumb, err := ParseThumb("400x300b")
		if err != nil || thumb.Geometry(4000, 3000) == (Geometry{}) {
			t.Fatal(thumb, err)
		}
		if _, err := ParseThumb("no form"); err == nil {
			t.Fatal("parsed")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkParseThumb(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseThumb("1280x1024f"); err != nil {
			b.Fatal(err)
		}
	}
}
