package local

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/origin"
)

// journal records the calls on which durability rests, by what they were made upon.
type journal struct {
	t     *testing.T
	dir   string
	calls []string
	fail  string // the call that is to fail
}

var errDisk = errors.New("the disk is broken")

func (j *journal) watch(s *Store) {
	s.fsync = func(fd int) error { return j.note("sync "+j.name(fd), func() error { return fsync(fd) }) }
	s.move = func(from folder, name string, to folder, base string) error {
		what := "move to " + filepath.Join(j.name(int(to)), base)
		if to == s.temps {
			what = "move back"
		}
		return j.note(what, func() error { return moveNoReplace(from, name, to, base) })
	}
}

func (j *journal) note(what string, call func() error) error {
	j.calls = append(j.calls, what)
	if what == j.fail {
		return errDisk
	}
	return call()
}

// name is the path of an open file below the root; that of a temporary file is "file".
func (j *journal) name(fd int) string {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd), buf)
	if err != nil {
		j.t.Fatal(err)
	}
	rel, err := filepath.Rel(j.dir, string(buf[:n]))
	if err != nil {
		j.t.Fatal(err)
	}
	if filepath.Ext(rel) == tempSuffix {
		return "file"
	}
	return rel
}

func (j *journal) want(what string, want ...string) {
	j.t.Helper()
	if diff := cmp.Diff(want, j.calls); diff != "" {
		j.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	j.calls = nil
}

func newJournal(t *testing.T) (*journal, *Store) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := openAt(t, dir)
	j := &journal{t: t, dir: dir}
	j.watch(s)
	return j, s
}

func TestNothingIsAcknowledgedBeforeItIsSynced(t *testing.T) {
	j, s := newJournal(t)
	put(t, s, "a/b/c", "x")
	placed := []string{"sync file", "move to a/b/c", "sync a/b", "sync a", "sync ."}
	j.want("a put", placed...)

	_ = s.PutIfAbsent(t.Context(), "a/b/c", nil)
	j.want("a put to a taken key, which another process may not have synced yet", placed...)

	put(t, s, "a/b/d", "x")
	j.want("a put into a folder that there is", "sync file", "move to a/b/d", "sync a/b", "sync a", "sync .")

	st, err := s.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Commit(t.Context(), "e"); err != nil {
		t.Fatal(err)
	}
	j.want("a commit at the top", "sync file", "move to e", "sync .")

	deleting := func(want string, keys ...origin.Key) {
		t.Helper()
		if err := s.Delete(t.Context(), keys...); err != nil {
			t.Fatal(err)
		}
		j.want(fmt.Sprintf("delete of %q", keys), want)
	}
	deleting("sync a/b", "a/b/d")
	deleting("sync a/b", "a/b/absent")
	deleting("sync .", "absent/far/below")
	put(t, s, "a/f", "x")
	j.calls = nil
	deleting("sync a", "a/b/c") // a/b is empty and goes, too
	if err := s.DeletePrefix(t.Context(), "a/"); err != nil {
		t.Fatal(err)
	}
	j.want("delete of all below a/", "sync .")
}

func TestWhatCannotBeSyncedIsNotStored(t *testing.T) {
	for _, fail := range []string{"sync file", "move to a/b/c", "sync a/b", "sync a", "sync ."} {
		t.Run(fail, func(t *testing.T) {
			j, s := newJournal(t)
			j.fail = fail
			if err := s.PutIfAbsent(t.Context(), "a/b/c", []byte("x")); !errors.Is(err, errDisk) {
				t.Errorf("put: %v", err)
			}
			wantFiles(t, j.dir)

			st, err := s.Stage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := st.Commit(t.Context(), "a/b/c"); !errors.Is(err, errDisk) {
				t.Errorf("commit: %v", err)
			}
			if _, err := s.Open(t.Context(), "a/b/c", 0, -1); !errors.Is(err, origin.ErrNotFound) {
				t.Errorf("open: %v", err)
			}
			j.fail = ""
			again := st.Commit(t.Context(), "a/b/c")
			if failedSync := fail != "move to a/b/c"; failedSync != (again != nil) {
				t.Errorf("second commit: %v", again)
			}
			if err := st.Discard(); err != nil {
				t.Errorf("discard: %v", err)
			}
		})
	}
}

func TestDeleteThatCannotBeSyncedIsAnError(t *testing.T) {
	j, s := newJournal(t)
	put(t, s, "a/b", "x")
	put(t, s, "a/c", "x")
	j.fail = "sync a"
	if err := s.Delete(t.Context(), "a/b"); !errors.Is(err, errDisk) {
		t.Errorf("%v", err)
	}
}
