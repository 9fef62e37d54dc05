package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBaasixVariablesSayWhereTheBytesAre(t *testing.T) {
	root := filepath.Join(t.TempDir(), "elsewhere")
	t.Setenv("STORAGE_TYPE", "local")
	t.Setenv("STORAGE_LOCAL_ROOT", root)
	p := start(t).asAdmin()
	key := p.newKey("uploads", "files:read,files:write")
	data := jpegOf(60, 40)
	a := p.form("POST", "/files", "Bearer "+key, part{"file", "a.jpg", data}).want(t, 200)
	found := false
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if bytes, readErr := os.ReadFile(path); readErr == nil && string(bytes) == string(data) {
			found = true
		}
		return err
	})
	if err != nil || !found {
		t.Errorf("the bytes are not in STORAGE_LOCAL_ROOT: %v", err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "storage")); err == nil {
		t.Error("there is a store in --dir too")
	}
	p.get("/assets/"+a.json(t)["data"].(string), "Authorization: Bearer "+key).want(t, 200)
	p.stop()
	// Our own name goes before Baasix's, and a flag before both.
	t.Setenv("IMGORIGIN_STORAGE", filepath.Join(p.dir, "own"))
	again := startIn(t, p.dir)
	again.get("/assets/"+a.json(t)["data"].(string), "Authorization: Bearer "+key).want(t, 403) // there is no such file where it is looked for now
	again.stop()
	startIn(t, p.dir, "--storage", root).get("/assets/"+a.json(t)["data"].(string), "Authorization: Bearer "+key).want(t, 200)
}

func TestAStoreThatThereIsNotStopsTheStart(t *testing.T) {
	for kind, says := range map[string]string{"s3": "access key and secret key", "ftp": "no kind of store"} {
		t.Setenv("STORAGE_TYPE", kind)
		t.Setenv("STORAGE_S3_BUCKET", "my-bucket")
		t.Setenv("STORAGE_S3_SECRET_KEY", "your-secret-key")
		out, err := run(t, "serve", "--dir", t.TempDir(), "--http", "127.0.0.1:0")
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", kind, err)
		}
		if strings.Contains(out+err.Error(), "your-secret-key") {
			t.Error("the secret key is printed")
		}
	}
}
