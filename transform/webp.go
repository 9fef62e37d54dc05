package transform

import "encoding/binary"

// Flags of the VP8X chunk (RFC 9649 section 2.7.1).
const (
	webpAnimation = 0x02
	webpAlpha     = 0x10
)

// webpWalk is what is known of a WebP while its chunks are walked.
type webpWalk struct {
	Meta
	extended bool  // the file begins with VP8X
	animated bool  // by the flag in VP8X
	image    bool  // the first frame's bitstream header was read
	end      int64 // of the file, by the RIFF header
}

// webp walks the chunks of the RIFF container (RFC 9649 section 2). What follows
// the length in the RIFF header is not looked at.
func (w *walker) webp() (Meta, error) {
	p := w.peek(12)
	length := int64(binary.LittleEndian.Uint32(p[4:]))
	v := webpWalk{Meta: Meta{Format: WebP, Orientation: 1, Depth: 8, Components: 3}, end: 8 + length}
	w.skip(12)
	if v.end < 12+8 {
		return Meta{}, corrupt("WebP container is empty")
	}
	if v.end > w.size {
		v.Truncated = true
	}
	for first := true; w.pos+8 <= v.end; first = false {
		head := w.peek(8)
		if len(head) < 8 {
			v.Truncated = true
			break
		}
		kind, size := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		w.skip(8)
		end := w.pos + size
		if err := w.webpChunk(&v, kind, size, first); err != nil {
			return Meta{}, err
		}
		if end > v.end || end > w.size {
			v.Truncated = true
			v.FrameCut = v.FrameCut || v.Frames <= 1 && isWebPFrame(kind)
			break
		}
		w.pos = end + size&1
		if !v.extended { // a simple file holds one chunk
			break
		}
	}
	return v.finish()
}

// webpChunk reads one chunk of the file.
func (w *walker) webpChunk(v *webpWalk, kind string, size int64, first bool) error {
	switch kind {
	case "VP8X":
		if !first {
			return corrupt("WebP has a late VP8X chunk")
		}
		return w.vp8x(v, size)
	case "VP8 ", "VP8L":
		if v.animated || v.image {
			return nil // decoders ignore it
		}
		v.Frames = 1
		return w.bitstream(v, kind, size, Size{v.Width, v.Height})
	}
	if !v.extended {
		return corrupt("WebP does not begin with an image")
	}
	switch kind {
	case "ALPH":
		v.Alpha = true
	case "ANMF":
		if v.animated {
			return w.anmf(v, size)
		}
	case "ICCP":
		v.ICCBytes += size
	case "EXIF":
		w.webpEXIF(v, size)
	}
	return nil
}

// vp8x reads the extended header: flags and canvas.
func (w *walker) vp8x(v *webpWalk, size int64) error {
	p := w.peek(10)
	if size < 10 || len(p) < 10 {
		return corrupt("WebP ends in its header")
	}
	v.extended = true
	v.animated = p[0]&webpAnimation != 0
	v.Alpha = p[0]&webpAlpha != 0
	v.Width, v.Height = uint24(p[4:])+1, uint24(p[7:])+1
	if v.Pixels() > 1<<32-1 {
		return corrupt("WebP canvas is impossibly large") // RFC 9649 section 2.7.1
	}
	return nil
}

// anmf reads one frame's header (RFC 9649 section 2.7.1.3); of the first frame
// also its bitstream header.
func (w *walker) anmf(v *webpWalk, size int64) error {
	const header = 16
	v.Frames++
	p := w.peek(header)
	if size < header || len(p) < header {
		v.Truncated = true
		v.FrameCut = v.FrameCut || v.Frames == 1
		return nil
	}
	x, y := 2*uint24(p), 2*uint24(p[3:])
	frame := Size{uint24(p[6:]) + 1, uint24(p[9:]) + 1}
	if x+frame.Width > v.Width || y+frame.Height > v.Height {
		return corrupt("WebP frame reaches beyond the canvas")
	}
	if v.Frames > 1 {
		return nil
	}
	v.Alpha = v.Alpha || frame != Size{v.Width, v.Height}
	w.skip(header)
	end := w.pos + size - header
	for w.pos+8 <= end {
		head := w.peek(8)
		if len(head) < 8 {
			break
		}
		kind, n := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		w.skip(8)
		switch kind {
		case "VP8 ", "VP8L":
			if w.pos+n > end {
				return corrupt("WebP bitstream is longer than its frame")
			}
			return w.bitstream(v, kind, n, frame)
		case "ALPH":
			v.Alpha = true
		}
		w.skip(n + n&1)
	}
	return nil
}

