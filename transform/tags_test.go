package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// entry is one entry of a TIFF directory; data longer than four bytes go behind the directories.
type entry struct {
	tag, kind uint16
	count     uint32
	data      []byte
}

// tiffOf builds an EXIF block of a first directory, the camera's and the place's.
func tiffOf(order binary.ByteOrder, main, camera, place []entry) []byte {
	e := order.(binary.AppendByteOrder)
	number := func(n int) []byte { return e.AppendUint32(nil, uint32(n)) }
	cameraAt := 8 + 2 + 12*(len(main)+2) + 4
	placeAt := cameraAt + 2 + 12*len(camera) + 4
	tail := placeAt + 2 + 12*len(place) + 4
	main = append(main, entry{tagCamera, typeLong, 1, number(cameraAt)}, entry{tagPlace, typeLong, 1, number(placeAt)})
	b := []byte("II*\x00")
	if order == binary.ByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = e.AppendUint32(b, 8)
	var behind []byte
	for _, entries := range [][]entry{main, camera, place} {
		b = e.AppendUint16(b, uint16(len(entries)))
		for _, v := range entries {
			b = e.AppendUint32(e.AppendUint16(e.AppendUint16(b, v.tag), v.kind), v.count)
			if len(v.data) > 4 {
				b = e.AppendUint32(b, uint32(tail+len(behind)))
				behind = append(behind, v.data...)
			} else {
				b = append(b, append(v.data, 0, 0, 0, 0)[:4]...)
			}
		}
		b = e.AppendUint32(b, 0)
	}
	return append(b, behind...)
}

func cameraTIFF(order binary.ByteOrder) []byte {
	e := order.(binary.AppendByteOrder)
	fraction := func(n, d uint32) []byte { return e.AppendUint32(e.AppendUint32(nil, n), d) }
	short := func(n uint16) []byte { return e.AppendUint16(nil, n) }
	text := func(s string) entry { return entry{0, typeText, uint32(len(s) + 1), []byte(s + "\x00")} }
	named := func(tag uint16, v entry) entry { v.tag = tag; return v }
	return tiffOf(order, []entry{
		named(0x010e, text("   ")), named(0x010f, text("Canon")), named(0x0110, text("EOS")), {tagOrientation, typeShort, 1, short(6)},
		{0x0131, typeText, 9, []byte("a\xffb\x00rest")}, {0x9999, typeShort, 1, short(1)}, named(0x010f, text("Second")),
	}, []entry{
		{0x829a, typeFraction, 1, fraction(1, 250)}, {0x829d, typeFraction, 1, fraction(28, 10)}, {0x8827, typeShort, 1, short(400)},
		named(0x9003, text("2026:11:22 10:20:30")), {0x9204, typeSignedFraction, 1, fraction(^uint32(0), 3)}, {0x9209, 99, 1, short(1)},
		{0x010f, typeText, 7, []byte("Hidden\x00")},
	}, []entry{
		named(1, text("N")), {2, typeFraction, 3, slices.Concat(fraction(52, 1), fraction(31, 1), fraction(1234, 100))}, {5, typeByte, 1, []byte{1}},
		{6, typeFraction, 1, fraction(345, 10)}, {4, typeFraction, 5, make([]byte, 40)}, {0x11, typeFraction, 0, nil},
	})
}

var cameraSays = map[string]any{
	"Make": "Canon", "Model": "EOS", "Orientation": 6, "Software": "ab", "ExposureTime": "1/250", "FNumber": "28/10", "ISOSpeedRatings": 400,
	"DateTimeOriginal": "2026:11:22 10:20:30", "ExposureBiasValue": "-1/3",
	"GPSLatitudeRef": "N", "GPSLatitude": []string{"52/1", "31/1", "1234/100"}, "GPSAltitudeRef": 1, "GPSAltitude": "345/10",
}

func TestTagsAreThoseOfTheCamera(t *testing.T) {
	img := picture.Chart(40, 30)
	files := map[string][]byte{"JPEG": picture.Must(picture.JPEG(img, 80)), "PNG": picture.Must(picture.PNG(img)), "WebP": picture.Must(picture.WebP(img))}
	for name, file := range files {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			tagged := picture.Must(picture.WithEXIF(file, cameraTIFF(order)))
			got, err := Tags(bytes.NewReader(tagged), int64(len(tagged)))
			if diff := cmp.Diff(cameraSays, got); err != nil || diff != "" {
				t.Errorf("%s, %v: %v %s", name, order, err, diff)
			}
		}
		if got, err := Tags(bytes.NewReader(file), int64(len(file))); err != nil || len(got) != 0 {
			t.Errorf("%s without EXIF: %v, %v", name, got, err)
		}
	}
}

func TestBrokenTagsAreLeftOut(t *testing.T) {
	block := cameraTIFF(binary.LittleEndian)
	file := picture.Must(picture.JPEG(picture.Chart(40, 30), 80))
	for n := range block { // cut anywhere
		tagged := picture.Must(picture.WithEXIF(file, block[:n]))
		got, err := Tags(bytes.NewReader(tagged), int64(len(tagged)))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range got {
			if !cmp.Equal(value, cameraSays[name]) {
				t.Errorf("cut at %d: %s is %v", n, name, value)
			}
		}
	}
}

func TestTagsOfAStoreThatFails(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Tags(failingReader{broken}, 1000); !errors.Is(err, broken) {
		t.Error(err)
	}
}

type failingReader struct{ err error }

func (f failingReader) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func FuzzTags(f *testing.F) {
	f.Add(cameraTIFF(binary.LittleEndian))
	f.Add(cameraTIFF(binary.BigEndian))
	f.Add([]byte("II*\x00\x08\x00\x00\x00\xff\xff"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x87\x69\x00\x04\x00\x00\x00\x01\x00\x00\x00\x08"))
	file := picture.Must(picture.PNG(picture.Chart(4, 3)))
	f.Fuzz(func(t *testing.T, block []byte) {
		tagged, err := picture.WithEXIF(file, block)
		if err != nil {
			t.Skip()
		}
		tags, err := Tags(bytes.NewReader(tagged), int64(len(tagged)))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range tags {
			if s, ok := value.(string); ok && (len(s) > maxTagText || s == "" || strings.ToValidUTF8(s, "") != s || strings.Contains(s, "\x00")) {
				t.Errorf("%s is %q", name, s)
			}
			if list, ok := value.([]string); ok && (len(list) < 2 || len(list) > maxFractions) {
				t.Errorf("%s is %q", name, list)
			}
		}
	})
}
