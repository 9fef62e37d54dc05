package main

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// Writers for what no encoder at hand writes: they say nothing about what is sensible.

// segment is a JPEG marker segment with its length (ITU-T T.81, annex B).
func segment(marker byte, body ...byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(body)+2))
	return append(out, body...)
}

const (
	sof0, sof2, sof9, sof10 = 0xC0, 0xC2, 0xC9, 0xCA
	dht, sos, dqt, dri      = 0xC4, 0xDA, 0xDB, 0xDD
	app0, app1, app2, com   = 0xE0, 0xE1, 0xE2, 0xFE
)

var (
	soi = []byte{0xFF, 0xD8}
	eoi = []byte{0xFF, 0xD9}
)

// frameHeader is SOFn with components that are not subsampled.
func frameHeader(sof byte, w, h, components int) []byte {
	body := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(components)}
	for i := range components {
		body = append(body, byte(i+1), 0x11, 0)
	}
	return segment(sof, body...)
}

// scanHeader is SOS for the given components; all use the tables 0.
func scanHeader(from, to, high, low byte, components ...byte) []byte {
	body := []byte{byte(len(components))}
	for _, c := range components {
		body = append(body, c, 0)
	}
	return segment(sos, append(body, from, to, high<<4|low)...)
}

// huffman is a table of symbols whose codes get longer by one bit each: 0, 10, 110.
func huffman(class byte, symbols ...byte) []byte {
	body := make([]byte, 17)
	body[0] = class
	for i := range symbols {
		body[1+i] = 1
	}
	return segment(dht, append(body, symbols...)...)
}

func quantisation() []byte { return segment(dqt, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...) }

func componentIDs(n int) []byte {
	ids := make([]byte, n)
	for i := range ids {
		ids[i] = byte(i + 1)
	}
	return ids
}

// blocks is how many 8×8 blocks a component has.
func blocks(w, h int) int { return ((w + 7) / 8) * ((h + 7) / 8) }

// flatJPEG is a baseline JPEG of two zero bits a block: a quarter of a byte for 64 pixels.
func flatJPEG(w, h, components int) []byte {
	return bytes.Join([][]byte{
		soi, quantisation(), frameHeader(sof0, w, h, components), huffman(0x00, 0), huffman(0x10, 0),
		scanHeader(0, 63, 0, 0, componentIDs(components)...), make([]byte, (2*blocks(w, h)*components+7)/8), eoi,
	}, nil)
}

// flatProgressive has one scan of DC, and one of AC for each component, each of a zero bit a block. Its decoder holds all
// coefficients: two bytes for each pixel of each component.
func flatProgressive(w, h, components int) []byte {
	parts := [][]byte{soi, quantisation(), frameHeader(sof2, w, h, components), huffman(0x00, 0), huffman(0x10, 0),
		scanHeader(0, 0, 0, 0, componentIDs(components)...), make([]byte, (blocks(w, h)*components+7)/8)}
	for _, id := range componentIDs(components) {
		parts = append(parts, scanHeader(1, 63, 0, 0, id), make([]byte, (blocks(w, h)+7)/8))
	}
	return bytes.Join(append(parts, eoi), nil)
}

// arithmeticJPEG claims arithmetic coding and has no data: the decoder (T.81, section D.2) goes on with zeros for ever, and
// does not complain. Scans after the first refine a progressive picture.
func arithmeticJPEG(w, h, components, scans int) []byte {
	parts := [][]byte{soi, quantisation()}
	if scans == 1 {
		parts = append(parts, frameHeader(sof9, w, h, components), scanHeader(0, 63, 0, 0, componentIDs(components)...))
		return bytes.Join(append(parts, eoi), nil)
	}
	parts = append(parts, frameHeader(sof10, w, h, components), scanHeader(0, 0, 0, 0, componentIDs(components)...))
	for i := range scans - 1 {
		id, pass := byte(i%components+1), byte(i/components)
		low := 13 - min(pass, 13)
		high := byte(0)
		if pass > 0 {
			high = low + 1
		}
		parts = append(parts, scanHeader(1, 63, high, low, id))
	}
	return bytes.Join(append(parts, eoi), nil)
}

// progressiveJPEG is a whole progressive picture of random DC coefficients.
func progressiveJPEG(w, h, components int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var dc entropy
	for range blocks(w, h) * components {
		if r.IntN(3) == 0 {
			dc.put(0b0, 1) // as the block before
			continue
		}
		dc.put(0b10, 2) // three bits of difference
		dc.put(uint32(r.IntN(8)), 3)
	}
	parts := [][]byte{soi, quantisation(), frameHeader(sof2, w, h, components), huffman(0x00, 0, 3), huffman(0x10, 0),
		scanHeader(0, 0, 0, 0, componentIDs(components)...), dc.bytes()}
	for _, id := range componentIDs(components) {
		parts = append(parts, scanHeader(1, 63, 0, 0, id), make([]byte, (blocks(w, h)+7)/8))
	}
	return bytes.Join(append(parts, eoi), nil)
}

// entropy packs bits from the most significant one on, and stuffs a zero behind 0xFF (T.81, section F.1.2.3).
type entropy struct {
	out  []byte
	acc  uint32
	bits int
}

func (e *entropy) put(v uint32, n int) {
	e.acc = e.acc<<n | v
	for e.bits += n; e.bits >= 8; e.bits -= 8 {
		b := byte(e.acc >> (e.bits - 8))
		if e.out = append(e.out, b); b == 0xFF {
			e.out = append(e.out, 0)
		}
	}
}

func (e *entropy) bytes() []byte {
	if e.bits > 0 {
		e.put(1<<(8-e.bits)-1, 8-e.bits)
	}
	return e.out
}

