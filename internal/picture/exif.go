package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/draw"
)

// ErrOrientation is returned for an orientation outside 1 to 8.
var ErrOrientation = errors.New("picture: orientation outside 1 to 8")

// ByteOrder is the byte order mark of a TIFF block, and so of EXIF (TIFF 6.0, section 2).
type ByteOrder string

// The two byte orders of TIFF.
const (
	II ByteOrder = "II" // little endian
	MM ByteOrder = "MM" // big endian
)

// OrientationEXIF returns the smallest EXIF block (a TIFF header and one directory with the tag 0x0112) that says o. The
// values are those of the EXIF standard: 1 upright, 2 mirrored, 3 turned by 180°, 4 flipped, 5 transposed, 6 to be turned
// clockwise by 90°, 7 transversed, 8 to be turned anticlockwise by 90°. o is not checked: a hostile file may hold any value.
func OrientationEXIF(o int, order ByteOrder) []byte {
	const (
		tagOrientation = 0x0112
		typeShort      = 3
	)
	var e binary.AppendByteOrder = binary.LittleEndian
	if order == MM {
		e = binary.BigEndian
	}
	b := []byte(order)
	b = e.AppendUint16(b, 42)
	b = e.AppendUint32(b, 8) // the directory follows the header
	b = e.AppendUint16(b, 1)
	b = e.AppendUint16(b, tagOrientation)
	b = e.AppendUint16(b, typeShort)
	b = e.AppendUint32(b, 1)
	b = e.AppendUint16(b, uint16(o)) // a SHORT is left-justified in the four value bytes
	b = e.AppendUint16(b, 0)
	return e.AppendUint32(b, 0)
}

// WithOrientation returns the JPEG, PNG or WebP file with an EXIF block that says o (1 to 8) in the given byte order.
func WithOrientation(file []byte, o int, order ByteOrder) ([]byte, error) {
	if o < 1 || o > 8 {
		return nil, fmt.Errorf("%w: %d", ErrOrientation, o)
	}
	return WithEXIF(file, OrientationEXIF(o, order))
}

// Upright returns what a viewer that honours the EXIF orientation o shows for the stored pixels img. It copies; an o outside
// 1 to 8 counts as 1, as viewers do.
func Upright(o int, img image.Image) *image.NRGBA {
	src := asNRGBA(img)
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	if o >= 5 && o <= 8 {
		dst = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			dx, dy := shownAt(o, x, y, w, h)
			copy(dst.Pix[dst.PixOffset(dx, dy):][:4], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}

// UpsideFor returns the stored pixels for which a viewer that honours the EXIF orientation o shows img as it is.
func UpsideFor(o int, img image.Image) *image.NRGBA {
	switch o {
	case 6:
		o = 8
	case 8:
		o = 6
	}
	return Upright(o, img) // every other orientation is its own inverse
}

// shownAt maps a stored pixel of a w×h picture to where the viewer shows it.
func shownAt(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

// asNRGBA returns img with straight alpha and its corner at the origin, the same pixels in memory where img has that form already.
func asNRGBA(img image.Image) *image.NRGBA {
	if n, ok := img.(*image.NRGBA); ok && n.Rect.Min == (image.Point{}) {
		return n
	}
	if c, ok := img.(*image.RGBA); ok && c.Rect.Min == (image.Point{}) && c.Opaque() {
		return &image.NRGBA{Pix: c.Pix, Stride: c.Stride, Rect: c.Rect}
	}
	n := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	draw.Draw(n, n.Rect, img, img.Bounds().Min, draw.Src)
	return n
}
