package pocketbase

import (
	"log/slog"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// Config is what an operator may choose about the dialect.
type Config struct {
	// MaxBody bounds a request's body in bytes, beside what the file fields of its collection allow.
	MaxBody int64
	Log     *slog.Logger // nil: discard
}

// DefaultConfig has PocketBase's 32 MiB.
func DefaultConfig() Config { return Config{MaxBody: 32 << 20} }

// Dialect answers PocketBase's routes from a core.
type Dialect struct {
	core   *origin.Origin
	config Config
	log    *slog.Logger
}

// New returns the dialect of a core.
func New(core *origin.Origin, config Config) *Dialect {
	config.MaxBody = min(config.MaxBody, 1<<60) // what fields allow is added to it
	d := &Dialect{core: core, config: config, log: config.Log}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// MountHealth adds the health checks, which load balancers and supervisors ask wherever the dialect is, and the answer to
// whatever no route of any dialect matches.
func (d *Dialect) MountHealth(router *server.Router) {
	api := router.Mount("", d.fail)
	api.Handle("GET", "/api/health", d.api(d.health))
	api.Handle("HEAD", "/api/health", d.api(d.health))
	api.Handle("GET", "/api/health/live", d.api(d.live))
	api.Handle("HEAD", "/api/health/live", d.api(d.live))
	api.Fallback(d.api(d.unmatched))
}

// Mount adds the routes at a place.
func (d *Dialect) Mount(router *server.Router, at server.Place) {
	files := router.MountAt(at, d.failFile)
	files.Handle("GET", "/api/files/{collection}/{record}/{filename}", d.file)
	files.Handle("HEAD", "/api/files/{collection}/{record}/{filename}", d.file)

	api := router.MountAt(at, d.fail)
	api.Limit(func() int64 {
		most := d.core.LargestAllowance()
		return d.config.MaxBody + most.Values + most.Files
	})
	route := func(method, pattern string, h answerer) {
		api.Handle(method, pattern, d.api(d.answer(h)))
		if method == "GET" {
			api.Handle("HEAD", pattern, d.api(d.answer(h)))
		}
	}
	router.MountAt(at, d.failToken).Handle("POST", "/api/files/token", d.api(d.answer(d.fileToken)))

	route("GET", "/api/collections", d.listCollections)
	route("POST", "/api/collections", d.createCollection)
	route("GET", "/api/collections/{collection}", d.viewCollection)
	route("PATCH", "/api/collections/{collection}", d.updateCollection)
	route("DELETE", "/api/collections/{collection}", d.deleteCollection)

	route("GET", "/api/collections/{collection}/records", d.listRecords)
	route("POST", "/api/collections/{collection}/records", d.createRecord)
	route("GET", "/api/collections/{collection}/records/{record}", d.viewRecord)
	route("PATCH", "/api/collections/{collection}/records/{record}", d.updateRecord)
	route("DELETE", "/api/collections/{collection}/records/{record}", d.deleteRecord)

	route("POST", "/api/collections/{collection}/auth-with-password", d.authWithPassword)
	route("POST", "/api/collections/{collection}/auth-refresh", d.authRefresh)
}

// api wraps the handlers of JSON routes with the headers that all of them send.
func (d *Dialect) api(h server.Handler) server.Handler {
	return func(r *server.Request) error {
		apiHeaders(r)
		return h(r)
	}
}

// answerer does what a JSON route is for, and returns what becomes the body of the answer; nil is 204 without one.
type answerer func(r *server.Request, who origin.Caller) (any, error)

// answer finds out who asks, and which fields of the answer they want, before anything is done.
func (d *Dialect) answer(h answerer) server.Handler {
	return func(r *server.Request) error {
		fields, err := parsePicker(r.QueryValue("fields"))
		if err != nil {
			return err
		}
		who, err := d.caller(r)
		if err != nil {
			return err
		}
		body, err := h(r, who)
		switch {
		case err != nil:
			return err
		case body == nil:
			r.Status(204)
			return nil
		}
		return r.JSON(200, fields.of(body))
	}
}

// apiHeaders are sent with every answer that is not a file. No cache keeps them: a shared cache that makes up a lifetime
// where none is given would show old records.
func apiHeaders(r *server.Request) {
	r.SetHeader("Vary", "Origin")
	if r.Header("Origin") != "" {
		r.SetHeader("Access-Control-Allow-Origin", "*")
	}
	securityHeaders(r)
	r.SetHeader("X-Frame-Options", "SAMEORIGIN")
	r.SetHeader("Cache-Control", "no-store")
}

func securityHeaders(r *server.Request) {
	r.SetHeader("X-Content-Type-Options", "nosniff")
	r.SetHeader("X-Xss-Protection", "1; mode=block")
}

// unmatched answers what no route matches: a preflight, or 404 whatever the method.
func (d *Dialect) unmatched(r *server.Request) error {
	if r.Method() == "OPTIONS" {
		return preflight(r)
	}
	return &origin.Error{Op: "route", Kind: origin.NotFound}
}

// preflight answers any OPTIONS request (Fetch standard, CORS-preflight request).
func preflight(r *server.Request) error {
	for _, name := range []string{"X-Content-Type-Options", "X-Xss-Protection", "X-Frame-Options", "Cache-Control"} {
		r.DeleteHeader(name)
	}
	r.Status(204)
	if r.Header("Origin") == "" {
		return nil
	}
	r.AddHeader("Vary", "Access-Control-Request-Method")
	r.AddHeader("Vary", "Access-Control-Request-Headers")
	r.SetHeader("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	if asked := r.Header("Access-Control-Request-Headers"); asked != "" {
		r.SetHeader("Access-Control-Allow-Headers", asked)
	}
	return nil
}

// caller is who sent a request of the JSON routes.
func (d *Dialect) caller(r *server.Request) (origin.Caller, error) {
	p, err := d.core.VerifyAuth(r.Context(), r.Header("Authorization"))
	return origin.Caller{Principal: p, Facts: r}, err
}

// health is for load balancers and uptime checks: it asks catalog and store. The key order is PocketBase's.
func (d *Dialect) health(r *server.Request) error {
	if err := d.core.Check(r.Context()); err != nil {
		return err
	}
	return d.live(r)
}

// live is for those who end and restart the process, which helps nobody while the catalog or the store is gone: what is in
// memory goes on being served.
func (d *Dialect) live(r *server.Request) error {
	return r.JSON(200, struct {
		Message string         `json:"message"`
		Code    int            `json:"code"`
		Data    map[string]any `json:"data"`
	}{"API is healthy.", 200, map[string]any{}})
}
