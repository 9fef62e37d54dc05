package transform

import (
	"errors"
	"fmt"
)

// ErrTooManyPixels means that a picture, or the thumbnail asked for, is larger
// than the limits allow.
var ErrTooManyPixels = errors.New("transform: too many pixels")

// ErrTooComplex means that a picture has more frames, scans or metadata than the
// limits allow.
var ErrTooComplex = errors.New("transform: picture too complex")

// Limits bounds what one picture may cost, by its header alone. Every limit is
// inclusive and must be at least 1.
type Limits struct {
	// MaxPixels bounds the source's canvas, width × height.
	MaxPixels int64
	// MaxDimension bounds each side of the source, in pixels.
	MaxDimension int
	// MaxFrames bounds the frames of an animation. Only the first is rendered, but
	// decoders index them all.
	MaxFrames int
	// MaxScans bounds the scans of a JPEG.
	MaxScans int
	// MaxScanPixels bounds scans × pixels of a JPEG: a decoder visits every block
	// once per scan, however few bytes the scan has.
	MaxScanPixels int64
	// MaxICCBytes and MaxEXIFBytes bound the stored metadata.
	MaxICCBytes, MaxEXIFBytes int64
	// MaxTextBytes bounds what the text chunks of a PNG can inflate to: libpng does it
	// before the first pixel, and libvips copies the result several times.
	MaxTextBytes int64
	// MaxOutputPixels bounds the thumbnail and the intermediate that it is cut from.
	MaxOutputPixels int64
}

// DefaultLimits returns the default limits.
//
// 100 million pixels hold every camera but a few medium-format backs. 65,500 is
// the longest side of libjpeg, so a longer picture could not be served as JPEG
// either. Encoders write about ten scans; libvips 8.14 has no bound of its own,
// and 20 scans of the largest picture take about as long as the largest PNG, four
// seconds. A CMYK profile with fine tables takes 2 or 3 MiB, and EXIF fits one
// JPEG segment of 64 KiB unless a thumbnail in it is oversized. Four compressed
// texts fit into 32 MiB whatever they inflate to; each has cost libvips 8.14 about
// 35 MB and 80 ms. Writing costs more than reading: 25 million pixels of GIF take
// about ten seconds.
func DefaultLimits() Limits {
	return Limits{
		MaxPixels:       100_000_000,
		MaxDimension:    65_500,
		MaxFrames:       10_000,
		MaxScans:        100,
		MaxScanPixels:   2_000_000_000,
		MaxICCBytes:     4 << 20,
		MaxEXIFBytes:    1 << 20,
		MaxTextBytes:    32 << 20,
		MaxOutputPixels: 25_000_000,
	}
}

// Validate returns an error that wraps ErrOptions and names the first limit below 1.
func (l Limits) Validate() error {
	for _, v := range [...]struct {
		name string
		got  int64
	}{
		{"pixels", l.MaxPixels},
		{"dimension", int64(l.MaxDimension)},
		{"frames", int64(l.MaxFrames)},
		{"scans", int64(l.MaxScans)},
		{"scan pixels", l.MaxScanPixels},
		{"ICC bytes", l.MaxICCBytes},
		{"EXIF bytes", l.MaxEXIFBytes},
		{"text bytes", l.MaxTextBytes},
		{"output pixels", l.MaxOutputPixels},
	} {
		if v.got < 1 {
			return fmt.Errorf("%w: limit of %s is %d, must be at least 1", ErrOptions, v.name, v.got)
		}
	}
	return nil
}

// Check returns nil when the source may be decoded, else an error that wraps
// ErrTooManyPixels or ErrTooComplex and names the limit.
func (l Limits) Check(m Meta) error {
	if m.Width > l.MaxDimension || m.Height > l.MaxDimension || m.Pixels() > l.MaxPixels {
		return fmt.Errorf("%w: source is %d×%d", ErrTooManyPixels, m.Width, m.Height)
	}
	switch {
	case m.Partial:
		return fmt.Errorf("%w: larger than a header walk may be", ErrTooComplex)
	case m.Frames > l.MaxFrames:
		return fmt.Errorf("%w: %d frames", ErrTooComplex, m.Frames)
	case m.Scans > l.MaxScans:
		return fmt.Errorf("%w: %d scans", ErrTooComplex, m.Scans)
	case m.Scans > 1 && m.Pixels() > l.MaxScanPixels/int64(m.Scans):
		return fmt.Errorf("%w: %d scans of %d×%d", ErrTooComplex, m.Scans, m.Width, m.Height)
	case m.ICCBytes > l.MaxICCBytes:
		return fmt.Errorf("%w: ICC profile of %d bytes", ErrTooComplex, m.ICCBytes)
	case m.EXIFBytes > l.MaxEXIFBytes:
		return fmt.Errorf("%w: EXIF of %d bytes", ErrTooComplex, m.EXIFBytes)
	case m.TextBytes > l.MaxTextBytes:
		return fmt.Errorf("%w: text that can inflate to %d bytes", ErrTooComplex, m.TextBytes)
	}
	return nil
}

// CheckOutput returns nil when a thumbnail of this geometry may be made as
// output, else an error that wraps ErrTooManyPixels. The picture that a small
// source is scaled to before it is cut counts too: it is made in memory.
func (l Limits) CheckOutput(g Geometry, output Format) error {
	size := g.Size()
	if size.Width > output.MaxSide() || size.Height > output.MaxSide() {
		return fmt.Errorf("%w: a %s cannot be %d×%d", ErrTooManyPixels, output, size.Width, size.Height)
	}
	if g.Scaled.Pixels() > l.MaxOutputPixels {
		return fmt.Errorf("%w: thumbnail of %d×%d", ErrTooManyPixels, g.Scaled.Width, g.Scaled.Height)
	}
	return nil
}
