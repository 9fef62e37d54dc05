package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func probeBytes(b []byte) (Meta, error) {
	return Probe(bytes.NewReader(b), int64(len(b)))
}

// wantProbe checks the whole of Meta.
func wantProbe(t *testing.T, file []byte, want Meta) {
	t.Helper()
	got, err := probeBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Probe (-want +got):\n%s", diff)
	}
}

func wantProbeError(t *testing.T, file []byte, want error) {
	t.Helper()
	if m, err := probeBytes(file); !errors.Is(err, want) {
		t.Errorf("Probe = %+v, %v, want an error that wraps %v", m, err, want)
	}
}

func TestProbeReadsPicturesOfRealEncoders(t *testing.T) {
	for name, want := range map[string]Meta{
		"baseline.jpg":    {Format: JPEG, Depth: 8, Components: 3, Scans: 1},
		"progressive.jpg": {Format: JPEG, Depth: 8, Components: 3, Scans: 10, Progressive: true},
		"arithmetic.jpg":  {Format: JPEG, Depth: 8, Components: 3, Scans: 1, Arithmetic: true},
		"cmyk.jpg":        {Format: JPEG, Depth: 8, Components: 4, Scans: 1},
		"interlaced.png":  {Format: PNG, Depth: 8, Components: 3, Interlaced: true},
		"palette.png":     {Format: PNG, Depth: 2, Components: 3},
		"grey16.png":      {Format: PNG, Depth: 16, Components: 1},
		"alpha.png":       {Format: PNG, Depth: 8, Components: 4, Alpha: true},
		"animated.gif":    {Format: GIF, Depth: 8, Components: 4, Alpha: true, Frames: 2},
		"lossy.webp":      {Format: WebP, Depth: 8, Components: 3, EXIFBytes: 186},
		"lossless.webp":   {Format: WebP, Depth: 8, Components: 3, Lossless: true, EXIFBytes: 186},
		"alpha.webp":      {Format: WebP, Depth: 8, Components: 4, Alpha: true, EXIFBytes: 186},
		"animated.webp":   {Format: WebP, Depth: 8, Components: 4, Alpha: true, Frames: 2, EXIFBytes: 186},
	} {
		t.Run(name, func(t *testing.T) {
			want.Width, want.Height, want.Orientation = 60, 35, 1
			want.Frames = max(want.Frames, 1)
			wantProbe(t, read(t, name), want)
		})
	}
}

func TestProbeReadsPicturesOfTheStandardLibrary(t *testing.T) {
	t.Run("jpeg", func(t *testing.T) {
		wantProbe(t, encodeJPEGOf(33, 17), Meta{Format: JPEG, Width: 33, Height: 17, Orientation: 1, Depth: 8, Components: 3, Frames: 1, Scans: 1})
	})
	t.Run("png", func(t *testing.T) {
		wantProbe(t, encodePNGOf(33, 17), Meta{Format: PNG, Width: 33, Height: 17, Orientation: 1, Depth: 8, Components: 3, Frames: 1})
	})
	t.Run("gif", func(t *testing.T) {
		wantProbe(t, encodeGIFOf(33, 17, false, image.Rect(0, 0, 33, 17)), Meta{Format: GIF, Width: 33, Height: 17, Orientation: 1, Depth: 8, Components: 3, Frames: 1})
	})
}

// pictures are whole and valid, one or more of each kind, for the tests and the
// fuzzing that damage them.
func pictures(t testing.TB) map[string][]byte {
	tiff := exifTIFF(binary.BigEndian, 6, 3, 0)
	files := map[string][]byte{
		"jpeg with exif": afterSOI(encodeJPEGOf(40, 30), jpegEXIF(tiff)),
		"png with exif":  afterIHDR(encodePNGOf(40, 30), pngChunk("eXIf", tiff)),
		"gif of three":   encodeGIFOf(40, 30, true, image.Rect(0, 0, 40, 30), image.Rect(5, 5, 20, 20), image.Rect(0, 0, 1, 1)),
		"webp with exif": webpFile(vp8x(0x08, 40, 30), vp8(40, 30), riffChunk("EXIF", tiff)),
		"simple webp":    webpFile(vp8l(40, 30, true)),
	}
	for _, name := range []string{
		"baseline.jpg", "progressive.jpg", "arithmetic.jpg", "cmyk.jpg",
		"interlaced.png", "palette.png", "grey16.png", "alpha.png",
		"animated.gif", "lossy.webp", "lossless.webp", "alpha.webp", "animated.webp",
	} {
		files[name] = read(t, name)
	}
	return files
}

