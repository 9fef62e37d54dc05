package transform

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// idat is enough data for a picture of a few pixels.
func idat() []byte { return pngChunk("IDAT", make([]byte, 64)) }

func TestProbePNGColourTypesAndDepths(t *testing.T) {
	allowed := map[int][]int{0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
	components := map[int]uint8{0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
	for colour := range 9 {
		for _, depth := range []int{0, 1, 2, 3, 4, 8, 12, 16, 32} {
			t.Run(fmt.Sprintf("colour type %d, %d bits", colour, depth), func(t *testing.T) {
				file := pngFile(pngHeader(20, 10, depth, colour, 0), pngChunk("PLTE", make([]byte, 6)), idat())
				if !slices.Contains(allowed[colour], depth) {
					wantProbeError(t, file, ErrCorrupt)
					return
				}
				wantProbe(t, file, Meta{
					Format: PNG, Width: 20, Height: 10, Orientation: 1, Depth: uint8(depth), Frames: 1,
					Components: components[colour], Alpha: colour >= 4,
				})
			})
		}
	}
}

func TestProbePNGTransparencyAndAnimation(t *testing.T) {
	grey, palette := pngHeader(20, 10, 8, 0, 0), pngHeader(20, 10, 8, 3, 0)
	plte, control := pngChunk("PLTE", make([]byte, 6)), pngChunk("fcTL", make([]byte, 26))
	animation := pngChunk("acTL", be32(1<<30), be32(0))
	for _, tt := range []struct {
		name       string
		file       []byte
		alpha      bool
		components uint8
		frames     int
	}{
		{"opaque grey", pngFile(grey, idat()), false, 1, 1},
		{"a transparent grey", pngFile(grey, pngChunk("tRNS", be16(0)), idat()), true, 2, 1},
		{"two of them", pngFile(grey, pngChunk("tRNS", be16(0)), pngChunk("tRNS", be16(0)), idat()), true, 2, 1},
		{"a transparent palette", pngFile(palette, plte, pngChunk("tRNS", []byte{0}), idat()), true, 4, 1},
		{"tRNS after the data is too late", pngFile(grey, idat(), pngChunk("tRNS", be16(0))), false, 1, 1},
		{"tRNS beside alpha changes nothing", pngFile(pngHeader(20, 10, 8, 6, 0), pngChunk("tRNS", be16(0)), idat()), true, 4, 1},
		{"an animation is counted, not believed", pngFile(grey, animation, control, idat(), control, control), false, 1, 3},
		{"an animation of no frame", pngFile(grey, animation, idat()), false, 1, 1},
		{"frames without an animation", pngFile(grey, control, idat(), control), false, 1, 1},
		{"an animation announced after the data", pngFile(grey, control, idat(), animation, control), false, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(tt.file)
			if err != nil || m.Alpha != tt.alpha || m.Components != tt.components || m.Frames != tt.frames {
				t.Errorf("Probe = %+v, %v, want alpha %t, %d components, %d frames", m, err, tt.alpha, tt.components, tt.frames)
			}
		})
	}
}

func TestProbePNGMetadata(t *testing.T) {
	m, err := probeBytes(pngFile(pngHeader(20, 10, 8, 2, 1), pngChunk("iCCP", make([]byte, 700)), idat(), pngChunk("eXIf", make([]byte, 50))))
	if err != nil || m.ICCBytes != 700 || m.EXIFBytes != 50 || !m.Interlaced {
		t.Errorf("Probe = %+v, %v", m, err)
	}
}

func TestProbePNGKnowsWhatItsTextsCanInflateTo(t *testing.T) {
	compressed := make([]byte, 2000)
	for _, tt := range []struct {
		name  string
		texts [][]byte
		want  int64
	}{
		{"none", nil, 0},
		{"a plain one", [][]byte{pngChunk("tEXt", []byte("Title\x00abc"))}, 9},
		{"a compressed one", [][]byte{pngChunk("zTXt", []byte("Title\x00\x00"), compressed)}, 2007 * 1032},
		{"a compressed one of which libpng stops inflating", [][]byte{pngChunk("zTXt", make([]byte, 9000))}, 8_000_000},
		{"a compressed one that is longer than that as it is", [][]byte{pngChunk("zTXt", make([]byte, 8_000_001))}, 8_000_001},
		{"an international one that is not compressed", [][]byte{pngChunk("iTXt", []byte("Title\x00\x00\x00\x00\x00"), compressed)}, 2010},
		{"an international one that is", [][]byte{pngChunk("iTXt", []byte("Title\x00\x01\x00\x00\x00"), compressed)}, 2010 * 1032},
		{"one without an end of its keyword", [][]byte{pngChunk("iTXt", []byte("Title"))}, 5 * 1032},
		{"all of them", [][]byte{pngChunk("tEXt", make([]byte, 10)), pngChunk("zTXt", make([]byte, 10)), pngChunk("iTXt", make([]byte, 10))}, 10 + 10*1032 + 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, before := range []bool{true, false} { // the data: libpng reads texts on either side of it
				chunks := append([][]byte{pngHeader(20, 10, 8, 2, 0)}, tt.texts...)
				if chunks = append(chunks, idat()); !before {
					chunks = append([][]byte{chunks[0], idat()}, tt.texts...)
				}
				if m, err := probeBytes(pngFile(chunks...)); err != nil || m.TextBytes != tt.want {
					t.Errorf("Probe = %+v, %v, want %d bytes of text", m, err, tt.want)
				}
			}
		})
	}
}

