package picture

import "math"

// rgb is light: linear, in sRGB's primaries, 1 being the brightest white of a picture before it is developed.
type rgb struct{ r, g, b float64 }

func (c rgb) plus(d rgb) rgb            { return rgb{c.r + d.r, c.g + d.g, c.b + d.b} }
func (c rgb) times(d rgb) rgb           { return rgb{c.r * d.r, c.g * d.g, c.b * d.b} }
func (c rgb) scaled(k float64) rgb      { return rgb{c.r * k, c.g * k, c.b * k} }
func (c rgb) more(d rgb, k float64) rgb { return rgb{c.r + d.r*k, c.g + d.g*k, c.b + d.b*k} }

// mix goes from a (t = 0) to b (t = 1).
func mix(a, b rgb, t float64) rgb {
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

// length is math.Hypot for numbers that are neither huge nor tiny, and several times as fast.
func length(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

func clamp01(v float64) float64 { return min(max(v, 0), 1) }

// step goes smoothly from 0 (v at from) to 1 (v at to).
func step(from, to, v float64) float64 {
	t := clamp01((v - from) / (to - from))
	return t * t * (3 - 2*t)
}

// hex returns the light of an sRGB colour as designers write it, 0xRRGGBB.
func hex(c uint32) rgb {
	return rgb{linear[c>>16&255], linear[c>>8&255], linear[c&255]}
}

// linear is toLinear of every byte.
var linear = func() (t [256]float64) {
	for i := range t {
		t[i] = toLinear(float64(i) / 255)
	}
	return t
}()

// toLinear and toSRGB are the transfer function of IEC 61966-2-1 and its inverse, for values of 0 to 1.
func toLinear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func toSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}
