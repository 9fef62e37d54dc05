package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// renewTokens keeps the tokens for protected files young.
func (s *scene) renewTokens(ctx context.Context) {
	for {
		wait(ctx, 10*time.Second)
		for _, c := range s.clients {
			if ctx.Err() != nil {
				return
			}
			_ = c.renewToken(ctx) // the next time, then: until it is too old the last one counts
		}
	}
}

// seed uploads a picture before the first fault.
func (c *client) seed(ctx context.Context) error {
	f, err := c.put(ctx, opened, newPicture(c.random))
	if err == nil {
		c.ledger.add(f)
	}
	return err
}

// upload sends a new picture. Where it is not acknowledged nobody knows whether it is there, nor needs to.
func (c *client) upload(ctx context.Context, random *rand.Rand) {
	data := newPicture(random)
	r := c.sendPicture(ctx, opened, data)
	if !r.ok() {
		c.settle(ctx, "upload", r, false)
		return
	}
	f, err := acknowledged(opened, r.body, data)
	if err != nil {
		c.record.violation(unclear, "%v", err)
		return
	}
	c.ledger.add(f)
	c.settle(ctx, "upload", r, true)
}

// readOriginal asks for a file that is there.
func (c *client) readOriginal(ctx context.Context, random *rand.Rand) {
	f := c.ledger.any(random)
	if f == nil {
		return
	}
	r := c.ask(ctx, "GET", f.path, "", "", nil)
	if r.ok() && sha256.Sum256(r.body) != f.sum {
		c.record.violation(wrongBytes, "%s by %s: %d bytes that were not uploaded", f.path, c.name(), len(r.body))
	}
	c.settleRead(ctx, "original", f, r)
}

// settleRead settles the read of a file that was there when it was asked for: it may have been deleted since.
func (c *client) settleRead(ctx context.Context, op string, f *file, r reply) {
	if r.status == 404 {
		if c.ledger.is(f) != kept {
			return
		}
		c.record.violation(lost, "%s of %s by %s: %.200s", op, f.path, c.name(), r.body)
	}
	c.settle(ctx, op, r, r.ok())
}

// readThumb asks for a thumb of a file that is there.
func (c *client) readThumb(ctx context.Context, random *rand.Rand) {
	f := c.ledger.any(random)
	if f == nil {
		return
	}
	size := thumbs[random.IntN(len(thumbs))]
	r := c.ask(ctx, "GET", f.path+"?thumb="+size, "", "", nil)
	if r.ok() {
		c.lookAt(f, size, r)
	}
	c.settleRead(ctx, "thumb", f, r)
}

// lookAt complains about a thumb whose bytes are not those of its tag, or not the same as ever.
func (c *client) lookAt(f *file, size string, r reply) {
	if !strings.Contains(r.header.Get("Content-Disposition"), "filename="+size+"_") {
		c.record.violation(wrongBytes, "%s of %s by %s is not the thumb: %v", size, f.path, c.name(), r.header)
		return
	}
	s, tag := sha256.Sum256(r.body), strings.Trim(r.header.Get("ETag"), `"`)
	if tag == "" || !strings.HasPrefix(hex.EncodeToString(s[:]), tag) {
		c.record.violation(wrongBytes, "%s of %s by %s: the tag %q is not of these bytes", size, f.path, c.name(), tag)
	}
	if err := c.ledger.thumb(f, size, tag, s); err != nil {
		c.record.violation(wrongBytes, "by %s: %v", c.name(), err)
	}
}

// hit asks for a thumb that is in the replica's memory. It must be there whatever has failed, as long as the program lives.
func (c *client) hit(ctx context.Context, _ *rand.Rand) {
	life, up := c.replica.Life()
	if !up {
		return
	}
	path := c.ledger.warm.path + "?thumb=" + thumbs[0]
	if life != c.warmLife {
		for range 5 { // memory takes it a moment later, and not always
			if !c.ask(ctx, "GET", path, "", "", nil).ok() {
				return // a program that has just begun needs the database and the store
			}
			wait(ctx, 100*time.Millisecond)
		}
		c.warmLife = life
	}
	away := c.databaseAway()
	r := c.ask(ctx, "GET", path, "", "", nil)
	switch {
	case r.ok():
		c.lookAt(c.ledger.warm, thumbs[0], r)
		if away && c.databaseAway() && lifetime(r) > time.Minute {
			c.record.violation(leaked, "%s lets caches keep an answer for %s without the database", c.name(), lifetime(r))
		}
	case !r.excused:
		c.record.violation(notServed, "%s: status %d, %v: %.200s", c.name(), r.status, r.err, r.body)
	}
	c.settle(ctx, "hit", r, r.ok())
}

