package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// unending is for who does not ask how long what was reported holds.
func unending(time.Time) {}

func TestWatcherThatFellBehindIsToldAll(t *testing.T) {
	cfg := Default(t.TempDir())
	cfg.ChangeLog = 16
	cat := open(t, cfg)
	defer cat.Close()
	c := pairs()
	if err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), c) }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seen []origin.Change
	last := origin.Change{Collection: c.ID, Record: pairID(20, "b")}
	_ = cat.Watch(ctx, func(change origin.Change) {
		if seen = append(seen, change); len(seen) == 1 { // while the watcher is busy with its first news
			for i := range 21 {
				if err := cat.Write(t.Context(), pair(t.Context(), i)); err != nil {
					t.Error(err)
				}
			}
		}
		if change == last {
			cancel()
		}
	}, unending)
	if len(seen) < 3 || !seen[0].All || !seen[1].All || seen[len(seen)-1] != last {
		t.Errorf("reported %+v, want All, All again, and what is still in the log", seen)
	}
	var rows int64
	err := cat.one(t.Context(), "SELECT count(*) FROM changes", nil, func(row []driver.Value) error { rows = integer(row[0]); return nil })
	if err != nil || rows != int64(cfg.ChangeLog) {
		t.Errorf("the log has %d rows, %v, want %d", rows, err, cfg.ChangeLog)
	}
}

func TestOwnCommitsAreSeenWithoutPolling(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	cat.cfg.PollInterval = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	seen := 0
	begun := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		<-begun
		setParam(t, cat, "p", "v")
	})
	err := cat.Watch(ctx, func(origin.Change) {
		if seen++; seen == 1 {
			close(begun)
		} else {
			cancel()
		}
	}, unending)
	wg.Wait()
	if seen < 2 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d changes, then %v", seen, err)
	}
}
