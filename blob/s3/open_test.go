package s3

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/imgorigin/imgorigin/internal/s3test"
	"github.com/imgorigin/imgorigin/origin"
)

func TestAStoreThatIgnoresConditionsIsFoundOut(t *testing.T) {
	c := bucket(t)
	c.Endpoint = ignoring(t)
	if s, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "If-None-Match") {
		t.Fatalf("Open: %v, %v", s, err)
	}
	c.Unconditional = true
	s := open(t, c)
	put(t, s, "a", []byte("first"))
	if err := s.PutIfAbsent(t.Context(), "a", []byte("second")); !errors.Is(err, origin.ErrExists) {
		t.Errorf("a taken key: %v", err)
	}
	if got, err := readAll(t, s, "a", 0, -1); string(got) != "first" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A proxy whose store is away may say 404 of everything, and an object that is there must not pass for one that is not.
func TestA404ThatIsNotTheStoresIsNoAbsence(t *testing.T) {
	c := bucket(t)
	var away atomic.Bool
	c.Endpoint = fronted(t, func(w http.ResponseWriter, _ *http.Request) bool {
		if away.Load() {
			http.Error(w, "<html>no backend</html>", http.StatusNotFound)
		}
		return away.Load()
	})
	s := open(t, c)
	put(t, s, "a", []byte("bytes"))
	away.Store(true)
	if _, err := s.Open(t.Context(), "a", 0, -1); !errors.Is(err, origin.ErrUnreachable) || errors.Is(err, origin.ErrNotFound) {
		t.Errorf("Open: %v", err)
	}
	away.Store(false)
	if got, err := readAll(t, s, "a", 0, -1); string(got) != "bytes" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.Open(t.Context(), "b", 0, -1); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("an absent one: %v", err)
	}
}

func TestACertificateThatNobodyVouchesForEndsTheStartAtOnce(t *testing.T) {
	front := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(front.Close)
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	c := DefaultConfig()
	c.Endpoint, c.Bucket, c.AccessKey, c.SecretKey, c.Spool = front.URL, "bucket", "x", "y", t.TempDir()
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "certificate") || errors.Is(err, origin.ErrUnreachable) {
		t.Errorf("Open: %v", err)
	}
}

func TestCredentialsOfAFile(t *testing.T) {
	c := bucket(t)
	c.AccessKey, c.SecretKey = "", ""
	c.CredentialsFile, c.Profile = t.TempDir()+"/credentials", "pictures"
	writeFile(t, c.CredentialsFile, fmt.Sprintf("[default]\naws_access_key_id = x\naws_secret_access_key = y\n[pictures]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		s3test.AccessKey, s3test.SecretKey))
	put(t, open(t, c), "a", []byte("x"))
	c.Profile = ""
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "the store says") {
		t.Errorf("another profile: %v", err)
	}
}
