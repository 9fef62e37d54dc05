package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.Blobs = (*Store)(nil)

// Store is an open folder of objects.
type Store struct {
	config Config
	count  counters
	// The two calls on which durability rests, as fields so that tests can watch them and make them fail.
	move  func(from folder, name string, to folder, base string) error
	fsync func(fd int) error

	mu     sync.RWMutex // held for reading by every operation, so that Close waits for them
	closed bool
	root   folder
	temps  folder
}

// Open opens the folder, makes it where it is missing, and removes what crashed processes left in DIR/.tmp.
func Open(config Config) (*Store, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Store{config: config, move: moveNoReplace, fsync: fsync, root: -1, temps: -1}
	if err := s.open(); err != nil {
		s.closeFolders()
		return nil, wrap("open", config.Dir, err)
	}
	return s, nil
}

func (s *Store) open() error {
	dir, err := filepath.Abs(s.config.Dir) // Check is to mean the same folder after a change of the working directory
	if err != nil {
		return err
	}
	s.config.Dir = dir
	if err := makeRoot(dir); err != nil {
		return err
	}
	// The root itself may be a symbolic link: it is the operator's word, and everything below it is ours.
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	s.root = folder(fd)
	if s.temps, err = s.root.subOrMake(tempFolder); err != nil {
		return fmt.Errorf("%s: %w", tempFolder, err)
	}
	here, err := s.root.stat(".")
	if err != nil {
		return err
	}
	there, err := s.temps.stat(".")
	if err != nil {
		return err
	}
	if here.Dev != there.Dev {
		return errors.New(tempFolder + " is on another file system")
	}
	return s.removeStale()
}

func fsync(fd int) error {
	return again(func() error { return unix.Fsync(fd) })
}

// makeRoot makes dir with all that is missing above it, durably.
func makeRoot(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	above := filepath.Dir(dir)
	if err := makeRoot(above); err != nil {
		return err
	}
	if err := os.Mkdir(dir, folderMode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := os.Open(above)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Check tells whether the folder is still there. It writes nothing: a full disk can still be read from.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return wrap("check", s.config.Dir, err)
	}
	defer s.leave()
	var st unix.Stat_t
	if err := unix.Stat(s.config.Dir, &st); err != nil {
		return wrap("check", s.config.Dir, err)
	}
	here, err := s.root.stat(".")
	if err == nil && (here.Dev != st.Dev || here.Ino != st.Ino) {
		err = errors.New("not the folder that was opened")
	}
	return wrap("check", s.config.Dir, err)
}

// Close waits for the operations that run and lets go of the folder. Bodies that are open stay readable. A staged object
// that was neither committed nor discarded leaves its temporary file to a later Open.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.closeFolders()
	}
	return nil
}

func (s *Store) closeFolders() {
	for _, d := range []folder{s.root, s.temps} {
		if d >= 0 {
			d.close()
		}
	}
}

// enter begins an operation, which ends with leave.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return origin.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.mu.RUnlock() }

// wrap says what was done to what, and translates a full disk.
func wrap(op, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case noSpace(err):
		err = fmt.Errorf("%w: %w", origin.ErrNoSpace, err)
	}
	return fmt.Errorf("local: %s %q: %w", op, what, err)
}
