package server

import (
	"errors"
	"fmt"
	"strings"
)

// Place is where a dialect's routes are: under a prefix, on every host or on one.
type Place struct {
	Host   string // in lower case and without a port; "": every host
	Prefix string // "" or "/like/this"
}

// ErrPlace is wrapped by ParsePlace's refusals.
var ErrPlace = errors.New("server: not a place for a dialect")

// Off is the text of a place that says that a dialect is not served.
const Off = "off"

// ParsePlace reads "off", a prefix ("/", "/like/this"), a host ("files.example.com") or both ("files.example.com/like/this").
// on is false for "off".
func ParsePlace(s string) (p Place, on bool, err error) {
	if s == Off {
		return Place{}, false, nil
	}
	host, prefix, _ := strings.Cut(s, "/")
	prefix = strings.TrimSuffix(prefix, "/")
	if s == "" || len(host) > 253 || strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-[]:") != "" {
		return Place{}, false, fmt.Errorf("%w: %q", ErrPlace, s)
	}
	if prefix == "" {
		return Place{Host: hostName([]byte(host))}, true, nil
	}
	segments := strings.Split(prefix, "/")
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsAny(segment, "{}%?#\\ ") || len(segments) > maxSegments/2 {
			return Place{}, false, fmt.Errorf("%w: %q", ErrPlace, s)
		}
	}
	return Place{Host: hostName([]byte(host)), Prefix: "/" + prefix}, true, nil
}

// hostName is the host of a Host header, without a port, in lower case.
func hostName(header []byte) string {
	var room [256]byte
	return string(appendHostName(room[:0], header))
}

func appendHostName(b, header []byte) []byte {
	for i, c := range header {
		if c == ':' && (len(header) == 0 || header[0] != '[' || i > 0 && header[i-1] == ']') {
			break // the port; a colon within brackets is an address's own
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		b = append(b, c)
	}
	return b
}

// MountAt is Mount at a place.
func (t *Router) MountAt(at Place, fail ErrorWriter) *Mount {
	m := t.Mount(at.Prefix, fail)
	if at.Host != "" {
		if t.hosts == nil {
			t.hosts = make(map[string]*node)
		}
		if t.hosts[at.Host] == nil {
			t.hosts[at.Host] = &node{}
		}
		m.root = t.hosts[at.Host]
	}
	return m
}

// hosted finds the handler of a path among the routes of the request's host.
func (t *Router) hosted(r *Request, method, path []byte, segments [][]byte) (mounted, bool) {
	if len(t.hosts) == 0 {
		return mounted{}, false
	}
	header := r.http.Host()
	if len(header) > 255 {
		return mounted{}, false
	}
	var room [256]byte
	root := t.hosts[string(appendHostName(room[:0], header))]
	if root == nil {
		return mounted{}, false
	}
	return root.find(r, method, path, segments, 0)
}

// Base is the beginning of absolute URLs of this server, without a slash at the end: the operator's public URL, or by the
// Host header of the request.
func (r *Request) Base() string {
	if base := r.server.config.PublicURL; base != "" {
		return strings.TrimSuffix(base, "/")
	}
	return "http://" + string(r.http.Host())
}

// Unmatched answers as if no route had matched: for a route whose parameter turned out to be none of the dialect's. It is to
// be the handler's last call.
func (r *Request) Unmatched() error {
	m := r.server.router.fallback
	r.reset()
	if err := m.handle(r); err != nil {
		r.reset()
		m.fail(r, err)
	}
	return nil
}
