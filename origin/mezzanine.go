package origin

import (
	"context"
	"errors"

	"github.com/imgorigin/imgorigin/transform"
)

// mezzanine is a reduced copy of a large original, kept beside its renditions, of which later ones are made for a fraction
// of what the original costs. It is a rendition itself, of a plan that nobody need have asked for: under the same key, in
// the same budget, removed with its file.
type mezzanine struct {
	key      Key
	plan     transform.Plan
	geometry transform.Geometry
	upright  transform.Size // of the original
	image    transform.Meta // of the mezzanine
}

const (
	// mezzanineQuality of JPEG is the least at which libjpeg's colours are kept in full.
	mezzanineQuality = 90
	// mezzanineReduces is how many times longer an original's longer side must be for a mezzanine to be worth its bytes.
	mezzanineReduces = 2
	// mezzanineCovers is how many times larger than a rendition the part that it is made of must be in the mezzanine: then
	// the traces of a second lossy coding are averaged away.
	mezzanineCovers = 2
)

// mezzanineOf is the mezzanine that the file has or should have; nil where the option is off, where it would not pay,
// and where JPEG cannot hold what the original shows: transparency, more than 8 bits, pixels that were kept exactly.
func (o *Origin) mezzanineOf(file *File) *mezzanine {
	side := o.config.MezzanineSide
	if _, sharing := o.renderer.(SharingRenderer); side == 0 || !sharing {
		return nil
	}
	switch i := file.Image; {
	case i.Alpha || i.Depth != 8 || i.Frames > 1:
		return nil
	case i.Format != transform.JPEG && (i.Format != transform.WebP || i.Lossless):
		return nil
	}
	m := &mezzanine{plan: o.config.Options.PlanAs(transform.Thumb{Width: side, Height: side, Mode: transform.Fit}, transform.JPEG)}
	m.plan.Quality, m.plan.Progressive = mezzanineQuality, false
	m.upright.Width, m.upright.Height = file.Image.Upright()
	if max(m.upright.Width, m.upright.Height) < mezzanineReduces*side {
		return nil
	}
	m.geometry = m.plan.Thumb.Geometry(m.upright.Width, m.upright.Height)
	if o.config.Limits.CheckOutput(m.geometry, transform.JPEG) != nil {
		return nil
	}
	size := m.geometry.Size()
	m.image = transform.Meta{
		Format: transform.JPEG, Width: size.Width, Height: size.Height, Orientation: 1, Depth: 8, Components: 3, Frames: 1, Scans: 1,
	}
	m.key = file.RenditionKey(m.plan.Key() + "." + o.renderer.Fingerprint())
	return m
}

// serves tells whether a rendition of that geometry loses nothing by being made of the mezzanine.
func (m *mezzanine) serves(g transform.Geometry) bool {
	size := m.geometry.Scaled
	return int64(g.Source.Width)*int64(size.Width) >= mezzanineCovers*int64(g.Scaled.Width)*int64(m.upright.Width) &&
		int64(g.Source.Height)*int64(size.Height) >= mezzanineCovers*int64(g.Scaled.Height)*int64(m.upright.Height)
}

func (m *mezzanine) servesAll(members []*member) bool {
	for _, member := range members {
		if !m.serves(member.v.geometry) {
			return false
		}
	}
	return true
}

// fromMezzanine makes the batch of its mezzanine, and returns the members for which that failed.
func (o *Origin) fromMezzanine(ctx context.Context, b batch) (failed []*member) {
	reduced, err := o.loadSource(ctx, b.from.key, maxRenditionBytes)
	if err != nil {
		o.log.Warn("a mezzanine cannot be read", "key", string(b.from.key), "error", err)
		return b.members
	}
	defer reduced.free()
	o.counters.mezzanineReads.Add(1)
	o.keeper.used(b.file.FileRef, b.from.key, int64(len(reduced.data)))
	o.renderAll(ctx, reduced.data, b.from.upright, b.plans(), func(i int, data []byte, err error) {
		if err != nil {
			o.log.Warn("a thumb cannot be made of its mezzanine", "key", string(b.members[i].v.key), "error", err)
			failed = append(failed, b.members[i])
			return
		}
		o.tell(b.members[i], data, nil)
	})
	return failed
}

// keepMezzanine stores what was made beside the members. They do not wait for it, and nothing is lost but time where
// it fails.
func (o *Origin) keepMezzanine(ctx context.Context, b batch, data []byte, err error) {
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, o.config.FillTimeout)
		defer cancel()
		err = o.blobs.PutIfAbsent(ctx, b.keep.key, data)
	}
	switch {
	case errors.Is(err, ErrExists):
	case err != nil:
		o.counters.keepFailures.Add(1)
		o.log.Warn("a mezzanine was not kept", "key", string(b.keep.key), "error", err)
	default:
		o.counters.mezzanines.Add(1)
		o.keeper.used(b.file.FileRef, b.keep.key, int64(len(data)))
	}
}
