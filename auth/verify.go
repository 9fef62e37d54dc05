package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
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
	// Remember bounds the verified tokens that are remembered, about 350 bytes each: 0 for none, or at least 2.
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
	if c.Remember < 0 || c.Remember == 1 {
		return fmt.Errorf("%w: Remember is %d, must be 0 or at least 2", ErrConfig, c.Remember)
	}
	return nil
}

// Stats is a snapshot. Its counters only grow; each is read on its own.
type Stats struct {
	Verified   uint64 // tokens accepted, the remembered ones included
	Remembered uint64 // tokens accepted from memory
	Refused    uint64 // tokens refused, failed lookups included
	Held       int    // tokens in memory now
}

// Verifier verifies tokens. Its methods may be called from any goroutine.
type Verifier struct {
	keys   Keys
	now    func() time.Time
	parser *jwt.Parser
	memory *memory // nil remembers nothing

	verified, recalled, refused atomic.Uint64
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
	if cfg.Remember > 0 {
		v.memory = newMemory(cfg.Remember)
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

// Stats returns the counters as they are now.
func (v *Verifier) Stats() Stats {
	s := Stats{Verified: v.verified.Load(), Remembered: v.recalled.Load(), Refused: v.refused.Load()}
	if v.memory != nil {
		s.Held = v.memory.len()
	}
	return s
}

// Verify returns whom the token speaks for, if it is of the type wanted. Errors are ErrMalformed, ErrType, ErrExpired,
// ErrNotYet, ErrSignature, ErrKey, or wrap what keys returned, ErrUnknown among it.
//
// A token verified before costs neither parsing nor HMAC again, but its type, its exp and the key that its record has
// now are looked at every time, so that it dies with any of them.
func (v *Verifier) Verify(ctx context.Context, token string, want TokenType) (Principal, error) {
	p, err := v.verify(ctx, token, want)
	if err != nil {
		v.refused.Add(1)
		return Principal{}, err
	}
	v.verified.Add(1)
	return p, nil
}

func (v *Verifier) verify(ctx context.Context, token string, want TokenType) (Principal, error) {
	if token == "" || len(token) > MaxTokenLength {
		return Principal{}, ErrMalformed
	}
	if v.memory == nil {
		claims, key, err := v.parse(ctx, token, want)
		return principal(claims, key), err
	}
	d := digestOf(token)
	if r, ok := v.memory.find(d); ok {
		key, current, err := v.recall(ctx, r, want)
		if err != nil || current {
			return principal(r.claims, key), err
		}
		v.memory.forget(d)
	}
	claims, key, err := v.parse(ctx, token, want)
	if err == nil {
		v.memory.keep(d, &remembered{claims: claims, key: bytes.Clone(key.Bytes)})
	}
	return principal(claims, key), err
}

// recall returns the key of a remembered token's record, and whether it is the one that the token was verified with.
func (v *Verifier) recall(ctx context.Context, r *remembered, want TokenType) (Key, bool, error) {
	if r.claims.Type != want {
		return Key{}, false, ErrType
	}
	if !v.now().Before(r.claims.Expires) {
		return Key{}, false, ErrExpired
	}
	key, err := v.lookup(ctx, r.claims)
	if err != nil || !r.current(key.Bytes) {
		return Key{}, false, err
	}
	v.recalled.Add(1)
	return key, true, nil
}

// parse verifies a token from its text. The key depends on the record that the token itself names, so the library's
// parser, between its check of alg and that of the signature, calls back for it.
func (v *Verifier) parse(ctx context.Context, token string, want TokenType) (claims Claims, key Key, err error) {
	// encoding/base64 skips line breaks, even when strict, so the signature would have as many forms as one likes.
	if strings.ContainsAny(token, "\r\n") {
		return Claims{}, Key{}, ErrMalformed
	}
	var own error // ours, kept apart from the library's, which wraps it
	_, err = v.parser.Parse(token, func(t *jwt.Token) (any, error) {
		if claims, own = v.inspect(t, want); own == nil {
			key, own = v.lookup(ctx, claims)
		}
		return key.Bytes, own
	})
	switch {
	case own != nil:
		return Claims{}, Key{}, own
	case err != nil:
		return Claims{}, Key{}, refusal(err)
	}
	return claims, key, nil
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
	switch {
	case errors.Is(err, ErrUnknown):
		return Key{}, ErrUnknown
	case err != nil:
		return Key{}, fmt.Errorf("auth: looking up a token's record: %w", err)
	case len(key.Bytes) < MinKeyLength:
		return Key{}, ErrKey
	}
	return key, nil
}

// inspect reads the claims of a token that nobody has verified yet: enough to refuse it before its key is looked up.
// Of a claim or header that is there twice the last counts, as RFC 7519, section 4, allows.
func (v *Verifier) inspect(t *jwt.Token, want TokenType) (Claims, error) {
	// RFC 7515, section 4.1.11: a critical extension that isn't understood makes the token invalid.
	if _, ok := t.Header["crit"]; ok {
		return Claims{}, ErrMalformed
	}
	m, ok := t.Claims.(jwt.MapClaims)
	if !ok || !validDates(m) {
		return Claims{}, ErrMalformed
	}
	collection, _ := m["collectionId"].(string)
	record, _ := m["id"].(string)
	kind, _ := m["type"].(string)
	exp, ok := m["exp"].(float64)
	if !ok || kind == "" || !validID(collection) || !validID(record) {
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

// validDates reports whether the dates, where present, are numbers of a range in which the library's conversion to
// integer seconds is defined: nbf 1e300 would come out as a time long past.
func validDates(m jwt.MapClaims) bool {
	for _, name := range [...]string{"exp", "nbf", "iat"} {
		if raw, ok := m[name]; ok {
			if n, ok := raw.(float64); !ok || math.Abs(n) > maxExpires {
				return false
			}
		}
	}
	return true
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
