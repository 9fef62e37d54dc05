package picture

import "math"

// sky is the air and the light in it.
type sky struct {
	view
	noise           *noise
	sunRight, sunUp float64 // where the sun stands, as slopes
	grid            *light  // the sky at gridStep pixels
	gridStep        int
}

func newSky(v view, seed int64) *sky {
	return &sky{view: v, noise: newNoise(seed ^ 0x736B79), sunRight: -0.19, sunUp: 0.082}
}

// sunward returns how far from the sun a direction is, in radians (near enough for a normal lens).
func (s *sky) sunward(right, up float64) float64 {
	return length(right-s.sunRight, (up-s.sunUp)*1.1)
}

// cloudless returns the clear sky: blue above, through rose to gold at the horizon, warmer towards the sun.
func (s *sky) cloudless(right, up float64) rgb {
	up = max(up, 0)
	a := s.sunward(right, up)
	near := math.Exp(-a * 2.6)
	c := mix(hex(0xF7AE74), hex(0xE0A3A0), step(0, 0.12, up))
	c = mix(c, hex(0x9DA3CF), step(0.05, 0.24, up))
	c = mix(c, hex(0x4E7FC0), step(0.14, 0.44, up))
	c = mix(c, hex(0x2A5599), step(0.34, 0.75, up))
	c = mix(c, mix(hex(0xFFA548), hex(0xF7B78C), step(0, 0.3, up)), near*0.62)
	c = c.more(hex(0xFF9340), 0.75*math.Exp(-a*a*55)+0.20*math.Exp(-a*6.5))
	return c.scaled(0.9)
}

const sunRadius = 0.0105 // radians; a long exposure makes it look twice as large as it is

// disc returns the sun, and nothing beside it.
func (s *sky) disc(right, up float64) rgb {
	return hex(0xFFDFA0).scaled(16 * step(sunRadius, sunRadius-0.001, s.sunward(right, up)))
}

// glare returns the light that the air scatters around the sun.
func (s *sky) glare(right, up float64) rgb {
	a := s.sunward(right, up)
	return hex(0xFFDFA0).scaled(2.4*math.Exp(-a*42) + 0.6*math.Exp(-a*12))
}

// draw fills the light above the horizon.
func (s *sky) draw(l *light) {
	s.gridStep = max(1, s.w/1000)
	s.grid = newLight(s.w/s.gridStep+2, s.horizon/s.gridStep+2)
	parallel(s.grid.h, func(y int) {
		for x := range s.grid.w {
			right, up := s.slopes(float64(x*s.gridStep), float64(y*s.gridStep))
			s.grid.set(x, y, s.clouded(right, up).plus(s.glare(right, up)))
		}
	})
	parallel(l.h, func(y int) {
		line := newLight(s.grid.w, 1) // the grid between its lines
		for x := range line.w {
			line.set(x, 0, s.grid.between(float64(x), float64(y)/float64(s.gridStep)))
		}
		for x := range l.w {
			i := x / s.gridStep
			c := mix(line.at(i, 0), line.at(i+1, 0), float64(x%s.gridStep)/float64(s.gridStep))
			if right, up := s.slopes(float64(x), float64(y)); math.Abs(right-s.sunRight) < sunRadius && math.Abs(up-s.sunUp) < sunRadius {
				c = c.plus(s.disc(right, up))
			}
			l.set(x, y, c)
		}
	})
}

// clouded returns air and clouds: a high layer, seen from below in perspective, lit along its edges towards the sun.
func (s *sky) clouded(right, up float64) rgb {
	c := s.cloudless(right, up)
	up = max(up, 0.012)
	far := 1 / (up + 0.05)
	x, y := right*far*1.1, far*1.7
	d := s.density(x, y)
	if d <= 0 {
		return c
	}
	dx, dy := (s.sunRight-right)*far, (1/(s.sunUp+0.05)-far)*0.3
	n := 0.22 / (length(dx, dy) + 0.22)
	lit := clamp01(0.55 + 1.7*(d-s.density(x+dx*n*0.6, y+dy*n*0.6)))
	a := s.sunward(right, up)
	near := math.Exp(-a * 1.8)
	bright := mix(hex(0xF2B7A6), hex(0xFFCB84), near).scaled(0.8 + 1.3*near)
	dark := mix(hex(0x6C6F96), hex(0xB0766E), near)
	return mix(c, mix(dark, bright, lit), d*0.9*step(0.012, 0.09, up))
}

// density returns how much cloud there is, 0 to 1, in the layer's own plane.
func (s *sky) density(x, y float64) float64 {
	wx := s.noise.sum(x*0.35+3.1, y*0.35, 3)
	wy := s.noise.sum(x*0.35, y*0.35+9.7, 3)
	n := s.noise.sum(x*0.55+1.3*wx, y*1.0+1.3*wy, 8)
	cover := s.noise.sum(x*0.16+40, y*0.22, 2)
	return step(-0.06, 0.55, n+0.6*cover)
}

// air is what lies between the eye and a place: how much light of each colour comes through, and what the air adds.
type air struct{ clear, haze rgb }

func (a air) through(c rgb) rgb {
	return rgb{lerp(a.haze.r, c.r, a.clear.r), lerp(a.haze.g, c.g, a.clear.g), lerp(a.haze.b, c.b, a.clear.b)}
}

// between returns the air before a place z km away in the given direction, and h km high.
func (s *sky) between(right, up, z, h float64) air {
	e := math.Exp(-0.175 * thickness(z, h))
	e5 := e * e * e * e * e
	near := math.Exp(-s.sunward(right, up) * 3.2)
	haze := mix(hex(0x8C9AC0), hex(0xFFB27A), clamp01(near*1.1)).scaled(0.62 + 0.9*near)
	return air{rgb{e5, e5 * e, e5 * e * e}, haze} // blue is scattered most
}

// thickness returns how much air there is over z km to a place at the height h: more where the way is low, with mist above
// the water.
func thickness(z, h float64) float64 {
	return z * (0.014 + 0.050*math.Exp(-h*1.5) + 0.035*math.Exp(-h*22))
}
