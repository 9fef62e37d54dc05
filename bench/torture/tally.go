package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// What the program says in its log when a thumb is not made, at the level debug, one line for each thumb and file: by the
// header alone, or by the renderer.
const (
	refusedAtOnce = "no thumb will be made"
	refusedInWork = "a thumb cannot be made"
)

// checks are the program's checks, in the order in which they are made, by the words of their errors.
var checks = []struct{ words, check string }{
	{"unsupported image format: JPEG", "kind of JPEG that is not read"},
	{"unsupported image format", "none of the four formats, by the bytes"},
	{"corrupt image header: unreadable", "header: cut, or contradicts itself"},
	{"too many pixels: source", "pixels or sides"},
	{"too many pixels", "pixels or sides of the thumbnail"},
	{"frames", "frames"},
	{"scans", "scans, or scans × pixels"},
	{"ICC", "ICC length"},
	{"EXIF", "EXIF length"},
	{"text", "text in a PNG"},
	{"source of", "source bytes"},
	{"is cut", "first frame is cut"},
	{"checksum", "PNG checksum"},
	{"first GIF frame is short", "first GIF frame is short"},
	{"disagree about its size", "decoder and header disagree about the size"},
	{"pixels are missing", "decoder made up pixels"},
	{"corrupt image", "decoder refused"},
}

// checkOf names the check that an error of the program's comes from.
func checkOf(reason string) string {
	for _, c := range checks {
		if strings.Contains(reason, c.words) {
			return c.check
		}
	}
	return "other: " + reason
}

// row sums up one family.
type row struct {
	family                           string
	files, served, partly, originals int
	busy                             int // thumbs answered 503
	elapsed, cpu                     time.Duration
	peak                             int64
}

// tally sums up a run.
type tally struct {
	short   bool
	seed    uint64
	rows    []row
	refused map[string]int // files by the check that refused a thumb of theirs first
	slowest []result       // by processor time
	largest []result       // by memory
	answers int
	idle    int64
	crowd   int64
	joint   joint
}

func (r *run) tally() *tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &tally{short: r.short, seed: r.seed, refused: make(map[string]int), idle: r.idle, crowd: r.crowd, joint: r.joint}
	byFamily := make(map[string]*row)
	var order []string
	for i := range r.results {
		res := &r.results[i]
		f := byFamily[res.file.family]
		if f == nil {
			f = &row{family: res.file.family}
			byFamily[f.family] = f
			order = append(order, f.family)
		}
		f.add(res)
		t.answers += res.thumbs
		if res.made+res.busy < res.thumbs {
			t.refused[r.reason(res)]++
		}
	}
	for _, family := range order {
		t.rows = append(t.rows, *byFamily[family])
	}
	t.slowest = dearest(r.results, func(res result) int64 { return int64(res.cpu) })
	t.largest = dearest(r.results, func(res result) int64 { return res.peak })
	return t
}

// reason is the check that refused most thumbs of a file. What the log is silent about is wrong.
func (r *run) reason(res *result) string {
	reasons := r.reasons[res.stored]
	if len(reasons) == 0 {
		r.wrong = append(r.wrong, fmt.Sprintf("%s, %s: nothing in the log says why a thumb was not made", res.file.family, res.file.name))
		return "unknown"
	}
	names := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
	})
	if strings.HasPrefix(names[0], "other: ") {
		r.wrong = append(r.wrong, fmt.Sprintf("%s, %s: refused by no check: %s", res.file.family, res.file.name, names[0]))
	}
	return names[0]
}

func (r *row) add(res *result) {
	r.files++
	switch res.made {
	case res.thumbs:
		r.served++
	case 0:
		r.originals++
	default:
		r.partly++
	}
	r.busy += res.busy
	r.elapsed, r.cpu, r.peak = max(r.elapsed, res.elapsed), max(r.cpu, res.cpu), max(r.peak, res.peak)
}

