package vips

import "github.com/imgorigin/imgorigin/transform"

// path is who does the pixel work.
type path uint8

const (
	viaLibvips path = iota // our own steps, render.c
	viaBimg
)

// bimgReduces is the scale-down from which bimg decodes JPEG and WebP at a reduced
// size: it multiplies by 3/4 and takes the next power of two below.
const bimgReduces = 8.0 / 3

// bimgPixels bounds the sources of bimg, which decodes the whole picture into
// memory where libvips streams it: 3 bytes per pixel, so 24 MB.
const bimgPixels = 8_000_000

// choose says who renders and why. bimg is preferred wherever it is right and
// costs at most 1.10 × of libvips' own thumbnail call; each case below is one
// where it is not, the first that applies.
func choose(m transform.Meta, l layout, p transform.Plan) (path, string) {
	h, v := l.shrink()
	whole := l.crop.Size() == l.source && l.out.Size() == l.scaled
	switch {
	case l.turn > 1:
		return viaLibvips, "rotated: bimg decodes a JPEG in full and twice, and leaves other formats as they lie"
	case m.ICCBytes > 0:
		return viaLibvips, "colour profile: bimg drops it unconverted, and leaks the picture when a conversion fails"
	case m.Format == transform.GIF || p.Output == transform.GIF:
		return viaLibvips, "GIF: bimg cannot tell a short first frame from a whole one"
	case m.Frames > 1:
		return viaLibvips, "animation: bimg relies on the loader's default for the first frame alone"
	case m.Alpha:
		return viaLibvips, "alpha: bimg lets invisible colours bleed, and keeps alpha that hides nothing"
	case m.Depth != 8 || m.Components != 3:
		return viaLibvips, "not 8-bit RGB: bimg turns grey to RGB, cuts 16 bits instead of rounding, and knows no press profile"
	case !whole:
		return viaLibvips, "crop: bimg cuts at whole pixels of the scaled picture, up to half a pixel beside the asked place"
	case h < 1 || v < 1 || (h == 1) != (v == 1):
		return viaLibvips, "enlarging, or one side kept: bimg interpolates with another kernel, shifted by half a pixel"
	case h >= bimgReduces || v >= bimgReduces:
		return viaLibvips, "strong reduction: bimg leaves the kernel as little as 1 × the target, and aliases"
	case m.Format == transform.WebP && l.resampled():
		return viaLibvips, "WebP: bimg decodes in full where libvips scales while decoding, 1.25 × the time"
	case p.Output == transform.JPEG:
		return viaLibvips, "JPEG output: bimg has no say in the quantisation, and keeps less detail in the same bytes"
	case p.Output == transform.WebP:
		return viaLibvips, "WebP output: bimg, told to strip metadata, leaves EXIF and XMP in"
	case p.Output == transform.AVIF:
		return viaLibvips, "AVIF: bimg writes metadata into it, and takes seconds unless its speed is set"
	case p.Output == transform.PNG && p.Compression == 0:
		return viaLibvips, "PNG without compression: bimg takes level 0 for its default of 6"
	case m.Pixels() > bimgPixels:
		return viaLibvips, "large: bimg decodes into memory what libvips streams"
	}
	return viaBimg, "upright, opaque, whole, 8-bit RGB, mildly reduced or not at all"
}
