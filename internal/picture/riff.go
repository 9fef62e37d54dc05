package picture

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// The flags of the chunk VP8X (RFC 9649, section 2.7.1.1).
const (
	vp8xAnimation = 1 << 1
	vp8xXMP       = 1 << 2
	vp8xEXIF      = 1 << 3
	vp8xAlpha     = 1 << 4
	vp8xICC       = 1 << 5
)

// webpOrder is the order of chunks that RFC 9649, section 2.7 asks for.
var webpOrder = []string{"VP8X", "ICCP", "ANIM", "ANMF", "ALPH", "VP8 ", "VP8L", "EXIF", "XMP "}

// webpRank is the place of a chunk in webpOrder; unknown chunks come last.
func webpRank(name string) int {
	if i := slices.Index(webpOrder, name); i >= 0 {
		return i
	}
	return len(webpOrder)
}

func webpChunks(file []byte) (chunks []chunk, err error) {
	for rest := file[12:]; len(rest) > 0; {
		if len(rest) < 8 || int64(binary.LittleEndian.Uint32(rest[4:]))+8 > int64(len(rest)) {
			return nil, fmt.Errorf("%w: a WebP chunk is cut", ErrContainer)
		}
		n := int(binary.LittleEndian.Uint32(rest[4:]))
		chunks = append(chunks, chunk{string(rest[:4]), rest[8 : 8+n]})
		rest = rest[min(8+n+n&1, len(rest)):]
	}
	return chunks, nil
}

func webpFile(chunks []chunk) []byte {
	body := []byte("WEBP")
	for _, c := range chunks {
		body = appendRIFF(body, c)
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// appendRIFF appends a chunk, padded to an even length.
func appendRIFF(out []byte, c chunk) []byte {
	out = append(out, c.name...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(c.data)))
	out = append(out, c.data...)
	if len(c.data)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// vp8x returns the chunk that makes a file an extended one. Sizes are 1 to 1<<24 pixels; RFC 9649 also bounds their product.
func vp8x(flags byte, w, h int) chunk {
	d := []byte{flags, 0, 0, 0}
	d = append24(d, w-1)
	return chunk{"VP8X", append24(d, h-1)}
}

func append24(b []byte, v int) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16))
}

// webpSize reads the size, and whether there is alpha, from the bitstream's own header: RFC 6386 section 9.1 for VP8,
// RFC 9649 section 3.4 for VP8L.
func webpSize(chunks []chunk) (w, h int, alpha bool, err error) {
	for _, c := range chunks {
		d := c.data
		switch {
		case c.name == "VP8L" && len(d) >= 5:
			v := binary.LittleEndian.Uint32(d[1:])
			return int(v&0x3FFF) + 1, int(v>>14&0x3FFF) + 1, v>>28&1 == 1, nil
		case c.name == "VP8 " && len(d) >= 10:
			le := binary.LittleEndian
			return int(le.Uint16(d[6:]) & 0x3FFF), int(le.Uint16(d[8:]) & 0x3FFF), false, nil
		}
	}
	return 0, 0, false, fmt.Errorf("%w: no picture in the WebP", ErrContainer)
}

// withWebPChunk puts the chunk into the file in place of one of the same name, and makes the file an extended one where it
// was not: only those may carry EXIF and ICCP.
func withWebPChunk(file []byte, name string, data []byte) ([]byte, error) {
	chunks, err := webpChunks(file)
	if err != nil {
		return nil, err
	}
	if len(chunks) == 0 || chunks[0].name != "VP8X" {
		w, h, alpha, err := webpSize(chunks)
		if err != nil {
			return nil, err
		}
		var flags byte
		if alpha {
			flags = vp8xAlpha
		}
		chunks = slices.Insert(chunks, 0, vp8x(flags, w, h))
	}
	if len(chunks[0].data) != 10 {
		return nil, fmt.Errorf("%w: VP8X of %d bytes", ErrContainer, len(chunks[0].data))
	}
	chunks = slices.DeleteFunc(chunks, func(c chunk) bool { return c.name == name })
	chunks = append(chunks, chunk{name, data})
	slices.SortStableFunc(chunks, func(a, b chunk) int { return webpRank(a.name) - webpRank(b.name) })
	head := slices.Clone(chunks[0].data)
	head[0] |= map[string]byte{"EXIF": vp8xEXIF, "ICCP": vp8xICC}[name]
	chunks[0].data = head
	return webpFile(chunks), nil
}
