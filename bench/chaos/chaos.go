package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/cluster"
	"github.com/imgorigin/imgorigin/bench/rig"
)

// config says what one run does.
type config struct {
	exe, site string
	k6        string // "": no load by k6
	scripts   string
	length    time.Duration // while new faults begin
	rounds    int           // of all faults, at most; 0: as many as there is time for
	fault     time.Duration // of each
	quiet     time.Duration // after each
	seed      uint64
	rate      int // requests a second by k6
	only      string
	say       func(format string, args ...any)
}

const replicas = 3

// work is the room of the replica whose disk is filled.
const work = 24 << 20

// scene is one run while it goes on.
type scene struct {
	config
	cluster *cluster.Cluster
	ledger  *ledger
	record  *record
	clients []*client // one for each replica, and one for nginx
	random  *rand.Rand
	databaseDown
}

// chaos runs everything. The error says that it could not be run; what was found is in the tally.
func chaos(ctx context.Context, c config) (*tally, error) {
	only, err := regexp.Compile(c.only)
	if err != nil {
		return nil, err
	}
	c.say("starting PostgreSQL, an S3 server, %d replicas and nginx", replicas)
	found := newRecord()
	all, err := cluster.Start(ctx, cluster.Config{
		Exe: c.exe, Site: c.site, Replicas: replicas, Work: work, Args: []string{"--workers", "1"},
		OnEnd: func(n int, err error) { found.violation(died, "replica %d: %v", n+1, err) },
		OnLog: func(n int, line rig.LogLine) {
			foreign := line.Foreign != "" && !strings.HasPrefix(line.Foreign, "imgorigin: ") // why it could not start
			if foreign || strings.Contains(line.Message, "panicked") {
				found.violation(died, "replica %d: %s%s %v", n+1, line.Foreign, line.Message, line.Fields)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	defer all.Stop()
	s := &scene{config: c, cluster: all, ledger: newLedger(), record: found, random: rand.New(rand.NewPCG(c.seed, 0))}
	for _, r := range all.Replicas {
		s.clients = append(s.clients, newClient(s, r.Base, r))
	}
	s.clients = append(s.clients, newClient(s, all.Front, nil))
	if err := s.furnish(ctx); err != nil {
		return nil, err
	}
	load, err := s.startK6(ctx)
	if err != nil {
		return nil, err
	}
	clients := s.startWitnesses(ctx)
	s.makeFaults(ctx, only)
	clients()
	if err := load(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	t := &tally{config: c, record: s.record, ledger: s.ledger}
	s.verify(ctx, t)
	return t, nil
}

// startWitnesses begins to upload, read and delete through every replica and nginx, and returns what ends that.
func (s *scene) startWitnesses(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	run := func(every time.Duration, seed uint64, act func(context.Context, *rand.Rand)) {
		running.Go(func() {
			random := rand.New(rand.NewPCG(s.seed, seed))
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					act(ctx, random)
				}
			}
		})
	}
	running.Go(func() { s.renewTokens(ctx) })
	for n, c := range s.clients {
		at := uint64(n+1) << 8
		run(400*time.Millisecond, at+1, c.upload)
		run(80*time.Millisecond, at+2, c.readOriginal)
		run(120*time.Millisecond, at+3, c.readThumb)
		run(2*time.Second, at+4, c.deleteOne)
		if c.replica != nil { // what nginx keeps it may go on serving
			run(100*time.Millisecond, at+5, c.hit)
			run(250*time.Millisecond, at+6, c.readDeleted)
			run(200*time.Millisecond, at+7, c.readProtected)
			run(500*time.Millisecond, at+8, c.readAsGuest)
		}
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// makeFaults makes one after the other, in rounds of all of them, until the time is up.
func (s *scene) makeFaults(ctx context.Context, only *regexp.Regexp) {
	var deck []fault
	for _, f := range faults {
		if !only.MatchString(f.name) {
			continue
		}
		if reason := f.cannot(s); reason != nil {
			s.say("%s: left out: %v", f.name, reason)
			s.record.leftOut(f.name, reason)
			continue
		}
		deck = append(deck, f)
	}
	wait(ctx, s.quiet)
	begun := time.Now()
	for round := 0; len(deck) > 0 && (s.rounds == 0 || round < s.rounds); round++ {
		s.random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		for _, f := range deck {
			if ctx.Err() != nil || time.Since(begun) > s.length {
				return
			}
			what := f.prepare(s)
			s.say("%4.0f s: %s%s", time.Since(begun).Seconds(), f.name, what.says)
			at := s.record.begin(f.name)
			err := what.make(ctx)
			s.record.repaired(at, err)
			if err != nil {
				s.say("that fault could not be made: %v", err)
			}
			wait(ctx, s.quiet)
		}
	}
}

// wait sleeps, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// furnish makes the collections, and the two files that are there from the beginning to the end.
func (s *scene) furnish(ctx context.Context) error {
	for name, protected := range map[string]bool{opened: false, closed: true} {
		if err := s.clients[0].makeCollection(ctx, name, protected); err != nil {
			return err
		}
	}
	for _, c := range s.clients { // the others have not heard of the collections before
		if err := eventually(ctx, func() error { return c.renewToken(ctx) }); err != nil {
			return fmt.Errorf("a file token: %w", err)
		}
	}
	var err error
	if s.ledger.warm, err = s.clients[0].put(ctx, opened, newPicture(s.random)); err != nil {
		return err
	}
	if s.ledger.guarded, err = s.clients[0].put(ctx, closed, newPicture(s.random)); err != nil {
		return err
	}
	for range 4 {
		for _, c := range s.clients {
			if err := eventually(ctx, func() error { return c.seed(ctx) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventually tries until there is no error, half a minute at most.
func eventually(ctx context.Context, try func() error) (err error) {
	for range 150 {
		if err = try(); err == nil || ctx.Err() != nil {
			return err
		}
		wait(ctx, 200*time.Millisecond)
	}
	return err
}
