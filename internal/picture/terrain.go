package picture

import "math"

const (
	nearest  = 1.7 // km
	farthest = 46.0
	rows     = 1400 // of the march from near to far
)

// terrain is a land of heights in kilometres over (x to the right, z into the picture).
type terrain struct {
	noise  *noise
	shadow *shadows
}

func newTerrain(seed int64) *terrain {
	t := &terrain{noise: newNoise(seed)}
	t.shadow = newShadows(t)
	return t
}

// depth is a distance into the picture with all that depends on nothing else.
type depth struct {
	z                 float64
	axis, width, rise float64 // of the valley
	octaves           int     // those whose waves are two pixels long or more
	shift             float64 // of the row of trees, in trees
}

func depthAt(z, pixel float64) depth {
	axis := -0.165*z + 0.055*z*math.Sin(z*0.62+1.1)
	rise := 3.2 * step(2.3, 9.5, z) * (1 + 0.30*step(16, 40, z))
	octaves := int(math.Log2(1 / (coarsest * z * pixel)))
	return depth{z, axis, 1 / (0.55 + 0.085*z), rise, min(max(octaves, 6), 12), 0}
}

// envelope returns how high the land may rise: shores, then walls on both sides of a valley that winds towards the sun.
func (t *terrain) envelope(x float64, d *depth) float64 {
	e := d.rise * (0.05 + 0.95*step(0.1, 1.7, math.Abs(x-d.axis)*d.width))
	if d.z > 4 {
		return e + 0.06
	}
	bay := d.z + 0.7*t.noise.at(x*0.8, 3)
	return e + 0.06*step(1.8, 3.0, bay)
}

const coarsest = 0.19 // cycles per km

// height returns the height and its slopes in x and z. Octaves are damped where the ones before them are steep, which
// leaves ridges sharp and valleys smooth as erosion does. The slopes leave out some of each fine octave, as light does that
// is not all from one side. A height that cannot reach least is returned as it is after half of the octaves.
func (t *terrain) height(x float64, d *depth, octaves int, least float64) (h, hx, hz float64) {
	e := t.envelope(x, d)
	k := e * 0.75
	px, pz := x*coarsest, d.z*coarsest
	total, amplitude, dx, dz := 0.0, 1.0, 0.0, 0.0
	ux, uz := 1.0, 0.0 // how this octave is turned
	scale := coarsest
	for i := range octaves {
		v, sx, sz := t.noise.slope(px, pz)
		sx, sz = sx*ux+sz*uz, -sx*uz+sz*ux
		dx += sx * 0.6
		dz += sz * 0.6
		damp := 1 / (1 + dx*dx + dz*dz)
		if i > 0 && i < 6 { // a ridge where the noise passes zero
			k := -1.7 * math.Copysign(1, v)
			v, sx, sz = k*v+0.55, k*sx, k*sz
		}
		total += amplitude * v * damp
		weight := amplitude * damp * scale
		if i > 6 {
			weight *= 0.6
		}
		hx += weight * sx
		hz += weight * sz
		amplitude *= 0.48
		if i == 5 && e*0.60+(total+2*amplitude)*k < least {
			break
		}
		scale *= 2
		px, pz = turn(px, pz)
		ux, uz = 0.8*ux-0.6*uz, 0.6*ux+0.8*uz
	}
	return e*0.60 + total*k, hx * k, hz * k
}

func (t *terrain) draw(v view, s *sky, l *light) {
	depths := make([]depth, rows+1)
	for i := range depths {
		depths[i] = depthAt(nearest*math.Pow(farthest/nearest, float64(i)/rows), 1/v.focal)
		depths[i].shift = 8 * unit(hash(uint32(i), 7, 1))
	}
	const block = 16 // columns at a time: the picture lies in memory by lines, and one by one they would touch it all each
	parallel((v.w+block-1)/block, func(i int) {
		x0 := i * block
		columns := make([]column, min(block, v.w-x0))
		for j := range columns {
			right, _ := v.slopes(float64(x0+j)+0.5, 0)
			columns[j] = column{terrain: t, sky: s, horizon: float64(v.horizon), focal: v.focal, right: right, pix: make([]rgb, v.horizon+1)}
			columns[j].march(depths)
		}
		for y := range v.horizon {
			for j := range columns {
				c := &columns[j]
				p := c.pix[y]
				if f := clamp01(c.top - float64(y)); f > 0 {
					p = p.plus(l.at(x0+j, y).scaled(f))
				}
				l.set(x0+j, y, p)
			}
		}
	})
}

// column is one column of the picture, filled from the horizon up.
type column struct {
	*terrain
	*sky
	horizon, focal float64
	right          float64
	top            float64 // all below it is filled
	pix            []rgb
}

