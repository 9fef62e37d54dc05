package origin

import (
	"context"
	"errors"
	"time"
)

// sweepTimeout bounds the removal of objects after a write. The write has been decided by then, so it is done whether or
// not the caller still waits; what is left when it ends are orphans, which CollectGarbage removes.
const sweepTimeout = 30 * time.Second

func sweeping(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), sweepTimeout)
}

// dropFiles removes the originals and renditions of files that no row knows any more. It goes by the files' names, which are
// never used twice, and not by what their record's or collection's keys begin with: since the commit there may be another
// record, or another collection, of the same id.
func (o *Origin) dropFiles(ctx context.Context, refs []FileRef) {
	if len(refs) == 0 {
		return
	}
	ctx, cancel := sweeping(ctx)
	defer cancel()
	originals := make([]Key, len(refs))
	for i, ref := range refs {
		originals[i] = ref.OriginalKey()
	}
	errs := []error{o.blobs.Delete(ctx, originals...)}
	for _, ref := range refs {
		errs = append(errs, o.blobs.DeletePrefix(ctx, ref.RenditionPrefix()))
	}
	o.sweptWith(errs)
}

// dropOrphans removes blobs whose transaction failed. A commit whose answer was lost may have succeeded
// all the same, so each row is looked for, and a blob that may have one stays.
func (o *Origin) dropOrphans(ctx context.Context, refs []FileRef) {
	ctx, cancel := sweeping(ctx)
	defer cancel()
	var orphans []Key
	for _, ref := range refs {
		if _, err := o.catalog.File(ctx, ref); errors.Is(err, ErrNotFound) {
			orphans = append(orphans, ref.OriginalKey())
		}
	}
	if len(orphans) > 0 {
		o.sweptWith([]error{o.blobs.Delete(ctx, orphans...)})
	}
}

func (o *Origin) sweptWith(errs []error) {
	if err := errors.Join(errs...); err != nil {
		o.log.Warn("objects that nothing refers to were left for the garbage collection", "error", err)
	}
}
