package transform

import (
	"errors"
	"strings"
	"testing"
)

func TestProbeJPEGProcesses(t *testing.T) {
	for _, tt := range []struct {
		name        string
		process     byte
		depth       int
		progressive bool
		arithmetic  bool
		err         error
	}{
		{name: "SOF0 baseline", process: 0, depth: 8},
		{name: "SOF1 extended", process: 1, depth: 8},
		{name: "SOF1 extended, 12 bits", process: 1, depth: 12},
		{name: "SOF2 progressive", process: 2, depth: 8, progressive: true},
		{name: "SOF3 lossless", process: 3, depth: 8, err: ErrUnsupported},
		{name: "SOF5 hierarchical", process: 5, depth: 8, err: ErrUnsupported},
		{name: "SOF6 hierarchical", process: 6, depth: 8, err: ErrUnsupported},
		{name: "SOF7 hierarchical", process: 7, depth: 8, err: ErrUnsupported},
		{name: "SOF9 arithmetic", process: 9, depth: 8, arithmetic: true},
		{name: "SOF10 arithmetic, progressive", process: 10, depth: 8, progressive: true, arithmetic: true},
		{name: "SOF11 arithmetic, lossless", process: 11, depth: 8, err: ErrUnsupported},
		{name: "SOF13 arithmetic, hierarchical", process: 13, depth: 8, err: ErrUnsupported},
		{name: "SOF14 arithmetic, hierarchical", process: 14, depth: 8, err: ErrUnsupported},
		{name: "SOF15 arithmetic, hierarchical", process: 15, depth: 8, err: ErrUnsupported},
		{name: "baseline with 12 bits", process: 0, depth: 12, err: ErrCorrupt},
		{name: "9 bits", process: 1, depth: 9, err: ErrCorrupt},
		{name: "DHT is no frame header", process: 4, depth: 8, err: ErrCorrupt},
		{name: "JPG is no frame header", process: 8, depth: 8, err: ErrCorrupt},
		{name: "DAC is no frame header", process: 12, depth: 8, err: ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := jpegFile(jpegFrame(tt.process, tt.depth, 640, 480, 3), jpegScan("data"))
			if tt.err != nil {
				wantProbeError(t, file, tt.err)
				return
			}
			wantProbe(t, file, Meta{
				Format: JPEG, Width: 640, Height: 480, Orientation: 1, Depth: uint8(tt.depth), Components: 3, Frames: 1,
				Scans: 1, Progressive: tt.progressive, Arithmetic: tt.arithmetic,
			})
		})
	}
}

func TestProbeJPEGCountsScans(t *testing.T) {
	frame := jpegFrame(2, 8, 64, 48, 3)
	for _, tt := range []struct {
		name     string
		segments [][]byte
		scans    int
	}{
		{"one", [][]byte{jpegScan("a")}, 1},
		{"three", [][]byte{jpegScan("a"), jpegScan("b"), jpegScan("c")}, 3},
		{"an empty scan counts", [][]byte{jpegScan(""), jpegScan("")}, 2},
		{"a stuffed zero ends no scan", [][]byte{jpegScan("a\xff\x00\xff\x00b"), jpegScan("")}, 2},
		{"a restart marker ends no scan", [][]byte{jpegScan("a\xff\xd0b\xff\xd7c"), jpegScan("")}, 2},
		{"a stuffed SOS is data", [][]byte{jpegScan("\xff\x00\xda\x00\x08")}, 1},
		{"tables between scans", [][]byte{jpegScan("a"), jpegSegment(markerDHT, make([]byte, 30)), jpegScan("b")}, 2},
		{"a restart interval between scans", [][]byte{jpegScan("a"), jpegSegment(0xdd, be16(4)), jpegScan("b")}, 2},
		{"fill bytes before a marker", [][]byte{jpegScan("a\xff\xff\xff"), jpegScan("b")}, 2},
		{"SOS in a comment is text", [][]byte{jpegSegment(0xfe, jpegScan("a")), jpegScan("b")}, 1},
		{"data longer than the window", [][]byte{jpegScan(strings.Repeat("x", 3*windowSize)), jpegScan("")}, 2},
		{"a window full of stuffed zeros", [][]byte{jpegScan(strings.Repeat("\xff\x00", 2*windowSize)), jpegScan("")}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(jpegFile(append([][]byte{frame}, tt.segments...)...))
			if err != nil || m.Scans != tt.scans || m.Truncated {
				t.Errorf("Probe = %+v, %v, want %d scans", m, err, tt.scans)
			}
		})
	}
}

// The window may end between 0xff and what it introduces, wherever that is.
func TestProbeJPEGAcrossTheSeamOfTheWindow(t *testing.T) {
	for pad := windowSize - 80; pad < windowSize+16; pad++ {
		for _, end := range []string{"", "\xff\x00", "\xff\xd3", "\xff\xff", "\xff\x00\xff\xd3\xff"} {
			data := strings.Repeat("x", pad) + end
			m, err := probeBytes(jpegFile(jpegFrame(2, 8, 64, 48, 1), jpegScan(data), jpegScan("b")))
			if err != nil || m.Scans != 2 || m.Truncated {
				t.Fatalf("%d bytes of data and %q: %+v, %v", pad, end, m, err)
			}
		}
	}
}

func TestProbeJPEGStopsAtEOI(t *testing.T) {
	file := jpegFile(jpegFrame(0, 8, 64, 48, 1), jpegScan("a"))
	second := jpegFile(jpegFrame(0, 8, 9999, 9999, 1), jpegScan("a"), jpegScan("b"))
	m, err := probeBytes(join(file, second, []byte("a trailer")))
	if err != nil || m.Width != 64 || m.Scans != 1 || m.Truncated {
		t.Errorf("Probe = %+v, %v", m, err)
	}
}

