package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/origin"
)

// lengths of bodies on both sides of every way that there is to send one from memory.
var bodyLengths = []int{0, 1, minMemoryBody - 1, minMemoryBody, 4 << 10, 20 << 10, maxMemoryBody, maxMemoryBody + 1, 3*progress + 1}

func bodyOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16 ^ n)
	}
	return b
}

func fromMemory(m *Mount) {
	for _, n := range bodyLengths {
		data := bodyOf(n)
		m.Handle("GET", fmt.Sprintf("/%d", n), func(r *Request) error {
			return r.Content(&origin.Content{ContentType: "image/jpeg", ETag: `"x"`, Size: int64(len(data)), Data: data})
		})
		m.Handle("HEAD", fmt.Sprintf("/%d", n), m.router.root.literals[fmt.Sprint(n)].methods["GET"].handle)
	}
	m.Handle("GET", "/regretted", func(r *Request) error {
		if err := r.Content(&origin.Content{ContentType: "image/jpeg", Size: 20 << 10, Data: bodyOf(20 << 10)}); err != nil {
			return err
		}
		return errors.New("regretted")
	})
}

func TestBodiesFromMemoryArriveWholeAndInOrderHoweverTheyAreAskedFor(t *testing.T) {
	h := hostOf(t, nil, fromMemory)
	var requests strings.Builder
	for _, n := range bodyLengths {
		for _, method := range []string{"GET", "HEAD", "GET"} {
			fmt.Fprintf(&requests, "%s /%d HTTP/1.1\r\nHost: x\r\n\r\n", method, n)
		}
	}
	w := h.dial()
	w.send(requests.String() + fmt.Sprintf(get, "/regretted") + fmt.Sprintf(get, "/1")) // all at once: a pipeline
	sent := uint64(0)
	for _, n := range bodyLengths {
		for _, method := range []string{"GET", "HEAD", "GET"} {
			resp, err := http.ReadResponse(w.in, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%s of %d bytes: %v", method, n, err)
			}
			got, err := io.ReadAll(resp.Body)
			want := bodyOf(n)
			if method == "HEAD" {
				want = nil
			}
			sent += uint64(len(want))
			if err != nil || !bytes.Equal(got, want) || n > 0 && resp.ContentLength != int64(n) {
				t.Fatalf("%s of %d bytes: %d bytes of %d, %v", method, n, len(got), resp.ContentLength, err)
			}
		}
	}
	if got := w.receive(); got != "418 regretted" {
		t.Errorf("an error in place of a body: %.100s", got)
	}
	if got := w.receive(); got != "200 "+string(bodyOf(1)) {
		t.Errorf("after it: %.100s", got)
	}
	if got := h.Stats().SentBytes; got != sent+uint64(len("regretted")+1) {
		t.Errorf("%d bytes are said to be sent, not %d", got, sent)
	}
}

// narrow is a connection whose client holds little, so that the server notices how slowly it reads.
func (h *host) narrow() net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	return conn
}

// endless is a body that a file store would not send by sendfile.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	e.left -= n
	return n, nil
}

func TestASlowReaderIsKeptWhileItGoesOnAndDroppedWhenItStops(t *testing.T) {
	const size = 12 << 20 // more than the system's buffers hold
	h := hostOf(t, func(c *Config) { c.WriteTimeout = time.Second }, func(m *Mount) {
		m.Handle("GET", "/memory", func(r *Request) error {
			return r.Content(&origin.Content{ContentType: "image/jpeg", Size: size, Data: make([]byte, size)})
		})
		m.Handle("GET", "/stream", func(r *Request) error {
			r.http.Response.SetBodyStream(&endless{size}, size)
			return nil
		})
	})
	paths := []string{"/memory", "/stream"}
	var readers sync.WaitGroup
	for _, path := range paths {
		readers.Go(func() {
			conn := h.narrow()
			defer conn.Close()
			fmt.Fprintf(conn, get, path)
			// Twice the time-out for the whole, a sixth of it for each MiB.
			for received := int64(0); received < size; time.Sleep(80 * time.Millisecond) {
				n, err := io.CopyN(io.Discard, conn, progress/2)
				if received += n; err != nil && received < size {
					t.Errorf("%s: a slow reader is dropped after %d bytes: %v", path, received, err)
					return
				}
			}
		})
	}
	readers.Wait()
	for _, path := range paths {
		fmt.Fprintf(h.narrow(), get, path)
	}
	for begun := time.Now(); h.Stats().OpenConnections > 0; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("a reader that reads nothing is kept")
		}
	}
}

func TestADeadlineIsNeverEarlyAndHardlyLate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := clock{slack: time.Duration(rapid.IntRange(0, 1000).Draw(t, "slack")) * time.Millisecond}
		now, set := time.Unix(1e9, 0), time.Time{}
		for range rapid.IntRange(1, 30).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "pause")) * time.Millisecond)
			asked := now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "time-out")) * time.Second)
			if rapid.Bool().Draw(t, "none") {
				asked = time.Time{}
			}
			before := set
			if k.keep(&set, asked) && set != before {
				t.Fatal("what is kept has changed")
			}
			if asked.IsZero() != set.IsZero() || set.Before(asked) || set.Sub(asked) > k.slack {
				t.Fatalf("asked for %s, set is %s, slack is %s", asked, set, k.slack)
			}
		}
	})
}

func TestNoConditionIsOverlooked(t *testing.T) {
	names := []string{"If-Match", "if-none-match", "IF-MODIFIED-SINCE", "If-Unmodified-Since", "iF-rAnge", "Host", "I", "If", "Range", "X-If-Match", "Accept"}
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			fast := r.conditions()
			for i, pair := range [][2][]byte{
				{fast.IfMatch, r.field("If-Match")}, {fast.IfNoneMatch, r.field("If-None-Match")}, {fast.IfModifiedSince, r.field("If-Modified-Since")},
				{fast.IfUnmodifiedSince, r.field("If-Unmodified-Since")}, {fast.IfRange, r.field("If-Range")},
			} {
				if !bytes.Equal(pair[0], pair[1]) {
					return fmt.Errorf("condition %d is %q, not %q", i, pair[0], pair[1])
				}
			}
			return hello(r)
		})
	})
	w := h.dial()
	rapid.Check(t, func(t *rapid.T) {
		var lines strings.Builder
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 6, strings.ToLower).Draw(t, "names") {
			if name != "Host" {
				fmt.Fprintf(&lines, "%s:%s%s\r\n", name, rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "space"), rapid.SampledFrom([]string{"", `"x"`, "*"}).Draw(t, "value"))
			}
		}
		w.send("GET / HTTP/1.1\r\nHost: x\r\n" + lines.String() + "\r\n")
		if got := w.receive(); got != "200 hello" {
			t.Fatalf("%s for %q", got, lines.String())
		}
	})
	if mayBeConditional([]byte("Host: x\r\n\r\n")) || !mayBeConditional([]byte("Host: x\r\nif-match: *\r\n\r\n")) {
		t.Error("the lines are not looked at")
	}
}
