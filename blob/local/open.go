package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// Open returns n bytes of the object from offset on. The body is a *Body, and ends with ctx.
func (s *Store) Open(ctx context.Context, key origin.Key, offset, n int64) (origin.Object, error) {
	obj, err := s.openObject(ctx, key, offset, n)
	switch {
	case err == nil:
		s.count.opens.Add(1)
		return obj, nil
	case errors.Is(err, origin.ErrNotFound):
		s.count.missing.Add(1)
	}
	return origin.Object{}, wrap("open", string(key), err)
}

func (s *Store) openObject(ctx context.Context, key origin.Key, offset, n int64) (origin.Object, error) {
	if err := blob.CheckKey(key); err != nil {
		return origin.Object{}, err
	}
	if offset < 0 {
		return origin.Object{}, fmt.Errorf("offset %d is negative", offset)
	}
	if err := s.enter(ctx); err != nil {
		return origin.Object{}, err
	}
	f, size, err := s.openFile(key)
	s.leave()
	if err != nil {
		return origin.Object{}, err
	}
	left := max(size-offset, 0)
	if n >= 0 {
		left = min(left, n)
	}
	if offset > 0 && left > 0 {
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return origin.Object{}, errors.Join(err, f.Close())
		}
	}
	return origin.Object{Body: &Body{ctx: ctx, file: f, offset: offset, left: left}, Size: size}, nil
}

// openFile walks to the file with never more than two folders open.
func (s *Store) openFile(key origin.Key) (*os.File, int64, error) {
	at, rest := s.root, string(key)
	for {
		name, tail, more := strings.Cut(rest, "/")
		var fd int
		var err error
		if more {
			fd, err = at.open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		} else {
			// O_NONBLOCK does nothing to a file, and keeps a FIFO that somebody put there from blocking us.
			fd, err = at.open(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
		}
		if at != s.root {
			at.close()
		}
		switch {
		case err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP || err == unix.ENXIO:
			return nil, 0, origin.ErrNotFound
		case err != nil:
			return nil, 0, err
		case !more:
			return asObject(fd, name)
		}
		at, rest = folder(fd), tail
	}
}

// asObject wraps the descriptor of a regular file; anything else is no object.
func asObject(fd int, name string) (*os.File, int64, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = origin.ErrNotFound
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, 0, err
	}
	return os.NewFile(uintptr(fd), name), st.Size, nil
}

// Body is a section of an object's file. It is used by one goroutine at a time.
type Body struct {
	ctx    context.Context
	file   *os.File
	offset int64 // of the next byte to be read, which is where the file itself stands
	left   int64
}

var _ io.WriterTo = (*Body)(nil)

// File returns the file and which part of it is still to be read: n bytes from offset on, where the file's own
// position is, too. So io.LimitReader(f, n) may be given to whoever knows how to send a file without copying
// (sendfile). The file belongs to the body, and what is read from it directly is not seen by Read.
func (b *Body) File() (f *os.File, offset, n int64) { return b.file, b.offset, b.left }

// Read reads the section. A file that has become shorter is io.ErrUnexpectedEOF: the length was promised.
func (b *Body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.file.Read(p[:min(int64(len(p)), b.left)])
	b.advance(int64(n))
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// WriteTo writes the rest of the section, by sendfile where w is a TCP connection, or a bufio.Writer over one.
func (b *Body) WriteTo(w io.Writer) (written int64, err error) {
	for b.left > 0 {
		if err := b.ctx.Err(); err != nil {
			return written, err
		}
		n, err := io.CopyN(w, b.file, min(b.left, writeChunk))
		b.advance(n)
		written += n
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (b *Body) advance(n int64) { b.offset, b.left = b.offset+n, b.left-n }

// Close closes the file.
func (b *Body) Close() error { return b.file.Close() }
