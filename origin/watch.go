package origin

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// invalidate makes every remembered row of a record stop counting. Writers call it after the commit and before they answer.
func (o *Origin) invalidate(c CollectionID, r RecordID) { o.epochs.bump(c, r) }

// Pauses between attempts to watch a catalog that does not answer. The last is how much longer than the catalog's outage the
// refusals last.
const (
	watchRetryFirst = 100 * time.Millisecond
	watchRetryMost  = time.Second
)

// lease is how long what the core remembers of the catalog may be served without asking it. A clock ends it and not the
// watching goroutine, which may be waiting for a catalog that has fallen silent, or for the processor. It is counted from began.
type lease struct {
	now   func() time.Time
	began time.Time
	until atomic.Int64 // nanoseconds after began
}

const (
	firstLease = time.Second   // of a core that has not yet remembered anything
	noEnd      = math.MaxInt64 // until the watch ends
	over       = -1
)

func (l *lease) begin(now func() time.Time) {
	l.now, l.began = now, now()
	l.until.Store(int64(firstLease))
}

// renew makes the lease last until then: see Catalog.Watch.
func (l *lease) renew(until time.Time) {
	if until.IsZero() {
		l.until.Store(noEnd)
		return
	}
	l.until.Store(int64(until.Sub(l.began)))
}

func (l *lease) end() { l.until.Store(over) }

// lost tells whether other processes' changes may be older than a second and not heard of: the core is deaf, and what it
// remembers may be old. Public answers from memory go on, but caches are told to ask again soon; what a rule or a
// credential decides is refused, since the right to it may have been withdrawn.
func (l *lease) lost() bool {
	until := l.until.Load()
	return until != noEnd && int64(l.now().Sub(l.began)) > until
}

// errDeaf is what a question gets whose answer a rule decides that may have been changed by now.
func errDeaf(op string) error {
	return &Error{Op: op, Kind: Timeout, Message: "access rules cannot be checked now", Private: true}
}

// watch hears of changes that other processes made to the same catalog, until ctx ends. The first thing that a catalog
// reports when it is watched again is that anything may have changed.
func (o *Origin) watch(ctx context.Context) {
	for pause := watchRetryFirst; ctx.Err() == nil; pause = min(2*pause, watchRetryMost) {
		err := o.listen(ctx, func() { pause = watchRetryFirst })
		if ctx.Err() != nil {
			return
		}
		o.lease.end()
		o.counters.watchFailures.Add(1)
		o.log.Error("watching the catalog for changes failed", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// listen watches once. A change that cannot be applied ends it too: its successor begins with "anything may have changed".
func (o *Origin) listen(ctx context.Context, heard func()) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	err := o.catalog.Watch(ctx, func(c Change) {
		if err := o.apply(ctx, c); err != nil {
			giveUp(err)
			return
		}
		heard()
	}, func(until time.Time) {
		if ctx.Err() == nil {
			o.lease.renew(until)
		}
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// apply forgets what a change made old.
func (o *Origin) apply(ctx context.Context, c Change) error {
	if c.All || c.Schema {
		if err := o.reloadSchema(ctx); err != nil {
			return err
		}
	}
	switch {
	case c.All:
		o.epochs.bumpAll()
	case c.Record != "":
		o.epochs.bump(c.Collection, c.Record)
	}
	return nil
}
