package server

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// lingerTime is how long a client has to take an answer that came before the end of its request.
const lingerTime = time.Second

// lingeringListener accepts connections that can be closed without losing the answer just sent, and knows those that have
// not sent a byte: fasthttp takes them for busy and would let each of them hold up the end of the server.
type lingeringListener struct {
	net.Listener
	silent *silent
	config *Config
}

// Accept returns a *lingering where the connection can be closed in one direction, as TCP's can.
func (l lingeringListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		made := &lingering{TCPConn: tcp, silent: l.silent, clock: clock{slack: slackOf(*l.config), writeTimeout: l.config.WriteTimeout}}
		l.silent.add(made)
		return made, err
	}
	return c, err
}

// silent is the set of open connections that nothing was read from yet.
type silent struct {
	mu    sync.Mutex
	conns map[*lingering]struct{}
}

func (s *silent) add(c *lingering) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
}

func (s *silent) remove(c *lingering) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// close ends all of them, once nobody is accepting any more.
func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.TCPConn.Close()
	}
	clear(s.conns)
}

// lingering is a connection whose Close, where asked to, first lets the client read. A TCP connection that is closed
// while bytes are unread is reset, and a reset makes the client drop what it has received but not read: the
// answer that told it what was wrong with those bytes (RFC 9112 section 9.6).
type lingering struct {
	*net.TCPConn
	linger atomic.Bool
	silent *silent

	// Of the one goroutine that serves the connection. Close is called by others, too.
	spoken bool // something was read
	clock  clock
	body   memoryBody
	tail   []byte // to be written behind what is written next
	vector net.Buffers
	room   [2][]byte // of vector
}

// Read tells by its first byte that the client is there for more than the connection.
func (c *lingering) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 && !c.spoken {
		c.spoken = true
		c.silent.remove(c)
	}
	return n, err
}

// linger asks that the client may read the answer although there is more of its request to come.
func linger(ctx *fasthttp.RequestCtx) {
	if c, ok := ctx.Conn().(*lingering); ok {
		c.linger.Store(true)
	}
}

// Close ends the connection: our direction at once, and both once the client is through or lingerTime has passed.
func (c *lingering) Close() error {
	if c.linger.Swap(false) && c.CloseWrite() == nil && c.TCPConn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, c.TCPConn)
	}
	c.silent.remove(c)
	return c.TCPConn.Close()
}
