package vips

import (
	"bytes"
	"encoding/binary"
	"math"
)

// cmykJPEG is a baseline JPEG of one flat colour, inks from 0 (none) to 255 (full),
// stored inverted as Adobe does and all readers expect. Width and height are in
// blocks of eight pixels.
func cmykJPEG(inks [4]uint8, blocksWide, blocksHigh int) []byte {
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

// cmykProfile is an ICC.1:2001-04 output profile with one table, from CMYK to
// L*a*b*: inks as ideal filters, a bit dirty, on bright paper.
func cmykProfile() []byte {
	const grid = 9
	lut := []byte("mft1\x00\x00\x00\x00")
	lut = append(lut, 4, 3, grid, 0)
	for i := range 9 {
		v := uint32(0)
		if i%4 == 0 {
			v = 1 << 16 // the identity matrix, which L*a*b* does not use
		}
		lut = binary.BigEndian.AppendUint32(lut, v)
	}
	identity := func(n int) {
		for i := range n * 256 {
			lut = append(lut, byte(i))
		}
	}
	identity(4)
	for i := range grid * grid * grid * grid { // the last ink changes fastest
		at := func(n int) float64 { return float64(i/n%grid) / (grid - 1) }
		lut = append(lut, ink(at(grid*grid*grid), at(grid*grid), at(grid), at(1))...)
	}
	identity(3)
	text := func(s string) []byte { return append([]byte("text\x00\x00\x00\x00"), s+"\x00"...) }
	desc := append([]byte("desc\x00\x00\x00\x00\x00\x00\x00\x05CMYK\x00"), make([]byte, 78)...)
	white := binary.BigEndian.AppendUint32([]byte("XYZ \x00\x00\x00\x00"), 0xf6d6)
	white = binary.BigEndian.AppendUint32(white, 0x10000)
	white = binary.BigEndian.AppendUint32(white, 0xd32d)
	return iccFile("prtr", "CMYK", "Lab ", [][2]string{
		{"desc", string(desc)}, {"cprt", string(text("none"))}, {"wtpt", string(white)}, {"A2B0", string(lut)}, {"A2B1", string(lut)},
	})
}

// ink returns the paper's L*a*b* under inks of 0 to 1, encoded as lut8 does.
func ink(c, m, y, k float64) []byte {
	r, g, b := (1-0.95*c)*(1-0.1*m)*(1-k), (1-0.3*c)*(1-0.9*m)*(1-0.05*y)*(1-k), (1-0.1*c)*(1-0.4*m)*(1-0.9*y)*(1-k)
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	fx := f((0.4361*r + 0.3851*g + 0.1431*b) / 0.9643) // sRGB's colorants under D50
	fy := f(0.2225*r + 0.7169*g + 0.0606*b)
	fz := f((0.0139*r + 0.0971*g + 0.7141*b) / 0.8251)
	return []byte{round8((116*fy - 16) * 2.55), round8(500*(fx-fy) + 128), round8(200*(fy-fz) + 128)}
}

// iccFile writes a profile (ICC.1:2001-04 section 6) of big-endian tags.
func iccFile(class, space, connection string, tags [][2]string) []byte {
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head[8:], 0x02400000) // version 2.4
	copy(head[12:], class)
	copy(head[16:], space)
	copy(head[20:], connection)
	binary.BigEndian.PutUint16(head[24:], 2026)
	head[27], head[29] = 1, 1
	copy(head[36:], "acsp")
	binary.BigEndian.PutUint32(head[68:], 0xf6d6) // D50
	binary.BigEndian.PutUint32(head[72:], 0x10000)
	binary.BigEndian.PutUint32(head[76:], 0xd32d)
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, t := range tags {
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
		table = append(table, t[0]...)
		table = binary.BigEndian.AppendUint32(table, uint32(128+4+12*len(tags)+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t[1])))
		data = append(data, t[1]...)
	}
	out := append(append(head, table...), data...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}
