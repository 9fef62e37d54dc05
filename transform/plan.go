package transform

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrOptions means that an option is outside its range.
var ErrOptions = errors.New("transform: option out of range")

// RGB is an opaque colour in sRGB, 8 bits per channel.
type RGB struct{ R, G, B uint8 }

// Options says how thumbnails are encoded.
type Options struct {
	// JPEGQuality is the quality factor of JPEG output, 1 to 100.
	JPEGQuality int
	// JPEGProgressive writes progressive instead of baseline JPEG.
	JPEGProgressive bool
	// WebPQuality is the quality factor of WebP output, 1 to 100.
	WebPQuality int
	// AVIFQuality is the quality factor of AVIF output, 1 to 100.
	AVIFQuality int
	// PNGCompression is the deflate level of PNG output, 0 (none) to 9.
	PNGCompression int
	// Background is what transparent pixels are put on where the output has no
	// alpha, which is JPEG alone.
	Background RGB
}

// DefaultOptions returns quality 80 for JPEG and WebP and 50 for AVIF, which is
// about as good, PNG at zlib's own default of 6, and a white background.
func DefaultOptions() Options {
	return Options{
		JPEGQuality:    80,
		WebPQuality:    80,
		AVIFQuality:    50,
		PNGCompression: 6,
		Background:     RGB{255, 255, 255},
	}
}

// Validate returns an error that wraps ErrOptions and names the first option
// outside its range.
func (o Options) Validate() error {
	for _, v := range [...]struct {
		name     string
		got      int
		min, max int
	}{
		{"JPEG quality", o.JPEGQuality, 1, 100},
		{"WebP quality", o.WebPQuality, 1, 100},
		{"AVIF quality", o.AVIFQuality, 1, 100},
		{"PNG compression", o.PNGCompression, 0, 9},
	} {
		if v.got < v.min || v.got > v.max {
			return fmt.Errorf("%w: %s is %d, must be %d to %d", ErrOptions, v.name, v.got, v.min, v.max)
		}
	}
	return nil
}

// Plan names one rendition of a source: two requests with equal plans are the
// same picture, byte for byte. It is comparable and holds only what its output
// format uses; every other field is zero.
type Plan struct {
	Thumb  Thumb
	Output Format
	// Quality is the JPEG, WebP or AVIF quality factor, 1 to 100.
	Quality uint8
	// Compression is the PNG deflate level, 0 to 9.
	Compression uint8
	// Progressive asks for progressive JPEG.
	Progressive bool
	// Background is what JPEG flattens transparent pixels on.
	Background RGB
}

// Plan returns the canonical plan for a thumbnail of a source of the given
// format. A thumbnail keeps its source's format; this differs from PocketBase on
// purpose, which makes PNG, several times larger, out of WebP. The options must
// be valid. For Unknown the plan's Output is Unknown, which no renderer accepts.
func (o Options) Plan(t Thumb, source Format) Plan {
	return o.PlanAs(t, source)
}

// PlanAs returns the canonical plan for a thumbnail written as output, whatever
// the source's format is.
func (o Options) PlanAs(t Thumb, output Format) Plan {
	p := Plan{Thumb: t.canonical(), Output: output}
	switch output {
	case JPEG:
		p.Quality = uint8(o.JPEGQuality)
		p.Progressive = o.JPEGProgressive
		p.Background = o.Background
	case WebP:
		p.Quality = uint8(o.WebPQuality)
	case AVIF:
		p.Quality = uint8(o.AVIFQuality)
	case PNG:
		p.Compression = uint8(o.PNGCompression)
	}
	return p
}

// Key returns a short name of the plan in [0-9a-z-], safe as a file name and as a
// URL segment: the thumb form, the output format and the settings of that format,
// such as 400x300t-jpeg-q80-bffffff. Canonical plans have equal keys only when
// they are equal.
func (p Plan) Key() string {
	b := p.Thumb.append(make([]byte, 0, 48))
	b = append(b, '-')
	b = append(b, p.Output.String()...)
	switch p.Output {
	case JPEG:
		b = append(b, "-q"...)
		b = strconv.AppendUint(b, uint64(p.Quality), 10)
		if p.Progressive {
			b = append(b, "-p"...)
		}
		b = append(b, "-b"...)
		for _, c := range [...]uint8{p.Background.R, p.Background.G, p.Background.B} {
			const digits = "0123456789abcdef"
			b = append(b, digits[c>>4], digits[c&15])
		}
	case WebP, AVIF:
		b = append(b, "-q"...)
		b = strconv.AppendUint(b, uint64(p.Quality), 10)
	case PNG:
		b = append(b, "-c"...)
		b = strconv.AppendUint(b, uint64(p.Compression), 10)
	}
	return string(b)
}
