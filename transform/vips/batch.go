package vips

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/imgorigin/imgorigin/transform"
)

// sharedBudget bounds what all families together hold in memory at a time, in
// bytes: what finds it spent is made without sharing. Six widths up to 1280 of one
// picture take 8 MB.
const sharedBudget = 128 << 20

// RenderAll makes the renditions that the plans name, and decodes src as seldom as
// their quality allows: mostly once. Where of is not zero, src is not the original
// but a reduced, upright picture of all of it, and of is the original's upright
// size, by which the plans go; that src is large enough for them is the caller's
// decision.
//
// Done is called once for each plan, before RenderAll returns and by one goroutine, with
// the outcomes of Render as they come: the small renditions of a decode before the large ones. What
// fails one plan does not fail the others. A rendition is as good as Render's, and
// need not have the same bytes.
func (r *Renderer) RenderAll(ctx context.Context, src []byte, of transform.Size, plans []transform.Plan, done func(i int, out []byte, err error)) {
	b := &batch{
		r: r, ctx: ctx, src: src, of: of, plans: plans,
		layouts: make([]layout, len(plans)), done: done, told: make([]bool, len(plans)),
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	defer func() {
		if v := recover(); v != nil {
			r.panics.Add(1)
			b.fail(fmt.Errorf("vips: panic: %v\n%s", v, debug.Stack()))
		}
	}()
	switch {
	case r.closed:
		b.fail(ErrClosed)
	case b.ctx.Err() != nil:
		b.fail(context.Cause(b.ctx))
	default:
		b.run()
	}
}

// batch is one call of RenderAll.
type batch struct {
	r       *Renderer
	ctx     context.Context
	src     []byte
	meta    transform.Meta // of src
	of      transform.Size
	plans   []transform.Plan
	layouts []layout // of the plans that can be made

	done func(i int, out []byte, err error)
	told []bool // of which plans done was called
}

// tell reports the outcome of a plan.
func (b *batch) tell(i int, out []byte, err error) {
	b.told[i] = true
	b.r.count(b.ctx, err)
	b.done(i, out, err)
}

// fail reports err for all plans that have no outcome yet.
func (b *batch) fail(err error) {
	for i, told := range b.told {
		if !told {
			b.tell(i, nil, err)
		}
	}
}

func (b *batch) run() {
	var err error
	if b.meta, err = b.r.examine(b.src); err == nil {
		err = intact(b.src, b.meta)
	}
	if err != nil {
		b.fail(err)
		return
	}
	upright := b.of
	if upright == (transform.Size{}) {
		upright.Width, upright.Height = b.meta.Upright()
	}
	var fit []int
	for i, p := range b.plans {
		if b.layouts[i], err = b.r.layOut(b.meta, upright, p); err != nil {
			b.tell(i, nil, err)
			continue
		}
		fit = append(fit, i)
	}
	switch {
	case len(fit) == 0:
	case b.of != (transform.Size{}):
		b.ofReduced(fit)
	default:
		for _, f := range share(b.layouts, fit) {
			b.ofOriginal(f)
		}
	}
}

// hold reserves memory for a family, if the budget has it.
func (r *Renderer) hold(bytes int64) bool {
	if r.sharedBytes.Add(bytes) <= sharedBudget {
		return true
	}
	r.letGo(bytes)
	return false
}

func (r *Renderer) letGo(bytes int64) { r.sharedBytes.Add(-bytes) }

// pixelBytes is what a decoded pixel takes: a palette becomes three channels, and
// a grey one may become two.
func pixelBytes(m transform.Meta) int64 {
	n := int64(m.Components)
	if m.Alpha {
		n = max(n, 4)
	}
	if m.Depth == 16 {
		n *= 2
	}
	return n
}
