package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"math/rand/v2"
	"slices"
)

// Truncate returns the first n bytes of the file, all of it where it is shorter. It copies.
func Truncate(file []byte, n int) []byte {
	return slices.Clone(file[:min(max(n, 0), len(file))])
}

// FlipBits returns the file with n bits flipped at places that the seed decides; the first 16 bytes are kept, so that the
// file still looks like what it was. The same bit may be hit twice.
func FlipBits(file []byte, n int, seed int64) []byte {
	const kept = 16
	out := slices.Clone(file)
	if len(out) <= kept {
		return out
	}
	r := rand.New(rand.NewPCG(uint64(seed), 0x666C6970))
	for range n {
		bit := r.IntN(8 * (len(out) - kept))
		out[kept+bit/8] ^= 1 << (bit % 8)
	}
	return out
}

// ClaimSize returns the JPEG, PNG, GIF or WebP file with a header that claims w×h pixels, and the data of the true size
// behind it. In a GIF both the logical screen and the first frame lie; a WebP becomes an extended file whose canvas lies.
// A claim is cut to the bits that the format has for it: 16 in JPEG and GIF, 24 in WebP, 32 in PNG.
func ClaimSize(file []byte, w, h int) ([]byte, error) {
	switch formatOf(file) {
	case JPEGFormat:
		return claimJPEG(file, w, h)
	case PNGFormat:
		chunks, err := pngChunks(file)
		if err != nil {
			return nil, err
		}
		head := slices.Clone(chunks[0].data)
		binary.BigEndian.PutUint32(head, uint32(w))
		binary.BigEndian.PutUint32(head[4:], uint32(h))
		chunks[0].data = head
		return pngFile(chunks), nil
	case GIFFormat:
		return claimGIF(file, w, h)
	case WebPFormat:
		chunks, err := webpChunks(file)
		if err != nil {
			return nil, err
		}
		var flags byte
		if len(chunks) > 0 && chunks[0].name == "VP8X" && len(chunks[0].data) > 0 {
			flags, chunks = chunks[0].data[0], chunks[1:]
		}
		return webpFile(slices.Insert(chunks, 0, vp8x(flags, w, h))), nil
	}
	return nil, fmt.Errorf("%w: a size", ErrContainer)
}

func claimJPEG(file []byte, w, h int) ([]byte, error) {
	segments, rest, err := jpegSegments(file)
	if err != nil {
		return nil, err
	}
	out := []byte{0xFF, 0xD8}
	for _, s := range segments {
		body := slices.Clone(s.body)
		if isFrame(s.marker) && len(body) >= 5 {
			binary.BigEndian.PutUint16(body[1:], uint16(h))
			binary.BigEndian.PutUint16(body[3:], uint16(w))
		}
		out = appendSegment(out, s.marker, body)
	}
	return append(out, rest...), nil
}

// isFrame tells whether the marker is a SOF: 0xC0 to 0xCF without DHT, JPG and DAC (ITU-T T.81, table B.1).
func isFrame(marker byte) bool {
	return marker&0xF0 == 0xC0 && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
}

func claimGIF(file []byte, w, h int) ([]byte, error) {
	at, err := gifFrame(file)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(file)
	for _, i := range []int{6, at + 5} { // the logical screen, the frame
		binary.LittleEndian.PutUint16(out[i:], uint16(w))
		binary.LittleEndian.PutUint16(out[i+2:], uint16(h))
	}
	return out, nil
}

// gifFrame finds the first image descriptor, behind the colour table and the extensions (GIF89a, sections 18 to 26).
func gifFrame(file []byte) (int, error) {
	const screen, descriptor = 13, 10
	i := screen
	if len(file) >= screen && file[10]&0x80 != 0 {
		i += 3 << (file[10]&7 + 1)
	}
	for i+2 < len(file) && file[i] == 0x21 {
		for i += 2; i < len(file) && file[i] != 0; i += 1 + int(file[i]) {
		}
		i++
	}
	if i+descriptor > len(file) || file[i] != 0x2C {
		return 0, fmt.Errorf("%w: no frame in the GIF", ErrContainer)
	}
	return i, nil
}

// HeaderOnly returns a file of the format f whose header claims w×h pixels, and that ends where pixel data would begin. The
// claim is cut as in ClaimSize, but a WebP, whose bitstream makes the claim here, holds at most 16384 each way.
func HeaderOnly(f Format, w, h int) ([]byte, error) {
	const webpHeader = 12 + 8 + 5
	if f == WebPFormat {
		file, err := WebPBomb(w, h)
		return Truncate(file, webpHeader), err
	}
	file, err := encodeAs(f, image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Black, color.White}))
	if err != nil {
		return nil, err
	}
	if file, err = ClaimSize(file, w, h); err != nil {
		return nil, err
	}
	at := 0
	switch f {
	case JPEGFormat:
		at = bytes.Index(file, []byte{0xFF, 0xDA})
		at += 2 + int(binary.BigEndian.Uint16(file[at+2:]))
	case PNGFormat:
		at = bytes.Index(file, []byte("IDAT")) + 4
	case GIFFormat:
		at, err = gifFrame(file)
		at += 10
	}
	return file[:at], err
}

// encodeAs encodes a still picture as JPEG, PNG or GIF.
func encodeAs(f Format, img *image.Paletted) ([]byte, error) {
	switch f {
	case JPEGFormat:
		return JPEG(img, 90)
	case PNGFormat:
		return PNG(img)
	case GIFFormat:
		return GIF(&gif.GIF{Image: []*image.Paletted{img}, Delay: []int{0}})
	}
	return nil, fmt.Errorf("%w: the format %q", ErrContainer, f)
}
