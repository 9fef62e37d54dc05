package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"time"
)

// ErrSignedURL is the refusal of a signed URL: tampered with, expired, or none of ours. Which it is, is not said.
var ErrSignedURL = errors.New("auth: the URL's signature is not valid")

// Names of the query parameters of a signed URL.
const (
	ParamExpires   = "expires"   // Unix seconds
	ParamSignature = "signature" // 43 characters of base64url
)

// Signer signs paths, so that whoever holds the URL may read what it names until it expires. Only path and expiry are
// signed: other parameters, such as thumb, are the holder's to choose. It is safe for concurrent use.
type Signer struct {
	key []byte
	now func() time.Time
}

// NewURLSecret returns a key for NewSigner.
func NewURLSecret() []byte {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	return key
}

// NewSigner returns a Signer. A key shorter than MinKeyLength is ErrKey; a nil clock is time.Now.
func NewSigner(key []byte, now func() time.Time) (*Signer, error) {
	if len(key) < MinKeyLength {
		return nil, ErrKey
	}
	if now == nil {
		now = time.Now
	}
	return &Signer{key: append([]byte(nil), key...), now: now}, nil
}

// strict refuses the spare bits that make several texts of one signature. Line breaks, which encoding/base64 skips all the
// same, are refused by the length.
var strict = base64.RawURLEncoding.Strict()

// Sign returns the query that makes a URL of the path, without "?". The path is signed as given: it must be the text that
// Verify will be given, not an encoding of it. Expiry is cut to whole seconds.
func (s *Signer) Sign(path string, expires time.Time) string {
	at := strconv.FormatInt(expires.Unix(), 10)
	mac := s.mac(path, at)
	return ParamExpires + "=" + at + "&" + ParamSignature + "=" + strict.EncodeToString(mac)
}

// Verify returns for how long a signed URL still counts. Everything else is ErrSignedURL.
func (s *Signer) Verify(path, expires, signature string) (left time.Duration, err error) {
	var given [sha256.Size]byte
	if len(signature) != strict.EncodedLen(sha256.Size) {
		return 0, ErrSignedURL
	}
	if n, err := strict.Decode(given[:], []byte(signature)); err != nil || n != sha256.Size {
		return 0, ErrSignedURL
	}
	seconds, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || seconds < 0 || seconds > maxExpires || strconv.FormatInt(seconds, 10) != expires {
		return 0, ErrSignedURL
	}
	if !hmac.Equal(given[:], s.mac(path, expires)) {
		return 0, ErrSignedURL
	}
	if left = time.Unix(seconds, 0).Sub(s.now()); left <= 0 {
		return 0, ErrSignedURL
	}
	return left, nil
}

// mac is over a name of this use of the key, the expiry, which has digits only, and the path, so that no two pairs have the
// same text.
func (s *Signer) mac(path, expires string) []byte {
	h := hmac.New(sha256.New, s.key)
	_, _ = h.Write([]byte("imgorigin signed url\n" + expires + "\n" + path))
	return h.Sum(nil)
}
