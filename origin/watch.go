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

// watch hears of changes that other processes made to the same catalog, until ctx ends. While it cannot hear, rows that
// are remembered may be old, so they are dropped at every failed attempt: reads then go to the catalog and fail
// openly if it is really gone.
func (o *Origin) watch(ctx context.Context) {
	pause := watchRetryFirst
	for ctx.Err() == nil {
		started := o.now()
		err := o.catalog.Watch(ctx, func(c Change) { o.apply(ctx, c) })
		if ctx.Err() != nil {
			return
		}
		o.epochs.bumpAll()
		o.counters.watchFailures.Add(1)
		o.log.Error("watching the catalog for changes failed", "error", err)
		if o.now().Sub(started) > watchRetryMost {
			pause = watchRetryFirst
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, watchRetryMost)
	}
}

// apply forgets what a change made old.
func (o *Origin) apply(ctx context.Context, c Change) {
	if c.All || c.Schema {
		if err := o.reloadSchema(ctx); err != nil && ctx.Err() == nil {
			o.log.Error("reading the collections failed", "error", err)
		}
	}
	switch {
	case c.All:
		o.epochs.bumpAll()
	case c.Record != "":
		o.epochs.bump(c.Collection, c.Record)
	}
}
