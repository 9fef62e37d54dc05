package local

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

const (
	tempSuffix = ".part"
	// maxAttempts bounds how often a put makes folders that a delete of their last object takes away again. Each
	// attempt loses only to a delete that falls between two system calls.
	maxAttempts = 100
	// writeChunk is how many bytes are written between two looks at the context.
	writeChunk = 1 << 20
)

// temp is a file in DIR/.tmp. It is locked for as long as it is open, so that another process can tell it from
// one that a crash left behind.
type temp struct {
	store *Store
	file  *os.File
	name  string
	// unsynced is set for good when a sync failed: the kernel then takes the pages for clean, and the next sync of the
	// same bytes succeeds although they are lost.
	unsynced error
}

// newTemp makes an empty temporary file. The caller ends it: by discard, or by close once published.
func (s *Store) newTemp() (*temp, error) {
	name := rand.Text() + tempSuffix
	fd, err := s.temps.open(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	// Where there are no locks, removeStale cannot take one either, and removes nothing.
	_ = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	return &temp{store: s, file: os.NewFile(uintptr(fd), name), name: name}, nil
}

// write appends p.
func (t *temp) write(ctx context.Context, p []byte) (n int, err error) {
	for n < len(p) {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		m, err := t.file.Write(p[n:min(n+writeChunk, len(p))])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// discard removes the file, which was not published.
func (t *temp) discard() error {
	return errors.Join(ignoreAbsent(t.store.temps.remove(t.name)), t.close())
}

func (t *temp) close() error { return t.file.Close() }

// publish makes the file durable and visible under key. With an error the file is a temporary one as before.
func (t *temp) publish(ctx context.Context, key origin.Key) error {
	// Modified is to be the moment of publishing, however long the file was being staged.
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	if err := unix.UtimesNanoAt(int(t.store.temps), t.name, now, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if t.unsynced == nil {
		t.unsynced = t.store.fsync(int(t.file.Fd()))
	}
	if t.unsynced != nil {
		return t.unsynced
	}
	path, base := blob.SplitKey(key)
	var err error
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return err
		}
		// A delete may remove a folder, being empty, anywhere between its making and the move: then from the start.
		if err = t.place(path, base); err != unix.ENOENT {
			return err
		}
	}
	return err
}

// place moves the file to the end of a route, whose missing folders it makes.
func (t *temp) place(path, base string) error {
	r, err := t.store.descend(path, true)
	defer r.close()
	if err == nil {
		err = t.moveTo(r, base)
	}
	if err != nil && err != unix.ENOENT && err != origin.ErrExists {
		_ = r.prune() // of folders that were made for nothing; the first error is the one that counts
	}
	return err
}

func (t *temp) moveTo(r route, base string) error {
	move, temps := t.store.move, t.store.temps
	err := move(temps, t.name, r.last(), base)
	if err == unix.EEXIST {
		return occupied(r, base)
	}
	if err != nil {
		return err
	}
	if t.unsynced = r.sync(); t.unsynced != nil {
		_ = move(r.last(), base, temps, t.name) // what is not known to be durable is not stored
	}
	return t.unsynced
}

// occupied says what is in the way at the end of a route: an object is ErrExists, and nothing at all any more is ENOENT.
func occupied(r route, base string) error {
	st, err := r.last().stat(base)
	if err != nil {
		return err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		// Whoever hears of the object may build on it, so it must be as durable as if it were acknowledged by now.
		if err := r.sync(); err != nil {
			return err
		}
		return origin.ErrExists
	case unix.S_IFDIR:
		// Left by a crash, if empty, else in use by longer keys.
		if err := r.last().removeFolder(base); err != nil {
			return err
		}
		return unix.ENOENT
	}
	return errors.New("something that is no object is in the way")
}

// moveNoReplace moves an entry unless there is one under the new name: EEXIST.
func moveNoReplace(from folder, name string, to folder, base string) error {
	err := again(func() error {
		return unix.Renameat2(int(from), name, int(to), base, unix.RENAME_NOREPLACE)
	})
	if err == unix.EINVAL || err == unix.ENOSYS { // the file system, or the kernel, cannot
		return moveByLink(from, name, to, base)
	}
	return err
}

// moveByLink is moveNoReplace in two steps. Where the second fails, or a crash comes between, the file has both names, and
// removeStale takes the temporary one.
func moveByLink(from folder, name string, to folder, base string) error {
	if err := again(func() error { return unix.Linkat(int(from), name, int(to), base, 0) }); err != nil {
		return err
	}
	_ = from.remove(name)
	return nil
}

// removeStale removes the temporary files that are old and that no process is writing.
func (s *Store) removeStale() error {
	before := time.Now().Add(-s.config.StaleAfter)
	return s.temps.each(func(e os.DirEntry) error {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), tempSuffix) {
			return nil
		}
		fd, err := s.temps.open(e.Name(), unix.O_RDWR, 0)
		if err != nil {
			return ignoreAbsent(err)
		}
		defer unix.Close(fd)
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
		if !time.Unix(st.Mtim.Unix()).Before(before) || unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
			return nil
		}
		s.count.stale.Add(1)
		return ignoreAbsent(s.temps.remove(e.Name()))
	})
}

func ignoreAbsent(err error) error {
	if err == unix.ENOENT {
		return nil
	}
	return err
}
