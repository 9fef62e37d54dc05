package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// The bounds that docs/limits.md states.
const (
	// oneBound is how much memory a picture may take beside what the program has when idle.
	oneBound = 1 << 30
	// workerBound is how much more there may be for each renderer where several pictures are worked on at once.
	workerBound = 512 << 20
	// cpuBound is how much processor time a thumb may take; this is twice what is stated, for slower machines.
	cpuBound = 20 * time.Second
	// linesPerMinute is how often the program may say one thing.
	linesPerMinute = 20
)

// crowdBound is how much memory pictures may take that are worked on at once, by a renderer for each core.
func crowdBound() int64 { return oneBound + int64(runtime.NumCPU())*workerBound }

// crowd is how many files are asked for at once at the end, each by two clients.
const crowd = 8

// atOnce sends the files that took the most memory, and asks for all their thumbs at the same time.
func (r *run) atOnce(ctx context.Context) error {
	dearest := slices.SortedFunc(slices.Values(r.results), func(a, b result) int { return cmp.Compare(b.peak, a.peak) })
	dearest = dearest[:min(crowd, len(dearest))]
	var paths []string
	for _, d := range dearest {
		collection, thumbs := asked(d.file)
		f, err := r.program.Upload(ctx, collection, d.file.upload, d.file.bytes())
		if err != nil {
			return err
		}
		paths = append(paths, f.Path+"?thumb="+thumbs[0], f.Path+"?thumb="+thumbs[1])
	}
	if err := r.program.ResetPeak(); err != nil {
		return err
	}
	r.say("the %d dearest files at once", len(dearest))
	var clients sync.WaitGroup
	failed := make([]error, len(paths))
	for i, path := range paths {
		clients.Go(func() {
			a, err := r.program.Get(ctx, path)
			// More work than fits into the deadline is answered 503, and nothing else may be.
			if err == nil && a.Status != http.StatusOK && a.Status != http.StatusServiceUnavailable {
				r.blame("at once: %s answered %d", path, a.Status)
			}
			failed[i] = err
		})
	}
	clients.Wait()
	if err := errors.Join(append(failed, r.program.Alive())...); err != nil {
		return err
	}
	m, err := r.program.Memory()
	r.crowd = m.Peak
	if over := r.crowd - r.idle; over > crowdBound() {
		r.blame("the dearest files at once took %s, more than %s", rig.MiB(over), rig.MiB(crowdBound()))
	}
	if panics, e := r.program.Metric(ctx, "imgorigin_panics_total"); e != nil || panics > 0 {
		r.blame("%v requests panicked (%v)", panics, e)
	}
	return err
}

// clients is how many send files at once; each asks for all thumbs of its file at the same time.
const clients = 8

// joint is what became of the files that were sent by many at once, to a program that logs as it does by default.
type joint struct {
	files, thumbs, busy int
	peak                int64
	elapsed             time.Duration
	lines               map[string]int // by message
	bytes               int64
}

// together sends what is not dear once more, by many clients at once, to a new program. A thumb must be made where one was
// made when its file was alone, whole and of the right size, and the log must stay short. In the end the whole pictures, one
// after the other, must have the thumbs that they had, to the byte.
func (r *run) together(ctx context.Context) error {
	began := time.Now()
	r.joint.lines = make(map[string]int)
	p, err := r.serve(ctx, r.dir+"/together", "info", r.count)
	if err != nil {
		return err
	}
	defer p.Kill()
	var light, whole []*result
	for i := range r.results {
		const few = 3 // of the short version, for a thinned-out crowd is one as well
		switch f := r.results[i].file; {
		case f.heavy || f.wide:
		case f.family == wholeFamily:
			light = append(light, &r.results[i])
			whole = append(whole, &r.results[i])
		case !r.short || i%few == 0:
			light = append(light, &r.results[i])
		}
	}
	r.say("%d files by %d clients at once", len(light), clients)
	if err := r.share(ctx, p, light); err != nil {
		return errors.Join(err, p.Alive())
	}
	for _, res := range whole {
		if err := r.again(ctx, p, res, 1); err != nil {
			return errors.Join(err, p.Alive())
		}
	}
	m, err := p.Memory()
	if err != nil {
		return err
	}
	r.joint.peak = m.Peak
	if over := m.Peak - r.idle; over > crowdBound() {
		r.blame("files sent at once took %s, more than %s", rig.MiB(over), rig.MiB(crowdBound()))
	}
	if panics, err := p.Metric(ctx, "imgorigin_panics_total"); err != nil || panics > 0 {
		r.blame("at once: %v requests panicked (%v)", panics, err)
	}
	err = p.Stop(ctx) // from here on the log is complete
	r.joint.bytes, r.joint.elapsed = p.LogBytes(), time.Since(began)
	r.judgeLog()
	return err
}

