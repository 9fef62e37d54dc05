package server

import (
	"bufio"
	"io"
	"math"
	"net"
	"time"
)

// progress is how many bytes of an answer earn its reader the whole write time-out once more. A slow reader is kept as long
// as it takes that much in that time: 3.5 KB a second, with the five minutes of the default.
const progress = 1 << 20

// clock keeps the deadlines of one connection, for the goroutine that serves it. fasthttp sets three in every request, and
// each change of one is work for the runtime's timers. So what is set lies up to slack later than asked for, and counts
// for every deadline after it that it is not too late for.
type clock struct {
	slack           time.Duration
	writeTimeout    time.Duration
	readBy, writeBy time.Time // as set; zero: none
	left            int64     // bytes to be written until the write time-out begins anew
}

// slackOf is small beside every time-out of a connection, and no more than a second.
func slackOf(c Config) time.Duration {
	return min(time.Second, min(c.HeaderTimeout, c.BodyTimeout, c.WriteTimeout)/8)
}

// keep tells whether what is set will do for t, and what to set where it will not.
func (k *clock) keep(set *time.Time, t time.Time) bool {
	if ahead := set.Sub(t); ahead >= 0 && ahead <= k.slack && !t.IsZero() {
		return true
	}
	if *set = t; !t.IsZero() {
		*set = t.Add(k.slack)
	}
	return false
}

// SetReadDeadline is the connection's, up to slack late.
func (c *lingering) SetReadDeadline(t time.Time) error {
	if c.clock.keep(&c.clock.readBy, t) {
		return nil
	}
	return c.TCPConn.SetReadDeadline(c.clock.readBy)
}

// SetWriteDeadline is the connection's, up to slack late. It begins an answer.
func (c *lingering) SetWriteDeadline(t time.Time) error {
	c.clock.left = progress
	if c.clock.keep(&c.clock.writeBy, t) {
		return nil
	}
	return c.TCPConn.SetWriteDeadline(c.clock.writeBy)
}

// SetDeadline sets both.
func (c *lingering) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// piece is how much of n bytes may be written before advance has to be asked.
func (c *lingering) piece(n int64) int64 { return min(n, max(c.clock.left, 1)) }

// advance notes that n bytes were written, and gives the rest more time where they have earned it.
func (c *lingering) advance(n int64) error {
	if c.clock.left -= n; c.clock.left > 0 {
		return nil
	}
	return c.SetWriteDeadline(time.Now().Add(c.clock.writeTimeout))
}

// Write writes p, and the bytes from memory that wait for the header before them.
func (c *lingering) Write(p []byte) (n int, err error) {
	if len(c.tail) > 0 {
		return c.writeWithTail(p)
	}
	for {
		m, err := c.TCPConn.Write(p[n : n+int(c.piece(int64(len(p)-n)))])
		if n += m; err != nil {
			return n, err
		}
		if err := c.advance(int64(m)); err != nil || n == len(p) {
			return n, err
		}
	}
}

// writeWithTail writes p and the tail in one call of the system.
func (c *lingering) writeWithTail(p []byte) (n int, err error) {
	c.vector = append(c.room[:0], p, c.tail)
	c.tail = nil
	written, err := c.vector.WriteTo(c.TCPConn)
	clear(c.room[:])
	if err == nil {
		err = c.advance(written)
	}
	return int(min(written, int64(len(p)))), err
}

// ReadFrom writes what r has: by sendfile, where r is a file or a part of one.
func (c *lingering) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		limited = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	for limited.N > 0 {
		piece := io.LimitedReader{R: limited.R, N: c.piece(limited.N)}
		asked := piece.N
		m, err := c.TCPConn.ReadFrom(&piece)
		limited.N -= m
		if n += m; err != nil {
			return n, err
		}
		if err := c.advance(m); err != nil || m < asked {
			return n, err
		}
	}
	return n, nil
}

// memoryBody is a body from memory that leaves together with the header: fasthttp's own way is to fill its buffer with the
// header and the begin of the body, to write that, and then to write the rest.
type memoryBody struct {
	conn *lingering
	data []byte
}

// minMemoryBody is the length, in bytes, from which on a memoryBody is worth its while: less goes into fasthttp's buffer of
// 4 KiB, header and all.
const minMemoryBody = 3 << 10

// maxMemoryBody is the length that one write time-out is given for.
const maxMemoryBody = progress / 2

// memory answers with bytes that nobody changes.
func (r *Request) memory(data []byte) {
	c, ok := r.http.Conn().(*lingering)
	if !ok || len(data) < minMemoryBody || len(data) > maxMemoryBody {
		r.http.Response.SetBodyRaw(data)
		return
	}
	c.body = memoryBody{c, data}
	r.http.Response.SetBodyStream(&c.body, len(data))
}

// WriteTo is how fasthttp writes a body: w holds the header.
func (m *memoryBody) WriteTo(w io.Writer) (int64, error) {
	buffer, ok := w.(*bufio.Writer)
	if !ok || buffer.Buffered() == 0 {
		n, err := w.Write(m.data)
		return int64(n), err
	}
	m.conn.tail = m.data
	err := buffer.Flush()
	m.conn.tail = nil
	if err != nil {
		return 0, err
	}
	return int64(len(m.data)), nil
}

// Read is for whoever wants the body elsewhere than on its connection.
func (m *memoryBody) Read(p []byte) (int, error) {
	if len(m.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, m.data)
	m.data = m.data[n:]
	return n, nil
}

// Close lets go of the bytes: the connection outlives the answer.
func (m *memoryBody) Close() error {
	m.data = nil
	return nil
}

var _ interface {
	net.Conn
	io.ReaderFrom
} = (*lingering)(nil)
