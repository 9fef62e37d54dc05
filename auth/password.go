package auth

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
)

const (
	// PasswordCost is bcrypt's cost of new hashes: PocketBase's observed "$2a$10$".
	PasswordCost = 10
	// MaxPasswordCost bounds the cost that a stored hash may ask of CheckPassword; each step doubles its time.
	MaxPasswordCost = 15
	// MaxPasswordLength is in characters, PocketBase's default.
	MaxPasswordLength = 71
	// maxPasswordBytes is where bcrypt ends: it would ignore what follows.
	maxPasswordBytes = 72
)

var (
	// ErrPasswordLength: empty, above MaxPasswordLength characters, or above bcrypt's 72 bytes.
	ErrPasswordLength = errors.New("auth: password is empty or too long")
	// ErrPassword: not the password of the hash.
	ErrPassword = errors.New("auth: wrong password")
	// ErrHash: a stored hash that isn't bcrypt's or asks for more than MaxPasswordCost. It wraps ErrPassword.
	ErrHash = fmt.Errorf("%w: stored hash is unusable", ErrPassword)
)

// dummyHash is of a random password that nobody kept, at PasswordCost.
const dummyHash = "$2a$10$ra7Hob.8tC0lYb/3Qzy5MOCVr2OMJa/WxcWxOCkE6m7gV.jpGJqX2"

// HashPassword returns the bcrypt hash of a password of 1 to MaxPasswordLength characters. It takes tens of milliseconds
// of one core, so callers bound how many run at once.
func HashPassword(pw string) (string, error) { return hashPassword(pw, PasswordCost) }

func hashPassword(pw string, cost int) (string, error) {
	if pw == "" || len(pw) > maxPasswordBytes || utf8.RuneCountInString(pw) > MaxPasswordLength {
		return "", ErrPasswordLength
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(pw), cost)
	if err != nil {
		return "", fmt.Errorf("auth: hashing a password: %w", err)
	}
	return string(hash), nil
}

// CheckPassword returns nil when pw is the password of the hash, else an error that wraps ErrPassword. An unusable hash
// costs the time of a wrong password, so that the answer's time doesn't tell accounts without a password.
func CheckPassword(hash, pw string) error { return checkPassword(hash, pw, DummyCheck) }

// checkPassword calls instead where there is nothing to compare with.
func checkPassword(hash, pw string, instead func(pw string) error) error {
	if len(pw) > maxPasswordBytes {
		return ErrPassword // at once, whoever asks: bcrypt would compare the first 72 bytes only
	}
	if cost, err := bcrypt.Cost([]byte(hash)); err == nil && cost <= MaxPasswordCost {
		switch err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(pw)); {
		case err == nil:
			return nil
		case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
			return ErrPassword
		}
	}
	_ = instead(pw)
	return ErrHash
}

// DummyCheck takes the time of CheckPassword with a hash of PasswordCost and always returns ErrPassword: for a login
// under an unknown identity, so that the answer's time doesn't tell which identities exist.
func DummyCheck(pw string) error {
	if len(pw) <= maxPasswordBytes {
		_ = bcrypt.CompareHashAndPassword([]byte(dummyHash), []byte(pw))
	}
	return ErrPassword
}
