package vips

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// niceness is how far renders stand behind the rest of the program, on the scale of nice(2): ten steps further down a thread
// gets a tenth of a core that another wants too, and all of one that nobody wants.
const niceness = 10

// apart calls f on a thread of its own, whose priority is low: an answer from memory takes microseconds, and is not to wait
// until a picture is decoded. The thread ends with f, as only privileged ones may raise their priority again; libvips'
// own threads inherit it. Where the system does not allow it, f runs all the same.
func apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and not unlocked, which is what ends the thread
		// The system call tells 20 less what is set.
		if usual, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, 0, min(20-usual+niceness, 19))
		}
		f()
	}()
	<-done
}
