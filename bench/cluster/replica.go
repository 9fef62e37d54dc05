package cluster

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// again is how long a supervisor waits before it starts a program that has ended, as systemd does with RestartSec=1.
const again = time.Second

// Replica is one program at one address with a supervisor, which starts it anew whenever it ends.
type Replica struct {
	Base string // http://127.0.0.1:PORT

	config     rig.Config
	onEnd      func(error)
	address    string
	supervised chan struct{} // closed when the supervisor has ended
	stop       context.CancelFunc

	mu     sync.Mutex
	now    *rig.Program // nil while it is down
	frozen bool
	life   int // counts what begins and ends a life: the same number twice, and it lived in between
	starts int
}

// startReplica starts the program and waits until it serves.
func startReplica(ctx context.Context, config rig.Config, onEnd func(error)) (*Replica, error) {
	r := &Replica{Base: "http://" + config.HTTP, config: config, onEnd: onEnd, address: config.HTTP, supervised: make(chan struct{})}
	p, err := rig.Launch(ctx, config)
	if err != nil {
		return nil, err
	}
	r.set(p)
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(r.supervised)
		r.supervise(ctx, p)
	}()
	return r, nil
}

// supervise starts the program again whenever it has ended, until ctx does.
func (r *Replica) supervise(ctx context.Context, p *rig.Program) {
	for {
		if p != nil {
			select {
			case <-p.Ended():
				if r.Program() == p { // Kill says otherwise before it kills
					r.onEnd(p.Alive())
				}
				r.set(nil)
			case <-ctx.Done():
				p.Kill()
				return
			}
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return
		}
		var err error
		if p, err = rig.Launch(ctx, r.config); err == nil { // what fails to start is tried again
			r.set(p)
		} else {
			p = nil
		}
	}
}

func (r *Replica) set(p *rig.Program) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.frozen = p, false
	r.life++
	if p != nil {
		r.starts++
	}
}

// Program is the one that runs now; nil: none does.
func (r *Replica) Program() *rig.Program {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Life identifies the program that runs now, and up tells whether one does. Being frozen ends a life.
func (r *Replica) Life() (life int, up bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.life, r.now != nil && !r.frozen
}

// Starts is how often the program has begun to serve.
func (r *Replica) Starts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.starts
}

// Kill ends the program with SIGKILL, and leaves it to the supervisor to start it again. From the moment that it is called the
// replica counts as down.
func (r *Replica) Kill() {
	r.mu.Lock()
	p := r.now
	r.now = nil
	r.life++
	r.mu.Unlock()
	if p != nil {
		p.Kill()
	}
}

// Freeze stops the program where it is, until Thaw.
func (r *Replica) Freeze() error { return r.freeze(syscall.SIGSTOP, true) }

// Thaw lets a frozen program go on.
func (r *Replica) Thaw() error { return r.freeze(syscall.SIGCONT, false) }

func (r *Replica) freeze(s syscall.Signal, frozen bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now == nil {
		return rig.ErrEnded
	}
	r.frozen = frozen
	r.life++
	return syscall.Kill(r.now.PID, s)
}

// Stop ends the supervisor and its program. It is called once.
func (r *Replica) Stop() {
	r.stop()
	<-r.supervised
}

// freeAddress is HOST:PORT with a port that was free a moment ago: a replica has its own for all its lives.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
