package transform

import (
	"errors"
	"testing"
)

func TestProbeWebPLayouts(t *testing.T) {
	alph := riffChunk("ALPH", []byte{0, 1, 2})
	for _, tt := range []struct {
		name     string
		file     []byte
		want     Size
		frames   int
		alpha    bool
		lossless bool
	}{
		{"lossy", webpFile(vp8(40, 30)), Size{40, 30}, 1, false, false},
		{"lossy with an upscaling hint", webpFile(vp8(0x4000|40, 0xc000|30)), Size{40, 30}, 1, false, false},
		{"lossy, the largest", webpFile(vp8(16383, 16383)), Size{16383, 16383}, 1, false, false},
		{"lossless", webpFile(vp8l(40, 30, false)), Size{40, 30}, 1, false, true},
		{"lossless with alpha", webpFile(vp8l(40, 30, true)), Size{40, 30}, 1, true, true},
		{"lossless, the largest", webpFile(vp8l(16384, 16384, false)), Size{16384, 16384}, 1, false, true},
		{"extended", webpFile(vp8x(0, 40, 30), vp8(40, 30)), Size{40, 30}, 1, false, false},
		{"extended, with sides of two bytes", webpFile(vp8x(0, 0x1234, 0x2345), vp8(0x1234, 0x2345)), Size{0x1234, 0x2345}, 1, false, false},
		{"extended with alpha", webpFile(vp8x(webpAlpha, 40, 30), alph, vp8(40, 30)), Size{40, 30}, 1, true, false},
		{"alpha without its flag", webpFile(vp8x(0, 40, 30), alph, vp8(40, 30)), Size{40, 30}, 1, true, false},
		{"extended with an unknown chunk", webpFile(vp8x(0, 40, 30), riffChunk("odd!", []byte{1}), vp8(40, 30)), Size{40, 30}, 1, false, false},
		{"two frames", webpFile(vp8x(webpAnimation, 40, 30), riffChunk("ANIM", make([]byte, 6)), anmf(0, 0, 40, 30, vp8(40, 30)), anmf(2, 4, 8, 8, vp8l(8, 8, true))), Size{40, 30}, 2, false, false},
		{"a first frame that is a part of the canvas", webpFile(vp8x(webpAnimation, 40, 30), anmf(4, 2, 36, 28, vp8(36, 28))), Size{40, 30}, 1, true, false},
		{"a first frame with alpha", webpFile(vp8x(webpAnimation, 40, 30), anmf(0, 0, 40, 30, alph, vp8(40, 30))), Size{40, 30}, 1, true, false},
		{"a lossless first frame", webpFile(vp8x(webpAnimation, 40, 30), anmf(0, 0, 40, 30, vp8l(40, 30, false))), Size{40, 30}, 1, false, true},
		{"frames without the flag are no frames", webpFile(vp8x(0, 40, 30), vp8(40, 30), anmf(0, 0, 40, 30, vp8(40, 30))), Size{40, 30}, 1, false, false},
		{"a second image is no frame", webpFile(vp8x(0, 40, 30), vp8(40, 30), vp8l(8, 8, true)), Size{40, 30}, 1, false, false},
		{"anything after the container", join(webpFile(vp8(40, 30)), []byte("trailer")), Size{40, 30}, 1, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := Meta{
				Format: WebP, Width: tt.want.Width, Height: tt.want.Height, Orientation: 1, Depth: 8, Components: 3,
				Frames: tt.frames, Alpha: tt.alpha, Lossless: tt.lossless,
			}
			if tt.alpha {
				want.Components = 4
			}
			wantProbe(t, tt.file, want)
		})
	}
}

func TestProbeWebPMetadata(t *testing.T) {
	m, err := probeBytes(webpFile(vp8x(0x28, 40, 30), riffChunk("ICCP", make([]byte, 700)), riffChunk("ICCP", []byte{1}), vp8(40, 30), riffChunk("EXIF", make([]byte, 51))))
	if err != nil || m.ICCBytes != 701 || m.EXIFBytes != 51 || m.Truncated {
		t.Errorf("Probe = %+v, %v", m, err)
	}
}