func TestProbePNGWithDamage(t *testing.T) {
	head := pngHeader(20, 10, 8, 2, 0)
	signature, end := []byte(pngSignature), pngChunk("IEND")
	badSum := append([]byte(nil), head...)
	badSum[len(badSum)-1] ^= 1
	lie := func(length int, kind string) []byte { return join(be32(length), []byte(kind)) }
	for _, tt := range []struct {
		name                string
		file                []byte
		err                 error
		truncated, frameCut bool
	}{
		{name: "whole", file: join(signature, head, idat(), end)},
		{name: "anything after IEND", file: join(signature, head, idat(), end, []byte("PK\x03\x04"))},
		{name: "an unknown chunk", file: join(signature, head, pngChunk("prIv", []byte("?")), idat(), end)},
		{name: "no IEND", file: join(signature, head, idat()), truncated: true, frameCut: true},
		{name: "no IEND, but a chunk after the data", file: join(signature, head, idat(), pngChunk("tEXt")), truncated: true},
		{name: "cut after the header", file: join(signature, head), truncated: true, frameCut: true},
		{name: "a chunk of 2 GiB", file: join(signature, head, idat(), lie(1<<31-1, "tEXt"), end), truncated: true},
		{name: "a chunk of more than 2 GiB", file: join(signature, head, idat(), lie(1<<31, "tEXt"), end), truncated: true, frameCut: true},
		{name: "data of 2 GiB", file: join(signature, head, lie(1<<31-1, "IDAT"), make([]byte, 40)), truncated: true, frameCut: true},
		{name: "a chunk type of no letters", file: join(signature, head, idat(), lie(0, "\x00\x01\x02\x03"), end), truncated: true, frameCut: true},
		{name: "100 megapixels in 64 bytes", file: join(signature, pngHeader(10_000, 10_000, 8, 2, 0), idat(), end), truncated: true, frameCut: true},
		{name: "as many pixels as a pixel header can claim", file: join(signature, pngHeader(1<<31-1, 1<<31-1, 16, 6, 1), idat(), end), truncated: true, frameCut: true},

		{name: "no header", file: join(signature, idat(), end), err: ErrCorrupt},
		{name: "a header of another length", file: join(signature, pngChunk("IHDR", make([]byte, 14)), idat(), end), err: ErrCorrupt},
		{name: "a wrong checksum", file: join(signature, badSum, idat(), end), err: ErrCorrupt},
		{name: "no width", file: join(signature, pngHeader(0, 10, 8, 2, 0), idat(), end), err: ErrCorrupt},
		{name: "no height", file: join(signature, pngHeader(20, 0, 8, 2, 0), idat(), end), err: ErrCorrupt},
		{name: "a width of 2^31", file: join(signature, pngHeader(1<<31, 10, 8, 2, 0), idat(), end), err: ErrCorrupt},
		{name: "an unknown interlace method", file: join(signature, pngHeader(20, 10, 8, 2, 2), idat(), end), err: ErrCorrupt},
		{name: "two headers", file: join(signature, head, head, idat(), end), err: ErrCorrupt},
		{name: "no palette", file: join(signature, pngHeader(20, 10, 8, 3, 0), idat(), end), err: ErrCorrupt},
		{name: "no data", file: join(signature, head, end), err: ErrCorrupt},
		{name: "empty data", file: join(signature, head, pngChunk("IDAT"), end), err: ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(tt.file)
			switch {
			case !errors.Is(err, tt.err):
				t.Errorf("Probe = %+v, %v, want %v", m, err, tt.err)
			case m.Truncated != tt.truncated || m.FrameCut != tt.frameCut:
				t.Errorf("Probe = %+v, want Truncated %t, FrameCut %t", m, tt.truncated, tt.frameCut)
			}
		})
	}
}

// A picture of one colour is the densest that deflate can make; it must not be
// taken for a header that lies.
func TestProbePNGBelievesTheDensestData(t *testing.T) {
	for _, side := range []int{1, 7, 100, 2000} {
		for _, bits := range []int{1, 8} {
			for _, chunk := range []string{"tRNS", "prIv"} {
				raw := (side*bits+7)/8*side + side // with the filter bytes
				data := pngChunk("IDAT", make([]byte, raw/maxDeflateRatio+1))
				m, err := probeBytes(pngFile(pngHeader(side, side, bits, 0, 0), pngChunk(chunk, be16(0)), data))
				if err != nil || m.Truncated {
					t.Errorf("%d pixels of %d bits with %s: %+v, %v", side*side, bits, chunk, m, err)
				}
			}
		}
	}
}
