package rig

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestWhatTheKernelSaysOfAProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	p := &Program{PID: os.Getpid(), ended: make(chan struct{})}
	const much = 64 << 20
	block := make([]byte, much)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	m, err := p.Memory()
	if err != nil || m.Resident < much || m.Peak < m.Resident {
		t.Errorf("with %d bytes in use: %+v, %v", much, m, err)
	}
	runtime.KeepAlive(block)

	before, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	const spin = 3 * time.Millisecond // which steps of 10 ms would not show
	for began := cpuTime(t); cpuTime(t)-began < spin; {
	}
	after, err := p.CPU()
	if err != nil || after-before < spin || after > 24*time.Hour {
		t.Errorf("%s after %s of work and %s before, %v", after, spin, before, err)
	}
	none := &Program{PID: 1 << 26, ended: make(chan struct{})} // above the kernel's PID_MAX_LIMIT
	if _, err := none.CPU(); err == nil {
		t.Error("a process that does not exist has had processor time")
	}
	if err := none.ResetPeak(); err == nil {
		t.Error("a process that does not exist has its peak reset")
	}
}

// cpuTime is what this process has used, by another of the kernel's counters.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestLinesThatAreNotTheProgramsAreForeign(t *testing.T) {
	l := parseLine(`{"time":"x","level":"WARN","msg":"a thumb cannot be made","key":"k","n":3}`)
	if l.Message != "a thumb cannot be made" || l.Text("key") != "k" || l.Text("n") != "3" || l.Text("none") != "" || l.Foreign != "" {
		t.Errorf("%+v", l)
	}
	for _, text := range []string{"panic: x", "(process:1): VIPS-WARNING **: bad", "{", "[]"} {
		if l := parseLine(text); l.Foreign != text {
			t.Errorf("%q is read as %+v", text, l)
		}
	}
}
