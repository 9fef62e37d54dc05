package transform

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
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
		gone, err := a.enter(job{cost: 1})
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
