package local

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
)

func TestTheDeepestKeyIsKept(t *testing.T) {
	s := openAt(t, t.TempDir())
	s.fsync = func(int) error { return nil }
	key := origin.Key(strings.Repeat("a/", 511) + "aa")
	put(t, s, key, "deep")
	if got := string(readAll(t, s, key)); got != "deep" {
		t.Errorf("%q", got)
	}
	infos, err := s.List(t.Context(), "", "", 10)
	if err != nil || len(infos) != 1 || infos[0].Key != key {
		t.Errorf("%v, %v", infos, err)
	}
	if err := s.DeletePrefix(t.Context(), "a/"); err != nil {
		t.Error(err)
	}
	wantFiles(t, s.config.Dir)
}

// isKey is the rule of origin.Key and of package blob, in the plainest words.
func isKey(key string) bool {
	for i, segment := range strings.Split(key, "/") {
		if segment == "" || segment == "." || segment == ".." || len(segment) > 255 || strings.Contains(segment, "\x00") {
			return false
		}
		if i == 0 && (segment[0] == '.' || segment == "lost+found") {
			return false
		}
	}
	return len(key) <= 1024 && utf8.ValidString(key)
}

// FuzzKey puts, lists and deletes under any string: what is a key is kept under it, what is none leaves no trace.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"a", "a/b", "originals/c/r/a_0123456789.jpg", "", "/", "..", "a/../b", "a//b", ".tmp/x", "a/.tmp",
		"a\x00", "lost+found/a", "a/\xff\xfe", "a\\b", "a/b/", "C:/x", strings.Repeat("x", 256), strings.Repeat("x/", 512) + "y"} {
		f.Add(key)
	}
	s := openAt(f, f.TempDir())
	s.fsync = func(int) error { return nil }
	f.Fuzz(func(t *testing.T, key string) {
		k := origin.Key(key)
		err := s.PutIfAbsent(t.Context(), k, []byte("bytes"))
		if (err == nil) != isKey(key) {
			t.Fatalf("put %q: %v", key, err)
		}
		if err != nil {
			wantFiles(t, s.config.Dir)
			return
		}
		if !filepath.IsLocal(key) || filepath.Clean(key) != key {
			t.Fatalf("%q was kept and is not a plain path", key)
		}
		if got := string(readAll(t, s, k)); got != "bytes" {
			t.Fatalf("%q: %q", key, got)
		}
		for _, n := range []int{0, len(key) / 2, len(key)} {
			infos, err := s.List(t.Context(), k[:n], "", 10)
			if err != nil || len(infos) != 1 || infos[0].Key != k {
				t.Fatalf("list %q: %v, %v", k[:n], infos, err)
			}
		}
		if err := s.Delete(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, s.config.Dir)
	})
}
