package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestThePageAboutFoir(t *testing.T) {
	p := spawnBuilt(t)
	exe, err := built()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(bin, "imgorigin")); err != nil {
		t.Fatal(err)
	}
	page := docPage{
		file: "foir.md",
		env: map[string]string{"BASE": p.base, "KEY": p.newKey("page", "files:read,files:write"), "DIR": p.dir,
			"PATH": bin + ":" + os.Getenv("PATH"), asProgram: "1"},
		files: map[string][]byte{"hero.jpg": jpegOf(640, 480)},
		calls: []string{"createFileUpload", `-X PUT "$UPLOAD_URL"`, "confirmFileUpload", "file(id:", "?thumb=", "__type",
			"files upload", "files list", "files tag", "files update-metadata", "files rename", "files move", "files delete"},
	}
	page.run(t)
}
