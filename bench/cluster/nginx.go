package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// ErrNoNginx means that nginx is not installed: a reason to skip a test.
var ErrNoNginx = errors.New("cluster: nginx is not installed; scripts/deps test installs it")

// Front is a running nginx.
type Front struct {
	Base string // http://127.0.0.1:PORT
	PID  int    // of its master; its workers are children of that

	cmd *exec.Cmd
}

// The places of the site's configuration that are of the machine it runs on.
var (
	upstreamServers = regexp.MustCompile(`(?m)(?:^ *server 127\.0\.0\.1:\d+([^;]*);.*\n)+`)
	listens         = regexp.MustCompile(`listen [^;]+;`)
	cachePaths      = regexp.MustCompile(`proxy_cache_path \S+`)
	caching         = regexp.MustCompile(`proxy_cache imgorigin;`)
)

// site is the configuration in file with these replicas behind it.
func site(file, dir string, port int, replicas []string, cache bool) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	text := string(data)
	for _, place := range []*regexp.Regexp{upstreamServers, listens, cachePaths, caching} {
		if !place.MatchString(text) {
			return "", fmt.Errorf("%s has nothing like %s", file, place)
		}
	}
	var servers strings.Builder
	for _, address := range replicas {
		fmt.Fprintf(&servers, "    server %s${1};\n", address)
	}
	text = upstreamServers.ReplaceAllString(text, servers.String())
	text = listens.ReplaceAllString(text, fmt.Sprintf("listen 127.0.0.1:%d;", port))
	text = cachePaths.ReplaceAllString(text, "proxy_cache_path "+filepath.Join(dir, "cache"))
	if !cache {
		text = caching.ReplaceAllString(text, "proxy_cache off;")
	}
	return text, nil
}

// startNginx serves the site by nginx with a worker for each core.
func startNginx(ctx context.Context, dir, file string, replicas []string, cache bool) (*Front, error) {
	exe, err := exec.LookPath("nginx")
	if err != nil {
		exe = "/usr/sbin/nginx"
		if _, err := os.Stat(exe); err != nil {
			return nil, ErrNoNginx
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	var number int
	if _, err := fmt.Sscan(port, &number); err != nil {
		return nil, err
	}
	text, err := site(file, dir, number, replicas, cache)
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := fmt.Sprintf(`%[3]s
worker_processes auto; daemon off; pid %[1]s/pid; error_log %[1]s/errors warn;
events { worker_connections 4096; }
http {
access_log off; keepalive_requests 100000000;
client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
%[2]s
}
`, dir, text, user)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	f := &Front{Base: "http://" + address, cmd: exec.Command(exe, "-p", dir, "-c", path, "-e", filepath.Join(dir, "errors"))}
	var said bytes.Buffer
	f.cmd.Stdout, f.cmd.Stderr = &said, &said
	if err := f.cmd.Start(); err != nil {
		return nil, err
	}
	f.PID = f.cmd.Process.Pid
	if err := awaitAddress(ctx, address); err != nil {
		f.stop()
		return nil, fmt.Errorf("nginx: %w\n%s", err, said.Bytes())
	}
	return f, nil
}

func awaitAddress(ctx context.Context, address string) error {
	for range 500 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("nobody listens")
}

// stop ends nginx and its workers.
func (f *Front) stop() {
	_ = f.cmd.Process.Signal(syscall.SIGTERM)
	_ = f.cmd.Wait()
}
