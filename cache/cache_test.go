package cache

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open[V any](t testing.TB, cfg Config) *Cache[V] {
	t.Helper()
	c, err := New[V](cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func roomy() Config { return Config{Budget: 64 << 20, MeanSize: 1 << 10} }

func wantHeld(t *testing.T, c *Cache[int], key string, want int) {
	t.Helper()
	if got, ok := c.Get(key); !ok || got != want {
		t.Errorf("Get(%q) = %d, %t, want %d, held", key, got, ok, want)
	}
}

func wantAbsent(t *testing.T, c *Cache[int], key string) {
	t.Helper()
	if got, ok := c.Get(key); ok {
		t.Errorf("Get(%q) = %d, want it absent", key, got)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		ok   bool
	}{
		{"the default", DefaultConfig(), true},
		{"the smallest budget", Config{Budget: 1 << 10, MeanSize: 1}, true},
		{"a budget no table of frequencies could follow", Config{Budget: math.MaxInt64, MeanSize: math.MaxInt64}, true},
		{"no budget", Config{MeanSize: 1}, false},
		{"a negative budget", Config{Budget: -1, MeanSize: 1}, false},
		{"no mean size", Config{Budget: 1 << 20}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := New[int](tt.cfg)
			if tt.ok != (err == nil) {
				t.Fatalf("New = %v, want ok %t", err, tt.ok)
			}
			if err != nil {
				if !errors.Is(err, ErrConfig) {
					t.Errorf("%v does not wrap ErrConfig", err)
				}
				return
			}
			c.Close()
		})
	}
}

func TestCountersFollowTheExpectedEntries(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want int64
	}{
		{Config{Budget: 256 << 20, MeanSize: 16 << 10}, 10 * 16384},
		{Config{Budget: 1 << 10, MeanSize: 1 << 10}, 1000},
		{Config{Budget: math.MaxInt64, MeanSize: 1}, 200_000_000},
	} {
		if got := tt.cfg.counters(); got != tt.want {
			t.Errorf("%+v has %d counters, want %d", tt.cfg, got, tt.want)
		}
	}
}

func TestSetIsHeldOnceSettled(t *testing.T) {
	c := open[int](t, roomy())
	wantAbsent(t, c, "a")
	if !c.Set("a", 1, 10) || !c.Set("", 2, 0) {
		t.Fatal("Set was refused by an empty cache")
	}
	c.Settle()
	wantHeld(t, c, "a", 1)
	wantHeld(t, c, "", 2)

	s := c.Stats()
	want := Stats{Hits: 2, Misses: 1, Sets: 2, Entries: 2, Bytes: 10 + 1 + 2*Overhead, Budget: roomy().Budget}
	if s != want {
		t.Errorf("Stats = %+v, want %+v", s, want)
	}
}

func TestGetComparesTheKeyAndNotItsHash(t *testing.T) {
	c := open[int](t, roomy())
	// What Set("a") would leave behind, were "a" and "b" of one hash.
	e := &entry[int]{key: "a", value: 1, hash: maphash.String(c.seed, "b"), cost: 1}
	c.pending.register(e)
	c.rc.Set(e.hash, e, 0)
	c.Settle()
	wantAbsent(t, c, "b")

	c.Set("b", 2, 1)
	c.Settle()
	wantHeld(t, c, "b", 2)
	if s := c.Stats(); s.Entries != 1 || s.Bytes != Overhead+2 {
		t.Errorf("%d entries of %d bytes are held, want the second alone", s.Entries, s.Bytes)
	}
}

func TestReplacingNeverOverrunsTheBudget(t *testing.T) {
	c := open[int](t, Config{Budget: 10_000, MeanSize: 1000})
	for i := range 9 {
		c.Set(strconv.Itoa(i), i, 700)
	}
	c.Settle()
	for i := range 9 {
		c.Set(strconv.Itoa(i), i, 9000)
		c.Settle()
		if s := c.Stats(); s.Bytes > s.Budget {
			t.Fatalf("%d bytes are held, over the budget of %d", s.Bytes, s.Budget)
		}
	}
	if s := c.Stats(); s.Evictions == 0 {
		t.Error("entries of 9 KB replaced nine of 0.7 KB under a budget of 10 KB, and nothing was evicted")
	}
}

