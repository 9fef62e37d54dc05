package picture

import (
	"image"
	"math"
)

// Balloons returns an illustration of hot-air balloons on a transparent ground, w×h pixels (at least 1×1), with straight
// alpha: smooth edges, soft shadows, flames and clouds that let through what is behind them. It is the same every time.
func Balloons(w, h int) *image.NRGBA {
	w, h = max(w, 1), max(h, 1)
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	scale := min(float64(w)/4, float64(h)/3) // the drawing is four units wide and three high
	flock, clouds := flock(), clouds()
	parallel(h, func(y int) {
		for x := range w {
			p := ink{}
			u, v := (float64(x)+0.5-float64(w)/2)/scale, (float64(y)+0.5-float64(h)/2)/scale
			for i := range flock {
				p = flock[i].paint(p, u, v, 1/scale)
				p = clouds[i].paint(p, u, v)
			}
			p.store(img.Pix[img.PixOffset(x, y):])
		}
	})
	return img
}

// ink is light and how much of what is behind it hides; the light is already weighted by that.
type ink struct {
	rgb
	a float64
}

// over lays c on p, with the given cover.
func (p ink) over(c rgb, cover float64) ink {
	return ink{p.rgb.scaled(1-cover).more(c, cover), p.a*(1-cover) + cover}
}

// store writes straight alpha.
func (p ink) store(to []uint8) {
	if p.a <= 0 {
		return
	}
	at := func(v float64) uint8 { return uint8(255*toSRGB(clamp01(v/p.a)) + 0.5) }
	to[0], to[1], to[2], to[3] = at(p.r), at(p.g), at(p.b), uint8(255*clamp01(p.a)+0.5)
}

// balloon is drawn in units of the radius of its envelope, with the middle of the widest part at 0, 0.
type balloon struct {
	x, y, r float64
	gores   int
	colours []rgb // of the gores, in turn
	belt    rgb
}

const (
	mouth  = 1.36 // where the envelope ends
	basket = 1.72 // where the basket begins
)

func flock() []balloon {
	return []balloon{
		{1.42, -0.62, 0.30, 10, []rgb{hex(0x2BB3A3), hex(0xF4F1E6)}, hex(0x126E6B)},
		{0.86, 0.18, 0.50, 12, []rgb{hex(0x3D5BD9), hex(0x5E8BF2), hex(0xF7C948)}, hex(0xF2F4FF)},
		{-0.55, -0.36, 0.92, 16, []rgb{hex(0xE63946), hex(0xF77F3B), hex(0xFCBF49), hex(0xFDF0D5)}, hex(0x8C1C3A)},
	}
}

// paint draws the balloon with its shadow; pixel is the size of one in the drawing.
func (b *balloon) paint(p ink, x, y, pixel float64) ink {
	u, v := (x-b.x)/b.r, (y-b.y)/b.r
	if u < -1.4 || u > 1.6 || v < -1.3 || v > 2.6 {
		return p
	}
	pixel /= b.r
	shadow := step(0.30, -0.22, b.edge(u-0.10, v-0.17))
	p = p.over(hex(0x1B2A4A), 0.34*shadow*shadow)
	p = b.gear(p, u, v, pixel)
	if cover := clamp01(0.5 - b.edge(u, v)/pixel); cover > 0 {
		p = p.over(b.cloth(u, v, pixel), cover)
	}
	flame := length(u*1.6, (v-1.40)*0.8) / 0.17
	return p.over(hex(0xFFC46B), 0.85*math.Exp(-flame*flame))
}

// half returns half of the envelope's width at v, which is -1 at its top.
func (b *balloon) half(v float64) float64 {
	if v < 0 {
		return math.Sqrt(max(0, 1-v*v))
	}
	s := v / mouth
	return 1 - 0.83*s*s*(1+0.25*s*(1-s))
}

// edge returns about how far a point is from the envelope's outline, less than zero inside.
func (b *balloon) edge(u, v float64) float64 {
	a := math.Abs(u)
	switch {
	case v < 0:
		return length(a, v) - 1
	case v > mouth:
		return length(max(a-b.half(mouth), 0), v-mouth)
	}
	slope := (b.half(v+0.01) - b.half(v-0.01)) / 0.02
	return max((a-b.half(v))/math.Sqrt(1+slope*slope), v-mouth)
}

