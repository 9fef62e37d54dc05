package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// signal wakes the watchers of this process.
func (c *Catalog) signal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.committed)
	c.committed = make(chan struct{})
}

// Watch implements origin.Catalog. It runs in the caller's goroutine, on a connection of its own: PRAGMA data_version
// tells a connection, at the price of a glance at shared memory, that another one has committed, in whatever process. What
// it reported is fresh for as long as it watches: nobody can cut it off from its own file.
func (c *Catalog) Watch(ctx context.Context, changed func(origin.Change), fresh func(time.Time)) (err error) {
	c.mu.Lock()
	select {
	case <-c.closing:
		c.mu.Unlock()
		return origin.ErrClosed
	default:
	}
	c.watchers.Add(1)
	c.mu.Unlock()
	defer c.watchers.Done()

	cn, err := dial(ctx, c.cfg, reading, &c.counters.busy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cn.close()) }()
	w := &watch{conn: cn, changed: changed}
	poll := time.NewTicker(c.cfg.PollInterval)
	defer poll.Stop()
	for {
		c.mu.Lock()
		committed := c.committed // taken before looking, so that no commit falls between
		c.mu.Unlock()
		if err := w.look(ctx); err != nil {
			return err
		}
		fresh(time.Time{})
		select {
		case <-committed:
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.closing:
			return origin.ErrClosed
		}
	}
}

// watch is the state of one watcher.
type watch struct {
	conn    *conn
	changed func(origin.Change)
	started bool
	version int64 // the last data_version seen
	seq     int64 // the last change reported
}

// look reports what was committed since it was last called.
func (w *watch) look(ctx context.Context) error {
	var version int64
	err := w.conn.one(ctx, "PRAGMA data_version", nil, func(row []driver.Value) error {
		version = integer(row[0])
		return nil
	})
	if err != nil || w.started && version == w.version {
		return err
	}
	// The version is older than the rows read next: a commit between the two is seen now, and looked for once more.
	changes, err := w.read(ctx)
	if err != nil {
		return err
	}
	w.started, w.version = true, version
	for _, change := range changes {
		w.changed(change)
	}
	return nil
}

const selectChanges = "SELECT seq, kind, collection, record FROM changes WHERE seq > ? ORDER BY seq"

// read returns the changes after w.seq and moves w.seq past them.
func (w *watch) read(ctx context.Context) ([]origin.Change, error) {
	if !w.started {
		return []origin.Change{{All: true}}, w.skip(ctx)
	}
	var list []origin.Change
	last := w.seq
	err := w.conn.each(ctx, selectChanges, []any{w.seq},
		func(row []driver.Value) error {
			seq := integer(row[0])
			if seq != last+1 { // rows between were trimmed
				list = []origin.Change{{All: true}}
			} else {
				list = append(list, scanChange(row))
			}
			last = seq
			return nil
		})
	if err == nil {
		w.seq = last
	}
	return list, err
}

// skip moves w.seq to the end of the log.
func (w *watch) skip(ctx context.Context) error {
	return w.conn.one(ctx, "SELECT coalesce(max(seq), 0) FROM changes", nil, func(row []driver.Value) error {
		w.seq = integer(row[0])
		return nil
	})
}
