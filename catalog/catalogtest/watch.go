package catalogtest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

var watchTests = []test{
	{"begins with: anything may have changed", func(s *suite) {
		w := s.watch(s.cat)
		w.wantAll()
	}},
	{"says how long what it has reported is fresh, for less than a second at a time", func(s *suite) {
		w := s.watch(s.cat)
		for range 2 {
			until := w.fresh()
			if len(w.news) == 0 {
				s.Error("fresh before anything was reported")
			}
			if !until.IsZero() && time.Until(until) > time.Second {
				s.Errorf("fresh for %v", time.Until(until))
			}
			s.do(s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "p", []byte("v")) }))
		}
	}},
	{"ends with its context", func(s *suite) {
		w := s.watch(s.cat)
		w.wantAll()
		w.stop()
		if !errors.Is(w.err, context.Canceled) {
			s.Errorf("Watch: %v, want canceled", w.err)
		}
	}},
	{"ends with the catalog", func(s *suite) {
		cat := s.store(s.T)
		w := s.watch(cat)
		w.wantAll()
		s.do(cat.Close())
		w.wg.Wait()
		if !errors.Is(w.err, origin.ErrClosed) {
			s.Errorf("Watch: %v, want closed", w.err)
		}
	}},
	{"sees this handle's changes and another's, in every watcher", func(s *suite) {
		other := s.another()
		c := s.with(base("pbc_1", "c", field("a", origin.TextField)))
		watchers := []*watcher{s.watch(s.cat), s.watch(s.cat), s.watch(other)}
		for _, w := range watchers {
			w.wantAll()
		}
		for i, cat := range []origin.Catalog{s.cat, other} {
			id := origin.RecordID("r" + string(rune('0'+i)))
			for _, change := range []struct {
				fn   func(tx origin.CatalogTx) error
				want origin.Change
			}{
				{func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, record(c, id, nil)) }, origin.Change{Collection: c.ID, Record: id}},
				{func(tx origin.CatalogTx) error { return tx.UpdateRecord(s.ctx, c, record(c, id, nil)) }, origin.Change{Collection: c.ID, Record: id}},
				{func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, aFile(c.ID, "f"+id, "x")) }, origin.Change{Collection: c.ID, Record: "f" + id}},
				{func(tx origin.CatalogTx) error { return tx.DeleteFile(s.ctx, ref(c.ID, "d"+id, "x")) }, origin.Change{Collection: c.ID, Record: "d" + id}},
				{func(tx origin.CatalogTx) error { return tx.DeleteRecord(s.ctx, c, id) }, origin.Change{Collection: c.ID, Record: id}},
				{func(tx origin.CatalogTx) error {
					return tx.InsertCollection(s.ctx, base("n"+origin.CollectionID(id), "n"+string(id)))
				}, origin.Change{Schema: true}},
				{func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, c, c) }, origin.Change{Schema: true}},
				{func(tx origin.CatalogTx) error {
					return tx.DeleteCollection(s.ctx, base("n"+origin.CollectionID(id), ""))
				}, origin.Change{Schema: true}},
				{func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "p", []byte("v")) }, origin.Change{All: true}},
			} {
				s.do(cat.Write(s.ctx, change.fn))
				for _, w := range watchers {
					w.want(change.want)
				}
			}
		}
	}},
	{"sees everything that one transaction touched", func(s *suite) {
		c := s.with(base("pbc_1", "c"))
		w := s.watch(s.cat)
		w.wantAll()
		s.insert(c, record(c, "1", nil), record(c, "2", nil), record(c, "3", nil))
		w.want(origin.Change{Collection: c.ID, Record: "1"})
		w.want(origin.Change{Collection: c.ID, Record: "2"})
		w.want(origin.Change{Collection: c.ID, Record: "3"})
	}},
	{"sees nothing of what was undone", func(s *suite) {
		c := s.with(base("pbc_1", "c"))
		w := s.watch(s.cat)
		w.wantAll()
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			s.do(tx.InsertRecord(s.ctx, c, record(c, "undone", nil)))
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			s.Fatal(err)
		}
		s.insert(c, record(c, "done", nil))
		seen := w.want(origin.Change{Collection: c.ID, Record: "done"})
		for _, change := range seen {
			if change.All || change.Record == "undone" {
				s.Errorf("reported %+v", change)
			}
		}
	}},
	{"sees a great transaction, in whatever words", func(s *suite) {
		c := s.with(base("pbc_1", "c"))
		w := s.watch(s.another())
		w.wantAll()
		var records []*origin.Record
		for _, id := range many(5000) {
			records = append(records, record(c, id, nil))
		}
		s.insert(c, records...)
		s.insert(c, record(c, "last", nil))
		told := make(map[origin.RecordID]bool)
		all := false
		for _, change := range w.want(origin.Change{Collection: c.ID, Record: "last"}) {
			all = all || change.All
			told[change.Record] = true
		}
		for _, r := range records {
			if !all && !told[r.ID] {
				s.Fatalf("record %s was changed and not reported", r.ID)
			}
		}
	}},
	{"has reported a change when the change is older than the watch, by All", func(s *suite) {
		c := s.with(base("pbc_1", "c", field("a", origin.TextField)))
		// A reader that takes All for "read again" must not miss what was committed before it.
		s.insert(c, record(c, "r", map[string]any{"a": "new"}))
		w := s.watch(s.another())
		w.wantAll()
		s.wantText(c, "r", "a", "new")
	}},
}

// watcher is a running call of Watch and what it has reported.
type watcher struct {
	s    *suite
	stop func() // ends it and waits for it
	wg   sync.WaitGroup
	err  error
	news chan origin.Change
	told chan time.Time // as fresh was; what nobody waits for is dropped
}

func (s *suite) watch(cat origin.Catalog) *watcher {
	ctx, cancel := context.WithCancel(s.ctx)
	w := &watcher{s: s, news: make(chan origin.Change, 10_000), told: make(chan time.Time)}
	w.stop = func() { cancel(); w.wg.Wait() }
	w.wg.Go(func() {
		w.err = cat.Watch(ctx, func(c origin.Change) { w.news <- c }, func(until time.Time) {
			select {
			case w.told <- until:
			default:
			}
		})
	})
	s.Cleanup(w.stop)
	return w
}

// fresh waits until it says so.
func (w *watcher) fresh() (until time.Time) {
	w.s.Helper()
	select {
	case until = <-w.told:
	case <-w.s.ctx.Done():
		w.s.Fatal("it never said that it was fresh")
	}
	return until
}

func (w *watcher) wantAll() {
	w.s.Helper()
	w.want(origin.Change{All: true})
}

// want waits for a change, and returns what was reported up to it.
func (w *watcher) want(want origin.Change) (seen []origin.Change) {
	w.s.Helper()
	for {
		select {
		case got := <-w.news:
			seen = append(seen, got)
			if got == want {
				return seen
			}
		case <-w.s.ctx.Done():
			w.s.Fatalf("change %+v was not reported", want)
		}
	}
}
