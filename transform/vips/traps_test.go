package vips

// One test for each trap of bimg v1.1.9 that this package is built around. The
// numbers are those of the list in choose's comments and of the project's notes.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"slices"
	"sync"
	"testing"

	"github.com/h2non/bimg"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// turned returns the chart, w × h pixels when upright, stored under orientation o.
func turned(w, h int, f transform.Format, o int) []byte {
	file := encode(picture.UpsideFor(o, picture.Chart(w, h)), f)
	return picture.Must(picture.WithOrientation(file, o, picture.MM))
}

// wantCorners checks the chart's four corners, and that nothing says to turn it.
func wantCorners(t *testing.T, out []byte) {
	t.Helper()
	if m := probe(t, out); m.Orientation != 1 || m.EXIFBytes != 0 {
		t.Errorf("the answer carries %d bytes of EXIF and orientation %d", m.EXIFBytes, m.Orientation)
	}
	img := decode(t, out)
	w, h := img.Rect.Dx(), img.Rect.Dy()
	in := picture.Corner(w, h) / 2
	for name, c := range map[string]struct {
		x, y int
		want color.NRGBA
	}{
		"top left":     {in, in, picture.TopLeft},
		"top right":    {w - 1 - in, in, picture.TopRight},
		"bottom left":  {in, h - 1 - in, picture.BottomLeft},
		"bottom right": {w - 1 - in, h - 1 - in, picture.BottomRight},
	} {
		if got := img.NRGBAAt(c.x, c.y); far(got, c.want) > 24 {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
}

func TestTrap1RotatedJPEGIsUpright(t *testing.T) {
	r := newRenderer(t)
	for o := 1; o <= 8; o++ {
		for _, form := range []string{"120x80f", "120x0", "0x80", "120x80", "120x80t", "120x80b"} {
			t.Run(fmt.Sprintf("orientation %d as %s", o, form), func(t *testing.T) {
				out := renderBytes(t, r, turned(480, 320, transform.JPEG, o), form, transform.Unknown)
				wantCorners(t, out)
			})
		}
	}
}

// TestTrap1RotatedJPEGIsDecodedSmall renders six megapixels, 18 MB when decoded in
// full, under every orientation, and looks at the most that libvips ever held.
func TestTrap1RotatedJPEGIsDecodedSmall(t *testing.T) {
	upright := picture.Landscape(3000, 2000, 1)
	for o := 1; o <= 8; o++ {
		file := picture.Must(picture.JPEG(picture.UpsideFor(o, upright), 90))
		file = picture.Must(picture.WithOrientation(file, o, picture.II))
		s, stderr, ok := inChild(t, file, childJob{Forms: []string{"300x200", "200x300", "300x0"}})
		if !ok {
			t.Fatal(stderr)
		}
		if s.MemoryPeakBytes > 6<<20 {
			t.Errorf("orientation %d: libvips held %d bytes", o, s.MemoryPeakBytes)
		}
	}
}

func TestTrap2RotatedWebPAndPNGAreUpright(t *testing.T) {
	r := newRenderer(t)
	for _, f := range []transform.Format{transform.WebP, transform.PNG} {
		for o := 1; o <= 8; o++ {
			for _, form := range []string{"120x80f", "120x0", "0x80", "120x80", "120x80t", "120x80b"} {
				t.Run(fmt.Sprintf("%v of orientation %d as %s", f, o, form), func(t *testing.T) {
					wantCorners(t, renderBytes(t, r, turned(480, 320, f, o), form, transform.Unknown))
				})
			}
		}
	}
}

func TestTrap3SizesAreExact(t *testing.T) {
	r := newRenderer(t)
	for _, c := range []struct {
		w, h int
		form string
		want transform.Size
	}{
		{1680, 1050, "100x300f", transform.Size{Width: 100, Height: 62}}, // fits without distortion
		{1680, 1050, "300x0", transform.Size{Width: 300, Height: 188}},
		{1680, 1050, "0x300", transform.Size{Width: 480, Height: 300}},
		{1680, 1050, "2000x2000f", transform.Size{Width: 1680, Height: 1050}}, // is not enlarged
		{168, 105, "200x0", transform.Size{Width: 200, Height: 125}},          // is
		{168, 105, "200x200", transform.Size{Width: 200, Height: 200}},        // larger than the source
		{50, 40, "100x100", transform.Size{Width: 100, Height: 100}},
		{60, 37, "100x100t", transform.Size{Width: 100, Height: 100}},
		{99, 300, "100x100b", transform.Size{Width: 100, Height: 100}},
		{3000, 1, "100x0", transform.Size{Width: 100, Height: 1}},
		{1, 1, "64x64", transform.Size{Width: 64, Height: 64}},
	} {
		for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP} {
			t.Run(fmt.Sprintf("%v of %d×%d as %s", f, c.w, c.h, c.form), func(t *testing.T) {
				m := probe(t, renderBytes(t, r, encode(ramp(c.w, c.h, false), f), c.form, transform.Unknown))
				if got := (transform.Size{Width: m.Width, Height: m.Height}); got != c.want || m.Format != f {
					t.Errorf("got %v of %v, want %v", m.Format, got, c.want)
				}
			})
		}
	}
}

func TestTrap3WholePicturesAreNotDistorted(t *testing.T) {
	r := newRenderer(t)
	for _, form := range []string{"150x150f", "150x0", "0x75"} {
		wantCorners(t, renderBytes(t, r, turned(600, 300, transform.PNG, 1), form, transform.Unknown))
	}
}

func TestTrap4FirstFrameOfAnAnimation(t *testing.T) {
	r := newRenderer(t)
	first, second := flat(120, 120, picture.TopLeft), flat(120, 120, picture.BottomLeft)
	for name, file := range map[string][]byte{
		"GIF":  picture.Must(picture.GIF(animation(first, second))),
		"WebP": picture.Must(picture.AnimatedWebP([]image.Image{first, second}, 50)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []string{"60x60", "120x120", "200x0"} {
				out := renderBytes(t, r, file, form, transform.Unknown)
				if m := probe(t, out); m.Frames != 1 {
					t.Errorf("%s: %d frames", form, m.Frames)
				}
				img := decode(t, out)
				if got := img.NRGBAAt(img.Rect.Dx()/2, img.Rect.Dy()-1); far(got, picture.TopLeft) > 24 {
					t.Errorf("%s shows %v, want the first frame's %v", form, got, picture.TopLeft)
				}
			}
		})
	}
}

