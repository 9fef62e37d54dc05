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

// resampled reports that pixels change, and are not only cut out.
func (l layout) resampled() bool { return l.crop.Size() != l.scaled }

// span is a piece of one axis of a loaded picture.
type span struct {
	start, length float64 // what is scaled: begins and ends between pixels
	first, count  int     // the whole pixels that it touches
}

// place maps length source pixels from start on to an axis of loaded pixels, of
// which each covers factor source pixels. A decoder that reduces may leave out the
// last loaded pixel where it would not be whole.
func place(start, length int, factor float64, loaded int) span {
	s := span{start: float64(start) / factor, length: float64(length) / factor}
	s.first = min(int(s.start), loaded-1)
	s.count = max(min(int(math.Ceil(s.start+s.length)), loaded)-s.first, 1)
	return s
}
