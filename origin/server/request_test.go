package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestABodyIsBounded(t *testing.T) {
	const limit = 20_000 // more than what is read ahead
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("POST", "/", func(r *Request) error {
			data, err := io.ReadAll(r.Body(limit))
			if err != nil {
				return err
			}
			r.Bytes(200, "text/plain", fmt.Appendf(nil, "%d %d", len(data), strings.Count(string(data), "x")))
			return nil
		})
	})
	post := func(fields, body string) string {
		return "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n\r\n" + body
	}
	chunked := func(sizes ...int) string {
		var b strings.Builder
		for _, n := range append(sizes, 0) {
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, strings.Repeat("x", n))
		}
		return b.String()
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct{ name, request, want string }{
		{"nothing", post("Content-Length: 0", ""), "200 0 0"},
		{"no length", "POST / HTTP/1.1\r\nHost: x\r\n\r\n", "200 0 0"},
		{"a few bytes", post("Content-Length: 3", "xxx"), "200 3 3"},
		{"all that is allowed", post("Content-Length: 20000", x(limit)), "200 20000 20000"},
		{"more is declared than is sent", post("Content-Length: 20001", x(8<<10)), "413 request body too large"},
		{"very much is declared", post("Content-Length: 9223372036854775807", x(8<<10)), "413 request body too large"},
		{"all that is allowed, in chunks", post("Transfer-Encoding: chunked", chunked(1, 15_000, 4_999)), "200 20000 20000"},
		{"more comes, in chunks", post("Transfer-Encoding: chunked", chunked(1, 15_000, 5_000)), "413 request body too large"},
		{"more comes in one chunk", post("Transfer-Encoding: chunked", "7fffffff\r\n"+x(limit+1)), "413 request body too large"},
		{"a chunk of more than can be counted", post("Transfer-Encoding: chunked", "7fffffffffffffff\r\n"), "418 too large hex number"},
		{"a chunk that is none", post("Transfer-Encoding: chunked", "zz\r\n"), "418 empty hex number"},
		{"a client that asks first", post("Expect: 100-continue\r\nContent-Length: 3", "xxx"), "100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := h.dial()
			w.send(c.request)
			got := w.receive()
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if got == "100" {
				if got := w.receive(); got != "200 3 3" {
					t.Errorf("after 100: %s", got)
				}
			}
		})
	}
}

func TestWhoAsksBeforeSendingIsToldNoByTheLengthAlone(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		m.Limit(func() int64 { return 10 })
		m.Limit(func() int64 { return 20 })
		m.Handle("POST", "/", hello)
	})
	for fields, want := range map[string]string{
		"Content-Length: 20":                              "100",
		"Content-Length: 21":                              "413 Request Entity Too Large",
		"Content-Length: 9223372036854775807":             "413 Request Entity Too Large",
		"Transfer-Encoding: chunked":                      "100",
		"Transfer-Encoding: chunked\r\nContent-Length: 3": "400 Bad Request",
	} {
		w := h.dial()
		w.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + fields + "\r\n\r\n")
		if want != "100" {
			w.send("xxx") // there are clients that do not wait
		}
		if got := w.receive(); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
		if want != "100" && !w.ends() {
			t.Errorf("%s: the connection goes on", fields)
		}
	}
	if s := h.Stats(); s.ByClass[4] != 3 {
		t.Errorf("%d refusals counted, want 3", s.ByClass[4])
	}
}

func TestABodyReaderKeepsToItsBound(t *testing.T) {
	for _, limit := range []int64{0, 1, 9, 10, 11, math.MaxInt64 - 1, math.MaxInt64} {
		body := &boundedBody{stream: iotest.HalfReader(strings.NewReader("0123456789")), left: limit, limit: limit, declared: -1}
		data, err := io.ReadAll(body)
		want := "0123456789"[:min(limit, 10)]
		if string(data) != want || (limit < 10) != errors.Is(err, ErrBodyTooLarge) || limit >= 10 && err != nil {
			t.Errorf("a limit of %d: %q, %v", limit, data, err)
		}
		if limit < 10 {
			if n, err := body.Read(make([]byte, 5)); n != 0 || !errors.Is(err, ErrBodyTooLarge) {
				t.Errorf("a limit of %d: read again, %d, %v", limit, n, err)
			}
		}
	}
}

