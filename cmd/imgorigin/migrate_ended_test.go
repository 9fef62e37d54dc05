package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAMigrationThatIsKilledGoesOn kills it at several points of its way, and then lets it come to its end.
func TestAMigrationThatIsKilledGoesOn(t *testing.T) {
	p := start(t)
	h := furnish(p)
	for range 40 {
		p.upload("photos", "more.jpg", h.photo)
	}
	p.stop()
	target, moved := filepath.Join(t.TempDir(), "blobs"), t.TempDir()
	objects := func(n int) func(string) bool {
		return func(string) bool {
			have, _ := filepath.Glob(filepath.Join(target, "originals/*/*/*"))
			return len(have) >= n
		}
	}
	says := func(text string) func(string) bool {
		return func(out string) bool { return strings.Contains(out, text) }
	}
	bytesOf := []string{"--from", "local:" + filepath.Join(p.dir, "storage"), "--to", "local:" + target, "--dir", p.dir, "--parallel", "2"}
	rowsOf := []string{"--from", "sqlite:" + p.dir, "--to", "sqlite:" + moved}
	kept := 0
	for _, c := range []struct {
		at   func(out string) bool
		args []string
	}{
		{objects(1), bytesOf}, {objects(10), bytesOf}, {objects(30), bytesOf}, {nil, bytesOf},
		{says("copying: 0 of"), rowsOf}, {says("finishing: 0 of"), rowsOf}, {nil, rowsOf},
	} {
		if out, killed := migrateUntil(t, c.at, c.args...); killed == (c.at == nil) {
			t.Logf("%v: killed: %v\n%s", c.args, killed, out)
			kept++
		}
	}
	if kept > 2 { // on a busy machine one may have come to its end before it was killed
		t.Errorf("%d of the processes were not killed", kept)
	}
	h.wantIn(startIn(t, moved, "--blobs", "local:"+target))
}

// migrateUntil runs a migration in a process of its own, and kills it as soon as at says so of what it has printed.
func migrateUntil(t *testing.T, at func(out string) bool, args ...string) (printed string, killed bool) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := &lockedBuffer{}
	cmd := exec.Command(exe, append([]string{"migrate"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	patience := time.After(2 * time.Minute)
	for {
		select {
		case err = <-ended:
			if err != nil && cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			return out.String(), err != nil
		case <-patience:
			_ = cmd.Process.Kill()
			t.Fatalf("%v does not end\n%s", args, out)
		case <-time.After(time.Millisecond):
			if at != nil && at(out.String()) {
				_ = cmd.Process.Kill()
				at = nil
			}
		}
	}
}

// What is interrupted by a signal ends in order, says so, and goes on.
func TestAMigrationThatIsInterruptedLeavesTheOldCatalogInUse(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", everyForm, nil)
	moved := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	out := &lockedBuffer{}
	m := &Main{Stdout: out, Stderr: writerFunc(func(b []byte) (int, error) {
		if strings.HasPrefix(string(b), "finishing") {
			cancel() // as SIGINT does
		}
		return out.Write(b)
	})}
	err := m.Run(ctx, []string{"migrate", "--from", "sqlite:" + p.dir, "--to", "sqlite:" + moved})
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("%v\n%s", err, out)
	}
	p.upload("photos", "a.jpg", jpegOf(40, 30)) // the old catalog takes writes
	mustMigrate(t, "--from", "sqlite:"+p.dir, "--to", "sqlite:"+moved)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestProgressIsABarOnATerminalAndLinesElsewhere(t *testing.T) {
	for _, c := range []struct {
		bars  bool
		lines int
		says  []string
	}{
		{false, 4, []string{"copying: 0 of 200 rows, 0%\n", "copying: 200 of 200 rows, 100%\n", "finishing: 0 of 5 rows, 0%\n"}},
		{true, 2, []string{"copying", "100%", "(200/200)", "finishing"}},
	} {
		var out bytes.Buffer
		m := newMeter(&out, "rows", false)
		m.bars = c.bars
		for done := range int64(201) {
			m.at("copying", done, 200)
		}
		m.at("finishing", 0, 5)
		m.at("finishing", 0, 5)
		m.close()
		for _, want := range c.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in %q", want, out.String())
			}
		}
		if n := strings.Count(out.String(), "\n"); n < 2 || n > c.lines+1 {
			t.Errorf("%d lines: %q", n, out.String())
		}
	}
	var out bytes.Buffer
	newMeter(&out, "rows", true).at("copying", 1, 1)
	if out.Len() > 0 || isTerminal(&out) {
		t.Errorf("%q", out.String())
	}
}
