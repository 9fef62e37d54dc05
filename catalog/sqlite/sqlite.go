package sqlite

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.Catalog = (*Catalog)(nil)

// Catalog is an origin.Catalog in an SQLite file.
type Catalog struct {
	reader
	cfg     Config
	readers *pool
	writer  *pool // of one connection
	grown   int   // records inserted since the statistics were looked at; belongs to the holder of the writer

	mu        sync.Mutex
	committed chan struct{}  // closed and replaced with each commit of this process
	watchers  sync.WaitGroup // calls of Watch, and renewStatistics
	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error

	counters counters
}

type counters struct{ reads, commits, rollbacks, busy atomic.Uint64 }

// Stats are counts since Open.
type Stats struct {
	Reads     uint64 // reads outside of transactions
	Commits   uint64 // write transactions committed
	Rollbacks uint64 // write transactions undone
	Busy      uint64 // times that another process's lock was waited for
}

// Open opens the catalog in cfg.Dir, and makes it where there is none. A database of a newer version is ErrNewer,
// another program's is ErrForeign. ctx bounds the opening only.
func Open(ctx context.Context, cfg Config) (*Catalog, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := prepare(ctx, cfg); err != nil {
		return nil, err
	}
	c := &Catalog{cfg: cfg, committed: make(chan struct{}), closing: make(chan struct{})}
	c.reader = reader{c}
	var err error
	if c.writer, err = newPool(ctx, cfg, writing, 1, &c.counters.busy); err != nil {
		return nil, err
	}
	if c.readers, err = newPool(ctx, cfg, reading, cfg.Readers, &c.counters.busy); err != nil {
		return nil, errors.Join(err, c.writer.closeIdle())
	}
	c.watchers.Go(c.renewStatistics)
	return c, nil
}

// use lends fn a connection for one read.
func (c *Catalog) use(ctx context.Context, fn func(*conn) error) error {
	cn, err := c.readers.get(ctx)
	if err != nil {
		return err
	}
	defer c.readers.put(cn)
	c.counters.reads.Add(1)
	return fn(cn)
}

// Check tells whether the database answers.
func (c *Catalog) Check(ctx context.Context) error {
	_, err := c.RenditionBytes(ctx)
	return err
}

// Stats returns the counts.
func (c *Catalog) Stats() Stats {
	return Stats{
		Reads:     c.counters.reads.Load(),
		Commits:   c.counters.commits.Load(),
		Rollbacks: c.counters.rollbacks.Load(),
		Busy:      c.counters.busy.Load(),
	}
}

// Close waits for the calls that are running, ends those of Watch with ErrClosed, and closes the database. Calls
// after it return ErrClosed. It must not be called from within one of the catalog's callbacks.
func (c *Catalog) Close() error {
	c.closeOnce.Do(func() {
		c.mu.Lock()
		close(c.closing)
		c.mu.Unlock()
		c.watchers.Wait()
		c.closeErr = errors.Join(c.writer.close(), c.readers.close())
	})
	return c.closeErr
}
