package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// widths are those of the srcset, the widest last.
var widths = []string{"160x0", "320x0", "480x0", "640x0", "960x0", "1280x0"}

// pictures is how many pictures one figure of processor time is taken over, as the kernel counts it in steps of 10 ms.
const pictures = 4

// srcset compares six widths of a picture asked for at once with the widest alone.
func srcset(ctx context.Context, b *bench) (*report, error) {
	r := &report{
		title:    "A srcset",
		commands: []string{"make bench ONLY=srcset"},
		method: fmt.Sprintf("The widths 160, 320, 480, 640, 960 and 1280 of a new 12-megapixel JPEG, asked for at once over six connections, beside the widest "+
			"alone of another; processor time of the program a picture, of %d pictures, uploads not counted; %d rounds in turns, medians.", pictures, b.rounds),
	}
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := p.MakeCollection(ctx, "open", widths); err != nil {
		return nil, err
	}
	for _, photo := range []struct {
		file, size string
		bound      float64
	}{{"12mp-4mb.jpg", "4 MB", 1.5}, {"12mp-1mb.jpg", "1.2 MB", 1.9}} {
		data, err := b.photo(photo.file)
		if err != nil {
			return nil, err
		}
		var six, one []float64
		for round := range b.rounds + 1 {
			a, err := b.thumbs(ctx, p, data, widths)
			if err != nil {
				return nil, err
			}
			c, err := b.thumbs(ctx, p, data, widths[len(widths)-1:])
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first warms up
				six, one = append(six, a), append(one, c)
			}
		}
		r.rows = append(r.rows, row{what: "six widths, photo of " + photo.size, unit: "ms of CPU", ours: six, theirs: one, beside: "the widest", bound: photo.bound})
	}
	return r, nil
}

// thumbs uploads pictures, asks for thumbs of each at once, and returns the processor time that the thumbs of one took, in ms.
func (b *bench) thumbs(ctx context.Context, p *rig.Program, data []byte, specs []string) (float64, error) {
	var files []rig.File
	for range pictures {
		file, err := p.Upload(ctx, "open", "a.jpg", data)
		if err != nil {
			return 0, err
		}
		files = append(files, file)
	}
	time.Sleep(200 * time.Millisecond) // what an upload leaves to do is not the thumbs'
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		var clients sync.WaitGroup
		errs := make([]error, len(specs))
		for i, spec := range specs {
			clients.Go(func() { errs[i] = wantThumb(ctx, p, file, spec) })
		}
		clients.Wait()
		for _, err := range errs {
			if err != nil {
				return 0, err
			}
		}
	}
	after, err := p.CPU()
	for _, file := range files {
		if err == nil {
			err = p.Delete(ctx, file)
		}
	}
	return float64((after - before).Microseconds()) / 1000 / pictures, err
}

// wantThumb asks for a thumb.
func wantThumb(ctx context.Context, p *rig.Program, file rig.File, spec string) error {
	a, err := p.Get(ctx, file.Path+"?thumb="+spec)
	if err == nil && a.Status != 200 {
		err = fmt.Errorf("thumb %s: status %d: %.200s", spec, a.Status, a.Body)
	}
	return err
}
