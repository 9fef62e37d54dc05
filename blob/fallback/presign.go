package fallback

import (
	"context"
	"errors"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.PresigningBlobs = presigning{}

// presigning is a Store whose new one presigns. What was delivered to the old one, by an address that was given out before
// the move began, is found.
type presigning struct {
	*Store
	to origin.PresigningBlobs
}

func (p presigning) PresignPut(ctx context.Context, id, contentType string, size int64, expires time.Time) (string, error) {
	return p.to.PresignPut(ctx, id, contentType, size, expires)
}

func (p presigning) OpenDelivered(ctx context.Context, id string) (origin.Object, error) {
	object, err := p.to.OpenDelivered(ctx, id)
	if before, ok := p.former.(origin.PresigningBlobs); ok && errors.Is(err, origin.ErrNotFound) {
		return before.OpenDelivered(ctx, id)
	}
	return object, err
}

func (p presigning) DropDelivered(ctx context.Context, ids ...string) error {
	if before, ok := p.former.(origin.PresigningBlobs); ok {
		if err := before.DropDelivered(ctx, ids...); err != nil {
			return err
		}
	}
	return p.to.DropDelivered(ctx, ids...)
}
