package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/origin"
)

// Open returns n bytes of the object from offset on. The body streams, and ends with ctx.
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

// maxOffset is above the size that any store gives an object.
const maxOffset = 1 << 50

func (s *Store) openObject(ctx context.Context, key origin.Key, offset, n int64) (origin.Object, error) {
	if err := s.checkKey(key); err != nil {
		return origin.Object{}, err
	}
	if offset < 0 {
		return origin.Object{}, fmt.Errorf("offset %d is negative", offset)
	}
	call, leave, err := s.enter(ctx)
	if err != nil {
		return origin.Object{}, err
	}
	defer leave()
	return s.openName(ctx, call, s.name(key), offset, n)
}

// openName opens an object by its name in the bucket. The caller's ctx bounds the body, and call the wait for it.
func (s *Store) openName(ctx, call context.Context, name string, offset, n int64) (origin.Object, error) {
	if n == 0 || offset > maxOffset {
		return s.openEmpty(call, name)
	}
	section := section{offset: offset, end: math.MaxInt64}
	if n > 0 && n < maxOffset {
		section.end = offset + n
	}
	var got stream
	err := s.call(call, 0, func(attempt context.Context) (err error) {
		got, err = s.get(ctx, attempt, name, section, "")
		return err
	})
	if errors.Is(err, errRange) {
		return s.openEmpty(call, name)
	}
	if err != nil {
		return origin.Object{}, err
	}
	end := min(section.end, got.size)
	return origin.Object{Size: got.size, Body: &body{store: s, ctx: ctx, name: name, stream: got, at: offset, end: end}}, nil
}

// openEmpty is for sections that have no bytes, whose size can still be told.
func (s *Store) openEmpty(ctx context.Context, name string) (origin.Object, error) {
	var size int64
	err := s.call(ctx, 0, func(ctx context.Context) error {
		info, err := s.core.StatObject(ctx, s.config.Bucket, name, minio.StatObjectOptions{})
		size = info.Size
		return err
	})
	return origin.Object{Body: http.NoBody, Size: size}, err
}

// section is which bytes are asked for: from offset to before end, which may be beyond the object's.
type section struct{ offset, end int64 }

// stream is a body that is coming.
type stream struct {
	io.Reader
	close func()
	stall func(error) // ends it, for a reason
	size  int64       // of the whole object
	etag  string
}

// errRange means that the object ends before the section begins.
var errRange = errors.New("the section begins at the object's end or beyond")

// get asks for a section. The caller's ctx bounds the body, and attempt the wait for it.
func (s *Store) get(ctx, attempt context.Context, name string, want section, etag string) (stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(attempt, func() { cancel(context.Cause(attempt)) })
	var options minio.GetObjectOptions
	whole := want.offset == 0 && want.end == math.MaxInt64
	if !whole {
		last := ""
		if want.end < math.MaxInt64 {
			last = strconv.FormatInt(want.end-1, 10)
		}
		options.Set("Range", fmt.Sprintf("bytes=%d-%s", want.offset, last))
	}
	if etag != "" {
		_ = options.SetMatchETag(etag) // it refuses only the empty one
	}
	body, info, header, err := s.core.GetObject(ctx, s.config.Bucket, name, options)
	if err != nil {
		defer cancel(nil)
		return stream{}, explainGet(attempt, err)
	}
	got := stream{Reader: body, size: info.Size, etag: info.ETag, stall: cancel, close: func() {
		cancel(nil)
		_ = body.Close()
	}}
	if !whole {
		if got.size, err = sizeOf(header.Get("Content-Range"), want.offset); err != nil {
			got.close()
			return stream{}, failure{err: err}
		}
	}
	if got.size < 0 {
		got.close()
		return stream{}, failure{err: errors.New("the store does not tell the object's size")}
	}
	if !stop() { // the attempt ended at the very last moment
		got.close()
		return stream{}, explain(attempt, context.Cause(attempt))
	}
	return got, nil
}

// explainGet is explain for what only the answer to a GET can tell.
func explainGet(ctx context.Context, err error) failure {
	answer := minio.ToErrorResponse(err)
	switch {
	case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return failure{err: errRange}
	case answer.StatusCode == http.StatusNotFound && answer.XMLName.Local == "":
		// Not the store's words, which are XML, but those of a proxy before it: the object may well be there.
		return failure{again: true, err: fmt.Errorf("%w: a 404 that is not the store's", origin.ErrUnreachable)}
	}
	return explain(ctx, err)
}

// sizeOf reads the object's size from a Content-Range (RFC 9110 section 14.4) that begins with offset.
func sizeOf(contentRange string, offset int64) (int64, error) {
	rest, ok := strings.CutPrefix(contentRange, "bytes "+strconv.FormatInt(offset, 10)+"-")
	_, total, parted := strings.Cut(rest, "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if !ok || !parted || err != nil || size <= offset {
		return 0, errors.New("the store did not answer with the section that it was asked for")
	}
	return size, nil
}
