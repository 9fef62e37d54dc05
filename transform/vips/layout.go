package vips

import (
	"math"

	"github.com/imgorigin/imgorigin/transform"
)

// layout is a Geometry in the coordinates of the stored picture: libvips decodes,
// cuts and scales before it turns, since turning needs the whole picture in memory
// and a thumbnail is much smaller than its source.
type layout struct {
	source transform.Size // the stored picture
	crop   transform.Rect // the part used of it
	scaled transform.Size // what that is scaled to
	out    transform.Rect // the part of that which is the thumbnail
	turn   orientation
}

// orientation is an EXIF orientation, 1 to 8 (Exif 2.3 section 4.6.4 A).
type orientation uint8

// swaps reports that rows of the stored picture are columns of the upright one.
func (o orientation) swaps() bool { return o >= 5 && o <= 8 }

// reversesX and reversesY report that the upright picture's left edge, or top
// edge, is at the far end of its axis in the stored one.
func (o orientation) reversesX() bool { return o == 2 || o == 3 || o == 6 || o == 7 }
func (o orientation) reversesY() bool { return o == 3 || o == 4 || o == 7 || o == 8 }

// quarterTurns returns how often to turn the stored picture clockwise, and
// whether to mirror it left to right afterwards, so that it stands upright.
func (o orientation) quarterTurns() (turns int, mirror bool) {
	switch o {
	case 2:
		return 0, true
	case 3:
		return 2, false
	case 4:
		return 2, true
	case 5:
		return 1, true
	case 6:
		return 1, false
	case 7:
		return 3, true
	case 8:
		return 3, false
	}
	return 0, false
}

// size maps an upright size to the stored picture.
func (o orientation) size(s transform.Size) transform.Size {
	if o.swaps() {
		s.Width, s.Height = s.Height, s.Width
	}
	return s
}

// rect maps a rectangle of an upright picture of size whole to the stored one.
func (o orientation) rect(r transform.Rect, whole transform.Size) transform.Rect {
	if o.reversesX() {
		r.X = whole.Width - r.X - r.Width
	}
	if o.reversesY() {
		r.Y = whole.Height - r.Y - r.Height
	}
	if o.swaps() {
		r = transform.Rect{X: r.Y, Y: r.X, Width: r.Height, Height: r.Width}
	}
	return r
}

// newLayout turns an upright geometry back into the stored picture.
func newLayout(g transform.Geometry, o orientation) layout {
	return layout{
		source: o.size(g.Upright),
		crop:   o.rect(g.Source, g.Upright),
		scaled: o.size(g.Scaled),
		out:    o.rect(g.Out, g.Scaled),
		turn:   o,
	}
}

// shrink returns how many source pixels one scaled pixel covers, on each axis.
func (l layout) shrink() (h, v float64) {
	return float64(l.crop.Width) / float64(l.scaled.Width), float64(l.crop.Height) / float64(l.scaled.Height)
}

// span is a piece of one axis of a loaded picture, and how it is scaled.
type span struct {
	start, length int
	shrink        float64 // loaded pixels per scaled pixel
}

// place finds the whole loaded pixels that stand for the length source pixels
// from start on, of which each loaded pixel covers factor, so that they scale to
// exactly want.
//
// libvips scales about the centre of what it is given, with any factor. So the
// scale is exact, and what remains of the rounding is a shift of the centre: the
// better of the two pixels at each end leave at most a quarter of a loaded pixel,
// which is an eighth of a scaled one where the decoder left twice the target.
func place(start, length int, factor float64, loaded, want int) span {
	lo, hi := float64(start)/factor, float64(start+length)/factor
	shrink := (hi - lo) / float64(want)
	best, shift := span{}, math.Inf(1)
	for _, a := range [...]float64{math.Floor(lo), math.Ceil(lo)} {
		for _, b := range [...]float64{math.Ceil(hi), math.Floor(hi)} {
			a, b := max(a, 0), min(b, float64(loaded))
			off := math.Abs((a + b - lo - hi) / 2)
			if a < b && off < shift && exact(b-a, shrink, want) {
				best, shift = span{int(a), int(b - a), shrink}, off
			}
		}
	}
	if best.length > 0 {
		return best
	}
	// A sliver: some whole pixels, scaled to what is wanted.
	a := min(int(lo), loaded-1)
	b := max(min(int(math.Ceil(hi)), loaded), a+1)
	return span{a, b - a, float64(b-a) / float64(want)}
}

// exact reports that libvips scales length pixels to want: it rounds the quotient.
func exact(length, shrink float64, want int) bool {
	return math.Abs(length/shrink-float64(want)) < 0.49
}