// TestTrap5NoSlowEncoderIsReachable: bimg's AVIF takes 150 times as long unless its
// speed is set. Here AVIF has one speed, and there is no way to ask for anything
// else than the five.
func TestTrap5NoSlowEncoderIsReachable(t *testing.T) {
	r := newRenderer(t)
	scene := encode(picture.Landscape(900, 600, 1), transform.JPEG)
	for _, output := range []transform.Format{transform.WebP, transform.AVIF} {
		began := cpu()
		out := renderBytes(t, r, scene, "800x500", output)
		t.Logf("%v: %d bytes, %v of CPU", output, len(out), cpu()-began)
		if output != transform.AVIF {
			continue
		}
		if got := string(out[4:12]); got != "ftypavif" {
			t.Errorf("it begins with %q", got)
		}
		// The image spatial extents (ISO/IEC 23008-12 section 6.5.3).
		if _, size, ok := bytes.Cut(out, []byte("ispe\x00\x00\x00\x00")); !ok || !bytes.HasPrefix(size, []byte("\x00\x00\x03\x20\x00\x00\x01\xf4")) {
			t.Error("it is not 800×500")
		}
		if bytes.Contains(out, []byte("Exif")) {
			t.Error("it carries metadata")
		}
	}
	src := encode(flat(8, 8, color.White), transform.PNG)
	for f := range transform.Format(255) {
		_, err := r.Render(context.Background(), src, transform.Plan{Thumb: thumb("4x4"), Output: f, Quality: 50})
		if known := f.MIME() != ""; known != (err == nil) || !known && !errors.Is(err, transform.ErrUnsupported) {
			t.Errorf("output %d: %v", f, err)
		}
	}
}