// march goes from near to far. Every step fills what rises above all before it; the fractions of pixels add up, so that
// edges are smooth. Within the forest a step is a row of trees.
func (c *column) march(depths []depth) {
	c.top = c.horizon
	last, visible := rgb{}, false // the ground of the step before
	for i := range depths {
		d := &depths[i]
		x := c.right * d.z
		row := func(h float64) float64 { return max(c.horizon-c.focal*h/d.z, 0) }
		canopy, side := canopyAt(x, d.shift, uint32(i))
		most, ok := c.shadow.height(x, d.z)
		if ok {
			most += canopy + 0.012 + 0.018*d.rise // what the grid does not show
		} else {
			most = c.envelope(x, d) * 1.6
		}
		if row(most) >= c.top {
			visible = false
			continue
		}
		h, hx, hz := c.height(x, d, d.octaves, (c.horizon-c.top)*d.z/c.focal-canopy)
		if y := row(h); y < c.top {
			ground := c.ground(x, h, d.z, hx, hz)
			if !visible {
				last = ground
			}
			c.span(y, ground, last, d.z)
			last, visible = ground, true
		} else {
			visible = false
		}
		if y := row(h + canopy); canopy > 0 && y < c.top && c.wooded(x, d.z, h, hx, hz, canopy) {
			foot := clamp01((c.horizon - c.focal*h/d.z - c.top) * d.z / (c.focal * canopy))
			air := c.between(c.right, h/d.z, d.z, h)
			c.span(y, air.through(needles(1, side)), air.through(needles(foot, side)), d.z)
			visible = false
		}
		if c.top <= 0 {
			break
		}
	}
}

// span fills from the top to y, with light that goes from below's to above's, roughened by what is finer than a step.
func (c *column) span(y float64, above, below rgb, z float64) {
	scale := z / c.focal
	rough := 0.26 * math.Exp(-1.4*thickness(z, (c.horizon-y)*scale))
	for i := int(y); float64(i) < c.top; i++ {
		from, to := max(y, float64(i)), min(c.top, float64(i+1))
		mid := ((from+to)/2 - y) / (c.top - y)
		u, v := c.right*z, (c.horizon-float64(i))*scale+z*0.1
		grain := 1 + rough*(0.5*c.terrain.noise.at(u*60, v*48)+c.terrain.noise.at(u*170, v*140))
		c.pix[i] = c.pix[i].more(mix(above, below, mid), (to-from)*grain)
	}
	c.top = y
}

// canopyAt returns the height of the conifer that would stand in row i at x, 0 between two of them, and on which side of
// its trunk this is: -1 to 1.
func canopyAt(x, shift float64, i uint32) (height, side float64) {
	const cell = 0.0065 // km from tree to tree
	n, f := floor(x/cell + shift)
	r := hash(uint32(n), i, 3)
	tall := 0.012 + 0.018*unit(r)
	half := tall * 0.17 / cell
	side = (f - 0.5 - (0.5-half)*(2*unit(r*0x85EBCA77)-1)*0.9) / half
	a := math.Abs(side)
	if a >= 1 {
		return 0, 0
	}
	_, branch := floor(a * 5)
	return tall * (1 - a + 0.13*branch*(1-a)), side
}

// wooded tells whether a tree of this height grows here: not in the water, not above the tree line, not on cliffs, and in
// patches, at whose borders trees are small.
func (t *terrain) wooded(x, z, h, hx, hz, height float64) bool {
	if h < 0.004 || h > 0.95 || hx*hx+hz*hz > 1.1 {
		return false
	}
	patch := t.noise.at(x*2.3, z*2.3) + 0.5*t.noise.at(x*6.1, z*6.1)
	return h < 0.62+0.22*patch && height < 0.021+0.026*patch
}

// needles returns the colour of a tree, at a place from its foot (0) to its tip (1).
func needles(up, side float64) rgb {
	p := mix(hex(0x0C1310), hex(0x2A3524), up*up)
	return p.more(hex(0x9A6432), 0.40*up*clamp01(-side)).scaled(0.8)
}

// ground returns the colour of the land: grass, rock above, snow where it is high and not too steep.
func (c *column) ground(x, h, z, hx, hz float64) rgb {
	t := c.terrain
	n := 1 / math.Sqrt(1+hx*hx+hz*hz)
	key := max(0, (-hx*keyX+keyY-hz*keyZ)*n) * t.shadow.light(x, z, h)
	grit := t.noise.sum(x*9, z*9+h*14, 4)
	rock := mix(hex(0x4A4444), hex(0x85766C), clamp01(0.5+grit))
	line := 0.95 + 0.5*t.noise.sum(x*0.8+7, z*0.8, 3)
	snow := step(line, line+0.6, h+0.35*grit) * step(0.60, 0.74, n+0.14*grit)
	green := mix(hex(0x2A3424), hex(0x4A482C), clamp01(0.5+grit))
	stuff := mix(rock, green, step(0.95, 0.55, h+0.3*grit))
	stuff = mix(stuff, hex(0xEDF1F7), snow)
	lit := hex(0xFF9450).scaled(3.6 * key)
	lit = lit.more(hex(0x6A86C4), 0.50*(0.35+0.65*n))
	lit = lit.more(hex(0xD9909E), 0.16*clamp01(0.5-hz*n))
	return c.between(c.right, h/z, z, h).through(stuff.times(lit))
}

const (
	keyX = -0.80 // towards the light; not quite where the sun is seen, so that the slopes it grazes are not all behind
	keyY = 0.36
	keyZ = 0.48
)
