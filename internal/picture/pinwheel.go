package picture

import (
	"image"
	"image/color"
	"image/gif"
	"math"
)

const (
	blades      = 8
	clearIndex  = 0
	hubIndex    = 1 // and one brighter
	stickIndex  = 3 // and one darker
	firstBlade  = 5
	bladeShades = 3
)

// Pinwheel returns one turn of a paper pinwheel as an animation of n frames (at least one) of side×side pixels (1 to
// 65535), 40 ms each and for ever: 29 flat colours, a transparent ground, every frame whole and cleared after it was shown.
func Pinwheel(side, n int) *gif.GIF {
	side, n = min(max(side, 1), 0xFFFF), max(n, 1)
	g := &gif.GIF{
		Image:    make([]*image.Paletted, n),
		Delay:    make([]int, n),
		Disposal: make([]byte, n),
		Config:   image.Config{ColorModel: pinwheelColours(), Width: side, Height: side},
	}
	parallel(n, func(i int) {
		g.Image[i] = pinwheelFrame(side, 2*math.Pi*float64(i)/float64(n))
		g.Delay[i] = 4
		g.Disposal[i] = gif.DisposalBackground
	})
	return g
}

func pinwheelColours() color.Palette {
	bytes := func(c rgb) color.Color {
		at := func(v float64) uint8 { return uint8(255*toSRGB(clamp01(v)) + 0.5) }
		return color.NRGBA{at(c.r), at(c.g), at(c.b), 255}
	}
	p := color.Palette{color.NRGBA{}}
	for _, c := range []uint32{0xF2F0EA, 0xFFFFFF, 0xC9A27A, 0x9C774F} {
		p = append(p, bytes(hex(c)))
	}
	for _, c := range []uint32{0xEF476F, 0xF78C4B, 0xFFD166, 0x8BD450, 0x06D6A0, 0x26B5E0, 0x4F6FF0, 0xA05AE8} {
		p = append(p, bytes(hex(c)), bytes(hex(c).scaled(0.62)), bytes(hex(c).scaled(0.34)))
	}
	return p
}

// pinwheelFrame takes the colour that most of nine samples of a pixel have.
func pinwheelFrame(side int, turn float64) *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, side, side), pinwheelColours())
	for y := range side {
		for x := range side {
			var votes [firstBlade + blades*bladeShades]uint8
			best := uint8(clearIndex)
			for n, s := range [...]int{0, 2, 6, 8, 4, 1, 3, 5, 7} {
				if n == 4 && votes[best] == 4 {
					break // the corners agree
				}
				u := (float64(x)+(float64(s%3)+0.5)/3)/float64(side)*2 - 1
				v := (float64(y)+(float64(s/3)+0.5)/3)/float64(side)*2 - 1
				i := pinwheelAt(u, v, turn)
				if votes[i]++; votes[i] > votes[best] {
					best = i
				}
			}
			img.Pix[y*img.Stride+x] = best
		}
	}
	return img
}

// pinwheelAt returns the colour at a place from -1 to 1.
func pinwheelAt(u, v, turn float64) uint8 {
	v += 0.20
	r := length(u, v) / 0.78
	switch {
	case length(u+0.015, v+0.015) < 0.035:
		return hubIndex + 1
	case r < 0.10:
		return hubIndex
	}
	if r < 1 {
		// A blade begins on a bent ray, on which its tip lies, and gets narrower from the middle out.
		a := math.Atan2(v, u) - turn - 0.75*r*r
		blade, f := floor(a / (2 * math.Pi) * blades)
		blade = (blade%blades + blades) % blades
		t := max(r-0.22, 0) / 0.78
		if wide := 0.96 - t*t*(0.35+0.61*t); f < wide {
			shade := 0
			switch {
			case f > wide*(0.66-0.22*r):
				shade = 1 // the back of the paper
			case f < 0.03+0.015/r:
				shade = 2 // the fold
			}
			return uint8(firstBlade + blade*bladeShades + shade)
		}
	}
	if v > 0 && math.Abs(u) < 0.028 {
		if u > 0.008 || v < 0.30 {
			return stickIndex + 1
		}
		return stickIndex
	}
	return clearIndex
}
