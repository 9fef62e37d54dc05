package origin

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/transform"
)

// maxGuestSizes is how many distinct sizes of one file of the library are made for callers who show nothing: enough for
// a page's srcset in every form, and a bound on what a stranger can have rendered and stored.
const maxGuestSizes = 32

// maxKnownSizes bounds the sizes of one file that are remembered; those beyond it are planned anew each time.
const maxKnownSizes = 256

// sizes are the thumbs of one file of the library beside those that its field lists, planned as they are asked for. What
// was stored counts, not what was asked for since the start, so that a restart is no new allowance.
type sizes struct {
	mu    sync.Mutex                          // held by whoever adds
	known atomic.Pointer[map[string]*variant] // by canonical spec; replaced, never changed
}

func newSizes() *sizes {
	s := &sizes{}
	s.known.Store(&map[string]*variant{})
	return s
}

// size returns the variant of a spec that no field lists, or nil where the caller gets none. free callers get any.
func (o *Origin) size(ctx context.Context, r *resolved, spec string, free bool) (*variant, error) {
	if !free && len(r.field.Thumbs) > 0 {
		return nil, nil // the operator has listed what guests may have, whatever others were given
	}
	if v := (*r.sizes.known.Load())[spec]; v != nil {
		return v, nil
	}
	thumb, err := transform.ParseThumb(spec)
	if err != nil {
		return nil, nil
	}
	spec = thumb.String()
	if v := (*r.sizes.known.Load())[spec]; v != nil {
		return v, nil
	}
	v := &variant{spec: spec}
	if v.refused = o.plan(v, r.file, thumb); v.refused != nil {
		return v, nil
	}
	var stored map[string]bool
	if !free {
		if stored, err = o.storedSizes(ctx, r.file); err != nil {
			return nil, err
		}
	}
	return r.sizes.add(v, stored, free, func(n int) {
		o.files.Set(r.file.path(), r, int64(resolvedCost+variantCost*(len(r.variants)+n)))
	}), nil
}

// add remembers a variant, unless it would be one too many for a guest. Two guests may have looked at the store at once,
// so what either of them was given since counts too.
func (s *sizes) add(v *variant, stored map[string]bool, free bool, grown func(n int)) *variant {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := *s.known.Load()
	if have := known[v.spec]; have != nil {
		return have
	}
	if !free && !stored[v.spec] {
		n := len(stored)
		for spec := range known {
			if !stored[spec] {
				n++
			}
		}
		if n >= maxGuestSizes {
			return nil
		}
	}
	if len(known) < maxKnownSizes {
		more := maps.Clone(known)
		more[v.spec] = v
		s.known.Store(&more)
		grown(len(more))
	}
	return v
}

// maxListedRenditions is how many stored renditions of one file are looked at: each size in as many as come of a few
// changes of settings and renderer.
const maxListedRenditions = 1000

// storedSizes are the distinct sizes of a file that the store has, by whatever settings and renderer they were made. The
// sizes that the field lists are not the guests' doing, but count: the bound is on what is stored. A mezzanine, which nobody
// has asked for, does not.
func (o *Origin) storedSizes(ctx context.Context, file *File) (map[string]bool, error) {
	objects, err := o.blobs.List(ctx, file.RenditionPrefix(), "", maxListedRenditions)
	if err != nil {
		return nil, &Error{Op: "open", Kind: unavailable(err), Err: err}
	}
	found := make(map[string]bool, len(objects))
	mezzanine := o.mezzanineOf(file)
	for _, object := range objects {
		if _, name, ok := ParseRenditionKey(object.Key); ok && (mezzanine == nil || object.Key != mezzanine.key) {
			spec, _, _ := strings.Cut(name, "-") // as transform.Plan.Key begins
			found[spec] = true
		}
	}
	return found, nil
}
