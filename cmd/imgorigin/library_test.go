package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/origin"
)

// testLibrary is the variable that says where the programs of these tests keep their libraries: "" for SQLite and a folder, or
// "postgres" for a PostgreSQL database and a folder. make e2e sets it.
const testLibrary = "IMGORIGIN_TEST_LIBRARY"

// libraries are the parts that libraries outside of a folder need, started when the first test asks for them. TestMain stops them.
type libraries struct {
	postgres func() (*pgtest.Server, error)
	mu       sync.Mutex
	stops    []func()
	args     map[string][]string // by the folder of a library: a program that is started again finds what it had
}

var outside = newLibraries()

func newLibraries() *libraries {
	l := &libraries{args: make(map[string][]string)}
	l.postgres = sync.OnceValues(func() (*pgtest.Server, error) {
		s, err := pgtest.Start()
		if err == nil {
			l.stops = append(l.stops, s.Stop)
		}
		return s, err
	})
	return l
}

func (l *libraries) stop() {
	for _, stop := range l.stops {
		stop()
	}
}

// of returns the arguments that say where the library of a folder is, which is made where it is new.
func (l *libraries) of(t *testing.T, dir string) []string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if args, ok := l.args[dir]; ok {
		return args
	}
	var args []string
	switch kind := os.Getenv(testLibrary); kind {
	case "":
		return nil
	case "postgres":
		args = l.catalog(t)
	default:
		t.Fatalf("%s=%s is no library", testLibrary, kind)
	}
	l.args[dir] = args
	return args
}

// catalog makes a schema of its own.
func (l *libraries) catalog(t *testing.T) []string {
	t.Helper()
	s, err := l.postgres()
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema := fmt.Sprintf("library%d", len(l.args))
	if out, err := s.Psql("-c", "CREATE SCHEMA "+schema).CombinedOutput(); err != nil {
		t.Fatalf("a schema: %v\n%s", err, out)
	}
	return []string{"--catalog", s.URL(schema)}
}

// located adds where the library is to the arguments of a command that name its folder, and no catalog.
func located(t *testing.T, args []string) []string {
	t.Helper()
	at := slices.Index(args, "--dir")
	if at < 0 || slices.Contains(args, "--catalog") {
		return args
	}
	return slices.Concat(args[:at+2], outside.of(t, args[at+1]), args[at+2:])
}

// beside opens the program's catalog as another process would.
func (p *program) beside(do func(context.Context, origin.Catalog) error) {
	p.t.Helper()
	ctx := context.Background()
	d := dataOptions{Dir: p.dir, Catalog: inSQLite}
	if where := outside.of(p.t, p.dir); where != nil {
		d.Catalog = catalogAddress(where[1])
	}
	c, err := d.openCatalog(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	if err := do(ctx, c); err != nil {
		p.t.Fatal(err)
	}
}

// TestElsewhereItIsTheSame is the short part of make e2e.
func TestElsewhereItIsTheSame(t *testing.T) {
	if os.Getenv(testLibrary) != "" {
		t.Skip("all tests are elsewhere")
	}
	t.Setenv(testLibrary, "postgres")
	t.Run("Fibery", TestFiberyWire)
	t.Run("Foir", TestFoirWire)
	t.Run("a second start", TestASecondStartFindsItsDataAgain)
}
