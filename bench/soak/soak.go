package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// config says what one soak does.
type config struct {
	exe        string
	dir        string // of the library
	length     time.Duration
	clients    int
	megapixels float64 // of the pictures
	say        func(format string, args ...any)
}

// memoryCache is what the program may keep of thumbs: little enough to be full before growth is looked at, so that what grows
// then is no cache.
const memoryCache = 32 << 20

// thumbs are those that every picture is asked for.
var thumbs = []string{"100x100", "300x200", "300x200t", "300x200b", "300x300f", "0x240", "480x0", "640x480", "800x0", "1280x0", "1600x1200f", "1920x0"}

const collection = "soak"

// held is how many pictures a client has in the library at most.
const held = 8

// sample is the process's resident memory at one moment.
type sample struct {
	at       time.Duration
	resident int64
}

// outcome is what a soak found.
type outcome struct {
	config
	samples                            []sample
	peak                               int64
	uploads, cold, warm, deletes, busy atomic.Int64
}

// soak runs the load. The error says that it could not be made, or that an answer was wrong.
func soak(ctx context.Context, c config) (*outcome, error) {
	o := &outcome{config: c}
	c.say("drawing pictures of %g megapixels", c.megapixels)
	pictures := drawn(c.megapixels)
	p, err := rig.Start(ctx, rig.Config{Exe: c.exe, Dir: c.dir, Args: []string{"--memory-cache", fmt.Sprint(memoryCache)}})
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := p.MakeCollection(ctx, collection, thumbs); err != nil {
		return nil, err
	}
	c.say("%s of load by %d clients", c.length, c.clients)
	load, stop := context.WithTimeout(ctx, c.length)
	defer stop()
	var clients sync.WaitGroup
	failed := make(chan error, c.clients+1)
	for i := range c.clients {
		clients.Go(func() {
			one := &client{outcome: o, program: p, pictures: pictures, random: rand.New(rand.NewPCG(uint64(i), 7))}
			if err := one.run(load); err != nil {
				failed <- err
				stop()
			}
		})
	}
	clients.Go(func() {
		if err := o.watch(load, p); err != nil {
			failed <- err
			stop()
		}
	})
	clients.Wait()
	close(failed)
	var all []error
	for err := range failed {
		all = append(all, err)
	}
	if err := errors.Join(append(all, ctx.Err())...); err != nil {
		return nil, err
	}
	return o, p.Stop(ctx)
}

// watch samples the memory every second until ctx ends.
func (o *outcome) watch(ctx context.Context, p *rig.Program) error {
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		m, err := p.Memory()
		if err != nil {
			return err
		}
		o.samples = append(o.samples, sample{time.Since(began), m.Resident})
		o.peak = m.Peak
		if n := len(o.samples); n%30 == 0 {
			o.say("%4.0f s: %s", time.Since(began).Seconds(), rig.MiB(m.Resident))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// client is one user with pictures of its own.
type client struct {
	*outcome
	program  *rig.Program
	pictures []source
	random   *rand.Rand
	files    []*owned
}

// owned is a picture in the library, and how many of its thumbs were asked for.
type owned struct {
	rig.File
	asked int
}

// run acts until ctx ends: of a hundred actions three are uploads, forty ask for a thumb that was never made, and the rest for
// one that was.
func (c *client) run(ctx context.Context) error {
	for ctx.Err() == nil {
		var err error
		switch n := c.random.IntN(100); {
		case n < 3 || len(c.files) == 0:
			err = c.upload(ctx)
		case n < 43:
			err = c.makeThumb(ctx)
		default:
			err = c.askAgain(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// upload adds a picture, and deletes the oldest where that makes too many.
func (c *client) upload(ctx context.Context) error {
	s := c.pictures[c.random.IntN(len(c.pictures))]
	f, err := c.program.Upload(ctx, collection, s.name, s.data)
	if err != nil {
		return err
	}
	c.uploads.Add(1)
	c.files = append(c.files, &owned{File: f})
	if len(c.files) <= held {
		return nil
	}
	oldest := c.files[0]
	c.files = c.files[1:]
	c.deletes.Add(1)
	return c.program.Delete(ctx, oldest.File)
}

// makeThumb asks for a thumb for the first time; where all were made another picture is needed.
func (c *client) makeThumb(ctx context.Context) error {
	for _, f := range c.files {
		if f.asked < len(thumbs) {
			f.asked++
			c.cold.Add(1)
			return c.ask(ctx, f, f.asked-1)
		}
	}
	return c.upload(ctx)
}

// askAgain asks for a thumb that was made.
func (c *client) askAgain(ctx context.Context) error {
	f := c.files[c.random.IntN(len(c.files))]
	if f.asked == 0 {
		return nil
	}
	c.warm.Add(1)
	return c.ask(ctx, f, c.random.IntN(f.asked))
}

func (c *client) ask(ctx context.Context, f *owned, thumb int) error {
	a, err := c.program.Get(ctx, f.Path+"?thumb="+thumbs[thumb])
	switch {
	case err != nil:
		return err
	case a.Status == http.StatusServiceUnavailable: // on a machine that has other work to do as well
		c.busy.Add(1)
		return nil
	case a.Status != http.StatusOK:
		return fmt.Errorf("%s: status %d: %.200s", thumbs[thumb], a.Status, a.Body)
	case !bytes.Contains([]byte(a.Header.Get("Content-Disposition")), []byte("filename="+thumbs[thumb]+"_")):
		return fmt.Errorf("%s of %s was not made", thumbs[thumb], f.Name)
	}
	return nil
}
