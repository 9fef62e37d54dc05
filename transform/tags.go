package transform

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// tagsWalk bounds how much of a picture is read in search of its EXIF block, which cameras write first; what lies between
// chunks is jumped over and does not count.
const tagsWalk = 128 << 10

// maxTIFF is the length of a JPEG segment, which an EXIF block cannot exceed there. Of a longer one, as other
// formats allow, this much is looked at.
const maxTIFF = 64 << 10

// maxTagText bounds one text, in bytes.
const maxTagText = 512

// Tags returns what the camera and its owner wrote into the EXIF block of a picture, by the names of the standard (Exif 2.3
// section 4.6): texts as string, whole numbers as int, fractions as "1/250", and several of them, as a latitude has, as
// []string. Whatever is broken or unknown is left out: no tags are an empty map. The error is r's own.
//
// At most 192 KiB are read, and time is linear in them.
func Tags(r io.ReaderAt, size int64) (map[string]any, error) {
	w := &walker{r: r, size: size, budget: tagsWalk, buf: make([]byte, windowSize)}
	_, _ = w.picture() // how a picture ends has no bearing on how it begins
	if w.err != nil {
		return nil, fmt.Errorf("transform: read header: %w", w.err)
	}
	tags := make(map[string]any)
	if w.tiffLength == 0 {
		return tags, nil
	}
	block := make([]byte, max(0, min(w.tiffLength, maxTIFF, size-w.tiff)))
	n, err := r.ReadAt(block, w.tiff)
	if n < len(block) && err != io.EOF {
		return nil, fmt.Errorf("transform: read EXIF: %w", err)
	}
	if t, ok := newTIFF(block[:n]); ok {
		t.collect(tags, t.first, mainTags)
		t.collect(tags, int64(t.camera), cameraTags)
		t.collect(tags, int64(t.place), placeTags)
	}
	return tags, nil
}

// Where the other directories lie, of the camera's settings and of the place (Exif 2.3 section 4.6.3).
const (
	tagCamera = 0x8769
	tagPlace  = 0x8825
)

var mainTags = map[uint16]string{
	0x010e: "ImageDescription", 0x010f: "Make", 0x0110: "Model", tagOrientation: "Orientation", 0x0131: "Software",
	0x0132: "DateTime", 0x013b: "Artist", 0x8298: "Copyright",
}

var cameraTags = map[uint16]string{
	0x829a: "ExposureTime", 0x829d: "FNumber", 0x8822: "ExposureProgram", 0x8827: "ISOSpeedRatings", 0x9003: "DateTimeOriginal",
	0x9004: "DateTimeDigitized", 0x9204: "ExposureBiasValue", 0x9207: "MeteringMode", 0x9209: "Flash", 0x920a: "FocalLength",
	0xa403: "WhiteBalance", 0xa405: "FocalLengthIn35mmFilm", 0xa433: "LensMake", 0xa434: "LensModel",
}

var placeTags = map[uint16]string{
	0x01: "GPSLatitudeRef", 0x02: "GPSLatitude", 0x03: "GPSLongitudeRef", 0x04: "GPSLongitude", 0x05: "GPSAltitudeRef", 0x06: "GPSAltitude",
	0x07: "GPSTimeStamp", 0x10: "GPSImgDirectionRef", 0x11: "GPSImgDirection", 0x1d: "GPSDateStamp",
}

// Types of values, TIFF 6.0 section 2.
const (
	typeByte           = 1
	typeText           = 2
	typeShort          = 3
	typeFraction       = 5
	typeSignedFraction = 10
)

// tiff is an EXIF block: a TIFF file without a picture.
type tiff struct {
	data   []byte
	order  binary.ByteOrder
	first  int64  // where its first directory lies
	camera uint32 // where the camera's does, once the first was read; 0: nowhere
	place  uint32 // and that of the place
}

func newTIFF(data []byte) (*tiff, bool) {
	if len(data) < 8 {
		return nil, false
	}
	t := &tiff{data: data}
	switch string(data[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return nil, false
	}
	t.first = int64(t.order.Uint32(data[4:]))
	return t, true
}

// collect takes the named tags of the directory at an offset. The first of two of one name counts.
func (t *tiff) collect(tags map[string]any, at int64, names map[uint16]string) {
	if at < 8 || at+2 > int64(len(t.data)) {
		return
	}
	entries := t.data[at+2:]
	for range min(int(t.order.Uint16(t.data[at:])), maxIFDEntries, len(entries)/12) {
		entry := entries[:12]
		entries = entries[12:]
		tag := t.order.Uint16(entry)
		switch tag {
		case tagCamera:
			t.camera = t.order.Uint32(entry[8:])
		case tagPlace:
			t.place = t.order.Uint32(entry[8:])
		}
		name, wanted := names[tag]
		if _, known := tags[name]; !wanted || known {
			continue
		}
		if v := t.value(entry); v != nil {
			tags[name] = v
		}
	}
}

// value is an entry's value, nil where it is of another type or lies outside of the block.
func (t *tiff) value(entry []byte) any {
	count := t.order.Uint32(entry[4:])
	switch t.order.Uint16(entry[2:]) {
	case typeText:
		text, _, _ := strings.Cut(string(t.bytes(entry, int64(min(count, maxTagText)))), "\x00")
		if text = strings.TrimSpace(strings.ToValidUTF8(text, "")); text != "" {
			return text
		}
	case typeByte:
		return int(entry[8])
	case typeShort:
		return int(t.order.Uint16(entry[8:]))
	case typeLong:
		return int(t.order.Uint32(entry[8:]))
	case typeFraction:
		return t.fractions(entry, count, func(n uint32) any { return n })
	case typeSignedFraction:
		return t.fractions(entry, count, func(n uint32) any { return int32(n) })
	}
	return nil
}

// maxFractions is how many a value has at most: degrees, minutes and seconds, or those of a lens.
const maxFractions = 4

// fractions are an entry's count fractions; as says what the 32 bits of a number mean.
func (t *tiff) fractions(entry []byte, count uint32, as func(uint32) any) any {
	if count == 0 || count > maxFractions {
		return nil
	}
	p := t.bytes(entry, 8*int64(count))
	if p == nil {
		return nil
	}
	var list []string
	for ; len(p) > 0; p = p[8:] {
		list = append(list, fmt.Sprintf("%d/%d", as(t.order.Uint32(p)), as(t.order.Uint32(p[4:]))))
	}
	if count == 1 {
		return list[0]
	}
	return list
}

// bytes are the n bytes of an entry's value: in the entry itself where they fit.
func (t *tiff) bytes(entry []byte, n int64) []byte {
	if n <= 4 {
		return entry[8 : 8+n]
	}
	at := int64(t.order.Uint32(entry[8:]))
	if at+n > int64(len(t.data)) {
		return nil
	}
	return t.data[at : at+n]
}
