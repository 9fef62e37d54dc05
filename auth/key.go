package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// An API key is "igk_", the id of its row, "_" and a secret: the row is found by the id, and the secret is compared with
// its hash in constant time. The secret has 238 bits from crypto/rand, so that a plain SHA-256 of it can't be reversed
// by guessing, and to slow the hash down would only slow requests down.
const (
	keyPrefix    = "igk_"
	keyIDLength  = 15
	keySecretLen = 40
	keyLength    = len(keyPrefix) + keyIDLength + 1 + keySecretLen
)

// NewKey makes an API key: its text, which is shown once and not kept, the id of its row, and the hash that the row keeps.
func NewKey() (text, id, hash string) {
	id = NewID()
	secret := RandomString(keySecretLen, Alnum)
	return keyPrefix + id + "_" + secret, id, hashKey(secret)
}

// SplitKey takes an API key apart. ok is false for every text that NewKey could not have made.
func SplitKey(text string) (id, secret string, ok bool) {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	if !ok || len(text) != keyLength || rest[keyIDLength] != '_' {
		return "", "", false
	}
	id, secret = rest[:keyIDLength], rest[keyIDLength+1:]
	return id, secret, only(id, LowerAlnum) && only(secret, Alnum)
}

func only(s, alphabet string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}

// KeyMatches tells whether a key's secret is that of a hash, in a time that does not depend on where they differ.
func KeyMatches(secret, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(hashKey(secret)), []byte(hash)) == 1
}

func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
