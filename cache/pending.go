package cache

import "sync"

// pending knows, per hash, the newest entry that was queued to ristretto and may not have been applied yet.
//
// ristretto applies Sets on one consumer goroutine, some time after they were queued. Left alone, four orders of
// events would break the law of this package, or the process:
//
//	Set(k,1) queued; Delete(k) returns; consumer applies 1; Get(k) finds 1, which was deleted
//	Set(k,1) queued; Set(k,2) queued; consumer applies 1, refuses 2 as "already there"; Get(k) finds 1, which was replaced
//	k held at 1 KB; Set(k, 1 GB) replaces it in place; nothing is evicted, and the budget is overrun
//	Set(k,1) queued; Get(k) misses; its caller loads k once more and Sets it, which replaces 1: for a key that is asked
//	for more often than the consumer wakes up, this goes on for ever
//
// So Set registers its entry here before it queues it. Thereby it finds the one before it and marks it dead; Delete
// marks the newest one dead; and Get, where the store has nothing, finds the newest one here. The consumer refuses a
// dead entry, and Get passes over one that died after the consumer had looked. All of it needs that an entry is only
// ever applied where its hash is absent: whoever finds an older entry, pending or stored, queues ristretto's own delete
// between the two, and ristretto is told never to update in place. The cases, for an entry e that is alive when the
// consumer reaches it:
//
//	older one pending when e registered:   it is dead, and refused, or applied and then removed by the queued delete
//	older one stored when e registered:    removed by the delete that e's Set queued before e
//	newer one registered since:            e would be dead
//
// An entry must therefore stay here until it is stored and not just until the consumer has begun with it. That moment
// shows only when the consumer begins with the next one, so the last one applied stays a little longer, which costs no
// more than a delete queued in vain. A Get that looks into the store just before, and here just after an entry has
// moved there misses; that is allowed. The lock is never held across a call to ristretto, which calls back from the
// consumer.
type pending[V any] struct {
	mu     sync.Mutex
	newest map[uint64]*entry[V]
	// applying is the entry that the consumer began with last.
	applying *entry[V]
}

// register makes e the newest of its hash and kills the one before it; it reports whether there was one.
func (p *pending[V]) register(e *entry[V]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, ok := p.newest[e.hash]
	if ok {
		old.dead.Store(true)
	}
	p.newest[e.hash] = e
	return ok
}

// find returns the newest entry of the hash, if it is alive.
func (p *pending[V]) find(h uint64) (*entry[V], bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.newest[h]
	return e, ok && !e.dead.Load()
}

// kill marks the newest entry of the hash dead; it reports whether there was one. The entry stays registered, so that
// a Set that begins before it has been applied queues a delete of its own.
func (p *pending[V]) kill(h uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.newest[h]
	if ok {
		e.dead.Store(true)
	}
	return ok
}

// begin is the consumer's: it is about to apply e, so the one before e is stored. It reports whether e is alive.
func (p *pending[V]) begin(e *entry[V]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.applying != nil {
		p.remove(p.applying)
	}
	p.applying = e
	return !e.dead.Load()
}

// drop takes back an entry that was registered and then not queued.
func (p *pending[V]) drop(e *entry[V]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(e)
}

// remove needs mu. A newer entry under the same hash stays.
func (p *pending[V]) remove(e *entry[V]) {
	if p.newest[e.hash] == e {
		delete(p.newest, e.hash)
	}
}

// reset forgets everything; the queue must be empty.
func (p *pending[V]) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.newest)
	p.applying = nil
}