func TestSetRefusesAtOnceWhatCanNeverFit(t *testing.T) {
	const budget = 10_000
	c := open[int](t, Config{Budget: budget, MeanSize: 1000})
	for _, tt := range []struct {
		name string
		size int64
		want bool
	}{
		{"exactly the budget", budget - Overhead - 1, true},
		{"one byte more", budget - Overhead, false},
		{"a size whose cost overflows", math.MaxInt64, false},
		{"a negative size", -1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := c.Stats().Rejected
			if got := c.Set("k", 1, tt.size); got != tt.want {
				t.Errorf("Set of %d bytes = %t, want %t", tt.size, got, tt.want)
			}
			c.Settle()
			if s := c.Stats(); tt.want && s.Bytes != tt.size+Overhead+1 {
				t.Errorf("%d bytes are held, want %d", s.Bytes, tt.size+Overhead+1)
			}
			if refused := c.Stats().Rejected > before; refused == tt.want {
				t.Errorf("counted as rejected: %t, want %t", refused, !tt.want)
			}
		})
	}
}

func TestARefusedSetTakesTheEarlierValueWithIt(t *testing.T) {
	c := open[int](t, Config{Budget: 10_000, MeanSize: 1000})
	for _, settled := range []bool{true, false} {
		c.Set("k", 1, 100)
		if settled {
			c.Settle()
		}
		if c.Set("k", 2, 10_000) {
			t.Fatal("a value over the budget was accepted")
		}
		wantAbsent(t, c, "k")
		c.Settle()
		wantAbsent(t, c, "k")
	}
}

func TestRefusedAndEvictedAreCounted(t *testing.T) {
	c := open[int](t, Config{Budget: 100 * 1000, MeanSize: 1000})
	const n = 1000
	for i := range n {
		c.Set(strconv.Itoa(i), i, 1000)
		c.Settle() // so that none is dropped
	}
	s := c.Stats()
	if s.Evictions == 0 {
		t.Error("ten times the budget was offered and nothing was evicted")
	}
	if gone := s.Rejected + s.Evictions + uint64(s.Entries); s.Sets != n || s.Dropped != 0 || gone != n {
		t.Errorf("of %d Sets %d were rejected, %d evicted, %d dropped, %d are held: they don't add up",
			s.Sets, s.Rejected, s.Evictions, s.Dropped, s.Entries)
	}
	if s.Bytes > s.Budget {
		t.Errorf("%d bytes are held, over the budget of %d", s.Bytes, s.Budget)
	}
}

