package s3

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/blob/blobtest"
	"github.com/imgorigin/imgorigin/internal/s3test"
	"github.com/imgorigin/imgorigin/origin"
)

// server is the one store of all tests; nil where it cannot be run. Each test has a prefix or a bucket of its own.
var server *s3test.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = s3test.Start(); err != nil && !errors.Is(err, s3test.ErrMissing) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if server != nil {
		server.Stop()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// bucket makes a bucket, and returns what opens it.
func bucket(t testing.TB) Config {
	t.Helper()
	if server == nil {
		t.Skip(s3test.ErrMissing)
	}
	name, err := server.NewBucket(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseURL("s3://" + name + "?endpoint=" + url.QueryEscape(server.Endpoint()))
	if err != nil {
		t.Fatal(err)
	}
	c.AccessKey, c.SecretKey, c.Spool = s3test.AccessKey, s3test.SecretKey, t.TempDir()
	return c
}

// open opens a store, and closes it with the test.
func open(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	c, n := bucket(t), 0
	blobtest.Run(t, func(t *testing.T) origin.Blobs {
		n++
		c := c
		c.Prefix = fmt.Sprintf("of/test %d/", n)
		return open(t, c)
	})
}
