package origin

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// keeper writes down which stored renditions were used, in batches, and removes the least recently used ones while
// their sum is above the budget. A use is a render or a read from the store; a hit in memory is none, so that it touches
// no catalog. The worst that a lost note does is to have a rendition removed too early, and made once more.
type keeper struct {
	origin *Origin

	mu      sync.Mutex
	pending map[Key]RenditionUse
	full    chan struct{} // signalled when pending has grown large
}

const (
	keeperInterval = time.Second
	keeperBatch    = 512     // pending uses that do not wait for the interval
	keeperMost     = 1 << 16 // pending uses that are remembered while the catalog does not answer
	keeperTimeout  = 30 * time.Second
	keeperLast     = 5 * time.Second
	keeperEvicts   = 128 // renditions removed per step
)

func newKeeper(o *Origin) *keeper {
	return &keeper{origin: o, pending: make(map[Key]RenditionUse), full: make(chan struct{}, 1)}
}

// used notes a use of a stored rendition.
func (k *keeper) used(file FileRef, key Key, size int64) {
	variant := string(key[strings.LastIndexByte(string(key), '/')+1:]) // as RenditionKey put it there
	use := RenditionUse{File: file, Variant: variant, Size: size, Used: k.origin.now().UnixMilli()}
	k.mu.Lock()
	if len(k.pending) < keeperMost {
		k.pending[key] = use
	}
	crowded := len(k.pending) >= keeperBatch
	k.mu.Unlock()
	if crowded {
		select {
		case k.full <- struct{}{}:
		default:
		}
	}
}

// run writes and evicts until ctx ends, and writes once more then.
func (k *keeper) run(ctx context.Context) {
	tick := time.NewTicker(keeperInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			k.step(ctx)
		case <-k.full:
			k.step(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeperLast)
	defer cancel()
	k.step(last)
}

// step writes what is pending, and makes room when that has taken the store over its budget. A failure is
// logged and what was pending is noted again, for the next step.
func (k *keeper) step(ctx context.Context) {
	k.mu.Lock()
	uses := make([]RenditionUse, 0, len(k.pending))
	for _, u := range k.pending {
		uses = append(uses, u)
	}
	clear(k.pending)
	k.mu.Unlock()
	if len(uses) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, keeperTimeout)
	defer cancel()
	o := k.origin
	gone, err := o.catalog.TouchRenditions(ctx, uses)
	if err != nil {
		k.restore(uses)
		o.counters.keeperFailures.Add(1)
		o.log.Error("noting the use of renditions failed", "error", err)
		return
	}
	// The file was deleted between the render's beginning and now. The delete swept the store before the
	// rendition was put there, so the rendition is ours to remove.
	if err := o.blobs.Delete(ctx, renditionKeys(gone)...); err != nil {
		o.log.Error("removing renditions of deleted files failed", "error", err)
	}
	if err := k.evict(ctx); err != nil && !errors.Is(err, context.Canceled) {
		o.counters.keeperFailures.Add(1)
		o.log.Error("keeping stored renditions within their budget failed", "error", err)
	}
}

func (k *keeper) restore(uses []RenditionUse) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, u := range uses {
		key := u.File.RenditionKey(u.Variant)
		if _, newer := k.pending[key]; !newer && len(k.pending) < keeperMost {
			k.pending[key] = u
		}
	}
}

// evict removes the coldest renditions, objects before rows: a row without object is removed by a later step, an
// object without row would be forgotten.
func (k *keeper) evict(ctx context.Context) error {
	o := k.origin
	total, err := o.catalog.RenditionBytes(ctx)
	if err != nil {
		return err
	}
	o.counters.storedBytes.Store(total)
	if total <= o.config.RenditionBytes {
		return nil
	}
	target := o.config.RenditionBytes / 10 * 9 // some room, so that not every store evicts
	for total > target {
		coldest, err := o.catalog.ColdestRenditions(ctx, keeperEvicts)
		if err != nil || len(coldest) == 0 {
			return err
		}
		n := 0
		for n < len(coldest) && total > target {
			total -= coldest[n].Size
			n++
		}
		if err := o.blobs.Delete(ctx, renditionKeys(coldest[:n])...); err != nil {
			return err
		}
		if err := o.catalog.ForgetRenditions(ctx, coldest[:n]); err != nil {
			return err
		}
		o.counters.evicted.Add(uint64(n))
		o.counters.storedBytes.Store(total)
	}
	return nil
}

func renditionKeys(uses []RenditionUse) []Key {
	keys := make([]Key, len(uses))
	for i, u := range uses {
		keys[i] = u.File.RenditionKey(u.Variant)
	}
	return keys
}