// TestTrap6ProfilesAreAppliedBeforeTheyAreDropped: (255, 0, 0) of a wider space is
// outside sRGB and stays (255, 0, 0); a mixed colour moves by far more than the codec.
func TestTrap6ProfilesAreAppliedBeforeTheyAreDropped(t *testing.T) {
	r := newRenderer(t)
	patch := flat(160, 120, color.NRGBA{R: 80, G: 170, B: 90, A: 255})
	want := color.NRGBA{R: 0, G: 171, B: 84, A: 255} // of Adobe RGB: computed by hand from its definition
	for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.WebP} {
		file := picture.Must(picture.WithICC(encode(patch, f), picture.ProfileAdobeRGB()))
		out := renderBytes(t, r, file, "80x60", transform.Unknown)
		if m := probe(t, out); m.ICCBytes != 0 {
			t.Errorf("%v: the answer carries a profile of %d bytes", f, m.ICCBytes)
		}
		if got := decode(t, out).NRGBAAt(40, 30); far(got, want) > 6 {
			t.Errorf("%v: got %v, want %v", f, got, want)
		}
	}
}

func TestTrap8NothingIsCached(t *testing.T) {
	r := newRenderer(t)
	src := encode(picture.Chart(300, 200), transform.JPEG)
	for _, form := range []string{"100x100", "200x0", "300x200"} { // both paths
		renderBytes(t, r, src, form, transform.Unknown)
	}
	wantNothingHeld(t, r)
}

// TestTrap9ABufferIsNotRememberedByItsAddress puts one picture after another into
// the same memory. libvips' cache knows a buffer by its address: had it kept the
// first, it would show it again.
func TestTrap9ABufferIsNotRememberedByItsAddress(t *testing.T) {
	r := newRenderer(t)
	buffer := make([]byte, 1<<16)
	for _, form := range []string{"40x40", "80x0", "100x100"} {
		for _, want := range []color.NRGBA{picture.TopLeft, picture.BottomLeft, picture.TopRight} {
			n := copy(buffer, encode(flat(100, 100, want), transform.JPEG))
			if got := render(t, r, buffer[:n], form, transform.Unknown).NRGBAAt(5, 5); far(got, want) > 12 {
				t.Fatalf("%s: got %v, want %v", form, got, want)
			}
		}
	}
}

// TestTrap9ErrorsAreNotAnothersErrors: error texts come from one buffer for all
// threads, so that neither a good picture may fail nor a bad one succeed.
func TestTrap9ErrorsAreNotAnothersErrors(t *testing.T) {
	r := newRenderer(t)
	good := encode(picture.Chart(200, 150), transform.JPEG)
	bad := without(good, 1000, 0.5)
	p := plan(t, good, "150x0", transform.PNG) // bimg's case
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 40 {
				if i%2 == 0 {
					if _, err := r.Render(context.Background(), good, p); err != nil {
						t.Errorf("a good picture: %v", err)
					}
				} else if _, err := r.Render(context.Background(), bad, p); !errors.Is(err, transform.ErrCorrupt) {
					t.Errorf("a bad picture: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if s := r.Stats(); s.ViaBimg == 0 {
		t.Error("bimg had no part in it")
	}
}

// TestTrap9LimitsHoldBeforeDecoding: what the header says decides, and libvips is
// not asked.
func TestTrap9LimitsHoldBeforeDecoding(t *testing.T) {
	c := DefaultConfig()
	c.Limits.MaxPixels = 1_000_000
	c.Limits.MaxScans = 20
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"PNG bomb":    picture.Must(picture.PNGBomb(20_000, 20_000)),
		"GIF bomb":    picture.Must(picture.GIFBomb(10_000, 10_000, 1)),
		"WebP bomb":   picture.Must(picture.WebPBomb(16_000, 16_000)),
		"JPEG header": picture.Must(picture.HeaderOnly(picture.JPEGFormat, 60_000, 60_000)),
	} {
		before := r.Stats().MemoryPeakBytes
		if _, err := r.Render(context.Background(), file, plan(t, file, "10x10", transform.Unknown)); !errors.Is(err, transform.ErrTooManyPixels) {
			t.Errorf("%s: %v", name, err)
		}
		if after := r.Stats().MemoryPeakBytes; after != before {
			t.Errorf("%s: libvips' memory went from %d to %d", name, before, after)
		}
	}
	scans := picture.Must(picture.JPEGScanBomb(500, 500, 50))
	if _, err := r.Render(context.Background(), scans, plan(t, scans, "10x10", transform.Unknown)); !errors.Is(err, transform.ErrTooComplex) {
		t.Errorf("scan bomb: %v", err)
	}
	if _, err := r.Render(context.Background(), encode(flat(9, 9, color.Black), transform.PNG), transform.DefaultOptions().Plan(thumb("60000x60000"), transform.PNG)); !errors.Is(err, transform.ErrTooManyPixels) {
		t.Errorf("a thumbnail of 3600 megapixels: %v", err)
	}
}

// foreign is a picture of every kind that libvips on Debian reads and this package
// does not.
func foreign() map[string][]byte {
	return map[string][]byte{
		"SVG":  []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20" fill="red"/></svg>`),
		"PDF":  pdf(),
		"TIFF": tiff(),
		"PPM":  append([]byte("P6\n20 20\n255\n"), make([]byte, 1200)...),
		"XPM":  []byte("/* XPM */\nstatic char * x[] = {\n\"2 1 1 1\",\n\"a c #FF0000\",\n\"aa\"};\n"), // ImageMagick's
	}
}

// pdf is one empty page.
func pdf() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, body := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 20 20]>>"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%sendobj\n", i+1, body)
	}
	xref := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer<</Root 1 0 R/Size 4>>\nstartxref\n%d\n%%%%EOF\n", xref)
	return b.Bytes()
}

