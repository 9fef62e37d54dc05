package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// tally is what a run has found.
type tally struct {
	config
	record *record
	ledger *ledger
	// Of files: acknowledged and not deleted; deleted; asked to be deleted without an answer that says whether they were.
	kept, deleted, unsure int
	verified, missing     int // of kept, by every replica
}

// row is one kind of fault.
type row struct {
	name     string
	times    int
	length   time.Duration                // the longest
	refused  [2]map[int]int               // answers by status, of replicas and of nginx
	asked    int                          // requests
	recovery time.Duration                // the longest from the repair to the end of the last error
	gaps     map[string]*[2]time.Duration // by op: the longest without a success at the worst replica, and through nginx
}

// rows are the faults by their names, in the order of faults.
func (t *tally) rows() []*row {
	events := slices.SortedFunc(slices.Values(t.record.events), func(a, b event) int { return a.ended.Compare(b.ended) })
	byName := make(map[string]*row)
	for n, w := range t.record.windows {
		end := time.Now()
		if n+1 < len(t.record.windows) {
			end = t.record.windows[n+1].begun
		}
		r := byName[w.name]
		if r == nil {
			r = &row{name: w.name, refused: [2]map[int]int{{}, {}}, gaps: map[string]*[2]time.Duration{"original": {}, "upload": {}}}
			byName[w.name] = r
		}
		if w.err != nil {
			continue
		}
		r.times++
		r.length = max(r.length, w.repaired.Sub(w.begun))
		r.add(events, w, end)
	}
	var list []*row
	for _, f := range faults {
		if r := byName[f.name]; r != nil {
			list = append(list, r)
		}
	}
	return list
}

// add counts what ended in a window that the next one ends.
func (r *row) add(events []event, w window, end time.Time) {
	type line struct {
		op  string
		via int
	}
	last := make(map[line]time.Time) // success
	for _, e := range events {
		if e.load && e.op != "upload" && e.op != "original" {
			continue
		}
		at, side := line{e.op, e.via}, 0
		if e.via == replicas {
			side = 1
		}
		if e.ended.After(w.begun) && e.ended.Before(end) {
			r.asked++
			if !e.ok {
				r.refused[side][e.status]++
				r.recovery = max(r.recovery, e.ended.Sub(w.repaired))
			}
		}
		if !e.ok {
			continue
		}
		if before, known := last[at]; known && r.gaps[e.op] != nil {
			gap := e.ended.Sub(before) // of the fault in whose time most of it is
			if middle := before.Add(gap / 2); middle.After(w.begun) && middle.Before(end) {
				r.gaps[e.op][side] = max(r.gaps[e.op][side], gap)
			}
		}
		last[at] = e.ended
	}
}

// statuses writes the refusals.
func statuses(refused map[int]int) string {
	var list []string
	for _, s := range slices.Sorted(maps.Keys(refused)) {
		name := fmt.Sprint(s)
		switch s {
		case 0:
			name = "no answer"
		case cutShort:
			name = "cut short"
		}
		list = append(list, fmt.Sprintf("%s: %d", name, refused[s]))
	}
	return cmp.Or(strings.Join(list, ", "), "none")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", max(d, 0).Seconds()) }

// markdown is the section of the results.
func (t *tally) markdown() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("## Chaos\n")
	p("%s, %s. Three replicas behind nginx, PostgreSQL and an S3 server (versitygw) behind a proxy that fails, all on this machine. "+
		"Faults come for %s in an order that the seed %d makes, each for %s, with %s between them.\n",
		rig.Machine(), time.Now().UTC().Format(time.DateOnly), t.length, t.seed, t.fault, t.quiet)
	p("```\nmake chaos\n```\n")
	byStatus, byLoad, hits := make(map[int]int), 0, 0
	for _, e := range t.record.events {
		if e.load {
			byLoad++
		}
		if e.op == "hit" {
			hits++
		}
		if !e.ok {
			byStatus[e.status]++
		}
	}
	p("| | |\n|---|--:|")
	p("| requests | %d, %d of them by k6 through nginx |", len(t.record.events), byLoad)
	p("| of these not answered with what was asked for | %s |", statuses(byStatus))
	p("| uploads acknowledged and not deleted | %d |", t.kept)
	p("| of these read back byte for byte, by each of %d replicas | %d |", replicas, t.verified/replicas)
	p("| files whose delete was acknowledged | %d |", t.deleted)
	p("| the longest that another replica still sent a thumb of one of them | %s s; by a replica that said it could not know (`max-age=60` or less): %s s |",
		seconds(t.record.late), seconds(t.record.lateBrief))
	p("| thumbs, each seen with one ETag and one sequence of bytes everywhere | %d |", len(t.ledger.thumbs))
	p("| hits in memory, every 100 ms of every replica that lived | %d |", hits)
	for _, k := range kinds {
		p("| %s | %d |", k, len(t.record.violations[k]))
	}
	p("\nSeconds are the longest of all times that a fault came. *After the repair* is how long requests were still refused when what had failed was back. " +
		"*Without* is how long no read of an original, and no upload, succeeded: at the worst replica, dead ones included, and through nginx; uploads by a " +
		"witness come every 0.4 s.\n")
	p("| fault | times | lasted | requests | refused by replicas | by nginx | after the repair | without a read: replica, nginx | without an upload: replica, nginx |")
	p("|---|--:|--:|--:|---|---|--:|--:|--:|")
	for _, r := range t.rows() {
		read, up := r.gaps["original"], r.gaps["upload"]
		p("| %s | %d | %s s | %d | %s | %s | %s s | %s s, %s s | %s s, %s s |", r.name, r.times, seconds(r.length), r.asked, statuses(r.refused[0]), statuses(r.refused[1]),
			seconds(r.recovery), seconds(read[0]), seconds(read[1]), seconds(up[0]), seconds(up[1]))
	}
	for _, name := range slices.Sorted(maps.Keys(t.record.omitted)) {
		p("\nNot made here: %s (%v).", name, t.record.omitted[name])
	}
	return b.String()
}

// verdict is nil where nothing happened that must not.
func (t *tally) verdict() error {
	var errs []error
	for _, k := range kinds {
		list := t.record.violations[k]
		if len(list) == 0 {
			continue
		}
		const shown = 10
		errs = append(errs, fmt.Errorf("%s: %d\n  %s", k, len(list), strings.Join(list[:min(len(list), shown)], "\n  ")))
	}
	for _, w := range t.record.windows {
		if w.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", w.name, w.err))
		}
	}
	switch {
	case t.kept == 0 || t.deleted == 0:
		errs = append(errs, errors.New("nothing was uploaded or deleted"))
	case t.verified != replicas*t.kept:
		errs = append(errs, fmt.Errorf("%d reads of %d files by %d replicas", t.verified, t.kept, replicas))
	}
	return errors.Join(errs...)
}
