package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The command line's jobs on the media library, beside a running server that sees what they do.

func TestTheFilesOfTheLibraryAreManagedByTheCommandLine(t *testing.T) {
	p := start(t)
	key := p.newKey("cli", "files:read,files:write")
	photo := jpegOf(640, 480)
	here := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(here, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	files := func(args ...string) string {
		t.Helper()
		out, err := run(t, append(append([]string{"files"}, args...), "--dir", p.dir)...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return out
	}
	refused := func(want string, args ...string) {
		t.Helper()
		if out, err := run(t, append(append([]string{"files"}, args...), "--dir", p.dir)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s\n%s", args, err, want, out)
		}
	}
	shown := func(path string) map[string]any {
		t.Helper()
		a := p.get("/flextype/api/files?path="+path+"&token="+key).want(t, 200)
		return a.json(t)["data"].(map[string]any)
	}

	out := files("upload", write("cover.jpg", photo), write("notes.txt", []byte("some text")), "--folder", "a/b", "--alt", "A cover")
	if !strings.Contains(out, "100%") || !strings.Contains(out, " a/b/cover.jpg\n") || !strings.Contains(out, " a/b/notes.txt\n") {
		t.Errorf("uploaded: %q", out)
	}
	quiet := files("upload", write("cover.jpg", photo), "--folder", "a/b", "--visibility", "private", "--quiet")
	id, path, _ := strings.Cut(strings.TrimSpace(quiet), " ")
	if path != "a/b/cover-2.jpg" || strings.Contains(quiet, "%") {
		t.Errorf("uploaded quietly: %q", quiet)
	}
	if v := shown("a/b/cover.jpg"); v["alt"] != "A cover" || v["visibility"] != nil {
		t.Errorf("%v", v)
	}
	if a := p.get("/flextype/project/uploads/a/b/cover.jpg?thumb=60x40").want(t, 200); len(a.body) == 0 {
		t.Error("no thumb")
	}
	p.get("/flextype/project/uploads/a/b/cover-2.jpg").want(t, 404)

	list := files("list", "a/b")
	for _, want := range []string{"a/b/cover.jpg", "640x480", "private", "a/b/notes.txt", "text/plain", id} {
		if !strings.Contains(list, want) {
			t.Errorf("the list has no %s:\n%s", want, list)
		}
	}
	if n := strings.Count(list, "\n"); n != 4 {
		t.Errorf("%d lines:\n%s", n, list)
	}

	files("tag", "a/b/cover.jpg", "spring", "hero")
	files("tag", "a/b/cover.jpg", "hero", "barley")
	eventually(t, "the tags show", func() bool { return shown("a/b/cover.jpg")["tags"] == "spring, hero, barley" })
	files("tag", "a/b/cover.jpg", "spring", "hero", "barley", "never", "--remove")
	files("update-metadata", strings.ToUpper(id), "title=Season 5", "alt=Barley", "source=drew", "visibility=public")
	v := shown("a/b/cover-2.jpg")
	if v["title"] != "Season 5" || v["alt"] != "Barley" || v["source"] != "drew" || v["visibility"] != nil {
		t.Errorf("%v", v)
	}
	files("update-metadata", id, "source=", "alt=", "note=a=b")
	if v := shown("a/b/cover-2.jpg"); v["source"] != nil || v["alt"] != nil || v["note"] != "a=b" {
		t.Errorf("%v", v)
	}
	if v := shown("a/b/cover.jpg"); v["tags"] != nil {
		t.Errorf("%v", v)
	}

	refused("already", "rename", id, "cover.jpg")
	if out := files("rename", id, "new cover.jpg"); !strings.Contains(out, " a/b/new cover.jpg\n") {
		t.Errorf("renamed: %q", out)
	}
	if out := files("move", "a/b/new cover.jpg", "/c/"); !strings.Contains(out, " c/new cover.jpg\n") {
		t.Errorf("moved: %q", out)
	}
	if out := files("move", id, "/"); !strings.Contains(out, " new cover.jpg\n") {
		t.Errorf("moved to the root: %q", out)
	}
	if v := shown("new%20cover.jpg"); v["filename"] != "new cover.jpg" {
		t.Errorf("%v", v)
	}
	files("delete", id, "a/b/notes.txt")
	eventually(t, "what was deleted is gone", func() bool {
		return p.get("/flextype/project/uploads/new%20cover.jpg").status == 404 && p.get("/flextype/project/uploads/a/b/notes.txt").status == 404
	})

	for _, c := range [][]string{
		{"there is no file", "delete", id}, {"there is no file", "move", "nowhere.jpg", "x"}, {"there is no file", "rename", "../x", "y"},
		{"is a path", "rename", "a/b/cover.jpg", "c/d.jpg"}, {"not NAME=VALUE", "update-metadata", "a/b/cover.jpg", "alt"},
		{"public or private", "update-metadata", "a/b/cover.jpg", "visibility=all"}, {"is no tag", "tag", "a/b/cover.jpg", "x,y"},
		{"no such file", "upload", filepath.Join(here, "none.jpg")}, {"folder: Invalid value", "upload", filepath.Join(here, "cover.jpg"), "--folder", "../..", "--quiet"},
		{"not valid", "list", "a//b"},
	} {
		refused(c[0], c[1:]...)
	}
	if v := shown("a/b/cover.jpg"); v["filename"] != "cover.jpg" {
		t.Errorf("a refused job changed it: %v", v)
	}
}
