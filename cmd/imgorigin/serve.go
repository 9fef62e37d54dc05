package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
	"github.com/imgorigin/imgorigin/origin/server/demo"
	"github.com/imgorigin/imgorigin/transform/vips"
)

// Without it every width of a srcset would be decoded for, and nothing would say so.
var _ origin.SharingRenderer = (*vips.Renderer)(nil)

type serveCommand struct{ serveOptions }

// Run serves until ctx ends, then drains. Parts are closed in the reverse order of their making.
func (s *serveCommand) Run(ctx context.Context, m *Main) (err error) {
	log := s.logger(m)
	lib, err := openLibrary(ctx, s.dataOptions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lib.Close()) }()
	if err := warnOfSeal(ctx, lib.catalog, log); err != nil {
		return err
	}

	renderer, err := vips.New(s.pixels())
	if err != nil {
		return fmt.Errorf("libvips: %w", err)
	}
	defer renderer.Close()

	core, err := origin.New(ctx, s.core(), origin.Parts{Catalog: lib.catalog, Blobs: lib.blobs, Renderer: renderer, Log: log})
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, core.Close(last))
	}()

	var samples []demo.Picture
	if s.Demo {
		if samples, err = ensureDemo(ctx, core, renderer); err != nil {
			return fmt.Errorf("making the demo pictures: %w", err)
		}
	}
	return s.listen(ctx, m, log, lib, core, renderer, samples)
}

// closeTimeout bounds the wait for work that was cancelled to end.
const closeTimeout = 10 * time.Second

// listen mounts the dialects, serves, and drains when ctx ends.
func (s *serveCommand) listen(ctx context.Context, m *Main, log *slog.Logger, lib *library, core *origin.Origin, renderer *vips.Renderer, samples []demo.Picture) error {
	router := &server.Router{}
	fetcher, err := fetch.New(s.fetching())
	if err != nil {
		return err
	}
	if err := s.mount(router, core, fetcher, log); err != nil {
		return err
	}
	if s.Demo {
		demo.Mount(router, samples)
	}
	host, err := server.New(s.host(), router, log)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	if s.Metrics != "" {
		metrics, err := serveMetrics(s.Metrics, &collector{host: host, core: core, catalog: lib.catalog, blobs: lib.blobs, renderer: renderer, fetcher: fetcher})
		if err != nil {
			return fmt.Errorf("--metrics: %w", err)
		}
		defer metrics.close()
		log.Info("serving metrics", "address", metrics.address)
		go func() { failed <- metrics.wait() }()
	}
	listener, err := net.Listen("tcp", s.HTTP)
	if err != nil {
		return fmt.Errorf("--http: %w", err)
	}
	address := listener.Addr().String()
	go func() { failed <- host.Serve(listener) }()

	log.Info("serving", "address", "http://"+address, "dir", s.Dir)
	if s.Demo {
		fmt.Fprint(m.Stdout, demo.Announce("http://"+address, samples))
	}
	if m.Ready != nil {
		m.Ready(address)
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		log.Info("draining", "within", s.DrainTimeout)
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainTimeout)
	defer cancel()
	if e := host.Shutdown(drain); e != nil {
		log.Warn("requests were still running when draining ended", "error", e)
	}
	log.Info("stopped")
	return err
}

// library is a catalog and a blob store.
type library struct {
	catalog origin.Catalog
	blobs   origin.Blobs
}

// openLibrary opens a library, and makes it where there is none.
func openLibrary(ctx context.Context, d dataOptions) (*library, error) {
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	}
	blobs, err := d.openBlobs(ctx)
	if err != nil {
		return nil, err
	}
	catalog, err := d.openCatalog(ctx)
	if err != nil {
		return nil, errors.Join(err, blobs.Close())
	}
	return &library{catalog, blobs}, nil
}

// Close closes both.
func (l *library) Close() error { return errors.Join(l.catalog.Close(), l.blobs.Close()) }
