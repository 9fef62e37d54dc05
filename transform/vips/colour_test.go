package vips

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

var update = flag.Bool("update", false, "write testdata/transicc.txt anew with littlecms' transicc")

const table = "testdata/transicc.txt"

// space is a colour space of sources: its profile, and its files of one colour.
type space struct {
	profile []byte
	inks    bool // components are inks, 0 to 255 of full; transicc takes percent
	files   func(c [4]uint8) map[string][]byte
}

// spaces lists the colour spaces of the table. "press" is CMYK without a profile,
// for which libvips brings its own.
func spaces() map[string]space {
	rgb := func(profile []byte) space {
		return space{profile: profile, files: func(c [4]uint8) map[string][]byte { return rgbFiles(c, profile) }}
	}
	cmyk := cmykProfile()
	return map[string]space{
		"srgb":       rgb(picture.ProfileSRGB()),
		"display-p3": rgb(picture.ProfileDisplayP3()),
		"adobe-rgb":  rgb(picture.ProfileAdobeRGB()),
		"prophoto":   rgb(picture.ProfileProPhoto()),
		"grey": {profile: picture.ProfileGrey(), files: func(c [4]uint8) map[string][]byte {
			img := image.NewGray(image.Rect(0, 0, 64, 48))
			for i := range img.Pix {
				img.Pix[i] = c[0]
			}
			return map[string][]byte{
				"JPEG": picture.Must(picture.WithICC(picture.Must(picture.JPEG(img, 95)), picture.ProfileGrey())),
				"PNG":  picture.Must(picture.WithICC(picture.Must(picture.PNG(img)), picture.ProfileGrey())),
			}
		}},
		"cmyk": {profile: cmyk, inks: true, files: func(c [4]uint8) map[string][]byte {
			return map[string][]byte{"JPEG": picture.Must(picture.WithICC(picture.CMYK(c, 8, 6), cmyk))}
		}},
		"press": {inks: true, files: func(c [4]uint8) map[string][]byte {
			return map[string][]byte{"JPEG": picture.CMYK(c, 8, 6)}
		}},
	}
}

// rgbFiles is one colour in every kind of file that carries a profile.
func rgbFiles(c [4]uint8, profile []byte) map[string][]byte {
	opaque := color.NRGBA{c[0], c[1], c[2], 255}
	img := flat(64, 48, opaque)
	wide := image.NewNRGBA64(img.Rect)
	for y := range 48 {
		for x := range 64 {
			wide.Set(x, y, opaque)
		}
	}
	sheer := flat(64, 48, color.NRGBA{c[0], c[1], c[2], 128})
	indexed := image.NewPaletted(img.Rect, color.Palette{color.White, opaque})
	for i := range indexed.Pix {
		indexed.Pix[i] = 1
	}
	files := map[string][]byte{
		"JPEG":            encode(img, transform.JPEG),
		"PNG":             encode(img, transform.PNG),
		"16-bit PNG":      picture.Must(picture.PNG(wide)),
		"palette PNG":     picture.Must(picture.PNG(indexed)),
		"PNG with alpha":  encode(sheer, transform.PNG),
		"WebP":            encode(img, transform.WebP),
		"WebP with alpha": encode(sheer, transform.WebP),
	}
	for name, file := range files {
		files[name] = picture.Must(picture.WithICC(file, profile))
	}
	return files
}

// patch is a row of the table.
type patch struct {
	space string
	in    [4]uint8
	want  [3]float64 // sRGB, 0 to 255
}

func readTable(t *testing.T) (patches []patch) {
	t.Helper()
	f, err := os.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") {
			var p patch
			if _, err := fmt.Sscan(line, &p.space, &p.in[0], &p.in[1], &p.in[2], &p.in[3], &p.want[0], &p.want[1], &p.want[2]); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			patches = append(patches, p)
		}
	}
	return patches
}

// TestColoursAreLittlecms compares flat patches of every space and kind of file
// with the colours that transicc computes.
func TestColoursAreLittlecms(t *testing.T) {
	r := newRenderer(t)
	known := spaces()
	patches := readTable(t)
	if len(patches) < 40 {
		t.Fatalf("only %d patches", len(patches))
	}
	var mu sync.Mutex
	worst := map[string]float64{}
	for name := range known {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range patches {
				if p.space == name {
					d := comparePatch(t, r, p, known[name].files(p.in))
					mu.Lock()
					worst[name] = max(worst[name], d)
					mu.Unlock()
				}
			}
		})
	}
	t.Cleanup(func() { t.Log("worst ΔE00:", worst) })
}

// comparePatch renders files of one colour and returns their largest ΔE00.
func comparePatch(t *testing.T, r *Renderer, p patch, files map[string][]byte) (worst float64) {
	t.Helper()
	want := color.NRGBA{round8(p.want[0]), round8(p.want[1]), round8(p.want[2]), 255}
	for name, file := range files {
		out := renderBytes(t, r, file, "32x24", transform.Unknown)
		if m := probe(t, out); m.ICCBytes != 0 {
			t.Errorf("%s keeps a profile", name)
		}
		got := decode(t, out).NRGBAAt(15, 11)
		got.A = 255
		d := ciede2000(labOf(got), labOf(want))
		worst = max(worst, d)
		if d > 2 {
			t.Errorf("%s of %v: %v, want %v, ΔE00 %.2f", name, p.in, got, want, d)
		}
	}
	return worst
}