// TestWhatAHandlerLeavesOfABodyIsNoRequest is about connections that a proxy shares between its clients: bytes of one client's
// body that were taken for a request would give the next client the answer to it.
func TestWhatAHandlerLeavesOfABodyIsNoRequest(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			m.Handle(method, "/unread", hello)
			m.Handle(method, "/begun", func(r *Request) error {
				_, err := io.ReadFull(r.Body(1<<40), make([]byte, 3))
				if err != nil {
					return err
				}
				return hello(r)
			})
		}
		m.Handle("GET", "/second", func(r *Request) error { return errors.New("the body was taken for a request") })
	})
	second := fmt.Sprintf(get, "/second")
	for _, size := range []int{10, 1 << 10, 9 << 10, 100 << 10, 2 << 20} {
		padding := strings.Repeat("\r\n", size/2) // empty lines before a request are skipped
		for name, request := range map[string]string{
			"a length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s%s", size+len(second), padding, second),
			"chunks":   fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%s", size, padding, second),
			"a chunk":  fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s%s\r\n0\r\n\r\n", size+len(second), padding, second),
		} {
			for _, method := range []string{"GET /unread", "HEAD /unread", "POST /unread", "POST /begun", "POST /nowhere"} {
				w := h.dial()
				sent := make(chan struct{})
				go func() { // beside reading: the server may close in the middle of it
					defer close(sent)
					_, _ = io.WriteString(w.conn, method+" HTTP/1.1\r\nHost: x\r\n"+request)
					_ = w.conn.(*net.TCPConn).CloseWrite()
				}()
				answers, _ := io.ReadAll(w.conn)
				w.conn.Close()
				<-sent
				if !strings.HasPrefix(string(answers), "HTTP/1.1 ") {
					t.Errorf("%s with %s of %d bytes: no answer: %q", method, name, size, answers)
				}
				if strings.Contains(string(answers), "taken for a request") {
					t.Fatalf("%s with %s of %d bytes: %q", method, name, size, answers)
				}
			}
		}
	}
}

// TestWhoIsRefusedGetsToReadWhy is about clients that send all of their request before they read: a connection that was
// closed with bytes unread would be reset, and the answer lost.
func TestWhoIsRefusedGetsToReadWhy(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("POST", "/large", func(r *Request) error {
			_, err := io.Copy(io.Discard, r.Body(10))
			return err
		})
		m.Handle("POST", "/unread", hello)
	})
	body := strings.Repeat("x", 1<<20)
	for path, want := range map[string]string{"/large": "413 request body too large", "/unread": "200 hello"} {
		for _, framing := range []string{
			fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body),
			fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body),
		} {
			w := h.dial()
			w.send("POST " + path + " HTTP/1.1\r\nHost: x\r\n" + framing)
			if got := w.receive(); got != want {
				t.Errorf("%s: %s, want %s", path, got, want)
			}
			if !w.ends() {
				t.Errorf("%s: the connection goes on", path)
			}
		}
	}
}

func TestASmallBodyThatNobodyReadsDoesNotEndTheConnection(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) { m.Handle("POST", "/", hello) })
	w := h.dial()
	for _, body := range []string{"Content-Length: 2\r\n\r\n{}", "Content-Length: 12000\r\n\r\n" + strings.Repeat("x", 12_000),
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "\r\n"} {
		w.send("POST / HTTP/1.1\r\nHost: x\r\n" + body)
		if got := w.receive(); got != "200 hello" {
			t.Errorf("after %.40q: %s", body, got)
		}
	}
}

