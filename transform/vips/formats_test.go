package vips

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// TestEveryProcessOfRealEncoders renders what cjpeg, libpng and cwebp wrote of one
// scene, and compares it with the baseline JPEG as the standard library decodes it.
func TestEveryProcessOfRealEncoders(t *testing.T) {
	r := newRenderer(t)
	read := func(name string) []byte {
		file, err := os.ReadFile("../testdata/pictures/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	scene := luma(decode(t, read("baseline.jpg")))
	for name, least := range map[string]float64{
		"baseline.jpg": 0.99, "progressive.jpg": 0.99, "arithmetic.jpg": 0.99,
		"interlaced.png": 0.9, "lossless.webp": 0.9, "lossy.webp": 0.9,
	} {
		file := read(name)
		for _, form := range []string{"60x35", "40x20", "90x0"} {
			t.Run(fmt.Sprint(name, " as ", form), func(t *testing.T) {
				g := thumb(form).Geometry(scene.w, scene.h)
				want := lanczos.scale(scene, g.Source.X, g.Source.Y, g.Source.Width, g.Source.Height, g.Scaled.Width, g.Scaled.Height)
				got := luma(render(t, r, file, form, transform.PNG))
				if got.w != g.Out.Width || got.h != g.Out.Height {
					t.Fatalf("%d×%d", got.w, got.h)
				}
				if g.CropsScaled() {
					return // too small to be cropped first: the size is all that is compared
				}
				if like := ssim(got, want); like < least {
					t.Errorf("SSIM %.4f", like)
				}
			})
		}
	}
}

// TestEveryKindOfWebP: lossy and lossless, still and moving, with and without alpha.
func TestEveryKindOfWebP(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Balloons(160, 120)
	lossy, err := r.EncodeWebP(scene, 90)
	if err != nil {
		t.Fatal(err)
	}
	opaque, err := r.EncodeWebP(onBlack(nrgba(scene)), 90)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file     []byte
		lossless bool
		alpha    bool
	}{
		"lossy":               {opaque, false, false},
		"lossy with alpha":    {lossy, false, true},
		"lossless":            {encode(onBlack(nrgba(scene)), transform.WebP), true, false},
		"lossless with alpha": {encode(scene, transform.WebP), true, true},
	} {
		if m := probe(t, c.file); m.Lossless != c.lossless || m.Alpha != c.alpha {
			t.Fatalf("%s: %+v", name, m)
		}
		for _, form := range []string{"160x120", "80x60f", "240x0"} {
			full := onBlack(nrgba(scene))
			g := thumb(form).Geometry(160, 120)
			want := lanczos.scale(luma(full), 0, 0, 160, 120, g.Scaled.Width, g.Scaled.Height)
			if like := ssim(luma(onBlack(render(t, r, c.file, form, transform.PNG))), want); like < 0.96 {
				t.Errorf("%s as %s: SSIM %.4f", name, form, like)
			}
		}
	}
}

// TestTheBytesDecideWhatIsRead: the format that is asked for says nothing about the
// source, and no loader is chosen by anything but the source's first bytes.
func TestTheBytesDecideWhatIsRead(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(120, 90, 1)
	all := []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP}
	for _, from := range all {
		file := encode(scene, from)
		for _, to := range all {
			out := renderBytes(t, r, file, "60x45", to)
			if m := probe(t, out); m.Format != to || m.Width != 60 || m.Height != 45 {
				t.Errorf("%v to %v: %+v", from, to, m)
			}
		}
		// Another format's signature on the same content is damage, not that format.
		for _, other := range all {
			if other == from {
				continue
			}
			lying := append(bytes.Clone(encode(scene, other)[:12]), file[12:]...)
			if _, err := r.Render(t.Context(), lying, transform.DefaultOptions().PlanAs(thumb("60x45"), transform.PNG)); err == nil {
				t.Errorf("%v with the first bytes of %v is rendered", from, other)
			}
		}
	}
}

// TestJPEGAnswersAreOptimised: below quality 90 brightness is quantised evenly, where it
// can be at all, and colours are halved, and there is nothing but the picture in the file.
func TestJPEGAnswersAreOptimised(t *testing.T) {
	r := newRenderer(t)
	file := encode(picture.Landscape(400, 300, 1), transform.PNG)
	for _, c := range []struct {
		quality     int
		progressive bool
		frame       string  // SOF, precision, size, components, and the sampling of the first
		even        [2]byte // bounds of the steps of brightness; none where they are annex K's
	}{
		{80, false, "\xff\xc0\x00\x11\x08\x00\x96\x00\xc8\x03\x01\x22", [2]byte{3, 18}},
		{80, true, "\xff\xc2\x00\x11\x08\x00\x96\x00\xc8\x03\x01\x22", [2]byte{3, 18}},
		{90, false, "\xff\xc0\x00\x11\x08\x00\x96\x00\xc8\x03\x01\x11", [2]byte{}},
		{100, false, "\xff\xc0\x00\x11\x08\x00\x96\x00\xc8\x03\x01\x11", [2]byte{}},
	} {
		o := transform.DefaultOptions()
		o.JPEGQuality, o.JPEGProgressive = c.quality, c.progressive
		out, err := r.Render(t.Context(), file, o.PlanAs(thumb("200x150"), transform.JPEG))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(out, []byte(c.frame)) {
			t.Errorf("quality %d, progressive %v: another frame header", c.quality, c.progressive)
		}
		_, steps, _ := bytes.Cut(out, []byte("\xff\xdb\x00\x43\x00"))
		if steps = steps[:64]; c.even[1] == 0 {
			if o.JPEGQuality == 90 && bytes.Equal(steps, bytes.Repeat(steps[:1], 64)) {
				t.Errorf("quality 90: the steps of brightness are %v", steps)
			}
		} else if steps[0] < c.even[0] || steps[63] > c.even[1] || !slices.IsSorted(steps) || steps[63] > steps[0]+1 {
			t.Errorf("quality %d: the steps of brightness are %v", c.quality, steps)
		}
		if bytes.Contains(out[:200], []byte("\xff\xe0")) || bytes.Contains(out[:200], []byte("\xff\xfe")) {
			t.Errorf("quality %d: there is metadata", c.quality)
		}
	}
}
