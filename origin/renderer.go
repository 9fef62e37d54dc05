package origin

import (
	"context"

	"github.com/imgorigin/imgorigin/transform"
)

// Renderer turns an original's bytes into a rendition's. It is an interface so that the core's tests need no libvips.
type Renderer interface {
	// Render returns the rendition of src that the plan describes, in bytes that the caller owns. It reads src until it returns
	// and never after: the memory may be unmapped by then. So does RenderAll of a SharingRenderer.
	// What cannot be rendered, now or ever, wraps transform.ErrUnsupported, ErrCorrupt, ErrTooManyPixels or ErrTooComplex.
	Render(ctx context.Context, src []byte, p transform.Plan) ([]byte, error)
	// Fingerprint is short, the same for the same bytes out of the same bytes in, and fit for a key's segment.
	Fingerprint() string
}

// SharingRenderer is a Renderer that makes several renditions of one source together for less than one by one. A group
// of renditions is made one after another by a Renderer that is none.
type SharingRenderer interface {
	Renderer
	// RenderAll calls done once for each plan while it runs, one call at a time, with what Render would return: a
	// failure of one plan is not one of the others. Where of is not zero, src is no original but a reduced, upright copy of
	// one, and of is that one's upright size, by which the plans go.
	RenderAll(ctx context.Context, src []byte, of transform.Size, plans []transform.Plan, done func(i int, data []byte, err error))
}
