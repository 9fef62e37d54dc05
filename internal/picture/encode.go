package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// JPEG encodes img as a baseline JPEG of quality 1 to 100, 4:2:0 chroma (grey where img is *image.Gray). Alpha is lost.
func JPEG(img image.Image, quality int) ([]byte, error) {
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("picture: JPEG quality %d is outside 1 to 100", quality)
	}
	if n, ok := img.(*image.NRGBA); ok && n.Opaque() {
		img = &image.RGBA{Pix: n.Pix, Stride: n.Stride, Rect: n.Rect} // the same pixels; the encoder is far faster with this type
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return b.Bytes(), nil
}

// PNG encodes img without loss; the type of img decides the PNG's: *image.NRGBA has straight alpha, *image.NRGBA64 and
// *image.Gray16 are 16-bit, *image.Paletted has a palette, an opaque picture has no alpha channel.
func PNG(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return b.Bytes(), nil
}

// GIF encodes the frames of an animation, as Pinwheel returns them.
func GIF(frames *gif.GIF) ([]byte, error) {
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, frames); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return b.Bytes(), nil
}
