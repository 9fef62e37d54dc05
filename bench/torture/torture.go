package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/internal/picture"
)

// config says what one run does.
type config struct {
	exe   string
	dir   string // of the library; must not exist or be empty
	short bool
	seed  uint64         // of the bits that are flipped
	only  *regexp.Regexp // of the corpus, by family and name
	say   func(format string, args ...any)
}

// owned is what the scripts of the corpus would make if anything ran them.
const owned = "/tmp/imgorigin-owned"

// The collections of the run, by the thumbs they list.
const (
	usualCollection = "torture"
	largeCollection = "largest"
)

// result is what became of one file.
type result struct {
	file    *file
	stored  string // its name in the store: the log speaks of it
	thumbs  int    // asked for
	made    int    // of these
	busy    int    // answered 503
	elapsed time.Duration
	cpu     time.Duration       // of the slowest thumb
	peak    int64               // of the process's resident memory while all thumbs were made
	sums    map[string][32]byte // of the thumbs that were made, by form
	data    []byte              // of the file, where it is short; it is sent again
}

// run is one run under way.
type run struct {
	config
	program *rig.Program
	results []result
	idle    int64    // resident memory before the first file
	crowd   int64    // the most while the dearest files were asked for at once
	joint   joint    // what became of the files that were sent by many at once
	wrong   []string // what must not be

	mu      sync.Mutex // the log's reader is a goroutine of the program's
	reasons map[string]map[string]int
}

// torture runs the corpus against a new program and returns the tally. The error says that the run could not be
// made, or that something happened that must never.
func torture(ctx context.Context, c config) (*tally, error) {
	r := &run{config: c, reasons: make(map[string]map[string]int)}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	defer r.program.Kill()
	if err := r.all(ctx); err != nil {
		return nil, errors.Join(append(r.complaints(), err)...)
	}
	if err := r.program.Stop(ctx); err != nil { // from here on the log is complete
		return nil, errors.Join(append(r.complaints(), err)...)
	}
	if err := r.together(ctx); err != nil {
		return nil, errors.Join(append(r.complaints(), err)...)
	}
	if _, err := os.Stat(owned); err == nil {
		r.blame("something ran a script of the corpus: %s is there", owned)
	}
	t := r.tally()
	return t, errors.Join(r.complaints()...)
}

func (r *run) start(ctx context.Context) (err error) {
	if err := os.RemoveAll(owned); err != nil {
		return err
	}
	r.program, err = r.serve(ctx, r.dir+"/alone", "debug", r.listen)
	return err
}

// memoryCache is the budget of every program here: little, so that what memory grows by is pictures.
const memoryCache = "8MiB"

// serve starts a program with an empty library and the collections of the run.
func (r *run) serve(ctx context.Context, dir, level string, listen func(rig.LogLine)) (*rig.Program, error) {
	args := []string{"--log-level", level, "--memory-cache", memoryCache, "--rendition-store", "64MiB", "--max-body", "200MiB"}
	p, err := rig.Start(ctx, rig.Config{Exe: r.exe, Dir: dir, Args: args, OnLog: listen})
	if err != nil {
		return nil, err
	}
	return p, errors.Join(
		p.MakeCollection(ctx, usualCollection, usual),
		p.MakeCollection(ctx, largeCollection, largeThumbs),
	)
}

// listen files what the program says about its refusals under the file's name, and blames what it must not say.
func (r *run) listen(l rig.LogLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Foreign != "" {
		r.wrong = append(r.wrong, "a line that is not the program's: "+l.Foreign)
		return
	}
	parts := strings.Split(l.Text("key"), "/")
	if l.Message != refusedAtOnce && l.Message != refusedInWork || len(parts) < 4 {
		// A status of 503 is the answer to more work than fits; whoever asked decides whether it may be.
		if l.Text("level") == "ERROR" && l.Text("status") != "503" {
			r.wrong = append(r.wrong, fmt.Sprintf("an error in the log: %v", l.Fields))
		}
		return
	}
	name, check := parts[3], checkOf(l.Text("error"))
	if r.reasons[name] == nil {
		r.reasons[name] = make(map[string]int)
	}
	r.reasons[name][check]++
}

func (r *run) blame(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

func (r *run) complaints() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []error
	for _, w := range r.wrong {
		all = append(all, errors.New(w))
	}
	return all
}

// all sends every file, one after the other, then the dearest at once.
func (r *run) all(ctx context.Context) error {
	lossy, err := r.lossyWebP(ctx)
	if err != nil {
		return err
	}
	m, err := r.program.Memory()
	if err != nil {
		return err
	}
	r.idle = m.Resident
	files := slices.DeleteFunc(corpus(lossy, r.seed, r.short), func(f file) bool {
		return !r.only.MatchString(f.family + ", " + f.name)
	})
	for i := range files {
		result, err := r.one(ctx, &files[i])
		if err != nil {
			return fmt.Errorf("%s, %s: %w", files[i].family, files[i].name, err)
		}
		r.results = append(r.results, result)
		if (i+1)%100 == 0 {
			r.say("%d of %d files", i+1, len(files))
		}
	}
	return r.atOnce(ctx)
}

