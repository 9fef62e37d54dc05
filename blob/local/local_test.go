package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/blob/blobtest"
	"github.com/imgorigin/imgorigin/origin"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		victim(dir)
	}
	goleak.VerifyTestMain(m)
}

// openAt opens a store on a folder, and closes it with the test.
func openAt(t testing.TB, dir string) *Store {
	t.Helper()
	config := DefaultConfig()
	config.Dir = dir
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t testing.TB, s *Store, key origin.Key, data string) {
	t.Helper()
	if err := s.PutIfAbsent(t.Context(), key, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// files returns all paths below dir, folders with a "/" at the end, less .tmp itself.
func files(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || rel == "." || rel == tempFolder:
			return err
		case e.IsDir():
			rel += "/"
		}
		paths = append(paths, rel)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func wantFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	if got := strings.Join(files(t, dir), " "); got != strings.Join(want, " ") {
		t.Errorf("in the folder there is [%s], not %q", got, want)
	}
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) origin.Blobs { return openAt(t, t.TempDir()) })
}

func TestConformanceWhereRenameReplaces(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) origin.Blobs {
		s := openAt(t, t.TempDir())
		s.move = moveByLink
		s.fsync = func(int) error { return nil } // has its turn in TestConformance
		return s
	})
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		what  string
		set   func(*Config)
		valid bool
	}{
		{"the default with a folder", func(*Config) {}, true},
		{"no folder", func(c *Config) { c.Dir = "" }, false},
		{"the smallest buffer", func(c *Config) { c.Buffer = 4096 }, true},
		{"a smaller one", func(c *Config) { c.Buffer = 4095 }, false},
		{"the greatest buffer", func(c *Config) { c.Buffer = 16 << 20 }, true},
		{"a greater one", func(c *Config) { c.Buffer = 16<<20 + 1 }, false},
		{"a minute", func(c *Config) { c.StaleAfter = time.Minute }, true},
		{"less than a minute", func(c *Config) { c.StaleAfter = time.Minute - 1 }, false},
	} {
		config := DefaultConfig()
		config.Dir = filepath.Join(t.TempDir(), "made", "by", "open")
		c.set(&config)
		s, err := Open(config)
		if (err == nil) != c.valid {
			t.Errorf("%s: %v", c.what, err)
		}
		if err == nil {
			_ = s.Close()
		}
	}
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(dir, "linked")
	if err := os.MkdirAll(linked, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(linked, tempFolder)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below"), linked} {
		config := DefaultConfig()
		config.Dir = path
		if _, err := Open(config); err == nil {
			t.Errorf("Open %s succeeded", path)
		}
	}
}

func TestObjectsOutliveTheStore(t *testing.T) {
	dir := t.TempDir()
	first := openAt(t, dir)
	put(t, first, "a/b", "kept")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := string(readAll(t, openAt(t, dir), "a/b")); got != "kept" {
		t.Errorf("after the second Open the object is %q", got)
	}
}

func readAll(t testing.TB, s *Store, key origin.Key) []byte {
	t.Helper()
	obj, err := s.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Body.Close()
	var data bytes.Buffer
	if _, err := data.ReadFrom(obj.Body); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

func TestCheckMissesTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	s := openAt(t, dir)
	if err := os.Rename(dir, dir+" elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("with the folder gone: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err == nil {
		t.Error("another folder in its place passes")
	}
}

func TestAFolderThatIsRemovedIsAnErrorAndNoEndlessLoop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "folder")
	s := openAt(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.PutIfAbsent(t.Context(), "a/b", nil); err == nil {
		t.Error("put succeeded")
	}
	if _, err := s.Open(t.Context(), "a/b", 0, -1); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
}

func TestModifiedIsWhenItWasCommittedNotWhenItWasWritten(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	st, err := s.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Write([]byte("slow")); err != nil {
		t.Fatal(err)
	}
	if _, err := st.ReadAt(make([]byte, 1), 0); err != nil { // the bytes are in the file now
		t.Fatal(err)
	}
	backdate(t, dir, 3*time.Hour)
	if err := st.Commit(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	infos, err := s.List(t.Context(), "", "", 1)
	if err != nil || len(infos) != 1 {
		t.Fatalf("%v, %v", infos, err)
	}
	if limit := time.Now().Add(-2 * time.Hour); time.UnixMilli(infos[0].Modified).Before(limit) {
		t.Errorf("modified at %v", time.UnixMilli(infos[0].Modified))
	}
}

// backdate makes everything in .tmp older, and returns its names.
func backdate(t testing.TB, dir string, age time.Duration) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, tempFolder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		then := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(dir, tempFolder, e.Name()), then, then); err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name())
	}
	return names
}

