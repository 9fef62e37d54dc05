package picture

import (
	"math"
	"math/rand/v2"
)

const (
	latticeBits = 8
	latticeSide = 1 << latticeBits
	latticeMask = latticeSide - 1
)

// noise is value noise over a lattice that repeats after 256 cells; sums of octaves are turned and scaled so that the
// repetition does not show.
type noise struct {
	lattice [latticeSide * latticeSide]float32 // -1 to 1
}

func newNoise(seed int64) *noise {
	r := rand.New(rand.NewPCG(uint64(seed), 0x706963747572))
	n := new(noise)
	for i := range n.lattice {
		n.lattice[i] = 2*r.Float32() - 1
	}
	return n
}

// floor returns the integer below v and what is left.
func floor(v float64) (int, float64) {
	f := math.Floor(v)
	return int(f), v - f
}

// corners returns the lattice's values around the cell (x, y).
func (n *noise) corners(x, y int) (a, b, c, d float64) {
	x0, x1 := x&latticeMask, (x+1)&latticeMask
	y0, y1 := y&latticeMask<<latticeBits, (y+1)&latticeMask<<latticeBits
	return float64(n.lattice[y0|x0]), float64(n.lattice[y0|x1]), float64(n.lattice[y1|x0]), float64(n.lattice[y1|x1])
}

// at returns smooth noise from -1 to 1 with features about one unit wide.
func (n *noise) at(x, y float64) float64 {
	ix, fx := floor(x)
	iy, fy := floor(y)
	a, b, c, d := n.corners(ix, iy)
	u, v := fade(fx), fade(fy)
	return a + (b-a)*u + (c-a)*v + (a-b-c+d)*u*v
}

// slope returns the noise and its derivatives.
func (n *noise) slope(x, y float64) (value, dx, dy float64) {
	ix, fx := floor(x)
	iy, fy := floor(y)
	a, b, c, d := n.corners(ix, iy)
	u, v := fade(fx), fade(fy)
	du, dv := 30*fx*fx*(fx*(fx-2)+1), 30*fy*fy*(fy*(fy-2)+1)
	k := a - b - c + d
	return a + (b-a)*u + (c-a)*v + k*u*v, du * (b - a + k*v), dv * (c - a + k*u)
}

// fade has no slope and no curvature at 0 and 1, so that the lattice leaves no creases.
func fade(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

// sum adds octaves, each of twice the frequency and half the amplitude of the one before: noise with the spectrum of
// clouds and stone. It stays within -1 to 1 and seldom leaves the middle half.
func (n *noise) sum(x, y float64, octaves int) float64 {
	total, amplitude := 0.0, 0.5
	for range octaves {
		total += amplitude * n.at(x, y)
		amplitude *= 0.5
		x, y = turn(x, y)
	}
	return total
}

// turn doubles the frequency and turns by about 37° (a triangle of sides 3, 4 and 5), with a shift against common zeros.
func turn(x, y float64) (float64, float64) {
	return 1.6*x - 1.2*y + 17.3, 1.2*x + 1.6*y + 5.7
}

// hash mixes a position and a seed to 32 even bits.
func hash(x, y, seed uint32) uint32 {
	h := x*0x9E3779B1 ^ y*0x85EBCA77 ^ seed*0xC2B2AE3D
	h ^= h >> 15
	h *= 0x2C1B3C6D
	h ^= h >> 12
	h *= 0x297A2D39
	return h ^ h>>15
}

// unit turns a hash to a number from 0 up to 1.
func unit(h uint32) float64 { return float64(h) * (1.0 / (1 << 32)) }
