// Package yardstick is libvips' own thumbnail call, for benchmarks to measure
// against: vips_thumbnail_buffer and a save with the same settings, nothing else.
// No program imports it.
package yardstick

/*
#cgo pkg-config: vips
#include <vips/vips.h>

static int encode(VipsImage *in, int output, int quality, int compression,
	void **data, size_t *length)
{
	switch (output) {
	case 1:
		return vips_jpegsave_buffer(in, data, length, "strip", TRUE, "Q", quality,
			"optimize_coding", TRUE, NULL);
	case 2:
		return vips_pngsave_buffer(in, data, length, "strip", TRUE,
			"compression", compression, "bitdepth", 8, "filter", VIPS_FOREIGN_PNG_FILTER_ALL, NULL);
	case 3:
		return vips_gifsave_buffer(in, data, length, "strip", TRUE, NULL);
	case 4:
		return vips_webpsave_buffer(in, data, length, "strip", TRUE, "Q", quality, NULL);
	case 5:
		return vips_heifsave_buffer(in, data, length, "strip", TRUE, "Q", quality,
			"compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "effort", 1, NULL);
	}
	return -1;
}

static int thumbnail(const void *source, size_t size, int width, int height, int crop,
	int output, int quality, int compression, const char *profile, void **data, size_t *length)
{
	VipsImage *image;
	int failed;

	if (profile)
		failed = vips_thumbnail_buffer((void *)source, size, &image, width, "height", height,
			"crop", crop ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE,
			"export_profile", profile, NULL);
	else
		failed = vips_thumbnail_buffer((void *)source, size, &image, width, "height", height,
			"crop", crop ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE, NULL);
	if (!failed) {
		failed = encode(image, output, quality, compression, data, length);
		g_object_unref(image);
	}
	vips_thread_shutdown();
	return failed;
}
*/
import "C"

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/imgorigin/imgorigin/transform"
)

// Thumbnail makes a thumbnail that fits into width × height pixels, or fills and
// is cut to it around the centre, upright. Where managed is set colours are
// converted to sRGB.
func Thumbnail(src []byte, width, height int, crop, managed bool, p transform.Plan) ([]byte, error) {
	var data unsafe.Pointer
	var length C.size_t
	var profile *C.char
	if managed {
		profile = C.CString("srgb")
		defer C.free(unsafe.Pointer(profile))
	}
	cropped := C.int(0)
	if crop {
		cropped = 1
	}
	failed := C.thumbnail(unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)), C.int(width), C.int(height), cropped,
		C.int(p.Output), C.int(p.Quality), C.int(p.Compression), profile, &data, &length)
	runtime.KeepAlive(src)
	if failed != 0 {
		text := C.GoString(C.vips_error_buffer())
		C.vips_error_clear()
		return nil, errors.New("yardstick: " + text)
	}
	defer C.g_free(C.gpointer(data))
	return C.GoBytes(data, C.int(length)), nil
}
