package transform

// Format is an image format of thumbnails.
//
// All but AVIF are read as well: these are exactly the types for which PocketBase's
// observed behaviour is to make a thumbnail; every other type is served as the
// original. AVIF is only written, by a plan that asks for it (Options.PlanAs); a
// thumbnail keeps its source's format, so that no URL leads to it.
type Format uint8

// The formats. The zero value is no format at all.
const (
	Unknown Format = iota
	JPEG
	PNG
	GIF
	WebP
	AVIF
)

// FormatOf returns the format of a stored MIME type, Unknown when thumbnails are
// not made of it, as of AVIF. The comparison is exact, as in PocketBase's observed
// behaviour: lower case, no parameters. "image/jpg" is not a registered type but
// is found on objects written by hand, and means JPEG.
func FormatOf(mime string) Format {
	switch mime {
	case "image/jpeg", "image/jpg":
		return JPEG
	case "image/png":
		return PNG
	case "image/gif":
		return GIF
	case "image/webp":
		return WebP
	}
	return Unknown
}

// MIME returns the registered media type, "" for Unknown.
func (f Format) MIME() string {
	switch f {
	case JPEG:
		return "image/jpeg"
	case PNG:
		return "image/png"
	case GIF:
		return "image/gif"
	case WebP:
		return "image/webp"
	case AVIF:
		return "image/avif"
	}
	return ""
}

// String returns the format's usual lower-case name, "unknown" for Unknown.
func (f Format) String() string {
	switch f {
	case JPEG:
		return "jpeg"
	case PNG:
		return "png"
	case GIF:
		return "gif"
	case WebP:
		return "webp"
	case AVIF:
		return "avif"
	}
	return "unknown"
}

// MaxSide returns the longest side in pixels that an encoder of the format
// writes, 0 for Unknown.
//
// JPEG: 65,535 fits the frame header (ITU-T T.81 B.2.2), but libjpeg stops at
// 65,500. PNG: 2^31-1 (PNG 11.2.1). GIF: 65,535 (GIF89a 18). WebP: 16,383, from
// the 14 bits of a VP8 frame header (RFC 6386 9.1). AVIF: 16,384, which is what
// libvips passes on; AV1 itself has 65,536.
func (f Format) MaxSide() int {
	switch f {
	case JPEG:
		return 65500
	case PNG:
		return 1<<31 - 1
	case GIF:
		return 65535
	case WebP:
		return 16383
	case AVIF:
		return 16384
	}
	return 0
}
