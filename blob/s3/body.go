package s3

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// body is a section of an object as it comes from the store. Where the connection is cut, or silent for too long, the
// rest is asked for again, as long as the object is still the same. It is used by one goroutine at a time.
type body struct {
	store    *Store
	ctx      context.Context // of Open: it bounds the reading
	name     string
	stream   stream
	at, end  int64
	attempts int   // to go on after a cut, without progress between
	cutAt    int64 // where the last one was
	failed   error // for good
}

// progress is how many bytes between two cuts make the second a trouble of its own: a large object may meet many.
const progress = 256 << 10

// Read reads the section to its end, as the store promised its length.
func (b *body) Read(p []byte) (int, error) {
	for {
		if err := b.ctx.Err(); err != nil {
			return 0, err
		}
		switch {
		case b.failed != nil:
			return 0, b.failed
		case b.at == b.end:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		n, err := b.read(p[:min(int64(len(p)), b.end-b.at)])
		b.at += int64(n)
		if n > 0 {
			return n, nil // what ended it meets the next Read
		}
		if err != nil {
			b.failed = b.goOn(err)
		}
	}
}

// read is one Read of the stream that the store may not keep waiting for long.
func (b *body) read(p []byte) (int, error) {
	idle := time.AfterFunc(b.store.config.IdleTimeout, func() { b.stream.stall(errStalled) })
	defer idle.Stop()
	return b.stream.Read(p)
}

// goOn asks for what is missing: nil where it comes.
func (b *body) goOn(cut error) error {
	b.stream.close()
	s := b.store
	lost := func(err error) error {
		return wrap("read", b.name, fmt.Errorf("after %d of %d bytes: %w", b.at, b.end, err))
	}
	ctx, leave, err := s.enter(b.ctx)
	if err != nil {
		return lost(err)
	}
	defer leave()
	if b.at-b.cutAt >= progress {
		b.attempts = 0
	}
	b.cutAt = b.at
	if b.attempts++; b.attempts >= s.config.Attempts {
		return lost(fmt.Errorf("%w: %w", origin.ErrUnreachable, io.ErrUnexpectedEOF))
	}
	if !pause(ctx, b.attempts) {
		return lost(ended(ctx))
	}
	err = s.call(ctx, 0, func(attempt context.Context) error {
		rest, err := s.get(b.ctx, attempt, b.name, section{b.at, b.end}, b.stream.etag)
		if err == nil {
			b.stream = rest
		}
		return err
	})
	if err != nil {
		return lost(err)
	}
	s.count.resumed.Add(1)
	return nil
}

// Close lets go of the stream.
func (b *body) Close() error {
	b.stream.close()
	return nil
}
