package server_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// stalling is a catalog that does not find a certain record for as long as it may.
type stalling struct{ origin.Catalog }

const nobody = "zzzzzzzzzzzzzzz"

func (s stalling) Record(ctx context.Context, c *origin.Collection, id origin.RecordID) (*origin.Record, error) {
	if id != nobody {
		return s.Catalog.Record(ctx, c, id)
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(20 * time.Second):
		return nil, errors.New("nobody stopped this")
	}
}

func TestTheDeadlineBoundsTheChecksOfAProtectedFile(t *testing.T) {
	options := server.DefaultConfig()
	options.Deadline = 200 * time.Millisecond
	h, _, protected := libraryWith(t, options, func(c origin.Catalog) origin.Catalog { return stalling{c} })
	address, token, _ := strings.Cut(protected, "&token=")
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(claims), `"id":"`)
	id, _, _ := strings.Cut(after, `"`)
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), id, nobody, 1)))
	ctx := ask(address + "&token=" + strings.Join(parts, "."))
	h.Handle(ctx)
	if got := ctx.Response.StatusCode(); got != 503 {
		t.Errorf("status %d %s", got, ctx.Response.Body())
	}
}

// TestADateDoesNotVouchForAStandIn is about a thumb that has become possible since a client kept the original in its place:
// both are of the same upload, and so of the same date.
func TestADateDoesNotVouchForAStandIn(t *testing.T) {
	h, public, _ := library(t)
	const date = "Fri, 01 Jan 2100 00:00:00 GMT"
	for _, c := range []struct {
		name, thumb string
		dated       bool
		status      int
	}{
		{"a thumb", "thumb=50x50", true, 304},
		{"an original", "", true, 304},
		{"an original in place of a thumb", "thumb=51x51", false, 200},
	} {
		ctx := ask(strings.Replace(public, "thumb=50x50", c.thumb, 1), "If-Modified-Since", date)
		h.Handle(ctx)
		if got := ctx.Response.StatusCode(); got != c.status {
			t.Errorf("%s: status %d, want %d", c.name, got, c.status)
		}
		if dated := len(ctx.Response.Header.Peek("Last-Modified")) > 0; dated != c.dated {
			t.Errorf("%s: dated %v", c.name, dated)
		}
		if len(ctx.Response.Header.Peek("ETag")) == 0 {
			t.Errorf("%s: no ETag", c.name)
		}
	}
}
