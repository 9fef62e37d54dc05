package cache

import (
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"
)

// Stats is a snapshot. Its counters only grow, Clear and Close included; each is read on its own.
type Stats struct {
	Hits      uint64 // Gets that found their key
	Misses    uint64 // Gets that did not
	Sets      uint64 // Sets offered to an open cache, whatever became of them
	Dropped   uint64 // Sets refused because ristretto's buffer was full
	Rejected  uint64 // Sets refused for their size, or later by the admission policy
	Evictions uint64 // entries removed to make room

	Entries int64 // held now, expired ones that were not yet replaced or evicted included
	Bytes   int64 // their cost, never above Budget
	Budget  int64 // Config.Budget
}

// counters are striped by the key's hash where every Get writes them, so that cores don't fight for one cache line.
type counters struct {
	gets [16]struct {
		hits, misses atomic.Uint64
		_            [48]byte
	}
	sets, dropped, rejected, evictions atomic.Uint64
	entries                            atomic.Int64
	clearing                           atomic.Bool
}

func (s *counters) hit(h uint64)  { s.gets[h>>60].hits.Add(1) }
func (s *counters) miss(h uint64) { s.gets[h>>60].misses.Add(1) }

// Stats returns the counters as they are now.
func (c *Cache[V]) Stats() Stats {
	c.life.RLock()
	defer c.life.RUnlock()
	s := Stats{
		Sets:      c.stats.sets.Load(),
		Dropped:   c.stats.dropped.Load(),
		Rejected:  c.stats.rejected.Load(),
		Evictions: c.stats.evictions.Load(),
		Entries:   c.stats.entries.Load(),
		Bytes:     c.cfg.Budget - c.rc.RemainingCost(),
		Budget:    c.cfg.Budget,
	}
	for i := range c.stats.gets {
		s.Hits += c.stats.gets[i].hits.Load()
		s.Misses += c.stats.gets[i].misses.Load()
	}
	return s
}

// The four methods below are ristretto's hooks. They run on its consumer goroutine, and left also on that of a Delete,
// a replacing Set or a Clear. They must neither wait nor call ristretto: the consumer would wait for itself.

// admit states an entry's cost when the consumer begins with it; a dead one is made too dear to enter.
func (c *Cache[V]) admit(e *entry[V]) int64 {
	alive := c.pending.begin(e)
	if c.looked != nil {
		c.looked(e.key)
	}
	if !alive {
		return c.cfg.Budget + 1
	}
	e.counted = true
	c.stats.entries.Add(1)
	return e.cost
}

// rejected leaves out the dead ones: they were replaced, not refused.
func (c *Cache[V]) rejected(i *ristretto.Item[*entry[V]]) {
	if i.Value != nil && i.Value.counted {
		c.stats.rejected.Add(1)
	}
}

// evicted is called without a value when a Delete took the victim out of the store first.
func (c *Cache[V]) evicted(i *ristretto.Item[*entry[V]]) {
	if i.Value != nil && !c.stats.clearing.Load() {
		c.stats.evictions.Add(1)
	}
}

// left is called once for every entry that was begun with and is not, or no longer, in the store.
func (c *Cache[V]) left(e *entry[V]) {
	if e != nil && e.counted {
		c.stats.entries.Add(-1)
	}
}