func TestProbeOfAFileCutAnywhere(t *testing.T) {
	for name, file := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			whole, err := probeBytes(file)
			if err != nil || whole.Truncated || whole.FrameCut {
				t.Fatalf("the whole file: %+v, %v", whole, err)
			}
			sized := false // once the dimensions are there, they stay
			for n := range len(file) {
				m, err := probeBytes(file[:n])
				switch {
				case err == nil:
					sized = true
					if m.Width != whole.Width || m.Height != whole.Height || m.Format != whole.Format {
						t.Fatalf("cut at %d: %s of %d×%d", n, m.Format, m.Width, m.Height)
					}
					if m.Truncated == endsInIEND(whole, file, n) {
						t.Fatalf("cut at %d of %d: Truncated is %t", n, len(file), m.Truncated)
					}
					if m.FrameCut && !m.Truncated {
						t.Fatalf("cut at %d: FrameCut without Truncated", n)
					}
				case sized:
					t.Fatalf("cut at %d: the dimensions are gone: %v", n, err)
				case !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrCorrupt):
					t.Fatalf("cut at %d: %v", n, err)
				}
			}
			if !sized {
				t.Fatal("no cut file had dimensions")
			}
		})
	}
}

// endsInIEND reports that all that is missing after n bytes is the checksum of a
// PNG's last chunk, which nobody misses.
func endsInIEND(m Meta, file []byte, n int) bool {
	return m.Format == PNG && n >= len(file)-4
}

// failing is a reader that fails after n bytes.
type failing struct {
	io.ReaderAt
	n   int64
	err error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= f.n {
		return f.ReaderAt.ReadAt(p, off)
	}
	return 0, f.err
}

func TestProbeReportsTheReadersError(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, file := range pictures(t) {
		for _, n := range []int64{0, int64(len(file)) / 2} {
			_, err := Probe(failing{bytes.NewReader(file), n, broken}, int64(len(file)))
			if !errors.Is(err, broken) {
				t.Errorf("%s, broken at %d: %v", name, n, err)
			}
			if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnsupported) {
				t.Errorf("%s, broken at %d: blames the picture: %v", name, n, err)
			}
		}
	}
}

func TestProbeWithAWrongSize(t *testing.T) {
	for name, file := range pictures(t) {
		whole, _ := probeBytes(file)
		got, err := Probe(bytes.NewReader(file), 1<<62)
		if err != nil || got != whole {
			t.Errorf("%s, said to be endless: %+v, %v, want %+v", name, got, err, whole)
		}
		for _, size := range []int64{0, -1} {
			if _, err := Probe(bytes.NewReader(file), size); !errors.Is(err, ErrUnsupported) {
				t.Errorf("%s, said to have %d bytes: %v", name, size, err)
			}
		}
	}
}

func TestProbeOfWhatIsNoPicture(t *testing.T) {
	for name, file := range map[string]string{
		"nothing":          "",
		"text":             "hello, world",
		"SVG":              "<svg xmlns='http://www.w3.org/2000/svg'/>",
		"PDF":              "%PDF-1.7\n",
		"TIFF":             "II*\x00\x08\x00\x00\x00",
		"BMP":              "BM\x46\x00\x00\x00\x00\x00\x00\x00",
		"AVIF":             "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00",
		"WAVE":             "RIFF\x24\x00\x00\x00WAVEfmt ",
		"half a signature": "\x89PNG\r\n",
		"GIF88a":           "GIF88a\x01\x00\x01\x00\x00\x00\x00;",
		"a cut WebP":       "RIFF\x24\x00\x00\x00WEB",
	} {
		t.Run(name, func(t *testing.T) { wantProbeError(t, []byte(file), ErrUnsupported) })
	}
}

// counting counts what is read and fails the test on a read out of bounds.
type counting struct {
	t    testing.TB
	r    io.ReaderAt
	size int64
	read int64
	most int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) > c.size {
		c.t.Errorf("read of %d bytes at %d, in a picture of %d", len(p), off, c.size)
	}
	n, err := c.r.ReadAt(p, off)
	c.read += int64(n)
	c.most = max(c.most, len(p))
	return n, err
}

// endless repeats a unit after a head.
type endless struct{ head, unit string }

func (e endless) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		if at := off + int64(i); at < int64(len(e.head)) {
			p[i] = e.head[at]
		} else {
			p[i] = e.unit[(at-int64(len(e.head)))%int64(len(e.unit))]
		}
	}
	return len(p), nil
}

