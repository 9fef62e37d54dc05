package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/origin/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// fetcher may ask this machine, and waits for nothing long.
func fetcher(t *testing.T, change ...func(*fetch.Config)) *fetch.Fetcher {
	t.Helper()
	c := fetch.DefaultConfig()
	c.Allow, c.Connect, c.Total, c.Stall = loopback, 2*time.Second, 20*time.Second, 300*time.Millisecond
	for _, f := range change {
		f(&c)
	}
	made, err := fetch.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// other is the other server.
func other(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// get fetches all of a file.
func get(f *fetch.Fetcher, r fetch.Request) (string, *fetch.Response, error) {
	if r.Limit == 0 {
		r.Limit = 1 << 20
	}
	resp, err := f.Do(context.Background(), r)
	if err != nil {
		return "", nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return string(data), resp, err
}

func TestAFileComesWithItsNameAndType(t *testing.T) {
	base := other(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/named" {
			w.Header().Set("Content-Disposition", `attachment; filename="../a b.png"`)
		}
		w.Header().Set("Content-Type", "image/png")
		fmt.Fprintf(w, "%s %s", r.Method, r.Header.Get("X-Key"))
	})
	f := fetcher(t)
	for _, c := range []struct{ path, method, want, name string }{
		{"/dir/kitten%20one.jpg?x=1", "", "GET k", "kitten one.jpg"},
		{"/named", "POST", "POST k", "a b.png"},
		{"/", "GET", "GET k", ""},
		{"", "GET", "GET k", ""},
		{"/a/..%2F..%2Fetc%2Fpasswd", "GET", "GET k", "passwd"},
		{"/a%5Cb.jpg", "GET", "GET k", "b.jpg"},
	} {
		got, resp, err := get(f, fetch.Request{Method: c.method, URL: base + c.path, Headers: map[string]string{"x-key": "k"}})
		if err != nil || got != c.want || resp.Name != c.name || resp.ContentType != "image/png" || resp.Length != int64(len(got)) {
			t.Errorf("%s: %q, %+v, %v", c.path, got, resp, err)
		}
	}
	if s := f.Stats(); s.Fetches != 6 || s.Bytes != 31 || s.Failed+s.Forbidden != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsNoPlaceForStrangersIsNotDialled(t *testing.T) {
	reached := atomic.Int64{}
	base := other(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	port := base[strings.LastIndex(base, ":")+1:]
	f := fetcher(t, func(c *fetch.Config) { c.Allow = nil })
	for _, host := range []string{
		"127.0.0.1", "127.9.9.9", "localhost", "0.0.0.0", "[::]", "[::1]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.100.100.200",
		"169.254.169.254", "168.63.129.16", "224.0.0.1", "255.255.255.255", "192.0.0.192", "198.18.0.1",
		"[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
		"[2001:0:7f00:1::]", "[fe80::1]", "[fd00:ec2::254]", "[fc00::1]", "[ff02::1]",
	} {
		_, _, err := get(f, fetch.Request{URL: "http://" + host + ":" + port + "/"})
		if !errors.Is(err, fetch.ErrForbidden) {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"2130706433", "0x7f000001", "0177.0.0.1", "127.1"} { // whether they are names or addresses is the resolver's business
		if _, _, err := get(f, fetch.Request{URL: "http://" + host + ":" + port + "/"}); err == nil {
			t.Errorf("%s was reached", host)
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the server heard of %d requests", n)
	}
	if _, _, err := get(f, fetch.Request{URL: "http://93.184.216.34:25/"}); !errors.Is(err, fetch.ErrForbidden) {
		t.Errorf("an old port: %v", err)
	}
}

func TestWhatIsNoURLIsNotAsked(t *testing.T) {
	f := fetcher(t)
	for _, s := range []string{
		"", "x", "/path", "//host/path", "ftp://example.com/", "file:///etc/passwd", "gopher://x/", "http:", "http://", "http:///x", "http://:80/",
		"http://host:0/", "http://host:65536/", "http://host:x/", "http://host:/", "http:host", "http://[fe80::1%25eth0]/", "http://a b/", "http://[::1", "javascript:alert(1)",
		"http://x/" + strings.Repeat("a", 9000), "http://x\r\nHost: y/", "data:text/plain,x", "unix:///run/docker.sock",
	} {
		if _, _, err := get(f, fetch.Request{URL: s}); !errors.Is(err, fetch.ErrURL) {
			t.Errorf("%.40q: %v", s, err)
		}
	}
	for _, r := range []fetch.Request{
		{URL: "http://example.com", Method: "DELETE"}, {URL: "http://example.com", Method: "get"}, {URL: "http://example.com", Method: "CONNECT"},
		{URL: "http://example.com", Headers: map[string]string{"X": "a\r\nHost: b"}}, {URL: "http://example.com", Headers: map[string]string{"X": strings.Repeat("a", 20000)}},
	} {
		if _, _, err := get(f, r); !errors.Is(err, fetch.ErrURL) {
			t.Errorf("%s with %.40v: %v", r.Method, r.Headers, err)
		}
	}
}

func TestWhatBelongsToAConnectionIsNotTheCallers(t *testing.T) {
	var seen http.Header
	var host string
	base := other(t, func(_ http.ResponseWriter, r *http.Request) { seen, host = r.Header, r.Host })
	_, _, err := get(fetcher(t), fetch.Request{URL: base, Headers: map[string]string{
		"Host": "evil.example", "Connection": "X-Drop, close", "X-Drop": "1", "Transfer-Encoding": "chunked", "Content-Length": "7", "Te": "trailers", "Upgrade": "h2c",
		"Proxy-Authorization": "x", "Accept-Encoding": "gzip", "Range": "bytes=0-1", "Idempotency-Key": "k", "Authorization": "Bearer t", "auth header": "a name with a blank",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if host == "evil.example" || seen.Get("Authorization") != "Bearer t" || seen.Get("Idempotency-Key") != "k" {
		t.Errorf("%s: %v", host, seen)
	}
	for _, name := range []string{"X-Drop", "Transfer-Encoding", "Content-Length", "Te", "Upgrade", "Proxy-Authorization", "Accept-Encoding", "Range"} {
		if v := seen.Get(name); v != "" {
			t.Errorf("%s: %s", name, v)
		}
	}
}

func TestRedirectsAreFollowedWithoutWhatIsNotTheirs(t *testing.T) {
	var asked []string
	record := func(r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+r.Header.Get("X-Key"))
	}
	second := other(t, func(w http.ResponseWriter, r *http.Request) {
		record(r)
		if r.URL.Path == "/back" {
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
			return
		}
		fmt.Fprint(w, "there")
	})
	first := other(t, func(w http.ResponseWriter, r *http.Request) {
		record(r)
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/end", http.StatusMovedPermanently)
		case "/away":
			http.Redirect(w, r, second+"/end", http.StatusTemporaryRedirect)
		case "/around":
			http.Redirect(w, r, second+"/back?to="+"http://"+r.Host+"/end", http.StatusFound)
		case "/307":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/303":
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case "/private":
			http.Redirect(w, r, "http://10.1.2.3/", http.StatusFound)
		case "/metadata":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			fmt.Fprint(w, "here")
		}
	})
	f := fetcher(t)
	for _, c := range []struct {
		method, path, want string
		err                error
		asked              string
	}{
		{"GET", "/same", "here", nil, "GET /same ak|GET /end ak"},
		{"GET", "/away", "there", nil, "GET /away ak|GET /end "},
		{"GET", "/around", "here", nil, "GET /around ak|GET /back |GET /end "},
		{"POST", "/303", "here", nil, "POST /303 ak|GET /end ak"},
		{"POST", "/same", "here", nil, "POST /same ak|GET /end ak"},
		{"POST", "/307", "", fetch.ErrRedirects, "POST /307 ak"},
		{"POST", "/away", "", fetch.ErrRedirects, "POST /away ak"},
		{"GET", "/307", "here", nil, "GET /307 ak|GET /end ak"},
		{"GET", "/private", "", fetch.ErrForbidden, "GET /private ak"},
		{"GET", "/metadata", "", fetch.ErrForbidden, "GET /metadata ak"},
		{"GET", "/file", "", fetch.ErrURL, "GET /file ak"},
		{"GET", "/nowhere", "", fetch.ErrRedirects, "GET /nowhere ak"},
		{"GET", "/loop", "", fetch.ErrRedirects, strings.TrimSuffix(strings.Repeat("GET /loop ak|", 6), "|")},
	} {
		asked = nil
		got, _, err := get(f, fetch.Request{Method: c.method, URL: first + c.path, Headers: map[string]string{"Authorization": "a", "X-Key": "k"}})
		if got != c.want || !errors.Is(err, c.err) || strings.Join(asked, "|") != c.asked {
			t.Errorf("%s %s: %q, %v, %q", c.method, c.path, got, err, strings.Join(asked, "|"))
		}
	}
}

func TestNothingIsPostedTwice(t *testing.T) {
	posts := atomic.Int64{}
	base := other(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" && posts.Add(1) > 1 { // the first answers, so that a connection could be used again
			c, _, _ := http.NewResponseController(w).Hijack()
			c.Close()
		}
	})
	f := fetcher(t)
	for range 2 {
		_, _, _ = get(f, fetch.Request{Method: "POST", URL: base, Headers: map[string]string{"Idempotency-Key": "once"}})
	}
	if n := posts.Load(); n != 2 {
		t.Errorf("two requests were sent %d times", n)
	}
}

func TestHostsOnAListAloneAreAsked(t *testing.T) {
	base := other(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, strings.Replace("http://"+r.Host, "localhost", "127.0.0.1", 1), http.StatusFound)
		}
	})
	local := strings.Replace(base, "127.0.0.1", "localhost", 1)
	f := fetcher(t, func(c *fetch.Config) { c.Hosts = []string{"localhost", "*.example.com"} })
	for url, want := range map[string]error{
		local: nil, strings.ToUpper(local[:4]) + strings.Replace(local[4:], "localhost", "LocalHost", 1): nil, base: fetch.ErrForbidden, local + "/away": fetch.ErrForbidden,
		"http://example.com/": fetch.ErrForbidden, "http://notexample.com/": fetch.ErrForbidden,
	} {
		if _, _, err := get(f, fetch.Request{URL: url}); !errors.Is(err, want) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// raw is a server that speaks for itself.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			serve(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func TestAHostileServerGetsNoFurtherThanItsBounds(t *testing.T) {
	forever := func(c net.Conn, pause time.Duration, b string) {
		for {
			if _, err := io.WriteString(c, b); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
	for _, c := range []struct {
		name   string
		serve  func(net.Conn)
		want   error
		change func(*fetch.Config)
	}{
		{"an endless body", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			forever(c, 0, strings.Repeat("x", 32<<10))
		}, fetch.ErrTooLarge, nil},
		{"endless chunks", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			forever(c, 0, "10\r\n0123456789abcdef\r\n")
		}, fetch.ErrTooLarge, nil},
		{"a length that is too much at once", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n") }, fetch.ErrTooLarge, nil},
		{"a length that is too short a promise", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort") }, fetch.ErrBroken, nil},
		{"a length that is none", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx") }, fetch.ErrUnreachable, nil},
		{"two lengths", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy")
		}, fetch.ErrUnreachable, nil},
		{"chunks that break off", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab") }, fetch.ErrBroken, nil},
		{"a body that stops coming", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
			io.Copy(io.Discard, c)
		}, fetch.ErrUnreachable, nil},
		{"a slow drip", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			forever(c, 20*time.Millisecond, "x")
		}, fetch.ErrUnreachable, func(c *fetch.Config) { c.Total = 500 * time.Millisecond }},
		{"a header that never comes", func(c net.Conn) { io.Copy(io.Discard, c) }, fetch.ErrUnreachable, func(c *fetch.Config) { c.Connect = 200 * time.Millisecond }},
		{"a header that never ends", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			forever(c, 0, "X-Y: "+strings.Repeat("z", 1000)+"\r\n")
		}, fetch.ErrUnreachable, nil},
		{"what is no HTTP", func(c net.Conn) { io.WriteString(c, "SSH-2.0-OpenSSH_9.0\r\n") }, fetch.ErrUnreachable, nil},
		{"nothing", func(net.Conn) {}, fetch.ErrUnreachable, nil},
		{"not found", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") }, fetch.ErrStatus, nil},
		{"a part", func(c net.Conn) { io.WriteString(c, "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx") }, fetch.ErrStatus, nil},
		{"a coding that nobody asked for", func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
		}, fetch.ErrBroken, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fetcher(t)
			if c.change != nil {
				f = fetcher(t, c.change)
			}
			if _, _, err := get(f, fetch.Request{URL: raw(t, c.serve)}); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestACallerWhoLeavesEndsTheFetch(t *testing.T) {
	started := make(chan struct{}, 1)
	base := raw(t, func(c net.Conn) { started <- struct{}{}; io.Copy(io.Discard, c) })
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-started; cancel() }()
	if _, err := fetcher(t).Do(ctx, fetch.Request{URL: base, Limit: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNoErrorQuotesAnAddressOrAHeader(t *testing.T) {
	f := fetcher(t)
	for _, url := range []string{
		"http://user:hunter2@127.0.0.1:1/x?token=hunter2", "http://10.0.0.1/?token=hunter2", "ftp://hunter2/", "http://[hunter2/", "http://x:hunter2/",
		raw(t, func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://hunter2:x/\r\nContent-Length: 0\r\n\r\n")
		}),
	} {
		_, _, err := get(f, fetch.Request{URL: url, Headers: map[string]string{"Authorization": "hunter2"}})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}
