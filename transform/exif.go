package transform

import "encoding/binary"

// maxIFDEntries bounds how many entries of the first directory are looked at.
// Cameras write 10 to 30, and the tags are sorted (TIFF 6.0 section 2).
const maxIFDEntries = 256

const (
	tagOrientation = 0x0112 // TIFF 6.0 section 8
	typeLong       = 4      // TIFF 6.0 section 2
)

// exifHeader precedes the TIFF structure in a JPEG APP1 segment (Exif 2.3
// section 4.7.2). The sixth byte is padding; writers have put 0xff there.
const exifHeader = "Exif\x00"

// orientation reads the TIFF structure of n bytes that begins here and returns
// its orientation, 1 when there is none or anything about it is broken. It
// leaves the walker somewhere inside the n bytes.
func (w *walker) orientation(n int64) uint8 {
	const upright = 1
	begin := w.pos
	w.tiff, w.tiffLength = begin, n
	head := w.peek(8)
	if len(head) < 8 || n < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	ifd := int64(order.Uint32(head[4:]))
	if ifd < 8 || ifd > n-2 {
		return upright
	}
	w.skip(ifd)
	count := w.peek(2)
	if len(count) < 2 {
		return upright
	}
	w.skip(2)
	entries := min(int64(order.Uint16(count)), maxIFDEntries, (begin+n-w.pos)/12)
	for p := w.peek(int(entries) * 12); len(p) >= 12; p = p[12:] {
		if order.Uint16(p) != tagOrientation {
			continue
		}
		value := uint32(order.Uint16(p[8:]))
		if order.Uint16(p[2:]) == typeLong {
			value = order.Uint32(p[8:])
		}
		if value < 1 || value > 8 {
			return upright
		}
		return uint8(value)
	}
	return upright
}
