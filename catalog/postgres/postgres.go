package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.Catalog = (*Catalog)(nil)

// Catalog is an origin.Catalog in a PostgreSQL database.
type Catalog struct {
	reader
	cfg       Config
	listening *pgx.ConnConfig // of the connections that watch
	pool      *pool

	mu        sync.Mutex     // of closing and the first of watchers
	watchers  sync.WaitGroup // calls of Watch
	life      context.Context
	closing   context.CancelFunc // ends life
	closeOnce sync.Once

	counters counters
}

type counters struct{ reads, commits, rollbacks, conflicts atomic.Uint64 }

// Stats are counts since Open.
type Stats struct {
	Reads     uint64 // reads outside of transactions
	Commits   uint64 // write transactions committed
	Rollbacks uint64 // write transactions undone, those that were run again not among them
	Conflicts uint64 // write transactions undone because of another one, and run again

	Acquired int           // connections lent now
	Idle     int           // connections open and not lent
	Max      int           // that there may be
	Waits    uint64        // loans that had to wait: for a connection to be made, or to be given back
	Waited   time.Duration // all of them together
	GivenUp  uint64        // loans whose caller did not wait to the end
	Opened   uint64        // connections made
}

// Open opens the catalog, and makes it where there is none. A database of a newer version is ErrNewer. ctx bounds the
// opening only; migrations may take longer than cfg.Wait.
func Open(ctx context.Context, cfg Config) (*Catalog, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	listening, err := cfg.connection()
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, listening, cfg.Wait); err != nil {
		return nil, err
	}
	pooled := listening.Copy()
	cancelling(pooled)
	c := &Catalog{cfg: cfg, listening: listening}
	if c.pool, err = newPool(cfg, pooled); err != nil {
		return nil, err
	}
	c.reader = reader{c}
	c.life, c.closing = context.WithCancel(context.Background())
	return c, nil
}

// use lends fn a connection for one read.
func (c *Catalog) use(ctx context.Context, fn func(context.Context, *conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Wait)
	defer cancel()
	cn, err := c.pool.get(ctx)
	if err != nil {
		return err
	}
	defer c.pool.put(cn)
	c.counters.reads.Add(1)
	return fn(ctx, cn)
}

// Check tells whether the database answers.
func (c *Catalog) Check(ctx context.Context) error {
	_, err := c.RenditionBytes(ctx)
	return err
}

// Stats returns the counts.
func (c *Catalog) Stats() Stats {
	s := c.pool.conns.Stat()
	return Stats{
		Acquired: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Max: int(s.MaxConns()),
		Waits: uint64(s.EmptyAcquireCount()), Waited: s.EmptyAcquireWaitTime(),
		GivenUp: uint64(s.CanceledAcquireCount()), Opened: uint64(s.NewConnsCount()),

		Reads:     c.counters.reads.Load(),
		Commits:   c.counters.commits.Load(),
		Rollbacks: c.counters.rollbacks.Load(),
		Conflicts: c.counters.conflicts.Load(),
	}
}

// Close waits for the calls that are running, ends those of Watch with ErrClosed, and closes the connections. Calls
// after it return ErrClosed. It must not be called from within one of the catalog's callbacks.
func (c *Catalog) Close() error {
	c.closeOnce.Do(func() {
		c.mu.Lock()
		c.closing()
		c.mu.Unlock()
		c.watchers.Wait()
		c.pool.close()
	})
	return nil
}
