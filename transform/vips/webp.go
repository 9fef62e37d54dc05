package vips

import "encoding/binary"

// The parts of an extended WebP file (RFC 9649 sections 2.3 and 2.7).
const (
	riffHeader  = 12 // "RIFF", size, "WEBP"
	chunkHeader = 8  // name, size

	vp8xSize = 10 // of its data
	vp8xXMP  = 1 << 2
	vp8xEXIF = 1 << 3
	vp8xICC  = 1 << 5
)

// bareWebP returns a still WebP that libvips wrote without its metadata: libvips
// 8.14 does not heed its own strip option here, and adds EXIF where there was
// none. Anything that it does not understand is returned as it is.
func bareWebP(file []byte) []byte {
	if len(file) < riffHeader {
		return file
	}
	if end := chunkHeader + int64(binary.LittleEndian.Uint32(file[4:])); end >= riffHeader && end < int64(len(file)) {
		file = file[:end] // what follows is no part of it (RFC 9649 section 2.4)
	}
	out := append(make([]byte, 0, len(file)), file[:riffHeader]...)
	for rest := file[riffHeader:]; len(rest) > 0; {
		if len(rest) < chunkHeader {
			return file
		}
		size := int64(binary.LittleEndian.Uint32(rest[4:]))
		end := chunkHeader + size
		if end > int64(len(rest)) {
			return file
		}
		end = min(end+size&1, int64(len(rest))) // the last one may lack its padding
		chunk := rest[:end]
		rest = rest[end:]
		switch string(chunk[:4]) {
		case "EXIF", "XMP ", "ICCP":
			continue
		case "VP8X":
			if size != vp8xSize {
				return file
			}
			if flags := chunk[chunkHeader] &^ (vp8xXMP | vp8xEXIF | vp8xICC); flags != 0 {
				out = append(out, chunk...)
				out[len(out)-len(chunk)+chunkHeader] = flags
			} // else nothing extended is left
			continue
		}
		out = append(out, chunk...)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-chunkHeader))
	return out
}
