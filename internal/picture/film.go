package picture

import "math"

const filmSize = 4096

// film develops light into sRGB bytes: a curve with a soft shoulder for highlights, a vignette, and grain.
type film struct {
	curve [filmSize + 1]float32 // sRGB in 0 to 255, by v/(v+1)
	grain float64               // standard deviation in sRGB steps
	edge  float64               // how much darker the corners are
	seed  uint32
	w, h  float64
}

func newFilm(w, h int, exposure, grain, edge float64, seed int64) *film {
	f := &film{grain: grain, edge: edge, seed: uint32(seed), w: float64(w), h: float64(h)}
	for i := range f.curve {
		t := min(float64(i)/filmSize, 0.9999)
		v := 1 - math.Exp(-t/(1-t)*exposure) // a shoulder without an end
		f.curve[i] = float32(255 * toSRGB(math.Pow(v, 1.12)))
	}
	return f
}

// develop writes the pixel at (x, y) into p.
func (f *film) develop(p []uint8, x, y int, c rgb) {
	dx, dy := (float64(x)-f.w/2)/f.w, (float64(y)-f.h/2)/f.w
	v := 1 - f.edge*2.5*(dx*dx+dy*dy)
	h := hash(uint32(x), uint32(y), f.seed)
	// Two sums of bytes: near enough to normal, mostly of luminance as film grain is.
	luma := float64(int(h&255)+int(h>>8&255)-255) * (f.grain / 104)
	chroma := float64(int(h>>16&255)-int(h>>24)) * (f.grain / 104 * 0.35)
	p[0] = f.tone(c.r*v, luma+chroma)
	p[1] = f.tone(c.g*v, luma-chroma*0.5)
	p[2] = f.tone(c.b*v, luma-chroma)
	p[3] = 255
}

func (f *film) tone(v, grain float64) uint8 {
	v = max(v, 0)
	t := float64(f.curve[int(v/(v+1)*filmSize)])
	t += grain*(1-math.Abs(t-110)*0.0025) + 0.5
	return uint8(min(max(t, 0), 255))
}
