package vips

/*
#include "render.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// niceness is how far renders stand behind the rest of the program, on the scale of nice(2): ten steps further down a thread
// gets a tenth of a core that another wants too, and all of one that nobody wants.
const niceness = 10

// errThread means that the system gives no thread to render on.
var errThread = errors.New("vips: no thread to render on")

// workers are threads of C's that take the steps which take long. As many are made as steps run at once, and as many are
// kept as there are cores. While a step runs Go waits for it as for a network connection. Were it in C itself, Go's
// scheduler would hold one of its few places for it until it sees that C does not return soon, up to 10 ms later, and
// answers from memory would wait as long.
type workers struct {
	mu   sync.Mutex
	idle []*worker // the last used last
}

// worker is a thread, and where it says that a step has ended.
type worker struct {
	thread      *C.ig_worker
	told, tells *os.File
}

// newWorker begins a thread.
func newWorker() (*worker, error) {
	told, tells, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errThread, err)
	}
	w := &worker{told: told, tells: tells}
	if w.thread = C.ig_worker_start(niceness, C.int(tells.Fd())); w.thread == nil {
		w.close()
		return nil, errThread
	}
	return w, nil
}

func (w *worker) close() {
	_ = w.told.Close()
	_ = w.tells.Close()
}

// stop ends the thread, once its step has ended.
func (w *worker) stop() {
	C.ig_worker_stop(w.thread)
	w.close()
}

// take returns a thread that has nothing to do.
func (ws *workers) take() (*worker, error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	last := len(ws.idle) - 1
	if last < 0 {
		return newWorker()
	}
	w := ws.idle[last]
	ws.idle = ws.idle[:last]
	return w, nil
}

// give takes a thread back.
func (ws *workers) give(w *worker) {
	ws.mu.Lock()
	if len(ws.idle) < runtime.GOMAXPROCS(0) {
		ws.idle = append(ws.idle, w)
		w = nil
	}
	ws.mu.Unlock()
	if w != nil {
		w.stop()
	}
}

// stop ends all threads. No step may be under way or begin.
func (ws *workers) stop() {
	for _, w := range ws.idle {
		w.stop()
	}
	ws.idle = nil
}

// do has a step taken. Where it can be cancelled, it ends soon after the context does, and the error is the context's cause.
// What went wrong in C stands in the task's result.
func (ws *workers) do(ctx context.Context, source []byte, task *C.ig_task) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w, err := ws.take()
	if err != nil {
		return err
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(task)
	pin.Pin(unsafe.SliceData(source))
	task.source, task.length = unsafe.Pointer(unsafe.SliceData(source)), C.size_t(len(source))
	stop := context.AfterFunc(ctx, func() { atomic.StoreInt32((*int32)(unsafe.Pointer(&task.cancel)), 1) })
	defer stop()

	C.ig_worker_post(w.thread, task)
	if _, err := w.told.Read(make([]byte, 1)); err != nil {
		w.stop() // which waits for the step: its memory is in use until then
	} else {
		ws.give(w)
	}
	if task.result.stage == C.IG_CANCELLED {
		return context.Cause(ctx)
	}
	return nil
}

// dearToFree is from how many pixels on a thread frees an image, in a millisecond or more: it takes as long to wake one on a busy machine.
const dearToFree = 1 << 20

// free gives up the pixels of an image.
func (ws *workers) free(image *C.VipsImage) {
	if int64(image.Xsize)*int64(image.Ysize) < dearToFree {
		C.g_object_unref(C.gpointer(image))
		return
	}
	if ws.do(context.Background(), nil, &C.ig_task{step: C.IG_STEP_FREE, image: image}) != nil {
		C.g_object_unref(C.gpointer(image)) // no thread is to be had
	}
}
