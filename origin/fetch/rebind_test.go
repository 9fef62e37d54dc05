package fetch_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/imgorigin/imgorigin/origin/fetch"
)

// rebinding is a name server whose answer to every question for an IPv4 address is the next of its list.
func rebinding(t *testing.T, answers ...string) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = pc.WriteTo(reply(buf[:n], func() string {
				return answers[min(int(asked.Add(1))-1, len(answers)-1)]
			}), from)
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}, asked
}

// reply answers one question (RFC 1035 section 4.1) with one address of no life, or with none where it is not for IPv4.
func reply(query []byte, address func() string) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5]
	r := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	if binary.BigEndian.Uint16(question[len(question)-4:]) != 1 {
		return r
	}
	r[7] = 1
	r = append(r, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(r, net.ParseIP(address()).To4()...)
}

func TestANameThatChangesItsMeaningGainsNothing(t *testing.T) {
	reached := atomic.Int64{}
	var port string
	base := other(t, func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		http.Redirect(w, r, "http://rebind.example.com:"+port+"/", http.StatusFound)
	})
	_, port, _ = net.SplitHostPort(base[len("http://"):])

	resolver, asked := rebinding(t, "127.0.0.1")
	guarded := fetcher(t, func(c *fetch.Config) { c.Allow, c.Resolver = nil, resolver })
	if _, _, err := get(guarded, fetch.Request{URL: "http://rebind.example.com:" + port + "/"}); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("a name of this machine: %v", err)
	}
	if asked.Load() == 0 || reached.Load() != 0 {
		t.Errorf("the name was asked for %d times, the server %d times", asked.Load(), reached.Load())
	}

	// Allowed at first; at the redirect the same name means another address.
	resolver, asked = rebinding(t, "127.0.0.1", "10.0.0.1")
	changing := fetcher(t, func(c *fetch.Config) { c.Resolver = resolver })
	if _, _, err := get(changing, fetch.Request{URL: "http://rebind.example.com:" + port + "/"}); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("a name that means another address at the redirect: %v", err)
	}
	if asked.Load() != 2 || reached.Load() != 1 {
		t.Errorf("the name was asked for %d times, the server %d times", asked.Load(), reached.Load())
	}
}
