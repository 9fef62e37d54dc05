package transform

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// ErrBusy means that the queue was full: refused at once, without waiting.
var ErrBusy = errors.New("transform: too much work is waiting")

// ErrWaitedTooLong means that AdmissionConfig.MaxWait passed in the queue.
var ErrWaitedTooLong = errors.New("transform: waited too long for a turn")

// ErrClosed means that the gate was closed before or while waiting.
var ErrClosed = errors.New("transform: closed")

// maxCost caps a cost so that the virtual clock of a gate cannot overflow: it
// would take 8 million jobs of 12 CPU days each.
const maxCost = 1 << 40

// AdmissionConfig says how much work may run, and how much may wait.
type AdmissionConfig struct {
	// Slots is how many jobs may run at once, at least 1.
	Slots int
	// Capacity is how much cost may run at once, at least 1, in the unit of Cost:
	// microseconds of CPU.
	Capacity int64
	// Memory is how many bytes may be held at once by what Memory estimates; 0 is no bound.
	// It keeps pictures that are decoded in whole from running side by side, however
	// little time they take.
	Memory int64
	// MaxQueue is how many jobs may wait; 0 means that none waits.
	MaxQueue int
	// MaxWait is how long a job may wait, above 0.
	MaxWait time.Duration
	// Patience is how much cheaper work may overtake a waiting job, in multiples
	// of the job's own cost, 0 (first come, first served) to 1000.
	Patience int
}

// DefaultAdmissionConfig returns one slot per core, a capacity of half a second
// of CPU per slot (a baseline JPEG of 50 megapixels), 64 MiB per slot (a
// progressive JPEG of 20), 256 waiting jobs for at most 10 seconds, and a patience
// of 8.
func DefaultAdmissionConfig() AdmissionConfig {
	slots := runtime.GOMAXPROCS(0)
	return AdmissionConfig{
		Slots:    slots,
		Capacity: int64(slots) * 500_000,
		Memory:   int64(slots) * 64 << 20,
		MaxQueue: 256,
		MaxWait:  10 * time.Second,
		Patience: 8,
	}
}

// Validate returns an error that wraps ErrOptions and names the first setting
// outside its range.
func (c AdmissionConfig) Validate() error {
	switch {
	case c.Slots < 1:
		return fmt.Errorf("%w: slots is %d, must be at least 1", ErrOptions, c.Slots)
	case c.Capacity < 1:
		return fmt.Errorf("%w: capacity is %d, must be at least 1", ErrOptions, c.Capacity)
	case c.Memory < 0:
		return fmt.Errorf("%w: memory is %d, must be at least 0", ErrOptions, c.Memory)
	case c.MaxQueue < 0:
		return fmt.Errorf("%w: queue length is %d, must be at least 0", ErrOptions, c.MaxQueue)
	case c.MaxWait <= 0:
		return fmt.Errorf("%w: longest wait is %s, must be above 0", ErrOptions, c.MaxWait)
	case c.Patience < 0 || c.Patience > 1000:
		return fmt.Errorf("%w: patience is %d, must be 0 to 1000", ErrOptions, c.Patience)
	}
	return nil
}

// AdmissionStats is a snapshot of a gate's counters.
type AdmissionStats struct {
	InFlight      int   // jobs running
	InFlightCost  int64 // their cost
	InFlightBytes int64 // their memory
	Queued        int   // jobs waiting

	Admitted  uint64 // jobs that were given a turn
	Refused   uint64 // answered ErrBusy
	TimedOut  uint64 // answered ErrWaitedTooLong
	Abandoned uint64 // whose context ended while waiting

	Waited time.Duration // total time that all jobs spent in the queue
}

// Admission is a gate that bounds work in flight by number, cost and memory, and lets
// cheap work go first without starving the rest. It owns no goroutine.
//
// The order of the queue needs no clock. The gate's virtual time is the cost that
// it has accepted so far, and a job's rank is the virtual time of its arrival plus
// Patience times its cost: the lowest rank goes next. A later job goes first only
// while all that came after the earlier one, itself included, costs less than
// Patience times the difference of their costs; so what overtakes a job is less
// than Patience times its cost, however long the stream of cheap work is. The head
// of the queue is never passed by a job of higher rank that happens to fit: that
// would starve large jobs by another door.
type Admission struct {
	cfg AdmissionConfig

	mu       sync.Mutex
	closed   bool
	queue    waitHeap
	accepted int64 // cost accepted so far: the virtual time that ranks are taken from
	arrivals uint64
	stats    AdmissionStats
}

// job is what one asks of the machine.
type job struct {
	cost  int64 // 1 to maxCost
	bytes int64 // 0 to maxCost
}

// waiter is one job in the queue. Its fields belong to Admission.mu; granted is
// closed after err is set, so that the waiting goroutine may read err without it.
type waiter struct {
	job
	rank    int64
	arrival uint64 // breaks ties of rank: first come, first served
	index   int    // in the heap, -1 outside
	granted chan struct{}
	err     error
}

// NewAdmission returns an open gate, or the error of cfg.Validate.
func NewAdmission(cfg AdmissionConfig) (*Admission, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Admission{cfg: cfg}, nil
}

// Acquire waits for a turn for a job of the given cost (see Cost; below 1 counts
// as 1). On success the caller runs the job and then calls release, once or more
// often. A job that alone exceeds a bound is admitted when nothing else runs.
//
// It fails with ErrBusy at once when the queue is full, with ErrWaitedTooLong
// after MaxWait, with ErrClosed, or with an error that wraps ctx's when the
// context ends first; a job whose context has ended is never started.
func (a *Admission) Acquire(ctx context.Context, cost int64) (release func(), err error) {
	t, err := a.Admit(ctx, cost, 0)
	if err != nil {
		return nil, err
	}
	return t.End, nil
}

