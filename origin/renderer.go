package origin

import (
	"context"

	"github.com/imgorigin/imgorigin/transform"
)

// Renderer turns an original's bytes into a rendition's. It is an interface so that the core's tests need no libvips.
type Renderer interface {
	// Render returns the rendition of src that the plan describes, in bytes that the caller owns.
	// What cannot be rendered, now or ever, wraps transform.ErrUnsupported, ErrCorrupt, ErrTooManyPixels or ErrTooComplex.
	Render(ctx context.Context, src []byte, p transform.Plan) ([]byte, error)
	// Fingerprint is short, the same for the same bytes out of the same bytes in, and fit for a key's segment.
	Fingerprint() string
}