func TestWhatARequestSays(t *testing.T) {
	var seen []*facts
	h := hostOf(t, nil, func(m *Mount) {
		handle := func(r *Request) error {
			seen = append(seen, &facts{
				method: r.Method(), path: r.Path(), param: r.Param(0), beyond: r.Param(1), head: r.IsHead(),
				query: r.Query(), headers: r.Headers(), first: r.QueryValue("q"), has: r.HasQuery("empty"), none: r.HasQuery("none"),
				header: r.Header("x-custom"), contentType: r.ContentType(),
			})
			return hello(r)
		}
		m.Handle("POST", "/a/{x}", handle)
		m.Handle("HEAD", "/a/{x}", handle)
	})
	w := h.dial()
	w.send("POST /a/%41%2Fb?q=1&q=2&empty=&plus=a+b&pct=%26 HTTP/1.1\r\nHost: x\r\nX-Custom: one\r\nX-Custom: two\r\n" +
		"Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 0\r\n\r\n")
	w.receive()
	for range 50 { // the strings of the first request must outlive the buffers they came in
		w.send("POST /zzzzzzzzzzzzzz?q=zzzzzzzzzzz&zzz=z HTTP/1.1\r\nHost: zzzzzz\r\nX-Zzzzzz: zzzzz\r\nContent-Length: 0\r\n\r\n")
		w.receive()
	}
	got := seen[0]
	if got.method != "POST" || got.path != "/a/%41%2Fb" || got.param != "A/b" || got.beyond != "" || got.head {
		t.Errorf("%+v", got)
	}
	if want := map[string]string{"q": "1", "empty": "", "plus": "a b", "pct": "&"}; !maps.Equal(got.query, want) {
		t.Errorf("query %v", got.query)
	}
	if got.first != "1" || !got.has || got.none {
		t.Errorf("%+v", got)
	}
	if got.headers["x_custom"] != "one" || got.headers["content_type"] != "Application/JSON; charset=utf-8" || got.header != "one" {
		t.Errorf("headers %v", got.headers)
	}
	if got.contentType != "application/json" {
		t.Errorf("content type %q", got.contentType)
	}
}

type facts struct {
	method, path, param, beyond, first, header, contentType string
	head, has, none                                         bool
	query, headers                                          map[string]string
}

func TestContentTypes(t *testing.T) {
	var got string
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("POST", "/", func(r *Request) error {
			got = r.ContentType()
			if reader, err := r.Multipart(1 << 10); err == nil {
				part, err := reader.NextPart()
				if err != nil {
					return err
				}
				got += " of " + part.FormName()
			} else if !errors.Is(err, ErrNotMultipart) {
				return err
			}
			return hello(r)
		})
	})
	for sent, want := range map[string]string{
		"":                                    "",
		"text/plain":                          "text/plain",
		"TEXT/Plain; Charset=x":               "text/plain",
		"text/plain; broken":                  "text/plain",
		"/":                                   "",
		"multipart/form-data":                 "multipart/form-data",
		"multipart/form-data; boundary=":      "multipart/form-data",
		"multipart/form-data; boundary=b":     "multipart/form-data of f",
		`multipart/mixed; boundary="b"`:       "multipart/mixed of f",
		"application/x-multipart; boundary=b": "application/x-multipart",
	} {
		body := "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nv\r\n--b--\r\n"
		request := fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", sent, len(body), body)
		if answer := h.ask(request); answer != "200 hello" || got != want {
			t.Errorf("%q is %q, want %q (%s)", sent, got, want, answer)
		}
	}
}

