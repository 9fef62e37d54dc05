package sqlite

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/origin"
)

// pool lends connections. The one last given back is lent first, because its cache is warm.
type pool struct {
	places chan struct{} // one token for each connection not lent
	closed chan struct{}

	mu   sync.Mutex
	idle []*conn
}

func newPool(ctx context.Context, cfg Config, r role, size int, retries *atomic.Uint64) (*pool, error) {
	p := &pool{places: make(chan struct{}, size), closed: make(chan struct{})}
	for range size {
		c, err := dial(ctx, cfg, r, retries)
		if err != nil {
			return nil, errors.Join(err, p.closeIdle())
		}
		p.put(c)
	}
	return p, nil
}

func (p *pool) get(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-p.closed: // first, because select would choose at random
		return nil, origin.ErrClosed
	default:
	}
	select {
	case <-p.places:
	case <-p.closed:
		return nil, origin.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle = p.idle[:last]
	return c, nil
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	p.places <- struct{}{}
}

// close refuses new loans, waits for the lent connections and closes all. It is called once.
func (p *pool) close() error {
	close(p.closed)
	for range cap(p.places) {
		<-p.places
	}
	return p.closeIdle()
}

func (p *pool) closeIdle() error {
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}
