package local

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/origin"
)

// smallDisk mounts a file system for the length of the test.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, options); err != nil {
		t.Skipf("no right to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestAFullDiskLosesNothing(t *testing.T) {
	dir := smallDisk(t, "size=2m")
	s := openAt(t, dir)
	stored := map[origin.Key][]byte{}
	fill := func(name string, put func(key origin.Key, data []byte) error) {
		t.Helper()
		for i := 0; ; i++ {
			key, data := origin.Key(fmt.Sprintf("full/%s/%d", name, i)), sealed(50_000)
			err := put(key, data)
			if err == nil {
				stored[key] = data
				continue
			}
			if !errors.Is(err, origin.ErrNoSpace) {
				t.Fatalf("%s %d: %v", name, i, err)
			}
			return
		}
	}
	byPut := func(key origin.Key, data []byte) error { return s.PutIfAbsent(t.Context(), key, data) }
	byStage := func(key origin.Key, data []byte) error {
		st, err := s.Stage(t.Context())
		if err != nil {
			return err
		}
		_, failed := st.Write(data)
		err = st.Commit(t.Context(), key)
		if failed != nil && err == nil {
			t.Errorf("%q was committed though a write had failed", key)
		}
		return errors.Join(err, st.Discard())
	}
	fill("put", byPut)
	if len(stored) < 20 {
		t.Fatalf("the disk was full after %d objects", len(stored))
	}
	for key := range stored {
		if err := s.Delete(t.Context(), key); err != nil { // a full disk lets go
			t.Fatal(err)
		}
		delete(stored, key)
		break
	}
	fill("stage", byStage)
	fill("again", byPut)
	if s.Stats().NoSpace == 0 {
		t.Error("Stats tells of no full disk")
	}
	infos, err := s.List(t.Context(), "", "", 1000)
	if err != nil || len(infos) != len(stored) {
		t.Errorf("%d objects are listed, %d were acknowledged: %v", len(infos), len(stored), err)
	}
	for key, data := range stored {
		if string(readAll(t, s, key)) != string(data) {
			t.Errorf("%q has changed", key)
		}
	}
	if left := backdate(t, dir, 0); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

func TestADiskWithoutInodesKeepsNoFoldersOfWhatItRefused(t *testing.T) {
	dir := smallDisk(t, "size=1m,nr_inodes=6") // root, .tmp, the temporary file, and three more
	s := openAt(t, dir)
	err := s.PutIfAbsent(t.Context(), "a/b/c/d/e", []byte("x"))
	if !errors.Is(err, origin.ErrNoSpace) {
		t.Errorf("put: %v", err)
	}
	wantFiles(t, dir)
}
