package vips

import (
	"math"

	"github.com/imgorigin/imgorigin/transform"
)

// loading says at which reduced size a picture is decoded.
type loading struct {
	shrink int     // JPEG: 1, 2, 4 or 8
	scale  float64 // WebP: at most 1
	size   transform.Size
}

// jpegReserve and webpReserve are how many times larger than the target, on the
// less reduced axis, a picture is decoded at least, so that Lanczos and not the
// decoder's box has the last word on sharpness.
const (
	jpegReserve = 2
	webpReserve = 1.4
)

// reduce picks the smallest size that the decoder can give and that still leaves
// the reserve.
func reduce(m transform.Meta, l layout) loading {
	h, v := l.shrink()
	common := min(h, v)
	full := loading{shrink: 1, scale: 1, size: l.source}
	switch m.Format {
	case transform.JPEG:
		for s := 8; s > 1; s /= 2 {
			// libvips drops the last row or column where it is not whole.
			size := transform.Size{Width: l.source.Width / s, Height: l.source.Height / s}
			if common >= jpegReserve*float64(s) && size.Width > 0 && size.Height > 0 {
				return loading{shrink: s, scale: 1, size: size}
			}
		}
	case transform.WebP:
		if scale := webpReserve / common; scale < 1 && m.Frames == 1 {
			size := transform.Size{
				Width:  int(math.RoundToEven(float64(l.source.Width) * scale)),
				Height: int(math.RoundToEven(float64(l.source.Height) * scale)),
			}
			if size.Width > 0 && size.Height > 0 {
				return loading{shrink: 1, scale: scale, size: size}
			}
		}
	}
	return full
}

// factor returns how many source pixels one loaded pixel covers on each axis. A
// JPEG shrinks by exactly its factor, a WebP to exactly its size.
func (ld loading) factor(source transform.Size) (h, v float64) {
	if ld.shrink > 1 {
		return float64(ld.shrink), float64(ld.shrink)
	}
	return float64(source.Width) / float64(ld.size.Width), float64(source.Height) / float64(ld.size.Height)
}
