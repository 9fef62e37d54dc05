package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"

	"github.com/imgorigin/imgorigin/origin"
)

func TestFullDiskIsToldAndLeavesThePast(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("no small file system to fill: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	cat := open(t, Default(dir))
	defer cat.Close()
	setParam(t, cat, "kept", "v")
	var err error
	for i := 0; err == nil && i < 10_000; i++ {
		err = cat.Write(t.Context(), func(tx origin.CatalogTx) error {
			return tx.SetParam(t.Context(), fmt.Sprint("p", i%20), []byte(strings.Repeat("x", 50_000+i)))
		})
	}
	if origin.KindOf(err) != origin.NoSpace {
		t.Fatalf("%v, want no space", err)
	}
	if v, err := cat.Param(t.Context(), "kept"); string(v) != "v" {
		t.Errorf("what was there reads as %q, %v", v, err)
	}
	if err := cat.Check(t.Context()); err != nil {
		t.Errorf("reads do not go on: %v", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=16m"); err != nil {
		t.Fatal(err)
	}
	setParam(t, cat, "after", "w")
}

// full makes the disk seem full from the given number of pages on.
func full(t *testing.T, cat *Catalog, pages int) {
	t.Helper()
	cn, err := cat.writer.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cat.writer.put(cn)
	err = cn.each(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, func([]driver.Value) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestTransactionDoesNotGoOnAfterAFault(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	full(t, cat, 1) // that is, at its present size
	var first error
	err := cat.Write(t.Context(), func(tx origin.CatalogTx) error {
		if err := tx.SetParam(t.Context(), "before", []byte("v")); err != nil {
			return err
		}
		first = tx.SetParam(t.Context(), "large", make([]byte, 1<<20)) // SQLite undoes the transaction by itself here
		if err := tx.SetParam(t.Context(), "after", []byte("w")); !errors.Is(err, origin.ErrNoSpace) {
			t.Errorf("the next statement: %v, want the first error again", err)
		}
		if _, err := tx.Param(t.Context(), "before"); !errors.Is(err, origin.ErrNoSpace) {
			t.Errorf("a read: %v, want the first error again", err)
		}
		return nil // a careless caller
	})
	if !errors.Is(first, origin.ErrNoSpace) || !errors.Is(err, origin.ErrNoSpace) {
		t.Errorf("the fault was %v, the outcome %v, want no space", first, err)
	}
	for _, name := range []string{"before", "large", "after"} {
		if _, err := cat.Param(t.Context(), name); !errors.Is(err, origin.ErrNotFound) {
			t.Errorf("param %s: %v, want not found", name, err)
		}
	}
	full(t, cat, 1<<30)
	setParam(t, cat, "later", "x")
}

func TestTransactionIsOfNoUseAfterItsEnd(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	var kept origin.CatalogTx
	if err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := kept.SetParam(t.Context(), "p", []byte("v")); !errors.Is(err, errEnded) {
		t.Errorf("%v, want errEnded", err)
	}
	if _, err := kept.Param(t.Context(), "p"); !errors.Is(err, errEnded) {
		t.Errorf("%v, want errEnded", err)
	}
}

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

func TestLongQueriesAreInterrupted(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	ignore := func([]driver.Value) error { return nil }
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := cat.each(ctx, endless, nil, ignore); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a read: %v, want the deadline", err)
		}
		err := cat.write(ctx, func(tx *tx) error { return tx.long(t.Context(), "INSERT INTO params SELECT 'p', i FROM ("+endless+")") })
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write that began too late: %v, want the deadline", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
		err = cat.write(ctx, func(tx *tx) error {
			return tx.long(ctx, "INSERT INTO params SELECT 'p', count(*) FROM ("+strings.Replace(endless, "count(*)", "i", 1)+")")
		})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write: %v, want the deadline", err)
		}
		setParam(t, cat, "next", "v") // the connections are as good as new
	}
}

func TestReadersAreBounded(t *testing.T) {
	cfg := Default(t.TempDir())
	cfg.Readers = 2
	cat := open(t, cfg)
	defer cat.Close()
	release := make(chan struct{})
	var inside, wg sync.WaitGroup
	for range cfg.Readers {
		inside.Add(1)
		wg.Go(func() {
			_ = cat.use(t.Context(), func(*conn) error { inside.Done(); <-release; return nil })
		})
	}
	inside.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := cat.Param(ctx, "p"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
	setParam(t, cat, "p", "v") // a write does not need a reader
	close(release)
	wg.Wait()
	if v, err := cat.Param(t.Context(), "p"); string(v) != "v" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestCloseWaitsForTheReadsUnderWay(t *testing.T) {
	cfg := Default(t.TempDir())
	cat := open(t, cfg)
	setParam(t, cat, "p", "v")
	var wg sync.WaitGroup
	err := cat.use(t.Context(), func(cn *conn) error {
		wg.Go(func() {
			if err := cat.Close(); err != nil {
				t.Error(err)
			}
		})
		<-cat.readers.closed
		return cn.one(t.Context(), selectParam, []any{"p"}, func([]driver.Value) error { return nil })
	})
	wg.Wait()
	if err != nil {
		t.Errorf("the read under way: %v", err)
	}
	if _, err := os.Stat(cfg.Path() + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a connection is still open: %v", err)
	}
}

func TestPagesAndTotalsAreOfOneMoment(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	c := pairs()
	if err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), c) }); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for i := range 200 {
			if err := cat.Write(t.Context(), pair(t.Context(), i)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		page, err := cat.List(t.Context(), c, origin.Query{Limit: 1000, Total: true})
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != len(page.Records) || page.Total%2 != 0 {
			t.Fatalf("%d records counted, %d there", page.Total, len(page.Records))
		}
	}
	wg.Wait()
}

