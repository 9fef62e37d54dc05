package s3

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// deliver sends text to an address, and returns the status.
func deliver(t *testing.T, address, text string) int {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/plain")
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestWhatIsDeliveredIsNoObject(t *testing.T) {
	c := bucket(t)
	c.Prefix = "site/"
	s := open(t, c)
	ctx := t.Context()
	presign := func(id string) string {
		t.Helper()
		address, err := s.PresignPut(ctx, id, "text/plain", 5, time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return address
	}
	if _, err := s.OpenDelivered(ctx, "one"); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("before anything was sent: %v", err)
	}
	for text, want := range map[string]int{"first": 200, "longer": 403, "less": 403, "later": 200} {
		if got := deliver(t, presign("one"), text); got != want {
			t.Errorf("%q: status %d", text, got)
		}
	}
	if got := deliver(t, presign("one"), "third"); got != 200 {
		t.Errorf("status %d", got)
	}
	obj, err := s.OpenDelivered(ctx, "one")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(obj.Body)
	if _ = obj.Body.Close(); string(text) != "third" || obj.Size != 5 || err != nil {
		t.Errorf("%q of %d bytes, %v", text, obj.Size, err)
	}
	if infos, err := s.List(ctx, "", "", 10); err != nil || len(infos) != 0 {
		t.Errorf("it is listed: %v, %v", infos, err)
	}
	if _, err := s.Open(ctx, ".delivered/one", 0, -1); err == nil || errors.Is(err, origin.ErrNotFound) {
		t.Errorf("by a key: %v", err)
	}
	for range 2 {
		if err := s.DropDelivered(ctx, "one", "none"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.OpenDelivered(ctx, "one"); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("after it was dropped: %v", err)
	}
	for _, id := range []string{"", ".", "..", "a/b", "../a", strings.Repeat("x", 256)} {
		if _, err := s.PresignPut(ctx, id, "text/plain", 5, time.Now().Add(time.Minute)); err == nil {
			t.Errorf("an address for %q", id)
		}
	}
	if _, err := s.PresignPut(ctx, "one", "text/plain", 5, time.Now()); err == nil {
		t.Error("an address that has ended")
	}
}

func TestDeliveriesThatNobodyWantsAreSwept(t *testing.T) {
	s := open(t, bucket(t))
	for _, id := range []string{"one", "two"} {
		address, err := s.PresignPut(t.Context(), id, "text/plain", 5, time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if got := deliver(t, address, "bytes"); got != 200 {
			t.Fatalf("status %d", got)
		}
	}
	put(t, s, "an/object", []byte("stays"))
	if n, err := s.Sweep(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("%d young ones were swept, %v", n, err)
	}
	if n, err := s.Sweep(t.Context(), -time.Hour); n != 2 || err != nil {
		t.Errorf("%d were swept, %v", n, err)
	}
	if got, err := readAll(t, s, "an/object", 0, -1); string(got) != "stays" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPresignedAddressesBeginWithThePublicEndpoint(t *testing.T) {
	c := bucket(t)
	c.PublicEndpoint = "https://s3.example.com"
	address, err := open(t, c).PresignPut(t.Context(), "one", "text/plain", 5, time.Now().Add(time.Minute))
	if err != nil || !strings.HasPrefix(address, "https://s3.example.com/"+c.Bucket+"/.delivered/one?") {
		t.Errorf("%s, %v", address, err)
	}
}