func TestProbeStopsAtItsBudget(t *testing.T) {
	const budget = 256 << 10
	jpegHead := string(join([]byte{0xff, markerSOI}, jpegFrame(0, 8, 40, 30, 1), jpegScan("")))
	gifHead := string(encodeGIFOf(40, 30, false, image.Rect(0, 0, 40, 30)))
	gifHead = strings.TrimSuffix(gifHead, ";")
	for name, file := range map[string]endless{
		"stuffed zeros":    {jpegHead, "\xff\x00"},
		"restart markers":  {jpegHead, "\xff\xd0"},
		"fill bytes":       {jpegHead, "\xff"},
		"entropy":          {jpegHead, "x"},
		"scans":            {jpegHead, string(jpegScan("x"))},
		"comments":         {jpegHead, "\xff\xfe\x00\x02"},
		"gif extensions":   {gifHead, "!\xfe\x00"},
		"gif sub-blocks":   {gifHead + "!\xfe", "\x01\x01"},
		"gif frames":       {gifHead, ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00"},
		"gif padding":      {gifHead, "\x00"},
		"empty png chunks": {string(join([]byte(pngSignature), pngHeader(40, 30, 8, 2, 0))), string(pngChunk("teXt"))},
		"webp chunks": {string(join([]byte("RIFF\xff\xff\xff\xffWEBP"), vp8x(0, 40, 30), vp8(40, 30))),
			string(riffChunk("none"))},
		"webp frames": {string(join([]byte("RIFF\xff\xff\xff\xffWEBP"), vp8x(webpAnimation, 40, 30))),
			string(anmf(0, 0, 40, 30, vp8(40, 30)))},
	} {
		t.Run(name, func(t *testing.T) {
			r := &counting{t: t, r: file, size: 1 << 40}
			m, err := probe(r, r.size, budget)
			if err != nil || m.Width != 40 || m.Height != 30 {
				t.Errorf("Probe = %+v, %v", m, err)
			}
			if !m.Partial || m.Truncated || m.FrameCut {
				t.Errorf("Partial %t, Truncated %t, FrameCut %t, want only Partial", m.Partial, m.Truncated, m.FrameCut)
			}
			if err := DefaultLimits().Check(m); !errors.Is(err, ErrTooComplex) {
				t.Errorf("Check = %v", err)
			}
			if r.read > budget || r.most > windowSize {
				t.Errorf("read %d bytes, %d at once", r.read, r.most)
			}
		})
	}
}

func TestProbeJumpsOverPixelData(t *testing.T) {
	const data = 1 << 20
	idat := pngChunk("IDAT", make([]byte, data))
	for name, file := range map[string][]byte{
		"png":  pngFile(pngHeader(40, 30, 8, 2, 0), idat, idat, idat),
		"webp": webpFile(vp8x(0, 40, 30), vp8(40, 30), riffChunk("XMP ", make([]byte, data)), riffChunk("EXIF")),
	} {
		r := &counting{t: t, r: bytes.NewReader(file), size: int64(len(file))}
		if _, err := Probe(r, r.size); err != nil {
			t.Error(err)
		}
		if r.read > 32<<10 {
			t.Errorf("%s: read %d bytes of %d", name, r.read, len(file))
		}
	}
}

func FuzzProbe(f *testing.F) {
	for _, file := range pictures(f) {
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r := &counting{t: t, r: bytes.NewReader(file), size: int64(len(file))}
		m, err := Probe(r, r.size)
		if limit := r.size + r.size/8 + 4096; r.read > limit || r.most > windowSize {
			t.Errorf("read %d bytes of %d, %d at once", r.read, r.size, r.most)
		}
		if err != nil {
			if m != (Meta{}) || !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrCorrupt) {
				t.Errorf("Probe = %+v, %v", m, err)
			}
			return
		}
		switch {
		case m.Format == Unknown, m.Width < 1, m.Height < 1,
			m.Orientation < 1, m.Orientation > 8,
			m.Depth < 1, m.Depth > 16, m.Components < 1, m.Components > 4,
			m.Frames < 1, m.Frames > len(file)+1, m.Scans < 0, m.Scans > len(file),
			m.ICCBytes < 0, m.EXIFBytes < 0,
			m.FrameCut && !m.Truncated, m.Partial:
			t.Errorf("impossible: %+v", m)
		}
		plan := DefaultOptions().Plan(Thumb{Width: 100, Height: 100}, m.Format)
		if cost := Cost(m, plan); cost < 1 || cost > maxCost {
			t.Errorf("Cost(%+v) = %d", m, cost)
		}
		if DefaultLimits().Check(m) == nil && m.Pixels() > 100_000_000 {
			t.Errorf("%d pixels pass", m.Pixels())
		}
	})
}

func BenchmarkProbeJPEG(b *testing.B) {
	benchmarkProbe(b, jpegFile(jpegFrame(0, 8, 4000, 3000, 3), jpegScan(strings.Repeat(strings.Repeat("x", 200)+"\xff\x00", 20_000))))
}

func BenchmarkProbePNG(b *testing.B) {
	chunks := bytes.Repeat(pngChunk("IDAT", make([]byte, 64<<10)), 64)
	benchmarkProbe(b, pngFile(pngHeader(4000, 3000, 8, 2, 0), chunks))
}

func BenchmarkProbeGIF(b *testing.B) {
	frame := join([]byte(",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x08"), bytes.Repeat(append([]byte{255}, make([]byte, 255)...), 160), []byte{0})
	benchmarkProbe(b, join([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), bytes.Repeat(frame, 100), []byte(";")))
}

func BenchmarkProbeWebP(b *testing.B) {
	benchmarkProbe(b, webpFile(vp8x(0, 4000, 3000), vp8(4000, 3000), riffChunk("EXIF", exifTIFF(binary.LittleEndian, 6, 8, 0))))
}

func benchmarkProbe(b *testing.B, file []byte) {
	r := bytes.NewReader(file)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if m, err := Probe(r, int64(len(file))); err != nil || m.Truncated {
			b.Fatal(m, err)
		}
	}
}
