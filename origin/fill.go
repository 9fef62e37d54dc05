package origin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/imgorigin/imgorigin/cache"
	"github.com/imgorigin/imgorigin/transform"
)

// rendition is one thumb's bytes, as they are sent.
type rendition struct {
	data []byte
	etag string
}

func newRendition(data []byte) *rendition {
	sum := sha256.Sum256(data)
	return &rendition{data: data, etag: etagOfHex(hex.EncodeToString(sum[:]))}
}

// rendition is steps 5 and 6: from memory, or from the one flight that fills this key. All who wait are handed the
// flight's own bytes; memory may refuse to keep them.
func (o *Origin) rendition(ctx context.Context, r *resolved, v *variant) (*rendition, error) {
	if made, ok := o.memory.Get(string(v.key)); ok {
		o.counters.memoryHits.Add(1)
		return made, nil
	}
	made, joined, err := o.flight.Do(ctx, string(v.key), o.config.FillTimeout, func(ctx context.Context) (*rendition, error) {
		return o.fill(ctx, r, v)
	})
	var panicked *cache.PanicError
	if !joined && errors.As(err, &panicked) {
		o.log.Error("a render panicked", "key", string(v.key), "panic", panicked.Value, "stack", string(panicked.Stack))
	}
	return made, err
}

// fill is steps 7 to 10, run once per key whoever asks, on the flight's own context.
func (o *Origin) fill(ctx context.Context, r *resolved, v *variant) (*rendition, error) {
	// A flight may have ended between this caller's look at memory and the start of this one.
	if made, ok := o.memory.Get(string(v.key)); ok {
		return made, nil
	}
	made, err := o.stored(ctx, v.key)
	switch {
	case err == nil:
		o.counters.storedHits.Add(1)
	case !errors.Is(err, ErrNotFound):
		return nil, err
	default:
		if made, err = o.render(ctx, r, v); err != nil {
			if hopeless(err) {
				o.negative.add(string(v.key))
			}
			return nil, err
		}
		made = o.keep(ctx, v.key, made)
	}
	o.memory.Set(string(v.key), made, int64(len(made.data)))
	o.keeper.used(r.file.FileRef, v.key, int64(len(made.data)))
	return made, nil
}

// stored is step 7: a rendition that was kept earlier, by this process or another.
func (o *Origin) stored(ctx context.Context, key Key) (*rendition, error) {
	data, err := o.load(ctx, key, maxRenditionBytes)
	if err != nil {
		return nil, err
	}
	return newRendition(data), nil
}

// maxRenditionBytes bounds what is read back as a rendition: no format spends more than 8 bytes on a pixel, and
// no plan makes more than the output limit's pixels.
const maxRenditionBytes = 1 << 30

// load reads a whole object of at most limit bytes.
func (o *Origin) load(ctx context.Context, key Key, limit int64) ([]byte, error) {
	object, err := o.openWhole(ctx, key, limit)
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	data := make([]byte, object.Size)
	if _, err := io.ReadFull(object.Body, data); err != nil {
		return nil, fmt.Errorf("reading %s: %w", key, err)
	}
	return data, nil
}

// openWhole opens an object of at most limit bytes. The caller closes its body.
func (o *Origin) openWhole(ctx context.Context, key Key, limit int64) (Object, error) {
	object, err := o.blobs.Open(ctx, key, 0, -1)
	if err != nil {
		return Object{}, err
	}
	if object.Size > limit {
		object.Body.Close()
		return Object{}, fmt.Errorf("%s has %d bytes, more than %d", key, object.Size, limit)
	}
	return object, nil
}

// admissionError gives the gate's refusals their Kind.
func admissionError(err error) error {
	switch {
	case errors.Is(err, transform.ErrBusy):
		return &Error{Op: "admit", Kind: Busy, Err: err}
	case errors.Is(err, transform.ErrWaitedTooLong):
		return &Error{Op: "admit", Kind: Timeout, Err: err}
	}
	return err
}

// keep is step 10: the first stored rendition is the canonical one, so a loser returns the winner's. A store that
// refuses costs a later render, not this answer.
func (o *Origin) keep(ctx context.Context, key Key, made *rendition) *rendition {
	err := o.blobs.PutIfAbsent(ctx, key, made.data)
	if errors.Is(err, ErrExists) {
		winner, e := o.stored(ctx, key)
		if e == nil {
			return winner
		}
		err = e
	}
	if err != nil {
		o.counters.keepFailures.Add(1)
		o.log.Warn("a rendition was not kept", "key", string(key), "error", err)
	}
	return made
}
