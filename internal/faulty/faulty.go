// Package faulty is a TCP proxy on the loopback interface that fails when it is told to.
//
// Its law: without a Fault every byte passes, and with one the failure is that of a real network: refused, reset, silent,
// slow, or an HTTP server in trouble. Listen begins, Set chooses the fault, Set(Fault{}) heals, Close ends everything
// that it began. Only tests and benchmarks import it.
package faulty

import (
	"net"
	"sync"
	"time"
)

// Fault says how connections fail. At most one of Refuse, Hang and Status counts, in this order; Rate and CutAfter may be
// combined. The zero Fault is none.
type Fault struct {
	Refuse   bool  // nobody listens
	Hang     bool  // connections are taken, and no byte passes until the next Set
	Status   int   // every HTTP request is answered with it, and the server behind hears nothing
	CutAfter int64 // bytes of answers after which a connection ends
	Rate     int64 // bytes per second that pass on each connection, in each direction
	// Times is how many connections Status or CutAfter befall before all is well by itself; 0: all of them.
	Times int
}

// cuts tells whether connections that are open must go for the fault to befall what comes next.
func (f Fault) cuts() bool { return f.Refuse || f.Status != 0 || f.CutAfter > 0 }

// Proxy passes connections on to one address. All methods are safe for concurrent use.
type Proxy struct {
	upstream string
	address  string
	running  sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	fault    Fault
	befell   int           // connections that Status or CutAfter were meant for
	changed  chan struct{} // closed by the next Set
	open     map[*link]struct{}
	closed   bool
	count    Stats
}

// Stats counts what befell connections.
type Stats struct {
	Connections int64 // taken
	Cut         int64 // ended after some bytes, or reset by Set or Cut
	Answered    int64 // requests answered with Fault.Status
}

// Listen starts a proxy for upstream, a HOST:PORT, on a free port of 127.0.0.1.
func Listen(upstream string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{upstream: upstream, address: l.Addr().String(), changed: make(chan struct{}), open: make(map[*link]struct{})}
	p.accept(l)
	return p, nil
}

// Address is the HOST:PORT to connect to. It stays the same through every fault.
func (p *Proxy) Address() string { return p.address }

// Set puts a fault in place of the one before. Refuse, Status and CutAfter reset the connections that are open; Hang, Rate
// and the zero Fault befall them as they are. The error is that of listening again after Refuse.
func (p *Proxy) Set(f Fault) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.befell = f, 0
	close(p.changed)
	p.changed = make(chan struct{})
	if f.cuts() {
		p.resetAll()
	}
	switch {
	case p.closed:
	case f.Refuse && p.listener != nil:
		_ = p.listener.Close()
		p.listener = nil
	case !f.Refuse && p.listener == nil:
		l, err := listenAgain(p.address)
		if err != nil {
			return err
		}
		p.accept(l)
	}
	return nil
}

// listenAgain takes the port back, which a connection from it may hold for a moment.
func listenAgain(address string) (l net.Listener, err error) {
	for range 100 {
		if l, err = net.Listen("tcp", address); err == nil {
			return l, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, err
}

// Cut resets the connections that are open, once; those that come pass as the fault has it.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resetAll()
}

func (p *Proxy) resetAll() {
	for l := range p.open {
		l.reset()
		p.count.Cut++
	}
}

// Stats returns the counters as they are now.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Close ends the proxy with all connections, and waits for that.
func (p *Proxy) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		if p.listener != nil {
			_ = p.listener.Close()
		}
		p.resetAll()
	}
	p.mu.Unlock()
	p.running.Wait()
	return nil
}

// accept takes connections of a listener until it is closed. It is called with mu held, or before anybody else knows p.
func (p *Proxy) accept(l net.Listener) {
	p.listener = l
	p.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.serve(c.(*net.TCPConn)) })
		}
	})
}

// admit makes a link of a connection, with the fault that befalls it.
func (p *Proxy) admit(c *net.TCPConn) (*link, Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &link{proxy: p, client: c, gone: make(chan struct{})}
	f := p.fault
	if p.closed || f.Refuse {
		l.reset()
		return l, f
	}
	if f.Times > 0 {
		if p.befell++; p.befell > f.Times {
			f.Status, f.CutAfter = 0, 0
		}
	}
	p.count.Connections++
	p.open[l] = struct{}{}
	return l, f
}

func (p *Proxy) drop(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, l)
}

// now is the fault, and what tells of the next one.
func (p *Proxy) now() (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed
}

func (p *Proxy) add(n *int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}
