package picture

import (
	"encoding/binary"
	"math"
)

// ProfileSRGB returns an ICC profile of IEC 61966-2-1 sRGB. As all Profile functions it returns a version 2.4 display
// profile (ICC.1:2001-04) of a kilobyte or three, with colorants adapted to D50 by the linear Bradford transform, the same
// bytes on every call.
func ProfileSRGB() []byte {
	return rgbProfile("sRGB", xy{0.64, 0.33}, xy{0.30, 0.60}, xy{0.15, 0.06}, d65, srgbCurve())
}

// ProfileDisplayP3 returns an ICC profile of Display P3: the primaries of SMPTE EG 432-1, white D65, sRGB's curve.
func ProfileDisplayP3() []byte {
	return rgbProfile("Display P3", xy{0.680, 0.320}, xy{0.265, 0.690}, xy{0.150, 0.060}, d65, srgbCurve())
}

// ProfileAdobeRGB returns an ICC profile compatible with Adobe RGB (1998): gamma 563/256 by its specification.
func ProfileAdobeRGB() []byte {
	return rgbProfile("Adobe RGB compatible", xy{0.64, 0.33}, xy{0.21, 0.71}, xy{0.15, 0.06}, d65, gammaCurve(563))
}

// ProfileProPhoto returns an ICC profile of ProPhoto RGB (ROMM RGB, ISO 22028-2 primaries), with the pure gamma of 461/256,
// the nearest to 1.8 that the format can say, that the profiles in use have.
func ProfileProPhoto() []byte {
	return rgbProfile("ProPhoto RGB", xy{0.7347, 0.2653}, xy{0.1596, 0.8404}, xy{0.0366, 0.0001}, d50, gammaCurve(461))
}

// ProfileGrey returns an ICC profile for one grey channel of gamma 2.2 (563/256).
func ProfileGrey() []byte {
	return profile("GRAY", []chunk{
		{"desc", descTag("Grey, gamma 2.2")},
		{"cprt", textTag()},
		{"wtpt", xyzTag(pcsWhite)},
		{"kTRC", gammaCurve(563)},
	})
}

// xy is a chromaticity of CIE 1931.
type xy struct{ x, y float64 }

type vector [3]float64

type matrix [3]vector // rows

var (
	d65 = xy{0.3127, 0.3290}
	d50 = xy{0.3457, 0.3585}

	pcsWhite = vector{0.9642, 1, 0.8249} // ICC.1:2001-04, section 6.3.4.3: the D50 of the connection space

	bradford = matrix{
		{0.8951, 0.2664, -0.1614},
		{-0.7502, 1.7135, 0.0367},
		{0.0389, -0.0685, 1.0296},
	}
)

// rgbProfile makes a matrix/TRC profile of three primaries, a white and one curve.
func rgbProfile(name string, r, g, b, white xy, curve []byte) []byte {
	c := colorants(r, g, b, white)
	return profile("RGB ", []chunk{
		{"desc", descTag(name)},
		{"cprt", textTag()},
		{"wtpt", xyzTag(pcsWhite)},
		{"rXYZ", xyzTag(vector{c[0][0], c[1][0], c[2][0]})},
		{"gXYZ", xyzTag(vector{c[0][1], c[1][1], c[2][1]})},
		{"bXYZ", xyzTag(vector{c[0][2], c[1][2], c[2][2]})},
		{"rTRC", curve},
		{"gTRC", curve},
		{"bTRC", curve},
	})
}

// colorants returns the matrix from linear RGB to the connection space: the primaries scaled to add up to white, then
// adapted from white to D50 in Bradford's cone space.
func colorants(r, g, b, white xy) matrix {
	pr, pg, pb, pw := r.xyz(), g.xyz(), b.xyz(), white.xyz()
	m := matrix{{pr[0], pg[0], pb[0]}, {pr[1], pg[1], pb[1]}, {pr[2], pg[2], pb[2]}}
	s := m.inverse().of(pw)
	from, to := bradford.of(pw), bradford.of(pcsWhite)
	scale := matrix{{to[0] / from[0]}, {0, to[1] / from[1]}, {0, 0, to[2] / from[2]}}
	adapt := bradford.inverse().times(scale).times(bradford)
	return adapt.times(m).times(matrix{{s[0]}, {0, s[1]}, {0, 0, s[2]}})
}

// xyz returns the colour of this chromaticity with Y 1.
func (c xy) xyz() vector {
	return vector{c.x / c.y, 1, (1 - c.x - c.y) / c.y}
}

func (m matrix) of(v vector) (out vector) {
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

func (m matrix) times(n matrix) (out matrix) {
	for i := range 3 {
		for j := range 3 {
			out[i][j] = m[i][0]*n[0][j] + m[i][1]*n[1][j] + m[i][2]*n[2][j]
		}
	}
	return out
}

// inverse is by cofactors; the matrices here are far from singular.
func (m matrix) inverse() (out matrix) {
	det := 0.0
	for i := range 3 {
		for j := range 3 {
			a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
			out[j][i] = m[a][c]*m[b][d] - m[a][d]*m[b][c]
		}
		det += m[0][i] * out[i][0]
	}
	for i := range 3 {
		for j := range 3 {
			out[i][j] /= det
		}
	}
	return out
}

// profile assembles header, tag table and tags; equal tags are stored once.
func profile(space string, tags []chunk) []byte {
	be := binary.BigEndian
	head := make([]byte, 128)
	copy(head[8:], "\x02\x40\x00\x00") // version 2.4
	copy(head[12:], "mntr")
	copy(head[16:], space)
	copy(head[20:], "XYZ ")
	for i, v := range []uint16{2000, 1, 1, 0, 0, 0} { // a fixed date, so that the bytes are
		be.PutUint16(head[24+2*i:], v)
	}
	copy(head[36:], "acsp")
	copy(head[68:], xyzTag(pcsWhite)[8:])

	table := be.AppendUint32(nil, uint32(len(tags)))
	var body []byte
	at := map[string]int{}
	for _, t := range tags {
		offset, found := at[string(t.data)]
		if !found {
			offset = 128 + 4 + 12*len(tags) + len(body)
			at[string(t.data)] = offset
			body = append(body, t.data...)
			for len(body)%4 != 0 {
				body = append(body, 0)
			}
		}
		table = append(table, t.name...)
		table = be.AppendUint32(table, uint32(offset))
		table = be.AppendUint32(table, uint32(len(t.data)))
	}
	out := append(append(head, table...), body...)
	be.PutUint32(out, uint32(len(out)))
	return out
}

// descTag is a textDescriptionType: ASCII, then an empty Unicode and an empty Macintosh text.
func descTag(s string) []byte {
	b := append([]byte("desc"), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)+1))
	b = append(append(b, s...), 0)
	return append(b, make([]byte, 4+4+2+1+67)...)
}

func textTag() []byte {
	return []byte("text\x00\x00\x00\x00No copyright, use freely\x00")
}

func xyzTag(v vector) []byte {
	b := append([]byte("XYZ "), 0, 0, 0, 0)
	for _, f := range v {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(f*65536)))) // s15Fixed16Number
	}
	return b
}

// gammaCurve is a curveType of one u8Fixed8Number: gamma in 256ths.
func gammaCurve(gamma uint16) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), 1)
	return binary.BigEndian.AppendUint16(b, gamma)
}

// srgbCurve is sRGB's transfer function as a table of 1024 entries: version 2 has no parametric curves.
func srgbCurve() []byte {
	const n = 1024
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), n)
	for i := range n {
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(65535*toLinear(float64(i)/(n-1)))))
	}
	return b
}