// Keys that were asked for are not washed out by a stream of keys that nobody asks for.
func TestRejectedByThePolicyIsCounted(t *testing.T) {
	// A buffer of one, since under the race detector sync.Pool loses ristretto's buffers before they fill.
	c, err := newCache[int](Config{Budget: 20 * 1000, MeanSize: 1000}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := 0; c.Stats().Rejected == 0; i++ {
		if i == 100_000 {
			t.Fatalf("no Set of a key nobody asked for was rejected: %+v", c.Stats())
		}
		for h := range 10 { // again and again, since ristretto may drop the record of an access
			if key := "hot" + strconv.Itoa(h); !has(c, key) {
				c.Set(key, h, 1000)
			}
		}
		c.Set("cold"+strconv.Itoa(i), i, 1000)
		c.Settle()
	}
}

func has(c *Cache[int], key string) bool {
	_, ok := c.Get(key)
	return ok
}

func TestDroppedSetsAreCountedAndForgotten(t *testing.T) {
	// The budget makes every Set evict, so that one goroutine queues faster than ristretto applies.
	c := open[int](t, Config{Budget: 2000, MeanSize: 1000})
	refused := uint64(0)
	for i := 0; refused < 100; i++ {
		if i == 20_000_000 {
			t.Fatal("ristretto's buffer of 32 Ki never filled")
		}
		if !c.Set(strconv.Itoa(i), i, 1000) {
			refused++
		}
	}
	c.Settle()
	if s := c.Stats(); s.Dropped != refused {
		t.Errorf("%d Sets were refused and %d counted as dropped", refused, s.Dropped)
	}
	if n := len(c.pending.newest); n > 1 {
		t.Errorf("%d entries are still pending in a settled cache, at most the last one may be", n)
	}
}

func TestSetTTL(t *testing.T) {
	c := open[int](t, roomy())
	now := c.start
	c.now = func() time.Time { return now }
	if c.SetTTL("k", 1, 1, 0) || c.SetTTL("k", 1, 1, -time.Second) {
		t.Error("a ttl that is not positive was accepted")
	}
	if !c.SetTTL("k", 1, 1, time.Second) || !c.SetTTL("ever", 2, 1, math.MaxInt64) {
		t.Fatal("SetTTL was refused by an empty cache")
	}
	c.Settle()
	now = now.Add(time.Second - 1)
	wantHeld(t, c, "k", 1)
	now = now.Add(1)
	wantAbsent(t, c, "k")

	c.SetTTL("k", 3, 1, time.Second)
	c.Settle()
	wantHeld(t, c, "k", 3)
	c.Set("k", 4, 1)
	c.Settle()
	now = now.Add(100 * 365 * 24 * time.Hour)
	wantHeld(t, c, "k", 4)
	wantHeld(t, c, "ever", 2)
	if s := c.Stats(); s.Entries != 2 {
		t.Errorf("%d entries are held, want 2: an expired one was not replaced", s.Entries)
	}
}

func TestClearForgetsTheQueuedToo(t *testing.T) {
	c := open[int](t, roomy())
	c.Set("settled", 1, 1)
	c.Settle()
	c.Set("queued", 2, 1)
	c.Clear()
	c.Settle()
	wantAbsent(t, c, "settled")
	wantAbsent(t, c, "queued")
	s := c.Stats()
	if s.Entries != 0 || s.Bytes != 0 || s.Evictions != 0 || s.Sets != 2 {
		t.Errorf("after Clear: %+v, want no entries, no bytes, no evictions, and 2 Sets still counted", s)
	}
	c.Set("queued", 3, 1)
	c.Settle()
	wantHeld(t, c, "queued", 3)
}

func TestClosedCacheMissesAndRefuses(t *testing.T) {
	c := open[int](t, roomy())
	c.Set("k", 1, 1)
	c.Close()
	c.Close()
	wantAbsent(t, c, "k")
	if c.Set("k", 1, 1) || c.SetTTL("k", 1, 1, time.Second) {
		t.Error("a closed cache accepted a Set")
	}
	c.Delete("k")
	c.Clear()
	c.Settle()
	if s := c.Stats(); s.Entries != 0 || s.Bytes != 0 || s.Sets != 1 {
		t.Errorf("Stats of a closed cache = %+v, want it empty, with the one Set counted", s)
	}
}

// ristretto's Close would panic here ("send on closed channel") and its Wait hang.
func TestCloseUnderLoad(t *testing.T) {
	for round := range 20 {
		c := open[int](t, Config{Budget: 100_000, MeanSize: 100})
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					key := strconv.Itoa(i % 100)
					switch (g + i) % 8 {
					case 0, 1:
						c.Set(key, i, 100)
					case 2:
						c.Delete(key)
					case 3:
						c.Settle()
					case 4:
						c.Stats()
					default:
						c.Get(key)
					}
				}
			})
		}
		for c.Stats().Sets < uint64(round*10) {
			runtime.Gosched()
		}
		c.Close()
		close(stop)
		wg.Wait()
	}
}

func TestGetAllocatesNothing(t *testing.T) {
	c := open[[]byte](t, roomy())
	c.Set("k", []byte("v"), 1)
	c.Settle()
	for _, key := range []string{"k", "absent"} {
		if n := testing.AllocsPerRun(1000, func() { c.Get(key) }); n != 0 {
			t.Errorf("Get(%q) allocates %v times", key, n)
		}
	}
}

func TestOverheadCoversWhatAnEntryTakes(t *testing.T) {
	const keyLen = 32
	for _, n := range []int{28_800, 50_000} { // the maps are nearly empty, and nearly full
		t.Run(fmt.Sprint(n, " entries"), func(t *testing.T) {
			c := open[[]byte](t, Config{Budget: 1 << 40, MeanSize: 1 << 36})
			before := heap()
			for i := range n {
				key := fmt.Sprintf("%0*d", keyLen, i)
				for !c.Set(key, nil, 0) {
					c.Settle()
				}
			}
			c.Settle()
			took := float64(heap()-before) / float64(n)
			if c.Stats().Entries != int64(n) {
				t.Fatalf("%d entries are held, want %d", c.Stats().Entries, n)
			}
			t.Logf("an entry with a key of %d bytes takes %.0f bytes", keyLen, took)
			if took > Overhead+keyLen || took < 100 {
				t.Errorf("an entry takes %.0f bytes and is charged %d", took, Overhead+keyLen)
			}
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestErrorsNameTheirPackage(t *testing.T) {
	for _, err := range []error{ErrConfig, ErrClosed, ErrDeadline, ErrNoDeadline, ErrPanic, ErrGoexit} {
		if !strings.HasPrefix(err.Error(), "cache: ") {
			t.Errorf("%q does not name its package", err)
		}
	}
}
