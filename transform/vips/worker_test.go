package vips

import (
	"context"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/transform"
)

// renderThreads returns the niceness of each thread of this process that is named as the workers are (proc_pid_stat(5)).
func renderThreads(t *testing.T) []int {
	t.Helper()
	tasks, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) == 0 {
		t.Skip("no /proc here")
	}
	var all []int
	for _, task := range tasks {
		stat, err := os.ReadFile(task)
		if err != nil {
			continue // it has ended
		}
		_, rest, ok := strings.Cut(string(stat), " (render) ")
		if !ok {
			continue
		}
		var nice int
		if _, err := fmt.Sscan(strings.Fields(rest)[16], &nice); err != nil {
			t.Fatal(err)
		}
		all = append(all, nice)
	}
	return all
}

func TestStepsAreTakenByThreadsThatStandBehindTheRest(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := newRenderer(t)
	before := len(renderThreads(t))
	src := encode(flat(64, 64, color.White), transform.JPEG)
	p := plan(t, src, "9x9", transform.Unknown)
	const rounds, atOnce = 5, 16
	for range rounds {
		var all sync.WaitGroup
		for range atOnce {
			all.Go(func() {
				if _, err := r.Render(context.Background(), src, p); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got := renderThreads(t)
		if len(got) == 0 || len(got) > before+runtime.GOMAXPROCS(0) {
			t.Errorf("%d threads are kept for %d cores, and there were %d", len(got), runtime.GOMAXPROCS(0), before)
		}
		want := min(20-priority(t)+niceness, 19)
		for _, nice := range got {
			if nice != want {
				t.Errorf("a thread has niceness %d, want %d", nice, want)
			}
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); len(renderThreads(t)) > before; { // one that has ended is listed for a moment
		if time.Now().After(deadline) {
			t.Fatalf("after Close there are %d threads, before New were %d", len(renderThreads(t)), before)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestAThreadThatIsNotHeardEndsItsStep closes the pipe by which Go hears of the end: what was made is there all the same, and
// the thread is not used again.
func TestAThreadThatIsNotHeardEndsItsStep(t *testing.T) {
	r := newRenderer(t)
	src := encode(flat(64, 64, color.White), transform.PNG)
	w, err := r.workers.take()
	if err != nil {
		t.Fatal(err)
	}
	_ = w.told.Close() // and so its end cannot be heard
	r.workers.give(w)
	if size, _, err := r.workers.header(t.Context(), src, transform.PNG); err != nil || size.Width != 64 {
		t.Errorf("got %v, %v", size, err)
	}
	if _, _, err := r.workers.header(t.Context(), src, transform.PNG); err != nil {
		t.Errorf("the next has %v", err)
	}
}

func TestAPanicApartIsTheCallers(t *testing.T) {
	defer func() {
		if v := fmt.Sprint(recover()); !strings.HasPrefix(v, "why\n") || !strings.Contains(v, "worker_test.go") {
			t.Errorf("got %q", v)
		}
	}()
	apart(func() { panic("why") })
	t.Error("it went on")
}
