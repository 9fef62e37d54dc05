package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID is "imgo" in SQLite's header field of that name. It tells our data.db from another program's.
const applicationID = 0x696d676f

// prepare makes the database where there is none and brings its schema up to this program's.
//
// Processes that start at once take turns by a lock on a file beside the database. (Not on the database itself:
// to close a descriptor of a file drops all POSIX locks of the process on it, SQLite's too.)
func prepare(ctx context.Context, cfg Config) (err error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	lock, err := lockFile(ctx, cfg.Path()+"-lock", cfg.BusyTimeout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	if err := create(cfg.Path()); err != nil {
		return err
	}
	source, err := dsn(cfg)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", fmt.Sprintf("%s&_synchronous=FULL&_foreign_keys=on&_txlock=immediate&_busy_timeout=%d",
		source, cfg.BusyTimeout.Milliseconds()))
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)

	if err := claim(ctx, db, cfg.Path()); err != nil {
		return classify(ctx, err)
	}
	return classify(ctx, migrate(ctx, db, cfg.Path()))
}

// create makes an empty database that only its owner may read, because it holds secrets; SQLite gives its other
// files the same mode. An existing one is left as it is.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return syncDir(filepath.Dir(path)) // SQLite does so for the log's name, but not for a file that it found
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// claim refuses another program's database, marks a new one as ours, and switches it to WAL.
func claim(ctx context.Context, db *sql.DB, path string) error {
	var id, objects int
	err := db.QueryRowContext(ctx, "SELECT (SELECT application_id FROM pragma_application_id), count(*) FROM sqlite_schema").
		Scan(&id, &objects)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case id == applicationID:
	case id != 0, objects > 0:
		return fmt.Errorf("%w: %s", ErrForeign, path)
	default:
		if _, err := db.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", applicationID)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if mode != "wal" {
		return fmt.Errorf("sqlite: %s: the file system does not support a write-ahead log (journal mode %q)", path, mode)
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB, path string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if current > known {
		return fmt.Errorf("%w: %s has schema %d, this program knows up to %d", ErrNewer, path, current, known)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// lockFile makes the file and locks it. To close it unlocks it, and the end of the process does.
func lockFile(ctx context.Context, path string, patience time.Duration) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("sqlite: lock %s: %w", path, err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("sqlite: another process is preparing %s: %w", path, ctx.Err()), f.Close())
		case <-time.After(lastPause):
		}
	}
}
