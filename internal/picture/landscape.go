package picture

import "image"

// Landscape returns a mountain lake at dusk of w×h pixels (at least 1×1): layered ranges under high clouds, forest on the
// shores, haze lit by a low sun, the whole of it again in the rippled water, and a fine grain. Frequencies fall off as in a
// photograph: 4000×3000 at JPEG quality 90 weighs a little over three megabytes. The seed moves the mountains and the clouds.
func Landscape(w, h int, seed int64) *image.RGBA {
	img := canvas(w, h)
	v := newView(img.Rect.Dx(), img.Rect.Dy())
	s := newSky(v, seed)
	above := newLight(v.w, v.horizon)
	s.draw(above)
	newTerrain(seed).draw(v, s, above)
	drawPines(v, s, above, seed)
	grain := 2 + 3.1*min(1, float64(v.w)/4000) // a smaller picture of the same scene is one that was scaled down
	f := newFilm(v.w, v.h, 1.7, grain, 0.35, seed)
	water := newLake(v, above, seed)
	parallel(v.h, func(y int) {
		line := img.Pix[y*img.Stride:]
		if y < v.horizon {
			for x := range v.w {
				f.develop(line[4*x:], x, y, above.at(x, y))
			}
			return
		}
		at := water.line(y)
		for x := range v.w {
			f.develop(line[4*x:], x, y, water.at(x, &at))
		}
	})
	return img
}

// view is the camera: it stands at the water's edge and looks level. Distances are in kilometres.
type view struct {
	w, h    int
	horizon int     // the first row below it
	focal   float64 // in pixels
}

func newView(w, h int) view {
	// The width decides what is seen, unless the picture is tall.
	return view{w, h, min(h, int(float64(h)*0.63)+1), max(float64(w), float64(h)*1.1) * 1.13}
}

// slopes returns the direction of a point of the picture: how far right and how far up per unit of distance.
func (v view) slopes(x, y float64) (right, up float64) {
	return (x - float64(v.w)/2) / v.focal, (float64(v.horizon) - y) / v.focal
}

// light is a picture before it is developed.
type light struct {
	w, h int
	pix  []float32
}

func newLight(w, h int) *light {
	return &light{w, h, make([]float32, 3*w*max(h, 1))}
}

func (l *light) at(x, y int) rgb {
	p := l.pix[3*(y*l.w+x):][:3]
	return rgb{float64(p[0]), float64(p[1]), float64(p[2])}
}

func (l *light) set(x, y int, c rgb) {
	p := l.pix[3*(y*l.w+x):][:3]
	p[0], p[1], p[2] = float32(c.r), float32(c.g), float32(c.b)
}

// between returns the light at a place between pixels, the border's outside the picture.
func (l *light) between(x, y float64) rgb {
	ix, fx := floor(min(max(x, 0), float64(l.w-1)))
	iy, fy := floor(min(max(y, 0), float64(l.h-1)))
	x1, y1 := min(ix+1, l.w-1), min(iy+1, l.h-1)
	return mix(mix(l.at(ix, iy), l.at(x1, iy), fx), mix(l.at(ix, y1), l.at(x1, y1), fx), fy)
}
