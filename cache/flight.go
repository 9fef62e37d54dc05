package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrClosed is the answer of a Flight that was closed, before or while the fill ran.
	ErrClosed = errors.New("cache: flight is closed")
	// ErrDeadline is the answer when a fill had none before its own deadline. It wraps context.DeadlineExceeded.
	ErrDeadline = fmt.Errorf("cache: fill passed its deadline: %w", context.DeadlineExceeded)
	// ErrNoDeadline is the answer to a Do whose timeout is not positive.
	ErrNoDeadline = errors.New("cache: a fill needs a positive timeout")
	// ErrPanic is wrapped by the PanicError that every waiter gets when the fill panics.
	ErrPanic = errors.New("cache: fill panicked")
	// ErrGoexit is the answer when the fill ended its goroutine by runtime.Goexit.
	ErrGoexit = errors.New("cache: fill called runtime.Goexit")
)

// PanicError carries a fill's panic to its waiters. Its text leaves the stack out; that is for the log.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // of the fill's goroutine, as debug.Stack formats it
}

func (e *PanicError) Error() string { return fmt.Sprintf("%v: %v", ErrPanic, e.Value) }

// Unwrap returns ErrPanic only, not Value: a fill that panics with context.Canceled was not cancelled.
func (e *PanicError) Unwrap() error { return ErrPanic }

// FlightStats is a snapshot. Its counters only grow; each is read on its own.
type FlightStats struct {
	Fills     uint64 // fills begun
	Joined    uint64 // callers that found a fill of their key running
	Abandoned uint64 // callers whose own context ended before the answer came
	Deadlines uint64 // fills that passed their deadline
	Panics    uint64 // fills that panicked or called runtime.Goexit
	Running   int    // fills running now
}

// Flight lets at most one fill per key run at a time and hands its result to every caller that asked meanwhile.
//
// It is not built on golang.org/x/sync/singleflight, whose calls have neither owner nor end: Do can't be left before
// the result, nothing cancels or awaits what still runs, and a panic under DoChan is raised again on a goroutine where
// nobody can recover it, to end the process.
type Flight[V any] struct {
	base   context.Context
	cancel context.CancelCauseFunc

	mu     sync.Mutex          // guards what follows
	calls  map[string]*call[V] // running
	closed bool
	idle   chan struct{} // closed when the Flight is closed and its last fill has ended

	fills, joined, abandoned, deadlines, panics atomic.Uint64
}

// call is one running fill. v and err are written before done is closed and read only after.
type call[V any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	v      V
	err    error
}

// NewFlight returns an open Flight. Close ends its goroutines.
func NewFlight[V any]() *Flight[V] {
	base, cancel := context.WithCancelCause(context.Background())
	return &Flight[V]{base: base, cancel: cancel, calls: make(map[string]*call[V]), idle: make(chan struct{})}
}

// Do returns the result of the key's running fill, or begins one and returns its result. shared reports that another
// caller began it. timeout is the deadline of a fill begun here, counted from now, and must be positive.
//
// The fill runs on a goroutine of the Flight, with a context that carries its deadline, ends with Close, and holds no
// value of any caller's: what a handler owns must not outlive it. The fill goes on when its callers have left, all of
// them included, and should itself put its result where later callers look. It must not ask for its own key: it would
// wait for itself, until its deadline. The key is kept while the fill runs.
//
// Outcomes:
//  1. the fill returned: its value and error, to every caller alike;
//  2. the fill panicked or called runtime.Goexit: an error that wraps ErrPanic, or ErrGoexit;
//  3. ctx ended first: ctx.Err(), to this caller alone;
//  4. the fill's deadline passed first: ErrDeadline. A fill that ignores its context keeps its key: callers get
//     ErrDeadline until it ends, and no second fill begins beside it;
//  5. the Flight was closed, before or meanwhile: ErrClosed.
func (f *Flight[V]) Do(
	ctx context.Context, key string, timeout time.Duration, fill func(ctx context.Context) (V, error),
) (v V, shared bool, err error) {
	if timeout <= 0 {
		return v, false, ErrNoDeadline
	}
	if err := ctx.Err(); err != nil {
		return v, false, err
	}
	c, shared, err := f.join(key, timeout, fill)
	if err != nil {
		return v, false, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
	// Several may have happened, and then the result goes first. In particular every fill ends with
	//
	//	result written; done closed; c.ctx cancelled
	//
	// so a caller that woke by c.ctx and does not see done closed was woken by the deadline or by Close.
	select {
	case <-c.done:
		return c.v, shared, c.err
	default:
	}
	if err := ctx.Err(); err != nil {
		f.abandoned.Add(1)
		return v, shared, err
	}
	return v, shared, context.Cause(c.ctx)
}

// join finds the key's running fill or begins one, and reports which.
func (f *Flight[V]) join(
	key string, timeout time.Duration, fill func(ctx context.Context) (V, error),
) (*call[V], bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false, ErrClosed
	}
	if c, ok := f.calls[key]; ok {
		f.joined.Add(1)
		return c, true, nil
	}
	c := &call[V]{done: make(chan struct{})}
	c.ctx, c.cancel = context.WithTimeoutCause(f.base, timeout, ErrDeadline)
	f.calls[key] = c
	f.fills.Add(1)
	go f.run(key, c, fill)
	return c, false, nil
}

// run is the fill's goroutine.
func (f *Flight[V]) run(key string, c *call[V], fill func(ctx context.Context) (V, error)) {
	returned := false
	defer func() {
		if !returned {
			f.panics.Add(1)
			// recover answers nil to a Goexit only: since Go 1.21 panic(nil) has a value.
			if r := recover(); r != nil {
				c.err = &PanicError{Value: r, Stack: debug.Stack()}
			} else {
				c.err = ErrGoexit
			}
		}
		f.finish(key, c)
	}()
	c.v, c.err = fill(c.ctx)
	returned = true
}

// finish hands the result out. Event order, all under mu: the key is freed, so that nobody joins a finished fill and
// a caller that comes now begins the next; done is closed, which publishes v and err; the context is released. Close
// is told last, when this goroutine has nothing left to do.
func (f *Flight[V]) finish(key string, c *call[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	cause := context.Cause(c.ctx)
	if errors.Is(cause, ErrDeadline) {
		f.deadlines.Add(1)
	}
	if cause != nil && errors.Is(c.err, c.ctx.Err()) {
		// The fill gave up when its context ended. A caller that saw the result first gets the answer of one that
		// saw the end first.
		c.err = fmt.Errorf("%w: %w", cause, c.err)
	}
	delete(f.calls, key)
	close(c.done)
	c.cancel()
	if f.closed && len(f.calls) == 0 {
		close(f.idle)
	}
}

// Close refuses new callers, sends the waiting ones away with ErrClosed, cancels the running fills and waits until the
// last of them has ended, or returns an error that wraps ctx.Err() when ctx ends first. It may be called again.
func (f *Flight[V]) Close(ctx context.Context) error {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		if len(f.calls) == 0 {
			close(f.idle)
		}
	}
	f.mu.Unlock()
	f.cancel(ErrClosed)
	select {
	case <-f.idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cache: closing a flight: %w", ctx.Err())
	}
}

// Stats returns the counters as they are now.
func (f *Flight[V]) Stats() FlightStats {
	f.mu.Lock()
	running := len(f.calls)
	f.mu.Unlock()
	return FlightStats{
		Fills: f.fills.Load(), Joined: f.joined.Load(), Abandoned: f.abandoned.Load(),
		Deadlines: f.deadlines.Load(), Panics: f.panics.Load(), Running: running,
	}
}
