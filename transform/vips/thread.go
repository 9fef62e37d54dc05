package vips

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// apart calls f on a thread of its own, whose priority is that of the workers: for what calls C from inside a library of Go's.
// The thread ends with f, as only privileged ones may raise their priority again; libvips' own threads inherit it. Where
// the system does not allow it, f runs all the same. A panic of f's goes on in the caller.
func apart(f func()) {
	done := make(chan struct{})
	var panicked any
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				panicked = fmt.Sprintf("%v\n%s", v, debug.Stack())
			}
		}()
		runtime.LockOSThread() // and not unlocked, which is what ends the thread
		// The system call tells 20 less what is set.
		if usual, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, min(20-usual+niceness, 19))
		}
		f()
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
}
