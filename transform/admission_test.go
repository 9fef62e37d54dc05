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
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newGate(t testing.TB, cfg AdmissionConfig) *Admission {
	t.Helper()
	a, err := NewAdmission(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// gate is a configuration whose capacity, queue and patience are out of the way.
func gate(slots int) AdmissionConfig {
	return AdmissionConfig{Slots: slots, Capacity: 1 << 30, MaxQueue: 100, MaxWait: time.Minute, Patience: 8}
}

// mustAcquire takes a turn that must be free.
func mustAcquire(t testing.TB, a *Admission, cost int64) (release func()) {
	t.Helper()
	queued := a.Stats().Queued
	release, err := a.Acquire(t.Context(), cost)
	if err != nil || a.Stats().Queued != queued {
		t.Fatalf("no turn for %d at once: %v", cost, err)
	}
	return release
}

// outcome is what became of a job that had to wait.
type outcome struct {
	release func()
	err     error
	answer  chan struct{} // closed when the others are set
}

func (o *outcome) done() bool { return closed(o.answer) }

// enqueue starts a job in a goroutine of its own and returns when it waits, or
// has its answer. To be called in a synctest bubble.
func enqueue(ctx context.Context, a *Admission, cost int64) *outcome {
	o := &outcome{answer: make(chan struct{})}
	go func() {
		defer close(o.answer)
		o.release, o.err = a.Acquire(ctx, cost)
	}()
	synctest.Wait()
	return o
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func wantStats(t testing.TB, a *Admission, want AdmissionStats) {
	t.Helper()
	if diff := cmp.Diff(want, a.Stats()); diff != "" {
		t.Errorf("Stats (-want +got):\n%s", diff)
	}
}

func TestAdmissionBoundsTheNumberOfJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newGate(t, gate(2))
		first, second := mustAcquire(t, a, 10), mustAcquire(t, a, 5)
		third := enqueue(t.Context(), a, 1)
		if third.done() {
			t.Fatal("three jobs run")
		}
		wantStats(t, a, AdmissionStats{InFlight: 2, InFlightCost: 15, Queued: 1, Admitted: 2})
		time.Sleep(3 * time.Second)
		first()
		synctest.Wait()
		if !third.done() || third.err != nil {
			t.Fatalf("a free turn is not given: %+v", third)
		}
		wantStats(t, a, AdmissionStats{InFlight: 2, InFlightCost: 6, Admitted: 3, Waited: 3 * time.Second})
		second()
		third.release()
		wantStats(t, a, AdmissionStats{Admitted: 3, Waited: 3 * time.Second})
	})
}

func TestAdmissionBoundsTheCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate(10)
		cfg.Capacity = 100
		a := newGate(t, cfg)
		release := mustAcquire(t, a, 60)
		fits := mustAcquire(t, a, 40)
		waits := enqueue(t.Context(), a, 1)
		if waits.done() {
			t.Fatal("the capacity is exceeded")
		}
		fits()
		synctest.Wait()
		if !waits.done() {
			t.Fatal("what fits waits")
		}
		release()
		waits.release()
	})
}

func TestAJobBeyondTheCapacityRunsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate(10)
		cfg.Capacity = 100
		a := newGate(t, cfg)
		small := mustAcquire(t, a, 1)
		huge := enqueue(t.Context(), a, 1_000_000)
		if huge.done() {
			t.Fatal("it runs beside another")
		}
		small()
		synctest.Wait()
		if !huge.done() || huge.err != nil {
			t.Fatal("it does not run on its own")
		}
		next := enqueue(t.Context(), a, 1)
		if next.done() {
			t.Fatal("another runs beside it")
		}
		huge.release()
		synctest.Wait()
		next.release()
	})
}

func TestAFullQueueAnswersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, length := range []int{0, 1, 3} {
			cfg := gate(1)
			cfg.MaxQueue = length
			a := newGate(t, cfg)
			release := mustAcquire(t, a, 1)
			var waiting []*outcome
			for range length {
				waiting = append(waiting, enqueue(t.Context(), a, 1))
			}
			began := time.Now() // of the bubble: it stands still while anything runs
			if _, err := a.Acquire(t.Context(), 1); !errors.Is(err, ErrBusy) {
				t.Errorf("a queue of %d: %v", length, err)
			}
			if time.Since(began) != 0 {
				t.Errorf("a queue of %d: the refusal took %s", length, time.Since(began))
			}
			if s := a.Stats(); s.Refused != 1 || s.Queued != length {
				t.Errorf("a queue of %d: %+v", length, s)
			}
			release()
			for _, w := range waiting {
				synctest.Wait()
				w.release()
			}
		}
	})
}

func TestTheWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newGate(t, gate(1))
		release := mustAcquire(t, a, 1)
		w := enqueue(t.Context(), a, 1)
		time.Sleep(time.Minute - 1)
		synctest.Wait()
		if w.done() {
			t.Fatal("gave up early")
		}
		time.Sleep(1)
		synctest.Wait()
		if !errors.Is(w.err, ErrWaitedTooLong) {
			t.Fatalf("after MaxWait: %+v", w)
		}
		wantStats(t, a, AdmissionStats{InFlight: 1, InFlightCost: 1, Admitted: 1, TimedOut: 1, Waited: time.Minute})
		release()
	})
}

func TestTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newGate(t, gate(1))
		release := mustAcquire(t, a, 1)
		canceled, cancel := context.WithCancel(t.Context())
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		one, two := enqueue(canceled, a, 1), enqueue(late, a, 1)
		cancel()
		synctest.Wait()
		if !one.done() || !errors.Is(one.err, context.Canceled) {
			t.Errorf("cancelled: %+v", one)
		}
		if two.done() {
			t.Error("the other is gone too")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !errors.Is(two.err, context.DeadlineExceeded) {
			t.Errorf("past its deadline: %+v", two)
		}
		release()
		if _, err := a.Acquire(canceled, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("an ended context is admitted: %v", err)
		}
		wantStats(t, a, AdmissionStats{Admitted: 1, Abandoned: 2, Waited: time.Second})
	})
}

// A turn may be granted in the moment that the caller leaves: it must go on to
// the next job, not be lost.
func TestATurnGrantedToNobodyGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newGate(t, gate(1))
		release := mustAcquire(t, a, 1)
		ctx, cancel := context.WithCancel(t.Context())
		gone, err := a.enter(1)
		if err != nil {
			t.Fatal(err)
		}
		next := enqueue(t.Context(), a, 1)
		release() // grants gone's turn
		cancel()  // before it has noticed
		if err := a.wait(ctx, gone); !errors.Is(err, context.Canceled) {
			t.Errorf("wait = %v", err)
		}
		synctest.Wait()
		if !next.done() || next.err != nil {
			t.Fatalf("the turn is lost: %+v", next)
		}
		next.release()
		wantStats(t, a, AdmissionStats{Admitted: 2, Abandoned: 1})
	})
}

func TestAHeadThatLeavesLetsTheOthersPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate(10)
		cfg.Capacity, cfg.Patience = 100, 0
		a := newGate(t, cfg)
		release := mustAcquire(t, a, 50)
		ctx, cancel := context.WithCancel(t.Context())
		large := enqueue(ctx, a, 90)
		small := enqueue(t.Context(), a, 10)
		if small.done() {
			t.Fatal("what happens to fit passes the head of the queue")
		}
		cancel()
		synctest.Wait()
		if !large.done() || !small.done() || small.err != nil {
			t.Fatalf("the head left: %+v, %+v", large, small)
		}
		release()
		small.release()
	})
}

// A large job waits for room; cheap work that ranks before it uses what room
// there is, even when nothing more may queue.
func TestCheapWorkStartsBesideAHeadThatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := gate(10)
		cfg.Capacity, cfg.MaxQueue = 100, 1
		a := newGate(t, cfg)
		release := mustAcquire(t, a, 50)
		large := enqueue(t.Context(), a, 90)
		mustAcquire(t, a, 10)()
		if _, err := a.Acquire(t.Context(), 60); !errors.Is(err, ErrBusy) {
			t.Errorf("what does not fit: %v", err)
		}
		release()
		synctest.Wait()
		large.release()
	})
}

func TestReleaseTwiceIsReleaseOnce(t *testing.T) {
	a := newGate(t, gate(2))
	release, other := mustAcquire(t, a, 3), mustAcquire(t, a, 4)
	release()
	release()
	wantStats(t, a, AdmissionStats{InFlight: 1, InFlightCost: 4, Admitted: 2})
	other()
}

