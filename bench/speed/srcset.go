package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// widths are those of the srcset, the widest last.
var widths = []string{"160x0", "320x0", "480x0", "640x0", "960x0", "1280x0"}

// laterCrop is the thumb that is asked for once a mezzanine is there.
const laterCrop = "400x300"

// mezzanine is the option that keeps a reduced copy of large originals.
var mezzanine = []string{"--mezzanine", "1024"}

// settle is how long a program is given to end what it does behind its answers.
const settle = 200 * time.Millisecond

// pictures is how many pictures one figure of processor time is taken over.
const pictures = 4

// srcset compares six widths of a picture asked for at once with the widest alone.
func srcset(ctx context.Context, b *bench) (*report, error) {
	r := &report{
		title:    "A srcset",
		commands: []string{"make bench ONLY=srcset"},
		method: fmt.Sprintf("The widths 160, 320, 480, 640, 960 and 1280 of a new 12-megapixel JPEG, asked for at once over six connections, beside the widest "+
			"alone of another; processor time of the program a picture, of %d pictures, uploads not counted; %d rounds in turns, medians. "+
			"Then a crop to 400×300 some time after a first thumb, with --mezzanine 1024 and without, and that first thumb, which makes the mezzanine.", pictures, b.rounds),
	}
	p, q, end, err := b.withAndWithout(ctx, append([]string{laterCrop}, widths...))
	if err != nil {
		return nil, err
	}
	defer end()
	for _, photo := range []struct {
		file, size   string
		bound, later float64
	}{{"12mp-4mb.jpg", "4 MB", 1.5, 0.35}, {"12mp-1mb.jpg", "1.2 MB", 1.9, 0.65}} {
		data, err := b.photo(photo.file)
		if err != nil {
			return nil, err
		}
		v, err := b.turns(
			func() ([]float64, error) { return b.thumbs(ctx, p, data, widths) },
			func() ([]float64, error) { return b.thumbs(ctx, p, data, widths[len(widths)-1:]) },
			func() ([]float64, error) { return b.later(ctx, q, data) },
			func() ([]float64, error) { return b.later(ctx, p, data) },
		)
		if err != nil {
			return nil, err
		}
		six, one, first, with, firstWithout, without := v[0], v[1], v[2], v[3], v[4], v[5]
		const unit = "ms of CPU"
		r.rows = append(r.rows,
			row{what: "six widths, photo of " + photo.size, unit: unit, ours: six, theirs: one, beside: "the widest", bound: photo.bound},
			row{what: "later crop, mezzanine, " + photo.size, unit: unit, ours: with, theirs: without, beside: "without", bound: photo.later},
			row{what: "first thumb, mezzanine, " + photo.size, unit: unit, ours: first, theirs: firstWithout, beside: "without"},
		)
	}
	return r, nil
}

// withAndWithout runs the program twice, without a mezzanine and with one, each with a collection "open" of these thumbs. The
// caller calls end.
func (b *bench) withAndWithout(ctx context.Context, thumbs []string) (without, with *rig.Program, end func(), err error) {
	var running []*rig.Program
	end = func() {
		for _, p := range running {
			p.Kill()
		}
	}
	for _, args := range [][]string{nil, mezzanine} {
		p, err := b.start(ctx, args...)
		if err == nil {
			running = append(running, p)
			err = p.MakeCollection(ctx, "open", thumbs)
		}
		if err != nil {
			end()
			return nil, nil, nil, err
		}
	}
	return running[0], running[1], end, nil
}

// turns measures several ways, each round in another order and once more than there are rounds, since the first warms up. It
// returns the figures of the first way, of the second and so on, each of every round.
func (b *bench) turns(ways ...func() ([]float64, error)) ([][]float64, error) {
	of := make([][][]float64, len(ways))
	for round := range b.rounds + 1 {
		for i := range ways {
			way := (i + round) % len(ways)
			figures, err := ways[way]()
			if err != nil {
				return nil, err
			}
			if of[way] == nil {
				of[way] = make([][]float64, len(figures))
			}
			for n, v := range figures {
				if round > 0 {
					of[way][n] = append(of[way][n], v)
				}
			}
		}
	}
	return slices.Concat(of...), nil
}

// later uploads pictures, and returns the processor time, in ms a picture, of a first thumb of each and of one more, of another
// size, a while after it.
func (b *bench) later(ctx context.Context, p *rig.Program, data []byte) ([]float64, error) {
	var files []rig.File
	for range pictures {
		file, err := p.Upload(ctx, "open", "a.jpg", data)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	time.Sleep(settle)
	first, err := b.each(ctx, p, files, "160x0")
	if err != nil {
		return nil, err
	}
	second, err := b.each(ctx, p, files, laterCrop)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if err := p.Delete(ctx, file); err != nil {
			return nil, err
		}
	}
	return []float64{first, second}, nil
}

// each asks for one thumb of each file, one after the other, and returns the processor time of one, in ms.
func (b *bench) each(ctx context.Context, p *rig.Program, files []rig.File, spec string) (float64, error) {
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		if err := wantThumb(ctx, p, file, spec); err != nil {
			return 0, err
		}
	}
	time.Sleep(settle)
	after, err := p.CPU()
	return float64((after - before).Microseconds()) / 1000 / float64(len(files)), err
}

// thumbs uploads pictures, asks for thumbs of each at once, and returns the processor time that the thumbs of one took, in ms.
func (b *bench) thumbs(ctx context.Context, p *rig.Program, data []byte, specs []string) ([]float64, error) {
	var files []rig.File
	for range pictures {
		file, err := p.Upload(ctx, "open", "a.jpg", data)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	time.Sleep(settle) // what an upload leaves to do is not the thumbs'
	before, err := p.CPU()
	if err != nil {
		return nil, err
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
				return nil, err
			}
		}
	}
	after, err := p.CPU()
	for _, file := range files {
		if err == nil {
			err = p.Delete(ctx, file)
		}
	}
	return []float64{float64((after - before).Microseconds()) / 1000 / pictures}, err
}

// wantThumb asks for a thumb.
func wantThumb(ctx context.Context, p *rig.Program, file rig.File, spec string) error {
	a, err := p.Get(ctx, file.Path+"?thumb="+spec)
	if err == nil && a.Status != 200 {
		err = fmt.Errorf("thumb %s: status %d: %.200s", spec, a.Status, a.Body)
	}
	return err
}
