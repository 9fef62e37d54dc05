package main

import (
	"fmt"
	"sync"
	"time"
)

// The kinds of what must not happen.
const (
	wrongBytes = "wrong bytes"
	lost       = "acknowledged, and not there"
	unclear    = "unclear answers"
	notServed  = "hits in memory that failed"
	leaked     = "reads that should have been refused"
	resurfaced = "deleted, and there again"
	stuck      = "faults after which something did not recover"
	died       = "programs that ended by themselves, panics, and lines of the log that are not the program's"
)

var kinds = []string{lost, wrongBytes, resurfaced, notServed, leaked, unclear, stuck, died}

// event is one request and its end.
type event struct {
	begun, ended time.Time
	via          int // the replica, from 0; replicas: nginx
	op           string
	status       int // 0: no answer; cutShort
	ok           bool
	load         bool // by k6
}

// window is the time of one fault, up to the next.
type window struct {
	name            string
	begun, repaired time.Time
	err             error // the fault could not be made
}

// record is all that happened.
type record struct {
	mu         sync.Mutex
	events     []event
	windows    []window
	violations map[string][]string
	omitted    map[string]error
	late       time.Duration // the longest after a delete that the file was still sent, for caches to keep
	lateBrief  time.Duration // the same, for caches to keep a minute at most
}

func newRecord() *record {
	return &record{violations: make(map[string][]string), omitted: make(map[string]error)}
}

func (r *record) add(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// violation notes what must not happen.
func (r *record) violation(kind, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations[kind] = append(r.violations[kind], fmt.Sprintf(format, args...))
}

func (r *record) leftOut(fault string, reason error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.omitted[fault] = reason
}

// begin notes that a fault begins, and returns its number.
func (r *record) begin(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.windows = append(r.windows, window{name: name, begun: time.Now()})
	return len(r.windows) - 1
}

func (r *record) repaired(n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.windows[n].repaired, r.windows[n].err = time.Now(), err
}

// deletedSeen notes that a file was still sent so long after its delete was acknowledged.
func (r *record) deletedSeen(after time.Duration, brief bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if brief {
		r.lateBrief = max(r.lateBrief, after)
	} else {
		r.late = max(r.late, after)
	}
}
