package vips

import (
	"cmp"
	"math"
	"slices"

	"github.com/imgorigin/imgorigin/transform"
)

// reach is how many times larger than the target, on each axis, pixels scaled from
// the source must be for the target to be made of them instead. Lanczos leaves them
// all that the target can show but for a little of its finest detail. At 4/3, as 960
// is made of 1280, photographs lost at most 0.0004 of their SSIM and often gained;
// at 1.25 one lost 0.002.
const reach = 1.3

// chain is reach where the pixels were not scaled from the source themselves: what
// is lost adds up with every step.
const chain = 2

// maxShared bounds what one family holds in memory, in pixels.
const maxShared = 8_000_000

// family is renditions of one source that one decode serves.
type family struct {
	base    layout // what is decoded
	members []int  // into the layouts, the densest first
	pixels  int64  // that are held in memory, base included
}

// share parts those layouts of one source that which names into families. Each
// is in exactly one.
func share(layouts []layout, which []int) []family {
	var families []family
	for _, i := range densestFirst(layouts, which) {
		l := layouts[i]
		home := slices.IndexFunc(families, func(f family) bool { return f.takes(l) })
		if home < 0 {
			home = len(families)
			base := baseOf(l)
			families = append(families, family{base: base, pixels: base.scaled.Pixels()})
		}
		f := &families[home]
		f.members = append(f.members, i)
		f.pixels += l.out.Size().Pixels()
	}
	return families
}

func densestFirst(layouts []layout, which []int) []int {
	which = slices.Clone(which)
	slices.SortStableFunc(which, func(a, b int) int {
		return cmp.Compare(layouts[b].density(), layouts[a].density())
	})
	return which
}

// baseOf is the picture that l is cut from. What is not reduced is made of
// the source's own pixels.
func baseOf(l layout) layout {
	if l.density() >= 1 {
		l.crop, l.scaled = whole(l.source), l.source
	}
	l.out = whole(l.scaled)
	return l
}

// takes reports that l can be made of f's base, and that there is room for it.
func (f family) takes(l layout) bool {
	return f.pixels+l.out.Size().Pixels() <= maxShared &&
		within(l.crop, f.base.crop) && (!f.base.resampled() || viewOf(f.base).covers(l, reach))
}

// density is how many scaled pixels a source pixel becomes, on the denser axis.
func (l layout) density() float64 {
	h, v := l.shrink()
	return 1 / min(h, v)
}

// seenAs is the layout of all of a reduced picture of that size that asks for l's density.
func (l layout) seenAs(size transform.Size) layout {
	h, v := l.shrink()
	all := transform.Size{
		Width:  max(1, int(math.Ceil(float64(l.source.Width)/h))),
		Height: max(1, int(math.Ceil(float64(l.source.Height)/v))),
	}
	return layout{source: size, crop: whole(size), scaled: all, out: whole(all), turn: 1}
}

// view is what pixels show of a source.
type view struct {
	part transform.Rect // in the coordinates of the stored source
	h, v float64        // source pixels per pixel, on each axis
	size transform.Size // in pixels
}

// viewOf is what the scaled pixels of l show, before anything is cut from them.
func viewOf(l layout) view {
	h, v := l.shrink()
	return view{part: l.crop, h: h, v: v, size: l.scaled}
}

// covers reports that the pixels are l's scaled ones, or show all of it so many
// times larger.
func (w view) covers(l layout, times float64) bool {
	h, v := l.shrink()
	return w.is(l) || within(l.crop, w.part) && h >= times*w.h && v >= times*w.v
}

// is reports that the pixels are l's scaled ones.
func (w view) is(l layout) bool { return w.part == l.crop && w.size == l.scaled }

// within reports that part lies in all.
func within(part, all transform.Rect) bool {
	return part.X >= all.X && part.Y >= all.Y &&
		part.X+part.Width <= all.X+all.Width && part.Y+part.Height <= all.Y+all.Height
}

func whole(s transform.Size) transform.Rect { return transform.Rect{Width: s.Width, Height: s.Height} }
