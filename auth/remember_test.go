package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func wantVerified(t *testing.T, w *world, token string) {
	t.Helper()
	if _, err := w.Verify(context.Background(), token, TypeFile); err != nil {
		t.Errorf("Verify = %v, want the token accepted", err)
	}
}

func TestRememberedTokenStillLooksUpItsKey(t *testing.T) {
	w := newWorld(t, 8)
	token := w.token(t, w.fileClaims())
	for range 3 {
		wantVerified(t, w, token)
	}
	if s, want := w.Stats(), (Stats{Verified: 3, Remembered: 2, Held: 1}); s != want {
		t.Errorf("Stats = %+v, want %+v", s, want)
	}
	if n := w.asked(); n != 3 {
		t.Errorf("the key was looked up %d times, want 3", n)
	}
}

func TestRememberedTokenDies(t *testing.T) {
	broken := errors.New("database is locked")
	for _, tt := range []struct {
		name   string
		happen func(*world)
		want   error
	}{
		{"when its record gets another token key", func(w *world) { w.rotate(strings.Repeat("z", 50)) }, ErrSignature},
		{"when the token key changes in its last letter", func(w *world) { w.rotate(testTokenKey[:49] + "X") }, ErrSignature},
		{"when the token key loses its last letter", func(w *world) { w.rotate(testTokenKey[:49]) }, ErrSignature},
		{"when it expires", func(w *world) { w.pass(180 * time.Second) }, ErrExpired},
		{"when its record is gone", func(w *world) { w.failWith(ErrUnknown) }, ErrUnknown},
		{"while its key can't be looked up", func(w *world) { w.failWith(broken) }, broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 8)
			token := w.token(t, w.fileClaims())
			wantVerified(t, w, token)
			wantVerified(t, w, token)
			tt.happen(w)
			wantRefused(t, w, token, tt.want)
		})
	}
}

func TestRememberedTokenIsOfOneType(t *testing.T) {
	w := newWorld(t, 8)
	file, auth := w.token(t, w.fileClaims()), w.token(t, w.authClaims())
	wantVerified(t, w, file)
	if _, err := w.Verify(t.Context(), file, TypeAuth); !errors.Is(err, ErrType) {
		t.Errorf("a remembered file token as an auth token: %v, want ErrType", err)
	}
	if _, err := w.Verify(t.Context(), auth, TypeAuth); err != nil {
		t.Error(err)
	}
	wantRefused(t, w, auth, ErrType)
}

func TestRotatedKeyForgetsTheToken(t *testing.T) {
	w := newWorld(t, 8)
	token := w.token(t, w.fileClaims())
	wantVerified(t, w, token)
	w.rotate(strings.Repeat("z", 50))
	wantRefused(t, w, token, ErrSignature)
	if n := w.Stats().Held; n != 0 {
		t.Errorf("%d tokens of another key are still remembered", n)
	}
	w.rotate(testTokenKey) // which no change of password does, but a restored backup may
	wantVerified(t, w, token)
}

func TestMemoryKeepsItsOwnCopyOfTheKey(t *testing.T) {
	w := newWorld(t, 8)
	key := append([]byte(nil), w.fileKey...)
	v, err := NewVerifier(func(context.Context, string, string, TokenType) (Key, error) {
		return Key{Bytes: key}, nil
	}, Config{Now: w.clock, Remember: 8})
	if err != nil {
		t.Fatal(err)
	}
	token := w.token(t, w.fileClaims())
	if _, err := v.Verify(t.Context(), token, TypeFile); err != nil {
		t.Fatal(err)
	}
	key[0] ^= 1
	if _, err := v.Verify(t.Context(), token, TypeFile); !errors.Is(err, ErrSignature) {
		t.Errorf("Verify = %v after the key changed in its own bytes, want ErrSignature", err)
	}
}

func TestMemoryIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	for _, limit := range []int{2, 3, 10, 101} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			m := newMemory(limit)
			used, r := digestOf("used"), &remembered{}
			m.keep(used, r)
			for i := range 10 * limit {
				m.keep(digestOf(fmt.Sprint(i)), r)
				if n := m.len(); n > limit {
					t.Fatalf("%d tokens are held, the limit is %d", n, limit)
				}
				if _, ok := m.find(used); !ok {
					t.Fatalf("a token used after every other was forgotten after %d others", i+1)
				}
			}
			if n := m.len(); n < limit/2 {
				t.Errorf("only %d tokens are held, though %d were kept", n, 10*limit)
			}
			m.forget(used)
			if _, ok := m.find(used); ok {
				t.Error("a forgotten token was found")
			}
		})
	}
}

func TestMemoryKeepingATokenTwiceTakesOnePlace(t *testing.T) {
	m, r := newMemory(10), &remembered{}
	for range 100 {
		m.keep(digestOf("a"), r)
		m.keep(digestOf("b"), r)
	}
	if n := m.len(); n != 2 {
		t.Errorf("%d tokens are held, want 2", n)
	}
}

func TestMemoryMovesAFoundTokenToTheYoung(t *testing.T) {
	m, r := newMemory(4), &remembered{}
	for _, name := range []string{"a", "b", "c"} { // a and b are the old ones now
		m.keep(digestOf(name), r)
	}
	if _, ok := m.find(digestOf("a")); !ok || m.len() != 3 {
		t.Errorf("found: %t, held: %d, want the token found and held once", ok, m.len())
	}
	m.keep(digestOf("d"), r) // a and c are the old ones now
	if _, ok := m.find(digestOf("b")); ok {
		t.Error("a token that nobody asked for outlived two generations")
	}
	if _, ok := m.find(digestOf("a")); !ok {
		t.Error("a token was forgotten, though it was asked for")
	}
}

// TestMemoryMakesNoDifference runs one history past two Verifiers, of which only one remembers.
func TestMemoryMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.IntRange(2, 6).Draw(t, "limit"))
		forgetful, err := NewVerifier(w.lookup, Config{Now: w.clock})
		if err != nil {
			t.Fatal(err)
		}
		tokens := []string{"garbage"}
		keys := []string{testTokenKey, testTokenKey[:49] + "X", testTokenKey[:49]}
		t.Repeat(map[string]func(*rapid.T){
			"sign": func(t *rapid.T) {
				c := w.fileClaims()
				c.Expires = w.clock().Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "life")) * time.Second)
				if rapid.Bool().Draw(t, "unknown") {
					c.RecordID = "nobody"
				}
				token, err := Sign(c, SigningKey(rapid.SampledFrom(keys).Draw(t, "key"), fileSecret))
				if err != nil {
					t.Fatal(err)
				}
				tokens = append(tokens, token)
			},
			"rotate": func(t *rapid.T) { w.rotate(rapid.SampledFrom(keys).Draw(t, "key")) },
			"wait":   func(t *rapid.T) { w.pass(time.Second) },
			"verify": func(t *rapid.T) {
				token := rapid.SampledFrom(tokens).Draw(t, "token")
				want := rapid.SampledFrom([]TokenType{TypeFile, TypeAuth}).Draw(t, "want")
				p1, err1 := w.Verify(context.Background(), token, want)
				p2, err2 := forgetful.Verify(context.Background(), token, want)
				if p1 != p2 || fmt.Sprint(err1) != fmt.Sprint(err2) {
					t.Fatalf("with memory: %+v, %v; without: %+v, %v", p1, err1, p2, err2)
				}
			},
		})
	})
}

// TestConcurrentRotation: a Verify that begins after the key has changed never accepts the old key's token.
func TestConcurrentRotation(t *testing.T) {
	w := newWorld(t, 8)
	old := w.token(t, w.fileClaims())
	var wg sync.WaitGroup
	var rotated sync.RWMutex // held for reading by a Verify under the first key
	gone := false
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				rotated.RLock()
				_, err := w.Verify(context.Background(), old, TypeFile)
				if (err == nil) == gone {
					t.Errorf("Verify = %v, though the key has changed: %t", err, gone)
				}
				rotated.RUnlock()
			}
		})
	}
	for i := range 50 {
		rotated.Lock()
		gone = i%2 == 0
		if gone {
			w.rotate(strings.Repeat("z", 50))
		} else {
			w.rotate(testTokenKey)
		}
		rotated.Unlock()
	}
	wg.Wait()
}
