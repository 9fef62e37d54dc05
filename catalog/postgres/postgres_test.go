package postgres

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/origin"
)

// server is started by the first test that needs it and stopped by TestMain. Each store is a schema of its own.
var server struct {
	once    sync.Once
	running *pgtest.Server
	err     error
	stores  int
}

func TestMain(m *testing.M) {
	code := m.Run()
	if server.running != nil {
		server.running.Stop()
	}
	os.Exit(code)
}

// fresh makes an empty store and returns its configuration.
func fresh(t testing.TB) Config {
	t.Helper()
	server.once.Do(func() { server.running, server.err = pgtest.Start() })
	if errors.Is(server.err, pgtest.ErrMissing) {
		t.Skip(server.err)
	}
	if server.err != nil {
		t.Fatal(server.err)
	}
	server.stores++
	schema := fmt.Sprintf("store_%d", server.stores)
	cfg := Default(server.running.URL(schema))
	statement(t, cfg, "CREATE SCHEMA "+schema)
	return cfg
}

// statement runs SQL beside the catalog, as another program would.
func statement(t testing.TB, cfg Config, sql string) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer end(db)
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, func(t *testing.T) catalogtest.Store {
		cfg := fresh(t)
		cfg.PollInterval = time.Second // so that what is in time came by notification
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