func TestCostsOutOfRangeAreBrought(t *testing.T) {
	for cost, want := range map[int64]int64{-5: 1, 0: 1, 1: 1, 1 << 62: maxCost} {
		a := newGate(t, gate(1))
		release := mustAcquire(t, a, cost)
		if got := a.Stats().InFlightCost; got != want {
			t.Errorf("a cost of %d counts as %d, want %d", cost, got, want)
		}
		release()
	}
}

func TestCloseFailsThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newGate(t, gate(1))
		release := mustAcquire(t, a, 1)
		one, two := enqueue(t.Context(), a, 1), enqueue(t.Context(), a, 9)
		a.Close()
		a.Close()
		synctest.Wait()
		if !errors.Is(one.err, ErrClosed) || !errors.Is(two.err, ErrClosed) {
			t.Errorf("%+v, %+v", one, two)
		}
		if _, err := a.Acquire(t.Context(), 1); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		wantStats(t, a, AdmissionStats{InFlight: 1, InFlightCost: 1, Admitted: 1})
		release()
		wantStats(t, a, AdmissionStats{Admitted: 1})
	})
}

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
			w, err := a.enter(cost)
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
			if a.leave(cheap); closed(want.granted) {
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
	type job struct {
		*waiter
		cost      int64
		overtaken int64
	}
	rapid.Check(t, func(t *rapid.T) {
		cfg := AdmissionConfig{
			Slots:    rapid.IntRange(1, 4).Draw(t, "slots"),
			Capacity: rapid.Int64Range(1, 100).Draw(t, "capacity"),
			MaxQueue: rapid.IntRange(0, 8).Draw(t, "queue"),
			MaxWait:  time.Hour,
			Patience: rapid.IntRange(0, 5).Draw(t, "patience"),
		}
		a, err := NewAdmission(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var running []int64
		var waiting []*job // in the order of arrival

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
			var still, started []*job
			for _, j := range waiting {
				if closed(j.granted) {
					started = append(started, j)
					running = append(running, j.cost)
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
			var cost int64
			for _, c := range running {
				cost += c
			}
			s := a.Stats()
			if s.InFlight != len(running) || s.InFlightCost != cost || s.Queued != len(waiting) {
				t.Fatalf("%+v, but %d run at %d and %d wait", s, len(running), cost, len(waiting))
			}
			if len(running) > cfg.Slots || len(running) > 1 && cost > cfg.Capacity || len(waiting) > cfg.MaxQueue {
				t.Fatalf("over the limits: %+v", s)
			}
			if len(waiting) > 0 && a.fits(a.queue[0].cost) {
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
				cost := rapid.Int64Range(1, 120).Draw(t, "cost")
				w, err := a.enter(cost)
				switch {
				case err != nil && (!errors.Is(err, ErrBusy) || len(waiting) < cfg.MaxQueue):
					t.Fatalf("refused with %d of %d waiting: %v", len(waiting), cfg.MaxQueue, err)
				case err == nil && w == nil:
					running = append(running, cost)
					overtake(math.MaxUint64, cost)
				case err == nil:
					waiting = append(waiting, &job{waiter: w, cost: cost})
				}
			},
			"finish": func(t *rapid.T) {
				if len(running) == 0 {
					t.Skip("nothing runs")
				}
				i := rapid.IntRange(0, len(running)-1).Draw(t, "which")
				a.leave(running[i])
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

func TestAdmissionConfigValidate(t *testing.T) {
	if err := DefaultAdmissionConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	for name, change := range map[string]func(*AdmissionConfig){
		"no slot":            func(c *AdmissionConfig) { c.Slots = 0 },
		"no capacity":        func(c *AdmissionConfig) { c.Capacity = 0 },
		"a negative queue":   func(c *AdmissionConfig) { c.MaxQueue = -1 },
		"no wait":            func(c *AdmissionConfig) { c.MaxWait = 0 },
		"negative patience":  func(c *AdmissionConfig) { c.Patience = -1 },
		"boundless patience": func(c *AdmissionConfig) { c.Patience = 1001 },
	} {
		cfg := DefaultAdmissionConfig()
		change(&cfg)
		if a, err := NewAdmission(cfg); !errors.Is(err, ErrOptions) || a != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkAcquireUncontended(b *testing.B) {
	a := newGate(b, gate(4))
	b.ReportAllocs()
	for b.Loop() {
		release, err := a.Acquire(b.Context(), 100)
		if err != nil {
			b.Fatal(err)
		}
		release()
	}
}
