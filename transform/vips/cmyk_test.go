package vips

import (
	"encoding/binary"
	"math"
)

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
