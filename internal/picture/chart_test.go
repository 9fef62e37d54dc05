package picture

import (
	"image"
	"image/color"
	"testing"
)

func TestChartCornersAreFlat(t *testing.T) {
	for _, size := range []image.Point{{8, 8}, {64, 64}, {400, 300}, {300, 400}, {1000, 90}} {
		img := Chart(size.X, size.Y)
		c := Corner(size.X, size.Y)
		for name, corner := range map[string]struct {
			x, y int
			want color.NRGBA
		}{
			"top left":     {0, 0, TopLeft},
			"top right":    {size.X - c, 0, TopRight},
			"bottom left":  {0, size.Y - c, BottomLeft},
			"bottom right": {size.X - c, size.Y - c, BottomRight},
		} {
			for i := range c * c {
				if got := img.NRGBAAt(corner.x+i%c, corner.y+i/c); got != corner.want {
					t.Errorf("%v, %s: %v at %d, not %v", size, name, got, i, corner.want)
					break
				}
			}
		}
	}
}

func TestChartStarIsItsOwnMirrorImage(t *testing.T) {
	for _, size := range []image.Point{{400, 300}, {401, 301}} {
		img := Chart(size.X, size.Y)
		radius := 2*Corner(size.X, size.Y) - 2
		levels := map[uint8]bool{}
		for y := size.Y/2 - radius; y < size.Y/2; y++ {
			for x := size.X/2 - radius; x < size.X/2; x++ {
				dx, dy := size.X/2-x, size.Y/2-y
				if dx*dx+dy*dy > radius*radius {
					continue
				}
				a, b := img.NRGBAAt(x, y), img.NRGBAAt(size.X-1-x, y)
				c, d := img.NRGBAAt(x, size.Y-1-y), img.NRGBAAt(size.X-1-x, size.Y-1-y)
				if a != b || a != c || a != d {
					t.Fatalf("%v: %v, %v, %v and %v around the middle", size, a, b, c, d)
				}
				levels[a.R] = true
			}
		}
		if len(levels) < 100 {
			t.Errorf("%v: the star has %d levels", size, len(levels))
		}
	}
}

func TestChartHasPairsBarsRampsAndGrid(t *testing.T) {
	const w, h = 640, 480
	img := Chart(w, h)
	c := Corner(w, h)
	top := h/2 - c/2
	for name, at := range map[string]struct {
		x, y int
		want color.NRGBA
	}{
		"upright pairs begin black":        {c, top, grey(0)},
		"and change after one pixel":       {c + 1, top, grey(255)},
		"and again":                        {c + 2, top, grey(0)},
		"the wide ones after two":          {c + 1, top + c - 1, grey(0)},
		"are white then":                   {c + 2, top + c - 1, grey(255)},
		"lying pairs begin black":          {w - 2*c, top, grey(0)},
		"and change after one row":         {w - 2*c, top + 1, grey(255)},
		"the wide lying ones after two":    {w - c - 1, top + 1, grey(0)},
		"are white in the third row":       {w - c - 1, top + 2, grey(255)},
		"the first bar is white":           {c, 0, grey(255)},
		"the second is yellow":             {c + (w-2*c)/8 + 1, 0, color.NRGBA{R: 255, G: 255, A: 255}},
		"the last is black":                {w - c - 1, 0, grey(0)},
		"the grey ramp begins black":       {c, h - c, grey(0)},
		"and ends white":                   {w - c - 1, h - c, grey(255)},
		"the blue ramp ends blue":          {w - c - 1, h - 1, color.NRGBA{B: 255, A: 255}},
		"a grid line":                      {3 * c, 2*c - 5, grey(255)},
		"is one pixel wide":                {3*c + 1, 2*c - 5, grey(128)},
		"the heart of the star has no ray": {w / 2, h / 2, grey(128)},
	} {
		if got := img.NRGBAAt(at.x, at.y); got != at.want {
			t.Errorf("%s: %v, not %v", name, got, at.want)
		}
	}
}
