package origin

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// fixedRandom makes the random parts visible: PocketBase's observed examples write them as R10 and X.
func fixedRandom(n int) string { return strings.Repeat("r", n) }

func TestNormalizeName(t *testing.T) {
	const r = "rrrrrrrrrr"
	long := strings.Repeat("a", 150)
	for _, c := range []struct{ name, sniffed, want string }{
		// observed on a real server
		{"MyTestDB.png", ".png", "my_test_db_" + r + ".png"},
		{"a.b.c.d.png", ".png", "a_b_c_" + r + ".d.png"},
		{"файл.png", ".png", r + "_" + r + ".png"},
		{"weird na!me@.p#n=g+*", ".txt", "weird_na_me_" + r + ".p#n=g+*"},
		{"x.", ".jpg", "x" + r + "_" + r + ".jpg"},
		{"file.verylongextension_abcdefghijklmnop", ".txt", "file_" + r + ".ion_abcdefghijklmnop"},
		{"ab.jpg", ".jpg", "ab" + r + "_" + r + ".jpg"},
		{".hidden", ".txt", r + "_" + r + ".hidden"},
		{"My Photo (1) Ünïcode.HEIC.JPG", ".jpg", "my_photo_1_n_code_" + r + ".HEIC.JPG"},
		{"photo.png.exe", ".png", "photo_" + r + ".png.exe"},
		{"blob", ".txt", "blob_" + r + ".txt"},
		// what follows from the rules
		{"", "", r + "_" + r},
		{"...", ".png", r + "_" + r + ".png"},
		{"..", "", r + "_" + r},
		{"../../etc/passwd", "", r + "_" + r + ".etcpasswd"},
		{"/etc/passwd", "", "etc_passwd_" + r},
		{`C:\pictures\IMG.jpg`, ".jpg", "c_pictures_img_" + r + ".jpg"},
		{"a/b.tar.gz", ".gz", "a_b_" + r + ".tar.gz"},
		{long + ".png", ".png", long[:100] + "_" + r + ".png"},
		{strings.Repeat("b", 400), "", strings.Repeat("b", 100) + "_" + r},
		{"x.png" + strings.Repeat("c", 300), ".png", strings.Repeat("c", 100) + "_" + r + ".png"},
		{"abc.\x00\n", "", "abc_" + r},
		{"abc.äöü", ".bin", "abc_" + r + ".bin"},
		{"abc.é.é", ".bin", "abc_" + r + ".bin"},
		{"photo.jpg.", ".jpg", "photo_" + r + ".jpg"},
		{"__A__b", "", "a_b_" + r},
		{"x1Y2Z", "", "x1_y2_z_" + r},
		{"éA", "", "a" + r + "_" + r},
		{"abc.0123456789.0123456789", "", "abc_" + r + ".123456789.0123456789"},
		{"abc.01234.67890123456789.", "", "abc_01234_" + r + ".67890123456789"},
	} {
		if got := normalizeName(c.name, c.sniffed, fixedRandom); string(got) != c.want {
			t.Errorf("%q with content of type %q becomes\n     %q\nnot  %q", c.name, c.sniffed, got, c.want)
		}
	}
}

// The model below says the six rules once more with other means: regular expressions and plain loops.
var (
	modelSeparators = regexp.MustCompile(`[\W_]+`)
	modelExtJunk    = regexp.MustCompile(`[^A-Za-z0-9_.*\-+=#]+`)
	modelShape      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_]*(\.[A-Za-z0-9_.*\-+=#]{1,20})?$`)
)

func modelName(name, sniffed string) string {
	for len(name) > 300 {
		name = name[1:]
	}
	parts := strings.Split(name, ".")
	base, ext := name, ""
	switch n := len(parts); {
	case n == 2:
		base, ext = parts[0], "."+parts[1]
	case n > 2:
		base, ext = strings.Join(parts[:n-2], "."), "."+parts[n-2]+"."+parts[n-1]
	}
	ext = strings.Trim(modelExtJunk.ReplaceAllString(ext, ""), ".")
	if ext == "" {
		ext = strings.Trim(sniffed, ".")
	}
	if len(ext) > 20 {
		ext = strings.Trim(ext[len(ext)-20:], ".")
	}
	if ext != "" {
		ext = "." + ext
	}
	var words []string
	for _, word := range modelSeparators.Split(strings.Trim(base, "."), -1) {
		split := ""
		for i, c := range word {
			if i > 0 && unicode.IsUpper(c) && !unicode.IsUpper(rune(word[i-1])) {
				split += "_"
			}
			split += string(c)
		}
		if split != "" {
			words = append(words, strings.ToLower(split))
		}
	}
	clean := strings.Join(words, "_")
	if len(clean) < 3 {
		clean += fixedRandom(10)
	}
	if len(clean) > 100 {
		clean = clean[:100]
	}
	return clean + "_" + fixedRandom(10) + ext
}

func FuzzNormalizeName(f *testing.F) {
	for _, seed := range []string{"MyTestDB.png", "a.b.c.d.png", "файл.png", "weird na!me@.p#n=g+*", "x.", ".hidden", "", "...", "a..b",
		"file.verylongextension_abcdefghijklmnop", "ÄÖÜ.ß", "\xff\xfeA.\xc3", "A\xccB.c", strings.Repeat("aB.", 120), "a.....................b"} {
		f.Add(seed, ".png")
	}
	f.Fuzz(func(t *testing.T, name, sniffed string) {
		if sniffed != "" && !regexp.MustCompile(`^\.[a-z0-9]{1,10}$`).MatchString(sniffed) {
			sniffed = ".bin" // what the sniffer says is not the uploader's to choose
		}
		got := string(normalizeName(name, sniffed, fixedRandom))
		if want := modelName(name, sniffed); got != want {
			t.Fatalf("%q becomes %q, the rules say %q", name, got, want)
		}
		if len(got) > 132 || !modelShape.MatchString(got) {
			t.Fatalf("%q becomes %q, which is no harmless name", name, got)
		}
	})
}