func TestProbeWebPWithDamage(t *testing.T) {
	still := func(chunks ...[]byte) []byte { return webpFile(append([][]byte{vp8x(0, 40, 30)}, chunks...)...) }
	moving := func(chunks ...[]byte) []byte {
		return webpFile(append([][]byte{vp8x(webpAnimation, 40, 30)}, chunks...)...)
	}
	// claim overwrites the length in the RIFF header.
	claim := func(file []byte, length int) []byte { return join(file[:4], le32(length), file[8:]) }
	vp8With := func(at int, b byte) []byte {
		c := vp8(40, 30)
		c[8+at] = b
		return c
	}
	vp8lWith := func(at int, b byte) []byte {
		c := vp8l(40, 30, false)
		c[8+at] = b
		return c
	}
	frame := anmf(0, 0, 40, 30, vp8(40, 30))
	for _, tt := range []struct {
		name                string
		file                []byte
		err                 error
		truncated, frameCut bool
	}{
		{name: "a RIFF length beyond the file", file: claim(still(vp8(40, 30)), 1<<20), truncated: true},
		{name: "a RIFF length of 4 GiB", file: claim(still(vp8(40, 30)), 1<<32-1), truncated: true},
		{name: "a RIFF length within the image", file: claim(still(vp8(40, 30)), 4+18+12), truncated: true, frameCut: true},
		{name: "a chunk beyond the file", file: claim(join(still(vp8(40, 30)), []byte("XMP "), le32(1<<31)), 100), truncated: true},
		{name: "an image beyond the container", file: webpFile(vp8x(0, 40, 30), join([]byte("VP8 "), le32(1<<30), vp8(40, 30)[8:])), truncated: true, frameCut: true},
		{name: "cut after the canvas", file: claim(still(), 200), truncated: true, frameCut: true},
		{name: "cut in the first frame", file: claim(moving(frame[:30]), 200), truncated: true, frameCut: true},
		{name: "cut in the second frame", file: claim(moving(frame, frame[:20]), 200), truncated: true},

		{name: "an empty container", file: webpFile(), err: ErrCorrupt},
		{name: "a RIFF length of zero", file: claim(still(vp8(40, 30)), 0), err: ErrCorrupt},
		{name: "metadata first", file: webpFile(riffChunk("EXIF", []byte("x")), vp8(40, 30)), err: ErrCorrupt},
		{name: "an unknown chunk first", file: webpFile(riffChunk("????", []byte("x")), vp8(40, 30)), err: ErrCorrupt},
		{name: "a canvas without image", file: still(), err: ErrCorrupt},
		{name: "an animation without frame", file: moving(vp8(40, 30)), err: ErrCorrupt},
		{name: "a frame without image", file: moving(anmf(0, 0, 40, 30)), err: ErrCorrupt},
		{name: "a short VP8X", file: webpFile(riffChunk("VP8X", make([]byte, 9)), vp8(40, 30)), err: ErrCorrupt},
		{name: "a late VP8X", file: still(vp8(40, 30), vp8x(0, 99, 99)), err: ErrCorrupt},
		{name: "a canvas of 2^32 pixels", file: webpFile(vp8x(0, 1<<16, 1<<16), vp8(40, 30)), err: ErrCorrupt},
		{name: "a canvas larger than the image", file: webpFile(vp8x(0, 41, 30), vp8(40, 30)), err: ErrCorrupt},
		{name: "a canvas smaller than the image", file: webpFile(vp8x(0, 4, 3), vp8l(40, 30, false)), err: ErrCorrupt},
		{name: "a frame beyond the canvas", file: moving(anmf(2, 0, 40, 30, vp8(40, 30))), err: ErrCorrupt},
		{name: "a second frame beyond the canvas", file: moving(frame, anmf(0, 2, 40, 30, vp8(40, 30))), err: ErrCorrupt},
		{name: "a frame and image of two sizes", file: moving(anmf(0, 0, 20, 20, vp8(40, 30))), err: ErrCorrupt},
		{name: "an image beyond its frame", file: moving(anmf(0, 0, 40, 30, join([]byte("VP8 "), le32(1<<20), vp8(40, 30)[8:]))), err: ErrCorrupt},
		{name: "no key frame", file: webpFile(vp8With(0, 0x91)), err: ErrCorrupt},
		{name: "an unknown profile", file: webpFile(vp8With(0, 0x98)), err: ErrCorrupt},
		{name: "no start code", file: webpFile(vp8With(3, 0x9c)), err: ErrCorrupt},
		{name: "a partition beyond the chunk", file: webpFile(vp8With(1, 0xff)), err: ErrCorrupt},
		{name: "no lossy width", file: webpFile(vp8(0, 30)), err: ErrCorrupt},
		{name: "no lossy height", file: webpFile(vp8(40, 0)), err: ErrCorrupt},
		{name: "no lossless signature", file: webpFile(vp8lWith(0, 0x2e)), err: ErrCorrupt},
		{name: "an unknown lossless version", file: webpFile(vp8lWith(4, 0x20)), err: ErrCorrupt},
		{name: "a lossy chunk shorter than its header", file: webpFile(riffChunk("VP8 ", make([]byte, 9))), err: ErrCorrupt},
		{name: "a lossless chunk shorter than its header", file: webpFile(riffChunk("VP8L", []byte{0x2f})), err: ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(tt.file)
			switch {
			case !errors.Is(err, tt.err):
				t.Errorf("Probe = %+v, %v, want %v", m, err, tt.err)
			case err == nil && (m.Width != 40 || m.Height != 30):
				t.Errorf("Probe = %+v, want 40×30", m)
			case m.Truncated != tt.truncated || m.FrameCut != tt.frameCut:
				t.Errorf("Probe = %+v, want Truncated %t, FrameCut %t", m, tt.truncated, tt.frameCut)
			}
		})
	}
}
