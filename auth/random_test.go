package auth

import (
	"regexp"
	"strings"
	"testing"
)

func TestRandomStringIsUniform(t *testing.T) {
	// 256 is no multiple of these lengths: a plain remainder would favour the first letters by a quarter or more.
	for _, alphabet := range []string{Alnum, LowerAlnum, "abc", Alnum + Alnum[:38] + "!"} {
		const each = 10_000
		counts := map[rune]float64{}
		for _, r := range RandomString(each*len(alphabet), alphabet) {
			counts[r]++
		}
		for _, r := range alphabet {
			want := float64(each * strings.Count(alphabet, string(r)))
			if got := counts[r]; got < 0.93*want || got > 1.07*want { // seven standard deviations
				t.Errorf("%q came %.0f times, want about %.0f", r, got, want)
			}
		}
	}
}

func TestRandomStringLength(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		if got := len(RandomString(n, Alnum)); got != n {
			t.Errorf("RandomString(%d) has %d letters", n, got)
		}
	}
	if got := RandomString(5, "x"); got != "xxxxx" {
		t.Errorf("of the alphabet x came %q", got)
	}
}

func TestRandomStringPanicsOnWhatOnlyTheProgramCanGetWrong(t *testing.T) {
	for _, tt := range []struct {
		name     string
		n        int
		alphabet string
	}{
		{"no alphabet", 1, ""},
		{"an alphabet beyond a byte", 1, strings.Repeat("x", 257)},
		{"a negative length", -1, Alnum},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			RandomString(tt.n, tt.alphabet)
		})
	}
}

func TestGenerated(t *testing.T) {
	for _, tt := range []struct {
		name   string
		make   func() string
		format string
	}{
		{"NewID", NewID, `^[a-z0-9]{15}$`},
		{"NewTokenKey", NewTokenKey, `^[a-zA-Z0-9]{50}$`},
		{"NewSecret", NewSecret, `^[a-zA-Z0-9]{50}$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			format, seen := regexp.MustCompile(tt.format), map[string]bool{}
			for range 1000 {
				s := tt.make()
				if !format.MatchString(s) || seen[s] {
					t.Fatalf("%q has not the form %s, or came twice", s, format)
				}
				seen[s] = true
			}
		})
	}
}

func TestSigningKeyJoinsItsParts(t *testing.T) {
	if got := string(SigningKey("abc", "def")); got != "abcdef" {
		t.Errorf("SigningKey = %q", got)
	}
}
