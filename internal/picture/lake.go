package picture

import "math"

const (
	eye     = 8.0 // m above the water
	ripples = 8   // octaves
)

// lake is still water that shows the light above it upside down.
type lake struct {
	view
	above *light
	noise *noise
}

func newLake(v view, above *light, seed int64) *lake {
	return &lake{v, above, newNoise(seed ^ 0x6C616B65)}
}

// waterLine is one line of the picture below the horizon.
type waterLine struct {
	y         int
	up        float64
	z         float64          // m
	size      float64          // m that a pixel is wide
	reach     float64          // pixels for a slope of one
	amplitude [ripples]float64 // of the ripples that the pixels can show
	lost      float64          // what is too fine for them
	fresnel   float64          // of still water, less what looking straight down would leave
}

func (l *lake) line(y int) waterLine {
	_, up := l.slopes(0, float64(y)+0.5)
	w := waterLine{y: y, up: up, z: eye / -up}
	w.size = w.z / l.focal
	w.reach = l.focal * min(1, 0.12+float64(y-l.horizon)/float64(l.h)*3.5)
	deep := w.z * w.z / (eye * l.focal) // m that a pixel is long
	f, a := 0.06, 1.0
	for i := range w.amplitude {
		seen := step(0.9, 0.3, f*deep)
		w.amplitude[i] = a * seen * 0.6
		w.lost += a * a * (1 - seen)
		f *= 2.1
		a *= 0.66
	}
	w.lost = math.Sqrt(w.lost)
	w.fresnel = 0.76 * math.Exp(4.2*up)
	return w
}

func (l *lake) at(x int, w *waterLine) rgb {
	across := (float64(x) - float64(l.w)/2) * w.size
	// Breeze comes in patches, long across the view.
	breeze := 0.25 + 0.75*step(-0.2, 0.5, l.noise.at(across*0.004, w.z*0.002+3))
	sx, sy := l.slope(across, w)
	h := hash(uint32(x), uint32(w.y), 0x6C616B65)
	jitter := (float64(h&0xFFFF)+float64(h>>16))/0x10000 - 1
	reach := w.reach * breeze
	px := float64(x) + sx*reach*0.008
	py := 2*float64(l.horizon) - float64(w.y) - 0.5 - reach*(sy*0.040+w.lost*jitter*0.020)
	edge := float64(l.horizon) - 1.5
	c := l.above.between(px, min(py, edge)).scaled(0.6)
	c = c.more(l.above.at(min(max(int(px), 0), l.w-1), max(int(min(py-0.004*reach, edge)), 0)), 0.4)
	tilt := max(0.42*sy*breeze, -0.5) // a slope towards the eye mirrors less
	fresnel := 0.10 + min(w.fresnel/(1+tilt+0.5*tilt*tilt), 0.76)
	return mix(hex(0x12303C).scaled(0.45), c, fresnel)
}

// slope returns the slopes of the water, from ripples that are wider across the view than along it.
func (l *lake) slope(across float64, w *waterLine) (sx, sz float64) {
	f, x, z := 0.06, across, w.z
	for _, a := range w.amplitude {
		if a > 0 {
			_, dx, dz := l.noise.slope(x*f*0.5, z*f)
			sx += a * dx
			sz += a * dz
		}
		x, z = 0.96*x-0.28*z, 0.28*x+0.96*z
		f *= 2.1
	}
	return sx, sz
}
