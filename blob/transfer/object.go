package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/imgorigin/imgorigin/origin"
)

// attempts bounds how often a copy that another one has overtaken is begun anew.
const attempts = 3

// outcome is what became of an object.
type outcome uint8

const (
	moved  outcome = iota // it is in the target, or was deleted everywhere
	wrong                 // it was noted as wrong
	absent                // it is not in the target, and is to be copied
)

// object moves one object, and tells whether it could be. Its errors are those of a store.
func (t *transfer) object(ctx context.Context, info origin.ObjectInfo, present bool) (bool, error) {
	want, err := t.known(ctx, info.Key)
	if err != nil {
		return false, err
	}
	for range attempts {
		became := absent
		if present {
			became, err = t.compare(ctx, info, want)
		}
		if became == absent && err == nil {
			became, err = t.copy(ctx, info, want)
		}
		if !errors.Is(err, origin.ErrExists) {
			return became == moved, err
		}
		present = true // another run has put it, or a server has
	}
	return false, errors.New("somebody puts it again and again")
}

// sum is what is known, or was found out, of an object's bytes.
type sum struct {
	hash string // "": nothing is known
	size int64
}

func (t *transfer) known(ctx context.Context, key origin.Key) (sum, error) {
	if t.cfg.Known == nil {
		return sum{}, nil
	}
	hash, size, err := t.cfg.Known(ctx, key)
	if errors.Is(err, origin.ErrNotFound) {
		if _, ok := origin.ParseOriginalKey(key); ok {
			t.mu.Lock()
			t.result.Unknown++
			t.mu.Unlock()
		}
		return sum{}, nil
	}
	return sum{hash, size}, err
}

// read returns the hash and the size of an object, whose bytes it copies to w too.
func read(ctx context.Context, in origin.Blobs, key origin.Key, w io.Writer) (sum, error) {
	object, err := in.Open(ctx, key, 0, -1)
	if err != nil {
		return sum{}, err
	}
	defer object.Body.Close()
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(digest, w), object.Body)
	if err == nil && n != object.Size {
		err = fmt.Errorf("%d bytes of %d: %w", n, object.Size, io.ErrUnexpectedEOF)
	}
	return sum{hex.EncodeToString(digest.Sum(nil)), n}, err
}

// compare reads what the target has already.
func (t *transfer) compare(ctx context.Context, info origin.ObjectInfo, want sum) (outcome, error) {
	have, err := read(ctx, t.to, info.Key, io.Discard)
	if errors.Is(err, origin.ErrNotFound) { // deleted since it was listed
		return absent, nil
	}
	if err != nil {
		return wrong, err
	}
	if have == want {
		t.note(&t.result.Compared, info.Size)
		return moved, nil
	}
	source, err := read(ctx, t.from, info.Key, io.Discard)
	if errors.Is(err, origin.ErrNotFound) {
		return t.gone(ctx, info)
	}
	if err != nil {
		return wrong, err
	}
	if want.hash == "" {
		want = source
	}
	switch {
	case have == want:
		t.note(&t.result.Compared, info.Size)
		return moved, nil
	case source != want: // nothing is removed for something no better
		return t.wrong(info, fmt.Errorf("%w; and %w", mismatch(ErrTarget, have, want), mismatch(ErrSource, source, want)))
	case !t.cfg.Repair:
		return t.wrong(info, mismatch(ErrTarget, have, want))
	}
	return absent, t.to.Delete(ctx, info.Key)
}

func mismatch(err error, have, want sum) error {
	return fmt.Errorf("%w: SHA-256 %s of %d bytes instead of %s of %d", err, have.hash, have.size, want.hash, want.size)
}

// copy puts the object into the target and reads it back.
func (t *transfer) copy(ctx context.Context, info origin.ObjectInfo, want sum) (outcome, error) {
	staged, err := t.to.Stage(ctx)
	if err != nil {
		return wrong, err
	}
	defer func() { _ = staged.Discard() }() // does nothing after Commit
	source, err := read(ctx, t.from, info.Key, staged)
	switch {
	case errors.Is(err, origin.ErrNotFound):
		return t.gone(ctx, info)
	case err != nil:
		return wrong, err
	case want.hash != "" && source != want:
		return t.wrong(info, mismatch(ErrSource, source, want))
	}
	if err := staged.Commit(ctx, info.Key); err != nil {
		return wrong, err
	}
	back, err := read(ctx, t.to, info.Key, io.Discard)
	if err != nil && !errors.Is(err, origin.ErrNotFound) {
		return wrong, err
	}
	// Who deletes removes from the source first: what is still there now is deleted in the target after this.
	there, lost := t.from.Open(ctx, info.Key, 0, 0)
	switch {
	case errors.Is(lost, origin.ErrNotFound):
		return t.gone(ctx, info)
	case lost != nil:
		return wrong, lost
	}
	if err := errors.Join(err, there.Body.Close()); err != nil {
		return wrong, err
	}
	if back != source {
		return t.wrong(info, mismatch(ErrTarget, back, source))
	}
	t.note(&t.result.Copied, info.Size)
	return moved, nil
}

// gone follows a delete.
func (t *transfer) gone(ctx context.Context, info origin.ObjectInfo) (outcome, error) {
	if err := t.to.Delete(ctx, info.Key); err != nil {
		return wrong, err
	}
	t.mu.Lock()
	t.result.Gone++
	t.mu.Unlock()
	t.note(nil, info.Size)
	return moved, nil
}

// wrong notes an object that cannot be moved.
func (t *transfer) wrong(info origin.ObjectInfo, err error) (outcome, error) {
	t.mu.Lock()
	t.result.Wrong = append(t.result.Wrong, Wrong{info.Key, err})
	t.mu.Unlock()
	t.note(nil, info.Size)
	return wrong, nil
}