// lossyWebP has the program make what nothing else here can.
func (r *run) lossyWebP(ctx context.Context) (base, error) {
	source := must(picture.WebP(picture.Flower(300, 225, 4))) // and enlarged
	f, err := r.program.Upload(ctx, usualCollection, "a.webp", source)
	if err != nil {
		return base{}, err
	}
	a, err := r.program.Get(ctx, f.Path+"?thumb=500x400")
	if err != nil {
		return base{}, err
	}
	if !bytes.Contains(a.Body[:min(64, len(a.Body))], []byte("VP8 ")) {
		return base{}, fmt.Errorf("the program's WebP thumb is not lossy: status %d, %d bytes", a.Status, len(a.Body))
	}
	return base{"lossy WebP", ".webp", image.Pt(500, 400), a.Body, refused, false}, r.program.Delete(ctx, f)
}

// one uploads a file, asks for its thumbs, and deletes it. The error says that the program does not answer: no use to go on.
func (r *run) one(ctx context.Context, f *file) (result, error) {
	res := result{file: f}
	collection, thumbs := asked(f)
	data := f.bytes()
	if len(data) <= 1<<20 {
		res.data = data
	}
	if err := r.program.ResetPeak(); err != nil {
		return res, err
	}
	stored, err := r.program.Upload(ctx, collection, f.upload, data)
	if err != nil {
		return res, errors.Join(err, r.program.Alive())
	}
	res.stored = stored.Name
	for _, thumb := range thumbs {
		made, err := r.thumb(ctx, &res, stored, thumb, data)
		if err != nil {
			return res, errors.Join(err, r.program.Alive())
		}
		res.thumbs++
		if made {
			res.made++
		}
	}
	m, err := r.program.Memory()
	if err != nil {
		return res, err
	}
	res.peak = m.Peak
	r.judge(&res)
	if err := r.program.Delete(ctx, stored); err != nil {
		return res, err
	}
	health, err := r.program.Get(ctx, "/api/health")
	if err == nil && health.Status != http.StatusOK {
		r.blame("%s, %s: not healthy afterwards: status %d", f.family, f.name, health.Status)
	}
	return res, err
}

// asked returns the collection that a file goes to, and the thumbs that are asked of it.
func asked(f *file) (collection string, thumbs []string) {
	switch {
	case f.wide:
		return largeCollection, largeThumbs
	case f.heavy: // seconds each
		return usualCollection, usual[:2]
	}
	return usualCollection, usual[:3]
}

// decoded is up to how many pixels a thumb is decoded: Go takes longer to decode it than the program to make it.
func (r *run) decoded() int {
	if r.short {
		return 60_000
	}
	return 4_000_000
}

// thumb asks for one thumb and tells whether it was made; else the answer must be the original.
func (r *run) thumb(ctx context.Context, res *result, stored rig.File, spec string, data []byte) (made bool, err error) {
	before, err := r.program.CPU()
	if err != nil {
		return false, err
	}
	began := time.Now()
	a, err := r.program.Get(ctx, stored.Path+"?thumb="+spec)
	if err != nil {
		return false, err
	}
	elapsed := time.Since(began)
	after, err := r.program.CPU()
	if err != nil {
		return false, err
	}
	res.elapsed, res.cpu = max(res.elapsed, elapsed), max(res.cpu, after-before)
	name := res.file.family + ", " + res.file.name
	made = isThumb(a, spec)
	switch {
	case a.Status == http.StatusServiceUnavailable && (res.file.heavy || res.file.wide):
		res.busy++ // on a machine that has other work to do as well
	case a.Status != http.StatusOK:
		r.blame("%s: %s answered %d: %.200s", name, spec, a.Status, a.Body)
	case !made && !bytes.Equal(a.Body, data):
		r.blame("%s: %s answered neither a thumb nor the original", name, spec)
	case !made && a.Header.Get("Cache-Control") != "max-age=60":
		r.blame("%s: an original in place of %s says Cache-Control %q", name, spec, a.Header.Get("Cache-Control"))
	case made:
		want := must(parseForm(spec))
		if err := want.check(a.Body, res.file.size, r.decoded()); err != nil {
			r.blame("%s: %s: %v", name, spec, err)
		}
		if res.sums == nil {
			res.sums = make(map[string][32]byte)
		}
		res.sums[spec] = sha256.Sum256(a.Body)
	}
	return made, nil
}

// isThumb tells a thumb from the original in its place.
func isThumb(a rig.Answer, spec string) bool {
	return strings.Contains(a.Header.Get("Content-Disposition"), "filename="+spec+"_")
}

// judge compares what became of a file with what must, and its cost with the bounds.
func (r *run) judge(res *result) {
	f := res.file
	switch {
	case f.want == served && res.made+res.busy < res.thumbs:
		r.blame("%s, %s: only %d of %d thumbs were made", f.family, f.name, res.made, res.thumbs)
	case f.want == refused && res.made > 0:
		r.blame("%s, %s: %d of %d thumbs were made of what must be refused", f.family, f.name, res.made, res.thumbs)
	}
	if over := res.peak - r.idle; over > oneBound {
		r.blame("%s, %s: took %s, more than %s", f.family, f.name, rig.MiB(over), rig.MiB(oneBound))
	}
	if res.cpu > cpuBound {
		r.blame("%s, %s: a thumb took %s of processor, more than %s", f.family, f.name, res.cpu, cpuBound)
	}
}
