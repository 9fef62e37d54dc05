package picture

import (
	"errors"
	"fmt"
	"image"
)

// ErrSize is returned for a size that the format cannot hold.
var ErrSize = errors.New("picture: a size that the format cannot hold")

const webpMost = 1 << 14 // RFC 9649, section 3.4: 14 bits for each side

// WebP encodes img without loss (VP8L, RFC 9649 section 3), with straight alpha where img is not opaque. It predicts and
// matches, with one set of prefix codes: about the size of a PNG or less, and far from the best that the format can do.
func WebP(img image.Image) ([]byte, error) {
	c, _, err := vp8l(img)
	if err != nil {
		return nil, err
	}
	return webpFile([]chunk{c}), nil
}

// AnimatedWebP encodes the frames (at least one, all of the first one's size) as a lossless animation that repeats for ever
// and shows each frame for delay milliseconds.
func AnimatedWebP(frames []image.Image, delay int) ([]byte, error) {
	if len(frames) == 0 {
		return nil, fmt.Errorf("%w: no frames", ErrSize)
	}
	size := frames[0].Bounds().Size()
	flags := byte(vp8xAnimation)
	var list []chunk
	for _, f := range frames {
		if f.Bounds().Size() != size {
			return nil, fmt.Errorf("%w: frames of %v and of %v", ErrSize, size, f.Bounds().Size())
		}
		c, alpha, err := vp8l(f)
		if err != nil {
			return nil, err
		}
		if alpha {
			flags |= vp8xAlpha
		}
		d := make([]byte, 6, 16) // at 0, 0
		d = append24(append24(append24(d, size.X-1), size.Y-1), delay)
		list = append(list, chunk{"ANMF", appendRIFF(append(d, 3), c)}) // 3: do not blend, clear afterwards
	}
	head := []chunk{vp8x(flags, size.X, size.Y), {"ANIM", make([]byte, 6)}}
	return webpFile(append(head, list...)), nil
}

// vp8l returns the picture's bitstream chunk, and whether it has alpha.
func vp8l(img image.Image) (chunk, bool, error) {
	src := asNRGBA(img)
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if w < 1 || h < 1 || w > webpMost || h > webpMost {
		return chunk{}, false, fmt.Errorf("%w: WebP of %d×%d", ErrSize, w, h)
	}
	alpha := !src.Opaque()
	pix := subtractGreen(src)
	modes, residue := predict(pix, w, h)

	b := &bitWriter{buf: []byte{0x2F}}
	b.write(uint32(w-1), 14)
	b.write(uint32(h-1), 14)
	b.write(b2u(alpha), 1)
	b.write(0, 3)      // version
	b.write(1|2<<1, 3) // a transform: subtract green
	b.write(1|0<<1, 3) // a transform: predictor
	b.write(predictBits-2, 3)
	b.pixels(modes, (w+predictSide-1)/predictSide, false)
	b.write(0, 1) // no more transforms
	b.pixels(residue, w, true)
	return chunk{"VP8L", b.flush()}, alpha, nil
}

func b2u(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// subtractGreen returns the pixels as ARGB words with green taken from red and blue (section 4.3), which leaves little in
// those two where a picture is nearly grey.
func subtractGreen(src *image.NRGBA) []uint32 {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	out := make([]uint32, 0, w*h)
	for y := range h {
		row := src.Pix[y*src.Stride:][:4*w]
		for i := 0; i < len(row); i += 4 {
			r, g, b, a := row[i], row[i+1], row[i+2], row[i+3]
			out = append(out, uint32(a)<<24|uint32(r-g)<<16|uint32(g)<<8|uint32(b-g))
		}
	}
	return out
}

// bitWriter packs bits from the least significant one on.
type bitWriter struct {
	buf  []byte
	acc  uint64
	bits uint
}

func (b *bitWriter) write(v uint32, n uint) {
	b.acc |= uint64(v) << b.bits
	for b.bits += n; b.bits >= 8; b.bits -= 8 {
		b.buf = append(b.buf, byte(b.acc))
		b.acc >>= 8
	}
}

func (b *bitWriter) flush() []byte {
	if b.bits > 0 {
		b.buf = append(b.buf, byte(b.acc))
		b.acc, b.bits = 0, 0
	}
	return b.buf
}

// pixels writes an entropy-coded image (section 5): no colour cache, one group of five prefix codes.
func (b *bitWriter) pixels(pix []uint32, w int, main bool) {
	tokens := matches(pix, w)
	var green [256 + 24]int
	var red, blue, alpha [256]int
	var dist [40]int
	for _, t := range tokens {
		if t.length == 0 {
			green[t.argb>>8&255]++
			red[t.argb>>16&255]++
			blue[t.argb&255]++
			alpha[t.argb>>24]++
			continue
		}
		code, _, _ := prefix(t.length)
		green[256+code]++
		code, _, _ = prefix(t.distance)
		dist[code]++
	}
	b.write(0, 1) // no colour cache
	if main {
		b.write(0, 1) // one group of prefix codes for the whole picture
	}
	g, r, bl, a, d := b.code(green[:]), b.code(red[:]), b.code(blue[:]), b.code(alpha[:]), b.code(dist[:])
	for _, t := range tokens {
		if t.length == 0 {
			g.put(b, t.argb>>8&255)
			r.put(b, t.argb>>16&255)
			bl.put(b, t.argb&255)
			a.put(b, t.argb>>24)
			continue
		}
		code, extra, bits := prefix(t.length)
		g.put(b, 256+code)
		b.write(extra, bits)
		code, extra, bits = prefix(t.distance)
		d.put(b, code)
		b.write(extra, bits)
	}
}

// prefix splits a length or distance code, at least 1, into its prefix symbol and its extra bits (section 5.2.2).
func prefix(v uint32) (code, extra uint32, bits uint) {
	v--
	if v < 4 {
		return v, 0, 0
	}
	high := uint32(31)
	for v>>high == 0 {
		high--
	}
	bits = uint(high - 1)
	return 2*high + v>>bits&1, v & (1<<bits - 1), bits
}
