package local

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// tempFolder holds what has no key yet.
	tempFolder = ".tmp"
	fileMode   = 0o640
	folderMode = 0o750
	// readChunk is how many entries of a folder are in memory at once while it is read.
	readChunk = 1024
)

// folder is the descriptor of an open folder. Names given to its methods are single segments.
type folder int

// again repeats a system call that a signal interrupted, which slow file systems allow.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// open opens the entry called name, which must not be a symbolic link.
func (d folder) open(name string, flags int, mode uint32) (fd int, err error) {
	err = again(func() error {
		fd, err = unix.Openat(int(d), name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
		return err
	})
	return fd, err
}

func (d folder) sub(name string) (folder, error) {
	fd, err := d.open(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return folder(fd), err
}

// subOrMake opens the folder called name, which it makes where it is missing. It is ENOENT where d itself, or the
// new folder, was removed meanwhile.
func (d folder) subOrMake(name string) (folder, error) {
	sub, err := d.sub(name)
	if err != unix.ENOENT {
		return sub, err
	}
	err = again(func() error { return unix.Mkdirat(int(d), name, folderMode) })
	if err != nil && err != unix.EEXIST {
		return -1, err
	}
	return d.sub(name)
}

func (d folder) stat(name string) (st unix.Stat_t, err error) {
	err = again(func() error { return unix.Fstatat(int(d), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

func (d folder) remove(name string) error {
	return again(func() error { return unix.Unlinkat(int(d), name, 0) })
}

func (d folder) removeFolder(name string) error {
	return again(func() error { return unix.Unlinkat(int(d), name, unix.AT_REMOVEDIR) })
}

func (d folder) close() { _ = unix.Close(int(d)) }

// each calls fn for every entry, of which it keeps readChunk in memory. Entries that fn removes are no trouble; of those
// that come and go meanwhile, some may be missed.
func (d folder) each(fn func(os.DirEntry) error) error {
	fd, err := d.open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), ".")
	defer f.Close()
	for {
		entries, err := f.ReadDir(readChunk)
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, unix.ENOENT): // ENOENT: the folder itself was removed
			return nil
		case err != nil:
			return err
		}
	}
}

// route is the chain of open folders from the root down to where an object's file is.
type route struct {
	folders []folder // folders[0] is the root, which the Store closes
	names   []string // names[i] is the entry of folders[i+1] in folders[i]
	fsync   func(fd int) error
}

// descend opens all folders of path, and makes those that are missing if asked to. With an error comes the part of the
// route that there is. The caller closes it in any case.
func (s *Store) descend(path string, create bool) (route, error) {
	r := route{folders: append(make([]folder, 0, 8), s.root), fsync: s.fsync}
	for more := path != ""; more; {
		var name string
		name, path, more = strings.Cut(path, "/")
		next, err := folder(-1), error(nil)
		if create {
			next, err = r.last().subOrMake(name)
		} else {
			next, err = r.last().sub(name)
		}
		if err != nil {
			return r, err
		}
		r.folders, r.names = append(r.folders, next), append(r.names, name)
	}
	return r, nil
}

func (r route) last() folder { return r.folders[len(r.folders)-1] }

func (r route) close() {
	for _, d := range r.folders[1:] {
		d.close()
	}
}

// sync makes the entry in the last folder durable, and each folder's own entry in the one above: another process may have
// made that folder a moment ago and not have come to syncing it. A folder without news costs a flush of the drive.
func (r route) sync() error {
	for i := len(r.folders) - 1; i >= 0; i-- {
		if err := r.fsync(int(r.folders[i])); err != nil {
			return err
		}
	}
	return nil
}

// prune removes the folders that are empty, the last one first, and makes the first that stays durable, and with it
// all removals below. The root stays, and so does a folder that cannot be removed for whatever reason.
func (r route) prune() error {
	i := len(r.folders) - 1
	for ; i > 0; i-- {
		if err := r.folders[i-1].removeFolder(r.names[i-1]); err != nil && err != unix.ENOENT {
			break
		}
	}
	return r.fsync(int(r.folders[i]))
}
