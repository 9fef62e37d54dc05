package transform

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// maxDeflateRatio is how many bytes one byte of a deflate stream can make at most
// (RFC 1951: 258 bytes for one bit of length and one of distance).
const maxDeflateRatio = 1032

// maxInflatedText is what libpng inflates of one chunk at most, in bytes: its
// PNG_USER_CHUNK_MALLOC_MAX.
const maxInflatedText = 8_000_000

// PNG colour types (PNG 11.2.1): bits for palette, colour and alpha.
const (
	pngPalette = 1 << iota
	pngColour
	pngAlpha
)

// pngWalk is what is known of a PNG while its chunks are walked.
type pngWalk struct {
	Meta
	colour   uint8
	palette  bool  // PLTE was read
	data     int64 // bytes of IDAT so far
	dataDone bool  // a chunk came after IDAT
	animated bool  // acTL was read
	controls int   // fcTL chunks
}

// png walks all chunks from IHDR to IEND. Chunk contents are not inflated, and
// their checksums are the decoder's business, except for that of IHDR: every
// decision here rests on it.
func (w *walker) png() (Meta, error) {
	w.skip(int64(len(pngSignature)))
	p := pngWalk{Meta: Meta{Format: PNG, Orientation: 1, Frames: 1}}
	if err := w.ihdr(&p); err != nil {
		return Meta{}, err
	}
	for {
		head := w.peek(8)
		if len(head) < 8 {
			return p.cut()
		}
		length, kind := int64(binary.BigEndian.Uint32(head)), string(head[4:8])
		w.skip(8)
		end := w.pos + length + 4 // with the checksum
		if kind == "IEND" {
			return p.finish()
		}
		if length > 1<<31-1 || !isChunkType(kind) {
			return p.cut()
		}
		if err := w.chunk(&p, kind, length); err != nil {
			return Meta{}, err
		}
		if end > w.size {
			return p.cut()
		}
		w.pos = end
	}
}

// ihdr reads the first chunk (PNG 11.2.1), whose combinations are a closed list.
func (w *walker) ihdr(p *pngWalk) error {
	const length = 4 + 4 + 13 + 4
	b := w.peek(length)
	if len(b) < length || binary.BigEndian.Uint32(b) != 13 || string(b[4:8]) != "IHDR" {
		return corrupt("PNG does not begin with its header")
	}
	if crc32.ChecksumIEEE(b[4:21]) != binary.BigEndian.Uint32(b[21:]) {
		return corrupt("PNG header has a wrong checksum")
	}
	width, height := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	if width < 1 || width > 1<<31-1 || height < 1 || height > 1<<31-1 {
		return corrupt("PNG has an impossible width or height")
	}
	p.Depth, p.colour = b[16], b[17]
	var depths string
	switch p.colour {
	case 0:
		depths, p.Components = "\x01\x02\x04\x08\x10", 1
	case pngColour:
		depths, p.Components = "\x08\x10", 3
	case pngColour | pngPalette:
		depths, p.Components = "\x01\x02\x04\x08", 3
	case pngAlpha:
		depths, p.Components = "\x08\x10", 2
	case pngColour | pngAlpha:
		depths, p.Components = "\x08\x10", 4
	}
	known := false
	for _, d := range []byte(depths) {
		known = known || d == p.Depth
	}
	if !known || b[18] != 0 || b[19] != 0 || b[20] > 1 {
		return corrupt("PNG has an impossible colour type, depth or method")
	}
	p.Width, p.Height = int(width), int(height)
	p.Alpha = p.colour&pngAlpha != 0
	p.Interlaced = b[20] == 1
	w.skip(length)
	return nil
}

// chunk takes from one chunk what Meta wants.
func (w *walker) chunk(p *pngWalk, kind string, length int64) error {
	if kind != "IDAT" && p.data > 0 {
		p.dataDone = true
	}
	switch kind {
	case "IHDR":
		return corrupt("PNG has two headers")
	case "PLTE":
		p.palette = true
	case "tRNS":
		if !p.Alpha && p.data == 0 {
			p.Alpha = true
			p.Components++
		}
	case "IDAT":
		if p.colour == pngColour|pngPalette && !p.palette {
			return corrupt("PNG has no palette")
		}
		p.data += min(length, max(w.left(), 0))
	case "iCCP":
		p.ICCBytes += length
	case "eXIf":
		if p.EXIFBytes == 0 {
			p.Orientation = w.orientation(length)
		}
		p.EXIFBytes += length
	case "tEXt", "zTXt", "iTXt":
		p.TextBytes += w.inflatedText(kind, length)
	case "acTL":
		p.animated = p.data == 0
	case "fcTL":
		p.controls++
	}
	return nil
}

// inflatedText returns how many bytes a text chunk can inflate to (PNG 11.3.3):
// libpng does so for every one of them, whether anyone wants the text or not.
func (w *walker) inflatedText(kind string, length int64) int64 {
	if kind == "tEXt" {
		return length
	}
	if kind == "iTXt" {
		const keyword = 79 // bytes at most, then a zero and the compression flag
		p := w.peek(int(min(length, keyword+2)))
		if end := bytes.IndexByte(p, 0); end >= 0 && end+1 < len(p) && p[end+1] == 0 {
			return length
		}
	}
	return max(length, min(length*maxDeflateRatio, maxInflatedText))
}

// finish ends a walk that reached IEND.
func (p *pngWalk) finish() (Meta, error) {
	if p.data == 0 {
		return Meta{}, corrupt("PNG has no image data")
	}
	p.dataDone = true
	m, err := p.cut()
	m.Truncated = m.FrameCut // a header that claims more than the data can hold
	return m, err
}

// cut ends a walk that found no IEND, and settles what only the whole walk shows.
func (p *pngWalk) cut() (Meta, error) {
	if p.animated {
		p.Frames = max(p.controls, 1)
	}
	p.Truncated = true
	p.FrameCut = !p.dataDone || p.data < p.leastData()
	return p.Meta, nil
}

// leastData is the number of bytes below which no deflate stream can hold the
// pixels that the header claims.
func (p *pngWalk) leastData() int64 {
	channels := int64(p.Components)
	switch {
	case p.colour&pngPalette != 0:
		channels = 1
	case p.colour&pngAlpha == 0 && p.Alpha: // tRNS adds no stored channel
		channels--
	}
	// At most 2^31 × 2^31 × 64 bits: divided before it is multiplied.
	return p.Pixels() / 8 / maxDeflateRatio * channels * int64(p.Depth)
}

// isChunkType reports whether all four bytes are ASCII letters (PNG 5.3).
func isChunkType(kind string) bool {
	for i := range len(kind) {
		if c := kind[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}
