package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math/rand/v2"
	"testing"
)

// metadata returns the file's blocks of EXIF ("exif") or ICC ("icc"), found by a reader of its own: it trusts lengths and
// magic, and checks what the writer must get right.
func metadata(t *testing.T, file []byte, kind string) (blocks [][]byte) {
	t.Helper()
	switch formatOf(file) {
	case JPEGFormat:
		return jpegMetadata(t, file, kind)
	case PNGFormat:
		for rest := file[8:]; len(rest) > 0; {
			n := int(binary.BigEndian.Uint32(rest))
			switch name := string(rest[4:8]); {
			case name == "eXIf" && kind == "exif":
				blocks = append(blocks, rest[8:8+n])
			case name == "iCCP" && kind == "icc":
				z, err := zlib.NewReader(bytes.NewReader(rest[8+bytes.IndexByte(rest[8:], 0)+2 : 8+n]))
				if err != nil {
					t.Fatal(err)
				}
				blocks = append(blocks, Must(io.ReadAll(z)))
			case name == "IDAT":
				return blocks // both must stand before the pixels
			}
			rest = rest[12+n:]
		}
	case WebPFormat:
		if got := int(binary.LittleEndian.Uint32(file[4:])) + 8; got != len(file) {
			t.Errorf("RIFF says %d bytes, there are %d", got, len(file))
		}
		flags, names := byte(0), ""
		for rest := file[12:]; len(rest) > 0; {
			n := int(binary.LittleEndian.Uint32(rest[4:]))
			name := string(rest[:4])
			names += name + ","
			if name == "VP8X" {
				flags = rest[8]
			}
			if name == "EXIF" && kind == "exif" || name == "ICCP" && kind == "icc" {
				blocks = append(blocks, rest[8:8+n])
			}
			rest = rest[8+n+n&1:]
		}
		if len(blocks) > 0 && flags&map[string]byte{"exif": 8, "icc": 32}[kind] == 0 {
			t.Errorf("the flags %#x of %s do not name the %s block", flags, names, kind)
		}
		switch names {
		case "VP8L,", "VP8X,VP8L,", "VP8X,VP8L,EXIF,", "VP8X,ICCP,VP8L,", "VP8X,ICCP,VP8L,EXIF,":
		default:
			t.Errorf("chunks in the order %s", names)
		}
	}
	return blocks
}

func jpegMetadata(t *testing.T, file []byte, kind string) (blocks [][]byte) {
	t.Helper()
	var icc []byte
	for i, part := 2, 1; file[i+1] != 0xDA; i += 2 + int(binary.BigEndian.Uint16(file[i+2:])) {
		body := file[i+4 : i+2+int(binary.BigEndian.Uint16(file[i+2:]))]
		switch {
		case kind == "exif" && file[i+1] == 0xE1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			blocks = append(blocks, body[6:])
		case kind == "icc" && file[i+1] == 0xE2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
			if int(body[12]) != part {
				t.Errorf("part %d of the profile has the number %d", part, body[12])
			}
			part++
			if icc = append(icc, body[14:]...); body[12] == body[13] {
				blocks = append(blocks, icc)
				icc, part = nil, 1
			}
		}
	}
	if icc != nil {
		t.Error("the last part of a profile is missing")
	}
	return blocks
}

func TestProfileIsWhatTheFileCarries(t *testing.T) {
	long := make([]byte, 150_000) // three segments in JPEG
	r := rand.New(rand.NewPCG(1, 1))
	for i := range long {
		long[i] = byte(r.Uint32())
	}
	for name, file := range stills(Chart(40, 24)) {
		for what, profile := range map[string][]byte{
			"a small one": ProfileDisplayP3(), "an odd one": long[:333], "a long one": long,
			"one that fills a segment": long[:65519], "one byte more": long[:65520],
		} {
			got := Must(WithICC(Must(WithICC(file, ProfileGrey())), profile)) // the second takes the first one's place
			blocks := metadata(t, got, "icc")
			if len(blocks) != 1 || !bytes.Equal(blocks[0], profile) {
				t.Errorf("%s, %s: %d profiles, or another", name, what, len(blocks))
			}
			samePixels(t, name, file, got)
			both := Must(WithOrientation(got, 6, MM))
			if len(metadata(t, both, "icc")) != 1 || len(metadata(t, both, "exif")) != 1 {
				t.Errorf("%s, %s: EXIF and profile do not stand side by side", name, what)
			}
		}
	}
}

func TestAlphaSurvivesMetadataInWebP(t *testing.T) {
	file := Must(WebP(Balloons(40, 30)))
	got := Must(WithOrientation(file, 1, II))
	if got[20]&vp8xAlpha == 0 {
		t.Error("the extended header does not say that there is alpha")
	}
	samePixels(t, "webp", file, got)
}

func TestContainerRefusesWhatItCannotCarry(t *testing.T) {
	jpeg := Must(JPEG(Chart(16, 16), 90))
	png := Must(PNG(Chart(16, 16)))
	webp := Must(WebP(Chart(16, 16)))
	for name, file := range map[string][]byte{
		"nothing":             nil,
		"text":                []byte("not a picture"),
		"a GIF":               Must(GIF(Pinwheel(8, 1))),
		"a JPEG without scan": jpeg[:bytes.Index(jpeg, []byte{0xFF, 0xDA})],
		"a cut PNG":           png[:len(png)-3],
		"a PNG's magic":       png[:8],
		"a cut WebP":          webp[:len(webp)-3],
		"a WebP's magic":      webp[:12],
	} {
		if _, err := WithEXIF(file, OrientationEXIF(6, II)); !errors.Is(err, ErrContainer) {
			t.Errorf("EXIF in %s: %v", name, err)
		}
		if _, err := WithICC(file, ProfileSRGB()); !errors.Is(err, ErrContainer) {
			t.Errorf("ICC in %s: %v", name, err)
		}
	}
	if _, err := WithEXIF(jpeg, make([]byte, 65528)); !errors.Is(err, ErrContainer) {
		t.Errorf("EXIF over a segment's length: %v", err)
	}
	if _, err := WithICC(jpeg, make([]byte, 256*65519)); !errors.Is(err, ErrContainer) {
		t.Errorf("ICC over 255 segments: %v", err)
	}
}

// Whatever the bytes are, the container code neither panics nor returns a file that it cannot read itself.
func FuzzContainer(f *testing.F) {
	img := Chart(9, 7)
	for _, file := range stills(img) {
		f.Add(file)
		f.Add(Must(WithICC(Must(WithOrientation(file, 3, MM)), ProfileGrey())))
	}
	f.Add(Must(GIF(Pinwheel(8, 2))))
	f.Add(Must(AnimatedWebP([]image.Image{img, img}, 40)))
	f.Fuzz(func(t *testing.T, file []byte) {
		exif := OrientationEXIF(6, II)
		once, err := WithEXIF(file, exif)
		if err == nil {
			twice, err := WithEXIF(once, exif)
			if err != nil || !bytes.Equal(once, twice) {
				t.Errorf("a second time: %v, %d bytes after %d", err, len(twice), len(once))
			}
		}
		if with, err := WithICC(file, exif); err == nil {
			if _, err := WithICC(with, exif); err != nil {
				t.Errorf("a second profile: %v", err)
			}
		}
		if lie, err := ClaimSize(file, 30000, 20000); err == nil {
			if again, err := ClaimSize(lie, 30000, 20000); err != nil || !bytes.Equal(lie, again) {
				t.Errorf("a second claim: %v", err)
			}
		}
	})
}
