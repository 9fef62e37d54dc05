package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"
)

// FileName is the name of the database in Config.Dir. SQLite keeps FileName-wal and FileName-shm beside it.
const FileName = "data.db"

// Config says where the catalog is and what it may use.
type Config struct {
	// Dir is the folder of the database; it is made where it is missing. It must be on a local file system: SQLite's
	// write-ahead log needs memory that is shared by all processes.
	Dir string

	// Readers is how many reads run at once, 1 to 256. Each has a connection of its own.
	Readers int

	// CacheBytes bounds the page cache of one connection, 64 KiB to 1 GiB. What is not there is mostly in the
	// operating system's page cache, which all connections share.
	CacheBytes int

	// Statements bounds the prepared statements that a connection keeps, 8 to 1024.
	Statements int

	// BusyTimeout bounds how long a write waits for another process's write, 10 ms to 10 min. A context may end the
	// wait earlier.
	BusyTimeout time.Duration

	// PollInterval is how often Watch looks for other processes' commits, 1 ms to 1 s.
	PollInterval time.Duration

	// ChangeLog is how many changes are kept for watchers, 16 to 10,000,000. A watcher that is further behind
	// is told that anything may have changed.
	ChangeLog int
}

// Default returns the configuration for a folder.
func Default(dir string) Config {
	return Config{
		Dir:          dir,
		Readers:      max(4, 2*runtime.GOMAXPROCS(0)),
		CacheBytes:   8 << 20,
		Statements:   64,
		BusyTimeout:  10 * time.Second,
		PollInterval: 200 * time.Millisecond,
		ChangeLog:    10_000,
	}
}

// Validate returns an error that names every bad option.
func (c Config) Validate() error {
	var errs []error
	if c.Dir == "" {
		errs = append(errs, errors.New("sqlite: Dir is empty"))
	}
	between := func(name string, v, low, high int64) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("sqlite: %s is %d, not within %d to %d", name, v, low, high))
		}
	}
	span := func(name string, v, low, high time.Duration) {
		if v < low || v > high {
			errs = append(errs, fmt.Errorf("sqlite: %s is %v, not within %v to %v", name, v, low, high))
		}
	}
	between("Readers", int64(c.Readers), 1, 256)
	between("CacheBytes", int64(c.CacheBytes), 64<<10, 1<<30)
	between("Statements", int64(c.Statements), 8, 1024)
	span("BusyTimeout", c.BusyTimeout, 10*time.Millisecond, 10*time.Minute)
	span("PollInterval", c.PollInterval, time.Millisecond, time.Second)
	between("ChangeLog", int64(c.ChangeLog), 16, 10_000_000)
	return errors.Join(errs...)
}

// Path is the full name of the database file.
func (c Config) Path() string { return filepath.Join(c.Dir, FileName) }
