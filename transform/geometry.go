package transform

import "math"

// maxSide saturates a derived side, so that no product of two sides overflows
// int64 and no side overflows a 32-bit int. It is far beyond any encoder.
const maxSide = 1 << 30

// minCropFirst is the side in pixels below which a source is scaled before it is
// cropped: cropping a small source first would round away whole source pixels.
const minCropFirst = 100

// Size is a width and a height in pixels.
type Size struct{ Width, Height int }

// Pixels returns Width × Height.
func (s Size) Pixels() int64 { return int64(s.Width) * int64(s.Height) }

// Rect is a rectangle in pixels; X and Y are its top left corner.
type Rect struct{ X, Y, Width, Height int }

// Size returns the rectangle's dimensions.
func (r Rect) Size() Size { return Size{r.Width, r.Height} }

// whole is the rectangle that covers a picture of size s.
func (s Size) whole() Rect { return Rect{0, 0, s.Width, s.Height} }

// Geometry is three steps from an upright source to a thumbnail: take Source out
// of it, scale that to Scaled, take Out out of that. A step that changes nothing
// is the whole of its input, so a renderer may follow all three blindly; of the
// two cuts at most one is a real one.
//
//   - Copy: nothing is cut and nothing is scaled (the picture is still re-encoded).
//   - CropsSource: Source is a part of the upright source; Out is all of Scaled.
//   - CropsScaled: Source is everything; Out is a part of Scaled.
type Geometry struct {
	// Upright is the size of the source after rotation.
	Upright Size
	// Source is the part used of the upright source.
	Source Rect
	// Scaled is the size that Source is scaled to, up or down, sides independently.
	Scaled Size
	// Out is the part of the scaled picture that is the thumbnail.
	Out Rect
}

// Copy reports that the pixels of the upright source are the thumbnail's pixels.
func (g Geometry) Copy() bool {
	return g.Source == g.Upright.whole() && g.Scaled == g.Upright && g.Out == g.Scaled.whole()
}

// CropsSource reports that the source is cropped before it is scaled.
func (g Geometry) CropsSource() bool { return g.Source != g.Upright.whole() }

// CropsScaled reports that the picture is cropped after it is scaled.
func (g Geometry) CropsScaled() bool { return g.Out != g.Scaled.whole() }

// Size returns the thumbnail's dimensions.
func (g Geometry) Size() Size { return g.Out.Size() }

// Geometry returns the steps for a source whose upright dimensions (Meta.Upright)
// are w × h pixels. The rounding, the truncation and their fallbacks follow
// PocketBase's observed behaviour to the pixel, in the same float64 arithmetic.
// Where w or h is not positive, or both sides of t are zero, the result is zero.
func (t Thumb) Geometry(w, h int) Geometry {
	if w <= 0 || h <= 0 || t.Width <= 0 && t.Height <= 0 {
		return Geometry{}
	}
	src := Size{w, h}
	switch {
	case t.Width <= 0 || t.Height <= 0:
		return scaleTo(src, Size{t.Width, t.Height}.derive(src))
	case t.Mode == Fit:
		return scaleTo(src, fit(src, Size{t.Width, t.Height}))
	}
	return fill(src, Size{t.Width, t.Height}, t.Mode)
}

// scaleTo scales the whole source.
func scaleTo(src, out Size) Geometry {
	return Geometry{Source: src.whole(), Scaled: out, Out: out.whole(), Upright: src}
}

// derive replaces the side that is not positive by the one that keeps the
// source's aspect ratio, rounded half up, at least 1.
func (s Size) derive(src Size) Size {
	if s.Width <= 0 {
		s.Width = side(math.Floor(float64(s.Height)*float64(src.Width)/float64(src.Height) + 0.5))
	}
	if s.Height <= 0 {
		s.Height = side(math.Floor(float64(s.Width)*float64(src.Height)/float64(src.Width) + 0.5))
	}
	return s
}

// side converts a computed length to pixels, from 1 to maxSide.
func side(f float64) int { return int(min(max(f, 1), maxSide)) }

// fit returns the largest size inside box that keeps the source's aspect ratio.
// The derived side is truncated, not rounded; when that leaves nothing, the side
// is derived again by the rule of a zero side.
func fit(src, box Size) Size {
	if src.Width <= box.Width && src.Height <= box.Height {
		return src
	}
	aspect := float64(src.Width) / float64(src.Height)
	if aspect > float64(box.Width)/float64(box.Height) {
		return Size{box.Width, int(float64(box.Width) / aspect)}.derive(src)
	}
	return Size{int(float64(box.Height) * aspect), box.Height}.derive(src)
}

// fill covers box completely and cuts the overhang off.
func fill(src, box Size, mode Mode) Geometry {
	if src == box {
		return scaleTo(src, src)
	}
	wider := float64(src.Width)/float64(src.Height) >= float64(box.Width)/float64(box.Height)
	if src.Width >= minCropFirst && src.Height >= minCropFirst {
		crop := src
		if wider {
			crop.Width = cropSide(src.Height, box.Width, box.Height, src.Width)
		} else {
			crop.Height = cropSide(src.Width, box.Height, box.Width, src.Height)
		}
		return Geometry{Source: anchor(src, crop, mode), Scaled: box, Out: box.whole(), Upright: src}
	}
	cover := Size{Width: box.Width}
	if wider {
		cover = Size{Height: box.Height}
	}
	cover = cover.derive(src)
	return Geometry{Source: src.whole(), Scaled: cover, Out: anchor(cover, box, mode), Upright: src}
}

// cropSide returns full×num/den rounded half up, from 1 to limit.
func cropSide(full, num, den, limit int) int {
	f := max(1, float64(full)*float64(num)/float64(den))
	return min(int(f+0.5), limit)
}

// anchor places a rectangle of size part in a picture of size whole: always
// centred horizontally, vertically by mode. An odd overhang leaves its extra
// pixel at the right or at the bottom.
func anchor(whole, part Size, mode Mode) Rect {
	r := Rect{X: (whole.Width - part.Width) / 2, Width: part.Width, Height: part.Height}
	switch mode {
	case Top:
	case Bottom:
		r.Y = whole.Height - part.Height
	default:
		r.Y = (whole.Height - part.Height) / 2
	}
	return r
}
