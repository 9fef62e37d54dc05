package main

import (
	"image"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTheNameOfAStoredFileLosesItsSuffix(t *testing.T) {
	for stored, want := range map[string]string{
		"dusk_uaywzjof3p.jpg":          "dusk.jpg",
		"dusk_sideways_ehb81p9rgx.jpg": "dusk-sideways.jpg",
		"dusk.jpg":                     "dusk.jpg",
		"a_b.png":                      "a-b.png",
	} {
		if got := plainName(stored); got != want {
			t.Errorf("%s becomes %s, want %s", stored, got, want)
		}
	}
}

func TestThePageShowsEveryThumbOnce(t *testing.T) {
	e := exhibit{title: "A picture", name: "a.png", size: image.Pt(1600, 1200), bytes: 3 << 20}
	for _, f := range forms {
		e.shots = append(e.shots, shot{form: f, file: "thumbs/a-" + f.spec + ".png", size: image.Pt(240, 120), bytes: 5000})
	}
	page := string(markdown([]exhibit{e}))
	for _, s := range e.shots {
		if n := strings.Count(page, "("+s.file+")"); n != 1 {
			t.Errorf("%s is shown %d times", s.file, n)
		}
	}
	for _, want := range []string{"## A picture", "1600×1200, 3072 KiB", "240×120, 4.9 KiB"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q:\n%s", want, page)
		}
	}
}

// TestThePageInDocsIsWhole reads the page that was written last: every thumb that it shows is there, and is of the size that it says.
func TestThePageInDocsIsWhole(t *testing.T) {
	const docs, pictures = "../../docs/", 5
	page, err := os.ReadFile(docs + "thumbs.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`!\[(\S+) of \S+\]\((\S+)\)`).FindAllSubmatch(page, -1)
	if len(shown) != pictures*len(forms) {
		t.Errorf("%d thumbs of %d pictures in %d forms", len(shown), pictures, len(forms))
	}
	filled := regexp.MustCompile(`^240x120[tb]?$`)
	for _, s := range shown {
		data, err := os.ReadFile(docs + string(s[2]))
		if err != nil {
			t.Error(err)
			continue
		}
		size, err := sizeOf(data)
		if err != nil || max(size.X, size.Y) > 240 || filled.Match(s[1]) && size != image.Pt(240, 120) {
			t.Errorf("%s is %v, %v", s[2], size, err)
		}
	}
}
