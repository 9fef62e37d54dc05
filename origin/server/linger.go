package server

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// lingerTime is how long a client has to take an answer that came before the end of its request.
const lingerTime = time.Second

// lingeringListener accepts connections that can be closed without losing the answer just sent.
type lingeringListener struct{ net.Listener }

// Accept returns a *lingering where the connection can be closed in one direction, as TCP's can.
func (l lingeringListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &lingering{TCPConn: tcp}, err
	}
	return c, err
}

// lingering is a connection whose Close, where asked to, first lets the client read. A TCP connection that is closed
// while bytes are unread is reset, and a reset makes the client drop what it has received but not read: the
// answer that told it what was wrong with those bytes (RFC 9112 section 9.6).
type lingering struct {
	*net.TCPConn
	linger atomic.Bool
}

// linger asks that the client may read the answer although there is more of its request to come.
func linger(ctx *fasthttp.RequestCtx) {
	if c, ok := ctx.Conn().(*lingering); ok {
		c.linger.Store(true)
	}
}

// Close ends the connection: our direction at once, and both once the client is through or lingerTime has passed.
func (c *lingering) Close() error {
	if c.linger.Swap(false) && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.Copy(io.Discard, c.TCPConn)
	}
	return c.TCPConn.Close()
}
