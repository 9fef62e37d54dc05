package baasix

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

// DefaultConfig keeps files private, as Baasix does. It has no Fetch: one must be set.
func DefaultConfig() Config { return Config{Visibility: origin.Private} }

// Dialect answers Baasix's routes from a core.
type Dialect struct {
	library server.Library
	config  Config
	log     *slog.Logger
	prefix  string // of the place where it is mounted
}

// New returns the dialect of a core.
func New(core *origin.Origin, config Config) *Dialect {
	d := &Dialect{library: server.Library{Core: core, Scheme: "Bearer"}, config: config, log: config.Log}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Mount adds the routes.
func (d *Dialect) Mount(router *server.Router, at server.Place) {
	d.prefix = at.Prefix
	files := router.MountAt(at, d.fail)
	files.Limit(d.library.Limit)
	files.Handle("POST", "/files", d.upload)
	files.Handle("POST", "/files/upload-from-url", d.uploadFromURL)
	files.Handle("GET", "/files/{id}", d.view)
	files.Handle("HEAD", "/files/{id}", d.view)
	files.Handle("PATCH", "/files/{id}", d.update)
	files.Handle("DELETE", "/files/{id}", d.delete)
	files.Handle("GET", "/assets/{id}", d.asset)
	files.Handle("HEAD", "/assets/{id}", d.asset)
	router.MountAt(at, d.failItem).Handle("POST", "/items/{collection}", d.createItem)
}
