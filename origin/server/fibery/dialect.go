package fibery

import (
	"log/slog"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
)

// Config is what an operator may choose about the dialect.
type Config struct {
	Visibility origin.Visibility // of a file whose uploader says nothing about it
	Fetch      *fetch.Fetcher    // for uploads from a URL
	Log        *slog.Logger      // nil: discard
}

// DefaultConfig keeps files private, as Fibery does. It has no Fetch: one must be set.
func DefaultConfig() Config { return Config{Visibility: origin.Private} }

// Dialect answers Fibery's routes from a core.
type Dialect struct {
	library server.Library
	config  Config
	log     *slog.Logger
	prefix  string // of the place where it is mounted
}

// New returns the dialect of a core.
func New(core *origin.Origin, config Config) *Dialect {
	d := &Dialect{library: server.Library{Core: core, Scheme: "Token"}, config: config, log: config.Log}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Mount adds the routes. The addresses under /api/files are PocketBase's too, as far as they are no secrets.
func (d *Dialect) Mount(router *server.Router, at server.Place) {
	d.prefix = at.Prefix
	files := router.MountAt(at, d.fail)
	files.Limit(d.library.Limit)
	files.Handle("POST", "/api/files", d.upload)
	files.Handle("POST", "/api/files/from-url", d.uploadFromURL)
	files.Handle("POST", "/api/files/sign-urls", d.signURLs)
	files.Handle("GET", "/api/files/{secret}", d.download)
	files.Handle("HEAD", "/api/files/{secret}", d.download)
	router.MountAt(at, d.failCommand).Handle("POST", "/api/commands", d.command)
}