func TestJSONIsWrittenAsPocketBaseWritesIt(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			return r.JSON(201, map[string]any{"z": "<a&b>\u2028", "a": []int{1}, "m": map[string]any{"y": nil, "x": "é"}})
		})
		m.Handle("GET", "/never", func(r *Request) error { return r.JSON(200, math.Inf(1)) })
	})
	w := h.dial()
	w.send(fmt.Sprintf(get, "/"))
	want := `{"a":[1],"m":{"x":"é","y":null},"z":"\u003ca\u0026b\u003e\u2028"}` + "\n"
	raw := make([]byte, 4096)
	n, _ := w.conn.Read(raw)
	answer := string(raw[:n])
	for _, line := range []string{"HTTP/1.1 201 Created\r\n", "Content-Type: application/json\r\n", fmt.Sprintf("Content-Length: %d\r\n", len(want)), "\r\n\r\n" + want} {
		if !strings.Contains(answer, line) {
			t.Errorf("no %q in %q", line, answer)
		}
	}
	if got := h.ask(fmt.Sprintf(get, "/never")); !strings.HasPrefix(got, "418 json: unsupported value") {
		t.Errorf("what JSON cannot say: %s", got)
	}
}

func TestTheWorkOnARequestHasADeadline(t *testing.T) {
	h := hostOf(t, func(c *Config) { c.Deadline = 100 * time.Millisecond }, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			if r.Context() != r.Context() {
				return errors.New("another context each time")
			}
			<-r.Context().Done()
			if err := r.LongContext().Err(); err != nil {
				return fmt.Errorf("the long one ended: %w", err)
			}
			return r.Context().Err()
		})
		m.Handle("GET", "/kept", func(r *Request) error {
			ctx := r.Context()
			context.AfterFunc(ctx, func() {})
			return hello(r)
		})
	})
	if got := h.ask(fmt.Sprintf(get, "/")); got != "418 context deadline exceeded" {
		t.Error(got)
	}
}

func TestADeadlineBeginsAnewOnceABodyIsReceived(t *testing.T) {
	h := hostOf(t, func(c *Config) { c.Deadline = 100 * time.Millisecond }, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			before := r.Context()
			<-before.Done() // as long as it took to receive the body
			r.RestartDeadline()
			if err := r.Context().Err(); err != nil {
				return fmt.Errorf("at once: %w", err)
			}
			<-r.Context().Done()
			return r.Context().Err()
		})
	})
	if got := h.ask(fmt.Sprintf(get, "/")); got != "418 context deadline exceeded" {
		t.Error(got)
	}
}

func TestAContextThatSomebodyLookedAtServesNoOtherRequest(t *testing.T) {
	var seen []context.Context
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			if err := r.Context().Err(); err != nil {
				return err
			}
			seen = append(seen, r.Context())
			return hello(r)
		})
	})
	w := h.dial()
	for range 3 {
		w.send(fmt.Sprintf(get, "/"))
		if got := w.receive(); got != "200 hello" {
			t.Fatal(got)
		}
	}
	w.conn.Close()
	for i, ctx := range seen {
		if i > 0 && ctx == seen[0] {
			t.Errorf("request %d had the context of the first", i)
		}
	}
}

func TestTheHostCounts(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/", hello)
		m.Handle("HEAD", "/", hello)
		m.Handle("GET", "/none", func(r *Request) error { r.Status(304); return nil })
		m.Handle("GET", "/broken", func(r *Request) error { r.Status(500); return nil })
	})
	w := h.dial()
	for _, path := range []string{"/", "/", "/none", "/broken", "/nowhere"} {
		w.send(fmt.Sprintf(get, path))
		w.receive()
	}
	if s := h.Stats(); s.OpenConnections != 1 {
		t.Errorf("%d open connections", s.OpenConnections)
	}
	w.send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	_, _ = io.Copy(io.Discard, w.in)
	s := h.Stats()
	if s.Requests != 6 || s.Failed != 1 || s.Panics != 0 || s.ByClass != [6]uint64{2: 3, 3: 1, 4: 1, 5: 1} || s.SentBytes != 2*5+uint64(len("fallback")) {
		t.Errorf("%+v", s)
	}
}
