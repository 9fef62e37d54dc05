package origin

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// source is a whole original in memory, for as long as it is rendered. Large ones lie outside of Go's heap: there each would
// be garbage until the next collection, bring that collection about, and let the heap grow by its size and a share more.
// Whoever made the source frees it, and nobody reads data after.
type source struct {
	data   []byte
	mapped bool
}

// mappedSource is the least size, in bytes, of what is mapped: below it two system calls cost more than the garbage does.
const mappedSource = 256 << 10

// sourcePiece is how much is read at a time, in bytes. To copy an original of some megabytes takes a core for milliseconds, and
// the kernel lets nobody else have it for as long: between two pieces the threads that answer from memory get it.
const sourcePiece = 256 << 10

// readSource reads size bytes from r. The mapping is anonymous and not one of a file, for that would end the process where
// somebody cuts the file short.
func readSource(r io.Reader, size int64) (*source, error) {
	s := &source{}
	if size < mappedSource {
		s.data = make([]byte, size)
	} else {
		var err error
		if s.data, err = unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
			return nil, fmt.Errorf("memory for %d bytes: %w", size, err)
		}
		s.mapped = true
	}
	for rest := s.data; len(rest) > 0; {
		piece := rest[:min(len(rest), sourcePiece)]
		if _, err := io.ReadFull(r, piece); err != nil {
			s.free()
			return nil, err
		}
		if rest = rest[len(piece):]; len(rest) > 0 {
			_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // never fails
		}
	}
	return s, nil
}

// free gives the memory back. Calls after the first do nothing.
func (s *source) free() {
	if s.mapped {
		_ = unix.Munmap(s.data) // fails for what was not mapped only
	}
	s.data, s.mapped = nil, false
}

// loadSource is load for what is rendered and then freed.
func (o *Origin) loadSource(ctx context.Context, key Key, limit int64) (*source, error) {
	object, err := o.openWhole(ctx, key, limit)
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	s, err := readSource(object.Body, object.Size)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return s, nil
}
