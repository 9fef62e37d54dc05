package sqlite

import (
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
)

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) catalogtest.Store {
		cfg := Default(t.TempDir())
		cfg.PollInterval = 5 * time.Millisecond // so that the suite is not about waiting
		return func(t *testing.T) origin.Catalog { return open(t, cfg) }
	})
}

// open opens a catalog. The caller closes it.
func open(t testing.TB, cfg Config) *Catalog {
	t.Helper()
	cat, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}
