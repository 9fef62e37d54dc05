package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSignMakesPocketBasesTokens(t *testing.T) {
	w := newWorld(t, 0)
	auth := w.authClaims()
	fixed := auth
	fixed.Refreshable = false
	for _, tt := range []struct {
		name   string
		claims Claims
		key    []byte
		json   string
	}{
		{"a file token", w.fileClaims(), w.fileKey,
			`{"collectionId":"pbc_1234567890","exp":1800000180,"id":"abc123def456ghi","type":"file"}`},
		{"an auth token", auth, w.authKey,
			`{"collectionId":"pbc_1234567890","exp":1800000180,"id":"abc123def456ghi","refreshable":true,"type":"auth"}`},
		{"an auth token that can't be refreshed", fixed, w.authKey,
			`{"collectionId":"pbc_1234567890","exp":1800000180,"id":"abc123def456ghi","refreshable":false,"type":"auth"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Sign(tt.claims, tt.key)
			if err != nil {
				t.Fatal(err)
			}
			if want := forge(testHeader, tt.json, []byte(testTokenKey+secretOf(tt.claims.Type))); got != want {
				t.Errorf("token differs from PocketBase's:\n got %s\nwant %s", got, want)
			}
		})
	}
}

func secretOf(t TokenType) string {
	if t == TypeAuth {
		return authSecret
	}
	return fileSecret
}

func TestSignRefusesWhatVerifyWould(t *testing.T) {
	w := newWorld(t, 0)
	with := func(change func(*Claims)) Claims {
		c := w.fileClaims()
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name   string
		claims Claims
		key    []byte
		want   error
	}{
		{"an empty collection id", with(func(c *Claims) { c.CollectionID = "" }), w.fileKey, ErrClaims},
		{"an empty record id", with(func(c *Claims) { c.RecordID = "" }), w.fileKey, ErrClaims},
		{"a long record id", with(func(c *Claims) { c.RecordID = strings.Repeat("x", 256) }), w.fileKey, ErrClaims},
		{"no type", with(func(c *Claims) { c.Type = "" }), w.fileKey, ErrClaims},
		{"a type that isn't ours", with(func(c *Claims) { c.Type = "verification" }), w.fileKey, ErrClaims},
		{"a refreshable file token", with(func(c *Claims) { c.Refreshable = true }), w.fileKey, ErrClaims},
		{"no exp", with(func(c *Claims) { c.Expires = time.Time{} }), w.fileKey, ErrClaims},
		{"an exp in the year 10000", with(func(c *Claims) { c.Expires = time.Unix(253402300800, 0) }), w.fileKey, ErrClaims},
		{"no key", w.fileClaims(), nil, ErrKey},
		{"a key shorter than the hash", w.fileClaims(), []byte(strings.Repeat("k", 31)), ErrKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if token, err := Sign(tt.claims, tt.key); !errors.Is(err, tt.want) || token != "" {
				t.Errorf("Sign = %q, %v, want %v", token, err, tt.want)
			}
		})
	}
}

func TestVerifyTellsWho(t *testing.T) {
	w := newWorld(t, 0)
	for _, tt := range []struct {
		name   string
		claims Claims
		want   Principal
	}{
		{"a file token", w.fileClaims(), Principal{
			CollectionID: testCollection, CollectionName: "users", RecordID: testRecord, Type: TypeFile}},
		{"an auth token", w.authClaims(), Principal{
			CollectionID: testCollection, CollectionName: "users", RecordID: testRecord, Type: TypeAuth, Refreshable: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := w.Verify(t.Context(), w.token(t, tt.claims), tt.claims.Type)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" || got.IsGuest() {
				t.Errorf("principal differs (-want +got):\n%s", d)
			}
		})
	}
	if !(Principal{}).IsGuest() || (Principal{Superuser: true}).IsGuest() {
		t.Error("the zero Principal, and no other, must be a guest")
	}
}

func TestVerifyTakesTheSuperuserFromTheLookup(t *testing.T) {
	w := newWorld(t, 0)
	v, err := NewVerifier(func(context.Context, string, string, TokenType) (Key, error) {
		return Key{Bytes: w.authKey, CollectionName: "_superusers", Superuser: true}, nil
	}, Config{Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Verify(t.Context(), w.token(t, w.authClaims()), TypeAuth)
	if err != nil || !p.Superuser || p.CollectionName != "_superusers" {
		t.Errorf("Verify = %+v, %v, want a superuser", p, err)
	}
}

// Every one of these tokens is signed with the right key, so that only what the name says is wrong.
func TestVerifyClaims(t *testing.T) {
	const now = 1_800_000_000
	file := func(claims string) string {
		return `{"collectionId":"` + testCollection + `","id":"` + testRecord + `","type":"file"` + claims + `}`
	}
	exp := fmt.Sprintf(`,"exp":%d`, now+180)
	long := strings.Repeat("x", MaxClaimLength+1)
	for _, tt := range []struct {
		name   string
		claims string
		want   error
	}{
		{"exp in the future", file(exp), nil},
		{"exp a second ahead", file(fmt.Sprintf(`,"exp":%d`, now+1)), nil},
		{"exp now", file(fmt.Sprintf(`,"exp":%d`, now)), ErrExpired},
		{"exp past", file(fmt.Sprintf(`,"exp":%d`, now-1)), ErrExpired},
		{"exp missing", file(``), ErrMalformed},
		{"exp null", file(`,"exp":null`), ErrMalformed},
		{"exp a string", file(`,"exp":"1800000180"`), ErrMalformed},
		{"exp a boolean", file(`,"exp":true`), ErrMalformed},
		{"exp zero", file(`,"exp":0`), ErrExpired},
		{"exp negative", file(`,"exp":-1`), ErrExpired},
		{"exp hugely negative", file(`,"exp":-1e300`), ErrMalformed},
		{"exp huge", file(`,"exp":1e300`), ErrMalformed},
		{"exp above every number", file(`,"exp":1e999`), ErrMalformed},
		{"exp of the last second of 9999", file(`,"exp":253402300799`), nil},
		{"exp after that", file(`,"exp":253402300800`), ErrMalformed},
		{"exp with a fraction, ahead", file(`,"exp":1800000001.5`), nil},
		{"exp with a fraction, in this second", file(`,"exp":1800000000.9`), ErrExpired},
		{"exp in exponent notation", file(`,"exp":1.80000018e9`), nil},
		{"exp twice, the last ahead", file(`,"exp":1,"exp":1800000180`), nil},
		{"exp twice, the last past", file(`,"exp":1800000180,"exp":1`), ErrExpired},

		{"nbf past", file(exp + `,"nbf":1`), nil},
		{"nbf ahead", file(exp + `,"nbf":1800000001`), ErrNotYet},
		{"nbf huge", file(exp + `,"nbf":1e300`), ErrMalformed},
		{"nbf a string", file(exp + `,"nbf":"1"`), ErrMalformed},
		{"iat past", file(exp + `,"iat":1799999999`), nil},
		{"iat ahead", file(exp + `,"iat":1800000001`), ErrNotYet},
		{"iat huge", file(exp + `,"iat":1e300`), ErrMalformed},
		{"claims that aren't ours", file(exp + `,"iss":"x","aud":["y"],"sub":1,"deep":{"a":[{}]}`), nil},

		{"id twice, the last ours", file(exp + `,"id":"nobody","id":"` + testRecord + `"`), nil},
		{"id twice, the last unknown", file(exp + `,"id":"nobody"`), ErrUnknown},
		{"id in another case", `{"collectionId":"` + testCollection + `","ID":"` + testRecord + `","type":"file"` + exp + `}`, ErrMalformed},
		{"id empty", file(exp + `,"id":""`), ErrMalformed},
		{"id a number", file(exp + `,"id":1`), ErrMalformed},
		{"id too long", file(exp + `,"id":"` + long + `"`), ErrMalformed},
		{"id null", file(exp + `,"id":null`), ErrMalformed},
		{"id of nobody", file(exp + `,"id":"nobody"`), ErrUnknown},
		{"collectionId empty", file(exp + `,"collectionId":""`), ErrMalformed},
		{"collectionId a list", file(exp + `,"collectionId":["` + testCollection + `"]`), ErrMalformed},
		{"collectionId too long", file(exp + `,"collectionId":"` + long + `"`), ErrMalformed},
		{"collectionId of nothing", file(exp + `,"collectionId":"pbc_1"`), ErrUnknown},
		{"type empty", file(exp + `,"type":""`), ErrMalformed},
		{"type a number", file(exp + `,"type":1`), ErrMalformed},
		{"type auth", file(exp + `,"type":"auth"`), ErrType},
		{"type in another case", file(exp + `,"type":"File"`), ErrType},
		{"type of another purpose", file(exp + `,"type":"passwordReset"`), ErrType},

		{"no claims", `{}`, ErrMalformed},
		{"claims null", `null`, ErrMalformed},
		{"claims a list", `[]`, ErrMalformed},
		{"claims a string", `"file"`, ErrMalformed},
		{"claims cut off", file(exp)[:40], ErrMalformed},
		{"claims with something behind", file(exp) + `{}`, ErrMalformed},
		{"claims with blanks behind", file(exp) + " \n", nil},
		{"claims empty", ``, ErrMalformed},
		{"claims of the longest ids", file(exp + `,"id":"` + long[1:] + `","collectionId":"` + long[1:] + `"`), ErrUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 8)
			wantRefused(t, w, forge(testHeader, tt.claims, w.fileKey), tt.want)
		})
	}
}

// wantRefused verifies the token twice, since what is remembered must make no difference.
func wantRefused(t *testing.T, w *world, token string, want error) {
	t.Helper()
	for range 2 {
		p, err := w.Verify(context.Background(), token, TypeFile)
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("Verify = %v, want %v", err, want)
		}
		if (err == nil) == p.IsGuest() {
			t.Errorf("Verify = %+v with error %v", p, err)
		}
		if err != nil && p != (Principal{}) {
			t.Errorf("an error came with the principal %+v", p)
		}
	}
}

func TestVerifyHeader(t *testing.T) {
	w := newWorld(t, 8)
	claims := fileJSON(w.fileClaims().Expires.Unix())
	sign := func(newHash func() hash.Hash, header string) string {
		text := b64(header) + "." + b64(claims)
		h := hmac.New(newHash, w.fileKey)
		h.Write([]byte(text))
		return text + "." + b64(string(h.Sum(nil)))
	}
	unsigned := func(header string) string { return b64(header) + "." + b64(claims) + "." }
	forged := func(header string) string { return forge(header, claims, w.fileKey) }
	for _, tt := range []struct {
		name  string
		token string
		want  error
	}{
		{"HS256", forged(testHeader), nil},
		{"HS256 without typ", forged(`{"alg":"HS256"}`), nil},
		{"HS256 with a kid", forged(`{"alg":"HS256","kid":"../../dev/null"}`), nil},
		{"none, unsigned", unsigned(`{"alg":"none","typ":"JWT"}`), ErrSignature},
		{"none, signed", forged(`{"alg":"none","typ":"JWT"}`), ErrSignature},
		{"None", unsigned(`{"alg":"None"}`), ErrSignature},
		{"HS256, unsigned", unsigned(testHeader), ErrSignature},
		{"HS384, signed with the key", sign(sha512.New384, `{"alg":"HS384","typ":"JWT"}`), ErrSignature},
		{"HS512, signed with the key", sign(sha512.New, `{"alg":"HS512","typ":"JWT"}`), ErrSignature},
		{"HS256 over HS384's bytes", sign(sha512.New384, testHeader), ErrSignature},
		{"RS256, signed by HMAC", forged(`{"alg":"RS256","typ":"JWT"}`), ErrSignature},
		{"ES256, signed by HMAC", forged(`{"alg":"ES256"}`), ErrSignature},
		{"EdDSA, signed by HMAC", forged(`{"alg":"EdDSA"}`), ErrSignature},
		{"an unknown alg", forged(`{"alg":"HS257"}`), ErrSignature},
		{"alg in another case", forged(`{"alg":"hs256"}`), ErrSignature},
		{"Alg for alg", forged(`{"Alg":"HS256"}`), ErrSignature},
		{"alg twice, the last none", forged(`{"alg":"HS256","alg":"none"}`), ErrSignature},
		{"alg a list", forged(`{"alg":["HS256"]}`), ErrSignature},
		{"alg missing", forged(`{"typ":"JWT"}`), ErrSignature},
		{"a critical extension", forged(`{"alg":"HS256","crit":["exp"]}`), ErrMalformed},
		{"unencoded payload, critical", forged(`{"alg":"HS256","b64":false,"crit":["b64"]}`), ErrMalformed},
		{"header null", forged(`null`), ErrSignature},
		{"header not JSON", forged(`HS256`), ErrMalformed},
		{"header with something behind", forged(testHeader + "x"), ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) { wantRefused(t, w, tt.token, tt.want) })
	}
}

func TestVerifyText(t *testing.T) {
	w := newWorld(t, 8)
	good := w.token(t, w.fileClaims())
	parts := strings.Split(good, ".")
	join := func(h, c, s string) string { return h + "." + c + "." + s }
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		token string
		want  error
	}{
		{"as signed", good, nil},
		{"empty", "", ErrMalformed},
		{"a dot", ".", ErrMalformed},
		{"two dots", "..", ErrMalformed},
		{"two parts", parts[0] + "." + parts[1], ErrMalformed},
		{"four parts", good + "." + parts[2], ErrMalformed},
		{"a dot behind", good + ".", ErrMalformed},
		{"a letter behind", good + "A", ErrSignature},
		{"a blank behind", good + " ", ErrMalformed},
		{"a line break behind", good + "\n", ErrMalformed},
		{"a line break in the signature", join(parts[0], parts[1], parts[2][:9]+"\r\n"+parts[2][9:]), ErrMalformed},
		{"a zero byte behind", good + "\x00", ErrMalformed},
		{"a blank before", " " + good, ErrMalformed},
		{"Bearer before", "Bearer " + good, ErrMalformed},
		{"padded", good + "=", ErrMalformed},
		{"spare bits set", good[:len(good)-1] + string(nextLetter(good[len(good)-1])), ErrMalformed},
		{"the standard alphabet", join(parts[0], parts[1], base64.RawStdEncoding.EncodeToString(sig)+"+/"), ErrMalformed},
		{"signature cut", join(parts[0], parts[1], b64(string(sig[:31]))), ErrSignature},
		{"the token cut", good[:len(good)-1], ErrMalformed},
		{"signature longer", join(parts[0], parts[1], b64(string(sig)+"x")), ErrSignature},
		{"signature empty", join(parts[0], parts[1], ""), ErrSignature},
		{"signature of zeros", join(parts[0], parts[1], strings.Repeat("A", 43)), ErrSignature},
		{"signed with the other secret", forge(testHeader, fileJSON(1_800_000_180), w.authKey), ErrSignature},
		{"signed with the secret alone", forge(testHeader, fileJSON(1_800_000_180), []byte(fileSecret)), ErrSignature},
		{"signed with the token key alone", forge(testHeader, fileJSON(1_800_000_180), []byte(testTokenKey)), ErrSignature},
		{"signed with nothing", forge(testHeader, fileJSON(1_800_000_180), nil), ErrSignature},
		{"of the greatest length", forge(testHeader, padded(t, MaxTokenLength), w.fileKey), nil},
		{"one byte longer", forge(testHeader, padded(t, MaxTokenLength), w.fileKey) + "A", ErrMalformed},
		{"a megabyte", strings.Repeat("a.", 1<<19), ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) { wantRefused(t, w, tt.token, tt.want) })
	}
}

// nextLetter returns a letter that differs from c in the two lowest of its six bits, which a signature's last letter
// has to spare: 32 bytes are 42 letters and 4 bits.
func nextLetter(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1]
}

// padded returns claims whose token is n bytes long.
func padded(t *testing.T, n int) string {
	t.Helper()
	for pad := n / 2; pad < n; pad++ {
		claims := fmt.Sprintf(`{"collectionId":%q,"exp":1800000180,"id":%q,"type":"file","pad":"%s"}`,
			testCollection, testRecord, strings.Repeat("x", pad))
		if len(forge(testHeader, claims, nil)) == n {
			return claims
		}
	}
	t.Fatalf("no token of %d bytes", n)
	return ""
}

func TestVerifyLookup(t *testing.T) {
	broken := errors.New("database is locked")
	for _, tt := range []struct {
		name string
		keys Keys
		want error
	}{
		{"the record is unknown", func(context.Context, string, string, TokenType) (Key, error) { return Key{}, ErrUnknown }, ErrUnknown},
		{"the lookup fails", func(context.Context, string, string, TokenType) (Key, error) { return Key{}, broken }, broken},
		{"the key is empty", func(context.Context, string, string, TokenType) (Key, error) { return Key{}, nil }, ErrKey},
		{"the key is short", func(context.Context, string, string, TokenType) (Key, error) {
			return Key{Bytes: []byte(strings.Repeat("k", 31))}, nil
		}, ErrKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 0)
			v, err := NewVerifier(tt.keys, Config{Now: w.clock})
			if err != nil {
				t.Fatal(err)
			}
			if p, err := v.Verify(t.Context(), w.token(t, w.fileClaims()), TypeFile); !errors.Is(err, tt.want) || p != (Principal{}) {
				t.Errorf("Verify = %+v, %v, want %v", p, err, tt.want)
			}
		})
	}
}

func TestVerifyAsksOnlyForWhatMayCount(t *testing.T) {
	w := newWorld(t, 8)
	past := w.fileClaims()
	past.Expires = w.clock().Add(-time.Second)
	for _, token := range []string{
		"", "garbage", "a.b.c", w.token(t, past), w.token(t, w.authClaims()),
		forge(`{"alg":"none"}`, fileJSON(1_800_000_180), nil),
		forge(testHeader, `{"exp":1800000180}`, w.fileKey),
	} {
		if _, err := w.Verify(t.Context(), token, TypeFile); err == nil {
			t.Errorf("%q was accepted", token)
		}
	}
	if n := w.asked(); n != 0 {
		t.Errorf("the lookup was asked %d times for tokens that could not count", n)
	}
	if s := w.Stats(); s.Refused != 7 || s.Verified != 0 || s.Held != 0 {
		t.Errorf("Stats = %+v, want 7 refused", s)
	}
}

func TestVerifyPassesItsContextOn(t *testing.T) {
	type key struct{}
	w := newWorld(t, 8)
	asked := 0
	v, err := NewVerifier(func(ctx context.Context, _, _ string, _ TokenType) (Key, error) {
		asked++
		if ctx.Value(key{}) != "caller's" {
			t.Error("the lookup does not see the caller's context")
		}
		return Key{Bytes: w.fileKey}, nil
	}, Config{Now: w.clock, Remember: 8})
	if err != nil {
		t.Fatal(err)
	}
	token := w.token(t, w.fileClaims())
	for range 2 {
		if _, err := v.Verify(context.WithValue(t.Context(), key{}, "caller's"), token, TypeFile); err != nil {
			t.Error(err)
		}
	}
	if asked != 2 {
		t.Errorf("the lookup was asked %d times, want once for each Verify", asked)
	}
}

func TestVerifierConfig(t *testing.T) {
	w := newWorld(t, 0)
	for _, tt := range []struct {
		name string
		keys Keys
		cfg  Config
		ok   bool
	}{
		{"the default", w.lookup, DefaultConfig(), true},
		{"no memory", w.lookup, Config{}, true},
		{"the smallest memory", w.lookup, Config{Remember: 2}, true},
		{"a memory of one, which has no halves", w.lookup, Config{Remember: 1}, false},
		{"a negative memory", w.lookup, Config{Remember: -1}, false},
		{"no keys", nil, DefaultConfig(), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewVerifier(tt.keys, tt.cfg)
			if (err == nil) != tt.ok || (err != nil && !errors.Is(err, ErrConfig)) {
				t.Errorf("NewVerifier = %v, want ok %t", err, tt.ok)
			}
		})
	}
}
