package origin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/gabriel-vasile/mimetype"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/transform"
)

// Upload is a file whose bytes are in the blob store but not yet visible. It is made by Stage, used by one goroutine at
// a time, and ended by the write that it is given to, whatever that write returns, or by Discard.
type Upload struct {
	OriginalName string         // as the uploader called it
	Size         int64          // bytes
	ContentType  string         // by magic bytes
	SHA256       string         // lower-case hex
	Image        transform.Meta // zero Format where the bytes are no picture that we can transform

	name   FileName // what the file will be called, decided here so that no retry renames it
	mime   *mimetype.MIME
	staged Staged // nil once committed or discarded
}

// sniffBytes is how much of a file decides its type, as in PocketBase.
const sniffBytes = 3072

// Stage takes the bytes of an upload to the blob store, hashing and sniffing them as they pass. A declared type is never
// believed; a picture that can't be read is no refusal. Outcomes:
//  1. the Upload, which the caller must give to a write or discard;
//  2. Kind TooLarge: there were more than limit bytes;
//  3. r's own error where it is an *Error, else Kind Invalid: the bytes did not arrive whole;
//  4. the store's error.
//
// In 2 to 4 nothing is left behind.
func (o *Origin) Stage(ctx context.Context, name string, r io.Reader, limit int64) (*Upload, error) {
	staged, err := o.blobs.Stage(ctx)
	if err != nil {
		return nil, &Error{Op: "stage", Kind: unavailable(err), Err: err}
	}
	u := &Upload{OriginalName: storable(name), staged: staged}
	if err := u.fill(ctx, r, limit); err != nil {
		u.Discard()
		return nil, err
	}
	u.name = normalizeName(name, u.mime.Extension(), func(n int) string { return auth.RandomString(n, auth.LowerAlnum) })
	return u, nil
}

// fill copies the bytes and learns from them.
func (u *Upload) fill(ctx context.Context, r io.Reader, limit int64) error {
	sum := sha256.New()
	head := &headWriter{}
	limit = min(limit, math.MaxInt64-1)
	source := &sourceReader{ctx: ctx, r: io.LimitReader(r, limit+1)}
	n, err := io.Copy(io.MultiWriter(u.staged, sum, head), source)
	switch {
	case source.err != nil:
		return source.refusal()
	case err != nil:
		return &Error{Op: "stage", Kind: unavailable(err), Err: err}
	case n > limit:
		return &Error{Op: "stage", Kind: TooLarge}
	}
	u.Size = n
	u.SHA256 = hex.EncodeToString(sum.Sum(nil))
	u.mime = mimetype.Detect(head.bytes)
	u.ContentType = u.mime.String()
	return u.probe()
}

// probe reads the picture's header, if it is one.
func (u *Upload) probe() error {
	meta, err := transform.Probe(u.staged, u.Size)
	switch {
	case err == nil:
		u.Image = meta
	case !errors.Is(err, transform.ErrUnsupported) && !errors.Is(err, transform.ErrCorrupt):
		return &Error{Op: "stage", Kind: unavailable(err), Err: fmt.Errorf("reading the staged bytes back: %w", err)}
	}
	return nil
}

// Discard removes the bytes of an upload that nothing was made of. It does nothing after a write took the upload.
func (u *Upload) Discard() {
	if u.staged != nil {
		_ = u.staged.Discard() // what stays behind is no object, and the store sweeps it
		u.staged = nil
	}
}

// commit makes the bytes durable under key.
func (u *Upload) commit(ctx context.Context, key Key) error {
	if err := u.staged.Commit(ctx, key); err != nil {
		return err
	}
	u.staged = nil
	return nil
}

// headWriter keeps the first sniffBytes that pass.
type headWriter struct{ bytes []byte }

func (h *headWriter) Write(p []byte) (int, error) {
	h.bytes = append(h.bytes, p[:min(len(p), sniffBytes-len(h.bytes))]...)
	return len(p), nil
}

// sourceReader tells failures of the uploader from those of the store, and ends with the context.
type sourceReader struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (s *sourceReader) refusal() error {
	var own *Error
	if errors.As(s.err, &own) {
		return own
	}
	kind := KindOf(s.err)
	if kind == Internal {
		kind = Invalid
	}
	return &Error{Op: "stage", Kind: kind, Err: s.err}
}
