package auth

import "crypto/rand"

const (
	// LowerAlnum is the alphabet of record ids and of file name suffixes.
	LowerAlnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	// Alnum is the alphabet of token keys and secrets.
	Alnum = LowerAlnum + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// RandomString returns n characters of the alphabet, each of the same probability, from crypto/rand. It panics when n
// is negative or the alphabet has not 1 to 256 characters of one byte each: both are the program's own constants.
func RandomString(n int, alphabet string) string {
	if len(alphabet) == 0 || len(alphabet) > 256 {
		panic("auth: RandomString: alphabet must have 1 to 256 characters")
	}
	// A byte at or above the largest multiple of the alphabet's length is drawn again: taking the remainder of it
	// would favour the alphabet's beginning.
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var buf [64]byte
	for len(out) < n {
		_, _ = rand.Read(buf[:]) // never fails: crypto/rand ends the process instead
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// NewID returns a record id: 15 characters of LowerAlnum.
func NewID() string { return RandomString(15, LowerAlnum) }

// NewTokenKey returns a record's token key: 50 characters of Alnum.
func NewTokenKey() string { return RandomString(50, Alnum) }

// NewSecret returns a collection's token secret: 50 characters of Alnum.
func NewSecret() string { return RandomString(50, Alnum) }