// readProtected asks for a protected file with a token that counts.
func (c *client) readProtected(ctx context.Context, _ *rand.Rand) {
	token, f := c.token.Load(), c.ledger.guarded
	if time.Since(token.made) > time.Minute {
		return // it lives two
	}
	away := c.databaseAway()
	r := c.ask(ctx, "GET", f.path+"?token="+token.text, "", "", nil)
	switch {
	case r.ok() && sha256.Sum256(r.body) != f.sum:
		c.record.violation(wrongBytes, "%s by %s: %d bytes that were not uploaded", f.path, c.name(), len(r.body))
	case r.ok() && away && c.databaseAway():
		c.record.violation(leaked, "%s sends a protected file, and cannot know whether it may", c.name())
	case r.status == 404:
		c.record.violation(lost, "a protected file by %s", c.name())
	}
	c.settle(ctx, "protected", r, r.ok())
}

// readAsGuest asks for a protected file without a token. There is no such file, or nobody can tell now.
func (c *client) readAsGuest(ctx context.Context, _ *rand.Rand) {
	r := c.ask(ctx, "GET", c.ledger.guarded.path, "", "", nil)
	if r.ok() {
		c.record.violation(leaked, "%s sends a protected file to anybody", c.name())
	}
	c.settle(ctx, "guest", r, r.status == 404)
}

// deleteOne deletes a file that is there, whose thumb another replica has in memory, and asks that one until it is gone there.
func (c *client) deleteOne(ctx context.Context, random *rand.Rand) {
	f, other := c.ledger.any(random), c.clients[random.IntN(replicas)]
	if f == nil {
		return
	}
	thumb := f.path + "?thumb=" + thumbs[0]
	known := other.ask(ctx, "GET", thumb, "", "", nil).ok()
	if !c.ledger.take(f) {
		return // another client did meanwhile
	}
	r := c.ask(ctx, "DELETE", f.record, c.cluster.Token, "", nil)
	switch {
	case r.status == 204:
		c.ledger.set(f, deleted)
	case r.status == 404:
		c.record.violation(lost, "the record %s by %s: %.200s", f.record, c.name(), r.body)
	}
	c.settle(ctx, "delete", r, r.status == 204)
	const often = 100
	for n := 0; n < often && known && r.status == 204 && other.sends(ctx, f, thumb); n++ {
		wait(ctx, 20*time.Millisecond)
	}
}

// promised is after how long a delete must be known everywhere, or the replica must know that it does not know; twice that, for
// the way here.
const promised = 2 * time.Second

// sends asks for a thumb of a deleted file, and notes how long it is still sent.
func (c *client) sends(ctx context.Context, f *file, path string) bool {
	r := c.ask(ctx, "GET", path, "", "", nil)
	if !r.ok() {
		return false
	}
	after, brief := r.begun.Sub(f.since), lifetime(r) <= time.Minute
	c.record.deletedSeen(after, brief)
	if after > promised && !brief {
		c.record.violation(leaked, "%s sends a file %s after it was deleted, for caches to keep", c.name(), after)
	}
	return true
}

// readDeleted asks for a file that was deleted a while ago. A replica that has lost the database may still send it.
func (c *client) readDeleted(ctx context.Context, random *rand.Rand) {
	f := c.ledger.lately(random)
	if f == nil {
		return
	}
	r := c.ask(ctx, "GET", f.path, "", "", nil)
	if r.ok() && sha256.Sum256(r.body) != f.sum {
		c.record.violation(wrongBytes, "%s by %s, deleted: %d bytes that were not uploaded", f.path, c.name(), len(r.body))
	}
	c.settle(ctx, "deleted", r, r.ok() || r.status == 404)
}

// afterFreeze reads a protected file by a frozen program that was deleted while it was, and lets it go on: it must not send
// what it remembers. ask queues the reads.
func (c *client) afterFreeze(ctx context.Context, path string, thaw func() error) error {
	const reads = 4
	replies := make(chan reply, reads)
	for range reads {
		go func() { replies <- c.ask(ctx, "GET", path, "", "", nil) }()
	}
	wait(ctx, 300*time.Millisecond) // for them to be on the way
	if err := thaw(); err != nil {
		return fmt.Errorf("thawing: %w", err)
	}
	for range reads {
		if r := <-replies; r.ok() {
			c.record.violation(leaked, "%s wakes up and sends a protected file that was deleted %s before", c.name(), r.ended.Sub(r.begun))
		}
	}
	return nil
}