// cloth returns the colour of the envelope: gores that meet at the top, a belt of points, light from the upper left.
func (b *balloon) cloth(u, v, pixel float64) rgb {
	half := b.half(v) + 1e-9
	turn := math.Asin(min(max(u/half, -1), 1)) / math.Pi // -1/2 to 1/2 around the visible side
	g, f := floor((turn + 0.5) * float64(b.gores))
	// One gore fades into the next over a pixel, which is wider in turns near the outline.
	wide := pixel * float64(b.gores) / (math.Pi * half * math.Sqrt(max(1-u*u/(half*half), 0.01)))
	n := len(b.colours)
	c := mix(b.colours[(g+n)%n], b.colours[(g+1)%n], clamp01((f-1)/wide+0.5))
	c = mix(c, b.colours[(g+n-1)%n], clamp01(0.5-f/wide))
	tooth := 0.10 * math.Abs(f-0.5)
	round := v + 0.07*u*u // the belt is seen a little from above
	low, high := round-0.36+tooth, round-0.15-tooth
	c = mix(c, b.belt, clamp01(0.5-low/pixel)*clamp01(0.5+high/pixel))
	c = mix(c, hex(0xFFFDF6), clamp01(0.5-(math.Abs(round-0.255)-0.018)/pixel))
	c = mix(c, b.belt, clamp01(0.5-(v-1.06)*-1/pixel))

	nx, ny := u/max(half, 0.2), v*0.62
	nz := math.Sqrt(max(0, 1-min(nx*nx+ny*ny, 1)))
	lit := clamp01(-0.50*nx - 0.50*ny + 0.70*nz)
	seam := f * (1 - f) * 4 // 0 at the seams
	c = c.scaled((0.30 + 0.80*lit) * (0.90 + 0.12*seam))
	c = c.plus(hex(0xFFFFFF).scaled(0.20 * math.Pow(lit, 9)))
	return c.more(hex(0xFFA040), 0.22*step(0.55, mouth, v)) // the flame, through the cloth
}

// gear draws ropes and basket.
func (b *balloon) gear(p ink, u, v, pixel float64) ink {
	if v > mouth-0.04 && v < basket+0.02 {
		t := (v - mouth) / (basket - mouth)
		for _, x := range []float64{-1, -0.35, 0.35, 1} {
			at := x * (b.half(mouth)*(1-t) + 0.15*t)
			p = p.over(hex(0x5B4636), clamp01((0.007-math.Abs(u-at))/pixel+0.5))
		}
	}
	// The basket is a box with round corners, narrower at its foot.
	const high = 0.27
	t := (v - basket) / high
	du := math.Abs(u) - (0.185 - 0.03*t) + 0.04
	dv := math.Abs(v-basket-high/2) - high/2 + 0.04
	d := length(max(du, 0), max(dv, 0)) + min(max(du, dv), 0) - 0.04
	if cover := clamp01(0.5 - d/pixel); cover > 0 {
		weave := 0.5 + 0.5*math.Sin(u*95)*math.Sin(v*80)
		c := mix(hex(0x9A6A3C), hex(0xC48E55), weave).scaled(0.75 + 0.35*clamp01(0.5-u*3))
		c = mix(c, hex(0x6B4226), clamp01(0.5-(math.Abs(t-0.07)-0.09)/(pixel/high)))
		p = p.over(c, cover)
	}
	return p
}

// cloud is made of round puffs over a flat, fading foot.
type cloud struct {
	x, y, r float64
	a       float64
}

func clouds() []cloud {
	return []cloud{{1.05, -0.30, 0.30, 0.75}, {1.30, 0.86, 0.42, 0.85}, {-1.32, 0.80, 0.42, 0.9}}
}

// paint draws the cloud over p.
func (c *cloud) paint(p ink, x, y float64) ink {
	u, v := (x-c.x)/c.r, (y-c.y)/c.r
	if u < -2 || u > 2 || v < -1.3 || v > 0.7 {
		return p
	}
	inside, shade := 0.0, 0.0
	for _, puff := range [...][3]float64{{-1.15, 0.12, 0.45}, {-0.55, -0.18, 0.66}, {0.18, -0.36, 0.80}, {0.85, -0.02, 0.58}, {1.35, 0.2, 0.36}} {
		d := 1 - length(u-puff[0], v-puff[1])/puff[2]
		if s := step(0, 0.16, d); s > 0 {
			inside = 1 - (1-inside)*(1-s)
			shade = max(shade, s*(0.5-0.5*(v-puff[1])/puff[2]-0.2*(u-puff[0])/puff[2]))
		}
	}
	inside *= step(0.42, 0.08, v)
	return p.over(mix(hex(0xB9CDE8), hex(0xFFFFFF), clamp01(shade)), inside*c.a)
}