// chunk is a PNG chunk with its checksum.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// Colour types of PNG 11.2.1.
const (
	pngGrey, pngRGB, pngPalette, pngRGBA = 0, 2, 3, 6
)

func ihdr(w, h, depth, colour int, interlaced bool) []byte {
	data := binary.BigEndian.AppendUint32(nil, uint32(w))
	data = binary.BigEndian.AppendUint32(data, uint32(h))
	data = append(data, byte(depth), byte(colour), 0, 0, 0)
	if interlaced {
		data[12] = 1
	}
	return chunk("IHDR", data)
}

// pngOf puts chunks between the header and the data.
func pngOf(header []byte, data []byte, between ...[]byte) []byte {
	parts := append([][]byte{[]byte(magics[1].bytes), header}, between...)
	return bytes.Join(append(parts, chunk("IDAT", data), chunk("IEND", nil)), nil)
}

// rawSize is how many bytes the filtered rows of a picture have, the seven passes of Adam7 included (PNG 8.2).
func rawSize(w, h, bits int, interlaced bool) int64 {
	rows := func(w, h int) int64 {
		if w == 0 {
			return 0
		}
		return int64(h) * int64(1+(w*bits+7)/8)
	}
	if !interlaced {
		return rows(w, h)
	}
	var n int64
	for _, p := range [7][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		n += rows((w-p[0]+p[2]-1)/p[2], (h-p[1]+p[3]-1)/p[3])
	}
	return n
}

// blackPNG is a whole picture of zeros: a thousandth of what it decodes to.
func blackPNG(w, h, depth, colour int, interlaced bool) []byte {
	channels := map[int]int{pngGrey: 1, pngRGB: 3, pngPalette: 1, pngRGBA: 4}[colour]
	var between [][]byte
	if colour == pngPalette {
		between = append(between, chunk("PLTE", make([]byte, 3)))
	}
	return pngOf(ihdr(w, h, depth, colour, interlaced), zeros(rawSize(w, h, depth*channels, interlaced)), between...)
}

// zeros is a zlib stream of n zero bytes, put together from equal pieces: a flushed piece of deflate refers to nothing
// before it.
func zeros(n int64) []byte {
	const step = 1 << 20
	out := []byte{0x78, 0x9C}
	if n >= step {
		out = append(out, bytes.Repeat(deflate(make([]byte, step), false), int(n/step))...)
	}
	out = append(out, deflate(make([]byte, n%step), true)...)
	return binary.BigEndian.AppendUint32(out, uint32(n%65521)<<16|1) // Adler-32 of zeros
}

func deflate(data []byte, last bool) []byte {
	var b bytes.Buffer
	w := must(flate.NewWriter(&b, flate.BestCompression))
	must(w.Write(data))
	end := w.Flush
	if last {
		end = w.Close
	}
	must(0, end())
	return b.Bytes()
}

func zlibbed(data []byte) []byte {
	var b bytes.Buffer
	w := must(zlib.NewWriterLevel(&b, zlib.BestCompression))
	must(w.Write(data))
	must(0, w.Close())
	return b.Bytes()
}

// noisyPNG is an opaque 8-bit RGB picture that does not compress.
func noisyPNG(w, h int, interlaced bool) []byte {
	raw := noise(int(rawSize(w, h, 24, interlaced)))
	for i := range raw {
		raw[i] %= 5 // a filter that there is, wherever a row begins
	}
	return pngOf(ihdr(w, h, 8, pngRGB, interlaced), zlibbed(raw))
}

// riff is a RIFF chunk, padded to an even length (RFC 9649, section 2.3).
func riff(kind string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data)))
	out = append(out, data...)
	return append(out, make([]byte, len(data)%2)...)
}

func webpOf(chunks ...[]byte) []byte {
	return riff("RIFF", bytes.Join(append([][]byte{[]byte("WEBP")}, chunks...), nil))
}

func le24(b []byte, v int) []byte { return append(b, byte(v), byte(v>>8), byte(v>>16)) }

// The flags of VP8X (RFC 9649, section 2.7.1.1).
const (
	animationFlag, exifFlag, alphaFlag, iccFlag = 2, 8, 16, 32
)

func vp8x(flags byte, w, h int) []byte {
	return riff("VP8X", le24(le24([]byte{flags, 0, 0, 0}, w-1), h-1))
}

// anmf is one frame of an animation, with its bitstream chunk.
func anmf(x, y, w, h int, flags byte, bitstream []byte) []byte {
	d := le24(le24(le24(le24(le24(nil, x/2), y/2), w-1), h-1), 40)
	return riff("ANMF", append(append(d, flags), bitstream...))
}

// vp8l is the one chunk of a flat lossless picture.
func vp8l(w, h int) []byte { return must(picture.WebPBomb(w, h))[12:] }

// flatVP8 is a lossy key frame of zeros, which its decoder takes for grey (RFC 6386, section 9): about 20 bits for each block
// of 16×16 pixels in the first partition, whose length has 19 bits, so that 50 megapixels are the most.
func flatVP8(w, h int) []byte {
	macroblocks := ((w + 15) / 16) * ((h + 15) / 16)
	first := min(3*macroblocks+64, 1<<19-1)
	out := le24(nil, first<<5|1<<4) // a key frame, shown
	out = append(out, 0x9D, 0x01, 0x2A)
	out = binary.LittleEndian.AppendUint16(out, uint16(w))
	out = binary.LittleEndian.AppendUint16(out, uint16(h))
	out = append(out, make([]byte, first+6*macroblocks+64)...)
	return riff("VP8 ", out)
}
