package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrContainer is returned for bytes that are not a well-formed file of a format that can carry what was asked.
var ErrContainer = errors.New("picture: not a file that can carry this")

const (
	pngMagic  = "\x89PNG\r\n\x1a\n"
	exifMagic = "Exif\x00\x00"
	iccMagic  = "ICC_PROFILE\x00"
)

// WithEXIF returns the file with the EXIF block (a TIFF structure, without "Exif\0\0") in place of any that it had: in JPEG
// an APP1 segment (Exif 2.32, section 4.7.2), in PNG the chunk eXIf, in WebP the chunk EXIF of an extended file. The block
// itself is not checked.
func WithEXIF(file, exif []byte) ([]byte, error) {
	switch formatOf(file) {
	case JPEGFormat:
		return withSegments(file, 0xE1, exifMagic, [][]byte{exif})
	case PNGFormat:
		return withPNGChunk(file, "eXIf", exif)
	case WebPFormat:
		return withWebPChunk(file, "EXIF", exif)
	}
	return nil, fmt.Errorf("%w: EXIF", ErrContainer)
}

// WithICC returns the file with the ICC profile in place of any that it had: in JPEG as APP2 segments of at most 65,519
// profile bytes (ICC.1:2010, annex B.4), in PNG as the deflated chunk iCCP, in WebP as the chunk ICCP of an extended file.
// The profile itself is not checked.
func WithICC(file, profile []byte) ([]byte, error) {
	switch formatOf(file) {
	case JPEGFormat:
		const most = 65533 - len(iccMagic) - 2
		n := max(1, (len(profile)+most-1)/most)
		if n > 255 {
			return nil, fmt.Errorf("%w: a profile of %d bytes", ErrContainer, len(profile))
		}
		parts := make([][]byte, n)
		for i := range parts {
			part := profile[min(i*most, len(profile)):min((i+1)*most, len(profile))]
			parts[i] = append([]byte{byte(i + 1), byte(n)}, part...)
		}
		return withSegments(file, 0xE2, iccMagic, parts)
	case PNGFormat:
		var b bytes.Buffer
		b.WriteString("ICC profile\x00\x00") // a name, its end, and compression method 0
		z := zlib.NewWriter(&b)
		if _, err := z.Write(profile); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		return withPNGChunk(file, "iCCP", b.Bytes())
	case WebPFormat:
		return withWebPChunk(file, "ICCP", profile)
	}
	return nil, fmt.Errorf("%w: an ICC profile", ErrContainer)
}

// Format is a file format, by the name that image.Decode gives it.
type Format string

// The formats that this package writes.
const (
	JPEGFormat Format = "jpeg"
	PNGFormat  Format = "png"
	GIFFormat  Format = "gif"
	WebPFormat Format = "webp"
)

// formatOf goes by the magic bytes; it returns "" for none of the four.
func formatOf(file []byte) Format {
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8\xff")):
		return JPEGFormat
	case bytes.HasPrefix(file, []byte(pngMagic)):
		return PNGFormat
	case bytes.HasPrefix(file, []byte("GIF8")):
		return GIFFormat
	case len(file) >= 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WEBP":
		return WebPFormat
	}
	return ""
}

// segment is a JPEG marker segment before the first scan; body does not include the length.
type segment struct {
	marker byte
	body   []byte
}

// jpegSegments splits a JPEG into its marker segments and the rest, which begins with the marker SOS (ITU-T T.81, annex B).
func jpegSegments(file []byte) (segments []segment, rest []byte, err error) {
	for rest = file[2:]; len(rest) >= 4 && rest[0] == 0xFF; {
		marker := rest[1]
		if marker == 0xDA {
			return segments, rest, nil
		}
		n := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if n < 4 || n > len(rest) {
			break
		}
		segments = append(segments, segment{marker, rest[4:n]})
		rest = rest[n:]
	}
	return nil, nil, fmt.Errorf("%w: no scan in the JPEG", ErrContainer)
}

// withSegments puts one segment per part, each beginning with magic, behind JFIF's APP0 (which must be the first), and
// drops those that the file had.
func withSegments(file []byte, marker byte, magic string, parts [][]byte) ([]byte, error) {
	old, rest, err := jpegSegments(file)
	if err != nil {
		return nil, err
	}
	var first, others []segment
	for _, s := range old {
		switch {
		case s.marker == 0xE0:
			first = append(first, s)
		case s.marker != marker || !bytes.HasPrefix(s.body, []byte(magic)):
			others = append(others, s)
		}
	}
	for _, p := range parts {
		first = append(first, segment{marker, append([]byte(magic), p...)})
	}
	out := []byte{0xFF, 0xD8}
	for _, s := range append(first, others...) {
		if len(s.body)+2 > 0xFFFF {
			return nil, fmt.Errorf("%w: %d bytes in one JPEG segment", ErrContainer, len(s.body))
		}
		out = appendSegment(out, s.marker, s.body)
	}
	return append(out, rest...), nil
}

func appendSegment(out []byte, marker byte, body []byte) []byte {
	out = append(out, 0xFF, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(out, body...)
}

// chunk is a chunk of a PNG or RIFF file.
type chunk struct {
	name string
	data []byte
}

func pngChunks(file []byte) (chunks []chunk, err error) {
	for rest := file[len(pngMagic):]; len(rest) > 0; {
		if len(rest) < 12 || int64(binary.BigEndian.Uint32(rest))+12 > int64(len(rest)) {
			return nil, fmt.Errorf("%w: a PNG chunk is cut", ErrContainer)
		}
		n := int(binary.BigEndian.Uint32(rest))
		chunks = append(chunks, chunk{string(rest[4:8]), rest[8 : 8+n]})
		rest = rest[12+n:]
	}
	if len(chunks) == 0 || chunks[0].name != "IHDR" || len(chunks[0].data) != 13 {
		return nil, fmt.Errorf("%w: no IHDR in the PNG", ErrContainer)
	}
	return chunks, nil
}

func pngFile(chunks []chunk) []byte {
	out := []byte(pngMagic)
	for _, c := range chunks {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.data)))
		from := len(out)
		out = append(append(out, c.name...), c.data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[from:]))
	}
	return out
}

// withPNGChunk puts the chunk directly behind IHDR: both eXIf and iCCP may stand before PLTE and IDAT. A profile takes the
// place of sRGB too, since a file must not have both.
func withPNGChunk(file []byte, name string, data []byte) ([]byte, error) {
	old, err := pngChunks(file)
	if err != nil {
		return nil, err
	}
	chunks := []chunk{old[0], {name, data}}
	for _, c := range old[1:] {
		if c.name != name && (name != "iCCP" || c.name != "sRGB") {
			chunks = append(chunks, c)
		}
	}
	return pngFile(chunks), nil
}
