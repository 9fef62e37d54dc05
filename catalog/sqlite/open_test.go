package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

func TestBadOptionsAreNamed(t *testing.T) {
	if err := Default("x").Validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	for name, set := range map[string]func(c *Config){
		"Dir":          func(c *Config) { c.Dir = "" },
		"Readers":      func(c *Config) { c.Readers = 0 },
		"CacheBytes":   func(c *Config) { c.CacheBytes = 1 },
		"Statements":   func(c *Config) { c.Statements = 2000 },
		"BusyTimeout":  func(c *Config) { c.BusyTimeout = time.Hour },
		"PollInterval": func(c *Config) { c.PollInterval = 2 * time.Second },
		"ChangeLog":    func(c *Config) { c.ChangeLog = -1 },
	} {
		cfg := Default(t.TempDir())
		set(&cfg)
		cat, err := Open(t.Context(), cfg)
		if err == nil {
			cat.Close()
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectionsAreSetUp(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	value := func(cn *conn, pragma string) (v any) {
		t.Helper()
		if err := cn.one(t.Context(), "PRAGMA "+pragma, nil, func(row []driver.Value) error { v = row[0]; return nil }); err != nil {
			t.Fatal(err)
		}
		return v
	}
	reader, err := cat.readers.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cat.readers.put(reader)
	writer, err := cat.writer.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cat.writer.put(writer)
	for _, want := range []struct {
		cn     *conn
		pragma string
		value  any
	}{
		{writer, "journal_mode", "wal"},
		{writer, "synchronous", int64(2)}, // FULL: the log is synced before a commit is acknowledged
		{writer, "foreign_keys", int64(1)},
		{writer, "trusted_schema", int64(0)},
		{writer, "busy_timeout", int64(0)},
		{writer, "query_only", int64(0)},
		{writer, "application_id", int64(applicationID)},
		{reader, "query_only", int64(1)},
		{reader, "trusted_schema", int64(0)},
		{reader, "busy_timeout", int64(0)},
		{reader, "cache_size", int64(-8192)},
	} {
		if got := value(want.cn, want.pragma); got != want.value {
			t.Errorf("%s is %v, want %v", want.pragma, got, want.value)
		}
	}
	if err := reader.exec(t.Context(), "DELETE FROM params"); err == nil {
		t.Error("a reading connection can write")
	}
}

func TestOnlyTheOwnerMayReadTheFiles(t *testing.T) {
	cfg := Default(filepath.Join(t.TempDir(), "new"))
	cat := open(t, cfg)
	defer cat.Close()
	setParam(t, cat, "p", "v")
	for _, name := range []string{"", FileName, FileName + "-wal", FileName + "-shm"} {
		info, err := os.Stat(filepath.Join(cfg.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q has mode %v", name, info.Mode())
		}
	}
}

func TestFolderMayHaveAnyName(t *testing.T) {
	for _, name := range []string{"with space", "per%20cent", "quest?ion=1&mode=ro", "ha#sh", "é", "a;b", "plus+"} {
		cfg := Default(filepath.Join(t.TempDir(), name))
		cat := open(t, cfg)
		setParam(t, cat, "p", name)
		if err := cat.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(cfg.Path()); err != nil {
			t.Error(err)
		}
		cat = open(t, cfg)
		if got, err := cat.Param(t.Context(), "p"); err != nil || string(got) != name {
			t.Errorf("%q: %q, %v", name, got, err)
		}
		if err := cat.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnotherProgramsDatabaseIsLeftAlone(t *testing.T) {
	for name, statements := range map[string][]string{
		"with tables":   {"CREATE TABLE _collections (id TEXT)"},
		"with its mark": {"PRAGMA application_id = 7"},
	} {
		cfg := Default(t.TempDir())
		plain(t, cfg, statements...)
		before, err := os.ReadFile(cfg.Path())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), cfg.Path()) {
			t.Errorf("%s: %v, want ErrForeign and the path", name, err)
		}
		after, err := os.ReadFile(cfg.Path())
		if err != nil || string(before) != string(after) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
	cfg := Default(t.TempDir())
	if err := os.WriteFile(cfg.Path(), []byte(strings.Repeat("no database at all\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), cfg.Path()) {
		t.Errorf("a text file: %v, want an error with the path", err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	cfg := Default(t.TempDir())
	cat := open(t, cfg)
	setParam(t, cat, "p", "v")
	if err := cat.Close(); err != nil {
		t.Fatal(err)
	}
	plain(t, cfg, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	_, err := Open(t.Context(), cfg)
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "999") {
		t.Errorf("%v, want ErrNewer and the version", err)
	}
	plain(t, cfg, "DELETE FROM goose_db_version WHERE version_id = 999")
	cat = open(t, cfg)
	defer cat.Close()
	if v, err := cat.Param(t.Context(), "p"); string(v) != "v" {
		t.Errorf("param %q, %v", v, err)
	}
}

func TestOpeningThatWasCutShortIsFinished(t *testing.T) {
	for name, statements := range map[string][]string{
		"before anything":       {},
		"after the mark":        {fmt.Sprintf("PRAGMA application_id = %d", applicationID)},
		"before the first step": {fmt.Sprintf("PRAGMA application_id = %d", applicationID), "PRAGMA journal_mode = WAL"},
	} {
		cfg := Default(t.TempDir())
		if err := create(cfg.Path()); err != nil {
			t.Fatal(err)
		}
		plain(t, cfg, statements...)
		cat := open(t, cfg)
		setParam(t, cat, "p", name)
		if err := cat.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpeningObeysItsContext(t *testing.T) {
	cfg := Default(t.TempDir())
	lock, err := lockFile(t.Context(), cfg.Path()+"-lock", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	cfg.BusyTimeout = 10 * time.Millisecond
	if _, err := Open(t.Context(), cfg); origin.KindOf(err) != origin.Timeout {
		t.Errorf("%v, want a timeout", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLeavesNothingButItsFiles(t *testing.T) {
	cfg := Default(t.TempDir())
	cat := open(t, cfg)
	setParam(t, cat, "p", "v")
	if err := cat.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(cfg.Dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{cfg.Path(), cfg.Path() + "-lock"} // the log is folded in by the last one to close
	if !slices.Equal(entries, want) {
		t.Errorf("the folder holds %q, want %q", entries, want)
	}
	if _, err := os.Stat(cfg.Path()); err != nil {
		t.Error(err)
	}
}

// plain runs statements on the file with no catalog in between.
func plain(t *testing.T, cfg Config, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", cfg.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func setParam(t *testing.T, cat *Catalog, name, value string) {
	t.Helper()
	err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.SetParam(t.Context(), name, []byte(value)) })
	if err != nil {
		t.Fatal(err)
	}
}