// tiff is one strip of 20 × 20 grey pixels (TIFF 6.0 section 4).
func tiff() []byte {
	const side, fields = 20, 8
	b := []byte("II*\x00\x08\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, fields)
	for _, f := range [fields][2]uint32{{256, side}, {257, side}, {258, 8}, {259, 1}, {262, 1}, {273, 8 + 2 + 12*fields + 4}, {278, side}, {279, side * side}} {
		b = binary.LittleEndian.AppendUint16(b, uint16(f[0]))
		b = binary.LittleEndian.AppendUint16(b, 4) // LONG
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, f[1])
	}
	return append(b, make([]byte, 4+side*side)...)
}

// TestTrap9OnlyFourLoadersWork: libvips itself refuses the rest, through whatever
// door they come in.
func TestTrap9OnlyFourLoadersWork(t *testing.T) {
	r := newRenderer(t)
	for name, file := range foreign() {
		t.Run(name, func(t *testing.T) {
			if _, err := r.Render(context.Background(), file, transform.DefaultOptions().Plan(thumb("10x10"), transform.PNG)); !errors.Is(err, transform.ErrUnsupported) {
				t.Errorf("Render: %v", err)
			}
			if _, err := bimg.Resize(file, bimg.Options{Width: 10, Type: bimg.PNG}); err == nil {
				t.Error("bimg renders it")
			}
			for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP} {
				if size, _, err := r.workers.header(t.Context(), file, f); err == nil {
					t.Errorf("the loader of %v opens it as %v", f, size)
				}
			}
		})
	}
}

// TestTrap9LoadersWorkWithoutTheFence shows that the files above are good ones.
func TestTrap9LoadersWorkWithoutTheFence(t *testing.T) {
	var opened []string
	for name, file := range foreign() {
		if _, _, ok := inChild(t, file, childJob{ByBimg: true}); ok {
			opened = append(opened, name)
		}
	}
	slices.Sort(opened)
	if want := []string{"PDF", "PPM", "SVG", "TIFF", "XPM"}; !slices.Equal(opened, want) {
		t.Errorf("bimg without a fence renders %v, want %v", opened, want)
	}
}

func TestTrap9WarningsAreCountedNotPrinted(t *testing.T) {
	good := encode(picture.Chart(400, 300), transform.JPEG)
	bad := without(good, 1000, 0.5)
	s, stderr, ok := inChild(t, bad, childJob{Forms: []string{"100x100", "300x0", "64x64f"}, Tolerates: true})
	if !ok || stderr != "" {
		t.Errorf("standard error: %q", stderr)
	}
	if s.Warnings == 0 {
		t.Error("no warning was counted, so that none could have been printed")
	}
}

func TestTrap9ConcurrencyIsTheConfigured(t *testing.T) {
	file := encode(flat(20, 20, color.White), transform.JPEG)
	for _, threads := range []int{1, 3} {
		s, stderr, ok := inChild(t, file, childJob{Forms: []string{"10x10"}, Threads: threads})
		if !ok {
			t.Fatal(stderr)
		}
		if s.Concurrency != threads {
			t.Errorf("libvips uses %d threads per picture, want %d", s.Concurrency, threads)
		}
	}
}
