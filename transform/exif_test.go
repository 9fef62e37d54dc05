package transform

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// carriers put a TIFF structure into each format that has a place for it.
var carriers = map[string]func(tiff []byte) []byte{
	"jpeg": func(tiff []byte) []byte { return afterSOI(encodeJPEGOf(40, 30), jpegEXIF(tiff)) },
	"png":  func(tiff []byte) []byte { return afterIHDR(encodePNGOf(40, 30), pngChunk("eXIf", tiff)) },
	"webp": func(tiff []byte) []byte {
		return webpFile(vp8x(0x08, 40, 30), vp8(40, 30), riffChunk("EXIF", tiff))
	},
	"webp with the prefix of JPEG": func(tiff []byte) []byte {
		return webpFile(vp8x(0x08, 40, 30), vp8(40, 30), riffChunk("EXIF", []byte("Exif\x00\x00"), tiff))
	},
	"animated webp": func(tiff []byte) []byte {
		return webpFile(vp8x(0x0a, 40, 30), anmf(0, 0, 40, 30, vp8(40, 30)), riffChunk("EXIF", tiff))
	},
}

func TestOrientationInEveryCarrierAndByteOrder(t *testing.T) {
	for name, carry := range carriers {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for o := 1; o <= 8; o++ {
				t.Run(fmt.Sprintf("%s, %s, %d", name, order, o), func(t *testing.T) {
					m, err := probeBytes(carry(exifTIFF(order, o, 0, 0)))
					if err != nil || int(m.Orientation) != o {
						t.Fatalf("Probe = %+v, %v", m, err)
					}
					want := Size{40, 30}
					if o >= 5 {
						want = Size{30, 40}
					}
					if w, h := m.Upright(); (Size{w, h}) != want {
						t.Errorf("Upright = %d×%d, want %v", w, h, want)
					}
				})
			}
		}
	}
}

func TestOrientationOfUnusualAndBrokenEXIF(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	good := exifTIFF(le, 6, 0, 0)
	patch := func(at int, with ...byte) []byte {
		b := append([]byte(nil), good...)
		copy(b[at:], with)
		return b
	}
	for _, tt := range []struct {
		name string
		tiff []byte
		want uint8
	}{
		{"after thirty other tags", exifTIFF(be, 6, 30, 0), 6},
		{"after as many tags as are looked at", exifTIFF(be, 6, maxIFDEntries-1, 0), 6},
		{"after more tags than are looked at", exifTIFF(be, 6, maxIFDEntries, 0), 1},
		{"in a directory far into the block", exifTIFF(be, 6, 3, 40_000), 6},
		{"as a LONG", patch(12, typeLong), 6},
		{"as a big-endian LONG", func() []byte {
			b := exifTIFF(be, 0, 0, 0)
			b[13], b[21] = typeLong, 6
			return b
		}(), 6},
		{"without an end of the directory", good[:22], 6},

		{"zero", exifTIFF(le, 0, 0, 0), 1},
		{"nine", exifTIFF(le, 9, 0, 0), 1},
		{"65535", exifTIFF(be, 65535, 0, 0), 1},
		{"an empty block", nil, 1},
		{"a byte order without directory", good[:4], 1},
		{"a directory offset beyond the block", patch(4, 0xff, 0xff), 1},
		{"a directory offset of 4 GiB", patch(4, 0xff, 0xff, 0xff, 0xff), 1},
		{"a directory offset into the header", patch(4, 4), 1},
		{"a directory of no entries", patch(8, 0), 1},
		{"a directory of 65,535 entries in a short block", patch(8, 0xff, 0xff), 6},
		{"a cut entry", good[:20], 1},
		{"an unknown byte order", patch(0, 'X', 'X'), 1},
		{"a wrong version", patch(2, 43), 1},
	} {
		for name, carry := range carriers {
			t.Run(name+": "+tt.name, func(t *testing.T) {
				m, err := probeBytes(carry(tt.tiff))
				if err != nil || m.Orientation != tt.want {
					t.Errorf("Probe = %+v, %v, want orientation %d", m, err, tt.want)
				}
				if m.Width != 40 || m.Height != 30 || m.Truncated {
					t.Errorf("the picture was lost: %+v", m)
				}
			})
		}
	}
}

func TestTheFirstEXIFBlockCounts(t *testing.T) {
	six, three := exifTIFF(binary.LittleEndian, 6, 0, 0), exifTIFF(binary.BigEndian, 3, 0, 0)
	xmp := jpegSegment(markerAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00<x/>"))
	for name, file := range map[string][]byte{
		"jpeg": afterSOI(encodeJPEGOf(40, 30), xmp, jpegEXIF(six), jpegEXIF(three)),
		"png":  afterIHDR(encodePNGOf(40, 30), pngChunk("eXIf", six), pngChunk("eXIf", three)),
		"webp": webpFile(vp8x(8, 40, 30), vp8(40, 30), riffChunk("EXIF", six), riffChunk("EXIF", three)),
	} {
		m, err := probeBytes(file)
		if err != nil || m.Orientation != 6 || m.EXIFBytes != int64(len(six)+len(three)) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestEXIFOutsideOfAnExtendedWebPIsIgnored(t *testing.T) {
	m, err := probeBytes(webpFile(vp8(40, 30), riffChunk("EXIF", exifTIFF(binary.LittleEndian, 6, 0, 0))))
	if err != nil || m.Orientation != 1 {
		t.Errorf("Probe = %+v, %v", m, err)
	}
}