func TestProbeJPEGWithDamage(t *testing.T) {
	frame, scan := jpegFrame(0, 8, 64, 48, 3), jpegScan("data")
	soi, eoi := []byte{0xff, markerSOI}, []byte{0xff, markerEOI}
	for _, tt := range []struct {
		name      string
		file      []byte
		err       error
		truncated bool
	}{
		{name: "bytes between segments are passed over", file: jpegFile(jpegSegment(0xe0), []byte("junk\x00\xff\x00"), frame, scan)},
		{name: "fill bytes before a segment", file: jpegFile([]byte{0xff, 0xff}, frame, scan)},
		{name: "TEM has no length", file: jpegFile([]byte{0xff, markerTEM}, frame, scan)},
		{name: "a stray restart marker has no length", file: jpegFile([]byte{0xff, markerRST0}, frame, scan)},
		{name: "many large APP segments", file: jpegFile(join(segments(40)...), frame, scan)},
		{name: "a sampling factor of four", file: jpegFile(jpegSegment(markerSOF0, []byte{8}, be16(48), be16(64), []byte{1, 1, 0x44, 0}), scan)},
		{name: "no EOI", file: join(soi, frame, scan), truncated: true},
		{name: "no scan, no EOI", file: join(soi, frame), truncated: true},
		{name: "no scan", file: join(soi, frame, eoi), truncated: true},
		{name: "a second start after the frame header", file: join(soi, frame, scan, soi, eoi), truncated: true},
		{name: "a length of one after the frame header", file: jpegFile(frame, []byte{0xff, 0xe0, 0, 1}, scan), truncated: true},
		{name: "a length beyond the end after the frame header", file: jpegFile(frame, []byte{0xff, 0xe0, 0xff, 0xff}), truncated: true},

		{name: "no frame header", file: jpegFile(jpegSegment(0xe0)), err: ErrCorrupt},
		{name: "a scan before the frame header", file: jpegFile(scan, frame), err: ErrCorrupt},
		{name: "two frame headers", file: jpegFile(frame, frame, scan), err: ErrCorrupt},
		{name: "a second start before the frame header", file: join(soi, soi, frame, scan, eoi), err: ErrCorrupt},
		{name: "a length of zero before the frame header", file: jpegFile([]byte{0xff, 0xe0, 0, 0}, frame, scan), err: ErrCorrupt},
		{name: "a length beyond the end before the frame header", file: jpegFile([]byte{0xff, 0xe0, 0xff, 0xff}, frame), err: ErrCorrupt},
		{name: "no width", file: jpegFile(jpegFrame(0, 8, 0, 48, 3), scan), err: ErrCorrupt},
		{name: "no height", file: jpegFile(jpegFrame(0, 8, 64, 0, 3), scan), err: ErrCorrupt},
		{name: "no components", file: jpegFile(jpegFrame(0, 8, 64, 48, 0), scan), err: ErrCorrupt},
		{name: "five components", file: jpegFile(jpegFrame(0, 8, 64, 48, 5), scan), err: ErrCorrupt},
		{name: "fewer components than claimed", file: jpegFile(jpegSegment(markerSOF0, []byte{8}, be16(48), be16(64), []byte{3, 1, 0x11, 0}), scan), err: ErrCorrupt},
		{name: "a sampling factor of zero", file: jpegFile(jpegSegment(markerSOF0, []byte{8}, be16(48), be16(64), []byte{1, 1, 0x01, 0}), scan), err: ErrCorrupt},
		{name: "a sampling factor of five", file: jpegFile(jpegSegment(markerSOF0, []byte{8}, be16(48), be16(64), []byte{1, 1, 0x15, 0}), scan), err: ErrCorrupt},
		{name: "a frame header of two bytes", file: jpegFile(jpegSegment(markerSOF0), scan), err: ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := probeBytes(tt.file)
			switch {
			case !errors.Is(err, tt.err):
				t.Errorf("Probe = %+v, %v, want %v", m, err, tt.err)
			case err == nil && (m.Width != 64 || m.Height != 48 || m.Truncated != tt.truncated || m.FrameCut != tt.truncated):
				t.Errorf("Probe = %+v, want 64×48, Truncated and FrameCut %t", m, tt.truncated)
			}
		})
	}
}

// segments makes n APP segments of the greatest length.
func segments(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = jpegSegment(0xe4, make([]byte, 65533))
	}
	return all
}

func TestProbeJPEGProfile(t *testing.T) {
	frame, scan := jpegFrame(0, 8, 64, 48, 3), jpegScan("data")
	piece := func(n int) []byte { return jpegSegment(markerAPP2, []byte(iccHeader+"\x01\x02"), make([]byte, n)) }
	for _, tt := range []struct {
		name string
		file []byte
		want int64
	}{
		{"none", jpegFile(frame, scan), 0},
		{"in one piece", jpegFile(piece(3144), frame, scan), 3144},
		{"in two pieces", jpegFile(piece(65519), piece(100), frame, scan), 65619},
		{"an APP2 of another kind", jpegFile(jpegSegment(markerAPP2, []byte("MPF\x00"), make([]byte, 80)), frame, scan), 0},
		{"a header without its numbers", jpegFile(jpegSegment(markerAPP2, []byte(iccHeader)), frame, scan), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if m, err := probeBytes(tt.file); err != nil || m.ICCBytes != tt.want {
				t.Errorf("Probe = %+v, %v, want %d bytes", m, err, tt.want)
			}
		})
	}
}
