package vips

/*
#include "render.h"
*/
import "C"

import (
	"cmp"
	"errors"
	"slices"

	"github.com/imgorigin/imgorigin/transform"
)

// pixels is a scaled picture in memory. Its holder frees the image.
type pixels struct {
	view
	image *C.VipsImage
}

// ofOriginal makes the members of a family, each on its own where there is nothing
// to share or no memory left for it.
func (b *batch) ofOriginal(f family) {
	bytes := f.pixels * pixelBytes(b.meta)
	if len(f.members) == 1 || !b.r.hold(bytes) {
		for _, i := range f.members {
			b.r.decodes.Add(1)
			out, err := b.r.render(b.ctx, b.src, b.meta, b.layouts[i], b.plans[i])
			b.tell(i, out, err)
		}
		return
	}
	defer b.r.letGo(bytes)
	base, err := b.decode(viewOf(f.base), f.base, reduce(b.meta, f.base))
	if b.meta.Format == transform.WebP && errors.Is(err, errLoadedSize) {
		// An animation whose frames do not fill the canvas is never reduced.
		base, err = b.decode(viewOf(f.base), f.base, loading{1, f.base.source})
	}
	b.ofBase(base, err, f.members)
}

// ofReduced makes the plans of a source that is a reduced picture itself.
func (b *batch) ofReduced(which []int) {
	stored := transform.Size{Width: b.meta.Width, Height: b.meta.Height}
	members := densestFirst(b.layouts, which)
	ld := reduce(b.meta, b.layouts[members[0]].seenAs(stored))
	h, v := ld.factor(b.meta.Format, stored)
	seen := view{
		part: whole(b.of), size: ld.size,
		h: h * float64(b.of.Width) / float64(stored.Width), v: v * float64(b.of.Height) / float64(stored.Height),
	}
	all := layout{source: stored, crop: whole(ld.size), scaled: ld.size, out: whole(ld.size), turn: 1}
	if len(members) == 1 { // streamed from the decoder, without a base in memory
		i := members[0]
		b.r.decodes.Add(1)
		out, err := b.stream(seen, all, ld, i)
		if err == nil {
			b.r.viaLibvips.Add(1)
		}
		b.tell(i, out, err)
		return
	}
	bytes := ld.size.Pixels() * pixelBytes(b.meta)
	b.r.sharedBytes.Add(bytes) // a few MB, bounded by whoever made the picture
	defer b.r.letGo(bytes)
	base, err := b.decode(seen, all, ld)
	b.ofBase(base, err, members)
}

// stream makes plan i of what the decoder shows at that size.
func (b *batch) stream(seen view, all layout, ld loading, i int) ([]byte, error) {
	l, p := b.layouts[i], b.plans[i]
	job := newJob(b.meta, all, ld, p)
	aim(&job, seen, l)
	return b.r.workers.rendition(b.ctx, b.src, p, &C.ig_task{step: C.IG_STEP_RENDER, job: job})
}

// ofBase makes the members of what was decoded, or passes the error on to them.
func (b *batch) ofBase(base pixels, err error, members []int) {
	b.r.decodes.Add(1)
	if err != nil {
		for _, i := range members {
			b.tell(i, nil, err)
		}
		return
	}
	defer b.r.workers.free(base.image)
	made := b.descend(base, members)
	defer func() {
		for _, s := range made {
			b.r.workers.free(s.image)
		}
	}()
	b.r.viaShared.Add(int64(len(made)))
	slices.SortStableFunc(made, func(x, y scaled) int { return cmp.Compare(x.pixels, y.pixels) })
	for _, s := range made {
		out, err := b.produce(s)
		b.tell(s.plan, out, err)
	}
}

// scaled is one member's pixels, before they are turned and encoded.
type scaled struct {
	plan   int
	image  *C.VipsImage
	pixels int64
}

// descend scales the members, the densest first, from the base or from each other.
// Scaling is a small part of the work; the pixels of all are in memory at its end.
func (b *batch) descend(base pixels, members []int) []scaled {
	held := []pixels{base}
	var made []scaled
	for _, i := range members {
		l := b.layouts[i]
		image, err := b.scale(nearest(held, l), l)
		if err != nil {
			b.tell(i, nil, err)
			continue
		}
		made = append(made, scaled{i, image, l.out.Size().Pixels()})
		if l.out == whole(l.scaled) {
			held = append(held, pixels{viewOf(l), image})
		}
	}
	return made
}

// nearest is the smallest of the pixels that l can be made of. All can be made of
// the first.
func nearest(held []pixels, l layout) pixels {
	for _, p := range slices.Backward(held) {
		if p.covers(l, chain) {
			return p
		}
	}
	return held[0]
}

// decode brings a base into memory.
func (b *batch) decode(v view, l layout, ld loading) (pixels, error) {
	image, err := b.pixels(b.src, &C.ig_task{step: C.IG_STEP_DECODE, job: newJob(b.meta, l, ld, transform.Plan{})})
	return pixels{v, image}, err
}

// scale makes l's pixels of p.
func (b *batch) scale(p pixels, l layout) (*C.VipsImage, error) {
	task := &C.ig_task{step: C.IG_STEP_RESCALE, job: newJob(b.meta, l, loading{1, l.source}, transform.Plan{}), image: p.image}
	aim(&task.job, p.view, l)
	return b.pixels(nil, task)
}

// pixels has a step taken that makes an image.
func (b *batch) pixels(source []byte, task *C.ig_task) (*C.VipsImage, error) {
	if err := b.r.workers.do(b.ctx, source, task); err != nil {
		return nil, err
	}
	if task.result.stage != C.IG_OK {
		return nil, failure(&task.result)
	}
	return task.image, nil
}

// aim makes l the job of a picture that is seen so.
func aim(job *C.ig_job, seen view, l layout) {
	x := place(l.crop.X-seen.part.X, l.crop.Width, seen.h, seen.size.Width)
	y := place(l.crop.Y-seen.part.Y, l.crop.Height, seen.v, seen.size.Height)
	job.x, job.y, job.w, job.h = C.double(x.start), C.double(y.start), C.double(x.length), C.double(y.length)
	job.resample = cbool(l.resampled() && !seen.is(l))
	switch {
	case seen.is(l):
		x.first, x.count, y.first, y.count = l.out.X, l.out.Width, l.out.Y, l.out.Height
	case !l.resampled():
		x.first, x.count = l.crop.X-seen.part.X+l.out.X, l.out.Width
		y.first, y.count = l.crop.Y-seen.part.Y+l.out.Y, l.out.Height
	}
	job.left, job.width, job.top, job.height = C.int(x.first), C.int(x.count), C.int(y.first), C.int(y.count)
	job.scaled_width, job.scaled_height = C.int(l.scaled.Width), C.int(l.scaled.Height)
	job.out_left, job.out_top = C.int(l.out.X), C.int(l.out.Y)
	job.out_width, job.out_height = C.int(l.out.Width), C.int(l.out.Height)
}

// produce turns, converts and encodes.
func (b *batch) produce(s scaled) ([]byte, error) {
	l, p := b.layouts[s.plan], b.plans[s.plan]
	job := newJob(b.meta, l, loading{1, l.source}, p)
	return b.r.workers.rendition(b.ctx, nil, p, &C.ig_task{step: C.IG_STEP_PRODUCE, job: job, image: s.image})
}
