package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// front starts a cache with the configuration that deploy/ offers to operators before two programs that share a library, or
// before one.
type front func(t *testing.T, one, two *program) *program

// installed finds a server that Debian keeps out of PATH.
func installed(t *testing.T, name string) string {
	t.Helper()
	for _, file := range []string{name, "/usr/sbin/" + name} {
		if file, err := exec.LookPath(file); err == nil {
			return file
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed: run make test-deps", name)
	}
	t.Skipf("%s is not installed: run make test-deps", name)
	return ""
}

// deployed reads a file of deploy/ and replaces what an operator would.
func deployed(t *testing.T, file string, replace map[string]string) string {
	t.Helper()
	data, err := os.ReadFile("../../deploy/" + file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for old, replacement := range replace {
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q", file, old)
		}
		text = strings.ReplaceAll(text, old, replacement)
	}
	return text
}

// at is HOST:PORT of a program.
func at(p *program) string { return strings.TrimPrefix(p.base, "http://") }

// behind starts a server in front of programs and waits until it listens.
func behind(t *testing.T, origin *program, port int, server string, args ...string) *program {
	t.Helper()
	log := &lockedBuffer{}
	cmd := exec.Command(server, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	p := &program{t: t, base: fmt.Sprintf("http://127.0.0.1:%d", port), token: origin.token, log: log}
	p.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-ended
	})
	t.Cleanup(p.stop)
	eventually(t, server+" listens", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended\n%s", server, log)
		default:
		}
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(p.base, "http://"), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return p
}

