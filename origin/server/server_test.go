package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// host is a server on loopback.
type host struct {
	*Server
	t       *testing.T
	address string
	log     *bytes.Buffer // written by one request at a time
}

// hostOf serves routes that answer errors with their text, until the test ends. No goroutine is left then.
func hostOf(t *testing.T, change func(*Config), mount func(*Mount)) *host {
	t.Helper()
	config := DefaultConfig()
	if change != nil {
		change(&config)
	}
	router, log := &Router{}, &bytes.Buffer{}
	m := router.Mount("", func(r *Request, err error) {
		status := http.StatusTeapot
		switch {
		case errors.Is(err, ErrBodyTooLarge):
			status = http.StatusRequestEntityTooLarge
		case errors.Is(err, ErrPanic):
			status = http.StatusInternalServerError
		}
		r.Bytes(status, "text/plain", []byte(err.Error()))
	})
	mount(m)
	m.Fallback(func(*Request) error { return errors.New("fallback") })
	s, err := New(config, router, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	before := goleak.IgnoreCurrent()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serving ended with %v", err)
		}
		// The clock of dates and the cleaner of idle workers are fasthttp's own, one of each for the process.
		if err := goleak.Find(before, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
			goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2")); err != nil {
			t.Error(err)
		}
	})
	return &host{s, t, listener.Addr().String(), log}
}

// wire is one connection, spoken to by the byte.
type wire struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (h *host) dial() *wire {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // a hang is a failure, not a wait
	return &wire{h.t, conn, bufio.NewReader(conn)}
}

func (w *wire) send(s string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, s); err != nil {
		w.t.Fatal(err)
	}
}

// receive reads one answer whole and returns it as "STATUS body".
func (w *wire) receive() string {
	w.t.Helper()
	resp, err := http.ReadResponse(w.in, nil)
	if err != nil {
		w.t.Fatalf("no answer: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("half an answer: %v", err)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, body))
}

// ends tells whether the server closes the connection in good order, without another byte and without a reset.
func (w *wire) ends() bool {
	rest, err := io.ReadAll(w.in)
	return len(rest) == 0 && err == nil
}

// ask sends one request on a connection of its own.
func (h *host) ask(request string) string {
	w := h.dial()
	w.send(request)
	return w.receive()
}

const get = "GET %s HTTP/1.1\r\nHost: x\r\n\r\n"

// hello answers with a text.
func hello(r *Request) error {
	r.Bytes(200, "text/plain", []byte("hello"))
	return nil
}

func TestAPanicCostsItsOwnRequestAndNothingElse(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/hello", hello)
		m.Handle("GET", "/panic", func(r *Request) error {
			r.SetHeader("X-Begun", "yes")
			r.Bytes(200, "text/html", []byte("half of"))
			panic("a mistake")
		})
		m.Handle("GET", "/stream", func(r *Request) error {
			r.http.Response.SetBodyStream(panicking{}, 5)
			return nil
		})
		m.router.Mount("", func(*Request, error) { panic("no words for it") }).Handle("GET", "/speechless", func(*Request) error { panic("a mistake") })
		m.router.Mount("", func(*Request, error) { panic("no words for it") }).Handle("GET", "/wordless", func(*Request) error { return errors.New("x") })
	})
	for path, want := range map[string]string{
		"/panic":      "500 the handler panicked", // by the words of its mount
		"/speechless": "500",
		"/wordless":   "500",
	} {
		w := h.dial()
		w.send(fmt.Sprintf(get, "/hello"))
		if got := w.receive(); got != "200 hello" {
			t.Errorf("before: %s", got)
		}
		w.send(fmt.Sprintf(get, path))
		resp, err := http.ReadResponse(w.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		if got := strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, body)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if resp.Header.Get("X-Begun") != "" || resp.Header.Get("Content-Type") == "text/html" {
			t.Errorf("%s: what the handler had begun is sent: %v", path, resp.Header)
		}
		if !resp.Close || !w.ends() {
			t.Errorf("%s: the connection goes on", path)
		}
	}
	w := h.dial()
	w.send(fmt.Sprintf(get, "/stream"))
	if resp, err := http.ReadResponse(w.in, nil); err == nil {
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("a body that broke looks whole: %q", body)
		}
	}
	if got := h.ask(fmt.Sprintf(get, "/hello")); got != "200 hello" {
		t.Errorf("afterwards: %s", got)
	}
	if n := h.Stats().Panics; n != 3 {
		t.Errorf("%d panics counted, want 3", n)
	}
	if log := h.log.String(); strings.Count(log, "a request panicked") != 3 || !strings.Contains(log, "a mistake") {
		t.Errorf("the log says %s", log)
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("a reader's mistake") }

