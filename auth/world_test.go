package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
	"time"
)

// world is a Verifier over one account, at a time that stands still.
type world struct {
	*Verifier

	mu       sync.Mutex
	now      time.Time
	tokenKey string
	fail     error // what the lookup returns, if not nil
	lookups  int

	fileKey, authKey []byte // at the start
}

const (
	testCollection = "pbc_1234567890"
	testRecord     = "abc123def456ghi"
	fileSecret     = "fileSecretfileSecretfileSecretfileSecretfileSecret"
	authSecret     = "authSecretauthSecretauthSecretauthSecretauthSecret"
	testTokenKey   = "tokenKeyAtokenKeyAtokenKeyAtokenKeyAtokenKeyAtoken"
)

// tester is what testing.TB and rapid's T have in common, as far as needed here.
type tester interface {
	Helper()
	Fatal(args ...any)
}

func newWorld(t tester, remember int) *world {
	t.Helper()
	w := &world{
		now:      time.Unix(1_800_000_000, 0),
		tokenKey: testTokenKey,
		fileKey:  SigningKey(testTokenKey, fileSecret),
		authKey:  SigningKey(testTokenKey, authSecret),
	}
	v, err := NewVerifier(w.lookup, Config{Remember: remember, Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	w.Verifier = v
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// rotate gives the account another token key, as a change of its password does.
func (w *world) rotate(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokenKey = key
}

func (w *world) failWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

func (w *world) asked() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lookups
}

func (w *world) lookup(_ context.Context, collection, record string, t TokenType) (Key, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookups++
	if w.fail != nil {
		return Key{}, w.fail
	}
	if collection != testCollection || record != testRecord {
		return Key{}, ErrUnknown
	}
	if w.tokenKey == testTokenKey { // as the core does, ready made
		if t == TypeFile {
			return Key{Bytes: w.fileKey, CollectionName: "users"}, nil
		}
		return Key{Bytes: w.authKey, CollectionName: "users"}, nil
	}
	return Key{Bytes: SigningKey(w.tokenKey, fileSecret), CollectionName: "users"}, nil
}

func (w *world) fileClaims() Claims {
	return Claims{CollectionID: testCollection, RecordID: testRecord, Type: TypeFile, Expires: w.clock().Add(180 * time.Second)}
}

func (w *world) authClaims() Claims {
	c := w.fileClaims()
	c.Type, c.Refreshable = TypeAuth, true
	return c
}

func (w *world) token(t tester, c Claims) string {
	t.Helper()
	key := w.fileKey
	if c.Type == TypeAuth {
		key = w.authKey
	}
	token, err := Sign(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// forge signs any header and claims with HS256, by RFC 7515 and the standard library alone.
func forge(header, claims string, key []byte) string {
	text := b64(header) + "." + b64(claims)
	return text + "." + b64(string(mac(text, key)))
}

func mac(text string, key []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

const testHeader = `{"alg":"HS256","typ":"JWT"}`

func fileJSON(exp int64) string {
	return fmt.Sprintf(`{"collectionId":%q,"exp":%d,"id":%q,"type":"file"}`, testCollection, exp, testRecord)
}
