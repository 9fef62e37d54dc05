package vips

/*
#include "render.h"
*/
import "C"

import (
	"runtime"
	"unsafe"

	"github.com/h2non/bimg"

	"github.com/imgorigin/imgorigin/transform"
)

// renderBimg makes a rendition of a case that choose leaves to bimg. Clean means
// that nothing was logged while it worked: bimg asks no loader to fail on damage,
// so that a picture with warnings may lack pixels. Its error says only that there
// is one, since the text comes from a buffer that all threads share.
//
// libvips logs libjpeg's warnings on the thread that closes the picture, which is
// this one, and libpng's on a worker of its own, which counts as stray.
func renderBimg(src []byte, l layout, p transform.Plan) (out []byte, clean bool, err error) {
	runtime.LockOSThread() // bimg clears per-thread state of libvips at its end
	defer runtime.UnlockOSThread()
	var pin runtime.Pinner // libvips holds the pointer between bimg's calls into it
	pin.Pin(unsafe.SliceData(src))
	defer pin.Unpin()

	stray := C.ig_stray_warnings()
	C.ig_warnings_begin()
	out, err = bimg.Resize(src, bimgOptions(l, p))
	clean = C.ig_warnings_end() == 0 && C.ig_stray_warnings() == stray
	return out, clean, err
}

// bimgOptions asks for exactly the scaled size: Force, since bimg's other modes
// fit, crop or enlarge by rules of their own. Turning is ours to decide.
func bimgOptions(l layout, p transform.Plan) bimg.Options {
	return bimg.Options{
		Width: l.scaled.Width, Height: l.scaled.Height, Force: true,
		NoAutoRotate: true, StripMetadata: true,
		Type: bimgType(p.Output), Quality: int(p.Quality), Compression: int(p.Compression), Interlace: p.Progressive,
	}
}

func bimgType(f transform.Format) bimg.ImageType {
	switch f {
	case transform.JPEG:
		return bimg.JPEG
	case transform.PNG:
		return bimg.PNG
	case transform.WebP:
		return bimg.WEBP
	}
	return bimg.UNKNOWN
}
