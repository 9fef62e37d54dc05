package server

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"math"
	"strconv"
)

// maxRanges is how many ranges one request may ask for. More, or ranges that overlap, let a short request make a long
// answer: RFC 9110 section 14.2 allows to ignore them, and the whole is sent.
const maxRanges = 16

// Range is a part of a representation: Length bytes, at least one, from Start on.
type Range struct {
	Start, Length int64
}

// Ranges are the parts that a request asks for and that there are, in its order; no two overlap.
type Ranges struct {
	list [maxRanges]Range
	n    int
}

// Len is the number of parts. With none of them the answer is 416, with one 206, with more 206 multipart/byteranges.
func (r *Ranges) Len() int { return r.n }

// All returns the parts.
func (r *Ranges) All() []Range { return r.list[:r.n] }

// ParseRange reads a Range field (RFC 9110 section 14.1) for a representation of size bytes. Not ok: the field is to be
// ignored, and the whole sent with 200, because it is absent, of another unit than bytes, malformed, or asks for too much.
//
// Parts that begin beyond the end are dropped. Of a representation of no bytes there is no part, though section 14.1.2
// calls a suffix of it satisfiable: no Content-Range can name it.
func ParseRange(header []byte, size int64) (r Ranges, ok bool) {
	const unit = "bytes="
	header = trimSpace(header)
	if len(header) < len(unit) || !bytes.EqualFold(header[:len(unit)], []byte(unit)) {
		return Ranges{}, false
	}
	asked := 0
	for rest, more := header[len(unit):], true; more; {
		var spec []byte
		spec, rest, more = bytes.Cut(rest, []byte(","))
		if spec = trimSpace(spec); len(spec) == 0 {
			continue // empty elements are to be taken (section 5.6.1.2)
		}
		part, valid := parseSpec(spec, size)
		if asked++; !valid || asked > maxRanges || r.overlaps(part) {
			return Ranges{}, false
		}
		if part.Length > 0 {
			r.list[r.n] = part
			r.n++
		}
	}
	return r, asked > 0
}

// parseSpec reads one int-range or suffix-range. A part that there is not has length 0.
func parseSpec(spec []byte, size int64) (part Range, valid bool) {
	first, last, hyphen := bytes.Cut(spec, []byte("-"))
	if !hyphen {
		return Range{}, false
	}
	if len(first) == 0 {
		length, ok := position(last)
		length = min(length, size)
		return Range{size - length, length}, ok
	}
	start, ok := position(first)
	if !ok {
		return Range{}, false
	}
	end := int64(math.MaxInt64)
	if len(last) > 0 {
		if end, ok = position(last); !ok || end < start || end == start && below(last, first) {
			return Range{}, false
		}
	}
	if start >= size {
		return Range{}, true
	}
	return Range{start, min(end, size-1) - start + 1}, true
}

// position is the value of one or more digits; what int64 cannot hold is its greatest value, which no size exceeds.
func position(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if d := int64(c - '0'); n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64 // and stays so, whatever digits follow
		} else {
			n = n*10 + d
		}
	}
	return n, len(digits) > 0
}

// below compares digits of any length by value.
func below(a, b []byte) bool {
	a, b = bytes.TrimLeft(a, "0"), bytes.TrimLeft(b, "0")
	return len(a) < len(b) || len(a) == len(b) && bytes.Compare(a, b) < 0
}

func (r *Ranges) overlaps(part Range) bool {
	for _, other := range r.All() {
		if part.Length > 0 && part.Start < other.Start+other.Length && other.Start < part.Start+part.Length {
			return true
		}
	}
	return false
}

// AppendContentRange appends the Content-Range of a part of size bytes (RFC 9110 section 14.4).
func (r Range) AppendContentRange(dst []byte, size int64) []byte {
	dst = strconv.AppendInt(append(dst, "bytes "...), r.Start, 10)
	dst = strconv.AppendInt(append(dst, '-'), r.Start+r.Length-1, 10)
	return strconv.AppendInt(append(dst, '/'), size, 10)
}

// AppendUnsatisfied appends the Content-Range of a 416 (RFC 9110 section 15.5.17).
func AppendUnsatisfied(dst []byte, size int64) []byte {
	return strconv.AppendInt(append(dst, "bytes */"...), size, 10)
}

