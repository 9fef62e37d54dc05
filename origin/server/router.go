package server

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/imgorigin/imgorigin/internal/intern"
)

// Handler answers one request. An error it returns is worded by the ErrorWriter of the mount it belongs to.
type Handler func(r *Request) error

// ErrorWriter writes an error in a dialect's own form, on an answer that is blank again. It must answer whatever the error.
type ErrorWriter func(r *Request, err error)

// Bounds of a path: no dialect's routes are deeper, and a longer path matches nothing but "{parameter...}".
const (
	maxSegments = 16
	maxParams   = 8
)

// Router finds handlers by method and path. A path is split at its "/" before anything is decoded, so that %2F is
// a part of a segment and never parts one; a literal segment goes before a parameter. Routes are added before the first
// request and not changed afterwards.
type Router struct {
	root     node
	hosts    map[string]*node // routes of one host each, which go before those of all
	fallback mounted
	limits   []func() int64 // of bodies, in bytes
}

// node is one segment's place in the tree of routes.
type node struct {
	literals map[string]*node
	param    *node
	rest     *node // takes all segments that are left
	methods  map[string]mounted
}

// mounted is a handler with the words for its errors.
type mounted struct {
	handle Handler
	fail   ErrorWriter
}

// Mount is one dialect's hold on a Router.
type Mount struct {
	router *Router
	root   *node
	prefix string
	fail   ErrorWriter
}

// Mount returns a hold under a prefix, "" or "/like/this", whose errors are written by fail.
func (t *Router) Mount(prefix string, fail ErrorWriter) *Mount {
	return &Mount{t, &t.root, strings.TrimSuffix(prefix, "/"), fail}
}

// Handle adds a route. A pattern's segments are literal or "{parameter}"; parameters match any non-empty segment and are
// read by position. The last one may be "{parameter...}", which matches all that is left of a path, slashes included. It panics on a route that is there already or that no path could match, which are a programmer's
// mistakes, seen at the start.
func (m *Mount) Handle(method, pattern string, h Handler) {
	segments := strings.Split(strings.TrimPrefix(m.prefix+pattern, "/"), "/")
	if len(segments) > maxSegments || strings.Count(pattern, "{") > maxParams {
		panic(fmt.Sprintf("server: too many segments in %s %s%s", method, m.prefix, pattern))
	}
	n := m.root
	for _, segment := range segments {
		n = n.child(segment)
	}
	if n.methods == nil {
		n.methods = make(map[string]mounted)
	}
	if _, taken := n.methods[method]; taken {
		panic(fmt.Sprintf("server: two handlers for %s %s%s", method, m.prefix, pattern))
	}
	n.methods[method] = mounted{h, m.fail}
}

// Fallback sets what answers a request that no route matches.
func (m *Mount) Fallback(h Handler) { m.router.fallback = mounted{h, m.fail} }

// Limit sets what tells the size, in bytes, of the largest body that any route of the mount may take now. A client that
// asks before it sends more than every mount takes (Expect: 100-continue) is told not to; without any limit it is not.
func (m *Mount) Limit(largest func() int64) { m.router.limits = append(m.router.limits, largest) }

// accepts tells whether any route may take a body of n bytes.
func (t *Router) accepts(n int64) bool {
	for _, largest := range t.limits {
		if n <= largest() {
			return true
		}
	}
	return len(t.limits) == 0
}

func (n *node) child(segment string) *node {
	if strings.HasSuffix(segment, "...}") {
		if n.rest == nil {
			n.rest = &node{}
		}
		return n.rest
	}
	if strings.HasPrefix(segment, "{") {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literals == nil {
		n.literals = make(map[string]*node)
	}
	if n.literals[segment] == nil {
		n.literals[segment] = &node{}
	}
	return n.literals[segment]
}

// find returns the handler of a path as it came, and leaves the raw parameters in the request.
func (t *Router) find(r *Request, method, path []byte) mounted {
	var segments [maxSegments][]byte
	n := 0
	for rest := bytes.TrimPrefix(path, slash); ; n++ {
		if n == maxSegments-1 { // too deep for all but a parameter that takes what is left
			segments[n] = rest
			n++
			break
		}
		segment, after, more := bytes.Cut(rest, slash)
		segments[n], rest = segment, after
		if !more {
			n++
			break
		}
	}
	if m, ok := t.hosted(r, method, path, segments[:n]); ok {
		return m
	}
	if m, ok := t.root.find(r, method, path, segments[:n], 0); ok {
		return m
	}
	return t.fallback
}

var slash = []byte("/")

func (n *node) find(r *Request, method, path []byte, segments [][]byte, params int) (mounted, bool) {
	if len(segments) == 0 {
		m, ok := n.methods[string(method)]
		r.params = params
		return m, ok
	}
	if next := n.literals[string(segments[0])]; next != nil {
		if m, ok := next.find(r, method, path, segments[1:], params); ok {
			return m, true
		}
	}
	if n.param != nil && len(segments[0]) > 0 && (len(segments) > 1 || bytes.IndexByte(segments[0], '/') < 0) {
		r.raw[params] = segments[0]
		if m, ok := n.param.find(r, method, path, segments[1:], params+1); ok {
			return m, true
		}
	}
	if n.rest == nil || len(segments) == 1 && len(segments[0]) == 0 {
		return mounted{}, false
	}
	left := len(segments) - 1 // slashes
	for _, segment := range segments {
		left += len(segment)
	}
	r.raw[params] = path[len(path)-left:]
	return n.rest.find(r, method, path, nil, params+1)
}

// decodeSegment undoes percent-encoding, once. A broken escape stands for itself, so that the name it is part of is
// looked up and not found.
func decodeSegment(words *intern.Table, raw []byte) string {
	s := words.Bytes(raw)
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}
