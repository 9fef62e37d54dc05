package fetch

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"http://example.com/a.jpg", "https://user:pw@example.com:8443/?q#f", "http://[::1]:80/", "http://[fe80::1%25eth0]/", "HTTP://EXAMPLE.com", "//x", "http:x",
		"http://a:b:c/", "http://x:99999/", "http://\\x/", "http://x%2f/", "http://%41/", "ftp://x", "http://x:/", "", "\x00", "http://x/\x7f",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := CheckURL(s)
		if err != nil {
			if !errors.Is(err, ErrURL) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(u.Host, "\r\n \t/\\?#@%") {
			t.Fatalf("%q passed as %q of %q", s, u.Scheme, u.Host)
		}
		again, err := CheckURL(u.String())
		if err != nil || again.Scheme != u.Scheme || again.Host != u.Host {
			t.Fatalf("%q passed, and is asked for as %q: %v", s, u, err)
		}
	})
}

// FuzzGuard looks for an address that is let through and is not a public one by the standard library's own sayings, in any
// of the forms that hide an IPv4 address in an IPv6 one.
func FuzzGuard(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "8.8.8.8", "169.254.169.254", "10.0.0.1", "::1", "64:ff9b::7f00:1", "2002:7f00:1::", "2606:4700::1111", "::ffff:10.0.0.1", "fe80::1", "fd00::1"} {
		a := netip.MustParseAddr(s).As16()
		f.Add(a[:])
	}
	g := newGuard(nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		ip, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		if g.control("tcp", netip.AddrPortFrom(ip, 443).String(), nil) != nil {
			return
		}
		inner := ip.Unmap()
		if inner.IsLoopback() || inner.IsPrivate() || inner.IsLinkLocalUnicast() || inner.IsMulticast() || inner.IsUnspecified() || !inner.IsGlobalUnicast() {
			t.Fatalf("%s was let through", ip)
		}
		if b := inner.As16(); inner.Is6() && (b[0] == 0x20 && b[1] == 0x02 || b[0] == 0 && b[1] == 0x64) {
			t.Fatalf("%s, which holds an IPv4 address, was let through", ip)
		}
	})
}

func TestConfigsThatAreNone(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no method":        func(c *Config) { c.Methods = nil },
		"a small method":   func(c *Config) { c.Methods = []string{"get"} },
		"a tunnel":         func(c *Config) { c.Methods = []string{"CONNECT"} },
		"a host with case": func(c *Config) { c.Hosts = []string{"Example.com"} },
		"a host's port":    func(c *Config) { c.Hosts = []string{"example.com:80"} },
		"a star within":    func(c *Config) { c.Hosts = []string{"a.*.com"} },
		"no network":       func(c *Config) { c.Allow = []netip.Prefix{{}} },
		"redirects":        func(c *Config) { c.MaxRedirects = 21 },
		"no time":          func(c *Config) { c.Total = 0 },
	} {
		c := DefaultConfig()
		change(&c)
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