// bitstream reads the header of the first frame's VP8 or VP8L data of size bytes.
// Its dimensions must be want, unless want is zero: then they are the canvas. A
// header that is cut off, where the canvas is known, is left to the caller to
// report with the rest that is missing.
func (w *walker) bitstream(v *webpWalk, kind string, size int64, want Size) error {
	const vp8Header, vp8lHeader = 10, 5
	header, parse := vp8Header, parseVP8
	if kind == "VP8L" {
		header, parse = vp8lHeader, parseVP8L
		v.Lossless = true
	}
	p := w.peek(header)
	switch {
	case size < int64(header):
		return corrupt("WebP bitstream is shorter than its header")
	case len(p) < header && want == Size{}:
		return corrupt("WebP ends in its header")
	case len(p) < header:
		return nil
	}
	got, alpha, err := parse(p, size)
	switch {
	case err != nil:
		return err
	case want == Size{}:
		v.Width, v.Height = got.Width, got.Height
	case want != got:
		return corrupt("WebP frame and bitstream differ in size")
	}
	v.Alpha = v.Alpha || alpha
	v.image = true
	return nil
}

// parseVP8 reads a key frame's header (RFC 6386 section 9.1). It has no alpha:
// that is in an ALPH chunk.
func parseVP8(p []byte, size int64) (s Size, alpha bool, err error) {
	tag := uint24(p)
	if tag&1 != 0 || tag>>1&7 > 3 || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a {
		return Size{}, false, corrupt("WebP holds no VP8 key frame")
	}
	if int64(tag>>5) >= size {
		return Size{}, false, corrupt("WebP's first VP8 partition is longer than its chunk")
	}
	s = Size{
		Width:  int(binary.LittleEndian.Uint16(p[6:]) & 0x3fff), // two bits of upscaling hint
		Height: int(binary.LittleEndian.Uint16(p[8:]) & 0x3fff),
	}
	if s.Width == 0 || s.Height == 0 {
		return Size{}, false, corrupt("WebP has no width or no height")
	}
	return s, false, nil
}

// parseVP8L reads a lossless header (RFC 9649 section 3.4).
func parseVP8L(p []byte, size int64) (s Size, alpha bool, err error) {
	bits := binary.LittleEndian.Uint32(p[1:])
	if p[0] != 0x2f || bits>>29 != 0 {
		return Size{}, false, corrupt("WebP holds no VP8L image")
	}
	return Size{int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1}, bits>>28&1 == 1, nil
}

// webpEXIF reads an EXIF chunk; some writers keep the JPEG prefix in it.
func (w *walker) webpEXIF(v *webpWalk, size int64) {
	first := v.EXIFBytes == 0
	v.EXIFBytes += size
	if !first {
		return
	}
	if hasPrefix(w.peek(len(exifHeader)), exifHeader) {
		w.skip(int64(len(exifHeader)) + 1)
		size -= int64(len(exifHeader)) + 1
	}
	v.Orientation = w.orientation(size)
}

// finish ends the walk: the dimensions are known, or the file is corrupt.
func (v *webpWalk) finish() (Meta, error) {
	if v.Width == 0 {
		return Meta{}, corrupt("WebP ends before its image")
	}
	if !v.image {
		if !v.Truncated {
			return Meta{}, corrupt("WebP has no image")
		}
		v.FrameCut = true
	}
	v.Frames = max(v.Frames, 1)
	if v.Alpha {
		v.Components = 4
	}
	return v.Meta, nil
}

func isWebPFrame(kind string) bool {
	return kind == "VP8 " || kind == "VP8L" || kind == "ALPH" || kind == "ANMF"
}

func uint24(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }
