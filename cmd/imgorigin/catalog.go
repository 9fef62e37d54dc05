package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/imgorigin/imgorigin/catalog/postgres"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/catalog/transfer"
	"github.com/imgorigin/imgorigin/origin"
)

// catalogAddress is "sqlite" or the address of a PostgreSQL database.
type catalogAddress string

const inSQLite catalogAddress = "sqlite"

// UnmarshalText refuses what cannot be an address. It repeats nothing of it, because there may be a password in it.
func (c *catalogAddress) UnmarshalText(text []byte) error {
	*c = catalogAddress(text)
	switch address := string(text); {
	case *c == inSQLite:
		return nil
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		return postgres.Default(address).Validate()
	}
	return errors.New("neither sqlite nor an address that begins with postgres://")
}

// openCatalog opens the catalog, and makes it where there is none. It refuses one that a migration has only begun to fill.
func (d dataOptions) openCatalog(ctx context.Context) (origin.Catalog, error) {
	option, open := "--catalog", func() (origin.Catalog, error) { return postgres.Open(ctx, postgres.Default(string(d.Catalog))) }
	if d.Catalog == inSQLite {
		option, open = "--dir", func() (origin.Catalog, error) { return sqlite.Open(ctx, sqlite.Default(d.Dir)) }
	}
	c, err := open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	unfinished, err := transfer.Unfinished(ctx, c)
	if err == nil && unfinished {
		err = transfer.ErrUnfinished
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", option, err), c.Close())
	}
	return c, nil
}

// errNoLibrary keeps a catalog that was never served from passing for one that knows of all files there are.
var errNoLibrary = errors.New("there is no library there")

// mustHaveLibrary fails where the catalog is new, or would be.
func (d dataOptions) mustHaveLibrary(ctx context.Context, c origin.Catalog) error {
	list, err := c.Collections(ctx)
	if err == nil && len(list) == 0 {
		err = errNoLibrary
	}
	if err != nil {
		return fmt.Errorf("--catalog: %w", err)
	}
	return nil
}

// mustHaveFile fails where the catalog would be a file, and there is none.
func (d dataOptions) mustHaveFile() error {
	if d.Catalog != inSQLite {
		return nil
	}
	if _, err := os.Stat(sqlite.Default(d.Dir).Path()); err != nil {
		return fmt.Errorf("--dir: there is no library in %s: %w", d.Dir, err)
	}
	return nil
}