func TestWhatIsNotHTTPIsRefused(t *testing.T) {
	h := hostOf(t, func(c *Config) { c.MaxHeader = 1 << 10 }, func(m *Mount) { m.Handle("GET", "/", hello) })
	for name, c := range map[string]struct{ raw, want string }{
		"noise":                    {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400 Bad Request"},
		"no version":               {"GET /\r\n\r\n", "400 Bad Request"},
		"a header without colon":   {"GET / HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n", "400 Bad Request"},
		"a space before the colon": {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello", "400 Bad Request"},
		"a length that is none":    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\n", "400 Bad Request"},
		"a negative length":        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "400 Bad Request"},
		"two lengths":              {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "400 Bad Request"},
		"a length and chunks":      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 Bad Request"},
		"chunks and a length":      {"GET / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n", "400 Bad Request"},
		"a coding that is none":    {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", "400 Bad Request"},
		"none, and no bytes":       {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n", "400 Bad Request"},
		"an unknown coding":        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "400 Bad Request"},
		"a header above the limit": {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<10) + "\r\n\r\n", "431 Request Header Fields Too Large"},
		"a path above the limit":   {"GET /" + strings.Repeat("x", 2<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431 Request Header Fields Too Large"},
	} {
		t.Run(name, func(t *testing.T) {
			w := h.dial()
			w.send(c.raw)
			resp, err := http.ReadResponse(w.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			if got := fmt.Sprintf("%d %s", resp.StatusCode, body); got != c.want+"\n" {
				t.Errorf("%s, want %s", got, c.want)
			}
			if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Server") != "" {
				t.Errorf("headers %v", resp.Header)
			}
			if !w.ends() {
				t.Error("the connection goes on")
			}
		})
	}
	if got := h.ask(fmt.Sprintf(get, "/")); got != "200 hello" {
		t.Errorf("afterwards: %s", got)
	}
}

func TestSlowClientsAreNotWaitedFor(t *testing.T) {
	brief := func(c *Config) { c.HeaderTimeout, c.BodyTimeout = 100*time.Millisecond, 100*time.Millisecond }
	h := hostOf(t, brief, func(m *Mount) {
		m.Handle("GET", "/", hello)
		m.Handle("POST", "/", func(r *Request) error {
			_, err := io.Copy(io.Discard, r.Body(1<<20))
			return err
		})
	})
	for name, begun := range map[string]string{
		"nothing is sent":          "",
		"the header never ends":    "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"a request and no more":    fmt.Sprintf(get, "/"),
		"the body never ends":      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50_000),
		"the chunks never end":     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"a body nobody asked for":  "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50_000),
		"a body that never begins": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := h.dial()
			w.send(begun)
			if _, err := io.Copy(io.Discard, w.in); err != nil && errors.As(err, new(net.Error)) {
				var timeout net.Error
				if errors.As(err, &timeout) && timeout.Timeout() {
					t.Error("the server waits for ever")
				}
			}
		})
	}
}

func TestDraining(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	var outlived error
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/slow", func(r *Request) error {
			close(begun)
			<-release
			outlived = r.LongContext().Err()
			return hello(r)
		})
	})
	busy := h.dial()
	busy.send(fmt.Sprintf(get, "/slow"))
	<-begun
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		ended <- h.Shutdown(ctx)
	}()
	for { // nobody is accepted from some moment on
		conn, err := net.Dial("tcp", h.address)
		if err != nil {
			break
		}
		conn.Close()
	}
	select {
	case err := <-ended:
		t.Fatalf("the server did not wait for the request: %v", err)
	default:
	}
	close(release)
	if got := busy.receive(); got != "200 hello" {
		t.Errorf("the request that was running: %s", got)
	}
	if !busy.ends() {
		t.Error("its connection stays open")
	}
	if err := <-ended; err != nil {
		t.Errorf("draining: %v", err)
	}
	if outlived != nil {
		t.Errorf("its work was cancelled: %v", outlived)
	}
}

