package vips

import (
	"math"

	"github.com/imgorigin/imgorigin/transform"
)

// loading says at which reduced size a picture is decoded.
type loading struct {
	shrink int // source pixels per loaded pixel on each axis; 1 is in full
	size   transform.Size
}

// reserve is how many times larger than the target, on the less reduced axis, a
// picture must still be when it was decoded at 1/shrink, for Lanczos to have the
// last word on sharpness.
//
// A decoder reduces by averaging squares, which lets patterns finer than the
// square through as false coarser ones. The values are the least that keep a chart
// of line pairs at an SSIM of 0.985 of a full decode scaled by Lanczos, which is
// more than libvips' own thumbnail does: it reserves 2 for JPEG and 1 for WebP.
// WebP can be decoded at any scale, but only whole shrinks average whole pixels,
// and alias several times less.
func reserve(f transform.Format, shrink int) float64 {
	switch {
	case f == transform.WebP && shrink == 2:
		return 1.4
	case f == transform.JPEG && shrink == 2:
		return 2
	}
	return 2.4
}

// reduce picks the smallest size that the decoder can give and that leaves the
// reserve.
func reduce(m transform.Meta, l layout) loading {
	h, v := l.shrink()
	common := min(h, v)
	for _, s := range shrinks(m, common) {
		if size := loadedSize(m.Format, l.source, s); common >= reserve(m.Format, s)*float64(s) && size.Pixels() > 0 {
			return loading{s, size}
		}
	}
	return loading{1, l.source}
}

// shrinks lists the reductions that a decoder has, up to most, largest first.
func shrinks(m transform.Meta, most float64) []int {
	switch {
	case m.Format == transform.JPEG: // libjpeg's scaled transforms, as libvips offers them
		return []int{8, 4, 2}
	case m.Format == transform.WebP && m.Frames == 1:
		var all []int
		for s := int(min(most, 64)); s > 1; s-- {
			all = append(all, s)
		}
		return all
	}
	return nil
}

// loadedSize is what libvips makes of a size at 1/shrink: of a JPEG it drops the
// last row or column where that is not whole, of a WebP it rounds to even.
func loadedSize(f transform.Format, source transform.Size, shrink int) transform.Size {
	if f == transform.JPEG {
		return transform.Size{Width: source.Width / shrink, Height: source.Height / shrink}
	}
	scale := 1 / float64(shrink)
	return transform.Size{
		Width:  int(math.RoundToEven(float64(source.Width) * scale)),
		Height: int(math.RoundToEven(float64(source.Height) * scale)),
	}
}

// factor returns how many source pixels one loaded pixel covers on each axis. A
// JPEG shrinks by exactly its factor, a WebP to exactly its size.
func (ld loading) factor(f transform.Format, source transform.Size) (h, v float64) {
	if f == transform.JPEG {
		return float64(ld.shrink), float64(ld.shrink)
	}
	return float64(source.Width) / float64(ld.size.Width), float64(source.Height) / float64(ld.size.Height)
}
