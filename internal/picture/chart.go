package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"
)

// The colours of Chart's corners, far from each other so that a lossy codec cannot mix them up.
var (
	TopLeft     = color.NRGBA{R: 220, G: 40, B: 40, A: 255}
	TopRight    = color.NRGBA{R: 40, G: 170, B: 70, A: 255}
	BottomLeft  = color.NRGBA{R: 40, G: 80, B: 220, A: 255}
	BottomRight = color.NRGBA{R: 245, G: 205, B: 40, A: 255}
)

// Corner returns the side in pixels of the flat corner squares of a w×h Chart: an eighth of the shorter side, at least one.
func Corner(w, h int) int {
	return max(1, min(w, h)/8)
}

// starCycles is even, so that the star is its own mirror image both ways.
const starCycles = 36

// Chart returns a test chart of w×h pixels (at least 1×1). With c = Corner(w, h) it has, from the back to the front:
//   - mid grey (128) with white grid lines one pixel wide, the first at 0, one every c pixels both ways;
//   - a Siemens star of 36 sinusoidal cycles, radius 2 c, around the exact middle and symmetric both ways, so that a shift
//     by part of a pixel shows; its heart is grey where a cycle is shorter than four pixels;
//   - halfway up, c from the left, upright line pairs black and white, of one pixel each in the upper half and of two below;
//     c from the right the same lying, of one pixel in the left half. Both are c×c pixels;
//   - between the upper corners, c high, eight flat bars: white, yellow, cyan, green, magenta, red, blue, black;
//   - between the lower corners, c high in all, ramps from 0 to 255 of grey, red, green and blue;
//   - the flat corners TopLeft, TopRight, BottomLeft and BottomRight, c×c pixels.
func Chart(w, h int) *image.NRGBA {
	w, h = max(w, 1), max(h, 1)
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	c := Corner(w, h)
	chartGrid(img, c)
	chartStar(img, 2*float64(c))
	chartPairs(img, image.Rect(c, h/2-c/2, 2*c, h/2-c/2+c), func(x, y int) int {
		if y < c/2 {
			return x
		}
		return x / 2
	})
	chartPairs(img, image.Rect(w-2*c, h/2-c/2, w-c, h/2-c/2+c), func(x, y int) int {
		if x < c/2 {
			return y
		}
		return y / 2
	})
	chartBars(img, image.Rect(c, 0, w-c, c))
	chartRamps(img, image.Rect(c, h-c, w-c, h))
	fill(img, image.Rect(0, 0, c, c), TopLeft)
	fill(img, image.Rect(w-c, 0, w, c), TopRight)
	fill(img, image.Rect(0, h-c, c, h), BottomLeft)
	fill(img, image.Rect(w-c, h-c, w, h), BottomRight)
	return img
}

func chartGrid(img *image.NRGBA, c int) {
	fill(img, img.Rect, grey(128))
	for x := 0; x < img.Rect.Dx(); x += c {
		fill(img, image.Rect(x, 0, x+1, img.Rect.Dy()), grey(255))
	}
	for y := 0; y < img.Rect.Dy(); y += c {
		fill(img, image.Rect(0, y, img.Rect.Dx(), y+1), grey(255))
	}
}

func chartStar(img *image.NRGBA, radius float64) {
	const heart = 4 * starCycles / (2 * math.Pi)
	mx, my := float64(img.Rect.Dx())/2, float64(img.Rect.Dy())/2
	for y := max(int(my-radius), 0); y < img.Rect.Dy(); y++ {
		for x := max(int(mx-radius), 0); x < img.Rect.Dx(); x++ {
			dx, dy := float64(x)+0.5-mx, float64(y)+0.5-my
			r := math.Hypot(dx, dy)
			if r > radius {
				continue
			}
			v := 128.0
			if r > heart {
				// Absolute values, so that the four quarters are equal to the last bit.
				v += 127 * math.Cos(starCycles*math.Atan2(math.Abs(dy), math.Abs(dx)))
			}
			img.SetNRGBA(x, y, grey(uint8(v)))
		}
	}
}

// chartPairs fills r with black where stripe is even and white where it is odd; stripe gets places from r's corner.
func chartPairs(img *image.NRGBA, r image.Rectangle, stripe func(x, y int) int) {
	for y := range r.Dy() {
		for x := range r.Dx() {
			img.SetNRGBA(r.Min.X+x, r.Min.Y+y, grey(uint8(255*(stripe(x, y)%2))))
		}
	}
}

func chartBars(img *image.NRGBA, r image.Rectangle) {
	for i := range 8 {
		on := func(bit int) uint8 { return uint8(255 * ((7 - i) >> bit & 1)) }
		bar := image.Rect(r.Min.X+r.Dx()*i/8, r.Min.Y, r.Min.X+r.Dx()*(i+1)/8, r.Max.Y)
		fill(img, bar, color.NRGBA{R: on(1), G: on(2), B: on(0), A: 255})
	}
}

func chartRamps(img *image.NRGBA, r image.Rectangle) {
	for x := range r.Dx() {
		v := uint8(255 * x / max(r.Dx()-1, 1))
		for i, c := range []color.NRGBA{grey(v), {R: v, A: 255}, {G: v, A: 255}, {B: v, A: 255}} {
			fill(img, image.Rect(r.Min.X+x, r.Min.Y+r.Dy()*i/4, r.Min.X+x+1, r.Min.Y+r.Dy()*(i+1)/4), c)
		}
	}
}

func grey(v uint8) color.NRGBA { return color.NRGBA{R: v, G: v, B: v, A: 255} }

func fill(img *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}
