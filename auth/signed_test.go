package auth_test

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/auth"
)

var signedAt = time.Date(2026, 1, 13, 19, 48, 37, 524e6, time.UTC)

func signer(t testing.TB, key byte, now *time.Time) *auth.Signer {
	t.Helper()
	s, err := auth.NewSigner([]byte(strings.Repeat(string(rune(key)), 32)), func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parts(t testing.TB, query string) (expires, signature string) {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil || len(v) != 2 {
		t.Fatalf("%s: %v", query, err)
	}
	return v.Get(auth.ParamExpires), v.Get(auth.ParamSignature)
}

func TestASignedURLCountsForItsPathUntilItEnds(t *testing.T) {
	now := signedAt
	s := signer(t, 'k', &now)
	expires, signature := parts(t, s.Sign("/api/files/x", now.Add(time.Hour)))
	if left, err := s.Verify("/api/files/x", expires, signature); err != nil || left <= 59*time.Minute || left > time.Hour {
		t.Fatalf("%s, %v", left, err)
	}
	changed := map[string][3]string{
		"another path":              {"/api/files/y", expires, signature},
		"a longer path":             {"/api/files/x/", expires, signature},
		"no path":                   {"", expires, signature},
		"a later end":               {"/api/files/x", expires[:len(expires)-1] + "9", signature},
		"an end with a sign":        {"/api/files/x", "+" + expires, signature},
		"an end with a zero":        {"/api/files/x", "0" + expires, signature},
		"an end with a blank":       {"/api/files/x", expires + " ", signature},
		"an end that is no number":  {"/api/files/x", "never", signature},
		"an end beyond all numbers": {"/api/files/x", strings.Repeat("9", 40), signature},
		"no end":                    {"/api/files/x", "", signature},
		"no signature":              {"/api/files/x", expires, ""},
		"padding":                   {"/api/files/x", expires, signature + "="},
		"a line break":              {"/api/files/x", expires, signature[:20] + "\n" + signature[20:]},
		"a line break for a letter": {"/api/files/x", expires, signature[:42] + "\n"},
		"the other alphabet":        {"/api/files/x", expires, strings.NewReplacer("-", "+", "_", "/").Replace(signature) + "/"},
		"hex":                       {"/api/files/x", expires, strings.Repeat("a", 64)},
	}
	// The last letter holds two spare bits: all four spellings decode to the same bytes where decoding is not strict.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, signature[42])
	for bits := 1; bits < 4; bits++ {
		changed["spare bits "+strconv.Itoa(bits)] = [3]string{"/api/files/x", expires, signature[:42] + string(alphabet[last|bits])}
	}
	for name, c := range changed {
		if left, err := s.Verify(c[0], c[1], c[2]); !errors.Is(err, auth.ErrSignedURL) || left != 0 {
			t.Errorf("%s: %s, %v", name, left, err)
		}
	}
	if _, err := signer(t, 'j', &now).Verify("/api/files/x", expires, signature); !errors.Is(err, auth.ErrSignedURL) {
		t.Errorf("another key: %v", err)
	}
	now = now.Add(time.Hour)
	if _, err := s.Verify("/api/files/x", expires, signature); !errors.Is(err, auth.ErrSignedURL) {
		t.Errorf("after its end: %v", err)
	}
}

func TestASignersKeyIsLongEnough(t *testing.T) {
	if _, err := auth.NewSigner(make([]byte, 31), nil); !errors.Is(err, auth.ErrKey) {
		t.Errorf("%v", err)
	}
	if s, err := auth.NewSigner(auth.NewURLSecret(), nil); err != nil || s == nil {
		t.Errorf("%v", err)
	}
}

// TestNoTwoSignedURLsAreTheSame: path and expiry are kept apart in what is signed.
func TestNoTwoSignedURLsAreTheSame(t *testing.T) {
	now := signedAt
	s := signer(t, 'k', &now)
	rapid.Check(t, func(r *rapid.T) {
		path := rapid.StringOfN(rapid.RuneFrom([]rune("/0123456789\nab")), 0, 12, -1)
		a, b := path.Draw(r, "a"), path.Draw(r, "b")
		in := rapid.Int64Range(1, 1e9).Draw(r, "seconds")
		expires, signature := parts(t, s.Sign(a, now.Add(time.Duration(in)*time.Second)))
		if _, err := s.Verify(b, expires, signature); (err == nil) != (a == b) {
			r.Fatalf("%q signed, %q verified: %v", a, b, err)
		}
	})
}

// FuzzSignedURL looks for parameters that count and are not, byte for byte, those that were given out.
func FuzzSignedURL(f *testing.F) {
	now := signedAt
	s := signer(f, 'k', &now)
	expires, signature := parts(f, s.Sign("/p", now.Add(time.Hour)))
	f.Add("/p", expires, signature)
	f.Add("/p", expires, signature+"=")
	f.Add("/p", "0"+expires, signature)
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, path, at, given string) {
		if _, err := s.Verify(path, at, given); err != nil {
			return
		}
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if wantAt, want := parts(t, s.Sign(path, time.Unix(n, 0))); wantAt != at || want != given {
			t.Fatalf("%q, %q, %q counts", path, at, given)
		}
	})
}
