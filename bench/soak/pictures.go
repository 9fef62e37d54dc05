package main

import (
	"image"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"math"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// source is a picture that clients upload.
type source struct {
	name string
	data []byte
}

// drawn returns one picture of each format, some with what makes renders go other ways: turned, with a profile, with alpha.
func drawn(megapixels float64) []source {
	h := int(math.Sqrt(megapixels * 1e6 * 3 / 4))
	w := h * 4 / 3
	photo, drawing := picture.Landscape(w, h, 1), picture.Balloons(w, h)
	jpeg := must(picture.JPEG(photo, 90))
	sideways := must(picture.WithOrientation(must(picture.JPEG(picture.UpsideFor(6, photo), 90)), 6, picture.MM))
	few := image.NewPaletted(photo.Rect, palette.WebSafe)
	draw.Draw(few, few.Rect, picture.Chart(w, h), image.Point{}, draw.Src)
	return []source{
		{"photo.jpg", jpeg},
		{"sideways.jpg", sideways},
		{"wide gamut.jpg", must(picture.WithICC(jpeg, picture.ProfileDisplayP3()))},
		{"drawing.png", must(picture.PNG(drawing))},
		{"drawing.webp", must(picture.WebP(drawing))},
		{"few colours.gif", must(picture.GIF(&gif.GIF{Image: []*image.Paletted{few}, Delay: []int{0}}))},
	}
}

func must[T any](v T, err error) T { return picture.Must(v, err) }
