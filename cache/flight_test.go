package cache

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const minute = time.Minute

func newFlight(t *testing.T) *Flight[int] {
	t.Helper()
	f := NewFlight[int]()
	t.Cleanup(func() {
		if err := f.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return f
}

// answer is what one caller got.
type answer struct {
	v      int
	shared bool
	err    error
}

// ask calls Do on a goroutine of its own. In a synctest bubble, after synctest.Wait, the caller waits for the fill.
func ask(ctx context.Context, f *Flight[int], key string, timeout time.Duration, fill func(context.Context) (int, error)) <-chan answer {
	ch := make(chan answer, 1)
	go func() {
		v, shared, err := f.Do(ctx, key, timeout, fill)
		ch <- answer{v, shared, err}
	}()
	return ch
}

// gate is a fill that returns v when it is opened, whatever its context says.
type gate struct {
	open  chan struct{}
	runs  atomic.Int32
	value int
}

func newGate(v int) *gate { return &gate{open: make(chan struct{}), value: v} }

func (g *gate) fill(context.Context) (int, error) {
	g.runs.Add(1)
	<-g.open
	return g.value, nil
}

func obedient(ctx context.Context) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func wantAnswer(t *testing.T, who string, got answer, want answer) {
	t.Helper()
	if got.v != want.v || got.shared != want.shared || !errors.Is(got.err, want.err) {
		t.Errorf("%s got %+v, want %+v", who, got, want)
	}
}

func wantFlightStats(t *testing.T, f *Flight[int], want FlightStats) {
	t.Helper()
	if got := f.Stats(); got != want {
		t.Errorf("Stats = %+v, want %+v", got, want)
	}
}

func TestFlight500CallersOneFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFlight(t), newGate(7)
		const callers = 500
		answers := make([]<-chan answer, callers)
		for i := range answers {
			answers[i] = ask(t.Context(), f, "k", minute, g.fill)
		}
		synctest.Wait()
		wantFlightStats(t, f, FlightStats{Fills: 1, Joined: callers - 1, Running: 1})
		close(g.open)
		began := 0
		for _, ch := range answers {
			a := <-ch
			if !a.shared {
				began++
			}
			wantAnswer(t, "a caller", a, answer{v: 7, shared: a.shared})
		}
		if began != 1 || g.runs.Load() != 1 {
			t.Errorf("%d callers began a fill and %d fills ran, want one", began, g.runs.Load())
		}
		synctest.Wait()
		wantFlightStats(t, f, FlightStats{Fills: 1, Joined: callers - 1})
	})
}

func TestFlightKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, slow := newFlight(t), newGate(1)
		first := ask(t.Context(), f, "slow", minute, slow.fill)
		v, shared, err := f.Do(t.Context(), "quick", minute, func(context.Context) (int, error) { return 2, nil })
		wantAnswer(t, "the other key's caller", answer{v, shared, err}, answer{v: 2})
		close(slow.open)
		wantAnswer(t, "the slow key's caller", <-first, answer{v: 1})
	})
}

func TestFlightRunsAgainAfterAnAnswer(t *testing.T) {
	f := newFlight(t)
	for i := range 3 {
		v, shared, err := f.Do(t.Context(), "k", minute, func(context.Context) (int, error) { return i, nil })
		wantAnswer(t, "a later caller", answer{v, shared, err}, answer{v: i})
	}
	if s := f.Stats(); s.Fills != 3 || s.Joined != 0 {
		t.Errorf("Stats = %+v, want three fills and nobody joining", s)
	}
}

func TestFlightSharesTheFillsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, failed, open := newFlight(t), errors.New("no such picture"), make(chan struct{})
		fill := func(context.Context) (int, error) { <-open; return 0, failed }
		first := ask(t.Context(), f, "k", minute, fill)
		synctest.Wait()
		second := ask(t.Context(), f, "k", minute, fill)
		synctest.Wait()
		close(open)
		wantAnswer(t, "the first caller", <-first, answer{err: failed})
		wantAnswer(t, "the second caller", <-second, answer{shared: true, err: failed})
	})
}

func TestFlightALeavingCallerFailsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFlight(t), newGate(7)
		leaving, leave := context.WithCancel(t.Context())
		first := ask(leaving, f, "k", minute, g.fill) // the one who began it
		synctest.Wait()
		second := ask(t.Context(), f, "k", minute, g.fill)
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		third := ask(hurried, f, "k", minute, g.fill)
		synctest.Wait()
		leave()
		wantAnswer(t, "the leaving caller", <-first, answer{err: context.Canceled})
		wantAnswer(t, "the hurried caller", <-third, answer{shared: true, err: context.DeadlineExceeded})
		wantFlightStats(t, f, FlightStats{Fills: 1, Joined: 2, Abandoned: 2, Running: 1})
		close(g.open)
		wantAnswer(t, "the patient caller", <-second, answer{v: 7, shared: true})
	})
}

func TestFlightGoesOnWhenEverybodyHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, g := newFlight(t), newGate(7)
		leaving, leave := context.WithCancel(t.Context())
		only := ask(leaving, f, "k", minute, g.fill)
		synctest.Wait()
		leave()
		wantAnswer(t, "the only caller", <-only, answer{err: context.Canceled})
		late := ask(t.Context(), f, "k", minute, g.fill)
		synctest.Wait()
		close(g.open)
		wantAnswer(t, "a late caller", <-late, answer{v: 7, shared: true})
		if n := g.runs.Load(); n != 1 {
			t.Errorf("%d fills ran, want the abandoned one to go on", n)
		}
	})
}

func TestFlightTheFillSeesNothingOfItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlight(t)
		type key struct{}
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "handler's"), time.Second)
		defer cancel()
		start := time.Now()
		_, _, err := f.Do(ctx, "k", minute, func(fill context.Context) (int, error) {
			if v := fill.Value(key{}); v != nil {
				t.Errorf("the fill sees its caller's value %v", v)
			}
			if d, ok := fill.Deadline(); !ok || d.Sub(start) != minute {
				t.Errorf("the fill's deadline is %v, %t away, want its own of a minute", d.Sub(start), ok)
			}
			return 0, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestFlightDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stuck := newFlight(t), newGate(7)
		start := time.Now()
		_, _, err := f.Do(t.Context(), "obedient", time.Second, obedient)
		if !errors.Is(err, ErrDeadline) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an obedient fill past its deadline: %v, want ErrDeadline", err)
		}
		_, _, err = f.Do(t.Context(), "stuck", time.Second, stuck.fill)
		if !errors.Is(err, ErrDeadline) {
			t.Errorf("a stuck fill past its deadline: %v, want ErrDeadline", err)
		}
		// It still runs, so its key stays taken, and callers are answered at once.
		v, shared, err := f.Do(t.Context(), "stuck", minute, stuck.fill)
		wantAnswer(t, "a caller of the stuck key", answer{v, shared, err}, answer{shared: true, err: ErrDeadline})
		if waited := time.Since(start); waited != 2*time.Second {
			t.Errorf("the three callers waited for %v, want a second each for the two that began", waited)
		}
		wantFlightStats(t, f, FlightStats{Fills: 2, Joined: 1, Deadlines: 1, Running: 1})

		close(stuck.open)
		synctest.Wait()
		wantFlightStats(t, f, FlightStats{Fills: 2, Joined: 1, Deadlines: 2})
		v, shared, err = f.Do(t.Context(), "stuck", minute, stuck.fill)
		wantAnswer(t, "a caller after that", answer{v, shared, err}, answer{v: 7})
	})
}

func TestFlightRefuses(t *testing.T) {
	f := newFlight(t)
	never := func(context.Context) (int, error) { t.Error("the fill ran"); return 0, nil }
	gone, leave := context.WithCancel(context.Background())
	leave()
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		timeout time.Duration
		want    error
	}{
		{"a fill without a deadline", t.Context(), 0, ErrNoDeadline},
		{"a negative timeout", t.Context(), -1, ErrNoDeadline},
		{"a caller who has already left", gone, minute, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := f.Do(tt.ctx, "k", tt.timeout, never); !errors.Is(err, tt.want) {
				t.Errorf("Do = %v, want %v", err, tt.want)
			}
		})
	}
	wantFlightStats(t, f, FlightStats{})
}

func TestFlightPanicReachesEveryCallerAsAnError(t *testing.T) {
	for _, value := range []any{"broken picture", errors.New("broken"), context.Canceled, nil} {
		t.Run(fmt.Sprintf("panic(%v)", value), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, open := newFlight(t), make(chan struct{})
				fill := func(context.Context) (int, error) { <-open; panickingDecoder(value); return 1, nil }
				first := ask(t.Context(), f, "k", minute, fill)
				synctest.Wait()
				second := ask(t.Context(), f, "k", minute, fill)
				synctest.Wait()
				close(open)
				for _, a := range []answer{<-first, <-second} {
					var p *PanicError
					if !errors.Is(a.err, ErrPanic) || !errors.As(a.err, &p) || a.v != 0 {
						t.Fatalf("a caller got %+v, want a PanicError", a)
					}
					if !strings.Contains(string(p.Stack), "panickingDecoder") {
						t.Errorf("the stack does not show where it panicked:\n%s", p.Stack)
					}
					if strings.Contains(p.Error(), "goroutine") {
						t.Errorf("the error's text holds the stack: %s", p)
					}
					if errors.Is(a.err, context.Canceled) {
						t.Error("a panic passes for a cancellation")
					}
				}
				synctest.Wait()
				wantFlightStats(t, f, FlightStats{Fills: 1, Joined: 1, Panics: 1})
				v, shared, err := f.Do(t.Context(), "k", minute, func(context.Context) (int, error) { return 2, nil })
				wantAnswer(t, "a caller after that", answer{v, shared, err}, answer{v: 2})
			})
		})
	}
}

