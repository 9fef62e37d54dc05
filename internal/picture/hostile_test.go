package picture

import (
	"bytes"
	"errors"
	"image"
	"image/gif"
	"math/bits"
	"testing"
)

func TestTruncateCuts(t *testing.T) {
	file := []byte("0123456789")
	for n, want := range map[int]string{-1: "", 0: "", 4: "0123", 10: "0123456789", 99: "0123456789"} {
		got := Truncate(file, n)
		if string(got) != want {
			t.Errorf("at %d: %q", n, got)
		}
		if n == 4 {
			got[0] = 'x'
		}
	}
	if file[0] != '0' {
		t.Error("the copy shares its bytes with the file")
	}
}

func TestFlipBitsFlipsAndRepeats(t *testing.T) {
	file := Must(PNG(Chart(64, 64)))
	got := FlipBits(file, 1, 7)
	flipped := 0
	for i := range file {
		flipped += bits.OnesCount8(file[i] ^ got[i])
	}
	if flipped != 1 {
		t.Errorf("%d bits differ", flipped)
	}
	if !bytes.Equal(FlipBits(file, 50, 7), FlipBits(file, 50, 7)) {
		t.Error("the same seed gives other bytes")
	}
	if bytes.Equal(FlipBits(file, 50, 7), FlipBits(file, 50, 8)) {
		t.Error("another seed gives the same bytes")
	}
	for seed := range int64(50) {
		if got := FlipBits(file, 400, seed); !bytes.Equal(got[:16], file[:16]) {
			t.Fatalf("seed %d: the first 16 bytes changed", seed)
		}
	}
	if got := FlipBits(file[:16], 3, 1); !bytes.Equal(got, file[:16]) {
		t.Error("a file of 16 bytes changed")
	}
}

func TestHeaderClaimsWhatItIsTold(t *testing.T) {
	img := Chart(20, 16)
	files := stills(img)
	files["gif"] = Must(GIF(Pinwheel(20, 2)))
	files["gif with a table of its own and an extension"] = Must(encodeAs(GIFFormat, Pinwheel(20, 1).Image[0]))
	files["webp with alpha and EXIF"] = Must(WithOrientation(Must(WebP(Balloons(20, 16))), 6, II))
	for name, file := range files {
		lie, err := ClaimSize(file, 16000, 15000)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(lie))
		if err != nil || c.Width != 16000 || c.Height != 15000 {
			t.Errorf("%s claims %d×%d, %v", name, c.Width, c.Height, err)
		}
		if len(lie) > len(file)+18 {
			t.Errorf("%s grew from %d to %d bytes", name, len(file), len(lie))
		}
	}
	for _, bad := range [][]byte{nil, []byte("GIF89a"), []byte("text"), files["gif"][:20]} {
		if _, err := ClaimSize(bad, 1, 1); !errors.Is(err, ErrContainer) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestHeaderOnlyHasNoPixels(t *testing.T) {
	for _, f := range []Format{JPEGFormat, PNGFormat, GIFFormat, WebPFormat} {
		file, err := HeaderOnly(f, 12000, 11000)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if formatOf(file) != f || len(file) > 1000 {
			t.Errorf("%s: looks like %q, %d bytes", f, formatOf(file), len(file))
		}
		if f == PNGFormat || f == GIFFormat { // the standard library reads on to the pixels in the others
			if c, _, err := image.DecodeConfig(bytes.NewReader(file)); err != nil || c.Width != 12000 || c.Height != 11000 {
				t.Errorf("%s claims %d×%d, %v", f, c.Width, c.Height, err)
			}
		}
	}
	small := Must(HeaderOnly(JPEGFormat, 64, 64)) // so that trying costs no memory
	if _, _, err := image.Decode(bytes.NewReader(small)); err == nil {
		t.Error("a header alone decodes")
	}
	if _, err := HeaderOnly("bmp", 1, 1); !errors.Is(err, ErrContainer) {
		t.Errorf("bmp: %v", err)
	}
}

func TestBombsAreValidAndSmall(t *testing.T) {
	for name, bomb := range map[string]struct {
		file []byte
		err  error
		most int
	}{
		"png":  first(PNGBomb(1500, 1000))(2500),
		"gif":  first(GIFBomb(1500, 1000, 1))(2500),
		"webp": first(WebPBomb(1500, 1000))(50),
		"jpeg": first(JPEGScanBomb(1500, 1000, 70))(6500),
	} {
		if bomb.err != nil || len(bomb.file) > bomb.most {
			t.Errorf("%s: %d bytes, %v", name, len(bomb.file), bomb.err)
			continue
		}
		img, format, err := image.Decode(bytes.NewReader(bomb.file))
		if err != nil || format != name {
			t.Errorf("%s: decoded as %q, %v", name, format, err)
			continue
		}
		if img.Bounds() != image.Rect(0, 0, 1500, 1000) || img.At(0, 0) != img.At(1499, 999) {
			t.Errorf("%s: %v, from %v to %v", name, img.Bounds(), img.At(0, 0), img.At(1499, 999))
		}
	}
}

type bombed = struct {
	file []byte
	err  error
	most int
}

func first(file []byte, err error) func(most int) bombed {
	return func(most int) bombed { return bombed{file, err, most} }
}

func TestGIFBombHasAllItsFrames(t *testing.T) {
	g, err := gif.DecodeAll(bytes.NewReader(Must(GIFBomb(60, 40, 300))))
	if err != nil || len(g.Image) != 300 || g.Image[299].Rect != image.Rect(0, 0, 60, 40) {
		t.Errorf("%d frames, %v", len(g.Image), err)
	}
}

func TestPNGBombOfNineHundredMegapixelsIsSmall(t *testing.T) {
	file := Must(PNGBomb(30000, 30000))
	c, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || c.Width != 30000 || c.Height != 30000 || len(file) > 1_000_000 {
		t.Errorf("%d×%d in %d bytes, %v", c.Width, c.Height, len(file), err)
	}
}

func TestScanBombHasItsScans(t *testing.T) {
	file := Must(JPEGScanBomb(100, 80, 1000))
	if n := bytes.Count(file, []byte{0xFF, 0xDA}); n != 1001 {
		t.Errorf("%d scans", n)
	}
}

func TestBombsRefuseWhatTheirFormatCannotSay(t *testing.T) {
	for name, err := range map[string]error{
		"PNG of no width":     second(PNGBomb(0, 1)),
		"GIF of 65536":        second(GIFBomb(65536, 1, 1)),
		"WebP of 16385":       second(WebPBomb(1, 16385)),
		"JPEG of no height":   second(JPEGScanBomb(1, 0, 1)),
		"WebP of 16385 true":  second(WebP(image.NewGray(image.Rect(0, 0, 16385, 1)))),
		"WebP of nothing":     second(WebP(image.NewGray(image.Rectangle{}))),
		"animation of none":   second(AnimatedWebP(nil, 40)),
		"animation of unlike": second(AnimatedWebP([]image.Image{Chart(2, 2), Chart(3, 2)}, 40)),
	} {
		if !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ []byte, err error) error { return err }
