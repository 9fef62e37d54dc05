package transform

import (
	"errors"
	"image"
	"testing"
)

// gifScreen is a GIF up to its first block, without a colour table.
func gifScreen(w, h int) []byte { return join([]byte("GIF89a"), le16(w), le16(h), []byte{0, 0, 0}) }

// gifPicture is a frame with a few bytes of data.
func gifPicture(x, y, w, h int, packed byte) []byte {
	return join([]byte{gifImage}, le16(x), le16(y), le16(w), le16(h), []byte{packed}, make([]byte, colourTable(packed)),
		[]byte{2, 3, 1, 2, 3, 0})
}

func gifControlBlock(packed byte) []byte {
	return []byte{gifExtension, gifControl, 4, packed, 0, 0, 0, 0}
}

func TestProbeGIFCanvas(t *testing.T) {
	for _, tt := range []struct {
		name   string
		screen Size
		frames [][]byte
		want   Size
		alpha  bool
	}{
		{"the frame fills the screen", Size{40, 30}, [][]byte{gifPicture(0, 0, 40, 30, 0)}, Size{40, 30}, false},
		{"the frame is a part of the screen", Size{40, 30}, [][]byte{gifPicture(10, 10, 5, 5, 0)}, Size{40, 30}, true},
		{"the first frame reaches beyond the screen", Size{10, 10}, [][]byte{gifPicture(5, 5, 10, 10, 0)}, Size{15, 15}, true},
		{"a later frame reaches beyond the screen", Size{10, 10}, [][]byte{gifPicture(0, 0, 10, 10, 0), gifPicture(0, 0, 99, 99, 0)}, Size{10, 10}, false},
		{"a screen of nothing", Size{}, [][]byte{gifPicture(2, 3, 20, 15, 0)}, Size{22, 18}, true},
		{"a screen of nothing and no offset", Size{}, [][]byte{gifPicture(0, 0, 20, 15, 0)}, Size{20, 15}, false},
		{"the largest frame at the largest offset", Size{1, 1}, [][]byte{gifPicture(65535, 65535, 65535, 65535, 0)}, Size{131070, 131070}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(join(gifScreen(tt.screen.Width, tt.screen.Height), join(tt.frames...), []byte{gifTrailer}))
			if err != nil || m.Width != tt.want.Width || m.Height != tt.want.Height || m.Alpha != tt.alpha || m.Frames != len(tt.frames) {
				t.Errorf("Probe = %+v, %v, want %v, alpha %t", m, err, tt.want, tt.alpha)
			}
		})
	}
}

func TestProbeGIFBlocks(t *testing.T) {
	frame := gifPicture(0, 0, 40, 30, 0)
	for _, tt := range []struct {
		name       string
		blocks     [][]byte
		frames     int
		alpha      bool
		interlaced bool
	}{
		{"one frame", [][]byte{frame}, 1, false, false},
		{"an interlaced frame", [][]byte{gifPicture(0, 0, 40, 30, 0x40)}, 1, false, true},
		{"an interlaced second frame", [][]byte{frame, gifPicture(0, 0, 40, 30, 0x40)}, 2, false, false},
		{"a colour table of its own", [][]byte{gifPicture(0, 0, 40, 30, 0x87), frame}, 2, false, false},
		{"a transparent colour", [][]byte{gifControlBlock(1), frame}, 1, true, false},
		{"no transparent colour", [][]byte{gifControlBlock(0x08), frame}, 1, false, false},
		{"a transparent colour in the second frame", [][]byte{frame, gifControlBlock(1), frame}, 2, false, false},
		{"the last control counts", [][]byte{gifControlBlock(1), gifControlBlock(0), frame}, 1, false, false},
		{"comments and padding", [][]byte{[]byte("!\xfe\x05hello\x05world\x00"), {0, 0, 0}, frame, {0}}, 1, false, false},
		{"a frame inside a comment is text", [][]byte{join([]byte{gifExtension, 0xfe, byte(len(frame))}, frame, []byte{0}), frame}, 1, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(join(gifScreen(40, 30), join(tt.blocks...), []byte{gifTrailer}))
			if err != nil || m.Frames != tt.frames || m.Alpha != tt.alpha || m.Interlaced != tt.interlaced || m.Truncated {
				t.Errorf("Probe = %+v, %v, want %d frames, alpha %t, interlaced %t", m, err, tt.frames, tt.alpha, tt.interlaced)
			}
		})
	}
}

func TestProbeGIFWithDamage(t *testing.T) {
	frame := gifPicture(0, 0, 40, 30, 0)
	for _, tt := range []struct {
		name                string
		file                []byte
		err                 error
		truncated, frameCut bool
	}{
		{name: "anything after the trailer", file: join(gifScreen(40, 30), frame, []byte(";<script>"))},
		{name: "no trailer", file: join(gifScreen(40, 30), frame), truncated: true},
		{name: "an unknown block after the frame", file: join(gifScreen(40, 30), frame, []byte("x;")), truncated: true},
		{name: "cut in the second frame", file: join(gifScreen(40, 30), frame, frame[:12]), truncated: true},
		{name: "cut in the first frame's data", file: join(gifScreen(40, 30), frame[:13]), truncated: true, frameCut: true},
		{name: "cut in the first frame's descriptor", file: join(gifScreen(40, 30), frame[:5]), truncated: true, frameCut: true},
		{name: "cut before the first frame", file: gifScreen(40, 30), truncated: true, frameCut: true},
		{name: "cut in the colour table", file: join([]byte("GIF89a"), le16(40), le16(30), []byte{0x87, 0, 0}), truncated: true, frameCut: true},

		{name: "cut in the header", file: []byte("GIF89a\x28\x00"), err: ErrCorrupt},
		{name: "no frame", file: join(gifScreen(40, 30), []byte{gifTrailer}), err: ErrCorrupt},
		{name: "an empty first frame", file: join(gifScreen(40, 30), gifPicture(0, 0, 0, 30, 0), []byte{gifTrailer}), err: ErrCorrupt},
		{name: "no screen and cut before the first frame", file: gifScreen(0, 30), err: ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(tt.file)
			switch {
			case !errors.Is(err, tt.err):
				t.Errorf("Probe = %+v, %v, want %v", m, err, tt.err)
			case err == nil && (m.Width != 40 || m.Height != 30 || m.Frames != 1 && m.Frames != 2):
				t.Errorf("Probe = %+v, want 40×30", m)
			case m.Truncated != tt.truncated || m.FrameCut != tt.frameCut:
				t.Errorf("Probe = %+v, want Truncated %t, FrameCut %t", m, tt.truncated, tt.frameCut)
			}
		})
	}
}

func TestProbeGIFCountsFramesOfTheStandardLibrary(t *testing.T) {
	frames := make([]image.Rectangle, 57)
	for i := range frames {
		frames[i] = image.Rect(0, 0, 300, 200)
	}
	m, err := probeBytes(encodeGIFOf(300, 200, true, frames...))
	if err != nil || m.Frames != len(frames) || !m.Alpha || m.Truncated {
		t.Errorf("Probe = %+v, %v", m, err)
	}
}
