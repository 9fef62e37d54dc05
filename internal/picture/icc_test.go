package picture

import (
	"encoding/binary"
	"math"
	"testing"
)

// The colorants that the makers of these spaces, and the profiles in use, state for D50.
func TestProfilesHaveTheKnownColorants(t *testing.T) {
	for name, p := range map[string]struct {
		profile []byte
		want    matrix // rows: red, green, blue
		gamma   float64
	}{
		"sRGB":       {ProfileSRGB(), matrix{{0.4361, 0.2225, 0.0139}, {0.3851, 0.7169, 0.0971}, {0.1431, 0.0606, 0.7139}}, 0},
		"Display P3": {ProfileDisplayP3(), matrix{{0.5151, 0.2412, -0.0011}, {0.2920, 0.6922, 0.0419}, {0.1571, 0.0666, 0.7841}}, 0},
		"Adobe RGB":  {ProfileAdobeRGB(), matrix{{0.6097, 0.3111, 0.0195}, {0.2053, 0.6257, 0.0609}, {0.1492, 0.0632, 0.7446}}, 563.0 / 256},
		"ProPhoto":   {ProfileProPhoto(), matrix{{0.7977, 0.2880, 0}, {0.1352, 0.7119, 0}, {0.0313, 0.0001, 0.8249}}, 461.0 / 256},
	} {
		tags := readProfile(t, name, p.profile, "RGB ")
		var sum vector
		for i, tag := range []string{"rXYZ", "gXYZ", "bXYZ"} {
			got := readXYZ(tags[tag])
			for j := range got {
				sum[j] += got[j]
				if math.Abs(got[j]-p.want[i][j]) > 2e-4 {
					t.Errorf("%s, %s: %.5f, not %.4f", name, tag, got, p.want[i])
					break
				}
			}
		}
		for j := range sum {
			if math.Abs(sum[j]-pcsWhite[j]) > 2.0/65536 {
				t.Errorf("%s: the colorants add up to %.5f, not to D50", name, sum)
				break
			}
		}
		for _, tag := range []string{"rTRC", "gTRC", "bTRC"} {
			checkCurve(t, name, tags[tag], p.gamma)
		}
	}
	checkCurve(t, "grey", readProfile(t, "grey", ProfileGrey(), "GRAY")["kTRC"], 563.0/256)
}

// checkCurve checks a curveType: one gamma, or for 0 a table of sRGB's function.
func checkCurve(t *testing.T, name string, b []byte, gamma float64) {
	t.Helper()
	n := int(binary.BigEndian.Uint32(b[8:]))
	if string(b[:4]) != "curv" || len(b) != 12+2*n {
		t.Fatalf("%s: a curve %q of %d entries in %d bytes", name, b[:4], n, len(b))
	}
	if gamma != 0 {
		if got := float64(binary.BigEndian.Uint16(b[12:])) / 256; n != 1 || got != gamma {
			t.Errorf("%s: %d entries, gamma %v, not %v", name, n, got, gamma)
		}
		return
	}
	for v, want := range map[float64]float64{0: 0, 0.02: 0.02 / 12.92, 0.5: 0.21404, 0.75: 0.52252, 1: 1} {
		at := v * float64(n-1)
		i := min(int(at), n-2)
		lo, hi := float64(binary.BigEndian.Uint16(b[12+2*i:])), float64(binary.BigEndian.Uint16(b[14+2*i:]))
		if got := lerp(lo, hi, at-float64(i)) / 65535; math.Abs(got-want) > 3e-5 {
			t.Errorf("%s: the curve at %v is %.5f, not %.5f", name, v, got, want)
		}
	}
}

func readXYZ(b []byte) (v vector) {
	for i := range v {
		v[i] = float64(int32(binary.BigEndian.Uint32(b[8+4*i:]))) / 65536
	}
	return v
}

// readProfile checks header and tag table (ICC.1:2001-04, sections 6.1 and 6.2) and returns the tags.
func readProfile(t *testing.T, name string, b []byte, space string) map[string][]byte {
	t.Helper()
	be := binary.BigEndian
	if int(be.Uint32(b)) != len(b) || b[8] != 2 || string(b[12:24]) != "mntr"+space+"XYZ " || string(b[36:40]) != "acsp" || len(b)%4 != 0 {
		t.Errorf("%s: header %q of %d bytes", name, b[:40], len(b))
	}
	tags := map[string][]byte{}
	for i := range int(be.Uint32(b[128:])) {
		entry := b[132+12*i:]
		from, n := int(be.Uint32(entry[4:])), int(be.Uint32(entry[8:]))
		if from%4 != 0 || from+n > len(b) {
			t.Fatalf("%s: the tag %s lies at %d to %d of %d", name, entry[:4], from, from+n, len(b))
		}
		tags[string(entry[:4])] = b[from : from+n]
	}
	for _, required := range []string{"desc", "cprt", "wtpt"} {
		if len(tags[required]) == 0 {
			t.Errorf("%s: no tag %s", name, required)
		}
	}
	desc := tags["desc"]
	if n := int(be.Uint32(desc[8:])); len(desc) != 12+n+4+4+2+1+67 || desc[12+n-1] != 0 {
		t.Errorf("%s: a description of %d characters in %d bytes", name, n, len(desc))
	}
	return tags
}
