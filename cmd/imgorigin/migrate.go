package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/catalog/postgres"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/catalog/transfer"
	"github.com/imgorigin/imgorigin/origin"
)

// migrateCommand moves a catalog or the bytes. docs/migrate.md says what to do in which order.
type migrateCommand struct {
	From location `help:"What is moved: a catalog, sqlite:DIR or postgres://USER@HOST/NAME; or bytes, local:DIR or s3://BUCKET/PREFIX?endpoint=…&region=…." required:"" placeholder:"ADDRESS"`
	To   location `help:"Where it is moved to, in the same forms." placeholder:"ADDRESS"`

	Ahead  bool `help:"Catalogs: copy what there is, and leave the old one in use and the new one unfinished; a later run has less to do while writes are refused."`
	Reopen bool `help:"Catalogs: let --from take writes again, where a migration was given up or its result is not to be used. What --to has taken since is not in it."`

	Dir            string         `help:"Bytes: folder of the library, for its catalog, the journal and the spool." default:"data" placeholder:"DIR"`
	Catalog        catalogAddress `help:"Bytes: the catalog of the library, which knows the files' hashes: sqlite, or postgres://USER@HOST/NAME." default:"sqlite" placeholder:"URL"`
	Spool          string         `help:"Bytes: folder for objects on their way to a bucket; empty: spool within --dir." placeholder:"DIR"`
	Journal        string         `help:"Bytes: file that notes how far the migration is, so that one that was ended goes on from there; empty: migrate.journal within --dir." placeholder:"FILE"`
	Parallel       int            `help:"Bytes: objects that are copied at once, 1 to 64." default:"8" placeholder:"N"`
	SkipRenditions bool           `help:"Bytes: leave the thumbs behind; they are made again on demand."`
	Repair         bool           `help:"Bytes: replace objects of --to that are not the same as in --from."`

	Quiet bool `help:"Show no progress."`
}

// location is where something is moved from or to: a catalog, or a store of bytes.
type location struct {
	sqlite   string // folder
	postgres string // address
	blobs    blobsAddress
}

const sqliteAt = "sqlite:"

// UnmarshalText refuses what cannot be an address. It repeats nothing of it, because there may be a password in it.
func (p *location) UnmarshalText(text []byte) error {
	address := string(text)
	if dir, ok := strings.CutPrefix(address, sqliteAt); ok && dir != "" {
		p.sqlite = dir
		return nil
	}
	if strings.HasPrefix(address, folderAt) || strings.HasPrefix(address, bucketAt) {
		return p.blobs.UnmarshalText(text)
	}
	var c catalogAddress
	if err := c.UnmarshalText(text); err != nil || c == inSQLite {
		return errors.New("neither sqlite:DIR, postgres://, local:DIR nor s3://")
	}
	p.postgres = address
	return nil
}

func (p location) isCatalog() bool { return p.sqlite != "" || p.postgres != "" }

// String names the place, without a password.
func (p location) String() string {
	switch {
	case p.sqlite != "":
		return sqliteAt + p.sqlite
	case p.postgres != "":
		return "the PostgreSQL database"
	}
	return string(p.blobs)
}

// Run moves, and says how to go on where it was interrupted.
func (c *migrateCommand) Run(ctx context.Context, m *Main) (err error) {
	switch none := (location{}); {
	case c.Reopen && c.To == none && c.From.isCatalog():
		return c.reopen(ctx, m)
	case c.Reopen:
		return errors.New("--reopen goes with --from and a catalog, and with nothing else")
	case c.To == none:
		return errors.New("--to is missing")
	case c.From == c.To:
		return errors.New("--to is the same as --from")
	case c.From.isCatalog() != c.To.isCatalog():
		return errors.New("of --from and --to one is a catalog, the other a store of bytes")
	case c.From.isCatalog():
		err = c.moveCatalog(ctx, m)
	default:
		err = c.moveBlobs(ctx, m)
	}
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted; what is moved stays moved, and the same command goes on with the rest")
	}
	return err
}

// patience is how long one statement on a PostgreSQL database may take: to remove a large table takes longer than any
// statement of a server's.
const patience = 10 * time.Minute

// catalog opens the catalog of the place.
func (p location) catalog(ctx context.Context, option string, isNew bool) (catalog.Mover, error) {
	var c catalog.Mover
	var err error
	if p.postgres != "" {
		config := postgres.Default(p.postgres)
		config.Wait = patience
		c, err = postgres.Open(ctx, config)
	} else {
		if !isNew {
			if err := (dataOptions{Dir: p.sqlite, Catalog: inSQLite}).mustHaveFile(); err != nil {
				return nil, fmt.Errorf("%s: %w", option, err)
			}
		}
		c, err = sqlite.Open(ctx, sqlite.Default(p.sqlite))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	return c, nil
}

func (c *migrateCommand) moveCatalog(ctx context.Context, m *Main) (err error) {
	from, err := c.From.catalog(ctx, "--from", false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := c.To.catalog(ctx, "--to", true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()

	meter := newMeter(m.Stderr, "rows", c.Quiet)
	result, err := transfer.Run(ctx, from, to, transfer.Config{Ahead: c.Ahead, Progress: func(stage transfer.Stage, done, total int64) {
		meter.at(string(stage), done, total)
	}})
	meter.close()
	switch {
	case errors.Is(err, transfer.ErrOccupied):
		return fmt.Errorf("--to: %w", err)
	case err != nil:
		return err
	case result.Already:
		_, err = fmt.Fprintf(m.Stdout, "all %d rows of %s are in %s already, compared one by one\n", result.Rows, c.From, c.To)
	case !result.Finished:
		_, err = fmt.Fprintf(m.Stdout, "%d rows are copied, %d of them by this run; %s is in use as before, and without --ahead the same command finishes\n",
			result.Rows, result.Changed, c.From)
	default:
		_, err = fmt.Fprintf(m.Stdout, "all %d rows are in %s, compared one by one; %s takes no writes any more: start the servers with the new catalog\n",
			result.Rows, c.To, c.From)
	}
	return err
}

// reopen undoes the last step of a migration of catalogs, on the side of the old one.
func (c *migrateCommand) reopen(ctx context.Context, m *Main) (err error) {
	from, err := c.From.catalog(ctx, "--from", false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := from.Unseal(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(m.Stdout, "%s takes writes again\n", c.From)
	return err
}

// hasMoved tells whether a catalog takes no writes because it has moved, or is about to.
func hasMoved(ctx context.Context, c origin.Catalog) (bool, error) {
	mover, ok := c.(catalog.Mover)
	if !ok {
		return false, nil
	}
	return mover.Sealed(ctx)
}

// warnOfSeal says what an operator would otherwise learn from the first write that fails.
func warnOfSeal(ctx context.Context, c origin.Catalog, log *slog.Logger) error {
	sealed, err := hasMoved(ctx, c)
	if sealed {
		log.Warn("the catalog takes no writes: it has moved, or is about to; imgorigin migrate --reopen lets it take them again")
	}
	return err
}

// mustNotHaveMoved fails where the catalog does not know what was uploaded since it has moved.
func mustNotHaveMoved(ctx context.Context, c origin.Catalog) error {
	sealed, err := hasMoved(ctx, c)
	if sealed {
		return fmt.Errorf("--catalog: %w", origin.ErrSealed)
	}
	return err
}
