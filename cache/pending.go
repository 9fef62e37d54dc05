package cache

import "sync"

// pending holds the newest entry per hash that is queued to ristretto and not known to be applied.
type pending[V any] struct {
	mu       sync.Mutex
	queued   map[uint64]*entry[V]
	applying *entry[V]
}

// register makes e the newest of its hash and kills the one it replaces; it reports whether there was one.
func (p *pending[V]) register(e *entry[V]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, ok := p.queued[e.hash]
	if ok {
		old.dead.Store(true)
	}
	p.queued[e.hash] = e
	return ok
}

// kill marks the newest queued entry of the hash dead; it reports whether there was one.
func (p *pending[V]) kill(h uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.queued[h]
	if ok {
		e.dead.Store(true)
	}
	return ok
}

// drop forgets an entry that ristretto's full buffer refused.
func (p *pending[V]) drop(e *entry[V]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queued[e.hash] == e {
		delete(p.queued, e.hash)
	}
}

// apply notes that the consumer is about to apply e, so that the one before has been; it reports whether e lives.
func (p *pending[V]) apply(e *entry[V]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := p.applying; last != nil && p.queued[last.hash] == last {
		delete(p.queued, last.hash)
	}
	p.applying = e
	return !e.dead.Load()
}

func (p *pending[V]) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.queued)
	p.applying = nil
}
