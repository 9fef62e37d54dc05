package origin

import (
	"context"
	"errors"

	"github.com/imgorigin/imgorigin/transform"
)

// batch is what one turn renders of one file.
type batch struct {
	file    *File
	members []*member
	from    *mezzanine // what they are made of; nil: the original
	keep    *mezzanine // what is made beside them; nil: nothing
}

// planBatch decides what the members are made of.
func (o *Origin) planBatch(ctx context.Context, file *File, members []*member) batch {
	b := batch{file: file, members: members}
	switch m := o.mezzanineOf(file); {
	case m == nil:
	case !o.keeps(ctx, m.key):
		b.keep = m
	case m.servesAll(members):
		b.from = m
	}
	return b
}

func (b *batch) plans() []transform.Plan {
	plans := make([]transform.Plan, 0, len(b.members)+1)
	for _, m := range b.members {
		plans = append(plans, m.v.plan)
	}
	if b.keep != nil {
		plans = append(plans, b.keep.plan)
	}
	return plans
}

// cost is what admission weighs: one decode, and all that is encoded.
func (b *batch) cost() int64 {
	image := b.file.Image
	if b.from != nil {
		image = b.from.image
	}
	return transform.CostAll(image, b.plans()...)
}

// bytes is what admission weighs beside it: the source, and what a decoder holds of it.
func (b *batch) bytes() int64 {
	image, size := b.file.Image, b.file.Size
	if b.from != nil {
		image, size = b.from.image, 0 // its size is not known, and small
	}
	return transform.Memory(image, size, b.plans()...)
}

// renderBatch is step 9. Its error is for all members who were told nothing.
func (o *Origin) renderBatch(ctx context.Context, b batch) error {
	o.counters.renders.Add(uint64(len(b.members)))
	if b.from != nil {
		failed := o.fromMezzanine(ctx, b)
		if len(failed) == 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		b.members = failed // it is gone, or not what it was: the original serves
	}
	original, err := o.loadSource(ctx, b.file.OriginalKey(), o.config.MaxSourceBytes)
	if err != nil {
		return err
	}
	defer original.free()
	o.counters.decodes.Add(1)
	o.renderAll(ctx, original.data, transform.Size{}, b.plans(), func(i int, data []byte, err error) {
		if i == len(b.members) {
			o.keepMezzanine(ctx, b, data, err)
			return
		}
		o.tell(b.members[i], data, err)
	})
	return nil
}

// tell hands a member its rendition, or why there is none.
func (o *Origin) tell(m *member, data []byte, err error) {
	if err != nil {
		o.counters.renderFailures.Add(1)
		o.log.Warn("a thumb cannot be made", "key", string(m.v.key), "error", err)
		m.tell(nil, err)
		return
	}
	m.tell(newRendition(data), nil)
}

// renderAll makes each plan, at once where the renderer can.
func (o *Origin) renderAll(ctx context.Context, src []byte, of transform.Size, plans []transform.Plan, done func(int, []byte, error)) {
	if sharing, ok := o.renderer.(SharingRenderer); ok && (len(plans) > 1 || of != (transform.Size{})) {
		sharing.RenderAll(ctx, src, of, plans, done)
		return
	}
	for i, p := range plans {
		data, err := o.renderer.Render(ctx, src, p)
		done(i, data, err)
	}
}

// keeps tells whether the store has the object.
func (o *Origin) keeps(ctx context.Context, key Key) bool {
	object, err := o.blobs.Open(ctx, key, 0, 0)
	if err != nil {
		if !errors.Is(err, ErrNotFound) {
			o.log.Warn("the store does not say whether it has a mezzanine", "key", string(key), "error", err)
		}
		return false
	}
	object.Body.Close()
	return true
}
