package fetch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Config says what may be fetched, and how much of it.
type Config struct {
	// Methods that a caller may ask for, in capitals.
	Methods []string
	// Hosts, where there are any, are the only ones that are asked, redirects included: "example.com", or
	// "*.example.com" for every name below it.
	Hosts []string
	// Allow are networks that are asked although they are private, on any port: for an operator's own stores.
	Allow []netip.Prefix
	// MaxRedirects is how many redirects are followed, 0 to 20.
	MaxRedirects int
	// Connect bounds the way to a connection, and then again to the header of the answer, for each redirect.
	Connect time.Duration
	// Total bounds a fetch from its beginning to the last byte.
	Total time.Duration
	// Stall bounds the wait for the next bytes of a body.
	Stall time.Duration
	// Resolver finds addresses; nil is the system's.
	Resolver *net.Resolver
}

// DefaultConfig allows GET and POST to any public host.
func DefaultConfig() Config {
	return Config{
		Methods: []string{"GET", "POST"}, MaxRedirects: 5,
		Connect: 15 * time.Second, Total: 5 * time.Minute, Stall: 30 * time.Second,
	}
}

// ErrConfig is wrapped by every error of Validate.
var ErrConfig = errors.New("fetch: invalid configuration")

// Validate tells the first thing wrong with c.
func (c Config) Validate() error {
	if len(c.Methods) == 0 {
		return fmt.Errorf("%w: no method is allowed", ErrConfig)
	}
	for _, m := range c.Methods {
		if !isToken(m) || m != strings.ToUpper(m) || m == "CONNECT" {
			return fmt.Errorf("%w: %q is not a method", ErrConfig, m)
		}
	}
	for _, h := range c.Hosts {
		if name := strings.TrimPrefix(h, "*."); name == "" || name != strings.ToLower(name) || strings.ContainsAny(name, "*/:@ ") {
			return fmt.Errorf("%w: %q is not a host in lower case", ErrConfig, h)
		}
	}
	for _, p := range c.Allow {
		if !p.IsValid() {
			return fmt.Errorf("%w: a network is not valid", ErrConfig)
		}
	}
	if c.MaxRedirects < 0 || c.MaxRedirects > 20 {
		return fmt.Errorf("%w: redirects must be 0 to 20, not %d", ErrConfig, c.MaxRedirects)
	}
	for _, d := range []time.Duration{c.Connect, c.Total, c.Stall} {
		if d < time.Millisecond || d > 24*time.Hour {
			return fmt.Errorf("%w: times must be 1ms to 24h, not %s", ErrConfig, d)
		}
	}
	return nil
}