// dearest returns the five results of the highest cost.
func dearest(all []result, cost func(result) int64) []result {
	const n = 5
	sorted := slices.SortedFunc(slices.Values(all), func(a, b result) int { return cmp.Compare(cost(b), cost(a)) })
	return sorted[:min(n, len(sorted))]
}

func (t *tally) total() row {
	sum := row{family: "all"}
	for _, r := range t.rows {
		sum.files += r.files
		sum.served += r.served
		sum.partly += r.partly
		sum.originals += r.originals
		sum.busy += r.busy
		sum.elapsed, sum.cpu, sum.peak = max(sum.elapsed, r.elapsed), max(sum.cpu, r.cpu), max(sum.peak, r.peak)
	}
	return sum
}

// markdown is the section of the results.
func (t *tally) markdown(command string) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("## Hostile pictures")
	p("")
	p("`%s` on %s, %s.", command, rig.Machine(), time.Now().UTC().Format(time.DateOnly))
	p("")
	p("%d files made by code (seed %d), %d thumbs asked for, one at a time. Every answer was 200, with the thumb asked for, whole and of the right size, "+
		"or with the original in its place (%d were 503: not in time); the process never crashed, hung, panicked, or wrote a line that is not its own. "+
		"Times are of the dearest thumb: on the clock of a shared machine, and of processor. Memory is the peak of the whole process's resident memory; "+
		"%s before the first file, with a renderer for each core and a memory cache of %s.", t.total().files, t.seed, t.answers, t.total().busy, rig.MiB(t.idle), memoryCache)
	p("")
	p("| files | number | thumbs | some thumbs | original | longest | processor | memory |")
	p("|---|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range append(t.rows, t.total()) {
		p("| %s | %d | %d | %d | %d | %s | %s | %s |", r.family, r.files, r.served, r.partly, r.originals, seconds(r.elapsed), seconds(r.cpu), rig.MiB(r.peak))
	}
	p("")
	p("With the %d files that took the most memory asked for at once, by %d clients: %s.", crowd, 2*crowd, rig.MiB(t.crowd))
	p("")
	j := t.joint
	p("%d files sent again by %d clients at once, each asking for %d thumbs of its file at the same time: %d answers, %d of them 503, a thumb, whole "+
		"and of its size, wherever there was one when the file was alone, %s of memory at most; %s of log in %s, of no sentence more than %d lines. "+
		"In the end the whole pictures, alone again, had the thumbs that they had at the start, to the byte.",
		j.files, clients, len(usual), j.thumbs, j.busy, rig.MiB(j.peak), kib(j.bytes), j.elapsed.Round(time.Second), most(j.lines))
	p("")
	p("Bounds that this run fails beyond, from [docs/limits.md](../docs/limits.md): %s above idle for one picture, %s for many at once, %s of processor for a thumb, "+
		"%d lines of one sentence in a minute of log.", rig.MiB(oneBound), rig.MiB(crowdBound()), cpuBound, linesPerMinute)
	p("")
	p("| refused by | files |")
	p("|---|--:|")
	for _, c := range slices.SortedFunc(maps.Keys(t.refused), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.refused[b], t.refused[a]), cmp.Compare(a, b))
	}) {
		p("| %s | %d |", c, t.refused[c])
	}
	p("")
	p("| dearest, by processor time | processor | memory |")
	p("|---|--:|--:|")
	for _, r := range t.slowest {
		p("| %s: %s | %s | %s |", r.file.family, r.file.name, seconds(r.cpu), rig.MiB(r.peak))
	}
	p("")
	p("| dearest, by memory | processor | memory |")
	p("|---|--:|--:|")
	for _, r := range t.largest {
		p("| %s: %s | %s | %s |", r.file.family, r.file.name, seconds(r.cpu), rig.MiB(r.peak))
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func kib(n int64) string { return fmt.Sprintf("%d KiB", (n+1023)>>10) }

// most is the largest of the counts, 0 where there is none.
func most(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n = max(n, c)
	}
	return n
}
