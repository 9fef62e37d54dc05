package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/origin"
)

// PutIfAbsent stores a small object. An error that is neither ErrExists nor a refusal leaves open whether it is stored: the
// connection may have ended after the store's work. If so it is whole, and the next put is told ErrExists.
func (s *Store) PutIfAbsent(ctx context.Context, key origin.Key, data []byte) error {
	err := s.putIfAbsent(ctx, key, data)
	s.countPut(int64(len(data)), err)
	return wrap("put", string(key), err)
}

func (s *Store) putIfAbsent(ctx context.Context, key origin.Key, data []byte) error {
	if err := s.checkKey(key); err != nil {
		return err
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return s.putMarked(ctx, s.name(key), bytes.NewReader(data), int64(len(data)), new(mark))
}

// mark tells our own object from somebody else's. The order of events that it is for: we put, the store keeps it, the
// connection ends before the answer, we put again, and the store says that the key is taken.
type mark struct {
	text  string
	doubt bool // an earlier put with the same mark may have been carried out
}

const markHeader = "Imgorigin-Put"

func (m *mark) metadata() map[string]string {
	if m.text == "" {
		m.text = rand.Text()
	}
	return map[string]string{markHeader: m.text}
}

// ours asks after an object whose key is taken: nil where it is ours, else ErrExists.
func (s *Store) ours(ctx context.Context, name string, m *mark) error {
	if !m.doubt {
		return origin.ErrExists
	}
	s.count.doubts.Add(1)
	info, err := s.core.StatObject(ctx, s.config.Bucket, name, minio.StatObjectOptions{})
	if err != nil {
		return err
	}
	for k, v := range info.UserMetadata {
		if strings.EqualFold(k, markHeader) && v == m.text {
			return nil
		}
	}
	return origin.ErrExists
}

// putMarked puts an object by one request: nil, ErrExists, or an error.
func (s *Store) putMarked(ctx context.Context, name string, data io.ReaderAt, size int64, m *mark) error {
	sum, err := hash(io.NewSectionReader(data, 0, size))
	if err != nil {
		return err
	}
	options := minio.PutObjectOptions{UserMetadata: m.metadata(), DisableContentSha256: true} // the sum is in the signature
	return s.call(ctx, size, func(ctx context.Context) error {
		err := s.condition(ctx, name, &options)
		if err == nil {
			body := newGate(io.NewSectionReader(data, 0, size))
			defer body.close()
			_, err = s.core.PutObject(ctx, s.config.Bucket, name, body, size, "", sum, options)
		}
		return s.settle(ctx, name, m, err)
	})
}

// condition makes a put one that replaces nothing.
func (s *Store) condition(ctx context.Context, name string, options *minio.PutObjectOptions) error {
	if !s.config.Unconditional {
		options.SetMatchETagExcept("*")
		return nil
	}
	_, err := s.core.StatObject(ctx, s.config.Bucket, name, minio.StatObjectOptions{})
	if err == nil {
		return failure{err: errTaken}
	}
	if f := explain(ctx, err); !errors.Is(f.err, origin.ErrNotFound) {
		return f
	}
	return nil
}

// settle turns the outcome of a conditional put into that of an attempt.
func (s *Store) settle(ctx context.Context, name string, m *mark, err error) error {
	if err == nil {
		return nil
	}
	var f failure
	if !errors.As(err, &f) {
		f = explain(ctx, err)
	}
	if f.err != errTaken {
		m.doubt = m.doubt || f.open
		return f
	}
	err = s.ours(ctx, name, m)
	if errors.Is(err, origin.ErrExists) {
		return failure{err: err}
	}
	return err
}

// place waits for a place among the uploads that are sent. Small objects take none: a thumb does not wait for them.
func (s *Store) place(ctx context.Context) (release func(), err error) {
	select {
	case s.sending <- struct{}{}:
		return func() { <-s.sending }, nil
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// hash is the SHA-256 of all that r has, in hex: the store refuses what does not arrive as that.
func hash(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// gate is a body that nobody reads any more once it is closed: net/http may still do so for a moment after a request was
// given up, when the bytes are the caller's again.
type gate struct {
	mu     sync.Mutex
	r      io.Reader
	closed bool
}

var errGate = errors.New("the request is over")

func newGate(r io.Reader) *gate { return &gate{r: r} }

func (g *gate) Read(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return 0, errGate
	}
	return g.r.Read(p)
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}
