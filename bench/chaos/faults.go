package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/imgorigin/imgorigin/internal/faulty"
)

// fault is one way in which parts fail.
type fault struct {
	name   string
	cannot func(*scene) error // why it cannot be made here
	// prepare chooses by the scene's random numbers, so that the same seed makes the same faults, however long they take.
	prepare func(*scene) action
}

// action makes one fault, waits, and returns when it is repaired.
type action struct {
	says string // what was chosen
	make func(context.Context) error
}

func always(*scene) error { return nil }

var faults = []fault{
	{"a replica is killed", always, killReplicas(1)},
	{"two replicas of three are killed", always, killReplicas(2)},
	{"a replica is frozen", always, freeze},
	{"PostgreSQL crashes and restarts at once", always, crashDatabase(false)},
	{"PostgreSQL crashes and stays away", always, crashDatabase(true)},
	{"the store refuses connections", always, failStore(faulty.Fault{Refuse: true})},
	{"the store answers 503", always, failStore(faulty.Fault{Status: 503})},
	{"the store does not answer", always, failStore(faulty.Fault{Hang: true})},
	{"the store cuts answers short", always, failStore(faulty.Fault{CutAfter: 2000})},
	{"the store is slow, 20 kB/s", always, failStore(faulty.Fault{Rate: 20_000})},
	{"the disk of a replica is full", needsSmallDisk, fillDisk},
	{"PostgreSQL and a replica at once", always, databaseAndReplica},
}

// restart bounds the wait for a killed replica to serve again.
const restart = time.Minute

// killReplicas kills so many and waits until their supervisors have them serve again.
func killReplicas(n int) func(*scene) action {
	return func(s *scene) action {
		chosen := s.random.Perm(replicas)[:n]
		return action{fmt.Sprint(", number ", numbers(chosen)), func(ctx context.Context) error {
			return errors.Join(s.killed(ctx, chosen)...)
		}}
	}
}

func (s *scene) killed(ctx context.Context, chosen []int) (errs []error) {
	var starts [replicas]int
	for _, n := range chosen {
		starts[n] = s.cluster.Replicas[n].Starts()
		s.cluster.Replicas[n].Kill()
	}
	for _, n := range chosen {
		r := s.cluster.Replicas[n]
		for deadline := time.Now().Add(restart); r.Starts() == starts[n]; wait(ctx, 20*time.Millisecond) {
			if ctx.Err() != nil {
				return nil
			}
			if time.Now().After(deadline) {
				s.record.violation(stuck, "replica %d does not start again", n+1)
				return []error{errors.New("it did not start again")}
			}
		}
	}
	return nil
}

// numbers are as people count.
func numbers(chosen []int) (list []int) {
	for _, n := range chosen {
		list = append(list, n+1)
	}
	return list
}

// databaseLag is how long after a crash a replica may still count as connected: a lease lasts a second.
const databaseLag = 3 * time.Second

// databaseDown is when PostgreSQL was last crashed, in nanoseconds; 0 while it runs.
type databaseDown struct{ since atomic.Int64 }

func (d *databaseDown) databaseAway() bool {
	at := d.since.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > databaseLag
}

// crashDatabase ends PostgreSQL as pg_ctl stop -m immediate does, and starts it at once or after a while.
func crashDatabase(stays bool) func(*scene) action {
	return func(s *scene) action {
		return action{"", func(ctx context.Context) error { return s.crashed(ctx, stays) }}
	}
}

func (s *scene) crashed(ctx context.Context, stays bool) error {
	s.cluster.Database.Crash()
	if stays {
		s.since.Store(time.Now().UnixNano())
		wait(ctx, s.fault)
		s.since.Store(0)
	}
	return s.cluster.Database.Restart()
}

// databaseAndReplica kills a replica while PostgreSQL is away, so that it cannot start before that is back.
func databaseAndReplica(s *scene) action {
	chosen := s.random.Perm(replicas)[:1]
	return action{fmt.Sprint(", number ", numbers(chosen)), func(ctx context.Context) error {
		ended := make(chan []error, 1)
		go func() {
			wait(ctx, s.fault/4)
			ended <- s.killed(ctx, chosen)
		}()
		err := s.crashed(ctx, true)
		return errors.Join(append(<-ended, err)...)
	}}
}

// failStore has the proxy before the store fail for a while.
func failStore(f faulty.Fault) func(*scene) action {
	return func(s *scene) action {
		return action{"", func(ctx context.Context) error {
			err := s.cluster.Store.Proxy.Set(f)
			wait(ctx, s.fault)
			return errors.Join(err, s.cluster.Store.Proxy.Set(faulty.Fault{}))
		}}
	}
}

// freeze stops a program where it is, deletes a protected file meanwhile that it remembers, and lets it go on with reads of
// that file waiting.
func freeze(s *scene) action {
	two := s.random.Perm(replicas)[:2]
	picture := newPicture(s.random)
	return action{fmt.Sprint(", number ", numbers(two[:1])), func(ctx context.Context) error {
		frozen, other := s.clients[two[0]], s.clients[two[1]]
		f, err := other.put(ctx, closed, picture)
		if err != nil {
			return err
		}
		path := f.path + "?token=" + other.token.Load().text
		if err := eventually(ctx, func() error {
			r := frozen.ask(ctx, "GET", path, "", "", nil)
			if !r.ok() {
				return fmt.Errorf("status %d, %w", r.status, r.err)
			}
			return nil
		}); err != nil {
			return err
		}
		if err := frozen.replica.Freeze(); err != nil {
			return err
		}
		r := other.ask(ctx, "DELETE", f.record, s.cluster.Token, "", nil)
		wait(ctx, max(s.fault, databaseLag))
		if r.status != 204 {
			return errors.Join(frozen.replica.Thaw(), fmt.Errorf("deleting beside a frozen replica: status %d, %v", r.status, r.err))
		}
		return frozen.afterFreeze(ctx, path, frozen.replica.Thaw)
	}}
}

func needsSmallDisk(s *scene) error {
	if s.cluster.Small == "" {
		return s.cluster.NoSmall
	}
	return nil
}

// fillDisk leaves no room where the last replica keeps uploads under way.
func fillDisk(s *scene) action {
	return action{fmt.Sprintf(", of number %d", replicas), func(ctx context.Context) error {
		name := filepath.Join(s.cluster.Small, "filler")
		err := fill(name)
		wait(ctx, s.fault)
		return errors.Join(err, os.Remove(name))
	}}
}

// fill writes until there is no room.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; { // smaller and smaller, to the last byte
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			return err
		}
	}
	return nil
}
