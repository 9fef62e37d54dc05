package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// recovery bounds the wait for every replica to be well again after the last fault.
const recovery = 2 * time.Minute

// verify waits until every replica is well, and asks each for every file that was acknowledged or deleted, and for a thumb.
func (s *scene) verify(ctx context.Context, t *tally) {
	there, gone := s.ledger.of(kept), s.ledger.of(deleted)
	t.kept, t.deleted, t.unsure = len(there), len(gone), len(s.ledger.of(unsure))
	s.say("asking every replica for %d files that are there, and %d that are not", len(there), len(gone))
	for _, c := range s.clients[:replicas] {
		if err := c.recovers(ctx); err != nil {
			s.record.violation(stuck, "%s after everything: %v", c.name(), err)
			return
		}
	}
	var verified, missing atomic.Int64
	for _, c := range s.clients[:replicas] {
		s.each(there, func(f *file) {
			r := c.insist(ctx, f.path)
			switch {
			case r.ok() && sha256.Sum256(r.body) == f.sum:
				verified.Add(1)
			case r.ok():
				s.record.violation(wrongBytes, "%s by %s afterwards", f.path, c.name())
			default:
				missing.Add(1)
				s.record.violation(lost, "%s by %s afterwards: status %d, %v: %.200s", f.path, c.name(), r.status, r.err, r.body)
			}
			if r = c.insist(ctx, f.path+"?thumb="+thumbs[0]); r.ok() {
				c.lookAt(f, thumbs[0], r)
			} else {
				s.record.violation(lost, "the thumb of %s by %s afterwards: status %d, %v: %.200s", f.path, c.name(), r.status, r.err, r.body)
			}
		})
		s.each(gone, func(f *file) {
			if r := c.insist(ctx, f.path); r.status != 404 {
				s.record.violation(resurfaced, "%s by %s afterwards: status %d, %v", f.path, c.name(), r.status, r.err)
			}
		})
	}
	t.verified, t.missing = int(verified.Load()), int(missing.Load())
}

// each calls fn with every file, a few at once.
func (s *scene) each(files []*file, fn func(*file)) {
	const atOnce = 8
	var running sync.WaitGroup
	next := atomic.Int64{}
	for range atOnce {
		running.Go(func() {
			for n := next.Add(1); n <= int64(len(files)); n = next.Add(1) {
				fn(files[n-1])
			}
		})
	}
	running.Wait()
}

// recovers waits until the replica says that it is well, and takes an upload.
func (c *client) recovers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		r := c.ask(ctx, "GET", "/api/health", "", "", nil)
		if err = r.err; err == nil && r.status != 200 {
			err = fmt.Errorf("health: status %d: %.200s", r.status, r.body)
		}
		if err == nil {
			if _, err = c.put(ctx, opened, newPicture(c.random)); err == nil {
				return nil
			}
		}
		wait(ctx, 200*time.Millisecond)
	}
	return err
}

// insist asks again where the replica is too busy: nothing fails any more, but the machine is small.
func (c *client) insist(ctx context.Context, path string) (r reply) {
	for range 20 {
		if r = c.ask(ctx, "GET", path, "", "", nil); r.err == nil && r.status != 503 {
			break
		}
		wait(ctx, 500*time.Millisecond)
	}
	return r
}
