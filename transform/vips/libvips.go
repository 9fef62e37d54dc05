package vips

/*
#cgo pkg-config: vips libjpeg
#cgo CFLAGS: -std=gnu11 -O3 -Wall
#cgo LDFLAGS: -lm
#include "render.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/imgorigin/imgorigin/transform"
)

// errStart means that libvips cannot be initialised.
var errStart = errors.New("vips: libvips does not start")

// errSettings means that libvips already runs with other settings.
var errSettings = errors.New("vips: libvips already runs in this process with another concurrency or other arenas")

// start initialises libvips for the process.
func start(concurrency, arenas int) error {
	switch C.ig_start(C.int(concurrency), C.int(arenas)) {
	case 0:
		return nil
	case 1:
		return errSettings
	}
	return errStart
}

// version returns the version of libvips that runs, not the one compiled against.
func version() string {
	return fmt.Sprintf("%d.%d.%d", C.vips_version(0), C.vips_version(1), C.vips_version(2))
}

// memory returns what libvips has allocated for pixels and holds open now, and the
// most that it ever had.
func memory() (held, peak int64, allocations, files int) {
	return int64(C.vips_tracked_get_mem()), int64(C.vips_tracked_get_mem_highwater()),
		int(C.vips_tracked_get_allocs()), int(C.vips_tracked_get_files())
}

// settings returns how many operations libvips has cached and how many threads it
// uses for one picture.
func settings() (operations, concurrency int) {
	return int(C.vips_cache_get_size()), int(C.vips_concurrency_get())
}

// warnings returns how many warnings libvips and GLib have logged.
func warnings() int64 { return int64(C.ig_warnings()) }

// header opens src without decoding it and returns its stored dimensions, and
// whether libvips had nothing to say about it.
func (ws *workers) header(ctx context.Context, src []byte, f transform.Format) (size transform.Size, quiet bool, err error) {
	task := &C.ig_task{step: C.IG_STEP_HEADER, job: C.ig_job{format: C.int(f)}}
	if err := ws.do(ctx, src, task); err != nil {
		return transform.Size{}, false, err
	}
	r := &task.result
	if r.stage != C.IG_OK {
		return transform.Size{}, false, failure(r)
	}
	return transform.Size{Width: int(r.loaded_width), Height: int(r.loaded_height)}, r.warnings == 0, nil
}

// render takes the steps of render.c.
func (ws *workers) render(ctx context.Context, src []byte, m transform.Meta, l layout, p transform.Plan) ([]byte, error) {
	ld := reduce(m, l)
	out, err := ws.rendition(ctx, src, p, &C.ig_task{step: C.IG_STEP_RENDER, job: newJob(m, l, ld, p)})
	if m.Format == transform.WebP && errors.Is(err, errLoadedSize) && ld.size != l.source {
		// An animation whose frames do not fill the canvas is never reduced.
		job := newJob(m, l, loading{1, l.source}, p)
		return ws.rendition(ctx, src, p, &C.ig_task{step: C.IG_STEP_RENDER, job: job})
	}
	return out, err
}

// rendition has a step taken that makes a rendition.
func (ws *workers) rendition(ctx context.Context, source []byte, p transform.Plan, task *C.ig_task) ([]byte, error) {
	if err := ws.do(ctx, source, task); err != nil {
		return nil, err
	}
	out, err := answer(&task.result)
	if p.Output == transform.WebP {
		out = bareWebP(out)
	}
	return out, err
}

// newJob translates a layout to what render.c takes.
func newJob(m transform.Meta, l layout, ld loading, p transform.Plan) C.ig_job {
	h, v := ld.factor(m.Format, l.source)
	x := place(l.crop.X, l.crop.Width, h, ld.size.Width)
	y := place(l.crop.Y, l.crop.Height, v, ld.size.Height)
	if !l.resampled() {
		x.first, x.count = l.crop.X+l.out.X, l.out.Width
		y.first, y.count = l.crop.Y+l.out.Y, l.out.Height
	}
	turns, mirror := l.turn.quarterTurns()
	return C.ig_job{
		format:  C.int(m.Format),
		shrink:  C.int(ld.shrink),
		scale:   C.double(1 / float64(ld.shrink)),
		lenient: cbool(m.Truncated),

		loaded_width: C.int(ld.size.Width), loaded_height: C.int(ld.size.Height),

		left: C.int(x.first), top: C.int(y.first), width: C.int(x.count), height: C.int(y.count),
		x: C.double(x.start), y: C.double(y.start), w: C.double(x.length), h: C.double(y.length),
		scaled_width: C.int(l.scaled.Width), scaled_height: C.int(l.scaled.Height),
		out_left: C.int(l.out.X), out_top: C.int(l.out.Y),
		out_width: C.int(l.out.Width), out_height: C.int(l.out.Height),
		resample: cbool(l.resampled()),

		quarter_turns: C.int(turns), mirror: cbool(mirror),

		output: C.int(p.Output), quality: C.int(p.Quality),
		compression: C.int(p.Compression), progressive: cbool(p.Progressive),
		background: [3]C.double{C.double(p.Background.R), C.double(p.Background.G), C.double(p.Background.B)},
	}
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// answer copies the bytes that C made into Go's memory, and frees C's.
func answer(r *C.ig_result) ([]byte, error) {
	if r.stage != C.IG_OK {
		return nil, failure(r)
	}
	defer C.g_free(C.gpointer(r.data))
	out := make([]byte, r.length)
	copy(out, unsafe.Slice((*byte)(r.data), r.length))
	return out, nil
}

// errLoadedSize means that a loader reports other dimensions than the header says.
var errLoadedSize = fmt.Errorf("%w: decoder and header disagree about its size", transform.ErrCorrupt)

// errEncode means that pixels could not be encoded, which is not the source's fault.
var errEncode = errors.New("vips: cannot encode")

// failure says by how far the render got, never by libvips' text, what went wrong:
// the text comes from one buffer for all threads and may be another picture's.
func failure(r *C.ig_result) error {
	text := C.GoString(&r.message[0])
	switch r.stage {
	case C.IG_SIZE:
		return errLoadedSize
	case C.IG_WARNED:
		return fmt.Errorf("%w: pixels are missing", transform.ErrCorrupt)
	case C.IG_ENCODE:
		return fmt.Errorf("%w: %s", errEncode, text)
	}
	return fmt.Errorf("%w: %s", transform.ErrCorrupt, text)
}
