package rig

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestASectionIsReplacedAndNothingElse(t *testing.T) {
	for _, c := range []struct{ name, old, want string }{
		{"no file", "", "<!-- a -->\nnew\n<!-- /a -->\n"},
		{"a file without the section", "# Results\n\n\n", "# Results\n\n<!-- a -->\nnew\n<!-- /a -->\n"},
		{"a section between others", "x\n<!-- a -->\nold\n<!-- /a -->\ny\n<!-- b -->\nz\n<!-- /b -->\n", "x\n<!-- a -->\nnew\n<!-- /a -->\ny\n<!-- b -->\nz\n<!-- /b -->\n"},
		{"an empty section", "<!-- a -->\n<!-- /a -->\n", "<!-- a -->\nnew\n<!-- /a -->\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "bench", "RESULTS.md")
			if c.old != "" {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(c.old), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // the second time changes nothing
				if err := WriteSection(file, "a", "\nnew\n\n"); err != nil {
					t.Fatal(err)
				}
				if got, err := os.ReadFile(file); err != nil || string(got) != c.want {
					t.Errorf("%q, %v, want %q", got, err, c.want)
				}
			}
		})
	}
}

func TestASectionWithoutItsEndIsLeftAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "RESULTS.md")
	const old = "<!-- a -->\nold\n"
	if err := os.WriteFile(file, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteSection(file, "a", "new"); err == nil {
		t.Error("no error")
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != old {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTheMedianIsTheMiddleWhateverTheOrder(t *testing.T) {
	for _, c := range []struct {
		values []int
		want   int
	}{{nil, 0}, {[]int{7}, 7}, {[]int{9, 1, 5}, 5}, {[]int{4, 1, 3, 2}, 3}} {
		before := slices.Clone(c.values)
		if got := Median(c.values); got != c.want || !slices.Equal(c.values, before) {
			t.Errorf("the median of %v is %d, want %d (and they are %v now)", before, got, c.want, c.values)
		}
	}
}
