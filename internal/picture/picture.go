// Package picture computes pictures: photo-like scenes, illustrations, an animation and a test chart, the files that carry
// them, and files made to do harm. Its law: every picture is a pure function of its arguments (the same bytes for the same
// size and seed, however many cores draw it), a scene looks the same at every size, and nothing is read from outside.
package picture

import (
	"image"
	"runtime"
	"sync"
	"sync/atomic"
)

// Must returns v, and panics when err is not nil. It is for tests and for arguments known to be right, in the way of
// template.Must: picture.Must(picture.JPEG(img, 90)).
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// parallel calls do(i) for every i in [0, n) on as many goroutines as there are processors, and returns when all are done.
// The calls are independent of each other, so that their order does not show in the picture.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// canvas returns an opaque picture's pixels; a size below one pixel is raised to one, so that a scene never fails.
func canvas(w, h int) *image.RGBA {
	return image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
}
