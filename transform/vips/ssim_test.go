package vips

import (
	"image"
	"math"
)

// plane is one channel of a picture in 0 to 255.
type plane struct {
	w, h int
	pix  []float64
}

// luma is the Y of ITU-R BT.601.
func luma(img *image.NRGBA) plane {
	p := plane{img.Rect.Dx(), img.Rect.Dy(), make([]float64, 0, img.Rect.Dx()*img.Rect.Dy())}
	for y := range p.h {
		row := img.Pix[img.PixOffset(img.Rect.Min.X, img.Rect.Min.Y+y):]
		for x := range p.w {
			c := row[4*x:]
			p.pix = append(p.pix, 0.299*float64(c[0])+0.587*float64(c[1])+0.114*float64(c[2]))
		}
	}
	return p
}

// ssim is the mean structural similarity of two pictures of one size (Wang, Bovik,
// Sheikh and Simoncelli, IEEE Transactions on Image Processing 13, 2004), with
// their window of 8 × 8 at every second place.
func ssim(a, b plane) float64 {
	const (
		side = 8
		n    = side * side
		c1   = 0.01 * 255 * 0.01 * 255
		c2   = 0.03 * 255 * 0.03 * 255
	)
	var sum float64
	windows := 0
	for y := 0; y+side <= a.h; y += 2 {
		for x := 0; x+side <= a.w; x += 2 {
			var sa, sb, aa, bb, ab float64
			for j := range side {
				for i := range side {
					p, q := a.pix[(y+j)*a.w+x+i], b.pix[(y+j)*a.w+x+i]
					sa, sb, aa, bb, ab = sa+p, sb+q, aa+p*p, bb+q*q, ab+p*q
				}
			}
			ma, mb := sa/n, sb/n
			va, vb, cov := aa/n-ma*ma, bb/n-mb*mb, ab/n-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			windows++
		}
	}
	return sum / float64(windows)
}

// kernel is a filter that is zero from support on.
type kernel struct {
	support float64
	at      func(x float64) float64
}

// lanczos is the windowed sinc with three lobes.
var lanczos = kernel{3, func(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return 3 * math.Sin(x) * math.Sin(x/3) / (x * x)
}}

// triangle is PocketBase's kernel.
var triangle = kernel{1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }}

// scale scales the rectangle x, y, w, h of p to ow × oh in floating point, with the
// edge pixels repeated beyond the rectangle.
func (k kernel) scale(p plane, x, y, w, h, ow, oh int) plane {
	across := make([]float64, ow*h)
	for i := range ow {
		first, weights := k.weights(w, ow, i)
		for j := range h {
			for n, wt := range weights {
				across[j*ow+i] += wt * p.pix[(y+j)*p.w+x+min(max(first+n, 0), w-1)]
			}
		}
	}
	out := plane{ow, oh, make([]float64, ow*oh)}
	for j := range oh {
		first, weights := k.weights(h, oh, j)
		for n, wt := range weights {
			row := across[min(max(first+n, 0), h-1)*ow:]
			for i := range ow {
				out.pix[j*ow+i] += wt * row[i]
			}
		}
	}
	for i, v := range out.pix {
		out.pix[i] = min(max(v, 0), 255)
	}
	return out
}

// weights returns the weights of output pixel i where in pixels become out.
func (k kernel) weights(in, out, i int) (first int, weights []float64) {
	factor := float64(in) / float64(out)
	wide := max(factor, 1)
	centre := (float64(i)+0.5)*factor - 0.5
	first = int(math.Ceil(centre - k.support*wide))
	var sum float64
	for n := first; float64(n) <= centre+k.support*wide; n++ {
		weights = append(weights, k.at((float64(n)-centre)/wide))
		sum += weights[len(weights)-1]
	}
	for n := range weights {
		weights[n] /= sum
	}
	return first, weights
}
