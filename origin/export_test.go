package origin

import (
	"context"

	"github.com/imgorigin/imgorigin/transform"
)

// Joined returns how many renditions are in groups that can be joined.
func (o *Origin) Joined() (n int) {
	o.groups.mu.Lock()
	defer o.groups.mu.Unlock()
	for _, g := range o.groups.open {
		n += len(g.members)
	}
	return n
}

// Rendered is a thumb's way into its group and out of it, on a context of the caller's.
func (o *Origin) Rendered(ctx context.Context, req ReadRequest) ([]byte, error) {
	r, err := o.resolve(ctx, req.Collection, req.Record, req.Name)
	if err != nil {
		return nil, err
	}
	made, err := o.render(ctx, r, r.variant(req.Thumb))
	if err != nil {
		return nil, err
	}
	return made.data, nil
}

// GroupCost is what admission weighs where these thumbs of a file are rendered together.
func (o *Origin) GroupCost(ctx context.Context, req ReadRequest, specs []string) (cost int64, err error) {
	r, err := o.resolve(ctx, req.Collection, req.Record, req.Name)
	if err != nil {
		return 0, err
	}
	var plans []transform.Plan
	for _, spec := range specs {
		plans = append(plans, r.variant(spec).plan)
	}
	return transform.CostAll(r.file.Image, plans...), nil
}

// HasMezzanine tells whether a file is one of which a reduced copy is kept.
func (o *Origin) HasMezzanine(image transform.Meta) bool {
	return o.mezzanineOf(&File{Image: image}) != nil
}