// TestBrokenProfilesAreIgnored: a profile that cannot be used is as good as none.
func TestBrokenProfilesAreIgnored(t *testing.T) {
	r := newRenderer(t)
	want := color.NRGBA{R: 80, G: 170, B: 90, A: 255}
	p3 := picture.ProfileDisplayP3()
	for name, profile := range map[string][]byte{
		"noise":                bytes.Repeat([]byte("noise "), 100),
		"one that is cut":      p3[:len(p3)/2],
		"one of another space": picture.ProfileGrey(),
		"one of four inks":     cmykProfile(),
	} {
		for _, f := range []transform.Format{transform.JPEG, transform.PNG, transform.WebP} {
			file := picture.Must(picture.WithICC(encode(flat(64, 48, want), f), profile))
			if got := render(t, r, file, "32x24", transform.Unknown).NRGBAAt(15, 11); far(got, want) > 4 {
				t.Errorf("%v with %s: %v, want %v", f, name, got, want)
			}
		}
	}
	wantNothingHeld(t, r)
}

// TestTransiccTable computes the table again where littlecms' transicc is installed
// (Debian's liblcms2-utils), with -update to keep the result.
func TestTransiccTable(t *testing.T) {
	if _, err := exec.LookPath("transicc"); err != nil {
		t.Skip("transicc is not installed")
	}
	dir := t.TempDir()
	if *update {
		writeTable(t, dir)
	}
	for _, p := range readTable(t) {
		file, ok := profileFile(t, dir, p.space)
		if !ok {
			continue
		}
		got := transicc(t, file, p)
		for i := range got {
			if math.Abs(got[i]-p.want[i]) > 0.5 {
				t.Errorf("%s %v: transicc says %.2f, the table %.2f", p.space, p.in, got, p.want)
				break
			}
		}
	}
}

// profileFile writes a space's profile for transicc. That of a press is part of
// libvips, and comes out of a picture that libvips' own program converts.
func profileFile(t *testing.T, dir, name string) (file string, ok bool) {
	t.Helper()
	file = filepath.Join(dir, name+".icc")
	if name != "press" {
		if err := os.WriteFile(file, spaces()[name].profile, 0o600); err != nil {
			t.Fatal(err)
		}
		return file, true
	}
	if _, err := os.Stat(file); err == nil {
		return file, true
	}
	if _, err := exec.LookPath("vips"); err != nil {
		return "", false
	}
	script := `cd "$1" && vips black b.v 16 16 --bands 3 && vips copy b.v c.v --interpretation srgb &&
		vips icc_transform c.v d.jpg cmyk --input-profile srgb && vipsheader -f icc-profile-data d.jpg | base64 -d > press.icc`
	if out, err := exec.Command("sh", "-c", script, "sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file, true
}

// transicc asks littlecms: relative colorimetric, bounded to what a screen shows.
func transicc(t *testing.T, profile string, p patch) (rgb [3]float64) {
	t.Helper()
	cmd := exec.Command("transicc", "-i"+profile, "-o*sRGB", "-t1", "-s", "-n")
	in := fmt.Sprintln(p.in[0], p.in[1], p.in[2], p.in[3])
	if spaces()[p.space].inks {
		in = fmt.Sprintln(percent(p.in[0]), percent(p.in[1]), percent(p.in[2]), percent(p.in[3]))
	}
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(out), &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return rgb
}

func percent(v uint8) float64 { return float64(v) / 2.55 }

// writeTable chooses patches: neutrals, primaries, and what lies between.
func writeTable(t *testing.T, dir string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Flat colours in sRGB, relative colorimetric, by littlecms' transicc:\n" +
		"#   echo COMPONENTS | transicc -iPROFILE '-o*sRGB' -t1 -s -n\n" +
		"# written by: go test ./transform/vips -run TestTransiccTable -update\n" +
		"# space, four components of 0 to 255 (unused ones 0), red, green, blue of 0 to 255\n")
	light := [][4]uint8{{0, 0, 0}, {255, 255, 255}, {128, 128, 128}, {220, 40, 40}, {80, 170, 90}, {40, 60, 200}, {250, 200, 30}, {200, 150, 120}, {30, 60, 50}}
	ink := [][4]uint8{{0, 0, 0, 0}, {255, 0, 0, 0}, {0, 255, 0, 0}, {0, 0, 255, 0}, {0, 0, 0, 255}, {60, 40, 40, 20}, {20, 120, 160, 10}, {180, 60, 200, 40}, {0, 0, 0, 128}}
	grey := [][4]uint8{{0}, {20}, {64}, {128}, {200}, {255}}
	for _, name := range []string{"srgb", "display-p3", "adobe-rgb", "prophoto", "grey", "cmyk", "press"} {
		file, ok := profileFile(t, dir, name)
		if !ok {
			t.Fatal("the press profile needs libvips' program vips (Debian's libvips-tools)")
		}
		colours := light
		if name == "grey" {
			colours = grey
		} else if spaces()[name].inks {
			colours = ink
		}
		for _, c := range colours {
			p := patch{space: name, in: c}
			p.want = transicc(t, file, p)
			fmt.Fprintf(&b, "%-10s %3d %3d %3d %3d  %8.3f %8.3f %8.3f\n", name, c[0], c[1], c[2], c[3], p.want[0], p.want[1], p.want[2])
		}
	}
	if err := os.MkdirAll(filepath.Dir(table), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(table, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
