package picture

import (
	"image"
	"image/color"
	"image/gif"
)

// Pinwheel returns an animation of n frames, side×side pixels.
func Pinwheel(side, n int) *gif.GIF {
	g := &gif.GIF{}
	for i := range n {
		p := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.Transparent, TopLeft, TopRight})
		for j := range p.Pix {
			p.Pix[j] = byte((j + i) % 3)
		}
		g.Image = append(g.Image, p)
		g.Delay = append(g.Delay, 5)
		g.Disposal = append(g.Disposal, gif.DisposalBackground)
	}
	return g
}
