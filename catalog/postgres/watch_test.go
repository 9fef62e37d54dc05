package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// setFile changes the file row of a record.
func setFile(ctx context.Context, id origin.RecordID) func(origin.CatalogTx) error {
	return func(tx origin.CatalogTx) error {
		return tx.PutFile(ctx, &origin.File{FileRef: origin.FileRef{Collection: "c", Record: id, Name: "f"}})
	}
}

// unending is for who does not ask how long what was reported holds.
func unending(time.Time) {}

// A transaction may take its number, and its number in the log, long before it commits. A watcher that remembers the last
// number that it has seen would never report it.
func TestWatcherHearsOfCommitsOutOfTheOrderOfTheirNumbers(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	news := make(chan origin.Change, 100)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = cat.Watch(ctx, func(c origin.Change) { news <- c }, unending) })
	want := func(want origin.Change) {
		t.Helper()
		select {
		case got := <-news:
			if got != want {
				t.Fatalf("reported %+v, want %+v, each once", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("%+v was not reported", want)
		}
	}
	of := func(id origin.RecordID) origin.Change { return origin.Change{Collection: "c", Record: id} }
	want(origin.Change{All: true})

	slow, err := cat.pool.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer cat.pool.put(slow)
	early := catalog.Changes{}
	early.Add(of("early"))
	if err := errors.Join(slow.exec(ctx, "BEGIN"), slow.log(ctx, early.List())); err != nil {
		t.Fatal(err)
	}
	for _, id := range []origin.RecordID{"late", "later", "latest"} {
		if err := cat.Write(ctx, setFile(ctx, id)); err != nil {
			t.Fatal(err)
		}
		want(of(id)) // who comes late need not wait for who is early
	}
	if err := slow.exec(ctx, "COMMIT"); err != nil {
		t.Fatal(err)
	}
	want(of("early"))
	if err := cat.Write(ctx, setFile(ctx, "last")); err != nil {
		t.Fatal(err)
	}
	want(of("last"))
}

// A transaction that stays open, in whatever database of the server, is the oldest that may still commit: who looked back as far as
// that would read more with each change.
func TestATransactionThatStaysOpenHoldsNothingUp(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	defer cat.Close()
	ctx := t.Context()
	open, err := cat.pool.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer cat.pool.put(open)
	if err := errors.Join(open.exec(ctx, "BEGIN"), open.exec(ctx, "SELECT pg_current_xact_id()")); err != nil {
		t.Fatal(err)
	}
	cn, err := cat.pool.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer cat.pool.put(cn)
	told := 0
	w := &watch{conn: cn, keep: cfg.Keep, changed: func(origin.Change) { told++ }, fresh: unending}
	look := func(want int) {
		t.Helper()
		if told = 0; w.look(ctx) != nil || told != want {
			t.Fatalf("told of %d changes, want %d", told, want)
		}
	}
	look(1)
	for range 20 {
		if err := cat.Write(ctx, setFile(ctx, "r")); err != nil {
			t.Fatal(err)
		}
		look(1)
		look(0)
	}
	const many = 20_000
	statement(t, cfg, fmt.Sprintf("INSERT INTO changes (kind, collection, record) SELECT 2, 'c', 'r' FROM generate_series(1, %d)", many))
	statement(t, cfg, "ANALYZE changes")
	look(many)
	look(0)
	read := 0
	plan := func(row []any) error {
		for _, line := range regexp.MustCompile(`(?:rows=|Removed by .*: )(\d+)`).FindAllStringSubmatch(text(row[0]), -1) {
			n, _ := strconv.Atoi(line[1])
			read += n
		}
		return nil
	}
	const explain = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "
	if err := cn.each(ctx, explain+selectChanges, []any{w.seen}, plan); err != nil || read > 100 {
		t.Errorf("a look among %d changes, all of them younger than an open transaction, reads %d rows, %v", many, read, err)
	}
	if len(w.seen) > 100 {
		t.Errorf("it remembers %q", w.seen)
	}
}

func TestManyCommitsAreReportedByFewLooks(t *testing.T) {
	cat := open(t, fresh(t))
	defer cat.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began, looks := time.Now(), 0 // the watcher's, until it has ended
	last := origin.Change{Collection: "c", Record: "last"}
	ended := make(chan error, 1)
	go func() {
		ended <- cat.Watch(ctx, func(c origin.Change) {
			if c == last {
				cancel()
			}
		}, func(time.Time) { looks++ })
	}()
	const commits = 400
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range commits / 4 {
				if err := cat.Write(ctx, setFile(ctx, origin.RecordID(fmt.Sprint(w, "-", i)))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if err := cat.Write(t.Context(), setFile(t.Context(), last.Record)); err != nil {
		t.Fatal(err)
	}
	<-ended
	took := time.Since(began)
	t.Logf("%d commits in %v were reported by %d looks", commits, took.Round(time.Millisecond), looks)
	if most := int(took/settle) + 2; looks > most {
		t.Errorf("%d looks in %v, want %d at most", looks, took, most)
	}
}

func TestWatchEndsWithAnErrorWhenItsConnectionDoes(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	defer cat.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := cat.Watch(ctx, func(origin.Change) {
		statement(t, cfg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ~ 'pg_current_snapshot'")
	}, unending)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, origin.ErrClosed) {
		t.Errorf("Watch: %v, want the connection's end", err)
	}
	if err := cat.Check(ctx); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func TestOldChangesAreRemovedAndWhoWasAwayIsToldAll(t *testing.T) {
	cfg := fresh(t)
	cat := open(t, cfg)
	defer cat.Close()
	ctx := t.Context()
	for _, id := range []origin.RecordID{"old", "new"} {
		if err := cat.Write(ctx, setFile(ctx, id)); err != nil {
			t.Fatal(err)
		}
	}
	statement(t, cfg, "UPDATE changes SET at = at - interval '2 hours' WHERE record = 'old'")
	cn, err := cat.pool.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer cat.pool.put(cn)
	var told []origin.Change
	w := &watch{conn: cn, keep: cfg.Keep, changed: func(c origin.Change) { told = append(told, c) }, fresh: unending}
	if err := w.look(ctx); err != nil {
		t.Fatal(err)
	}
	var left []string
	err = cn.each(ctx, "SELECT record FROM changes", nil, func(row []any) error { left = append(left, text(row[0])); return nil })
	if err != nil || len(left) != 1 || left[0] != "new" {
		t.Errorf("left in the log: %q, %v", left, err)
	}
	w.looked = w.looked.Add(-cfg.Keep) // as if asleep
	if err := w.look(ctx); err != nil || len(told) != 2 || !told[1].All {
		t.Errorf("told %+v, %v, want All twice", told, err)
	}
}
