package picture

import (
	"math"
	"math/rand/v2"
)

// pine is a conifer; its foot and its height are in units of the view's slopes.
type pine struct {
	x, foot, tall float64
	phase         float64 // its own place in the noise
	haze          float64
}

// drawPines puts a wooded point on the right, near enough to be dark, and a smaller one on the left, farther away.
func drawPines(v view, s *sky, l *light, seed int64) {
	r := rand.New(rand.NewPCG(uint64(seed), 0x70696E65))
	n := newNoise(seed ^ 0x70696E65)
	edge := float64(v.w) / 2 / v.focal
	point(v, s, l, n, r, -edge*0.72, -1, 0.022, 0.45, 40)
	point(v, s, l, n, r, edge*0.40, 1, 0.062, 0.10, 90)
}

// point draws one wooded point that reaches from the border (side -1 or 1) in to tip.
func point(v view, s *sky, l *light, n *noise, r *rand.Rand, tip, side, tall, haze float64, trees int) {
	reach := float64(v.w)/2/v.focal - tip*side
	bank := func(x float64) float64 {
		d := (x - tip) * side / reach
		return tall * (0.20*step(-0.02, 0.75, d) + 0.06*step(-0.05, 0.02, d) + 0.05*n.sum(x/tall*1.5, 0, 4)*step(-0.05, 0.1, d))
	}
	for i := range trees {
		back := 1 - float64(i)/float64(trees) // the ones behind first
		d := math.Pow(r.Float64(), 0.8)*1.02 + 0.02
		x := tip + side*reach*d
		t := tall * (0.12 + 0.88*math.Pow(r.Float64(), 1.2)) * (0.5 + 0.5*step(0, 0.45, d))
		p := pine{x, bank(x) * 0.8, t, r.Float64() * 200, haze * (0.5 + 0.9*back)}
		p.draw(v, s, l, n)
	}
	drawBank(v, s, l, bank, n, haze)
}

// drawBank fills from the water's edge to the height that bank gives.
func drawBank(v view, s *sky, l *light, bank func(float64) float64, n *noise, haze float64) {
	for px := range v.w {
		right, _ := v.slopes(float64(px)+0.5, 0)
		top := float64(v.horizon) - bank(right)*v.focal
		for y := max(int(top), 0); y < v.horizon; y++ {
			cover := clamp01(float64(y+1) - top)
			_, up := v.slopes(0, float64(y))
			c := mix(hex(0x10120C), hex(0x5A4E34), clamp01(0.35+0.9*n.sum(right*700, up*1900, 4)))
			l.set(px, y, mix(l.at(px, y), s.veil(c.scaled(0.55), right, up, haze), cover))
		}
	}
}

// draw paints the tree over what is there.
func (p pine) draw(v view, s *sky, l *light, n *noise) {
	x0 := float64(v.w)/2 + (p.x-0.24*p.tall)*v.focal
	x1 := float64(v.w)/2 + (p.x+0.24*p.tall)*v.focal
	y0 := float64(v.horizon) - (p.foot+p.tall)*v.focal
	soft := 1 / (p.tall * v.focal) // one pixel
	for y := max(int(y0), 0); y < v.horizon; y++ {
		for x := max(int(x0), 0); x <= min(int(x1), v.w-1); x++ {
			right, up := v.slopes(float64(x)+0.5, float64(y)+0.5)
			across := (right - p.x) / p.tall
			down := 1 - (up-p.foot)/p.tall
			if down > 1 {
				continue
			}
			cover := p.cover(across, down, soft, n)
			if cover <= 0 {
				continue
			}
			c := mix(hex(0x0B100D), hex(0x1E2618), clamp01(0.5+0.8*n.at(across*60+p.phase, down*45)))
			c = c.more(hex(0xB87838), 0.22*clamp01(-across*6+0.1)*clamp01(0.4+n.at(across*50+p.phase, down*60+9)))
			l.set(x, y, mix(l.at(x, y), s.veil(c.scaled(0.6), right, up, p.haze), cover))
		}
	}
}

// cover returns how much of a pixel the tree fills, across from its trunk and down from its tip in units of its height.
// Whorls of branches hang a little; noise breaks them.
func (p pine) cover(across, down, soft float64, n *noise) float64 {
	a := math.Abs(across)
	side := 0.0
	if across > 0 {
		side = 50
	}
	d := down - a*0.5 + 0.015*n.at(p.phase+side, down*9)
	_, whorl := floor(d*(13+4*n.at(p.phase, 3)) + 0.3*n.at(p.phase+side+11, down*6))
	half := (0.012 + 0.20*max(d, 0)) * (0.45 + 0.55*whorl) * (0.85 + 0.5*n.at(p.phase+side+23, down*14))
	half += 0.02 * n.at(across*70+p.phase, down*70)
	c := clamp01((half-a)/soft + 0.5)
	if down > 0 {
		c = max(c, clamp01((0.004+0.010*down-a)/soft+0.5))
	}
	return c * clamp01(down/soft)
}

// veil mixes in the light of the air before a near thing.
func (s *sky) veil(c rgb, right, up, haze float64) rgb {
	near := math.Exp(-s.sunward(right, up) * 3.2)
	return mix(c, mix(hex(0x8C9AC0), hex(0xFFB27A), near).scaled(0.5+0.8*near), haze*0.5)
}
