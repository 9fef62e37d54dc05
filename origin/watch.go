package origin

import (
	"context"
	"time"
)

// invalidate makes every remembered row of a record stop counting. Writers call it after the commit and before they answer.
func (o *Origin) invalidate(c CollectionID, r RecordID) { o.epochs.bump(c, r) }

// Pauses between attempts to watch a catalog that does not answer.
const (
	watchRetryFirst = 100 * time.Millisecond
	watchRetryMost  = 5 * time.Second
)

// watch hears of changes that other processes made to the same catalog, until ctx ends. While it cannot hear, the core is
// deaf: what it remembers may be old. Public answers from memory go on, but caches are told to ask again soon; what
// a rule or a credential decides is refused, since the right to it may have been withdrawn. The first thing that a catalog
// reports when it is watched again is that anything may have changed, which ends both.
func (o *Origin) watch(ctx context.Context) {
	for pause := watchRetryFirst; ctx.Err() == nil; pause = min(2*pause, watchRetryMost) {
		err := o.listen(ctx, func() { pause = watchRetryFirst })
		if ctx.Err() != nil {
			return
		}
		o.deaf.Store(true)
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
		o.deaf.Store(false)
	case c.Record != "":
		o.epochs.bump(c.Collection, c.Record)
	}
	return nil
}
