package picture

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	petals      = 230
	goldenAngle = 2.399963 // radians: leaves no two petals behind each other
)

// Flower returns a dahlia seen from close by, w×h pixels (at least 1×1): petals in the order that plants set them, dew, and
// lights out of focus behind. It is meant for lossless formats: smooth, with little grain. The seed moves dew and lights.
func Flower(w, h int, seed int64) *image.RGBA {
	img := canvas(w, h)
	b := img.Rect
	f := newBloom(b.Dx(), b.Dy(), seed)
	stock := newFilm(b.Dx(), b.Dy(), 2.15, 0.9, 0.5, seed)
	const band = 32
	parallel((b.Dy()+band-1)/band, func(i int) {
		y0, y1 := i*band, min((i+1)*band, b.Dy())
		l := newLight(b.Dx(), y1-y0)
		f.draw(l, y0)
		for y := y0; y < y1; y++ {
			for x := range b.Dx() {
				stock.develop(img.Pix[img.PixOffset(x, y):], x, y, l.at(x, y-y0))
			}
		}
	})
	return img
}

// bloom is the flower; its unit is the radius of the whole, with the middle at 0, 0.
type bloom struct {
	noise         *noise
	scale, cx, cy float64 // pixels to a unit, the middle
	petals        []petal // the outer ones, which lie below, first
	lights, drops []disc
}

// petal is one petal in its own frame: a goes from its base to its tip, b across.
type petal struct {
	x, y, dx, dy float64 // base and direction
	length, wide float64 // half the width
	out          float64 // 0 in the heart, 1 at the rim
	phase        float64
}

// disc is a light out of focus, or a drop.
type disc struct {
	x, y, r float64
	c       rgb
}

func newBloom(w, h int, seed int64) *bloom {
	r := rand.New(rand.NewPCG(uint64(seed), 0x666C6F77))
	f := &bloom{noise: newNoise(seed), scale: 0.615 * min(0.75*float64(w), float64(h)), cx: 0.46 * float64(w), cy: 0.54 * float64(h)}
	for i := range petals {
		out := math.Pow((float64(i)+0.6)/petals, 0.56)
		angle := float64(i)*goldenAngle + 0.12*(r.Float64()-0.5)
		tip := out * (1 + 0.05*(r.Float64()-0.5))
		p := petal{dx: math.Cos(angle), dy: math.Sin(angle), out: out, phase: r.Float64() * 100}
		p.length = 0.055 + 0.55*math.Pow(out, 0.95)
		p.wide = 0.026 + 0.095*math.Pow(out, 0.9)
		lift := 0.10 * (1 - out) // the heart is nearer to the eye
		p.x, p.y = p.dx*(tip-p.length), p.dy*(tip-p.length)-lift
		f.petals = append(f.petals, p)
	}
	slices.Reverse(f.petals)
	for range 90 {
		warm := mix(hex(0x2F6B4A), hex(0xE8D27A), math.Pow(r.Float64(), 2.5))
		f.lights = append(f.lights, disc{4*r.Float64() - 2, 3*r.Float64() - 1.5, 0.06 + 0.12*r.Float64(), warm.scaled(0.06 + 0.5*math.Pow(r.Float64(), 1.5))})
	}
	for range 30 {
		angle, d := 2*math.Pi*r.Float64(), 0.22+0.55*r.Float64()
		f.drops = append(f.drops, disc{x: d * math.Cos(angle), y: d * math.Sin(angle), r: 0.006 + 0.016*math.Pow(r.Float64(), 2)})
	}
	return f
}

// draw paints the lines of the picture from y0 on into l.
func (f *bloom) draw(l *light, y0 int) {
	f.each(l, y0, disc{r: 1e9}, func(x, y float64, c rgb) rgb { return f.behind(x, y) })
	for _, p := range f.petals {
		reach := p.length/2 + 0.06
		f.each(l, y0, disc{x: p.x + p.dx*p.length/2, y: p.y + p.dy*p.length/2, r: reach}, func(x, y float64, c rgb) rgb { return f.onto(c, &p, x, y) })
	}
	for _, d := range f.drops {
		f.each(l, y0, disc{x: d.x, y: d.y, r: d.r * 1.6}, func(x, y float64, c rgb) rgb { return f.wet(c, d, x, y) })
	}
}

// each calls do for every pixel of l within the square around d.
func (f *bloom) each(l *light, y0 int, d disc, do func(x, y float64, c rgb) rgb) {
	from := func(v, middle, r float64, most int) int {
		return int(min(max(middle+(v+r)*f.scale, 0), float64(most)))
	}
	top := max(from(d.y, f.cy, -d.r, 1<<30)-y0, 0)
	bottom := min(from(d.y, f.cy, d.r, 1<<30)+1-y0, l.h)
	for y := top; y < bottom; y++ {
		for x := from(d.x, f.cx, -d.r, l.w); x < min(from(d.x, f.cx, d.r, l.w)+1, l.w); x++ {
			l.set(x, y, do((float64(x)+0.5-f.cx)/f.scale, (float64(y+y0)+0.5-f.cy)/f.scale, l.at(x, y)))
		}
	}
}

