package foir

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/log"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// Config is what an operator may choose about the dialect.
type Config struct {
	MaxFile    int64             // bytes of one file, at least 1; the media library's own limit holds beside it
	Visibility origin.Visibility // of files whose uploader does not say
	Direct     bool              // upload URLs are the store's own: the core must be one that CanPresign
	Log        *slog.Logger      // nil: discard
}

// DefaultConfig has files of 1 GiB at most, which everybody may read.
func DefaultConfig() Config { return Config{MaxFile: 1 << 30, Visibility: origin.Public} }

// Validate tells the first thing wrong with c, in words for the operator.
func (c Config) Validate() error {
	if c.MaxFile < 1 {
		return fmt.Errorf("the largest file must have at least 1 byte, not %d", c.MaxFile)
	}
	if c.Visibility != origin.Public && c.Visibility != origin.Private {
		return fmt.Errorf("visibility must be %s or %s, not %q", origin.Public, origin.Private, c.Visibility)
	}
	return nil
}

// Dialect answers the GraphQL Files API from a core.
type Dialect struct {
	core   *origin.Origin
	config Config
	log    *slog.Logger
	schema *graphql.Schema
	prefix string // where it is mounted
}

// New returns the dialect of a core. The config must be valid.
func New(core *origin.Origin, config Config) *Dialect {
	d := &Dialect{core: core, config: config, log: config.Log}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.schema = graphql.MustParseSchema(schemaText, &resolver{d},
		graphql.UseStringDescriptions(),
		graphql.MaxQueryLength(maxQuery), graphql.MaxDepth(maxDepth), graphql.MaxSelections(maxSelections),
		graphql.OverlapValidationLimit(maxOverlaps), graphql.MaxParallelism(maxParallel),
		graphql.DisableFieldSelections(), graphql.Tracer(budgetTracer{}),
		graphql.PanicHandler(panics{}), graphql.Logger(log.LoggerFunc(d.logPanic)),
	)
	return d
}

// Mount adds the routes at a place. A dialect is mounted once.
func (d *Dialect) Mount(router *server.Router, at server.Place) {
	d.prefix = at.Prefix
	mount := router.MountAt(at, d.fail)
	mount.Limit(func() int64 { return max(d.limit(), maxBody) })
	mount.Handle("POST", "/graphql", d.query)
	mount.Handle("PUT", "/upload/{upload}", d.upload)
	mount.Handle("GET", "/media/{record}/{file}", d.file)
	mount.Handle("HEAD", "/media/{record}/{file}", d.file)
}

// limit is the size in bytes of the largest file that may be announced now.
func (d *Dialect) limit() int64 { return min(d.config.MaxFile, d.core.MediaLimit()) }

// caller is who sent a request. A guest is nobody, and an error of kind Unauthenticated.
func (d *Dialect) caller(ctx context.Context, r *server.Request) (origin.Caller, error) {
	p, err := d.core.VerifyKey(ctx, auth.ParseScheme(r.Header("Authorization"), "Bearer"))
	return origin.Caller{Principal: p}, err
}
