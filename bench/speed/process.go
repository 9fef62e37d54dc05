package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// build compiles one of our commands into dir.
func build(ctx context.Context, dir, pkg string) (string, error) {
	exe := filepath.Join(dir, filepath.Base(pkg))
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", exe, pkg).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, out)
	}
	return exe, nil
}

// peer is another server, with whatever processes it has.
type peer struct {
	base string
	cmd  *exec.Cmd
}

// stop ends the server and waits.
func (p *peer) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// cpu is the processor time of the server and of its workers.
func (p *peer) cpu() (time.Duration, error) { return cpuOf(p.cmd.Process.Pid) }

// cpuOf is the processor time of a process and its children.
func cpuOf(pid int) (time.Duration, error) {
	sum, err := (&rig.Program{PID: pid}).CPU()
	if err != nil {
		return 0, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	for _, child := range strings.Fields(string(children)) {
		n, err := strconv.Atoi(child)
		if err != nil {
			return 0, err
		}
		d, err := cpuOf(n)
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// startBare runs the yardstick of hits with the answer of a URL.
func (b *bench) startBare(ctx context.Context, like string) (*peer, error) {
	cmd := exec.CommandContext(ctx, b.bare, "-like", like)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &peer{cmd: cmd}
	var line struct{ Address string }
	text, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &line)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the bare program does not say where it serves: %w", err)
	}
	p.base = line.Address
	return p, nil
}

// startNginx serves a folder by nginx as it is set up for static files, with a worker for each core.
func (b *bench) startNginx(ctx context.Context, folder string) (*peer, error) {
	exe, err := exec.LookPath("nginx")
	if err != nil {
		exe = "/usr/sbin/nginx"
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.work, "nginx")
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	file := filepath.Join(dir, "nginx.conf")
	conf := fmt.Sprintf(`%s worker_processes auto; daemon off; pid %s/pid; error_log %s/errors;
events { worker_connections 4096; }
http {
	access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type image/jpeg; etag on;
	open_file_cache max=1000; client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
	server { listen 127.0.0.1:%d; root %s;
		add_header Cache-Control "max-age=2592000, stale-while-revalidate=86400"; add_header X-Content-Type-Options nosniff;
		add_header X-Xss-Protection "1; mode=block"; add_header Access-Control-Allow-Origin "*";
		add_header Content-Security-Policy "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"; }
}
`, user, dir, dir, dir, dir, dir, dir, dir, port, folder)
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe, "-c", file, "-p", dir, "-e", dir+"/errors")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &peer{base: fmt.Sprintf("http://127.0.0.1:%d", port), cmd: cmd}
	if err := awaitPort(ctx, port); err != nil {
		p.stop()
		return nil, fmt.Errorf("nginx: %w\n%s", err, out.Bytes())
	}
	return p, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func awaitPort(ctx context.Context, port int) error {
	for range 500 {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
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

// load is what wrk has done to a server.
type load struct {
	requests  float64 // a second
	perAnswer float64 // microseconds of the server's processor time
	bytes     float64 // a second
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkRate     = regexp.MustCompile(`Requests/sec: *([\d.]+)`)
	wrkTransfer = regexp.MustCompile(`Transfer/sec: *([\d.]+)([KMG]?)B`)
)

// wrk asks for a variant for the time of a round, and measures what that costs the server.
func (b *bench) wrk(ctx context.Context, v *variant) (load, error) {
	args := []string{"-t" + strconv.Itoa(max(v.threads, 1)), "--timeout", "60s", "-c" + strconv.Itoa(v.conns), "-d" + strconv.FormatFloat(b.round.Seconds(), 'f', 0, 64) + "s"}
	for _, h := range v.headers {
		args = append(args, "-H", h)
	}
	if v.script != "" {
		args = append(args, "-s", v.script)
	}
	before, err := v.cpu()
	if err != nil {
		return load{}, err
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, v.url)...).CombinedOutput()
	if err != nil {
		return load{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	after, err := v.cpu()
	if err != nil {
		return load{}, err
	}
	number := func(re *regexp.Regexp) float64 {
		m := re.FindSubmatch(out)
		if m == nil {
			return 0
		}
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		if len(m) > 2 {
			v *= map[string]float64{"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[string(m[2])]
		}
		return v
	}
	n := number(wrkRequests)
	if n == 0 || bytes.Contains(out, []byte("Socket errors")) {
		return load{}, fmt.Errorf("wrk of %s:\n%s", v.url, out)
	}
	return load{number(wrkRate), float64((after - before).Microseconds()) / n, number(wrkTransfer)}, nil
}
