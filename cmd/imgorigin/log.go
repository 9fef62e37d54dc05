package main

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// What one kind of line may take of the log. Requests and uploads cause lines, so without a bound whoever sends them writes
// to the operator's disk: broken pictures a warning each, a full queue an error for every request.
const (
	linesPerMinute = 20
	lineWindow     = time.Minute
)

// sparing is a handler that lets through so many lines of one message in a minute. The first one of a later minute says
// how many were left out. Messages are constants of the program, so there are few of them.
type sparing struct {
	slog.Handler
	spent *spending
}

// spending is what all handlers that were derived from one have written.
type spending struct {
	now func() time.Time

	mu       sync.Mutex
	messages map[string]*window
}

// window is one message's current minute.
type window struct {
	began         time.Time
	lines, silent int
}

func newSparing(h slog.Handler, now func() time.Time) *sparing {
	return &sparing{h, &spending{now: now, messages: make(map[string]*window)}}
}

// Handle writes the line, or counts it.
func (s *sparing) Handle(ctx context.Context, r slog.Record) error {
	write, silent := s.spent.on(r.Message)
	if !write {
		return nil
	}
	if silent > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out_before", silent))
	}
	return s.Handler.Handle(ctx, r)
}

// WithAttrs and WithGroup keep to the same account.
func (s *sparing) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &sparing{s.Handler.WithAttrs(attrs), s.spent}
}

func (s *sparing) WithGroup(name string) slog.Handler {
	return &sparing{s.Handler.WithGroup(name), s.spent}
}

// on tells whether a line of this message may be written, and how many were not since the last minute that had some.
func (s *spending) on(message string) (write bool, silent int) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.messages[message]
	if w == nil {
		w = &window{began: now}
		s.messages[message] = w
	}
	if now.Sub(w.began) >= lineWindow {
		silent = w.silent
		*w = window{began: now}
	}
	if w.lines >= linesPerMinute {
		w.silent++
		return false, 0
	}
	w.lines++
	return true, silent
}
