package flextype

import (
	"fmt"
	"log/slog"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// Config is what an operator may choose about the dialect.
type Config struct {
	Visibility origin.Visibility // of files whose uploader does not say
	Log        *slog.Logger      // nil: discard
}

// DefaultConfig has files that everybody may read.
func DefaultConfig() Config { return Config{Visibility: origin.Public} }

// Validate tells the first thing wrong with c, in words for the operator.
func (c Config) Validate() error {
	if c.Visibility != origin.Public && c.Visibility != origin.Private {
		return fmt.Errorf("visibility must be %s or %s, not %q", origin.Public, origin.Private, c.Visibility)
	}
	return nil
}

// Dialect answers the Flextype Files API from a core.
type Dialect struct {
	core   *origin.Origin
	config Config
	log    *slog.Logger
	prefix string        // where it is mounted
	early  chan struct{} // places for files whose tokens have not come
}

// New returns the dialect of a core. The config must be valid.
func New(core *origin.Origin, config Config) *Dialect {
	d := &Dialect{core: core, config: config, log: config.Log, early: make(chan struct{}, earlyAtOnce)}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// Mount adds the routes at a place. A dialect is mounted once.
func (d *Dialect) Mount(router *server.Router, at server.Place) {
	d.prefix = at.Prefix
	mount := router.MountAt(at, d.fail)
	mount.Limit(func() int64 { return d.core.MediaLimit() + maxBody })
	mount.Handle("GET", "/api/files", d.fetch)
	mount.Handle("HEAD", "/api/files", d.fetch)
	mount.Handle("POST", "/api/files", d.write(d.upload, d.setMeta))
	mount.Handle("PUT", "/api/files", d.write(d.move, d.setMeta))
	mount.Handle("DELETE", "/api/files", d.write(d.delete, d.deleteMeta))
	mount.Handle("PUT", "/api/files/copy", d.write(d.copy, d.copy))
	mount.Handle("PATCH", "/api/files/meta", d.write(d.setMeta, d.setMeta))
	mount.Handle("POST", "/api/files/meta", d.write(d.setMeta, d.setMeta))
	mount.Handle("DELETE", "/api/files/meta", d.write(d.deleteMeta, d.deleteMeta))
	mount.Handle("GET", "/"+uploads+"{path...}", d.bytes)
	mount.Handle("HEAD", "/"+uploads+"{path...}", d.bytes)
}

// action does what a call is for, and returns what becomes "data" of the answer; nil is 204 without a body.
type action func(r *server.Request, who origin.Caller, in *input) (any, error)

// write reads a request's parameters, finds out who asks, and acts: in another way where a field is named.
func (d *Dialect) write(file, meta action) server.Handler {
	return func(r *server.Request) error {
		r.NoStore()
		in, err := d.read(r)
		if err != nil {
			return err
		}
		defer in.end()
		who, err := d.writer(r, in)
		if err != nil {
			return err
		}
		act := file
		if in.aboutMeta() {
			act = meta
		}
		r.RestartDeadline()
		data, err := act(r, who, in)
		switch {
		case err != nil:
			return err
		case data == nil:
			r.Status(204)
			return nil
		}
		return r.JSON(200, map[string]any{"data": data})
	}
}