func TestDrainingThatTakesTooLongCancelsWhatIsLeft(t *testing.T) {
	begun := make(chan struct{})
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			close(begun)
			<-r.LongContext().Done()
			return r.Context().Err()
		})
	})
	w := h.dial()
	w.send(fmt.Sprintf(get, "/"))
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("draining: %v", err)
	}
	if got := w.receive(); got != "418 context canceled" {
		t.Errorf("the request that was running: %s", got)
	}
}

func TestAnErrorKeepsNothingOfTheAnswerItStandsInFor(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) {
		m.Handle("GET", "/", func(r *Request) error {
			for _, name := range []string{"ETag", "Last-Modified", "Accept-Ranges", "Content-Range", "Content-Disposition", "Cache-Control"} {
				r.SetHeader(name, "of the content")
			}
			r.Hangup()
			r.Bytes(206, "image/jpeg", []byte("half of"))
			return errors.New("the bytes are lost")
		})
	})
	w := h.dial()
	w.send(fmt.Sprintf(get, "/"))
	resp, err := http.ReadResponse(w.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusTeapot || string(body) != "the bytes are lost" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	for name := range resp.Header {
		if name != "Date" && name != "Content-Type" && name != "Content-Length" {
			t.Errorf("%s: %s", name, resp.Header.Get(name))
		}
	}
	if !resp.Close || !w.ends() {
		t.Error("that the connection was to close is forgotten")
	}
}

func TestConnectionsThatSayNothingDoNotHoldUpTheEnd(t *testing.T) {
	h := hostOf(t, nil, func(m *Mount) { m.Handle("GET", "/", hello) })
	w, late := h.dial(), h.dial()
	for h.Stats().OpenConnections != 2 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), DefaultConfig().HeaderTimeout/2)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.Shutdown(ctx) }()
	for { // nobody is accepting from some moment on
		conn, err := net.Dial("tcp", h.address)
		if err != nil {
			break
		}
		conn.Close()
	}
	late.send(fmt.Sprintf(get, "/"))
	if got := late.receive(); got != "200 hello" {
		t.Errorf("a request that was on its way: %s", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("draining: %v", err)
	}
	if !w.ends() {
		t.Error("the silent connection was not closed in good order")
	}
}

func TestOptionsOfTheHost(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Config){
		"header time-out must be between 100ms and 24h, not 1ms":              func(c *Config) { c.HeaderTimeout = time.Millisecond },
		"body time-out must be between 100ms and 24h, not 25h0m0s":            func(c *Config) { c.BodyTimeout = 25 * time.Hour },
		"write time-out must be between 100ms and 24h, not 0s":                func(c *Config) { c.WriteTimeout = 0 },
		"request deadline must be between 100ms and 24h, not -1s":             func(c *Config) { c.Deadline = -time.Second },
		"header limit must be between 1 KiB and 1 MiB, not 1023 bytes":        func(c *Config) { c.MaxHeader = 1<<10 - 1 },
		"header limit must be between 1 KiB and 1 MiB, not 1048577 bytes":     func(c *Config) { c.MaxHeader = 1<<20 + 1 },
		"connection limit must be at least 1, not 0":                          func(c *Config) { c.MaxConns = 0 },
		`Cache-Control must be printable ASCII, not "no-store\r\nSet-Cookie"`: func(c *Config) { c.CacheControl = "no-store\r\nSet-Cookie" },
		`Cache-Control must be printable ASCII, not "max-age=60, café"`:       func(c *Config) { c.CacheControl = "max-age=60, café" },
	} {
		c := DefaultConfig()
		change(&c)
		if _, err := New(c, &Router{}, slog.New(slog.DiscardHandler)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