func TestStats(t *testing.T) {
	s := openAt(t, t.TempDir())
	put(t, s, "a/1", "12345")
	put(t, s, "a/2", "123")
	_ = s.PutIfAbsent(t.Context(), "a/1", nil)
	_ = readAll(t, s, "a/1")
	_, _ = s.Open(t.Context(), "a/3", 0, -1)
	_ = s.Delete(t.Context(), "a/1", "a/2", "a/3")
	want := Stats{Puts: 2, PutBytes: 8, Exists: 1, Opens: 1, Missing: 1, Deletes: 2}
	if got := s.Stats(); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}

func TestNothingIsLeftOfFailedPuts(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	put(t, s, "a/b", "x")
	ended, end := context.WithCancel(t.Context())
	end()
	for what, err := range map[string]error{
		"taken key":                    s.PutIfAbsent(t.Context(), "a/b", []byte("y")),
		"key below an object":          s.PutIfAbsent(t.Context(), "a/b/c", []byte("y")),
		"key far below an object":      s.PutIfAbsent(t.Context(), "a/b/c/d", []byte("y")),
		"key that is a folder of keys": s.PutIfAbsent(t.Context(), "a", []byte("y")),
		"no key":                       s.PutIfAbsent(t.Context(), "a/../c", []byte("y")),
		"ended context":                s.PutIfAbsent(ended, "c/d", []byte("y")),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
		if errors.Is(err, origin.ErrExists) != (what == "taken key") {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantFiles(t, dir, "a/", "a/b")
}

func TestAFolderThatADeleteRemovesBeforeTheMoveIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	attempts, removals := 0, 3
	s.move = func(from folder, name string, to folder, base string) error {
		if attempts++; attempts <= removals {
			if err := s.Delete(t.Context(), "a/b/absent"); err != nil {
				t.Fatal(err)
			}
		}
		return moveNoReplace(from, name, to, base)
	}
	put(t, s, "a/b/c", "x")
	if got := string(readAll(t, s, "a/b/c")); got != "x" || attempts != 4 {
		t.Errorf("after %d attempts: %q", attempts, got)
	}
	attempts, removals = 0, maxAttempts
	if err := s.Delete(t.Context(), "a/b/c"); err != nil {
		t.Fatal(err)
	}
	if err := s.PutIfAbsent(t.Context(), "a/b/c", nil); err == nil || attempts != maxAttempts {
		t.Errorf("after %d attempts: %v", attempts, err)
	}
	wantFiles(t, dir)
}

func TestAnEmptyFolderThatACrashLeftIsNoObstacle(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, s, "a/b", "x")
	if got := string(readAll(t, s, "a/b")); got != "x" {
		t.Errorf("%q", got)
	}
}

func TestListPassesByWhatIsNoObject(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	put(t, s, "a/object", "x")
	for _, path := range []string{"lost+found", "a/empty", ".hidden"} {
		if err := os.Mkdir(filepath.Join(dir, path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"lost+found/x", ".hidden/x", ".file"} {
		if err := os.WriteFile(filepath.Join(dir, path), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mkfifo(filepath.Join(dir, "a", "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	infos, err := s.List(t.Context(), "", "", 100)
	if err != nil || len(infos) != 1 || infos[0].Key != "a/object" {
		t.Errorf("%v, %v", infos, err)
	}
	if _, err := s.Open(t.Context(), "a/fifo", 0, -1); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("a FIFO opens: %v", err)
	}
}

func TestListReadsAFolderOftenRatherThanKeepIt(t *testing.T) {
	s := openAt(t, t.TempDir())
	s.fsync = func(int) error { return nil }
	const n = 3*minBatch + 7
	for i := range n {
		put(t, s, origin.Key("a/"+string(rune('a'+i%26))+strings.Repeat("x", i/26)), "")
		// Empty folders among them fill the first batches with names that give no object.
		if err := os.Mkdir(filepath.Join(s.config.Dir, "a", "A"+strings.Repeat("x", i%250)+string(rune('a'+i/250))), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{50, minBatch, 1000} {
		var all []origin.ObjectInfo
		for after := origin.Key(""); ; after = all[len(all)-1].Key {
			page, err := s.List(t.Context(), "a/", after, limit)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if len(page) < limit {
				break
			}
		}
		if len(all) != n {
			t.Errorf("by pages of %d there are %d objects, not %d", limit, len(all), n)
		}
	}
}