func nginx(t *testing.T, one, two *program) *program {
	t.Helper()
	server := installed(t, "nginx")
	dir, port := t.TempDir(), freePort(t)
	site := deployed(t, "nginx/imgorigin.conf", map[string]string{
		"/var/cache/nginx/imgorigin": filepath.Join(dir, "cache"),
		"server 127.0.0.1:8090 ":     "server " + at(one) + " ",
		"server 127.0.0.1:8091 ":     "server " + at(two) + " ",
		"listen 8080;":               fmt.Sprintf("listen 127.0.0.1:%d;", port),
	})
	conf := fmt.Sprintf(`daemon off;
pid %[1]s/pid;
error_log %[1]s/error.log warn;
worker_processes 1;
events { worker_connections 1024; }
http {
access_log off;
client_body_temp_path %[1]s/body;
proxy_temp_path %[1]s/proxy;
fastcgi_temp_path %[1]s/fastcgi;
uwsgi_temp_path %[1]s/uwsgi;
scgi_temp_path %[1]s/scgi;
%[2]s
}
`, dir, site)
	if os.Geteuid() == 0 {
		conf = "user root;\n" + conf
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return behind(t, one, port, server, "-p", dir, "-c", file, "-e", filepath.Join(dir, "error.log"))
}

func varnish(t *testing.T, one, two *program) *program {
	t.Helper()
	server := installed(t, "varnishd")
	dir, port := t.TempDir(), freePort(t)
	portOf := func(p *program) string { return p.base[strings.LastIndexByte(p.base, ':')+1:] }
	vcl := deployed(t, "varnish/imgorigin.vcl", map[string]string{
		`"8090"`: `"` + portOf(one) + `"`,
		`"8091"`: `"` + portOf(two) + `"`,
	})
	file := filepath.Join(dir, "site.vcl")
	if err := os.WriteFile(file, []byte(vcl), 0o600); err != nil {
		t.Fatal(err)
	}
	return behind(t, one, port, server, "-F", "-j", "none", "-n", filepath.Join(dir, "work"), "-f", file,
		"-a", fmt.Sprintf("127.0.0.1:%d", port), "-s", "malloc,64m")
}

// freePort is a port that was free a moment ago, for programs that cannot choose one themselves.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestNginxKeepsWhatItMayAndNothingElse(t *testing.T)   { keepsWhatItMay(t, nginx, "BYPASS") }
func TestVarnishKeepsWhatItMayAndNothingElse(t *testing.T) { keepsWhatItMay(t, varnish, "PASS") }

// keepsWhatItMay: passed is what the cache calls an answer that it looked for nowhere.
func keepsWhatItMay(t *testing.T, before front, passed string) {
	p := start(t, "--metrics", "127.0.0.1:0").asAdmin()
	p.collection("photos", everyForm, nil)
	p.collection("closed", everyForm, map[string]any{"viewRule": nil, "image": map[string]any{"protected": true}})
	front := before(t, p, p)
	path := front.upload("photos", "a.jpg", jpegOf(800, 600)) // through the proxy, as users do
	direct := p.get(path+"?thumb=60x40").want(t, 200)
	cached := func(a reply) string { return a.header.Get("X-Cache") }

	t.Run("a thumb is asked for once", func(t *testing.T) {
		for i, want := range []string{"MISS", "HIT", "HIT"} {
			a := front.get(path+"?thumb=60x40", "Cookie: site=1").want(t, 200)
			if got := cached(a); got != want {
				t.Errorf("request %d: %s, want %s", i, got, want)
			}
			if !bytes.Equal(a.body, direct.body) || a.header.Get("Etag") != direct.header.Get("Etag") || a.header.Get("Cache-Control") != direct.header.Get("Cache-Control") {
				t.Error("not what the origin sends")
			}
		}
		front.get(path+"?thumb=60x40", "If-None-Match: "+direct.header.Get("Etag")).want(t, 304)
		if a := front.get(path+"?thumb=60x40", "Range: bytes=0-9").want(t, 206); cached(a) != "HIT" || !bytes.Equal(a.body, direct.body[:10]) {
			t.Errorf("not the range, but a %s of %d bytes", cached(a), len(a.body))
		}
		if a := front.head(path+"?thumb=60x40").want(t, 200); cached(a) != "HIT" || a.header.Get("Content-Length") != fmt.Sprint(len(direct.body)) {
			t.Errorf("HEAD is a %s of %s bytes", cached(a), a.header.Get("Content-Length"))
		}
	})
	t.Run("a range is served before the whole is there", func(t *testing.T) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 5<<16+1) // of two pieces, where there are pieces
		large := front.upload("photos", "large.bin", data)
		for range 2 {
			if a := front.get(large, "Range: bytes=5000000-5000009").want(t, 206); !bytes.Equal(a.body, data[5000000:5000010]) {
				t.Errorf("got %q", a.body)
			}
		}
		if a := front.get(large).want(t, 200); !bytes.Equal(a.body, data) {
			t.Errorf("%d other bytes", len(a.body))
		}
		if a := front.get(large, "Range: bytes=-7").want(t, 206); cached(a) != "HIT" || !bytes.Equal(a.body, data[len(data)-7:]) {
			t.Errorf("a %s of %q", cached(a), a.body)
		}
		if a := front.get(front.upload("photos", "empty.txt", nil)).want(t, 200); len(a.body) != 0 {
			t.Errorf("an empty file has %q", a.body)
		}
	})
	t.Run("another thumb is another entry", func(t *testing.T) {
		if a := front.get(path+"?thumb=0x40").want(t, 200); cached(a) != "MISS" || bytes.Equal(a.body, direct.body) {
			t.Errorf("%s", cached(a))
		}
	})
	t.Run("what a token opened is never kept", func(t *testing.T) {
		closed := front.upload("closed", "a.jpg", jpegOf(800, 600))
		token := front.call("POST", "/api/files/token", front.token, nil).want(t, 200).json(t)["token"].(string)
		for range 3 {
			a := front.get(closed+"?thumb=60x40&token="+token).want(t, 200)
			if cached(a) != passed {
				t.Errorf("a private answer is a %s", cached(a))
			}
			if part := front.get(closed+"?thumb=60x40&token="+token, "Range: bytes=3-8").want(t, 206); !bytes.Equal(part.body, a.body[3:9]) {
				t.Error("not its range")
			}
			front.get(closed+"?thumb=60x40&token="+token, "If-None-Match: "+a.header.Get("Etag")).want(t, 304)
			if a := front.get(closed+"?thumb=60x40").want(t, 404); cached(a) == "HIT" {
				t.Error("a refusal was kept")
			}
			if a := front.get(path+"?thumb=60x40&token="+token).want(t, 200); cached(a) != passed {
				t.Errorf("a public answer to a token is a %s", cached(a))
			}
		}
	})
	t.Run("a missing file is kept for a moment", func(t *testing.T) {
		gone := path[:strings.LastIndexByte(path, '/')] + "/gone.jpg"
		front.get(gone).want(t, 404)
		if a := front.get(gone).want(t, 404); cached(a) != "HIT" {
			t.Errorf("%s", cached(a))
		}
		eventually(t, "it is asked for again", func() bool { return cached(front.get(gone).want(t, 404)) != "HIT" })
	})
	t.Run("a stampede is one render", func(t *testing.T) {
		fresh := front.upload("photos", "b.jpg", jpegOf(1600, 1200))
		before := p.metric("imgorigin_renders_total")
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if a, err := front.try("GET", fresh+"?thumb=60x0", nil); err != nil || a.status != 200 {
					t.Errorf("%d, %v", a.status, err)
				}
			})
		}
		all.Wait()
		if after := p.metric("imgorigin_renders_total"); after != fmt.Sprint(number(t, before)+1) {
			t.Errorf("renders went from %s to %s", before, after)
		}
	})
	t.Run("hits go on when the origin is gone", func(t *testing.T) {
		p.stop()
		if a := front.get(path+"?thumb=60x40").want(t, 200); cached(a) != "HIT" || !bytes.Equal(a.body, direct.body) {
			t.Errorf("a %s of %d bytes", cached(a), len(a.body))
		}
	})
}

