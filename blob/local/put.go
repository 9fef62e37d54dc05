package local

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// PutIfAbsent stores a small object.
func (s *Store) PutIfAbsent(ctx context.Context, key origin.Key, data []byte) error {
	err := s.putIfAbsent(ctx, key, data)
	s.countPut(len(data), err)
	return wrap("put", string(key), err)
}

func (s *Store) putIfAbsent(ctx context.Context, key origin.Key, data []byte) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	t, err := s.newTemp()
	if err != nil {
		return err
	}
	if _, err = t.write(ctx, data); err == nil {
		err = t.publish(ctx, key)
	}
	if err != nil {
		return errors.Join(err, t.discard())
	}
	_ = t.close() // all that could fail has been synced
	return nil
}

// Stage begins an object whose key is not yet decided. Writing it ends with ctx.
func (s *Store) Stage(ctx context.Context) (origin.Staged, error) {
	if err := s.enter(ctx); err != nil {
		return nil, wrap("stage", "", err)
	}
	defer s.leave()
	t, err := s.newTemp()
	if err != nil {
		s.countNoSpace(err)
		return nil, wrap("stage", "", err)
	}
	st := &staged{ctx: ctx, temp: t}
	st.buffer = bufio.NewWriterSize(writerFunc(st.spool), s.config.Buffer)
	return st, nil
}

// staged is an object being written: what the buffer does not hold yet is in the file.
type staged struct {
	ctx    context.Context // of Stage: it bounds the writing
	temp   *temp
	buffer *bufio.Writer
	size   int
	failed error // bytes are missing, now and for good
	ended  bool
}

var _ origin.Staged = (*staged)(nil)

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (st *staged) spool(p []byte) (int, error) { return st.temp.write(st.ctx, p) }

func (st *staged) Write(p []byte) (n int, err error) {
	if st.ended {
		return 0, origin.ErrClosed
	}
	if st.failed == nil {
		st.failed = st.ctx.Err()
	}
	if st.failed == nil {
		n, st.failed = st.buffer.Write(p)
		st.size += n
		st.temp.store.countNoSpace(st.failed)
	}
	return n, wrap("write", st.temp.name, st.failed)
}

func (st *staged) ReadAt(p []byte, offset int64) (int, error) {
	if st.ended {
		return 0, origin.ErrClosed
	}
	if err := st.flush(); err != nil {
		return 0, wrap("read", st.temp.name, err)
	}
	n, err := st.temp.file.ReadAt(p, offset)
	if err == io.EOF { // bare, as io.ReaderAt has it
		return n, err
	}
	return n, wrap("read", st.temp.name, err)
}

func (st *staged) flush() error {
	if st.failed == nil {
		st.failed = st.buffer.Flush()
	}
	return st.failed
}

// Commit makes the object durable and visible. After an error it may be tried again, under the same key or another.
func (st *staged) Commit(ctx context.Context, key origin.Key) error {
	if st.ended {
		return wrap("commit", string(key), origin.ErrClosed)
	}
	err := st.commit(ctx, key)
	st.temp.store.countPut(st.size, err)
	return wrap("commit", string(key), err)
}

func (st *staged) commit(ctx context.Context, key origin.Key) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	s := st.temp.store
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if err := st.flush(); err != nil {
		return err
	}
	if err := st.temp.publish(ctx, key); err != nil {
		return err
	}
	st.ended = true
	_ = st.temp.close() // all that could fail has been synced
	return nil
}

// Discard removes what was written.
func (st *staged) Discard() error {
	if st.ended {
		return nil
	}
	st.ended = true
	s := st.temp.store
	if err := s.enter(context.Background()); err != nil { // closed: a later Open removes the file
		return wrap("discard", st.temp.name, errors.Join(err, st.temp.close()))
	}
	defer s.leave()
	return wrap("discard", st.temp.name, st.temp.discard())
}
