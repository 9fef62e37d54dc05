package local

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func TestNoSymbolicLinkLeadsOutside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, dir)
	put(t, s, "in/side", "x")
	for name, target := range map[string]string{
		"folder":    outside,
		"in/file":   filepath.Join(outside, "secret"),
		"in/folder": outside,
		"in/up":     "../..",
		"in/inside": "side", // even one that stays inside is none of ours
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	below := []origin.Key{"folder/secret", "in/folder/secret", "in/up/" + origin.Key(filepath.Base(outside)) + "/secret"}
	for _, key := range append([]origin.Key{"in/file", "in/inside"}, below...) {
		if _, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, origin.ErrNotFound) {
			t.Errorf("open %q: %v", key, err)
		}
		if err := s.PutIfAbsent(t.Context(), key, []byte("y")); err == nil {
			t.Errorf("put %q succeeded", key)
		}
	}
	if err := s.PutIfAbsent(t.Context(), "in/folder/new", []byte("y")); err == nil {
		t.Error("put below a link succeeded")
	}
	if infos, err := s.List(t.Context(), "", "", 100); err != nil || len(infos) != 1 || infos[0].Key != "in/side" {
		t.Errorf("list: %v, %v", infos, err)
	}
	if infos, err := s.List(t.Context(), "in/folder/", "", 100); err != nil || len(infos) != 0 {
		t.Errorf("list below a link: %v, %v", infos, err)
	}
	if err := s.Delete(t.Context(), below...); err != nil {
		t.Errorf("delete: %v", err)
	}
	for _, prefix := range []origin.Key{"in/folder/", "folder/", "in/up/", "in/"} {
		if err := s.DeletePrefix(t.Context(), prefix); err != nil {
			t.Errorf("delete %q: %v", prefix, err)
		}
	}
	wantFiles(t, outside, "secret")
	wantFiles(t, dir, "folder")
}
