package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The EXIF standard says of each value which sides of the picture the first row and the first column of the stored pixels
// are; that gives the corners that stand in the first row.
func TestUpsideForFollowsTheStandardsTable(t *testing.T) {
	const w, h = 64, 48
	for o, want := range map[int]struct{ firstRowBegins, firstRowEnds color.NRGBA }{
		1: {TopLeft, TopRight},       // row: top, column: left
		2: {TopRight, TopLeft},       // top, right
		3: {BottomRight, BottomLeft}, // bottom, right
		4: {BottomLeft, BottomRight}, // bottom, left
		5: {TopLeft, BottomLeft},     // left, top
		6: {TopRight, BottomRight},   // right, top
		7: {BottomRight, TopRight},   // right, bottom
		8: {BottomLeft, TopLeft},     // left, bottom
	} {
		stored := UpsideFor(o, Chart(w, h))
		size := image.Pt(w, h)
		if o >= 5 {
			size = image.Pt(h, w)
		}
		if got := stored.Rect.Size(); got != size {
			t.Errorf("orientation %d: stored as %v, not %v", o, got, size)
		}
		begins, ends := stored.NRGBAAt(0, 0), stored.NRGBAAt(size.X-1, 0)
		if begins != want.firstRowBegins || ends != want.firstRowEnds {
			t.Errorf("orientation %d: the first row goes from %v to %v, not from %v to %v", o, begins, ends, want.firstRowBegins, want.firstRowEnds)
		}
	}
}

func TestUprightUndoesUpsideFor(t *testing.T) {
	img := Chart(37, 21)
	for o := 0; o <= 9; o++ { // what the standard does not know counts as upright
		got := Upright(o, UpsideFor(o, img))
		if got.Rect != img.Rect || !bytes.Equal(got.Pix, img.Pix) {
			t.Errorf("orientation %d: the picture does not come back", o)
		}
	}
}

func TestUprightTakesEveryKindOfPicture(t *testing.T) {
	whole := image.NewGray(image.Rect(0, 0, 10, 10))
	whole.SetGray(4, 3, color.Gray{Y: 200})
	part := whole.SubImage(image.Rect(4, 3, 8, 9)) // its corner is not at the origin
	got := Upright(6, part)
	if got.Rect != image.Rect(0, 0, 6, 4) || got.NRGBAAt(5, 0) != grey(200) {
		t.Errorf("%v with %v in the corner", got.Rect, got.NRGBAAt(5, 0))
	}
}

func TestOrientationIsWhatTheFileSays(t *testing.T) {
	img := Chart(40, 24)
	for name, file := range stills(img) {
		for o := 1; o <= 8; o++ {
			for _, order := range []ByteOrder{II, MM} {
				got, err := WithOrientation(file, o, order)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				again := Must(WithOrientation(got, o, order))
				if !bytes.Equal(again, got) {
					t.Errorf("%s: setting orientation %d again changes the file", name, o)
				}
				blocks := metadata(t, got, "exif")
				if len(blocks) != 1 {
					t.Fatalf("%s: %d EXIF blocks", name, len(blocks))
				}
				if read := readOrientation(t, blocks[0]); read != o {
					t.Errorf("%s, %s: orientation %d, not %d", name, order, read, o)
				}
				samePixels(t, name, file, got)
			}
		}
		for _, o := range []int{-1, 0, 9} {
			if _, err := WithOrientation(file, o, II); !errors.Is(err, ErrOrientation) {
				t.Errorf("%s: orientation %d: %v", name, o, err)
			}
		}
	}
}

// stills returns the picture in every format that can carry EXIF and ICC.
func stills(img image.Image) map[string][]byte {
	return map[string][]byte{
		"jpeg": Must(JPEG(img, 90)),
		"png":  Must(PNG(img)),
		"webp": Must(WebP(img)),
	}
}

// readOrientation reads a TIFF block with one directory of one entry.
func readOrientation(t *testing.T, b []byte) int {
	t.Helper()
	var e binary.ByteOrder = binary.LittleEndian
	if string(b[:2]) == "MM" {
		e = binary.BigEndian
	}
	got := []uint32{uint32(e.Uint16(b[2:])), e.Uint32(b[4:]), uint32(e.Uint16(b[8:])), uint32(e.Uint16(b[10:])), uint32(e.Uint16(b[12:])), e.Uint32(b[14:]), e.Uint32(b[22:])}
	if d := cmp.Diff([]uint32{42, 8, 1, 0x0112, 3, 1, 0}, got); d != "" {
		t.Error("version, directory, entries, tag, type, count, next directory:", d)
	}
	return int(e.Uint16(b[18:]))
}

func samePixels(t *testing.T, name string, a, b []byte) {
	t.Helper()
	was, _, err := image.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	is, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !bytes.Equal(asNRGBA(was).Pix, asNRGBA(is).Pix) {
		t.Errorf("%s: other pixels", name)
	}
}
