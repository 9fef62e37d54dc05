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

// What a render holds at its peak, as libvips 8.14 and its decoders hold it.
const (
	// renderBytes is what any render takes: the lines in work, an encoder's tables.
	renderBytes = 8 << 20
	// webpReserve is how many times more pixels than the target a WebP has at most once it
	// was reduced while it was decoded.
	webpReserve = 13
)

// progressiveBytes is how many bytes the coefficients of a pixel take, by the number of
// components.
var progressiveBytes = [...]float64{2, 2, 4, 3, 8}

// Memory estimates how many bytes it takes at most to render the plans from one decode
// of a source of size bytes with header m: that of the job in Admission.
// It takes the colours of a progressive JPEG for half as wide and high as its
// brightness, as they are in most; where they are not it takes up to twice as much.
func Memory(m Meta, size int64, plans ...Plan) int64 {
	pixels, scaled := float64(m.Width)*float64(m.Height), 0.0
	largest := 0.0
	w, h := m.Upright()
	for _, p := range plans {
		g := p.Thumb.Geometry(w, h)
		n := float64(g.Scaled.Width) * float64(g.Scaled.Height)
		scaled += n
		largest = max(largest, n)
	}
	sample := float64((m.Depth + 7) / 8)
	held := 0.0
	switch m.Format {
	case JPEG:
		if m.Scans > 1 { // all coefficients, of 16 bits
			held = pixels * progressiveBytes[min(m.Components, 4)]
		}
	case PNG:
		if m.Interlaced {
			held = pixels * float64(m.Components) * sample
		}
	case GIF:
		held = pixels * 4
	case WebP:
		// The decoder's picture, a frame of what it says, and the canvas that the frame is put on.
		loaded := pixels
		if m.Frames == 1 && largest*webpReserve < pixels {
			loaded = largest * webpReserve
		}
		held = 8 * loaded
		if m.Lossless {
			held = max(held, 4*pixels+4*loaded)
		}
	}
	// Of each plan, its pixels and a copy in another form.
	return int64(min(held+8*scaled+float64(size)+renderBytes, maxCost))
}
