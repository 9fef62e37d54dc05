package origin

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func TestASourceIsReadWholeAndLargeOnesLieOutsideOfTheHeap(t *testing.T) {
	for _, size := range []int{0, 1, mappedSource - 1, mappedSource, mappedSource + 4097} {
		want := []byte(strings.Repeat("0123456789abcdefg", size/17+1)[:size])
		s, err := readSource(bytes.NewReader(want), int64(size))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.data, want) || s.mapped != (size >= mappedSource) {
			t.Errorf("of %d bytes %d are there, or others; mapped: %t", size, len(s.data), s.mapped)
		}
		s.free()
		s.free()
		if s.data != nil {
			t.Errorf("%d bytes can be reached after they were freed", len(s.data))
		}
		if size == 0 {
			continue
		}
		if s, err := readSource(bytes.NewReader(want[1:]), int64(size)); s != nil || err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("of a byte less than %d: %v, %v", size, s, err)
		}
	}
}

// TestAnOriginalIsNoGarbage reads many large sources, and counts all that Go allocates meanwhile, for whatever else.
func TestAnOriginalIsNoGarbage(t *testing.T) {
	const size, times = 1 << 20, 64
	data := make([]byte, size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		s, err := readSource(bytes.NewReader(data), size)
		if err != nil {
			t.Fatal(err)
		}
		s.free()
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > times*size/4 {
		t.Errorf("%d sources of %d bytes took %d bytes of the heap", times, size, grown)
	}
}
