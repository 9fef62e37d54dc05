package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// wireThumbFormats is about what is in the bytes of a thumb, and what of the original is not.
func wireThumbFormats(t *testing.T, w *world) {
	w.collection("formats", []string{"60x0"}, nil)
	thumb := func(t *testing.T, name string, data []byte) []byte {
		t.Helper()
		return w.get(w.upload("formats", name, data)+"?thumb=60x0").want(t, 200).body
	}
	t.Run("a JPEG is baseline, 4:2:0, without profile and EXIF", func(t *testing.T) {
		source := picture.Must(picture.WithOrientation(jpegOf(200, 100), 1, picture.II))
		markers, frame := jpegSegments(t, thumb(t, "a.jpg", picture.Must(picture.WithICC(source, picture.ProfileDisplayP3()))))
		for _, unwanted := range []byte{0xE0, 0xE1, 0xE2, 0xED, 0xFE, 0xC2} { // JFIF, EXIF and XMP, ICC, Photoshop, a comment, progressive
			if slices.Contains(markers, unwanted) {
				t.Errorf("it has a segment %X", unwanted)
			}
		}
		if !slices.Contains(markers, 0xC0) || frame[0] != 8 || frame[5] != 3 || frame[7] != 0x22 || frame[10] != 0x11 || frame[13] != 0x11 {
			t.Errorf("segments %X, frame % X", markers, frame)
		}
	})
	t.Run("a JPEG of four inks comes out in three colours", func(t *testing.T) {
		made := thumb(t, "press.jpg", picture.CMYK([4]uint8{0, 255, 255, 0}, 25, 12)) // magenta and yellow are red
		if _, frame := jpegSegments(t, made); frame[5] != 3 {
			t.Errorf("%d components", frame[5])
		}
		shown, _, err := image.Decode(bytes.NewReader(made))
		if err != nil {
			t.Fatal(err)
		}
		if r, g, b, _ := shown.At(30, 10).RGBA(); r < 0xb000 || g > 0x6000 || b > 0x6000 {
			t.Errorf("%x %x %x is no red", r, g, b)
		}
	})
	opaque, clear := picture.Chart(200, 100), picture.Chart(200, 100)
	for i := 3; i < len(opaque.Pix); i += 4 {
		opaque.Pix[i] = 0xFF
		clear.Pix[i] = byte(i)
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 200, 100))
	palette := image.NewPaletted(image.Rect(0, 0, 200, 100), color.Palette{color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}})
	for y := range 100 {
		for x := range 200 {
			deep.SetNRGBA64(x, y, color.NRGBA64{uint16(x * 300), uint16(y * 600), 0x1234, 0xFFFF})
			palette.SetColorIndex(x, y, uint8(x/8%2))
		}
	}
	for _, c := range []struct {
		name   string
		source image.Image
		kind   byte // of colours, PNG section 11.2.1
	}{{"opaque", opaque, 2}, {"see-through", clear, 6}, {"16 bits", deep, 2}, {"a palette", palette, 2}} {
		t.Run("a PNG of "+c.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := png.Encode(&b, c.source); err != nil {
				t.Fatal(err)
			}
			source := picture.Must(picture.WithOrientation(picture.Must(picture.WithICC(b.Bytes(), picture.ProfileDisplayP3())), 1, picture.II))
			made := thumb(t, "a.png", source)
			if depth, kind := made[24], made[25]; depth != 8 || kind != c.kind {
				t.Errorf("%d bits of kind %d, want 8 of kind %d", depth, kind, c.kind)
			}
			for _, chunk := range []string{"iCCP", "eXIf", "tEXt", "iTXt"} {
				if bytes.Contains(made, []byte(chunk)) {
					t.Errorf("it has a chunk %s", chunk)
				}
			}
		})
	}
	t.Run("a WebP keeps what is see-through, and no profile", func(t *testing.T) {
		made := thumb(t, "a.webp", picture.Must(picture.WithICC(picture.Must(picture.WebP(clear)), picture.ProfileDisplayP3())))
		if bytes.Contains(made, []byte("ICCP")) || bytes.Contains(made, []byte("EXIF")) {
			t.Error("it has a profile or EXIF")
		}
		if !bytes.Contains(made[:64], []byte("ALPH")) && !bytes.Contains(made[:64], []byte("VP8L")) {
			t.Errorf("it has no alpha: %q", made[:64])
		}
	})
}

// jpegSegments lists the markers before the first scan, and returns the frame header.
func jpegSegments(t *testing.T, data []byte) (markers, frame []byte) {
	t.Helper()
	for at := 2; at+4 <= len(data) && data[at+1] != 0xDA; {
		marker, length := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if data[at] != 0xFF || at+2+length > len(data) {
			t.Fatalf("no marker at %d", at)
		}
		markers = append(markers, marker)
		if marker >= 0xC0 && marker <= 0xC2 {
			frame = data[at+4 : at+2+length]
		}
		at += 2 + length
	}
	if frame == nil {
		t.Fatal("no frame")
	}
	return markers, frame
}
