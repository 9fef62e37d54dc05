// Package cluster starts what an operator runs who has outgrown one machine, on this one: PostgreSQL, an S3 server behind a
// proxy that fails on demand, so many replicas of the built program that each have a supervisor, and nginx in front of them
// with the configuration of deploy/. Every part listens on 127.0.0.1, keeps what it has in one temporary folder, and ends
// with Stop. Nothing of the program's own is imported: it is met by HTTP.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/internal/pgtest"
)

// Config says what is run.
type Config struct {
	Exe      string   // the program's binary, see rig.Build
	Site     string   // the nginx configuration, deploy/nginx/imgorigin.conf
	Replicas int      // at least one
	Args     []string // of every replica, beside those that the parts need
	// Work bounds a file system for what the last replica keeps beside the store, bytes; 0: none of its own. It needs root.
	Work int64
	// OnLog is called for every line of a replica, by one goroutine each, in order; may be nil.
	OnLog func(replica int, line rig.LogLine)
	// OnEnd is called for every program that ended though nobody killed it, by one goroutine each; may be nil.
	OnEnd func(replica int, err error)
}

// Cluster is what runs.
type Cluster struct {
	Database *pgtest.Server
	Store    *Store
	Replicas []*Replica
	Front    string // http://127.0.0.1:PORT, nginx
	Token    string // of the superuser rig.Email
	// Small is the folder of the last replica on a file system of its own; empty with the reason in NoSmall.
	Small   string
	NoSmall error

	dir   string
	stops []func()
}

// Start starts everything and waits until it serves. Where a part's program is missing the error is that of its package:
// pgtest.ErrMissing, s3test.ErrMissing or ErrNoNginx.
func Start(ctx context.Context, cfg Config) (c *Cluster, err error) {
	c = &Cluster{}
	if c.dir, err = os.MkdirTemp("", "cluster"); err != nil {
		return nil, err
	}
	if err := c.start(ctx, cfg); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, cfg Config) (err error) {
	if c.Database, err = pgtest.Start("fsync=on", "max_connections=200"); err != nil {
		return err
	}
	c.stops = append(c.stops, c.Database.Stop)
	if c.Store, err = startStore(ctx); err != nil {
		return err
	}
	c.stops = append(c.stops, c.Store.stop)
	if err := c.startReplicas(ctx, cfg); err != nil {
		return err
	}
	front, err := c.AddFront(ctx, cfg.Site, true, c.Replicas...)
	if err == nil {
		c.Front = front.Base
	}
	return err
}

// AddFront starts another nginx before some replicas, which ends with the cluster. Without cache it passes everything on, so
// that the replicas are what is measured.
func (c *Cluster) AddFront(ctx context.Context, site string, cache bool, behind ...*Replica) (*Front, error) {
	var addresses []string
	for _, r := range behind {
		addresses = append(addresses, r.address)
	}
	front, err := startNginx(ctx, filepath.Join(c.dir, fmt.Sprint("nginx-", len(c.stops))), site, addresses, cache)
	if err != nil {
		return nil, err
	}
	c.stops = append(c.stops, front.stop)
	return front, nil
}

func (c *Cluster) startReplicas(ctx context.Context, cfg Config) error {
	for n := range cfg.Replicas {
		dir := filepath.Join(c.dir, fmt.Sprintf("replica-%d", n+1))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		if n == cfg.Replicas-1 && cfg.Work > 0 {
			c.mountSmall(dir, cfg.Work)
		}
		address, err := freeAddress()
		if err != nil {
			return err
		}
		one := rig.Config{Exe: cfg.Exe, Dir: dir, HTTP: address, Args: cfg.Args, Env: append(c.Store.env(), "IMGORIGIN_CATALOG="+c.Database.URL("public"))}
		if cfg.OnLog != nil {
			one.OnLog = func(line rig.LogLine) { cfg.OnLog(n, line) }
		}
		if n == 0 {
			if err := rig.Superuser(ctx, one, rig.Email, rig.Password); err != nil {
				return err
			}
		}
		r, err := startReplica(ctx, one, func(err error) {
			if cfg.OnEnd != nil {
				cfg.OnEnd(n, err)
			}
		})
		if err != nil {
			return fmt.Errorf("replica %d: %w", n+1, err)
		}
		c.stops = append(c.stops, r.Stop)
		c.Replicas = append(c.Replicas, r)
	}
	first := c.Replicas[0].Program()
	if err := first.SignIn(ctx, rig.Email, rig.Password); err != nil {
		return err
	}
	c.Token = first.Token()
	return nil
}

// mountSmall puts a file system of its own under the folder, or remembers why not.
func (c *Cluster) mountSmall(dir string, size int64) {
	if os.Geteuid() != 0 {
		c.NoSmall = errors.New("mounting a small file system needs root")
		return
	}
	if c.NoSmall = mount(dir, size); c.NoSmall == nil {
		c.Small = dir
		c.stops = append(c.stops, func() { unmount(dir) })
	}
}

// Stop ends everything in the reverse order of its beginning, and removes what it kept.
func (c *Cluster) Stop() {
	for i := len(c.stops) - 1; i >= 0; i-- {
		c.stops[i]()
	}
	c.stops = nil
	_ = os.RemoveAll(c.dir)
}
