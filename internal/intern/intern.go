// Package intern gives the same string for the same bytes without allocating, for strings that come again and again:
// parts of hot addresses.
//
// Its law: what it returns is an ordinary string that may be kept for ever, never a view of the caller's buffer. It
// remembers a bounded number of short strings, forgets one when another wants its place, and is no place for secrets.
package intern

import (
	"hash/maphash"
	"sync/atomic"
)

// Bounds of a Table: what is longer than maxLength is copied and not remembered.
const (
	slots     = 1 << 12
	maxLength = 512
)

// Table remembers up to 4096 strings of up to 512 bytes, so at most 2 MiB. Its zero value is not ready: use New. It is
// safe for concurrent use, without locks: a slot holds a pointer to an immutable string.
type Table struct {
	seed  maphash.Seed
	slots [slots]atomic.Pointer[string]
}

// New returns an empty table.
func New() *Table { return &Table{seed: maphash.MakeSeed()} }

// Bytes returns string(b).
func (t *Table) Bytes(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxLength {
		return string(b)
	}
	slot := &t.slots[maphash.Bytes(t.seed, b)%slots]
	if s := slot.Load(); s != nil && *s == string(b) { // this conversion does not allocate
		return *s
	}
	s := string(b)
	slot.Store(&s)
	return s
}

// Join returns the parts with sep between them.
func (t *Table) Join(sep byte, parts ...string) string {
	var room [maxLength]byte
	b := room[:0]
	for i, p := range parts {
		if i > 0 {
			b = append(b, sep)
		}
		b = append(b, p...)
	}
	return t.Bytes(b)
}
