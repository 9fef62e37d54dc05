package transform

import (
	"bytes"
	"encoding/binary"
)

// Markers of ITU-T T.81 table B.1.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xc0
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP1 = 0xe1
	markerAPP2 = 0xe2
)

// iccHeader begins an APP2 segment with a piece of the profile; two bytes of
// sequence number and count follow (ICC.1:2010 annex B.4).
const iccHeader = "ICC_PROFILE\x00"

// jpegWalk is what is known of a JPEG while its segments are walked.
type jpegWalk struct {
	Meta
	framed   bool // a frame header was read
	oriented bool // an EXIF block was read: the first one counts
}

// jpeg walks all segments from SOI to EOI and, between them, the entropy-coded
// data, which is how the scans are counted. What follows EOI (a second picture
// of an MPO, a camera's trailer) is not looked at.
func (w *walker) jpeg() (Meta, error) {
	j := jpegWalk{Meta: Meta{Format: JPEG, Orientation: 1, Frames: 1}}
	w.skip(2)
	for {
		marker, ok := w.marker()
		switch {
		case !ok:
			return j.cut("ends before its frame header")
		case marker == markerEOI:
			if !j.framed {
				return Meta{}, corrupt("JPEG has no frame header")
			}
			if j.Scans == 0 {
				return j.cut("")
			}
			return j.Meta, nil
		case marker == markerSOI:
			return j.cut("starts twice")
		case marker == markerTEM, isRST(marker):
			continue
		}
		if done, err := w.segment(&j, marker); done || err != nil {
			if err != nil {
				return Meta{}, err
			}
			return j.cut("has a broken segment before its frame header")
		}
	}
}

// cut ends a walk that found no EOI: the dimensions stand where they are known.
func (j *jpegWalk) cut(why string) (Meta, error) {
	if !j.framed {
		return Meta{}, corrupt("JPEG " + why)
	}
	j.Truncated, j.FrameCut = true, true
	return j.Meta, nil
}

// segment reads one segment with a length, and the entropy-coded data after a
// scan header. It reports done where the data ends or the length is impossible.
func (w *walker) segment(j *jpegWalk, marker byte) (done bool, err error) {
	head := w.peek(2)
	if len(head) < 2 {
		return true, nil
	}
	length := int64(binary.BigEndian.Uint16(head)) // counts itself
	if length < 2 {
		return true, nil
	}
	w.skip(2)
	end := w.pos + length - 2
	switch {
	case isSOF(marker):
		if j.framed {
			return false, corrupt("JPEG has two frame headers")
		}
		if err := w.frameHeader(&j.Meta, marker, int(length)); err != nil {
			return false, err
		}
		j.framed = true
	case marker == markerSOS && !j.framed:
		return false, corrupt("JPEG has a scan before its frame header")
	case marker == markerSOS:
		j.Scans++
	case marker == markerAPP1:
		w.app1(j, length-2)
	case marker == markerAPP2:
		if n := int64(len(iccHeader)) + 2; length-2 >= n && hasPrefix(w.peek(len(iccHeader)), iccHeader) {
			j.ICCBytes += length - 2 - n
		}
	}
	if end > w.size {
		return true, nil
	}
	w.pos = end
	if marker == markerSOS {
		w.entropy()
	}
	return false, nil
}

// frameHeader reads SOFn (T.81 B.2.2) and decides what libjpeg would refuse.
func (w *walker) frameHeader(m *Meta, marker byte, length int) error {
	const fixed, most = 6, 6 + 3*4 // without and with four components
	p := w.peek(min(length-2, most))
	if len(p) < fixed {
		return corrupt("JPEG ends in its frame header")
	}
	process := marker - markerSOF0
	if process&3 == 3 || process&4 != 0 {
		// T.81 table B.1: n mod 4 = 3 is lossless, 4 ≤ n mod 8 is hierarchical.
		return ErrUnsupported
	}
	m.Depth = p[0]
	m.Height = int(binary.BigEndian.Uint16(p[1:]))
	m.Width = int(binary.BigEndian.Uint16(p[3:]))
	m.Components = p[5]
	m.Progressive = process&3 == 2
	m.Arithmetic = process >= 9
	switch {
	case m.Width == 0 || m.Height == 0: // a height left to DNL is read by no common decoder
		return corrupt("JPEG has no width or no height")
	case m.Depth != 8 && m.Depth != 12 || m.Depth == 12 && process == 0:
		return corrupt("JPEG has an impossible sample depth")
	case m.Components < 1 || m.Components > 4 || length != 8+3*int(m.Components):
		return corrupt("JPEG has an impossible number of components")
	}
	c := p[fixed:]
	if len(c) < 3*int(m.Components) {
		return corrupt("JPEG ends in its frame header")
	}
	for ; len(c) >= 3; c = c[3:] {
		if h, v := c[1]>>4, c[1]&15; h < 1 || h > 4 || v < 1 || v > 4 {
			return corrupt("JPEG has an impossible sampling factor")
		}
	}
	return nil
}

// app1 reads an EXIF block; XMP and anything else in APP1 is passed over.
func (w *walker) app1(j *jpegWalk, length int64) {
	skip := int64(len(exifHeader)) + 1
	if length < skip || !hasPrefix(w.peek(len(exifHeader)), exifHeader) {
		return
	}
	j.EXIFBytes += length - skip
	if !j.oriented {
		j.oriented = true
		w.skip(skip)
		j.Orientation = w.orientation(length - skip)
	}
}

// marker consumes up to and including the next marker. Bytes between segments
// that belong to none are passed over with libjpeg's tolerance.
func (w *walker) marker() (marker byte, ok bool) {
	for {
		b, ok := w.byte()
		if !ok {
			return 0, false
		}
		if b != 0xff {
			continue
		}
		for b == 0xff { // fill bytes, T.81 B.1.1.2
			if b, ok = w.byte(); !ok {
				return 0, false
			}
		}
		if b != 0 {
			return b, true
		}
	}
}

// entropy walks through entropy-coded data to the 0xff of the marker that ends
// it: not a stuffed zero (T.81 F.1.2.3), not a restart marker, not a fill byte.
func (w *walker) entropy() {
	for {
		p := w.ahead()
		i := 0
		for i+1 < len(p) {
			if p[i] != 0xff {
				n := bytes.IndexByte(p[i+1:], 0xff)
				if n < 0 {
					n = len(p) - 1 - i
				}
				i += 1 + n
				continue
			}
			switch c := p[i+1]; {
			case c == 0xff:
				i++
			case c == 0 || isRST(c):
				i += 2
			default:
				w.skip(int64(i))
				return
			}
		}
		w.skip(int64(i))
		if i > 0 {
			continue
		}
		if p = w.peek(2); len(p) < 2 { // the last byte of the data, or of the window
			w.skip(int64(len(p)))
			return
		}
	}
}

func isRST(marker byte) bool { return markerRST0 <= marker && marker <= markerRST7 }

func isSOF(marker byte) bool {
	return marker >= markerSOF0 && marker <= 0xcf &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}
