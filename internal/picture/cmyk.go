package picture

import (
	"bytes"
	"encoding/binary"
)

// CMYK is a baseline JPEG of one flat colour, inks from 0 (none) to 255 (full),
// stored inverted as Adobe does and all readers expect. Width and height are in
// blocks of eight pixels.
func CMYK(inks [4]uint8, blocksWide, blocksHigh int) []byte {
	var b bytes.Buffer
	segment := func(marker byte, data ...byte) {
		b.Write([]byte{0xff, marker})
		_ = binary.Write(&b, binary.BigEndian, uint16(len(data)+2))
		b.Write(data)
	}
	b.Write([]byte{0xff, 0xd8})
	segment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), 0)...) // APP14: no colour transform
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)  // DQT: nothing is lost
	w, h := uint16(8*blocksWide), uint16(8*blocksHigh)
	segment(0xc0, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)
	// DHT: twelve DC categories of four bits each, and for AC the end of block alone.
	segment(0xc4, append([]byte{0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)...)
	segment(0xc4, append([]byte{0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0)...)
	segment(0xda, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0)

	var bits uint64
	var have uint
	put := func(v uint64, n uint) {
		bits, have = bits<<n|v, have+n
		for ; have >= 8; have -= 8 {
			c := byte(bits >> (have - 8))
			if b.WriteByte(c); c == 0xff {
				b.WriteByte(0)
			}
		}
	}
	var last [4]int
	for range blocksWide * blocksHigh {
		for i, ink := range inks {
			dc := (255 - int(ink) - 128) * 8 // T.81 A.3.3: the sum of 64 samples, divided by 8
			d := dc - last[i]
			last[i] = dc
			size := uint(0)
			for v := max(d, -d); v > 0; v >>= 1 {
				size++
			}
			if d < 0 {
				d += 1<<size - 1
			}
			put(uint64(size), 4)
			put(uint64(d), size)
			put(0, 1) // end of block
		}
	}
	put(0x7f, 7)
	b.Write([]byte{0xff, 0xd9})
	return b.Bytes()
}
