package faulty

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// link is a client's connection with, most often, one to the server behind.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	gone   chan struct{} // closed by reset
	once   sync.Once

	mu     sync.Mutex
	server *net.TCPConn
	ended  bool
}

// reset ends both connections by a reset, and whoever waits on the link.
func (l *link) reset() { l.end(abort) }

// cut ends both connections, and the client has what was passed to it: a reset might take it back.
func (l *link) cut() { l.end(func(c *net.TCPConn) { _ = c.Close() }) }

func (l *link) end(client func(*net.TCPConn)) {
	l.once.Do(func() {
		close(l.gone)
		client(l.client)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
		if l.server != nil {
			abort(l.server)
		}
	})
}

// abort closes with a reset rather than an orderly end.
func abort(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// connect reaches the server behind, unless the link was reset meanwhile.
func (l *link) connect(server *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		abort(server)
		return false
	}
	l.server = server
	return true
}

func (p *Proxy) serve(c *net.TCPConn) {
	l, fault := p.admit(c)
	defer p.drop(l)
	if fault.Status != 0 {
		l.answer(fault.Status)
		return
	}
	server, err := net.DialTimeout("tcp", p.upstream, 10*time.Second)
	if err != nil || !l.connect(server.(*net.TCPConn)) {
		l.reset()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.pump(l.server, l.client, 0) })
	both.Go(func() { l.pump(l.client, l.server, fault.CutAfter) })
	both.Wait()
	_, _ = l.client.Close(), l.server.Close()
}

// answer takes one request and refuses it as a server in trouble does.
func (l *link) answer(status int) {
	_ = l.client.SetDeadline(time.Now().Add(10 * time.Second))
	defer l.client.Close()
	req, err := http.ReadRequest(bufio.NewReader(l.client))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, req.Body) // a body left unread would reset the answer
	_, err = fmt.Fprintf(l.client, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status, http.StatusText(status))
	if err == nil {
		l.proxy.add(&l.proxy.count.Answered)
	}
}

// pump copies one direction, as the fault of the moment has it. Where cutAfter is above 0, the link is cut after so many bytes.
func (l *link) pump(to, from *net.TCPConn, cutAfter int64) {
	piece := make([]byte, 32<<10)
	for passed := int64(0); ; {
		fault, _ := l.proxy.now()
		limit := int64(len(piece))
		if fault.Rate > 0 {
			limit = min(limit, max(fault.Rate/20, 1))
		}
		if cutAfter > 0 {
			limit = min(limit, cutAfter-passed)
		}
		n, err := from.Read(piece[:limit])
		if n > 0 && l.held(int64(n)) {
			_, writeErr := to.Write(piece[:n])
			if passed += int64(n); writeErr != nil {
				err = writeErr
			}
		}
		if cutAfter > 0 && passed >= cutAfter {
			l.proxy.add(&l.proxy.count.Cut)
			l.cut()
			return
		}
		if err == io.EOF {
			_ = to.CloseWrite()
			return
		}
		if err != nil {
			l.reset()
			return
		}
	}
}

// held returns when n bytes may pass; false where the link has been reset.
func (l *link) held(n int64) bool {
	for {
		fault, changed := l.proxy.now()
		var wait <-chan time.Time
		switch {
		case fault.Hang:
		case fault.Rate > 0:
			wait = time.After(time.Duration(n) * time.Second / time.Duration(fault.Rate))
		default:
			return true
		}
		select {
		case <-l.gone:
			return false
		case <-wait:
			return true
		case <-changed:
		}
	}
}
