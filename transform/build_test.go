package transform

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// read returns a picture from testdata/pictures: 60×35 pixels each, written by
// libvips 8.14, and arithmetic.jpg by libjpeg-turbo from baseline.jpg.
func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gradient is a picture whose rows and columns all differ.
func gradient(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(x ^ y), 255})
		}
	}
	return img
}

func encodeJPEGOf(w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, gradient(w, h), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func encodePNGOf(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, gradient(w, h)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// encodeGIFOf makes one frame per rectangle on a w × h canvas.
func encodeGIFOf(w, h int, transparent bool, frames ...image.Rectangle) []byte {
	palette := color.Palette{color.Black, color.White}
	if transparent {
		palette[1] = color.Transparent
	}
	g := &gif.GIF{Config: image.Config{Width: w, Height: h, ColorModel: palette}}
	for _, r := range frames {
		g.Image = append(g.Image, image.NewPaletted(r, palette))
		g.Delay = append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func be16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func be32(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
func le16(v int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(v)) }
func le24(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }
func le32(v int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }

// exifTIFF is a TIFF structure with padding entries before the orientation,
// gap bytes between the header and the directory, and the value as a SHORT.
func exifTIFF(order binary.AppendByteOrder, orientation, before, gap int) []byte {
	b := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, uint32(8+gap))
	b = append(b, make([]byte, gap)...)
	b = order.AppendUint16(b, uint16(before+1))
	entry := func(tag, kind, count, value int) {
		b = order.AppendUint16(b, uint16(tag))
		b = order.AppendUint16(b, uint16(kind))
		b = order.AppendUint32(b, uint32(count))
		b = order.AppendUint16(b, uint16(value))
		b = append(b, 0, 0)
	}
	for range before {
		entry(0x0100, 3, 1, 7)
	}
	entry(tagOrientation, 3, 1, orientation)
	return append(b, 0, 0, 0, 0) // no second directory
}

// jpegSegment is a marker with a length.
func jpegSegment(marker byte, payload ...[]byte) []byte {
	p := join(payload...)
	return join([]byte{0xff, marker}, be16(len(p)+2), p)
}

func jpegEXIF(tiff []byte) []byte {
	return jpegSegment(markerAPP1, []byte("Exif\x00\x00"), tiff)
}

// jpegFrame is a frame header of the given process (n of SOFn).
func jpegFrame(process byte, depth, w, h, components int) []byte {
	p := join([]byte{byte(depth)}, be16(h), be16(w), []byte{byte(components)})
	for i := range components {
		p = append(p, byte(i+1), 0x11, 0)
	}
	return jpegSegment(markerSOF0+process, p)
}

// jpegScan is a scan header of one component with entropy-coded data.
func jpegScan(data string) []byte {
	return join(jpegSegment(markerSOS, []byte{1, 1, 0, 0, 63, 0}), []byte(data))
}

// jpegFile puts segments between SOI and EOI.
func jpegFile(segments ...[]byte) []byte {
	return join([]byte{0xff, markerSOI}, join(segments...), []byte{0xff, markerEOI})
}

// afterSOI inserts segments at the front of a JPEG.
func afterSOI(file []byte, segments ...[]byte) []byte {
	return join(file[:2], join(segments...), file[2:])
}

func pngChunk(kind string, payload ...[]byte) []byte {
	p := join(payload...)
	body := append([]byte(kind), p...)
	return join(be32(len(p)), body, be32(int(crc32.ChecksumIEEE(body))))
}

func pngHeader(w, h, depth, colour, interlace int) []byte {
	return pngChunk("IHDR", be32(w), be32(h), []byte{byte(depth), byte(colour), 0, 0, byte(interlace)})
}

// pngFile puts chunks between the signature and IEND.
func pngFile(chunks ...[]byte) []byte {
	return join([]byte(pngSignature), join(chunks...), pngChunk("IEND"))
}

// afterIHDR inserts chunks after the header of a PNG.
func afterIHDR(file []byte, chunks ...[]byte) []byte {
	const at = 8 + 25
	return join(file[:at], join(chunks...), file[at:])
}

func riffChunk(kind string, payload ...[]byte) []byte {
	p := join(payload...)
	return join([]byte(kind), le32(len(p)), p, make([]byte, len(p)&1))
}

func webpFile(chunks ...[]byte) []byte {
	return riffChunk("RIFF", []byte("WEBP"), join(chunks...))
}

// vp8 is the chunk of a lossy picture with a header and no macroblock data.
func vp8(w, h int) []byte {
	const partition = 4
	return riffChunk("VP8 ", le24(partition<<5|1<<4), []byte{0x9d, 0x01, 0x2a}, le16(w), le16(h), make([]byte, 8))
}

// vp8l is the chunk of a lossless picture with a header and no pixels.
func vp8l(w, h int, alpha bool) []byte {
	bits := w - 1 | (h-1)<<14
	if alpha {
		bits |= 1 << 28
	}
	return riffChunk("VP8L", []byte{0x2f}, le32(bits), make([]byte, 4))
}

func vp8x(flags byte, w, h int) []byte {
	return riffChunk("VP8X", []byte{flags, 0, 0, 0}, le24(w-1), le24(h-1))
}

// anmf is one frame of an animation; x and y are even.
func anmf(x, y, w, h int, chunks ...[]byte) []byte {
	return riffChunk("ANMF", le24(x/2), le24(y/2), le24(w-1), le24(h-1), le24(100), []byte{0}, join(chunks...))
}