func TestErrorsAreUnderstood(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want origin.Kind
	}{
		{"full", t.Context(), sqlite3.Error{Code: sqlite3.ErrFull}, origin.NoSpace},
		{"no space for the log's index", t.Context(), sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.ENOSPC}, origin.NoSpace},
		{"quota", t.Context(), sqlite3.Error{Code: sqlite3.ErrIoErr, SystemErrno: syscall.EDQUOT}, origin.NoSpace},
		{"interrupted by the caller", canceled, sqlite3.Error{Code: sqlite3.ErrInterrupt}, origin.Canceled},
		{"interrupted by somebody", t.Context(), sqlite3.Error{Code: sqlite3.ErrInterrupt}, origin.Internal},
		{"corrupt", t.Context(), sqlite3.Error{Code: sqlite3.ErrCorrupt}, origin.Internal},
		{"wrapped", t.Context(), fmt.Errorf("x: %w", sqlite3.Error{Code: sqlite3.ErrFull}), origin.NoSpace},
		{"not of the driver", t.Context(), context.DeadlineExceeded, origin.Timeout},
	} {
		if got := origin.KindOf(classify(c.ctx, c.err)); got != c.want {
			t.Errorf("%s is %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzClashing(f *testing.F) {
	f.Add("UNIQUE constraint failed: records_a.id")
	f.Add("UNIQUE constraint failed: records_a.first, records_a.second")
	f.Add("UNIQUE constraint failed: index 'x'")
	f.Add("database is locked")
	f.Fuzz(func(t *testing.T, message string) {
		for _, column := range clashing(message) {
			if !strings.Contains(message, "."+column) {
				t.Errorf("%q is said to clash on %q", message, column)
			}
		}
	})
}

func TestClashesNameTheirColumns(t *testing.T) {
	for message, want := range map[string][]string{
		"UNIQUE constraint failed: records_a.id":                      {"id"},
		"UNIQUE constraint failed: records_a.first, records_a.second": {"first", "second"},
		"UNIQUE constraint failed: index 'x'":                         nil,
		"FOREIGN KEY constraint failed":                               nil,
		"":                                                            nil,
	} {
		if got := clashing(message); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}
