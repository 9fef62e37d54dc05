package server

import (
	"fmt"
	"time"
)

// Config is what an operator may choose about the host.
type Config struct {
	HeaderTimeout time.Duration // to receive a request's header; also how long an idle connection is kept
	BodyTimeout   time.Duration // to receive a request's body
	WriteTimeout  time.Duration // to send each MiB of an answer
	Deadline      time.Duration // for the work on one request, beside receiving and sending
	MaxHeader     int           // bytes of a request's header, 1 KiB to 1 MiB
	MaxConns      int           // connections served at once; more are closed at once
	PublicURL     string        // how clients reach the server, for the absolute URLs that answers hold; "": by the Host header, http
	CacheControl  string        // of public files and thumbs under names whose bytes never change
}

// DefaultConfig has PocketBase's five minutes for bodies and answers, and no more than a minute for the rest.
func DefaultConfig() Config {
	return Config{
		HeaderTimeout: time.Minute,
		BodyTimeout:   5 * time.Minute,
		WriteTimeout:  5 * time.Minute,
		Deadline:      time.Minute,
		MaxHeader:     16 << 10,
		MaxConns:      16 << 10,
		CacheControl:  "max-age=2592000, stale-while-revalidate=86400",
	}
}

// Validate tells the first thing wrong with c, in words for the operator.
func (c Config) Validate() error {
	for _, d := range []struct {
		name string
		v    time.Duration
	}{
		{"header time-out", c.HeaderTimeout}, {"body time-out", c.BodyTimeout},
		{"write time-out", c.WriteTimeout}, {"request deadline", c.Deadline},
	} {
		if d.v < 100*time.Millisecond || d.v > 24*time.Hour {
			return fmt.Errorf("%s must be between 100ms and 24h, not %s", d.name, d.v)
		}
	}
	if c.MaxHeader < 1<<10 || c.MaxHeader > 1<<20 {
		return fmt.Errorf("header limit must be between 1 KiB and 1 MiB, not %d bytes", c.MaxHeader)
	}
	if c.MaxConns < 1 {
		return fmt.Errorf("connection limit must be at least 1, not %d", c.MaxConns)
	}
	for _, b := range []byte(c.CacheControl) {
		if b < ' ' || b > '~' {
			return fmt.Errorf("Cache-Control must be printable ASCII, not %q", c.CacheControl)
		}
	}
	return nil
}
