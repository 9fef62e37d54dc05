package auth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	// ErrMalformed: no token of ours, whoever signed it.
	ErrMalformed = errors.New("auth: malformed token")
	// ErrType: a token of another type than asked for.
	ErrType = errors.New("auth: token is of another type")
	// ErrExpired: exp has passed.
	ErrExpired = errors.New("auth: token has expired")
	// ErrNotYet: nbf or iat lies ahead. Our tokens have neither.
	ErrNotYet = errors.New("auth: token is not valid yet")
	// ErrUnknown: the token's record does not exist, or its collection holds no accounts. Keys returns it.
	ErrUnknown = errors.New("auth: token of an unknown record")
	// ErrSignature: not signed by HS256 with the key that the record has now.
	ErrSignature = errors.New("auth: token signature is invalid")
)

// Key is what Keys knows of a token's record.
type Key struct {
	Bytes          []byte // SigningKey of the record and the token type; never modified
	CollectionName string
	Superuser      bool
}

// Keys looks up the record that an unverified token names, by exact ids. It is called at every Verify, so it should
// answer from memory. Outcomes:
//  1. the record exists and its collection holds accounts: its key;
//  2. it does not: an error that wraps ErrUnknown;
//  3. that could not be found out: any other error, which Verify passes on wrapped.
type Keys func(ctx context.Context, collectionID, recordID string, t TokenType) (Key, error)

// Config says how a Verifier works.
type Config struct {
	// Remember bounds the verified tokens that are remembered; 0 remembers none. One takes about 1 KiB.
	Remember int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// DefaultConfig remembers 8192 tokens.
func DefaultConfig() Config { return Config{Remember: 8192} }

// ErrConfig is wrapped by every error of Validate.
var ErrConfig = errors.New("auth: invalid configuration")

// Validate reports the first value out of its range, as an error that wraps ErrConfig.
func (c Config) Validate() error {
	if c.Remember < 0 {
		return fmt.Errorf("%w: Remember is %d, must not be negative", ErrConfig, c.Remember)
	}
	return nil
}

// Verifier verifies tokens. Its methods may be called from any goroutine.
type Verifier struct {
	keys   Keys
	now    func() time.Time
	parser *jwt.Parser
}

// NewVerifier returns a Verifier that asks keys for the key of each token's record.
func NewVerifier(keys Keys, cfg Config) (*Verifier, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, fmt.Errorf("%w: keys is nil", ErrConfig)
	}
	v := &Verifier{keys: keys, now: cfg.Now}
	if v.now == nil {
		v.now = time.Now
	}
	v.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithTimeFunc(v.now),
	)
	return v, nil
}

// Verify returns whom the token speaks for, if it is of the type wanted. Errors are ErrMalformed, ErrType, ErrExpired,
// ErrNotYet, ErrSignature, or wrap what keys returned, ErrUnknown among it.
func (v *Verifier) Verify(ctx context.Context, token string, want TokenType) (Principal, error) {
	if token == "" || len(token) > MaxTokenLength {
		return Principal{}, ErrMalformed
	}
	var (
		claims Claims
		key    Key
		own    error
	)
	_, err := v.parser.Parse(token, func(t *jwt.Token) (any, error) {
		claims, own = v.inspect(t, want)
		if own == nil {
			key, own = v.lookup(ctx, claims)
		}
		return key.Bytes, own
	})
	switch {
	case own != nil:
		return Principal{}, own
	case err != nil:
		return Principal{}, refusal(err)
	}
	return principal(claims, key), nil
}

func principal(c Claims, k Key) Principal {
	return Principal{
		CollectionID: c.CollectionID, CollectionName: k.CollectionName, RecordID: c.RecordID,
		Type: c.Type, Superuser: k.Superuser, Refreshable: c.Refreshable,
	}
}

// lookup asks for the key of the record that the claims name.
func (v *Verifier) lookup(ctx context.Context, c Claims) (Key, error) {
	key, err := v.keys(ctx, c.CollectionID, c.RecordID, c.Type)
	if err != nil {
		return Key{}, fmt.Errorf("auth: looking up the token's record: %w", err)
	}
	if len(key.Bytes) < MinKeyLength {
		return Key{}, ErrKey
	}
	return key, nil
}

// inspect reads the claims of a token that nobody has verified yet: enough to refuse it before the key is looked up.
func (v *Verifier) inspect(t *jwt.Token, want TokenType) (Claims, error) {
	// RFC 7515, section 4.1.11: a critical extension that isn't understood makes the token invalid.
	if _, ok := t.Header["crit"]; ok {
		return Claims{}, ErrMalformed
	}
	m, ok := t.Claims.(jwt.MapClaims)
	if !ok {
		return Claims{}, ErrMalformed
	}
	collection, _ := m["collectionId"].(string)
	record, _ := m["id"].(string)
	kind, _ := m["type"].(string)
	exp, ok := m["exp"].(float64)
	// The bounds keep the conversion of exp to an integer defined.
	if !ok || !validID(collection) || !validID(record) || kind == "" || math.Abs(exp) > maxExpires {
		return Claims{}, ErrMalformed
	}
	if TokenType(kind) != want {
		return Claims{}, ErrType
	}
	c := Claims{CollectionID: collection, RecordID: record, Type: want, Expires: time.Unix(int64(exp), 0)}
	if !v.now().Before(c.Expires) {
		return Claims{}, ErrExpired
	}
	c.Refreshable, _ = m["refreshable"].(bool)
	return c, nil
}

// refusal maps the library's error to ours and drops its text, which quotes parts of the token.
func refusal(err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ErrMalformed
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return ErrSignature
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return ErrNotYet
	}
	return ErrMalformed
}
