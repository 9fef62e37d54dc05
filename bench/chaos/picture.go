package main

import (
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// newPicture is a JPEG that is like no other, and whose thumbs are like no other's: of a few kilobytes, one in twenty of a
// megabyte.
func newPicture(r *rand.Rand) []byte {
	const w, h, block = 160, 120, 20
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := 0; y < h; y += block {
		for x := 0; x < w; x += block {
			c := color.NRGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
			draw.Draw(img, image.Rect(x, y, x+block, y+block), image.NewUniform(c), image.Point{}, draw.Src)
		}
	}
	data := picture.Must(picture.JPEG(img, 85))
	if r.IntN(20) > 0 {
		return data
	}
	const comments = 16 // of 64 KB each, behind the start of the image (T.81, section B.2.4.5)
	large := append([]byte(nil), data[:2]...)
	for range comments {
		text := make([]byte, 0xFFFF-2)
		for i := range text {
			text[i] = byte(r.Uint32())
		}
		large = append(append(large, 0xFF, 0xFE, 0xFF, 0xFF), text...)
	}
	return append(large, data[2:]...)
}
