package origin

import (
	"sync"
	"time"
)

// negativeEntries bounds the memory of failures: about 2 MiB of keys.
const negativeEntries = 10_000

// negative remembers for a short while what could not be rendered, so that a broken picture on a busy page is not
// decoded once per request. Keys contain the file's name, so a replaced file is tried at once.
type negative struct {
	ttl time.Duration
	now func() time.Time

	mu    sync.RWMutex
	until map[string]time.Time
}

func newNegative(ttl time.Duration, now func() time.Time) *negative {
	return &negative{ttl: ttl, now: now, until: make(map[string]time.Time)}
}

// has tells whether key failed less than ttl ago.
func (n *negative) has(key string) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if len(n.until) == 0 {
		return false
	}
	t, ok := n.until[key]
	return ok && n.now().Before(t)
}

// add remembers a failure. When full, what has ended goes first, then anything.
func (n *negative) add(key string) {
	now := n.now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.until) >= negativeEntries {
		for k, t := range n.until {
			if !now.Before(t) {
				delete(n.until, k)
			}
		}
		for k := range n.until {
			if len(n.until) < negativeEntries {
				break
			}
			delete(n.until, k)
		}
	}
	n.until[key] = now.Add(n.ttl)
}
