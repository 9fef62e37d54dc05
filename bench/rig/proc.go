package rig

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
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

// tick is the unit of times in /proc/PID/stat: Linux shows 100 a second to programs on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// CPU returns the processor time that the process has had, in steps of 10 ms.
func (p *Program) CPU() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return 0, errors.Join(err, p.Alive())
	}
	// The second field is the command in parentheses, which may hold anything; utime and stime are fields 14 and 15.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is %q", p.PID, text)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}
