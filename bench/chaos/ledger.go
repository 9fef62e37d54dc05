package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// sum is the SHA-256 of a file's or a thumb's bytes.
type sum [sha256.Size]byte

// state is what may be expected of a file.
type state int

const (
	kept    state = iota // its upload was acknowledged: it is there
	unsure               // it was asked to be deleted, and nothing was acknowledged yet
	deleted              // that was acknowledged: it is gone
)

// file is an acknowledged upload.
type file struct {
	path   string // of its bytes
	record string // path of its record
	sum    sum
	alike  bool      // other pictures have the same thumbs
	since  time.Time // when it came to its state
	state  state
}

// ledger is what is known of the library by what was acknowledged.
type ledger struct {
	warm    *file // public; its thumb is in the memory of every replica, and nobody deletes it
	guarded *file // protected

	mu     sync.Mutex
	files  []*file
	gone   []*file           // deleted, in order
	thumbs map[string]seen   // by path and size
	tags   map[string]string // the thumb that an ETag is of
}

// seen is the one content of a thumb.
type seen struct {
	etag string
	sum  sum
}

func newLedger() *ledger {
	return &ledger{thumbs: make(map[string]seen), tags: make(map[string]string)}
}

func (l *ledger) add(f *file) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.since = time.Now()
	l.files = append(l.files, f)
}

// any is a file that is there; nil: there is none.
func (l *ledger) any(r *rand.Rand) *file {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 20 {
		if len(l.files) == 0 {
			break
		}
		// Half of the time one of the latest: those whose upload met a fault.
		n := len(l.files)
		if r.IntN(2) == 0 {
			n = min(n, 50)
		}
		if f := l.files[len(l.files)-1-r.IntN(n)]; f.state == kept {
			return f
		}
	}
	return nil
}

// lately is one of the files that were deleted last; nil: there is none.
func (l *ledger) lately(r *rand.Rand) *file {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.gone)
	if n == 0 {
		return nil
	}
	return l.gone[n-1-r.IntN(min(n, 20))]
}

func (l *ledger) set(f *file, s state) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.state, f.since = s, time.Now()
	if s == deleted {
		l.gone = append(l.gone, f)
	}
}

// take has a file count as unsure; false: it did not count as kept.
func (l *ledger) take(f *file) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.state != kept {
		return false
	}
	f.state, f.since = unsure, time.Now()
	return true
}

func (l *ledger) is(f *file) state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return f.state
}

// of returns the files in a state.
func (l *ledger) of(s state) (list []*file) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.files {
		if f.state == s {
			list = append(list, f)
		}
	}
	return list
}

// thumb notes what a thumb was seen to be, and complains where it was seen to be something else, or where a thumb of another
// picture has the same tag.
func (l *ledger) thumb(f *file, size, etag string, s sum) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	address := f.path + " " + size
	if was, known := l.thumbs[address]; known {
		if was.etag != etag || was.sum != s {
			return fmt.Errorf("%s has the tag %s and SHA-256 %.8x, and had %s and %.8x", address, etag, s, was.etag, was.sum)
		}
		return nil
	}
	l.thumbs[address] = seen{etag, s}
	if f.alike {
		return nil
	}
	if other, known := l.tags[etag]; known {
		return fmt.Errorf("%s has the tag of %s", address, other)
	}
	l.tags[etag] = address
	return nil
}
