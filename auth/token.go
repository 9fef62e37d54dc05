package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TokenType says what a token may be used for. One type is never accepted in place of another.
type TokenType string

const (
	TypeAuth TokenType = "auth" // the Authorization header
	TypeFile TokenType = "file" // the token parameter of a protected file
)

const (
	// MaxTokenLength bounds a token, in bytes; a longer one is refused before it is parsed. Ours have about 250.
	MaxTokenLength = 4096
	// MaxClaimLength bounds the collection and record ids inside a token, in bytes.
	MaxClaimLength = 255
	// MinKeyLength is the shortest key that signs or verifies, in bytes: RFC 7518, section 3.2 asks of HS256 a key
	// at least as long as the hash.
	MinKeyLength = 32

	maxExpires = 253402300799 // the last second of the year 9999, the range of RFC 3339
)

var (
	// ErrClaims is wrapped by Sign's refusal of claims that Verify would not accept.
	ErrClaims = errors.New("auth: claims out of range")
	// ErrKey is the refusal of a key shorter than MinKeyLength.
	ErrKey = errors.New("auth: signing key is too short")
)

// Claims are what a token says, as PocketBase's observed tokens do: no iat, nbf, iss or aud.
type Claims struct {
	CollectionID string    // 1 to MaxClaimLength bytes
	RecordID     string    // 1 to MaxClaimLength bytes
	Type         TokenType // TypeAuth or TypeFile
	Refreshable  bool      // said by auth tokens only
	Expires      time.Time // whole seconds; the rest is dropped
}

func (c Claims) validate() error {
	switch {
	case !validID(c.CollectionID):
		return fmt.Errorf("%w: collection id has %d bytes, 1 to %d are allowed", ErrClaims, len(c.CollectionID), MaxClaimLength)
	case !validID(c.RecordID):
		return fmt.Errorf("%w: record id has %d bytes, 1 to %d are allowed", ErrClaims, len(c.RecordID), MaxClaimLength)
	case c.Type != TypeAuth && c.Type != TypeFile:
		return fmt.Errorf("%w: unknown token type", ErrClaims)
	case c.Refreshable && c.Type != TypeAuth:
		return fmt.Errorf("%w: only an auth token is refreshable", ErrClaims)
	case c.Expires.Unix() <= 0 || c.Expires.Unix() > maxExpires:
		return fmt.Errorf("%w: exp must lie between 1970 and 9999", ErrClaims)
	}
	return nil
}

func validID(id string) bool { return id != "" && len(id) <= MaxClaimLength }

// SigningKey joins a record's token key and its collection's secret for the token type: the bytes of the one and then
// of the other. A change of either ends every token signed before.
func SigningKey(tokenKey, secret string) []byte {
	key := make([]byte, 0, len(tokenKey)+len(secret))
	return append(append(key, tokenKey...), secret...)
}

// Sign returns the token, byte for byte what PocketBase makes of the same claims and key.
// Errors wrap ErrClaims or ErrKey.
func Sign(claims Claims, key []byte) (string, error) {
	if err := claims.validate(); err != nil {
		return "", err
	}
	if len(key) < MinKeyLength {
		return "", ErrKey
	}
	// A map, since its keys are marshalled in alphabetical order, which is PocketBase's.
	m := jwt.MapClaims{
		"collectionId": claims.CollectionID,
		"exp":          claims.Expires.Unix(),
		"id":           claims.RecordID,
		"type":         string(claims.Type),
	}
	if claims.Type == TypeAuth {
		m["refreshable"] = claims.Refreshable
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, m).SignedString(key)
	if err != nil {
		return "", fmt.Errorf("auth: signing: %w", err)
	}
	return token, nil
}
