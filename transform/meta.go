package transform

import "errors"

// ErrUnsupported means that the bytes are none of JPEG, PNG, GIF and WebP, or a
// JPEG process that no common decoder reads (lossless, hierarchical).
var ErrUnsupported = errors.New("transform: unsupported image format")

// ErrCorrupt means that the header contradicts itself or is cut before the
// picture's dimensions.
var ErrCorrupt = errors.New("transform: corrupt image header")

// Meta is what the header says about a picture. It is comparable, and small
// enough to keep beside every file in a catalog.
type Meta struct {
	Format Format

	// Width and Height are the stored dimensions in pixels, before Orientation is
	// applied; at least 1. For GIF and animated WebP they are the canvas, as
	// browsers show it: libvips takes some screen sizes of old GIFs (640×480 among
	// them) for a mistake, and shows the first frame alone.
	Width, Height int

	// Orientation is the EXIF orientation, 1 to 8; 1 where the picture has none or
	// its EXIF cannot be read. Broken metadata never refuses a picture.
	Orientation uint8

	// Depth is the number of bits per sample: 1 to 16.
	Depth uint8

	// Components is the number of stored channels: 1 to 4. A palette counts as
	// the 3 that it decodes to, plus alpha.
	Components uint8

	// Alpha is set when the picture may hold transparent pixels.
	Alpha bool

	// Interlaced is set for an interlaced PNG or GIF, whose rows arrive out of
	// order, so that a decoder holds the picture in whole.
	Interlaced bool

	// Progressive is set for a JPEG of SOF2 or SOF10: a decoder holds all
	// coefficients until the last scan.
	Progressive bool

	// Arithmetic is set for a JPEG with arithmetic entropy coding (SOF9, SOF10).
	Arithmetic bool

	// Lossless is set for a WebP whose first frame is coded as VP8L.
	Lossless bool

	// Truncated is set when the data stops, or stops making sense, before its end
	// marker: EOI, IEND, the GIF trailer, the length in the RIFF header.
	Truncated bool

	// FrameCut is set when what is missing belongs to the first frame, the one
	// that a thumbnail shows. It implies Truncated; for JPEG it is the same.
	FrameCut bool

	// Partial is set when the walk ended at its bound (see Probe), so that Frames,
	// Scans, ICCBytes, EXIFBytes and TextBytes are lower bounds.
	Partial bool

	// Frames is the number of frames found in a GIF, an animated WebP or an APNG,
	// else 1.
	Frames int

	// Scans is the number of JPEG scans found, else 0.
	Scans int

	// ICCBytes and EXIFBytes are the stored lengths of the colour profile
	// (compressed, in PNG) and of the EXIF blocks, without the segment headers.
	ICCBytes, EXIFBytes int64

	// TextBytes is how much the text chunks of a PNG can inflate to, in bytes, 0 for
	// other formats. No catalog keeps it: it is found again when a picture is rendered.
	TextBytes int64
}

// Upright returns the dimensions as the viewer sees them, after EXIF rotation:
// orientations 5 to 8 swap the sides.
func (m Meta) Upright() (w, h int) {
	if m.Orientation >= 5 && m.Orientation <= 8 {
		return m.Height, m.Width
	}
	return m.Width, m.Height
}

// Pixels returns Width × Height.
func (m Meta) Pixels() int64 { return int64(m.Width) * int64(m.Height) }