// count files what the program says when it says what it does by default.
func (r *run) count(l rig.LogLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Foreign != "" {
		r.wrong = append(r.wrong, "a line that is not the program's: "+l.Foreign)
	}
	if l.Text("level") == "ERROR" && l.Text("status") != "503" {
		r.wrong = append(r.wrong, fmt.Sprintf("an error in the log: %v", l.Fields))
	}
	r.joint.lines[l.Message]++
}

// judgeLog blames a log that grows with what is sent.
func (r *run) judgeLog() {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := linesPerMinute * (1 + int(r.joint.elapsed/time.Minute))
	for message, n := range r.joint.lines {
		if n > most {
			r.wrong = append(r.wrong, fmt.Sprintf("%d lines of %q in %s", n, message, r.joint.elapsed))
		}
	}
}

// share has the clients send the files.
func (r *run) share(ctx context.Context, p *rig.Program, files []*result) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *result)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for res := range next {
				if err := r.again(ctx, p, res, len(usual)); err != nil {
					cancel(fmt.Errorf("at once: %s, %s: %w", res.file.family, res.file.name, err))
				}
			}
		})
	}
	for _, res := range files {
		next <- res
	}
	close(next)
	all.Wait()
	return context.Cause(ctx)
}

// again uploads a file, asks for all of its thumbs, so many at once, and deletes it.
func (r *run) again(ctx context.Context, p *rig.Program, res *result, atOnce int) error {
	if ctx.Err() != nil {
		return nil // another client has failed
	}
	data := res.data
	if data == nil {
		data = res.file.bytes()
	}
	stored, err := p.Upload(ctx, usualCollection, res.file.upload, data)
	if err != nil {
		return err
	}
	failed := make([]error, len(usual))
	turns := make(chan struct{}, atOnce)
	var forms sync.WaitGroup
	for i, spec := range usual {
		turns <- struct{}{}
		forms.Go(func() {
			a, err := p.Get(ctx, stored.Path+"?thumb="+spec)
			if failed[i] = err; err == nil {
				r.compare(res, spec, a, data, atOnce == 1)
			}
			<-turns
		})
	}
	forms.Wait()
	r.mu.Lock()
	r.joint.files++
	r.mu.Unlock()
	return errors.Join(append(failed, p.Delete(ctx, stored))...)
}

// compare blames an answer that is another one than when the file was alone. Thumbs that are asked for at once may be made
// from one decode, by other steps: only where the file is alone again are they the same to the byte.
func (r *run) compare(res *result, spec string, a rig.Answer, data []byte, alone bool) {
	name := fmt.Sprintf("sent again: %s, %s: %s", res.file.family, res.file.name, spec)
	made := isThumb(a, spec)
	r.mu.Lock()
	r.joint.thumbs++
	if a.Status == http.StatusServiceUnavailable {
		r.joint.busy++
	}
	r.mu.Unlock()
	before, known := res.sums[spec]
	_, thumbs := asked(res.file)
	switch {
	case a.Status == http.StatusServiceUnavailable:
	case a.Status != http.StatusOK:
		r.blame("%s answered %d: %.200s", name, a.Status, a.Body)
	case !made && !bytes.Equal(a.Body, data):
		r.blame("%s answered neither a thumb nor the original", name)
	case slices.Contains(thumbs, spec) && made != known:
		r.blame("%s was made: %v, and alone: %v", name, made, known)
	case made && alone && known && sha256.Sum256(a.Body) != before:
		r.blame("%s has other bytes than before", name)
	case made:
		if err := must(parseForm(spec)).check(a.Body, res.file.size, r.decoded()); err != nil {
			r.blame("%s: %v", name, err)
		}
	}
}
