package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
	"github.com/imgorigin/imgorigin/transform"
	"github.com/imgorigin/imgorigin/transform/vips"
)

// dataOptions say where a library is. Every command that touches one has them.
type dataOptions struct {
	Dir     string         `help:"Folder of the library: catalog, originals and renditions." default:"data" placeholder:"DIR"`
	Catalog catalogAddress `help:"What keeps collections and records: sqlite, a file within --dir; or a PostgreSQL database, postgres://USER:PASSWORD@HOST:PORT/NAME, that several servers may share. A password is better in the variable, or in PGPASSWORD." default:"sqlite" placeholder:"URL"`
	storageOptions
}

// logOptions say what is logged, and how.
type logOptions struct {
	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
	LogFormat string `help:"Form of log lines: text or json." default:"text" enum:"text,json"`
}

func (l logOptions) logger(m *Main) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(l.LogLevel)) // the enum admits only valid ones
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(m.Stderr, options)
	if l.LogFormat == "json" {
		handler = slog.NewJSONHandler(m.Stderr, options)
	}
	if level > slog.LevelDebug { // who asks for everything gets it
		handler = newSparing(handler, time.Now)
	}
	return slog.New(handler)
}

// serveOptions are all options of "serve".
type serveOptions struct {
	dataOptions
	logOptions
	dialectOptions

	HTTP    string `help:"Address to serve on, HOST:PORT; port 0 chooses a free one." name:"http" default:"127.0.0.1:8090" placeholder:"ADDR"`
	Metrics string `help:"Address to serve Prometheus metrics on, at /metrics; empty: none. Keep it off the public network." placeholder:"ADDR"`
	Demo    bool   `help:"Make a collection of sample pictures, and show them at /."`

	CacheControl string `help:"Cache-Control of public files and thumbs, whose bytes never change under their name." default:"max-age=2592000, stale-while-revalidate=86400" placeholder:"TEXT"`

	MemoryCache    byteSize `help:"Budget of the thumbs kept in memory." default:"256MiB" placeholder:"SIZE"`
	MetadataCache  byteSize `help:"Budget of the catalog rows kept in memory." default:"32MiB" placeholder:"SIZE"`
	RenditionStore byteSize `help:"Budget of the thumbs kept on disk; the least recently used go first." default:"10GiB" placeholder:"SIZE"`

	Workers      int           `help:"Pictures rendered at once; 0: one per core." default:"0" placeholder:"N"`
	Queue        int           `help:"Renders that may wait for their turn; more are answered 503 at once." default:"256" placeholder:"N"`
	QueueWait    time.Duration `help:"How long a render may wait for its turn before it is answered 503." default:"20s" placeholder:"TIME"`
	RenderWithin time.Duration `help:"How long a thumb may take in all, waiting included, before it is answered 503." default:"60s" placeholder:"TIME"`
	RetryBroken  time.Duration `help:"How long a picture that cannot be rendered is not tried again." default:"30s" placeholder:"TIME"`

	MaxPixels   int64    `help:"Pixels above which a picture gets no thumbs, checked before decoding." default:"100000000" placeholder:"N"`
	MaxSource   byteSize `help:"Size above which a picture gets no thumbs." default:"128MiB" placeholder:"SIZE"`
	JPEGQuality int      `help:"Quality of JPEG thumbs, 1 to 100." name:"jpeg-quality" default:"80" placeholder:"N"`
	WebPQuality int      `help:"Quality of WebP thumbs, 1 to 100." name:"webp-quality" default:"80" placeholder:"N"`
	Mezzanine   int      `help:"Longer side, in pixels, of a reduced copy that is kept of photographs at least twice as long, for later thumbs to be made of; 256 to 4096, 1024 is a good one; 0: none." default:"0" placeholder:"N"`

	HeaderTimeout time.Duration `help:"How long receiving a request's header may take, and how long an idle connection is kept." default:"1m" placeholder:"TIME"`
	BodyTimeout   time.Duration `help:"How long receiving a request's body may take." default:"5m" placeholder:"TIME"`
	WriteTimeout  time.Duration `help:"How long a client may take to receive each MiB of an answer." default:"5m" placeholder:"TIME"`
	Deadline      time.Duration `help:"How long the work on one request may take, beside receiving and sending." default:"1m" placeholder:"TIME"`
	DrainTimeout  time.Duration `help:"How long requests may go on after SIGTERM or SIGINT." default:"8s" placeholder:"TIME"`
	MaxConns      int           `help:"Connections served at once." default:"16384" placeholder:"N"`
	MaxHeader     byteSize      `help:"Size of a request's header." default:"16KiB" placeholder:"SIZE"`
	MaxBody       byteSize      `help:"Size of a request's body, beside what the file fields of its collection allow." default:"32MiB" placeholder:"SIZE"`
}

