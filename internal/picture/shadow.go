package picture

// shadows holds, over a grid of the land, its height without the fine octaves, and the height below which the low sun does
// not reach.
type shadows struct {
	land, lit []float32
}

const (
	gridSide  = 640
	gridLeft  = -14.0 // km
	gridFront = 1.0
	gridCell  = 28.0 / gridSide
)

func newShadows(t *terrain) *shadows {
	s := &shadows{make([]float32, gridSide*gridSide), make([]float32, gridSide*gridSide)}
	parallel(gridSide, func(iz int) {
		d := depthAt(gridFront+float64(iz)*gridCell, 1)
		for ix := range gridSide {
			h, _, _ := t.height(gridLeft+float64(ix)*gridCell, &d, 6, -1)
			s.land[iz*gridSide+ix] = float32(h)
		}
	})
	copy(s.lit, s.land)
	// The sun is on the left and behind: every column of the grid gets its shadow from the one to its left.
	const along, drop = keyZ / -keyX, float32(keyY / -keyX * gridCell)
	for ix := 1; ix < gridSide; ix++ {
		for iz := range gridSide {
			i, f := floor(min(float64(iz)+along, gridSide-1))
			a, b := s.lit[i*gridSide+ix-1], s.lit[min(i+1, gridSide-1)*gridSide+ix-1]
			p := &s.lit[iz*gridSide+ix]
			*p = max(*p, a+(b-a)*float32(f)-drop)
		}
	}
	return s
}

// height returns the land's height without what is finer than the grid; ok is false outside it.
func (s *shadows) height(x, z float64) (h float64, ok bool) { return within(s.land, x, z) }

// light returns 1 in the sun and 0 in shadow, and 1 outside the grid.
func (s *shadows) light(x, z, h float64) float64 {
	edge, ok := within(s.lit, x, z)
	if !ok {
		return 1
	}
	return step(-0.12, 0, h-edge+0.02)
}

func within(grid []float32, x, z float64) (float64, bool) {
	fx, fz := (x-gridLeft)/gridCell, (z-gridFront)/gridCell
	if fx < 0 || fz < 0 || fx >= gridSide-1 || fz >= gridSide-1 {
		return 0, false
	}
	ix, u := floor(fx)
	iz, v := floor(fz)
	p, q := grid[iz*gridSide+ix:], grid[(iz+1)*gridSide+ix:]
	return lerp(lerp(float64(p[0]), float64(p[1]), u), lerp(float64(q[0]), float64(q[1]), u), v), true
}