// Admit is Acquire for a job that also takes memory, of so many bytes (see Memory; below
// 0 counts as 0), and that may turn out to need more while it waits.
func (a *Admission) Admit(ctx context.Context, cost, bytes int64) (*Turn, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("transform: not admitted: %w", err)
	}
	j := job{min(max(cost, 1), maxCost), min(max(bytes, 0), maxCost)}
	w, err := a.enter(j)
	if err != nil {
		return nil, err
	}
	if w != nil {
		if err := a.wait(ctx, w); err != nil {
			return nil, err
		}
	}
	return &Turn{gate: a, job: j}, nil
}

// Turn is a job's leave to run. Its methods are safe for concurrent use.
type Turn struct {
	gate  *Admission
	job   // counted as running; this and ended are guarded by gate.mu
	ended bool
}

// Grow counts a job that costs more, or takes more bytes, than it was admitted for, from
// now on. It never waits, so that what runs may exceed the bounds by it; what comes next
// waits. Less than 1 of either changes nothing.
func (t *Turn) Grow(cost, bytes int64) {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	if t.ended {
		return
	}
	cost, bytes = max(min(cost, maxCost-t.cost), 0), max(min(bytes, maxCost-t.bytes), 0)
	t.cost += cost
	t.bytes += bytes
	t.gate.stats.InFlightCost += cost
	t.gate.stats.InFlightBytes += bytes
	t.gate.accepted += cost
}

// End gives the turn back. Calls after the first do nothing.
func (t *Turn) End() {
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	if !t.ended {
		t.ended = true
		t.gate.finish(t.job)
	}
}

// enter admits the job at once (nil, nil), queues it, or refuses it. A job that
// would become the head of the queue may start without ever waiting.
func (a *Admission) enter(j job) (*waiter, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrClosed
	}
	accepted := a.accepted + j.cost
	rank := accepted + int64(a.cfg.Patience)*j.cost
	switch first := len(a.queue) == 0 || rank < a.queue[0].rank; {
	case first && a.fits(j):
		a.accepted = accepted
		a.start(j)
		return nil, nil
	case len(a.queue) >= a.cfg.MaxQueue:
		a.stats.Refused++
		return nil, ErrBusy
	}
	a.accepted = accepted
	a.arrivals++
	w := &waiter{job: j, rank: rank, arrival: a.arrivals, granted: make(chan struct{})}
	heap.Push(&a.queue, w)
	return w, nil
}

// wait returns when w is admitted (nil) or has left the queue (the reason).
func (a *Admission) wait(ctx context.Context, w *waiter) error {
	began := time.Now()
	timer := time.NewTimer(a.cfg.MaxWait)
	defer timer.Stop()
	var cause error
	select {
	case <-w.granted:
	case <-timer.C:
		cause = ErrWaitedTooLong
	case <-ctx.Done():
		cause = fmt.Errorf("transform: not admitted: %w", ctx.Err())
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	a.stats.Waited += time.Since(began)
	switch {
	case w.index >= 0: // still queued, so cause is set
		heap.Remove(&a.queue, w.index)
		a.count(cause)
		a.dispatch() // w may have been the head that held the others back
		return cause
	case w.err != nil: // closed
		return w.err
	case ctx.Err() != nil: // admitted for nobody: the turn goes to the next
		a.finish(w.job)
		a.stats.Admitted--
		a.stats.Abandoned++
		return fmt.Errorf("transform: not admitted: %w", ctx.Err())
	}
	return nil // admitted, if only in the moment that its time ran out
}

func (a *Admission) count(cause error) {
	if cause == ErrWaitedTooLong {
		a.stats.TimedOut++
	} else {
		a.stats.Abandoned++
	}
}

// fits reports whether a job may start now.
func (a *Admission) fits(j job) bool {
	s := &a.stats
	return s.InFlight == 0 ||
		s.InFlight < a.cfg.Slots && s.InFlightCost+j.cost <= a.cfg.Capacity &&
			(a.cfg.Memory == 0 || s.InFlightBytes+j.bytes <= a.cfg.Memory)
}

func (a *Admission) start(j job) {
	a.stats.InFlight++
	a.stats.InFlightCost += j.cost
	a.stats.InFlightBytes += j.bytes
	a.stats.Admitted++
}

func (a *Admission) finish(j job) {
	a.stats.InFlight--
	a.stats.InFlightCost -= j.cost
	a.stats.InFlightBytes -= j.bytes
	a.dispatch()
}

// dispatch admits from the head of the queue for as long as the head fits.
func (a *Admission) dispatch() {
	for len(a.queue) > 0 && a.fits(a.queue[0].job) {
		w := heap.Pop(&a.queue).(*waiter)
		a.start(w.job)
		close(w.granted)
	}
}

// Close refuses all further jobs and fails those that wait with ErrClosed. Jobs
// that run belong to their callers; Close does not wait for them.
func (a *Admission) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for len(a.queue) > 0 {
		w := heap.Pop(&a.queue).(*waiter)
		w.err = ErrClosed
		close(w.granted)
	}
}

// Stats returns a consistent snapshot.
func (a *Admission) Stats() AdmissionStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	s.Queued = len(a.queue)
	return s
}

// waitHeap orders waiters by rank, then by arrival (container/heap).
type waitHeap []*waiter

func (h waitHeap) Len() int { return len(h) }

func (h waitHeap) Less(i, j int) bool {
	if h[i].rank != h[j].rank {
		return h[i].rank < h[j].rank
	}
	return h[i].arrival < h[j].arrival
}

func (h waitHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *waitHeap) Push(x any) {
	w := x.(*waiter)
	w.index = len(*h)
	*h = append(*h, w)
}

func (h *waitHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	w.index = -1
	return w
}
