package cache

import (
	"sync"
	"testing"
)

func newPending() *pending[int] { return &pending[int]{newest: map[uint64]*entry[int]{}} }

func TestPendingFindsTheEntryBefore(t *testing.T) {
	p := newPending()
	first, second, other := &entry[int]{hash: 1}, &entry[int]{hash: 1}, &entry[int]{hash: 2}
	if p.register(first) || p.register(other) {
		t.Error("the first entry of a hash was said to replace one")
	}
	if !p.register(second) || !first.dead.Load() || second.dead.Load() || other.dead.Load() {
		t.Error("the second entry of a hash must kill the first, and only that")
	}
	if p.begin(first) || !p.begin(second) {
		t.Error("begin must admit the living alone")
	}
}

func TestPendingKeepsAnEntryUntilTheNextIsBegun(t *testing.T) {
	p := newPending()
	e, next := &entry[int]{hash: 1}, &entry[int]{hash: 2}
	p.register(e)
	p.register(next)
	if !p.begin(e) {
		t.Fatal("a living entry was not admitted")
	}
	// Here the consumer is between its look at e and e's way into the store.
	if !p.kill(1) || !e.dead.Load() {
		t.Error("a Delete did not find the entry that is being applied")
	}
	if late := (&entry[int]{hash: 1}); !p.register(late) {
		t.Error("a Set after that Delete did not learn that an entry is being applied")
	} else {
		p.drop(late)
	}
	p.begin(next)
	if p.kill(1) {
		t.Error("an entry that has been applied is still pending")
	}
	if !p.kill(2) {
		t.Error("the entry that is being applied was forgotten")
	}
}

func TestPendingDropLeavesANewerEntry(t *testing.T) {
	p := newPending()
	refused, newer := &entry[int]{hash: 1}, &entry[int]{hash: 1}
	p.register(refused)
	p.register(newer)
	p.drop(refused)
	if !p.kill(1) || !newer.dead.Load() {
		t.Error("dropping an entry forgot the newer one of its hash")
	}
}

// TestGetNeverSeesWhatWasReplaced replaces a value in every state that ristretto can be in with it, and looks whenever
// the consumer does.
func TestGetNeverSeesWhatWasReplaced(t *testing.T) {
	replacements := []struct {
		name    string
		replace func(c *Cache[int])
		held    bool
	}{
		{"by a Delete", func(c *Cache[int]) { c.Delete("k") }, false},
		{"by a Set", func(c *Cache[int]) { c.Set("k", 1, 1000) }, true},
		{"by a Set after a Delete", func(c *Cache[int]) { c.Delete("k"); c.Set("k", 1, 1000) }, true},
		{"by a Delete after a Set", func(c *Cache[int]) { c.Set("k", 1, 1000); c.Delete("k") }, false},
		{"by the last of three Sets", func(c *Cache[int]) { c.Set("k", 2, 9); c.Set("k", 3, 1); c.Set("k", 1, 1000) }, true},
	}
	states := []struct {
		name  string
		stall string // the key at which the consumer stalls after its look
	}{
		{"while it is queued", "before"},
		{"while it is applied", "k"},
		{"while the next is applied", "after"},
		{"when it is stored", ""},
	}
	for _, state := range states {
		for _, tt := range replacements {
			t.Run(tt.name+" "+state.name, func(t *testing.T) {
				c := open[int](t, roomy())
				stalled, resume := make(chan struct{}), make(chan struct{})
				c.looked = func(key string) {
					if key == state.stall {
						close(stalled)
						<-resume
					}
				}
				c.Set("before", 5, 1)
				c.Set("k", 0, 1)
				c.Set("after", 6, 1)
				if state.stall == "" {
					c.Settle()
					close(stalled)
				}
				<-stalled
				look := func(string) {
					if got, ok := c.Get("k"); ok != tt.held || (ok && got != 1) {
						t.Errorf("Get = %d, %t, want held %t", got, ok, tt.held)
					}
				}
				c.looked = look
				tt.replace(c)
				look("")
				close(resume)
				c.Set("last", 7, 1) // has the consumer look, by way of looked, when it has applied everything else
				c.Settle()
				look("")
				want := Stats{Entries: 3, Bytes: 3*Overhead + int64(len("before")+len("after")+len("last")) + 3}
				if tt.held {
					want.Entries++
					want.Bytes += Overhead + int64(len("k")) + 1000
				}
				s := c.Stats()
				got := Stats{Rejected: s.Rejected, Dropped: s.Dropped, Evictions: s.Evictions, Entries: s.Entries, Bytes: s.Bytes}
				if got != want {
					t.Errorf("Stats = %+v, want %+v", got, want)
				}
			})
		}
	}
}

// pending relies on it: an update in place would be undone by the delete queued before it.
func TestRistrettoDoesNotUpdateInPlace(t *testing.T) {
	c := open[int](t, roomy())
	c.Set("k", 1, 1)
	c.Settle()
	e := &entry[int]{key: "k", value: 2, hash: c.pending.applying.hash, cost: 1}
	c.rc.Set(e.hash, e, 0)
	wantHeld(t, c, "k", 1)
	c.Settle()
	wantHeld(t, c, "k", 1)
}

// TestReplacingDoesNotFeedItself: callers who Set what they miss come to an end, however often they ask. Were a value
// missing until it is applied, each Set would make others miss and Set.
func TestReplacingDoesNotFeedItself(t *testing.T) {
	c := open[int](t, roomy())
	stalled, resume := make(chan struct{}), make(chan struct{})
	c.looked = func(key string) {
		if key == "stall" {
			close(stalled)
			<-resume
		}
	}
	c.Set("stall", 0, 1)
	<-stalled // nothing is applied from here on
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if _, ok := c.Get("k"); !ok {
					c.Set("k", 1, 1)
				}
			}
		})
	}
	wg.Wait()
	if s := c.Stats(); s.Sets > 1+8 {
		t.Errorf("8 callers Set the key %d times, want once each at most", s.Sets-1)
	}
	close(resume)
	c.Settle()
	wantHeld(t, c, "k", 1)
}
