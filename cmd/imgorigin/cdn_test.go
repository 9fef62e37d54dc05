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
	"testing"
	"time"
)

// cdn starts nginx with the configuration that deploy/ offers to operators, its three addresses replaced, in front of a program.
func cdn(t *testing.T, origin *program) *program {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		nginx = "/usr/sbin/nginx"
		if _, err := os.Stat(nginx); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("nginx is not installed: run make test-deps")
			}
			t.Skip("nginx is not installed: run make test-deps")
		}
	}
	site, err := os.ReadFile("../../deploy/nginx/imgorigin.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), freePort(t)
	text := string(site)
	for old, replacement := range map[string]string{
		"/var/cache/nginx/imgorigin": filepath.Join(dir, "cache"),
		"server 127.0.0.1:8090;":     "server " + strings.TrimPrefix(origin.base, "http://") + ";",
		"listen 8080;":               fmt.Sprintf("listen 127.0.0.1:%d;", port),
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the configuration has no %q", old)
		}
		text = strings.ReplaceAll(text, old, replacement)
	}
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
`, dir, text)
	if os.Geteuid() == 0 {
		conf = "user root;\n" + conf
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	cmd := exec.Command(nginx, "-p", dir, "-c", file)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	front := &program{t: t, base: fmt.Sprintf("http://127.0.0.1:%d", port), token: origin.token, log: log}
	eventually(t, "nginx answers", func() bool {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return front
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

func TestNginxKeepsWhatItMayAndNothingElse(t *testing.T) {
	p := start(t, "--metrics", "127.0.0.1:0").asAdmin()
	p.collection("photos", everyForm, nil)
	p.collection("closed", everyForm, map[string]any{"viewRule": nil, "image": map[string]any{"protected": true}})
	front := cdn(t, p)
	path := front.upload("photos", "a.jpg", jpegOf(800, 600)) // through the proxy, as users do
	direct := p.get(path+"?thumb=60x40").want(t, 200)

	t.Run("a thumb is asked for once", func(t *testing.T) {
		for i, want := range []string{"MISS", "HIT", "HIT"} {
			a := front.get(path+"?thumb=60x40").want(t, 200)
			if got := a.header.Get("X-Cache"); got != want {
				t.Errorf("request %d: %s, want %s", i, got, want)
			}
			if !bytes.Equal(a.body, direct.body) || a.header.Get("Etag") != direct.header.Get("Etag") {
				t.Error("not what the origin sends")
			}
		}
		front.get(path+"?thumb=60x40", "If-None-Match: "+direct.header.Get("Etag")).want(t, 304)
		if a := front.get(path+"?thumb=60x40", "Range: bytes=0-9").want(t, 206); !bytes.Equal(a.body, direct.body[:10]) {
			t.Error("not the range")
		}
	})
	t.Run("another thumb is another entry", func(t *testing.T) {
		if a := front.get(path+"?thumb=0x40").want(t, 200); a.header.Get("X-Cache") != "MISS" || bytes.Equal(a.body, direct.body) {
			t.Errorf("%s", a.header.Get("X-Cache"))
		}
	})
	t.Run("what a token opened is never kept", func(t *testing.T) {
		closed := front.upload("closed", "a.jpg", jpegOf(800, 600))
		token := front.call("POST", "/api/files/token", front.token, nil).want(t, 200).json(t)["token"].(string)
		for range 3 {
			if a := front.get(closed+"?thumb=60x40&token="+token).want(t, 200); a.header.Get("X-Cache") != "MISS" {
				t.Errorf("a private answer is a %s", a.header.Get("X-Cache"))
			}
			if a := front.get(closed+"?thumb=60x40").want(t, 404); a.header.Get("X-Cache") == "HIT" {
				t.Error("a refusal was kept")
			}
		}
	})
	t.Run("a missing file is kept for a moment", func(t *testing.T) {
		front.get(path[:strings.LastIndexByte(path, '/')]+"/gone.jpg").want(t, 404)
		if a := front.get(path[:strings.LastIndexByte(path, '/')]+"/gone.jpg").want(t, 404); a.header.Get("X-Cache") != "HIT" {
			t.Errorf("%s", a.header.Get("X-Cache"))
		}
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
		if a := front.get(path+"?thumb=60x40").want(t, 200); !bytes.Equal(a.body, direct.body) {
			t.Error("other bytes")
		}
	})
}

func number(t *testing.T, s string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
