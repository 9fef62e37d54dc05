package main

import (
	"bytes"
	"context"
	"image"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// shortBound is how much memory the short corpus may take beside what the program has when idle: its pictures have 6
// megapixels at most, and the dearest are four texts that inflate to 8 MB each.
const shortBound = 384 << 20

// TestShortTorture sends the short version of the corpus to the program. Whatever must not happen is an error of torture.
func TestShortTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	exe, err := rig.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tally, err := torture(ctx, config{exe: exe, dir: t.TempDir(), short: true, seed: 1, only: regexp.MustCompile(""), say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	sum := tally.total()
	if sum.files < 130 || sum.served < 40 || sum.originals < 50 || tally.joint.thumbs < 250 {
		t.Errorf("%d files, %d served, %d refused, %d answers to many at once: the run shows nothing", sum.files, sum.served, sum.originals, tally.joint.thumbs)
	}
	for what, peak := range map[string]int64{"one picture": sum.peak, "the dearest at once": tally.crowd, "many at once": tally.joint.peak} {
		if over := peak - tally.idle; over > shortBound {
			t.Errorf("%s took %s, more than %s", what, rig.MiB(over), rig.MiB(shortBound))
		}
	}
	t.Log("\n" + tally.markdown("go test"))
}

// anyWebP stands in for the base that the program makes.
var anyWebP = base{"lossy WebP", ".webp", image.Pt(64, 64), webpOf(flatVP8(64, 64)), refused, false}

func TestTheCorpusIsLargeAndEveryFileHasItsName(t *testing.T) {
	for _, short := range []bool{false, true} {
		files := corpus(anyWebP, 1, short)
		if least := map[bool]int{false: 1000, true: 130}[short]; len(files) < least {
			t.Errorf("short %t: %d files, want %d", short, len(files), least)
		}
		names := make(map[string]bool)
		for _, f := range files {
			name := f.family + ", " + f.name
			if names[name] {
				t.Errorf("two files are %s", name)
			}
			names[name] = true
			if short && f.heavy {
				t.Errorf("the short corpus has %s", name)
			}
		}
	}
}

func TestTheSameSeedMakesTheSameFiles(t *testing.T) {
	all := []base{anyWebP}
	bytesOf := func(seed uint64) (damaged [][]byte) {
		for _, f := range flipped(all, seed) {
			damaged = append(damaged, f.bytes())
		}
		return damaged
	}
	same := func(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }
	one := bytesOf(1)
	if !same(one, bytesOf(1)) {
		t.Error("two runs of one seed differ")
	}
	if same(one, bytesOf(2)) {
		t.Error("runs of two seeds do not differ")
	}
}

func TestAThumbOfTheWrongSizeIsSeen(t *testing.T) {
	unknown := image.Point{}
	for _, c := range []struct {
		form        string
		source, got image.Point
		right       bool
	}{
		{"100x70", unknown, image.Pt(100, 70), true},
		{"100x70", unknown, image.Pt(100, 71), false},
		{"100x70", image.Pt(3, 3), image.Pt(3, 3), false},
		{"300x200f", image.Pt(600, 600), image.Pt(200, 200), true},
		{"300x200f", image.Pt(600, 600), image.Pt(201, 201), false},
		{"300x200f", image.Pt(600, 600), image.Pt(199, 199), false},
		{"300x200f", image.Pt(600, 600), image.Pt(200, 190), false},
		{"300x200f", image.Pt(30, 20), image.Pt(30, 20), true},
		{"300x200f", image.Pt(30, 20), image.Pt(300, 200), false},
		{"300x200f", image.Pt(65500, 1), image.Pt(300, 1), true},
		{"300x200f", unknown, image.Pt(17, 5), true},
		{"300x200f", unknown, image.Pt(301, 5), false},
		{"0x50", image.Pt(300, 200), image.Pt(75, 50), true},
		{"0x50", image.Pt(300, 200), image.Pt(78, 50), false},
		{"0x50", unknown, image.Pt(78, 50), true},
		{"0x50", unknown, image.Pt(78, 51), false},
		{"200x0", image.Pt(65500, 1500), image.Pt(200, 5), true},
		{"200x0", image.Pt(1500, 65500), image.Pt(200, 8733), true},
		{"200x0", image.Pt(1500, 65500), image.Pt(199, 8733), false},
	} {
		if err := must(parseForm(c.form)).checkSize(c.got, c.source); (err == nil) != c.right {
			t.Errorf("%v of %v as %s: %v, want it right: %t", c.got, c.source, c.form, err, c.right)
		}
	}
	for _, thumb := range []string{"", "not a picture", string(flatJPEG(100, 70, 3)[:200])} {
		if err := must(parseForm("100x70")).check([]byte(thumb), unknown, 1e6); err == nil {
			t.Errorf("%.20q passes for a thumb", thumb)
		}
	}
	if err := must(parseForm("100x70")).check(flatJPEG(100, 70, 3), unknown, 1e6); err != nil {
		t.Errorf("a whole thumb: %v", err)
	}
}

func TestEveryRefusalHasItsCheck(t *testing.T) {
	for reason, want := range map[string]string{
		"transform: unsupported image format":                                        "none of the four formats, by the bytes",
		"transform: unsupported image format: JPEG of 2 components, 8 bits each":     "kind of JPEG that is not read",
		"transform: corrupt image header: unreadable, or of a kind that is not read": "header: cut, or contradicts itself",
		"transform: corrupt image header: PNG data fails its checksum":               "PNG checksum",
		"transform: corrupt image header: VipsJpeg: Corrupt JPEG data":               "decoder refused",
		"transform: too many pixels: source is 30000×30000":                          "pixels or sides",
		"transform: too many pixels: thumbnail of 7100×7100":                         "pixels or sides of the thumbnail",
		"transform: picture too complex: 10001 frames":                               "frames",
		"transform: picture too complex: text that can inflate to 8000000000 bytes":  "text in a PNG",
		"transform: picture too complex: source of 999999999 bytes":                  "source bytes",
		"vips: cannot encode: something":                                             "other: vips: cannot encode: something",
	} {
		if got := checkOf(reason); got != want {
			t.Errorf("%s: %s, want %s", reason, got, want)
		}
	}
}
