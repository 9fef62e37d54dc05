package picture

import (
	"bytes"
	"compress/flate"
	"compress/lzw"
	"encoding/binary"
	"fmt"
)

// PNGBomb returns a whole, valid PNG of w×h black 8-bit grey pixels (1 to 1<<31-1 each way), about a thousandth of a byte
// for each: 30000×30000 is 870 kB that decode to 900 MB.
func PNGBomb(w, h int) ([]byte, error) {
	if w < 1 || h < 1 || w > 1<<31-1 || h > 1<<31-1 {
		return nil, fmt.Errorf("%w: PNG of %d×%d", ErrSize, w, h)
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = binary.BigEndian.AppendUint32(head, uint32(h))
	head = append(head, 8, 0, 0, 0, 0) // 8 bits, grey, deflate, filters, no interlace
	data, err := zeros(int64(w+1) * int64(h))
	if err != nil {
		return nil, err
	}
	return pngFile([]chunk{{"IHDR", head}, {"IDAT", data}, {"IEND", nil}}), nil
}

// zeros returns a zlib stream of n zero bytes without compressing them all: a flushed piece of deflate ends on a byte and
// refers to nothing before it, so the piece for one step can be repeated.
func zeros(n int64) ([]byte, error) {
	const step = 1 << 20
	piece, err := deflated(step, false)
	if err != nil {
		return nil, err
	}
	tail, err := deflated(int(n%step), true)
	if err != nil {
		return nil, err
	}
	out := append([]byte{0x78, 0x9C}, bytes.Repeat(piece, int(n/step))...)
	out = append(out, tail...)
	return binary.BigEndian.AppendUint32(out, uint32(n%65521)<<16|1), nil // Adler-32 of n zeros
}

func deflated(n int, last bool) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(make([]byte, n)); err != nil {
		return nil, err
	}
	end := w.Flush
	if last {
		end = w.Close
	}
	if err := end(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// GIFBomb returns a whole, valid animation of n frames of w×h pixels (1 to 65535 each way) of one colour. A byte
// stands for up to 1,450 pixels: the larger the frame the more, from eight megapixels on no more.
func GIFBomb(w, h, n int) ([]byte, error) {
	if w < 1 || h < 1 || w > 0xFFFF || h > 0xFFFF {
		return nil, fmt.Errorf("%w: GIF of %d×%d", ErrSize, w, h)
	}
	var data bytes.Buffer
	z := lzw.NewWriter(&data, lzw.LSB, 2)
	row := make([]byte, w)
	for range h {
		if _, err := z.Write(row); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	frame := []byte{0x2C, 0, 0, 0, 0}
	frame = le.AppendUint16(le.AppendUint16(frame, uint16(w)), uint16(h))
	frame = append(frame, 0, 2) // no table of its own, codes of 2 bits
	for data.Len() > 0 {
		block := data.Next(255)
		frame = append(append(frame, byte(len(block))), block...)
	}
	frame = append(frame, 0)

	out := le.AppendUint16(le.AppendUint16([]byte("GIF89a"), uint16(w)), uint16(h))
	out = append(out, 0x80, 0, 0, 0, 0, 0, 255, 255, 255) // two colours for all frames
	return append(append(out, bytes.Repeat(frame, n)...), 0x3B), nil
}

// WebPBomb returns a whole, valid lossless WebP of w×h pixels (1 to 16384 each way) of one colour in less than 50 bytes:
// a prefix code of one symbol takes no bits, whatever the size.
func WebPBomb(w, h int) ([]byte, error) {
	if w < 1 || h < 1 || w > webpMost || h > webpMost {
		return nil, fmt.Errorf("%w: WebP of %d×%d", ErrSize, w, h)
	}
	b := &bitWriter{buf: []byte{0x2F}}
	b.write(uint32(w-1), 14)
	b.write(uint32(h-1), 14)
	b.write(0, 1+3+1+1+1) // opaque, version 0, no transform, no colour cache, one group of codes
	for _, symbol := range []uint32{128, 64, 32, 255, 0} {
		b.write(0b101, 3) // a simple code, of one symbol, of eight bits
		b.write(symbol, 8)
	}
	return webpFile([]chunk{{"VP8L", b.flush()}}), nil
}

// JPEGScanBomb returns a progressive grey JPEG of w×h pixels (1 to 65535 each way) with n scans behind the first. Each scan
// is a few bytes of end-of-band runs (ITU-T T.81, section G.1.2.2), for which a decoder visits every block again. Up to
// 63 × 14 scans the progression is a legal one.
func JPEGScanBomb(w, h, n int) ([]byte, error) {
	if w < 1 || h < 1 || w > 0xFFFF || h > 0xFFFF {
		return nil, fmt.Errorf("%w: JPEG of %d×%d", ErrSize, w, h)
	}
	const coefficients, highest = 63, 13
	blocks := ((w + 7) / 8) * ((h + 7) / 8)
	out := []byte{0xFF, 0xD8}
	out = appendSegment(out, 0xDB, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))
	out = appendSegment(out, 0xC2, []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), 1, 1, 0x11, 0})
	out = appendSegment(out, 0xC4, oneCode(0x00, 0))    // DC: the one symbol says "as before"
	out = appendSegment(out, 0xC4, oneCode(0x10, 0xE0)) // AC: the one symbol is a run of 1<<14 and 14 bits more
	out = appendSegment(out, 0xDA, []byte{1, 1, 0, 0, 0, 0})
	out = append(out, make([]byte, (blocks+7)/8)...) // one bit, zero, for each block
	run := endOfBand(blocks)
	for i := range n {
		band := byte(1 + i%coefficients)
		pass := i / coefficients % (highest + 1)
		bits := byte(highest - pass) // Ah is 0 in the first pass, then one more than Al
		if pass > 0 {
			bits |= (bits + 1) << 4
		}
		out = appendSegment(out, 0xDA, []byte{1, 1, 0, band, band, bits})
		out = append(out, run...)
	}
	return append(out, 0xFF, 0xD9), nil
}

// oneCode is a Huffman table of one symbol, with the code 0.
func oneCode(class, symbol byte) []byte {
	b := make([]byte, 1+16+1)
	b[0], b[1], b[17] = class, 1, symbol
	return b
}

// endOfBand codes that none of the blocks holds anything in this band: runs as long as they get, the last one too long,
// which decoders let pass.
func endOfBand(blocks int) []byte {
	const longest = 1<<15 - 1
	var out []byte
	acc, bits := uint32(0), 0
	for range (blocks + longest - 1) / longest {
		acc, bits = acc<<15|1<<14-1, bits+15 // the code 0, then fourteen ones
		for ; bits >= 8; bits -= 8 {
			out = appendStuffed(out, byte(acc>>(bits-8)))
		}
	}
	if bits > 0 {
		out = appendStuffed(out, byte(acc<<(8-bits))|byte(1<<(8-bits)-1)) // the rest of the byte is ones
	}
	return out
}

func appendStuffed(out []byte, b byte) []byte {
	if out = append(out, b); b == 0xFF {
		out = append(out, 0)
	}
	return out
}