//go:noinline
func panickingDecoder(v any) { panic(v) }

func TestFlightGoexitReachesEveryCallerAsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, open := newFlight(t), make(chan struct{})
		fill := func(context.Context) (int, error) { <-open; runtime.Goexit(); return 1, nil }
		first := ask(t.Context(), f, "k", minute, fill)
		synctest.Wait()
		second := ask(t.Context(), f, "k", minute, fill)
		synctest.Wait()
		close(open)
		wantAnswer(t, "the first caller", <-first, answer{err: ErrGoexit})
		wantAnswer(t, "the second caller", <-second, answer{shared: true, err: ErrGoexit})
		synctest.Wait()
		wantFlightStats(t, f, FlightStats{Fills: 1, Joined: 1, Panics: 1})
	})
}

func TestFlightClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, stuck := NewFlight[int](), newGate(1)
		var cause error
		waiting := ask(t.Context(), f, "obedient", minute, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return 0, ctx.Err()
		})
		stuckWaiting := ask(t.Context(), f, "stuck", minute, stuck.fill)
		synctest.Wait()

		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.Close(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close = %v while a fill runs, want its context's error", err)
		}
		wantAnswer(t, "the obedient fill's caller", <-waiting, answer{err: ErrClosed})
		wantAnswer(t, "the stuck fill's caller", <-stuckWaiting, answer{err: ErrClosed})
		synctest.Wait()
		if !errors.Is(cause, ErrClosed) {
			t.Errorf("the fill's context ended for %v, want ErrClosed", cause)
		}
		if _, _, err := f.Do(t.Context(), "obedient", minute, obedient); !errors.Is(err, ErrClosed) {
			t.Errorf("Do after Close = %v, want ErrClosed", err)
		}
		wantFlightStats(t, f, FlightStats{Fills: 2, Running: 1})

		closed := make(chan error, 1)
		go func() { closed <- f.Close(context.Background()) }()
		synctest.Wait()
		select {
		case err := <-closed:
			t.Fatalf("Close = %v while a fill runs", err)
		default:
		}
		close(stuck.open)
		if err := <-closed; err != nil {
			t.Errorf("Close = %v after the last fill", err)
		}
		if err := f.Close(context.Background()); err != nil {
			t.Errorf("a second Close = %v", err)
		}
	})
}

// TestFlightUnderLoad mixes everything: callers leave, fills fail, panic and exit, and Close comes in the middle.
func TestFlightUnderLoad(t *testing.T) {
	const keys, callers, calls = 5, 16, 300
	f := NewFlight[int]()
	var running [keys]atomic.Int32
	var begun atomic.Int32
	failed := errors.New("failed")
	fillOf := func(k int) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			begun.Add(1)
			if n := running[k].Add(1); n != 1 {
				t.Errorf("%d fills of one key run at once", n)
			}
			defer running[k].Add(-1)
			switch rand.IntN(8) {
			case 0:
				panic("now and then")
			case 1:
				runtime.Goexit()
			case 2:
				return 0, failed
			case 3:
				<-ctx.Done()
				return 0, ctx.Err()
			}
			for range rand.IntN(100) {
				runtime.Gosched()
			}
			return k, nil
		}
	}
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range calls {
				k := rand.IntN(keys)
				ctx, cancel := context.WithCancel(context.Background())
				if rand.IntN(3) == 0 {
					go cancel()
				}
				v, _, err := f.Do(ctx, strconv.Itoa(k), time.Millisecond, fillOf(k))
				cancel()
				switch {
				case err == nil && v != k:
					t.Errorf("the caller of key %d got the value of %d", k, v)
				case err == nil, errors.Is(err, ErrPanic), errors.Is(err, ErrGoexit), errors.Is(err, failed),
					errors.Is(err, ErrDeadline), errors.Is(err, ErrClosed), errors.Is(err, context.Canceled):
				default:
					t.Errorf("unexpected error: %v", err)
				}
			}
		})
	}
	for begun.Load() < callers*calls/10 {
		runtime.Gosched()
	}
	if err := f.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for k := range running {
		if n := running[k].Load(); n != 0 {
			t.Errorf("%d fills run after Close", n)
		}
	}
	wg.Wait()
	if s := f.Stats(); s.Running != 0 || s.Fills != uint64(begun.Load()) {
		t.Errorf("Stats = %+v after %d fills", s, begun.Load())
	}
}
