package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/origin"
)

// newSpool makes a file that has no name any more, so that it is gone when the process is.
func newSpool(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "imgorigin-staged-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Stage begins an object whose key is not yet decided. It takes no memory, but as many bytes of the spool folder as are
// written: the store is told of it by Commit. Writing it ends with ctx.
func (s *Store) Stage(ctx context.Context) (origin.Staged, error) {
	_, leave, err := s.enter(ctx)
	if err != nil {
		return nil, wrap("stage", "", err)
	}
	defer leave()
	f, err := newSpool(s.config.Spool)
	if err != nil {
		return nil, wrap("stage", "", s.spoolError(err))
	}
	return &staged{ctx: ctx, store: s, file: f}, nil
}

// staged is an object being written to its file.
type staged struct {
	ctx    context.Context // of Stage: it bounds the writing
	store  *Store
	file   *os.File
	size   int64
	mark   mark  // the same for every attempt to commit
	failed error // bytes are missing, now and for good
	ended  bool
}

var _ origin.Staged = (*staged)(nil)

// spoolChunk is how many bytes are written between two looks at the context.
const spoolChunk = 1 << 20

func (st *staged) Write(p []byte) (n int, err error) {
	if st.ended {
		return 0, origin.ErrClosed
	}
	for n < len(p) && st.failed == nil {
		if st.failed = st.ctx.Err(); st.failed == nil {
			var m int
			m, st.failed = st.file.Write(p[n:min(n+spoolChunk, len(p))])
			n += m
			st.failed = st.store.spoolError(st.failed)
		}
	}
	st.size += int64(n)
	return n, wrap("write", "staged", st.failed)
}

func (st *staged) ReadAt(p []byte, offset int64) (int, error) {
	if st.ended {
		return 0, origin.ErrClosed
	}
	if st.failed != nil {
		return 0, wrap("read", "staged", st.failed)
	}
	n, err := st.file.ReadAt(p, offset)
	if err == io.EOF { // bare, as io.ReaderAt has it
		return n, err
	}
	return n, wrap("read", "staged", err)
}

// Commit makes the object durable and visible. After an error it may be tried again, under the same key or another.
func (st *staged) Commit(ctx context.Context, key origin.Key) error {
	if st.ended {
		return wrap("commit", string(key), origin.ErrClosed)
	}
	err := st.commit(ctx, key)
	st.store.countPut(st.size, err)
	return wrap("commit", string(key), err)
}

func (st *staged) commit(ctx context.Context, key origin.Key) error {
	s := st.store
	if err := s.checkKey(key); err != nil {
		return err
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if st.failed != nil {
		return st.failed
	}
	put := s.putOnce
	if st.size > s.config.PartSize {
		put = s.putParts
	}
	if err := put(ctx, s.name(key), st.file, st.size, &st.mark); err != nil {
		return err
	}
	st.ended = true
	_ = st.file.Close() // the store has the bytes
	return nil
}

// putOnce puts a staged object by one request.
func (s *Store) putOnce(ctx context.Context, name string, data io.ReaderAt, size int64, m *mark) error {
	release, err := s.place(ctx)
	if err != nil {
		return err
	}
	defer release()
	return s.putMarked(ctx, name, data, size, m)
}

// Discard removes what was written.
func (st *staged) Discard() error {
	if st.ended {
		return nil
	}
	st.ended = true
	return wrap("discard", "staged", st.file.Close())
}

// spoolError translates a full disk.
func (s *Store) spoolError(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		s.count.noSpace.Add(1)
		return fmt.Errorf("%w in the spool folder: %w", origin.ErrNoSpace, err)
	}
	return err
}
