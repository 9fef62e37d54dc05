package sqlite

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) catalogtest.Store {
		cfg := Default(t.TempDir())
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
