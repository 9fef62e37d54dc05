package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

type superuserCommand struct {
	Upsert superuserUpsert `cmd:"" help:"Make a superuser, or give an existing one a new password; its tokens end at once."`
}

type superuserUpsert struct {
	dataOptions
	Email    string `arg:"" help:"E-mail address to sign in with."`
	Password string `arg:"" help:"Password, 8 to 71 bytes."`
}

// Run writes to the same data that a serving process uses, which sees the change within a second.
func (s *superuserUpsert) Run(ctx context.Context, m *Main) error {
	return withCore(ctx, s.dataOptions, func(core *origin.Origin) error {
		created, err := core.UpsertSuperuser(ctx, s.Email, s.Password)
		if err != nil {
			return inWords(err)
		}
		verb := "updated"
		if created {
			verb = "created"
		}
		_, err = fmt.Fprintf(m.Stdout, "superuser %s %s\n", s.Email, verb)
		return err
	})
}

// inWords is one line of what the core complains about.
func inWords(err error) error {
	var e *origin.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	for field, complaint := range e.Fields {
		if c, ok := complaint.(origin.Complaint); ok {
			return fmt.Errorf("%s: %s", field, c.Message)
		}
	}
	return err
}

type gcCommand struct {
	dataOptions
	Age time.Duration `help:"Leave younger objects alone: their upload may be under way." default:"1h" placeholder:"TIME"`
}

// Run removes orphans beside a serving process or without one.
func (g *gcCommand) Run(ctx context.Context, m *Main) error {
	if g.Age < 0 {
		return fmt.Errorf("--age: must not be negative, is %s", g.Age)
	}
	// A new, empty catalog would make an orphan of every original.
	if err := g.mustHaveFile(); err != nil {
		return err
	}
	lib, err := openLibrary(ctx, g.dataOptions)
	if err != nil {
		return err
	}
	defer lib.Close()
	if err := errors.Join(g.mustHaveLibrary(ctx, lib.catalog), mustNotHaveMoved(ctx, lib.catalog)); err != nil {
		return err
	}
	s, err := origin.CollectGarbage(ctx, lib.catalog, lib.blobs, time.Now(), g.Age)
	fmt.Fprintf(m.Stdout, "%d originals and %d renditions seen; %d and %d removed, %d bytes\n",
		s.Originals, s.Renditions, s.RemovedOriginals, s.RemovedRenditions, s.RemovedBytes)
	return err
}

// withCore runs a job of the command line that renders nothing on a library, through the same core that serves.
func withCore(ctx context.Context, d dataOptions, job func(*origin.Origin) error) error {
	return withRenderer(ctx, d, noPixels{}, job)
}

func withRenderer(ctx context.Context, d dataOptions, renderer origin.Renderer, job func(*origin.Origin) error) (err error) {
	lib, err := openLibrary(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lib.Close()) }()
	core, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: lib.catalog, Blobs: lib.blobs, Renderer: renderer})
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, core.Close(last))
	}()
	return job(core)
}

type healthCommand struct {
	HTTP    string        `help:"Address of the server." name:"http" default:"127.0.0.1:8090" placeholder:"ADDR"`
	Timeout time.Duration `help:"How long to wait for the answer." default:"3s" placeholder:"TIME"`
}

// Run is for container health checks, where there is no curl.
func (h *healthCommand) Run(ctx context.Context, m *Main) error {
	host, port, err := net.SplitHostPort(h.HTTP)
	if err != nil {
		return fmt.Errorf("--http: %q is not HOST:PORT", h.HTTP)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // a server on all addresses is on this one too
	}
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/api/health", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("unhealthy: status %d", resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return err
}
