package vips

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/imgorigin/imgorigin/transform"
)

// The colour types of PNG 11.2.2.
const (
	pngGrey      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGreyAlpha = 4
	pngRGBA      = 6
)

// rawPNG writes a PNG of any depth and colour type, interlaced or not, of the
// samples that pixel returns. A palette is one of greys, from black to white.
func rawPNG(w, h, depth int, colourType byte, interlaced bool, pixel func(x, y int) []uint16) []byte {
	type pass struct{ x, y, dx, dy int }
	passes := []pass{{0, 0, 1, 1}}
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = append(binary.BigEndian.AppendUint32(head, uint32(h)), byte(depth), colourType, 0, 0, 0)
	if interlaced { // PNG 8.2
		passes = []pass{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
		head[12] = 1
	}
	var raw []byte
	for _, p := range passes {
		for y := p.y; y < h && p.x < w; y += p.dy {
			raw = append(raw, 0) // filter: none
			var bits, have uint
			for x := p.x; x < w; x += p.dx {
				for _, v := range pixel(x, y) {
					bits, have = bits<<depth|uint(v), have+uint(depth)
					for ; have >= 8; have -= 8 {
						raw = append(raw, byte(bits>>(have-8)))
					}
				}
			}
			if have > 0 {
				raw = append(raw, byte(bits<<(8-have)))
			}
		}
	}
	var data bytes.Buffer
	z := zlib.NewWriter(&data)
	_, _ = z.Write(raw)
	_ = z.Close()

	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		summed := append([]byte(name), data...)
		out = binary.BigEndian.AppendUint32(append(out, summed...), crc32.ChecksumIEEE(summed))
	}
	chunk("IHDR", head)
	if colourType == pngPalette {
		var greys []byte
		for i := range 1 << depth {
			v := byte(i * 255 / (1<<depth - 1))
			greys = append(greys, v, v, v)
		}
		chunk("PLTE", greys)
	}
	chunk("IDAT", data.Bytes())
	chunk("IEND", nil)
	return out
}

// TestEveryKindOfPNG renders a grey ramp in all fifteen combinations of depth and
// colour type, interlaced and not, and finds the same ramp.
func TestEveryKindOfPNG(t *testing.T) {
	r := newRenderer(t)
	const w, h = 128, 96
	for colourType, depths := range map[byte][]int{
		pngGrey: {1, 2, 4, 8, 16}, pngRGB: {8, 16}, pngPalette: {1, 2, 4, 8}, pngGreyAlpha: {8, 16}, pngRGBA: {8, 16},
	} {
		for _, depth := range depths {
			for _, interlaced := range []bool{false, true} {
				most := 1<<depth - 1
				file := rawPNG(w, h, depth, colourType, interlaced, func(x, _ int) []uint16 {
					v := uint16((x*most + w/2) / (w - 1))
					return map[byte][]uint16{
						pngGrey: {v}, pngRGB: {v, v, v}, pngPalette: {v}, pngGreyAlpha: {v, uint16(most)}, pngRGBA: {v, v, v, uint16(most)},
					}[colourType]
				})
				t.Run(fmt.Sprintf("colour type %d, %d bits, interlaced %v", colourType, depth, interlaced), func(t *testing.T) {
					for _, form := range []string{"64x48", "128x96", "200x0"} {
						out := renderBytes(t, r, file, form, transform.Unknown)
						if m := probe(t, out); m.Depth != 8 || m.Alpha || m.Components > 3 {
							t.Errorf("%s: answer has %d bits, %d components, alpha %v", form, m.Depth, m.Components, m.Alpha)
						}
						img := decode(t, out)
						steps := float64(most) // of the ramp; a coarse one is a staircase
						for _, part := range []float64{0.02, 0.35, 0.65, 0.98} {
							x := int(part * float64(img.Rect.Dx()))
							c := img.NRGBAAt(x, img.Rect.Dy()/2)
							want := (float64(x) + 0.5) / float64(img.Rect.Dx()) * 255
							if d := float64(c.R) - want; d*d > (6+140/steps)*(6+140/steps) || c.R != c.G || c.G != c.B || c.A != 255 {
								t.Errorf("%s: pixel %d is %v, want grey %.0f", form, x, c, want)
							}
						}
					}
				})
			}
		}
	}
}
