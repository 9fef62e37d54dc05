package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
)

// FuzzVerify: whatever comes, Verify doesn't panic, accepts only what the model accepts, remembered or not, and never
// says in an error what it was given.
func FuzzVerify(f *testing.F) {
	w := newWorld(f, 64)
	good := w.token(f, w.fileClaims())
	parts := strings.Split(good, ".")
	for _, seed := range []string{
		good, w.token(f, w.authClaims()), "", ".", "..", "a.b.c", good + ".", good + "=", good + "\n", " " + good,
		good[:len(good)-1], parts[0] + "." + parts[1] + ".", parts[2] + "." + parts[1] + "." + parts[0],
		forge(`{"alg":"none"}`, fileJSON(1_800_000_180), nil),
		forge(`{"alg":"HS384"}`, fileJSON(1_800_000_180), w.fileKey),
		forge(testHeader, fileJSON(1), w.fileKey),
		strings.Repeat("A", MaxTokenLength+1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) { checkVerify(t, w, token) })
}

// FuzzVerifySigned gets past the signature: any header and claims, signed with the right key.
func FuzzVerifySigned(f *testing.F) {
	w := newWorld(f, 64)
	for _, claims := range []string{
		fileJSON(1_800_000_180), fileJSON(1_800_000_000), fileJSON(-1), `{}`, `null`, `[]`, `{"exp":1e999}`,
		`{"collectionId":"pbc_1234567890","exp":1800000180.5,"id":"abc123def456ghi","type":"file","nbf":1,"iat":2}`,
		`{"collectionId":"pbc_1234567890","exp":1800000180,"exp":"","id":"abc123def456ghi","type":"file"}`,
		`{"collectionId":"pbc_1234567890","exp":1800000180,"ID":"abc123def456ghi","type":"file","nbf":1e300}`,
	} {
		f.Add(testHeader, claims)
	}
	f.Add(`{"alg":"HS256","crit":[]}`, fileJSON(1_800_000_180))
	f.Add(`{"alg":"none","alg":"HS256"}`, fileJSON(1_800_000_180))
	f.Add(`null`, fileJSON(1_800_000_180))
	f.Fuzz(func(t *testing.T, header, claims string) { checkVerify(t, w, forge(header, claims, w.fileKey)) })
}

func checkVerify(t *testing.T, w *world, token string) {
	accept := acceptable(token, w.fileKey, w.clock().Unix())
	for range 2 {
		p, err := w.Verify(context.Background(), token, TypeFile)
		if (err == nil) != accept {
			t.Fatalf("Verify = %v, the model says %t", err, accept)
		}
		if err == nil {
			if p.RecordID != testRecord || p.CollectionID != testCollection || p.Type != TypeFile {
				t.Fatalf("accepted as %+v", p)
			}
			continue
		}
		if p != (Principal{}) {
			t.Fatalf("refused with %v and the principal %+v", err, p)
		}
		for _, part := range strings.Split(token, ".") {
			if len(part) > 10 && strings.Contains(err.Error(), part) {
				t.Fatalf("the error %q tells a part of the token, %q", err, part)
			}
		}
	}
}

// acceptable says, without the library, whether the token is a file token of the one record of world.
func acceptable(token string, key []byte, now int64) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > MaxTokenLength {
		return false
	}
	if parts[2] != base64.RawURLEncoding.EncodeToString(mac(parts[0]+"."+parts[1], key)) {
		return false
	}
	var header, claims map[string]any
	if !decodes(parts[0], &header) || !decodes(parts[1], &claims) {
		return false
	}
	if _, critical := header["crit"]; critical || header["alg"] != "HS256" {
		return false
	}
	for name, sign := range map[string]float64{"exp": 1, "nbf": -1, "iat": -1} {
		raw, ok := claims[name]
		if !ok && name != "exp" {
			continue
		}
		n, ok := raw.(float64)
		if !ok || math.Abs(n) > 253402300799 {
			return false
		}
		if ahead := math.Trunc(n) - float64(now); ahead*sign < 0 || (name == "exp" && ahead == 0) {
			return false
		}
	}
	return claims["collectionId"] == testCollection && claims["id"] == testRecord && claims["type"] == "file"
}

func decodes(part string, into *map[string]any) bool {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

// The model is only worth something if it can tell a good signature itself.
func TestModelOfTheFuzzTargets(t *testing.T) {
	w := newWorld(t, 0)
	good := w.token(t, w.fileClaims())
	if !acceptable(good, w.fileKey, 1_800_000_000) || acceptable(good, w.authKey, 1_800_000_000) {
		t.Error("the model can't tell a signature")
	}
	sig, err := base64.RawURLEncoding.DecodeString(good[len(good)-43:])
	if err != nil || !hmac.Equal(sig, mac(good[:len(good)-44], w.fileKey)) {
		t.Error("Sign's signature is not HMAC-SHA256 of header and claims")
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for _, seed := range []string{"", "a.b.c", "Bearer a.b.c", "bearer  a.b.c ", "BEARER\ta.b.c", "Bearer", "Bearera.b.c", "Token k"} {
		f.Add(seed)
	}
	scheme := regexp.MustCompile(`(?is)^[ \t]*(?:bearer(?:$|[ \t]+))?(.*?)[ \t]*$`)
	f.Fuzz(func(t *testing.T, header string) {
		want := scheme.FindStringSubmatch(header)[1]
		if got := ParseAuthorization(header); got != want {
			t.Fatalf("ParseAuthorization(%q) = %q, want %q", header, got, want)
		}
	})
}
