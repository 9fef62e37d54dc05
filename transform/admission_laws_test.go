package transform

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// order runs jobs of the given costs, which arrive in this order while the only
// slot is taken, and returns their indices in the order of their turns.
func order(t *testing.T, patience int, costs ...int64) (turns []int) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate(1)
		cfg.Patience = patience
		a := newGate(t, cfg)
		release := mustAcquire(t, a, 1)
		for i, cost := range costs {
			go func() {
				leave, err := a.Acquire(t.Context(), cost)
				if err != nil {
					t.Error(err)
					return
				}
				turns = append(turns, i)
				leave()
			}()
			synctest.Wait()
		}
		release()
		synctest.Wait()
	})
	return turns
}

func TestOrderOfTurns(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patience int
		costs    []int64
		want     []int
	}{
		{"cheap work first", 8, []int64{100, 1, 10}, []int{1, 2, 0}},
		{"equal work as it came", 8, []int64{5, 5, 5, 5}, []int{0, 1, 2, 3}},
		{"no patience: as it came", 0, []int64{100, 1, 10}, []int{0, 1, 2}},
	} {
		if diff := cmp.Diff(tt.want, order(t, tt.patience, tt.costs...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// For every turn of cheap work others as cheap arrive, without end. The large job
// must have its turn after exactly its patience, whether the cheap work trickles
// in or arrives in bursts.
func TestEndlessCheapWorkDoesNotStarveALargeJob(t *testing.T) {
	const cheap, large, patience = 10, 1000, 8
	for _, burst := range []int{1, 50} {
		cfg := gate(1)
		cfg.Patience = patience
		a := newGate(t, cfg)
		enter := func(cost int64) *waiter {
			w, err := a.enter(job{cost: cost})
			if err != nil || w == nil {
				t.Fatal(w, err)
			}
			return w
		}
		mustAcquire(t, a, cheap)
		want := enter(large)
		overtaken := int64(0)
		for {
			for a.Stats().Queued <= burst {
				enter(cheap)
			}
			if (&Turn{gate: a, job: job{cost: cheap}}).End(); closed(want.granted) {
				break
			}
			if overtaken += cheap; overtaken > patience*large {
				t.Fatalf("bursts of %d: overtaken by %d", burst, overtaken)
			}
		}
		if want := int64(patience*(large-cheap) - cheap); overtaken != want {
			t.Errorf("bursts of %d: cheap work of %d went first, want %d", burst, overtaken, want)
		}
	}
}

// TestAdmissionLaws drives a gate by hand through random arrivals, departures and
// desertions, and checks its laws after every one of them.
func TestAdmissionLaws(t *testing.T) {
	type queued struct {
		*waiter
		overtaken int64
	}
	rapid.Check(t, func(t *rapid.T) {
		cfg := AdmissionConfig{
			Slots:    rapid.IntRange(1, 4).Draw(t, "slots"),
			Capacity: rapid.Int64Range(1, 100).Draw(t, "capacity"),
			Memory:   rapid.Int64Range(0, 100).Draw(t, "memory"),
			MaxQueue: rapid.IntRange(0, 8).Draw(t, "queue"),
			MaxWait:  time.Hour,
			Patience: rapid.IntRange(0, 5).Draw(t, "patience"),
		}
		a, err := NewAdmission(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var running []job
		var waiting []*queued // in the order of arrival

		// settle moves the jobs that have their turn, and lets those that came before
		// them and still wait count what overtook them.
		overtake := func(arrival uint64, cost int64) {
			for _, j := range waiting {
				if j.arrival < arrival {
					j.overtaken += cost
				}
			}
		}
		settle := func() {
			var still, started []*queued
			for _, j := range waiting {
				if closed(j.granted) {
					started = append(started, j)
					running = append(running, j.job)
				} else {
					still = append(still, j)
				}
			}
			waiting = still
			for _, s := range started {
				overtake(s.arrival, s.cost)
			}
		}
		check := func() {
			settle()
			var cost, bytes int64
			for _, j := range running {
				cost += j.cost
				bytes += j.bytes
			}
			s := a.Stats()
			if s.InFlight != len(running) || s.InFlightCost != cost || s.InFlightBytes != bytes || s.Queued != len(waiting) {
				t.Fatalf("%+v, but %d run at %d, of %d bytes, and %d wait", s, len(running), cost, bytes, len(waiting))
			}
			if len(running) > cfg.Slots || len(running) > 1 && (cost > cfg.Capacity || cfg.Memory > 0 && bytes > cfg.Memory) || len(waiting) > cfg.MaxQueue {
				t.Fatalf("over the limits: %+v", s)
			}
			if len(waiting) > 0 && a.fits(a.queue[0].job) {
				t.Fatalf("the head fits and waits: %+v", s)
			}
			for _, j := range waiting {
				if j.overtaken > 0 && j.overtaken >= int64(cfg.Patience)*j.cost {
					t.Fatalf("a job of %d was overtaken by %d", j.cost, j.overtaken)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"arrive": func(t *rapid.T) {
				j := job{rapid.Int64Range(1, 120).Draw(t, "cost"), rapid.Int64Range(0, 120).Draw(t, "bytes")}
				w, err := a.enter(j)
				switch {
				case err != nil && (!errors.Is(err, ErrBusy) || len(waiting) < cfg.MaxQueue):
					t.Fatalf("refused with %d of %d waiting: %v", len(waiting), cfg.MaxQueue, err)
				case err == nil && w == nil:
					running = append(running, j)
					overtake(math.MaxUint64, j.cost)
				case err == nil:
					waiting = append(waiting, &queued{waiter: w})
				}
			},
			"finish": func(t *rapid.T) {
				if len(running) == 0 {
					t.Skip("nothing runs")
				}
				i := rapid.IntRange(0, len(running)-1).Draw(t, "which")
				(&Turn{gate: a, job: running[i]}).End()
				running = append(running[:i], running[i+1:]...)
			},
			"desert": func(t *rapid.T) {
				if len(waiting) == 0 {
					t.Skip("nothing waits")
				}
				i := rapid.IntRange(0, len(waiting)-1).Draw(t, "which")
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				if err := a.wait(ctx, waiting[i].waiter); !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				waiting = append(waiting[:i], waiting[i+1:]...)
			},
			"": func(*rapid.T) { check() },
		})
	})
}

func TestAdmissionUnderManyGoroutines(t *testing.T) {
	const callers, rounds = 40, 100
	cfg := AdmissionConfig{Slots: 3, Capacity: 50, MaxQueue: 20, MaxWait: 2 * time.Millisecond, Patience: 4}
	a := newGate(t, cfg)
	var running, cost, admitted, failed atomic.Int64
	var all sync.WaitGroup
	for seed := range callers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(seed), 1))
			for range rounds {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(3000))*time.Microsecond)
				weight := 1 + r.Int64N(60)
				release, err := a.Acquire(ctx, weight)
				if err != nil {
					failed.Add(1)
				} else {
					admitted.Add(1)
					n, c := running.Add(1), cost.Add(weight)
					if n > int64(cfg.Slots) || n > 1 && c > cfg.Capacity {
						t.Errorf("%d jobs of %d run", n, c)
					}
					time.Sleep(time.Duration(r.IntN(100)) * time.Microsecond)
					cost.Add(-weight)
					running.Add(-1)
					release()
				}
				cancel()
			}
		})
	}
	all.Wait()
	s := a.Stats()
	if s.InFlight != 0 || s.InFlightCost != 0 || s.Queued != 0 {
		t.Errorf("something is left: %+v", s)
	}
	if int64(s.Admitted) != admitted.Load() || admitted.Load() == 0 {
		t.Errorf("%d admitted, %+v", admitted.Load(), s)
	}
	// A context that has ended before Acquire is counted nowhere.
	if int64(s.Refused+s.TimedOut+s.Abandoned) > failed.Load() {
		t.Errorf("%d failed, %+v", failed.Load(), s)
	}
}