// behind returns the garden out of focus.
func (f *bloom) behind(x, y float64) rgb {
	n := f.noise.sum(x*0.9+3, y*0.9, 3)
	c := mix(hex(0x06140F), hex(0x2C5A3A), clamp01(0.40+1.2*n-0.22*y))
	for _, d := range f.lights {
		if u, v := (x-d.x)/d.r, (y-d.y)/d.r; u*u+v*v < 1.2 {
			a := length(u, v)
			c = c.more(d.c, step(1.06, 0.94, a)*(0.65+0.35*a*a))
		}
	}
	return c
}

// onto paints the petal over c, after the shadow that it throws.
func (f *bloom) onto(c rgb, p *petal, x, y float64) rgb {
	u, v := x-p.x, y-p.y
	a := (u*p.dx + v*p.dy) / p.length
	b := u*-p.dy + v*p.dx
	if a < 0 || a > 1+0.09/p.length || math.Abs(b) > p.wide+0.08 {
		return c
	}
	half := p.half(a)
	edge := math.Abs(b) - half
	if a > 1 {
		edge = length(b, (a-1)*p.length)
	}
	// The shadow lies to the lower right, and is soft.
	su, sv := u-0.012, v-0.016
	sa := (su*p.dx + sv*p.dy) / p.length
	sb := math.Abs(su*-p.dy+sv*p.dx) - p.half(min(max(sa, 0), 1))
	if sa > 1 {
		sb = length(sb, (sa-1)*p.length)
	}
	c = c.scaled(1 - 0.55*step(0.05, -0.015, sb)*step(0, 0.35, a))
	soft := 1/f.scale + 0.010*p.out*p.out*p.out*p.out
	edge += soft * 0.5 * step(0.85, 1, a) // the point must not leave a blot
	cover := clamp01(0.5 - edge/soft)
	if cover == 0 {
		return c
	}
	return mix(c, f.skin(p, a, b, half), cover)
}

// half returns half of the petal's width: narrow at its base, widest past its middle, pointed.
func (p *petal) half(a float64) float64 {
	if a <= 0 || a >= 1 {
		return 0
	}
	a3 := a * a * a
	return p.wide * 1.42 * a / (a + 0.25) * math.Sqrt(1-a3) * (1 - 0.35*a3*a3)
}

// skin returns the light from the petal: a trough, with veins along it, deep at its base and pale at its tip.
func (f *bloom) skin(p *petal, a, b, half float64) rgb {
	s := b / (half + 1e-9)
	vein := f.noise.at(s*7+p.phase, a*1.5) + 0.6*f.noise.at(s*19+p.phase, a*3)
	// The surface's normal: in from both edges, and back at the tip.
	nb := -1.15*s*math.Abs(s) + 0.12*vein
	na := -0.75 + 1.7*a*a - 0.5*(1-p.out)
	nx := na*p.dx - nb*p.dy
	ny := na*p.dy + nb*p.dx
	n := 1 / math.Sqrt(1+nx*nx+ny*ny)
	lit := max(0, (-0.52*nx-0.66*ny+0.54)*n)
	hollow := step(-0.1, 0.8, a) * (0.6 + 0.4*p.out)

	deep := mix(hex(0x9A0038), hex(0xD00F4C), p.out)
	mid := mix(hex(0xF01E5C), hex(0xFF4D6D), p.out)
	pale := mix(hex(0xFF6A7A), hex(0xFFC2A0), p.out)
	c := mix(deep, mid, step(0.1, 0.62, a))
	c = mix(c, pale, step(0.55, 1.05, a+0.09*vein+0.14*(s*s-0.4)))
	c = c.scaled((1 + 0.10*vein) * (0.16 + 1.35*lit) * (0.14 + 0.86*hollow))
	c = c.more(hex(0xFF5A3C), 0.16*hollow*clamp01(1-1.4*lit)) // what shines through from behind
	l2 := lit * lit
	l4 := l2 * l2
	return c.more(hex(0xFFF2E6), 0.16*l4*l4*l2)
}

// wet puts a drop of dew over c: a lens, bright where the light leaves it, with a glint where the light comes in.
func (f *bloom) wet(c rgb, d disc, x, y float64) rgb {
	u, v := (x-d.x)/d.r, (y-d.y)/d.r
	r := length(u, v)
	shade := length(u-0.18, v-0.25)
	c2 := c.scaled(1 - 0.45*step(1.35, 0.8, shade))
	if r >= 1.05 {
		return c2
	}
	through := clamp01(0.5 + 0.45*u + 0.55*v) // light gathers on the far side
	in := c.scaled(0.45+1.25*through*through).more(hex(0xFFFFFF), 0.10*step(0.75, 1, r)*through)
	in = in.more(hex(0xFFFFFF), 1.4*step(0.26, 0.12, length(u+0.36, v+0.42)))
	soft := 1 / (d.r * f.scale)
	return mix(c2, in, clamp01((1-r)/soft+0.5))
}
