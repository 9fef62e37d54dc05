package auth

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// cheap hashes at bcrypt's least cost: the real one takes tens of milliseconds, and a second under the race detector.
func cheap(t *testing.T, pw string) string {
	t.Helper()
	hash, err := hashPassword(pw, bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestHashPassword(t *testing.T) {
	const pw = "correct horse"
	hash, err := HashPassword(pw)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$2a$10$") || len(hash) != 60 {
		t.Errorf("hash = %q, want the form of PocketBase's rows", hash)
	}
	if err := CheckPassword(hash, pw); err != nil {
		t.Errorf("CheckPassword = %v for the password itself", err)
	}
	if cheap(t, pw) == cheap(t, pw) {
		t.Error("a password hashed twice gives one hash: no salt")
	}
}

func TestHashPasswordLength(t *testing.T) {
	for _, tt := range []struct {
		name, pw string
		ok       bool
	}{
		{"empty", "", false},
		{"one letter", "x", true},
		{"71 letters", strings.Repeat("x", 71), true},
		{"72 letters", strings.Repeat("x", 72), false},
		{"36 letters of two bytes", strings.Repeat("ä", 36), true},
		{"37 letters of two bytes, more than bcrypt reads", strings.Repeat("ä", 37), false},
		{"a megabyte", strings.Repeat("x", 1<<20), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hash, err := hashPassword(tt.pw, bcrypt.MinCost)
			if tt.ok != (err == nil) || (err != nil && !errors.Is(err, ErrPasswordLength)) || (err != nil && hash != "") {
				t.Errorf("hashPassword = %q, %v, want ok %t", hash, err, tt.ok)
			}
		})
	}
}

func TestCheckPassword(t *testing.T) {
	full := strings.Repeat("ä", 36) // all the 72 bytes that bcrypt reads
	for _, tt := range []struct {
		name, hash, pw string
		want           error
		instead        bool // whether the time of a check must be taken otherwise
	}{
		{"the password", cheap(t, "secret"), "secret", nil, false},
		{"the password in another case", cheap(t, "secret"), "Secret", ErrPassword, false},
		{"a longer one", cheap(t, "secret"), "secret1", ErrPassword, false},
		{"a shorter one", cheap(t, "secret"), "secre", ErrPassword, false},
		{"the empty one", cheap(t, "secret"), "", ErrPassword, false},
		{"a zero byte behind", cheap(t, "secret"), "secret\x00", ErrPassword, false},
		{"the 72 bytes", cheap(t, full), full, nil, false},
		{"the 72 bytes and one that bcrypt does not read", cheap(t, full), full + "x", ErrPassword, false},
		{"no hash", "", "secret", ErrHash, true},
		{"no hash and no password", "", "", ErrHash, true},
		{"a hash in clear", "secret", "secret", ErrHash, true},
		{"a hash cut off", cheap(t, "secret")[:58], "secret", ErrHash, true},
		{"a salt out of bcrypt's alphabet", "$2a$04$" + strings.Repeat("!", 53), "secret", ErrHash, true},
		{"a cost of 16", "$2a$16$" + strings.Repeat("a", 53), "secret", ErrHash, true},
		{"a cost of 31, which takes days", "$2a$31$" + strings.Repeat("a", 53), "secret", ErrHash, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			instead := false
			err := checkPassword(tt.hash, tt.pw, func(pw string) error {
				instead = pw == tt.pw
				return nil
			})
			if !errors.Is(err, tt.want) || (tt.want != nil && !errors.Is(err, ErrPassword)) {
				t.Errorf("checkPassword = %v, want %v", err, tt.want)
			}
			if instead != tt.instead {
				t.Errorf("the dummy was checked: %t, want %t", instead, tt.instead)
			}
		})
	}
}

func TestDummyCheckIsARealCheckThatFails(t *testing.T) {
	if cost, err := bcrypt.Cost([]byte(dummyHash)); err != nil || cost != PasswordCost {
		t.Errorf("the dummy's cost is %d, %v, want that of real hashes", cost, err)
	}
	// A hash that bcrypt could not use would fail at once, and tell by that.
	if err := bcrypt.CompareHashAndPassword([]byte(dummyHash), []byte("x")); !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		t.Errorf("bcrypt says %v to the dummy, want a mismatch", err)
	}
	for _, pw := range []string{"x", strings.Repeat("x", 73)} {
		if err := DummyCheck(pw); !errors.Is(err, ErrPassword) {
			t.Errorf("DummyCheck = %v, want ErrPassword", err)
		}
	}
}
