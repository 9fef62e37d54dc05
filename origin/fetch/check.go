package fetch

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
)

// maxURL bounds a URL, in bytes.
const maxURL = 8 << 10

// CheckURL reads an absolute http or https URL with a host, or returns an error that wraps ErrURL. What the host means is
// not looked at: only an address that is dialled can be judged.
func CheckURL(s string) (*url.URL, error) {
	if len(s) > maxURL {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrURL, maxURL)
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, ErrURL // url's error quotes the whole, which may hold a credential
	}
	return u, checkURL(u)
}

func checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: neither http nor https", ErrURL)
	}
	host := u.Hostname()
	if u.Opaque != "" || host == "" || strings.ContainsAny(host, "% \\") {
		return fmt.Errorf("%w: no usable host", ErrURL)
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("%w: no usable port", ErrURL)
		}
	}
	return nil
}

// mayAsk tells whether the operator's list of hosts, if there is one, has a host.
func (c *Config) mayAsk(host string) bool {
	if len(c.Hosts) == 0 {
		return true
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return slices.ContainsFunc(c.Hosts, func(allowed string) bool {
		if parent, ok := strings.CutPrefix(allowed, "*"); ok {
			return strings.HasSuffix(host, parent) && len(host) > len(parent)
		}
		return host == allowed
	})
}

// More networks that no public file comes from, beside IANA's registries of special purposes: multicast, and the address
// that Azure's hosts answer their guests on.
var denied = []netip.Prefix{netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("168.63.129.16/32")}

// guard judges addresses as they are dialled.
type guard struct {
	allow []netip.Prefix
	rest  *ssrf.Guardian
}

func newGuard(allow []netip.Prefix) *guard {
	return &guard{allow, ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(denied...))}
}

// control is a net.Dialer's Control.
func (g *guard) control(network, address string, c syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: no address", ErrForbidden)
	}
	ip := to.Addr().Unmap()
	if slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	// Ports of old services are closed: what they make of a request line is not for strangers to try.
	if port := to.Port(); port != 80 && port != 443 && port < 1024 {
		return fmt.Errorf("%w: port %d", ErrForbidden, port)
	}
	if err := g.rest.SafeAddr(to.Addr()); err != nil {
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	if err := g.rest.SafeAddr(ip); err != nil { // an IPv4 address in the guise of an IPv6 one
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return nil
}

// Bounds of a caller's headers.
const (
	maxHeaders     = 64
	maxHeaderBytes = 16 << 10
)

// ours are never taken from a caller: what belongs to one connection alone (RFC 9110 section 7.6.1), what decides where the
// message ends or who it is for, and what would make the answer another thing than the whole file as it is.
var ours = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Proxy-Authorization", "Proxy-Authenticate", "Host", "Content-Length", "Expect", "Accept-Encoding", "Range", "If-Range",
	"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "Http2-Settings"}

// headers takes a caller's headers over. A name that is none in HTTP can't be sent and is passed over; a value that would
// break out of its line is ErrURL.
func headers(given map[string]string) (http.Header, error) {
	h := make(http.Header, len(given))
	size := 0
	dropped := make(map[string]bool)
	for name, value := range given {
		if http.CanonicalHeaderKey(name) == "Connection" {
			for _, named := range strings.Split(value, ",") {
				dropped[http.CanonicalHeaderKey(strings.TrimSpace(named))] = true
			}
		}
	}
	for name, value := range given {
		if size += len(name) + len(value); len(h) == maxHeaders || size > maxHeaderBytes {
			return nil, fmt.Errorf("%w: too many headers", ErrURL)
		}
		if !isToken(name) {
			continue
		}
		for i := range len(value) {
			if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
				return nil, fmt.Errorf("%w: a header's value has control characters", ErrURL)
			}
		}
		if key := http.CanonicalHeaderKey(name); !dropped[key] && !slices.Contains(ours, key) {
			h.Set(key, value)
		}
	}
	return h, nil
}

// isToken tells whether s is a token of RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
