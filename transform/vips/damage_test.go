package vips

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// forms lists one of each kind of work: decoded small, in full by either path,
// copied, cropped from either end, enlarged.
var forms = []string{"30x30", "150x0", "200x150f", "180x180t", "180x180b", "300x0"}

// lossyWebP is a VP8 file, which the pure-Go encoder cannot make.
func lossyWebP(t *testing.T, r *Renderer) []byte {
	t.Helper()
	file, err := r.EncodeWebP(picture.Landscape(200, 150, 2), 80)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// wantCorrupt renders every form of a file and wants none.
func wantCorrupt(t *testing.T, r *Renderer, file []byte) {
	t.Helper()
	format := transform.PNG
	if m, err := transform.Probe(bytes.NewReader(file), int64(len(file))); err == nil {
		format = m.Format
	}
	for _, form := range forms {
		out, err := r.Render(context.Background(), file, transform.DefaultOptions().Plan(thumb(form), format))
		if !errors.Is(err, transform.ErrCorrupt) {
			t.Errorf("%s: %d bytes and error %v, want ErrCorrupt", form, len(out), err)
		}
	}
}

func TestTrap7TruncatedPicturesAreCorrupt(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(200, 150, 1)
	for name, file := range map[string][]byte{
		"JPEG":          encode(scene, transform.JPEG),
		"PNG":           encode(scene, transform.PNG),
		"GIF":           encode(scene, transform.GIF),
		"lossless WebP": encode(scene, transform.WebP),
		"lossy WebP":    lossyWebP(t, r),
	} {
		for part := range 20 {
			t.Run(fmt.Sprintf("%s at %d%%", name, 5*part), func(t *testing.T) {
				wantCorrupt(t, r, picture.Truncate(file, 40+(len(file)-60)*part/20))
			})
		}
		t.Run(name+" before its last 20 bytes", func(t *testing.T) { wantCorrupt(t, r, picture.Truncate(file, len(file)-20)) })
	}
}

// TestTrap7PicturesWithAHoleAreCorrupt takes bytes out of the middle, so that
// start, end and sizes look right and only the pixels can tell.
func TestTrap7PicturesWithAHoleAreCorrupt(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(200, 150, 1)
	for name, file := range map[string][]byte{
		"JPEG":                  without(encode(scene, transform.JPEG), 700, 0.6),
		"JPEG in its last rows": without(encode(scene, transform.JPEG), 400, 0.95),
		"PNG":                   withFixedLength(without(encode(scene, transform.PNG), 700, 0.6), "IDAT", 700),
		"PNG in its end":        withFixedLength(without(encode(scene, transform.PNG), 8, 0.999), "IDAT", 8),
		"GIF":                   picture.Must(shortGIF(encode(scene, transform.GIF))),
		"lossy WebP":            withFixedRIFF(without(lossyWebP(t, r), 700, 0.7), 700),
		"lossless WebP":         withFixedRIFF(without(encode(scene, transform.WebP), 700, 0.7), 700),
	} {
		t.Run(name, func(t *testing.T) { wantCorrupt(t, r, file) })
	}
}

// withFixedLength corrects the length of the last PNG chunk of that name, from
// which n bytes were taken.
func withFixedLength(file []byte, name string, n uint32) []byte {
	at := bytes.LastIndex(file, []byte(name)) - 4
	binary.BigEndian.PutUint32(file[at:], binary.BigEndian.Uint32(file[at:])-n)
	return file
}

// withFixedRIFF corrects both lengths of a simple WebP file.
func withFixedRIFF(file []byte, n uint32) []byte {
	for _, at := range []int{4, 16} {
		binary.LittleEndian.PutUint32(file[at:], binary.LittleEndian.Uint32(file[at:])-n)
	}
	return file
}

// shortGIF ends the first frame after its first sub-block, properly.
func shortGIF(file []byte) ([]byte, error) {
	at := 13 + gifTable(file[10])
	for file[at] == gifExtension {
		at = gifSkip(file, at+2)
	}
	at += 10 + gifTable(file[at+9]) + 1
	end := at + 1 + int(file[at])
	return append(file[:end:end], 0, 0x3b), nil
}

// TestGoodPicturesAreNotCorrupt is the other side: nothing above is refused whole.
func TestGoodPicturesAreNotCorrupt(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(200, 150, 1)
	trailing := append(encode(scene, transform.JPEG), make([]byte, 5000)...) // as cameras do
	animated := picture.Must(picture.GIF(animation(scene, flat(200, 150, color.White))))
	for name, file := range map[string][]byte{
		"JPEG":                          encode(scene, transform.JPEG),
		"JPEG with a trailer":           trailing,
		"PNG":                           encode(scene, transform.PNG),
		"GIF":                           encode(scene, transform.GIF),
		"GIF cut after its first frame": picture.Truncate(animated, len(animated)-30),
		"lossless WebP":                 encode(scene, transform.WebP),
		"lossy WebP":                    lossyWebP(t, r),
	} {
		for _, form := range forms {
			if _, err := r.Render(context.Background(), file, plan(t, file, form, transform.Unknown)); err != nil {
				t.Errorf("%s as %s: %v", name, form, err)
			}
		}
	}
}

// TestLyingHeadersAreRefused: libvips must find the size that the header claims.
func TestLyingHeadersAreRefused(t *testing.T) {
	r := newRenderer(t)
	scene := picture.Landscape(200, 150, 1)
	for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.GIF, transform.WebP} {
		file := picture.Must(picture.ClaimSize(encode(scene, f), 400, 900))
		for _, form := range forms {
			if _, err := r.Render(context.Background(), file, transform.DefaultOptions().Plan(thumb(form), f)); !errors.Is(err, transform.ErrCorrupt) {
				t.Errorf("%v as %s: %v", f, form, err)
			}
		}
	}
}

// TestOddMetadataIsNotDamage: libvips logs a warning about a resolution unit that
// EXIF does not know, which says nothing about the pixels.
func TestOddMetadataIsNotDamage(t *testing.T) {
	r := newRenderer(t)
	exif := []byte("II*\x00\x08\x00\x00\x00\x03\x00" +
		"\x1a\x01\x05\x00\x01\x00\x00\x00\x32\x00\x00\x00" + // XResolution, at 50
		"\x1b\x01\x05\x00\x01\x00\x00\x00\x32\x00\x00\x00" + // YResolution, at 50
		"\x28\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00" + // ResolutionUnit 9
		"\x00\x00\x00\x00" + "\x48\x00\x00\x00\x01\x00\x00\x00")
	file := picture.Must(picture.WithEXIF(encode(picture.Chart(200, 150), transform.JPEG), exif))
	for _, form := range forms {
		renderBytes(t, r, file, form, transform.Unknown)
	}
	if s := r.Stats(); s.Warnings == 0 || s.Retried != 0 {
		t.Errorf("%d warnings, %d renders done twice; want some and none", s.Warnings, s.Retried)
	}
}
