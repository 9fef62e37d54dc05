package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
)

// TestMakeALibrary leaves a catalog of IMGORIGIN_SCALE records and files in the folder IMGORIGIN_LIBRARY, which must be on
// the file system of TMPDIR. make bench starts the program on it.
func TestMakeALibrary(t *testing.T) {
	dir, n := os.Getenv("IMGORIGIN_LIBRARY"), catalogtest.Many()
	if dir == "" || n == 0 {
		t.Skip("IMGORIGIN_LIBRARY names no folder")
	}
	cat, _ := filled(t, n)
	path := cat.cfg.Path()
	if err := cat.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(dir, filepath.Base(path))); err != nil {
		t.Fatal(err)
	}
}
