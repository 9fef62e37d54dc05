package s3

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
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
