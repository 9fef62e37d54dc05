package vips

import (
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// priority is that of the calling thread as the system call returns it: 20 less the niceness.
func priority(t *testing.T) int {
	t.Helper()
	p, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRendersRunOnThreadsThatStandBehindTheRest(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	usual := priority(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			apart(func() {
				if got, want := priority(t), max(usual-niceness, 1); got > want {
					t.Errorf("a render has priority %d, usual is %d", got, usual)
				}
			})
		})
	}
	all.Wait()
	// No thread of theirs is left to run anything else, and none was made in their likeness.
	begin := make(chan struct{})
	for range 200 {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			<-begin
			if got := priority(t); got != usual {
				t.Errorf("a thread has priority %d, not %d", got, usual)
			}
		})
	}
	close(begin)
	all.Wait()
}
