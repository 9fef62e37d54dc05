package vips

/*
#include "render.h"
*/
import "C"

import (
	"context"
	"fmt"
	"image"
	"image/color"

	"github.com/imgorigin/imgorigin/transform"
)

// EncodeWebP encodes img, whose pixels are sRGB, as lossy WebP of the given
// quality, 1 to 100. The error wraps transform.ErrOptions for another quality, and
// transform.ErrTooManyPixels for a picture that WebP cannot hold; after Close it is ErrClosed.
func (r *Renderer) EncodeWebP(img image.Image, quality int) ([]byte, error) {
	size := img.Bounds().Size()
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("%w: WebP quality is %d, must be 1 to 100", transform.ErrOptions, quality)
	}
	if most := transform.WebP.MaxSide(); size.X < 1 || size.Y < 1 || size.X > most || size.Y > most {
		return nil, fmt.Errorf("%w: a WebP cannot be %d×%d", transform.ErrTooManyPixels, size.X, size.Y)
	}
	pixels := straight(img)
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return nil, ErrClosed
	}
	job := C.ig_job{out_width: C.int(size.X), out_height: C.int(size.Y), quality: C.int(quality)}
	return r.workers.rendition(context.Background(), pixels, transform.Plan{Output: transform.WebP}, &C.ig_task{step: C.IG_STEP_WEBP, job: job})
}

// straight returns img's pixels row by row, four bytes each, not premultiplied.
func straight(img image.Image) []byte {
	b := img.Bounds()
	out := make([]byte, 0, 4*b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		if n, ok := img.(*image.NRGBA); ok {
			row := n.Pix[n.PixOffset(b.Min.X, y):]
			out = append(out, row[:4*b.Dx()]...)
			continue
		}
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			out = append(out, c.R, c.G, c.B, c.A)
		}
	}
	return out
}