func TestVarnishPurgesAPathWithItsThumbs(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", everyForm, nil)
	front := varnish(t, p, p)
	path, other := p.upload("photos", "a.jpg", jpegOf(200, 100)), p.upload("photos", "b.jpg", jpegOf(200, 100))
	all := []string{path, path + "?thumb=60x40", path + "?thumb=0x40", other + "?thumb=60x40"}
	kept := func(path string) bool { return front.get(path).want(t, 200).header.Get("X-Cache") == "HIT" }
	for _, path := range all {
		kept(path)
	}
	front.do("PURGE", path, nil, "X-Forwarded-For: 203.0.113.7").want(t, 405)
	for _, path := range all {
		if !kept(path) {
			t.Errorf("%s was purged by somebody who came through a proxy", path)
		}
	}
	front.do("PURGE", path, nil).want(t, 200)
	for i, path := range all {
		if kept(path) != (i == 3) {
			t.Errorf("after the purge, %s is kept: %t", path, i != 3)
		}
	}
}

func TestNginxServesWhatIsStaleWhileItAsks(t *testing.T)   { servesStale(t, nginx, "STALE") }
func TestVarnishServesWhatIsStaleWhileItAsks(t *testing.T) { servesStale(t, varnish, "HIT") }

// servesStale: word is what the cache calls an answer that it could not ask for.
func servesStale(t *testing.T, before front, word string) {
	p := start(t, "--metrics", "127.0.0.1:0", "--cache-control", "max-age=1, stale-while-revalidate=3600").asAdmin()
	p.collection("photos", everyForm, nil)
	front := before(t, p, p)
	path := p.upload("photos", "a.jpg", jpegOf(200, 100)) + "?thumb=60x40"
	first := front.get(path).want(t, 200)
	same := func() (word string) {
		a := front.get(path).want(t, 200)
		if !bytes.Equal(a.body, first.body) {
			t.Fatal("other bytes")
		}
		return a.header.Get("X-Cache")
	}
	unchanged := func() int { return number(t, p.metric(`imgorigin_responses_total{class="3xx"}`)) }
	eventually(t, "the origin was asked whether it is the same, and nobody waited for that", func() bool {
		if word := same(); word == "MISS" || word == "EXPIRED" {
			t.Fatalf("somebody waited: %s", word)
		}
		return unchanged() > 0
	})
	p.stop()
	eventually(t, "it is served although it is old and nobody can be asked", func() bool {
		a := front.get(path).want(t, 200)
		return a.header.Get("X-Cache") == word && (word != "HIT" || number(t, a.header.Get("Age")) > 1)
	})
}

func TestNginxAsksTheOtherOrigin(t *testing.T)   { asksTheOther(t, nginx) }
func TestVarnishAsksTheOtherOrigin(t *testing.T) { asksTheOther(t, varnish) }

// asksTheOther kills one of two origins while thumbs that nobody has asked for are read, and originals. No reader may notice.
func asksTheOther(t *testing.T, before front) {
	dir := t.TempDir()
	one, two := spawn(t, dir), spawn(t, dir)
	one.asAdmin()
	one.collection("photos", everyForm, nil)
	eventually(t, "the other knows the collection", func() bool { return two.get("/api/collections/photos/records").status == 200 })
	front := before(t, &one.program, &two.program)
	photo := jpegOf(400, 300)
	var paths []string
	for i := range 24 {
		paths = append(paths, front.upload("photos", fmt.Sprintf("%d.jpg", i), photo))
	}
	forms := []string{"?thumb=60x40", "?thumb=60x0", "?thumb=0x40", ""}
	var asked atomic.Int64
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for _, path := range paths {
				form := forms[worker]
				a, err := front.try("GET", path+form, nil)
				if err != nil || a.status != 200 || form == "" && !bytes.Equal(a.body, photo) {
					t.Errorf("%s: %d, %v", path+form, a.status, err)
				}
				if asked.Add(1) == 20 {
					one.kill()
				}
			}
		})
	}
	all.Wait()
	two.get("/api/health").want(t, 200)
	if a, err := one.try("GET", "/api/health", nil); err == nil {
		t.Errorf("the origin that was killed answers %d", a.status)
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
