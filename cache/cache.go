package cache

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"
)

// Overhead is the number of bytes that an entry is charged beside its size and the length of its key. It covers the
// entry, with a V of up to 24 bytes, and its slots in ristretto's two maps with the room that a growing map keeps free:
// 190 to 225 bytes were measured, and a test holds it.
const Overhead = 256

// ErrConfig is wrapped by every error of Validate.
var ErrConfig = errors.New("cache: invalid configuration")

// Config says how much a Cache may hold.
type Config struct {
	// Budget bounds the sum of the entries' costs, in bytes; at least 1 KiB. An entry costs the size given to Set,
	// plus the length of its key, plus Overhead.
	Budget int64
	// MeanSize is the expected mean cost of an entry, in bytes. It sizes the table of access frequencies alone
	// (ten counters per expected entry, about three bytes each, outside the budget), so a rough guess will do.
	MeanSize int64
}

// DefaultConfig is sized for thumbnails: 256 MiB of entries of about 16 KiB.
func DefaultConfig() Config {
	return Config{Budget: 256 << 20, MeanSize: 16 << 10}
}

const (
	minBudget = 1 << 10

	// The expected entries lie between these, so that the table of frequencies takes 3 KB to 600 MB.
	minEntries = 100
	maxEntries = 20_000_000

	// accessBuffer is how many Gets ristretto gathers before it counts them: its authors' advice.
	accessBuffer = 64
)

// Validate reports the first value out of its range, as an error that wraps ErrConfig.
func (c Config) Validate() error {
	if c.Budget < minBudget {
		return fmt.Errorf("%w: Budget is %d bytes, at least %d are needed", ErrConfig, c.Budget, minBudget)
	}
	if c.MeanSize < 1 {
		return fmt.Errorf("%w: MeanSize is %d bytes, must be positive", ErrConfig, c.MeanSize)
	}
	return nil
}

func (c Config) counters() int64 {
	return 10 * min(max(c.Budget/c.MeanSize, minEntries), maxEntries)
}

// entry is what ristretto stores, under the 64-bit hash of its key. ristretto knows keys by their hashes alone, and a
// hash, however wide or well keyed, only makes it unlikely that one key's picture is sent for another's. So the entry
// keeps its key and Get compares it, for a few nanoseconds. Two keys of one hash then merely replace each other. The
// seed, new in every process, keeps anybody from choosing such keys. ristretto's second ("conflict") hash isn't used:
// beside a comparison of the keys it could only keep the second of two such keys out for as long as the first is held.
type entry[V any] struct {
	key   string
	value V
	hash  uint64
	cost  int64
	// expires counts from Cache.start; 0 is never. ristretto's own expiry isn't used: it hides an expired item from
	// lookups seconds before it removes it, and would refuse a new value for the key meanwhile.
	expires time.Duration

	// dead is set once and for good when a later Set or Delete of the key has replaced the entry.
	dead atomic.Bool
	// counted says that the entry is in Stats.Entries. Written by ristretto's consumer before it stores the entry,
	// read by whoever removes it from the store.
	counted bool
}

// Cache holds values of V by key. Every method may be called from any goroutine, before and after Close.
type Cache[V any] struct {
	cfg  Config
	rc   *ristretto.Cache[uint64, *entry[V]]
	seed maphash.Seed
	// now and start are read by difference, which is monotonic: a stepped wall clock neither keeps nor ends entries.
	now   func() time.Time
	start time.Time

	// life is held for reading by every operation and for writing by Clear and Close: ristretto's Close closes
	// channels that a concurrent Get, Set or Wait still sends to, and sets its own flag last. On an otherwise idle
	// core this adds 10 to 20 ns to a Get of about 100.
	life   sync.RWMutex
	closed bool

	pending pending[V]
	stats   counters

	// looked, where a test sets it, is called by the consumer between its look at an entry and the entry's way into
	// the store: the moment that pending is about, too short to meet by chance.
	looked func(key string)
}

// New starts a cache. Close ends its goroutines.
func New[V any](cfg Config) (*Cache[V], error) {
	return newCache[V](cfg, accessBuffer)
}

func newCache[V any](cfg Config, buffer int64) (*Cache[V], error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Cache[V]{cfg: cfg, seed: maphash.MakeSeed(), now: time.Now, start: time.Now()}
	c.pending.newest = make(map[uint64]*entry[V])
	rc, err := ristretto.NewCache(&ristretto.Config[uint64, *entry[V]]{
		NumCounters:        cfg.counters(),
		MaxCost:            cfg.Budget,
		BufferItems:        buffer,
		IgnoreInternalCost: true, // Overhead states it
		KeyToHash:          func(h uint64) (uint64, uint64) { return h, 0 },
		ShouldUpdate:       func(_, _ *entry[V]) bool { return false }, // see pending
		Cost:               c.admit,
		OnEvict:            c.evicted,
		OnReject:           c.rejected,
		OnExit:             c.left,
	})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c.rc = rc
	return c, nil
}

