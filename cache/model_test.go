package cache

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// versioned is a value that says what it is of, so that a wrong one shows.
type versioned struct {
	key     string
	version int
	size    int64
}

// machine drives a cache beside a model of it. A cache may always miss, so the model says what a hit must be; what
// must be a hit is known only when the cache is settled and has room for everything.
type machine struct {
	c     *Cache[versioned]
	roomy bool
	now   time.Time
	model map[string]modelled
	next  int
}

type modelled struct {
	value   versioned
	expires time.Time // zero is never
}

func (m *machine) set(t *rapid.T) {
	key := m.key(t)
	v := versioned{key: key, version: m.next, size: rapid.Int64Range(0, 3000).Draw(t, "size")}
	m.next++
	var accepted bool
	var expires time.Time
	if rapid.Bool().Draw(t, "expires") {
		ttl := time.Duration(rapid.IntRange(1, 10).Draw(t, "ttl")) * time.Second
		expires = m.now.Add(ttl)
		accepted = m.c.SetTTL(key, v, v.size, ttl)
	} else {
		accepted = m.c.Set(key, v, v.size)
	}
	if !accepted {
		t.Fatalf("Set(%q) of %d bytes was refused", key, v.size)
	}
	m.model[key] = modelled{v, expires}
}

func (m *machine) key(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "key")) }

func (m *machine) alive(key string) (versioned, bool) {
	e, ok := m.model[key]
	return e.value, ok && (e.expires.IsZero() || m.now.Before(e.expires))
}

func (m *machine) get(t *rapid.T) {
	key := m.key(t)
	want, alive := m.alive(key)
	if got, ok := m.c.Get(key); ok && (!alive || got != want) {
		t.Fatalf("Get(%q) = %+v, but the last Set was of %+v, alive %t", key, got, want, alive)
	}
}

func (m *machine) settle(t *rapid.T) {
	m.c.Settle()
	if !m.roomy {
		return
	}
	var bytes int64
	for key, e := range m.model {
		bytes += e.value.size + int64(len(key)) + Overhead
		want, alive := m.alive(key)
		if got, ok := m.c.Get(key); ok != alive || (ok && got != want) {
			t.Fatalf("settled, with room for all: Get(%q) = %+v, %t, want %+v, %t", key, got, ok, want, alive)
		}
	}
	if s := m.c.Stats(); s.Bytes != bytes || s.Entries != int64(len(m.model)) {
		t.Fatalf("%d entries of %d bytes are held, want %d of %d", s.Entries, s.Bytes, len(m.model), bytes)
	}
}

func (m *machine) check(t *rapid.T) {
	if s := m.c.Stats(); s.Bytes < 0 || s.Bytes > s.Budget || s.Dropped != 0 {
		t.Fatalf("Stats = %+v: over the budget, or dropped", s)
	}
}

func TestCacheAgainstModel(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
	}{
		{"with room for everything", Config{Budget: 1 << 20, MeanSize: 1 << 10}},
		{"with room for two or three", Config{Budget: 8 << 10, MeanSize: 1 << 10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				c, err := New[versioned](tt.cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				m := &machine{c: c, roomy: tt.cfg.Budget > 10*4<<10, now: c.start, model: map[string]modelled{}}
				c.now = func() time.Time { return m.now }
				t.Repeat(map[string]func(*rapid.T){
					"set":    m.set,
					"get":    m.get,
					"settle": m.settle,
					"delete": func(t *rapid.T) {
						key := m.key(t)
						m.c.Delete(key)
						delete(m.model, key)
					},
					"clear": func(*rapid.T) {
						m.c.Clear()
						clear(m.model)
					},
					"wait": func(t *rapid.T) {
						m.now = m.now.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "seconds")) * time.Second)
					},
					"": m.check,
				})
			})
		})
	}
}

// TestConcurrentGetsNeverGoBack has one writer per key, so that "the last Set or Delete" has a meaning, and readers
// that note before each Get what has surely been replaced.
func TestConcurrentGetsNeverGoBack(t *testing.T) {
	const keys, versions = 4, 8_000
	c := open[versioned](t, Config{Budget: 5 << 10, MeanSize: 1 << 10}) // evictions join in
	var floor [keys]atomic.Int64                                        // versions below are gone
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	for k := range keys {
		key := strconv.Itoa(k)
		writers.Go(func() {
			for v := range versions {
				size := int64(v%5) * 200
				c.Set(key, versioned{key, v, size}, size)
				floor[k].Store(int64(v))
				if v%3 == 0 {
					c.Delete(key)
					floor[k].Store(int64(v + 1))
				}
			}
		})
		readers.Go(func() {
			for !done.Load() {
				least := floor[k].Load()
				got, ok := c.Get(key)
				if ok && (got.key != key || int64(got.version) < least) {
					t.Errorf("Get(%q) = %+v, though all below version %d is gone", key, got, least)
					return
				}
				if s := c.Stats(); s.Bytes > s.Budget {
					t.Errorf("%d bytes are held, over the budget of %d", s.Bytes, s.Budget)
					return
				}
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
}

// TestConcurrentWritersLeaveTheBooksRight lets writers race for the same keys; whichever wins, what is held must be
// what is counted.
func TestConcurrentWritersLeaveTheBooksRight(t *testing.T) {
	const keys = 8
	for round := range 10 {
		c := open[versioned](t, roomy())
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 300 {
					key := strconv.Itoa((i*7 + g*i) % keys)
					if i%5 == g {
						c.Delete(key)
						continue
					}
					size := int64(g*100 + i)
					c.Set(key, versioned{key, i, size}, size)
				}
			})
		}
		wg.Wait()
		c.Settle()
		var entries, bytes int64
		for k := range keys {
			key := strconv.Itoa(k)
			if v, ok := c.Get(key); ok {
				entries++
				bytes += v.size + Overhead + int64(len(key))
				if v.key != key {
					t.Fatalf("Get(%q) = %+v", key, v)
				}
			}
		}
		if s := c.Stats(); s.Entries != entries || s.Bytes != bytes {
			t.Fatalf("round %d: counted are %d entries of %d bytes, held %d of %d",
				round, s.Entries, s.Bytes, entries, bytes)
		}
	}
}
