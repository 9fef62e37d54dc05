package rig

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Memory is what the kernel counts for the process, in bytes (proc(5), /proc/PID/status).
type Memory struct {
	Resident int64 // VmRSS
	Peak     int64 // VmHWM: the most that was resident since the start, or since ResetPeak
}

// Memory reads the process's memory.
func (p *Program) Memory() (Memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	if err != nil {
		return Memory{}, errors.Join(err, p.Alive())
	}
	var m Memory
	for line := range strings.SplitSeq(string(text), "\n") {
		name, value, _ := strings.Cut(line, ":")
		to := map[string]*int64{"VmRSS": &m.Resident, "VmHWM": &m.Peak}[name]
		if to == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("%s: %w", line, err)
		}
		*to = kib << 10
	}
	if m.Resident == 0 || m.Peak == 0 {
		return Memory{}, errors.New("the kernel does not say how much memory the process has")
	}
	return m, nil
}

// ResetPeak makes Peak count from now on.
func (p *Program) ResetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.PID), []byte("5"), 0)
}

// cpuClockSched says which of a process's clocks is meant: the time that its threads, ended ones included, had a
// processor (clock_getcpuclockid(3); CPUCLOCK_SCHED of the kernel).
const cpuClockSched = 2

// CPU returns the processor time that the process has had, in nanoseconds.
func (p *Program) CPU() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^p.PID<<3|cpuClockSched), &t); err != nil {
		return 0, errors.Join(fmt.Errorf("the processor clock of %d: %w", p.PID, err), p.Alive())
	}
	return time.Duration(t.Nano()), nil
}
