// Package rig runs the program in a process of its own and looks at it from outside only: over HTTP, through
// its log, and through /proc. It imports nothing of ours, so that what it measures is what an operator gets.
//
//	Build, Start(Config) or Launch(Config) and SignIn → Program: Do, Get, MakeCollection, Upload, Delete, Metric; Memory,
//	ResetPeak, CPU, LogBytes; Stop, Kill, Ended
//	WriteSection(file, name, Markdown) for bench/RESULTS.md, and Machine, MiB, Median for what stands in it
package rig

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Config says what is run.
type Config struct {
	Exe   string        // the program's binary, see Build
	Dir   string        // the folder of its library
	HTTP  string        // where it serves; empty: 127.0.0.1 and a free port
	Args  []string      // of "serve", beside --dir and the addresses
	Env   []string      // beside this process's own; of every command
	OnLog func(LogLine) // called for every line, by one goroutine, in order; may be nil
}

// LogLine is one line of the program's output.
type LogLine struct {
	Message string
	Fields  map[string]any
	// Foreign is a line that is none of the program's: a library's own words on stderr, or a panic's.
	Foreign string
}

// Text returns a field as text, "" where there is none.
func (l LogLine) Text(field string) string {
	if v, ok := l.Fields[field]; ok {
		return fmt.Sprint(v)
	}
	return ""
}

// Program is a running program.
type Program struct {
	Base string // http://127.0.0.1:PORT
	PID  int

	config  Config
	cmd     *exec.Cmd
	client  *http.Client
	metrics string
	token   string
	logged  atomic.Int64

	ended chan struct{} // closed when the process has ended and its log is read
	err   error         // of the process; read after ended

	mu   sync.Mutex
	tail []string // the last lines, for errors
}

// startTimeout bounds the wait for a program to say where it serves.
const startTimeout = 2 * time.Minute

// requestTimeout is longer than any deadline of the program's own: what passes it hangs.
const requestTimeout = 3 * time.Minute

// ErrEnded means that the program ended while it was needed.
var ErrEnded = errors.New("rig: the program ended")

// Build compiles the program into dir, without the race detector, and returns the binary's path.
func Build(ctx context.Context, dir string) (string, error) {
	exe := dir + "/imgorigin"
	out, err := exec.CommandContext(ctx, "go", "build", "-o", exe, "github.com/imgorigin/imgorigin/cmd/imgorigin").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return exe, nil
}

// The superuser that Start makes.
const (
	Email    = "bench@example.com"
	Password = "correct-horse-battery"
)

// Start runs "serve", waits until it serves, and signs in as a superuser made for the purpose.
func Start(ctx context.Context, c Config) (*Program, error) {
	if err := Superuser(ctx, c, Email, Password); err != nil {
		return nil, err
	}
	p, err := Launch(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := p.SignIn(ctx, Email, Password); err != nil {
		return nil, errors.Join(err, p.Stop(ctx))
	}
	return p, nil
}

// Superuser makes one.
func Superuser(ctx context.Context, c Config, email, password string) error {
	cmd := exec.CommandContext(ctx, c.Exe, "superuser", "upsert", email, password, "--dir", c.Dir)
	cmd.Env = append(os.Environ(), c.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making a superuser: %w\n%s", err, out)
	}
	return nil
}

// Launch runs "serve" and waits until it serves.
func Launch(ctx context.Context, c Config) (*Program, error) {
	p := &Program{
		config: c, ended: make(chan struct{}),
		client: &http.Client{
			Timeout:   requestTimeout,
			Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		},
	}
	if err := p.launch(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// SignIn has every request from now on sent by a superuser.
func (p *Program) SignIn(ctx context.Context, email, password string) error {
	var v struct{ Token string }
	path := "/api/collections/_superusers/auth-with-password"
	if err := p.sendJSON(ctx, "POST", path, map[string]string{"identity": email, "password": password}, &v); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	p.token = v.Token
	return nil
}

// Token is what requests are sent with, "" before SignIn.
func (p *Program) Token() string { return p.token }

// launch begins the process and waits for its two addresses.
func (p *Program) launch(ctx context.Context) error {
	address := cmp.Or(p.config.HTTP, "127.0.0.1:0")
	args := append([]string{"serve", "--dir", p.config.Dir, "--http", address, "--metrics", "127.0.0.1:0", "--log-format", "json"}, p.config.Args...)
	p.cmd = exec.Command(p.config.Exe, args...)
	p.cmd.Env = append(os.Environ(), p.config.Env...)
	out, in := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = in, in
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting the program: %w", err)
	}
	p.PID = p.cmd.Process.Pid
	ready := make(chan struct{})
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.readLog(out, ready)
	}()
	go func() {
		err := p.cmd.Wait() // returns when all output was copied into the pipe
		in.Close()
		<-read
		p.err = err
		close(p.ended)
	}()
	select {
	case <-ready:
		return nil
	case <-p.ended:
		return fmt.Errorf("%w at its start: %w\n%s", ErrEnded, p.err, p.Tail())
	case <-time.After(startTimeout):
	case <-ctx.Done():
	}
	p.Kill()
	return fmt.Errorf("the program did not serve in time\n%s", p.Tail())
}

// readLog hands on every line until the process ends, and closes ready once both addresses are known.
func (p *Program) readLog(out io.Reader, ready chan<- struct{}) {
	lines := bufio.NewReaderSize(out, 64<<10)
	for served := false; ; {
		text, err := lines.ReadString('\n')
		p.logged.Add(int64(len(text)))
		if text = strings.TrimSpace(text); text != "" {
			line := parseLine(text)
			p.remember(text)
			switch {
			case line.Message == "serving metrics":
				p.metrics = "http://" + line.Text("address") + "/metrics"
			case line.Message == "serving" && !served:
				p.Base = line.Text("address")
				served = true
				close(ready)
			}
			if p.config.OnLog != nil {
				p.config.OnLog(line)
			}
		}
		if err != nil {
			return
		}
	}
}

func parseLine(text string) LogLine {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return LogLine{Foreign: text}
	}
	message, _ := fields["msg"].(string)
	return LogLine{Message: message, Fields: fields}
}

// remember keeps the last lines.
func (p *Program) remember(line string) {
	const most = 40
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tail = append(p.tail, line); len(p.tail) > most {
		p.tail = p.tail[1:]
	}
}

// Tail returns the last lines of the log.
func (p *Program) Tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// LogBytes returns how much the program has written to stdout and stderr.
func (p *Program) LogBytes() int64 { return p.logged.Load() }

// Alive returns nil while the process runs, else how it ended.
func (p *Program) Alive() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%w: %v\n%s", ErrEnded, p.err, p.Tail())
	default:
		return nil
	}
}

// Ended is closed when the process has ended.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Stop asks the program to end and waits until it has, and until all its log was handed on. The error says that it did not
// end well.
func (p *Program) Stop(ctx context.Context) error {
	if err := p.Alive(); err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("the program ended badly: %w\n%s", p.err, p.Tail())
		}
		return nil
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("the program did not end: %w", context.Cause(ctx))
	}
}

// Kill ends the program at once and waits. It does nothing to one that has ended.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}
