package origin

import (
	"context"
	"errors"
	"time"
)

// Sweep counts what CollectGarbage saw and removed.
type Sweep struct {
	Originals, Renditions               int   // objects seen
	RemovedOriginals, RemovedRenditions int   // objects removed
	RemovedBytes                        int64 // their sizes
	Adopted                             int   // stored renditions that the index did not know for sure, now noted
}

// gcPage is how many objects are listed at once.
const gcPage = 1000

// CollectGarbage removes objects that no file's row knows: what a crash between the blob store and the catalog left
// behind. Objects younger than minAge are left alone, since their transaction may be under way.
// It may run beside a serving process, in this one or another.
func CollectGarbage(ctx context.Context, catalog Catalog, blobs Blobs, now time.Time, minAge time.Duration) (Sweep, error) {
	var s Sweep
	before := now.Add(-minAge).UnixMilli()
	err := pages(ctx, blobs, originalsPrefix, func(objects []ObjectInfo) error {
		var orphans []Key
		for _, object := range objects {
			s.Originals++
			ref, ok := ParseOriginalKey(object.Key)
			if !ok || object.Modified > before {
				continue
			}
			_, err := catalog.File(ctx, ref)
			if errors.Is(err, ErrNotFound) {
				orphans = append(orphans, object.Key)
				s.RemovedOriginals++
				s.RemovedBytes += object.Size
			} else if err != nil {
				return err
			}
		}
		return blobs.Delete(ctx, orphans...)
	})
	if err != nil {
		return s, err
	}
	err = pages(ctx, blobs, renditionsPrefix, func(objects []ObjectInfo) error {
		var uses []RenditionUse
		for _, object := range objects {
			s.Renditions++
			if ref, variant, ok := ParseRenditionKey(object.Key); ok && object.Modified <= before {
				uses = append(uses, RenditionUse{File: ref, Variant: variant, Size: object.Size, Used: object.Modified})
			}
		}
		gone, err := catalog.TouchRenditions(ctx, uses)
		if err != nil {
			return err
		}
		s.Adopted += len(uses) - len(gone)
		s.RemovedRenditions += len(gone)
		for _, g := range gone {
			s.RemovedBytes += g.Size
		}
		return blobs.Delete(ctx, renditionKeys(gone)...)
	})
	return s, err
}

// pages walks all objects below a prefix, a page at a time.
func pages(ctx context.Context, blobs Blobs, prefix Key, visit func([]ObjectInfo) error) error {
	for after := Key(""); ; {
		objects, err := blobs.List(ctx, prefix, after, gcPage)
		if err != nil || len(objects) == 0 {
			return err
		}
		if err := visit(objects); err != nil {
			return err
		}
		after = objects[len(objects)-1].Key
	}
}
