package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/internal/s3test"
	"github.com/imgorigin/imgorigin/origin"
)

// testLibrary is the variable that says where the programs of these tests keep their libraries: "" for SQLite and a folder,
// "postgres" for a PostgreSQL database and a folder, or "postgres+s3" for a database and a bucket. make e2e sets it.
const testLibrary = "IMGORIGIN_TEST_LIBRARY"

// libraries are the parts that libraries outside of a folder need, started when the first test asks for them. TestMain stops them.
type libraries struct {
	postgres func() (*pgtest.Server, error)
	s3       func() (*s3test.Server, error)
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
	l.s3 = sync.OnceValues(func() (*s3test.Server, error) {
		s, err := s3test.Start()
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
	case "postgres+s3":
		args = append(l.catalog(t), l.blobs(t)...)
	default:
		t.Fatalf("%s=%s is no library", testLibrary, kind)
	}
	l.args[dir] = args
	return args
}

// catalog makes a schema of its own.
func (l *libraries) catalog(t *testing.T) []string {
	t.Helper()
	s := must(t, l.postgres)
	schema := fmt.Sprintf("library%d", len(l.args))
	if out, err := s.Psql("-c", "CREATE SCHEMA "+schema).CombinedOutput(); err != nil {
		t.Fatalf("a schema: %v\n%s", err, out)
	}
	return []string{"--catalog", s.URL(schema)}
}

// blobs makes a bucket of its own.
func (l *libraries) blobs(t *testing.T) []string {
	t.Helper()
	s := must(t, l.s3)
	bucket, err := s.NewBucket(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"--blobs", fmt.Sprintf("s3://%s?endpoint=%s&region=%s&path-style=true", bucket, s.Endpoint(), s3test.Region)}
}

// stored is the folder in which the store of the program's library has its objects, by their keys. The S3 server's is one too.
func (p *program) stored() string {
	p.t.Helper()
	for _, arg := range outside.of(p.t, p.dir) {
		if bucket, ok := strings.CutPrefix(arg, "s3://"); ok {
			bucket, _, _ = strings.Cut(bucket, "?")
			return filepath.Join(must(p.t, outside.s3).Dir, "buckets", bucket)
		}
	}
	return filepath.Join(p.dir, "storage")
}

// staged is the folder in which uploads under way are.
func (p *program) staged() string {
	if slices.Contains(outside.of(p.t, p.dir), "--blobs") {
		return filepath.Join(p.dir, "spool")
	}
	return filepath.Join(p.stored(), ".tmp")
}

// must starts a server, once for all tests. A test is skipped where it is not installed, but for CI, where that would be a hole.
func must[S any](t *testing.T, start func() (*S, error)) *S {
	t.Helper()
	s, err := start()
	if (errors.Is(err, pgtest.ErrMissing) || errors.Is(err, s3test.ErrMissing)) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// located adds where the library is to the arguments of a command that name its folder, and no catalog.
func located(t *testing.T, args []string) []string {
	t.Helper()
	at := slices.Index(args, "--dir")
	if at < 0 || slices.Contains(args, "--catalog") {
		return args
	}
	where := outside.of(t, args[at+1])
	if slices.Contains(where, "--blobs") {
		t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
		t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	}
	return slices.Concat(args[:at+2], where, args[at+2:])
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
	t.Setenv(testLibrary, "postgres+s3")
	t.Run("Fibery", TestFiberyWire)
	t.Run("Foir", TestFoirWire)
	t.Run("a second start", TestASecondStartFindsItsDataAgain)
}
