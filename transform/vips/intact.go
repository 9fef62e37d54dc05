package vips

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/imgorigin/imgorigin/transform"
)

// intact finds damage that the decoders let pass: libvips stops reading a PNG
// after its last row, before the checksum of the chunk that holds it, and takes a
// GIF frame that ends early for a transparent rest. (libjpeg warns; libwebp knows
// when data is missing, and VP8 has no checksum that anyone could check.)
func intact(src []byte, m transform.Meta) error {
	switch m.Format {
	case transform.PNG:
		return intactPNG(src)
	case transform.GIF:
		return intactGIF(src)
	}
	return nil
}

// pngFixed is the signature; a chunk is length, type, data and checksum (PNG 5.3).
const (
	pngSignature = 8
	pngChunk     = 12
)

// intactPNG verifies the checksums of the image data. libpng verifies those of the
// chunks before it, and what comes after it does not show.
func intactPNG(src []byte) error {
	for at := pngSignature; len(src)-at >= pngChunk; {
		length := int64(binary.BigEndian.Uint32(src[at:]))
		if length > int64(len(src)-at-pngChunk) {
			return nil // cut; where that matters it was refused before
		}
		data := src[at+4 : at+8+int(length)] // the type is part of what is summed
		if string(data[:4]) == "IDAT" && crc32.ChecksumIEEE(data) != binary.BigEndian.Uint32(src[at+8+int(length):]) {
			return fmt.Errorf("%w: PNG data fails its checksum", transform.ErrCorrupt)
		}
		at += pngChunk + int(length)
	}
	return nil
}

// The blocks of a GIF (GIF89a 20, 23, 27).
const (
	gifExtension = 0x21
	gifImage     = 0x2c
)

// intactGIF walks to the first frame and measures it.
func intactGIF(src []byte) error {
	short := fmt.Errorf("%w: first GIF frame is short", transform.ErrCorrupt)
	const screen = 13 // header and logical screen descriptor
	if len(src) < screen {
		return short
	}
	at := screen + gifTable(src[10])
	for at < len(src) {
		switch src[at] {
		case gifExtension:
			at = gifSkip(src, at+2)
		case gifImage:
			const descriptor = 10
			if len(src)-at < descriptor {
				return short
			}
			width, height := binary.LittleEndian.Uint16(src[at+5:]), binary.LittleEndian.Uint16(src[at+7:])
			at += descriptor + gifTable(src[at+9])
			if at >= len(src) || !gifHolds(src[at+1:], uint(src[at]), int64(width)*int64(height)) {
				return short
			}
			return nil
		default:
			return short
		}
	}
	return short
}

// gifTable returns the bytes of the colour table that flags announce.
func gifTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// gifSkip returns where the chain of sub-blocks at at ends.
func gifSkip(src []byte, at int) int {
	for at < len(src) && src[at] != 0 {
		at += 1 + int(src[at])
	}
	return at + 1
}

const (
	lzwMaxWidth = 12
	lzwTable    = 1 << lzwMaxWidth
)

// gifHolds reports that the sub-blocks at src hold want pixels of LZW codes whose
// literals have literal bits (GIF89a appendix F). It adds up how many pixels each
// code stands for and makes none of them.
func gifHolds(src []byte, literal uint, want int64) bool {
	if literal < 1 || literal > 11 {
		return false
	}
	var length [lzwTable]uint32 // of what a code stands for
	for i := range 1 << literal {
		length[i] = 1
	}
	clear := uint32(1) << literal
	free, width := clear+2, literal+1
	var previous, bits uint32 // length of the previous code's pixels, 0 after a clear
	var have uint
	var pixels int64
	for len(src) > 0 && src[0] != 0 {
		block := src[1:min(1+int(src[0]), len(src))]
		src = src[1+len(block):]
		for _, b := range block {
			bits |= uint32(b) << have
			for have += 8; have >= width; {
				code := bits & (1<<width - 1)
				bits >>= width
				have -= width
				switch {
				case code == clear:
					free, width, previous = clear+2, literal+1, 0
					continue
				case code == clear+1, code > free, code == free && previous == 0:
					return pixels >= want
				}
				if previous > 0 && free < lzwTable {
					length[free] = previous + 1
					if free++; free == 1<<width && width < lzwMaxWidth {
						width++
					}
				}
				previous = length[code]
				if pixels += int64(previous); pixels >= want {
					return true
				}
			}
		}
	}
	return pixels >= want
}