// Opener opens n bytes of a representation from offset on.
type Opener func(offset, n int64) (io.ReadCloser, error)

// Multipart is the body of a 206 with several parts (RFC 9110 section 14.6). It opens each part when its turn comes, and
// has at most one open. It is read, or written by WriteTo, once, and by one goroutine.
type Multipart struct {
	ranges   Ranges
	boundary string
	frames   [maxRanges + 1][]byte // what precedes each part, and what follows the last
	open     Opener

	next int    // the part whose turn it is
	head []byte // what is left of frames[next]
	part io.ReadCloser
	left int64 // of part
}

// NewMultipart prepares the body for parts of a representation of size bytes, each of which is said to be of the
// content type.
func NewMultipart(ranges Ranges, contentType string, size int64, open Opener) *Multipart {
	// 130 random bits: no part holds the boundary, whoever chose its bytes.
	m := &Multipart{ranges: ranges, boundary: rand.Text(), open: open}
	for i, r := range ranges.All() {
		var b []byte
		if i > 0 {
			b = append(b, "\r\n"...) // belongs to the boundary (RFC 2046 section 5.1.1)
		}
		b = append(append(b, "--"...), m.boundary...)
		b = append(append(b, "\r\nContent-Type: "...), contentType...)
		b = r.AppendContentRange(append(b, "\r\nContent-Range: "...), size)
		m.frames[i] = append(b, "\r\n\r\n"...)
	}
	m.frames[ranges.Len()] = []byte("\r\n--" + m.boundary + "--\r\n")
	m.head = m.frames[0]
	return m
}

// ContentType is the Content-Type of the answer.
func (m *Multipart) ContentType() string { return "multipart/byteranges; boundary=" + m.boundary }

// Offset is where in the body the bytes of a part begin.
func (m *Multipart) Offset(part int) (offset int64) {
	for i, r := range m.ranges.list[:part] {
		offset += int64(len(m.frames[i])) + r.Length
	}
	return offset + int64(len(m.frames[part]))
}

// Length is the Content-Length of the answer: what follows the last part is, by its frame, one more of no bytes.
func (m *Multipart) Length() int64 { return m.Offset(m.ranges.Len()) }

var errPartTooLong = errors.New("multipart: a part is longer than asked for")

// turn comes to where there are bytes to be passed on, of a frame or of a part: io.EOF once there are no more.
func (m *Multipart) turn() error {
	for len(m.head) == 0 && m.left == 0 {
		if m.part != nil {
			_ = m.Close()
			m.next++
			m.head = m.frames[m.next]
			continue
		}
		if m.next == m.ranges.Len() {
			return io.EOF
		}
		r := m.ranges.list[m.next]
		part, err := m.open(r.Start, r.Length)
		if err != nil {
			return err
		}
		m.part, m.left = part, r.Length
	}
	return nil
}

// Read passes the body on. A part that ends early is io.ErrUnexpectedEOF: Length was promised.
func (m *Multipart) Read(p []byte) (n int, err error) {
	if err := m.turn(); err != nil {
		return 0, err
	}
	if len(m.head) > 0 {
		n = copy(p, m.head)
		m.head = m.head[n:]
		return n, nil
	}
	n, err = m.part.Read(p[:min(int64(len(p)), m.left)])
	if m.left -= int64(n); err == io.EOF {
		err = nil
		if m.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// WriteTo is Read to the end, and lets a part write itself where it can: a file by sendfile.
func (m *Multipart) WriteTo(w io.Writer) (written int64, err error) {
	for {
		switch err := m.turn(); {
		case err == io.EOF:
			return written, nil
		case err != nil:
			return written, err
		case len(m.head) > 0:
			n, err := w.Write(m.head)
			m.head = m.head[n:]
			if written += int64(n); err != nil {
				return written, err
			}
			continue
		}
		n, err := io.Copy(w, m.part)
		m.left -= n
		switch written += n; {
		case err != nil:
			return written, err
		case m.left > 0:
			return written, io.ErrUnexpectedEOF
		case m.left < 0:
			return written, errPartTooLong
		}
	}
}

// Close closes the part that is open, if any.
func (m *Multipart) Close() (err error) {
	if m.part != nil {
		err = m.part.Close()
		m.part = nil
	}
	return err
}
