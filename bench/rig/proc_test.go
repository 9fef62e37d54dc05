package rig

import (
	"os"
	"runtime"
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
	for n := 0; ; n++ {
		if now, err := p.CPU(); err != nil || now < before {
			t.Fatalf("%s after %s, %v", now, before, err)
		} else if now > before {
			break
		}
		if n > 10_000_000 {
			t.Fatal("work takes no processor time")
		}
	}
	if before > 24*time.Hour {
		t.Errorf("%s of processor time: not in steps of %s", before, tick)
	}

	if err := (&Program{PID: 1 << 30, ended: make(chan struct{})}).ResetPeak(); err == nil {
		t.Error("a process that does not exist has its peak reset")
	}
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
