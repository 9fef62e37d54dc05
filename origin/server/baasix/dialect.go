package baasix

import (
	"log/slog"

	"github.com/imgorigin/imgorigin/auth"
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
	core   *origin.Origin
	config Config
	log    *slog.Logger
	prefix string // of the place where it is mounted
}

// New returns the dialect of a core.
func New(core *origin.Origin, config Config) *Dialect {
	d := &Dialect{core: core, config: config, log: config.Log}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// maxJSON bounds a body of JSON, in bytes.
const maxJSON = 1 << 20

// Mount adds the routes.
func (d *Dialect) Mount(router *server.Router, at server.Place) {
	d.prefix = at.Prefix
	files := router.MountAt(at, d.fail)
	files.Limit(func() int64 { return d.core.MediaLimit() + maxJSON })
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

// caller is who holds the key of a request's Authorization header.
func (d *Dialect) caller(r *server.Request) (origin.Caller, error) {
	p, err := d.core.VerifyKey(r.Context(), key(r))
	return origin.Caller{Principal: p, Facts: r}, err
}

// key is the text of the key, or "".
func key(r *server.Request) string { return auth.ParseScheme(r.Header("Authorization"), "Bearer") }

// permitted is the caller, who must have a scope.
func (d *Dialect) permitted(r *server.Request, s auth.Scope) (origin.Caller, error) {
	who, err := d.caller(r)
	if err == nil {
		err = who.Require(s)
	}
	return who, err
}