// Validate tells the first bad value, by the option's name. The packages check their own values: each option is tried alone
// in a configuration that is good otherwise, so that a complaint is its own.
func (s *serveOptions) Validate() error {
	for _, o := range append(s.checks(), []check{
		{"http", func() error { return checkAddress(s.HTTP) }},
		{"metrics", func() error {
			if s.Metrics == "" {
				return nil
			}
			return checkAddress(s.Metrics)
		}},
		{"dir", func() error { return unless(s.Dir != "", "must not be empty") }},
		{"workers", func() error { return unless(s.Workers >= 0, "must not be negative") }},
		{"drain-timeout", func() error { return unless(s.DrainTimeout >= 0, "must not be negative") }},
		{"max-body", func() error { return unless(s.MaxBody >= 1, "must be at least 1 byte") }},
		{"memory-cache", s.inCore(func(c *origin.Config) { c.MemoryBytes = int64(s.MemoryCache) })},
		{"metadata-cache", s.inCore(func(c *origin.Config) { c.MetadataBytes = int64(s.MetadataCache) })},
		{"rendition-store", s.inCore(func(c *origin.Config) { c.RenditionBytes = int64(s.RenditionStore) })},
		{"max-source", s.inCore(func(c *origin.Config) { c.MaxSourceBytes = int64(s.MaxSource) })},
		{"queue", s.inCore(func(c *origin.Config) { c.QueueLength = s.Queue })},
		{"queue-wait", s.inCore(func(c *origin.Config) { c.QueueWait = s.QueueWait })},
		{"render-within", s.inCore(func(c *origin.Config) { c.FillTimeout = s.RenderWithin })},
		{"retry-broken", s.inCore(func(c *origin.Config) { c.NegativeTTL = s.RetryBroken })},
		{"max-pixels", s.inCore(func(c *origin.Config) { c.Limits.MaxPixels = s.MaxPixels })},
		{"jpeg-quality", s.inCore(func(c *origin.Config) { c.Options.JPEGQuality = s.JPEGQuality })},
		{"webp-quality", s.inCore(func(c *origin.Config) { c.Options.WebPQuality = s.WebPQuality })},
		{"mezzanine", s.inCore(func(c *origin.Config) { c.MezzanineSide = s.Mezzanine })},
		{"cache-control", s.inHost(func(c *server.Config) { c.CacheControl = s.CacheControl })},
		{"header-timeout", s.inHost(func(c *server.Config) { c.HeaderTimeout = s.HeaderTimeout })},
		{"body-timeout", s.inHost(func(c *server.Config) { c.BodyTimeout = s.BodyTimeout })},
		{"write-timeout", s.inHost(func(c *server.Config) { c.WriteTimeout = s.WriteTimeout })},
		{"deadline", s.inHost(func(c *server.Config) { c.Deadline = s.Deadline })},
		{"max-conns", s.inHost(func(c *server.Config) { c.MaxConns = s.MaxConns })},
		{"max-header", s.inHost(func(c *server.Config) { c.MaxHeader = int(s.MaxHeader) })},
	}...) {
		if err := o.try(); err != nil {
			return fmt.Errorf("--%s: %w", o.name, err)
		}
	}
	return nil
}

// check is what an option's value must pass.
type check struct {
	name string // of the option
	try  func() error
}

func (s *serveOptions) inCore(set func(*origin.Config)) func() error {
	return func() error {
		c := origin.DefaultConfig()
		set(&c)
		return c.Validate()
	}
}

func (s *serveOptions) inHost(set func(*server.Config)) func() error {
	return func() error {
		c := server.DefaultConfig()
		set(&c)
		return c.Validate()
	}
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is not a port between 0 and 65535", port)
	}
	return nil
}

func unless(ok bool, complaint string) error {
	if ok {
		return nil
	}
	return errors.New(complaint)
}

func (s *serveOptions) core() origin.Config {
	c := origin.DefaultConfig()
	c.MemoryBytes, c.MetadataBytes = int64(s.MemoryCache), int64(s.MetadataCache)
	c.RenditionBytes, c.MaxSourceBytes = int64(s.RenditionStore), int64(s.MaxSource)
	if s.Workers > 0 {
		c.Workers = s.Workers
	}
	c.QueueLength, c.QueueWait, c.FillTimeout, c.NegativeTTL = s.Queue, s.QueueWait, s.RenderWithin, s.RetryBroken
	c.Limits = s.limits()
	c.Options.JPEGQuality, c.Options.WebPQuality = s.JPEGQuality, s.WebPQuality
	c.MezzanineSide = s.Mezzanine
	return c
}

func (s *serveOptions) limits() transform.Limits {
	l := transform.DefaultLimits()
	l.MaxPixels = s.MaxPixels
	return l
}

func (s *serveOptions) pixels() vips.Config {
	c := vips.DefaultConfig()
	c.Limits = s.limits()
	return c
}

func (s *serveOptions) host() server.Config {
	return server.Config{
		HeaderTimeout: s.HeaderTimeout, BodyTimeout: s.BodyTimeout, WriteTimeout: s.WriteTimeout, Deadline: s.Deadline,
		MaxHeader: int(s.MaxHeader), MaxConns: s.MaxConns, CacheControl: s.CacheControl, PublicURL: s.PublicURL,
	}
}

// byteSize is a number of bytes, written as 1048576, 1024KiB, 1MiB, 1.5GiB, or in powers of ten with kB, MB, GB.
type byteSize int64

var byteUnits = []struct {
	suffix string
	size   float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// UnmarshalText reads a size.
func (b *byteSize) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(s, unit.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0) || v*unit.size >= math.MaxInt64 {
			break
		}
		*b = byteSize(v * unit.size)
		return nil
	}
	return fmt.Errorf("%q is not a size such as 64MiB", s)
}
