package s3

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// The pause before the n-th repetition is anything up to firstPause doubled n-1 times, and lastPause at most: full jitter,
// so that the many who failed together do not come back together. The library adds up to 200 ms of its own after a failure.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// enter begins an operation, which ends with leave. The context that it returns ends with the store, too.
func (s *Store) enter(ctx context.Context) (_ context.Context, leave func(), _ error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, origin.ErrClosed
	}
	s.running.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(origin.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		s.running.Done()
	}, nil
}

// ended says why an operation's context did.
func ended(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), origin.ErrClosed) {
		return origin.ErrClosed
	}
	return ctx.Err()
}

// call makes attempts at something that may be done twice, until one succeeds, none can, or time is over. It has a
// second more for every MinRate of the bytes that it sends.
func (s *Store) call(ctx context.Context, bytes int64, attempt func(ctx context.Context) error) error {
	more := time.Duration(float64(bytes) / float64(s.config.MinRate) * float64(time.Second))
	whole, cancel := context.WithTimeoutCause(ctx, s.config.Timeout+more, errAttempt)
	defer cancel()
	for n := 1; ; n++ {
		f := s.attempt(whole, s.config.AttemptTimeout+more, attempt)
		switch {
		case f.err == nil:
			return nil
		case ctx.Err() != nil: // the caller's, or the store's
			return ended(ctx)
		case !f.again || n >= s.config.Attempts:
			s.countFailure(f)
			return f.err
		}
		if !pause(whole, n) && ctx.Err() != nil {
			return ended(ctx)
		} else if whole.Err() != nil {
			s.countFailure(f)
			return f.err
		}
		s.count.retries.Add(1)
	}
}

func (s *Store) attempt(ctx context.Context, timeout time.Duration, attempt func(ctx context.Context) error) failure {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errAttempt)
	defer cancel()
	err := attempt(ctx)
	if err == nil {
		return failure{}
	}
	var known failure
	if errors.As(err, &known) { // the attempt has looked at it
		return known
	}
	return explain(ctx, err)
}

// Error lets an attempt return what it found out.
func (f failure) Error() string { return f.err.Error() }

// pause waits before the n-th repetition; false where time is over.
func pause(ctx context.Context, n int) bool {
	timer := time.NewTimer(rand.N(min(firstPause<<min(n-1, 16), lastPause)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