// Get returns the value last Set for the key, if it is held and has not expired. It allocates nothing but
// ristretto's next buffer of 64 accesses, at every 64th call at most.
func (c *Cache[V]) Get(key string) (V, bool) {
	c.life.RLock()
	defer c.life.RUnlock()
	var none V
	if c.closed {
		return none, false
	}
	h := maphash.String(c.seed, key)
	e, ok := c.rc.Get(h)
	if !ok || e.dead.Load() {
		e, ok = c.pending.find(h)
	}
	if !ok || e.key != key || c.expired(e) {
		c.stats.miss(h)
		return none, false
	}
	c.stats.hit(h)
	return e.value, true
}

// Set offers a value of size bytes, to be kept until it is evicted, deleted or replaced. It reports false when the
// value was refused at once: size is negative or larger than the budget allows, ristretto's buffer is full, or the
// cache is closed. True means that Get finds it from now on, until the admission policy has looked at it and may still
// refuse it. Whether accepted or not, the key's earlier value is gone. The key string is kept.
//
// A Set of a key that is held may wait for ristretto's consumer while the buffer is full; of another it never waits.
func (c *Cache[V]) Set(key string, v V, size int64) bool {
	return c.set(key, v, size, 0)
}

// SetTTL is Set for a value that Get stops returning after ttl, which must be positive: otherwise nothing happens. An
// expired entry keeps its share of the budget until it is evicted or replaced.
func (c *Cache[V]) SetTTL(key string, v V, size int64, ttl time.Duration) bool {
	if ttl <= 0 {
		return false
	}
	expires := c.age() + ttl
	if expires <= 0 {
		expires = math.MaxInt64 // the sum overflowed: three centuries are for ever
	}
	return c.set(key, v, size, expires)
}

func (c *Cache[V]) age() time.Duration { return c.now().Sub(c.start) }

func (c *Cache[V]) expired(e *entry[V]) bool { return e.expires != 0 && c.age() >= e.expires }

func (c *Cache[V]) set(key string, v V, size int64, expires time.Duration) bool {
	c.life.RLock()
	defer c.life.RUnlock()
	if c.closed {
		return false
	}
	c.stats.sets.Add(1)
	h := maphash.String(c.seed, key)
	if size < 0 || size > c.cfg.Budget-Overhead-int64(len(key)) {
		c.stats.rejected.Add(1)
		c.forget(h)
		return false
	}
	e := &entry[V]{
		key: key, value: v, hash: h,
		cost: size + Overhead + int64(len(key)), expires: expires,
	}
	if c.pending.register(e) || c.stored(e.hash) {
		c.rc.Del(e.hash) // at once from the store, and by a delete queued before e
	}
	// A cost of 0 makes ristretto ask admit for it, at the moment when it applies the entry.
	if !c.rc.Set(e.hash, e, 0) {
		c.pending.drop(e)
		c.stats.dropped.Add(1)
		return false
	}
	return true
}

// Delete forgets the key: a Get that begins after Delete has returned sees no value whose Set returned before Delete
// began. It waits for ristretto's consumer while the buffer is full.
func (c *Cache[V]) Delete(key string) {
	c.life.RLock()
	defer c.life.RUnlock()
	if c.closed {
		return
	}
	c.forget(maphash.String(c.seed, key))
}

func (c *Cache[V]) forget(h uint64) {
	if c.pending.kill(h) || c.stored(h) {
		c.rc.Del(h)
	}
}

// stored reports whether ristretto's store holds the hash, without counting as an access.
func (c *Cache[V]) stored(h uint64) bool {
	_, ok := c.rc.GetTTL(h)
	return ok
}

// Clear forgets every key. Every other operation waits for it.
func (c *Cache[V]) Clear() {
	c.life.Lock()
	defer c.life.Unlock()
	if c.closed {
		return
	}
	c.clear()
}

// clear needs life held for writing.
func (c *Cache[V]) clear() {
	c.rc.Wait() // the consumer idles from here on: what leaves now is cleared, not evicted
	c.stats.clearing.Store(true)
	c.rc.Clear()
	c.stats.clearing.Store(false)
	c.pending.reset()
}

// Settle waits until the admission policy has decided on every Set that returned before it.
func (c *Cache[V]) Settle() {
	c.life.RLock()
	defer c.life.RUnlock()
	if !c.closed {
		c.rc.Wait()
	}
}

// Close forgets every key and ends the goroutines. From then on Get misses and Set reports false.
func (c *Cache[V]) Close() {
	c.life.Lock()
	defer c.life.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	c.clear()
	c.rc.Close()
}
