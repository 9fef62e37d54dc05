package transform

// Nanoseconds of CPU per pixel, from libvips 8.14 and libjpeg-turbo on one core: a
// 12-megapixel photograph with sensor noise, reduced to 400×300 (decoding), and
// the JPEG reduced to 3 megapixels in each format, less its decoding (encoding).
// Another machine changes all of them about alike.
const (
	decodeJPEG       = 7 // with shrink-on-load
	decodeJPEGScan   = 2 // for each scan of a multi-scan JPEG
	decodeArithmetic = 40
	decodePNG        = 38
	decodeInterlaced = 6
	decodeGIF        = 24
	decodeWebP       = 17
	decodeVP8L       = 31

	encodeJPEG = 75
	encodePNG  = 260
	encodeGIF  = 850
	encodeWebP = 190
	encodeAVIF = 450

	overhead = 1_000_000 // of any picture, however small
)

// Cost estimates how many microseconds of CPU it takes to render p from a source
// with header m: the weight of the job in Admission. Its ratios are meant, not
// its absolute values. At least 1.
func Cost(m Meta, p Plan) int64 { return CostAll(m, p) }

// CostAll is Cost for several plans that are rendered from one decode.
func CostAll(m Meta, plans ...Plan) int64 {
	ns := overhead + float64(m.Width)*float64(m.Height)*decodeWeight(m)
	w, h := m.Upright()
	for _, p := range plans {
		scaled := p.Thumb.Geometry(w, h).Scaled
		ns += float64(scaled.Width) * float64(scaled.Height) * encodeWeight(p.Output)
	}
	return int64(min(ns/1000, maxCost))
}

// decodeWeight is in nanoseconds per source pixel.
func decodeWeight(m Meta) float64 {
	switch m.Format {
	case JPEG:
		weight := float64(decodeJPEG)
		if m.Scans > 1 {
			weight += decodeJPEGScan * float64(m.Scans)
		}
		if m.Arithmetic {
			weight += decodeArithmetic
		}
		return weight
	case PNG:
		weight := float64(decodePNG)
		if m.Interlaced {
			weight += decodeInterlaced
		}
		if m.Depth == 16 {
			weight += weight / 4
		}
		return weight
	case GIF:
		return decodeGIF
	case WebP:
		if m.Lossless {
			return decodeVP8L
		}
		return decodeWebP
	}
	return decodePNG
}

// encodeWeight is in nanoseconds per pixel of output.
func encodeWeight(f Format) float64 {
	switch f {
	case PNG:
		return encodePNG
	case GIF:
		return encodeGIF
	case WebP:
		return encodeWebP
	case AVIF:
		return encodeAVIF
	}
	return encodeJPEG
}
