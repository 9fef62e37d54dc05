package server

import (
	"context"
	"sync"
	"time"
)

// deadline is a request's context, whose clock starts when somebody first looks at it: most reads are answered from memory
// and nobody does, and a timer costs memory. One that was looked at serves no other request, as whoever looked may hold it.
type deadline struct {
	parent context.Context
	after  time.Duration

	mu     sync.Mutex
	ctx    context.Context // nil: nobody has looked
	cancel context.CancelFunc
}

func (d *deadline) started() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithTimeout(d.parent, d.after)
	}
	return d.ctx
}

// end cancels what was started, and tells whether nothing was.
func (d *deadline) end() (untouched bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx == nil {
		return true
	}
	d.cancel()
	return false
}

func (d *deadline) Deadline() (time.Time, bool) { return d.started().Deadline() }
func (d *deadline) Done() <-chan struct{}       { return d.started().Done() }
func (d *deadline) Err() error                  { return d.started().Err() }
func (d *deadline) Value(key any) any           { return d.started().Value(key) }
