package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

var errUndo = errors.New("a reason to undo")

var writeTests = []test{
	{"1: what is committed is seen by every handle, also after reopening", func(s *suite) {
		other := s.another()
		c := s.with(base("pbc_1", "c", field("a", origin.TextField)))
		s.insert(c, record(c, "r", map[string]any{"a": "1"}))
		s.do(s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "p", []byte("v")) }))
		for _, cat := range []origin.Catalog{s.cat, other, s.another()} {
			s.cat = cat
			s.wantCollections(c)
			s.wantText(c, "r", "a", "1")
			s.wantParam("p", "v")
		}
	}},
	{"2: an error changes nothing and comes back as it is", func(s *suite) {
		c := base("pbc_1", "c", field("a", origin.TextField))
		s.with(c, record(c, "r", map[string]any{"a": "1"}), record(c, "s", nil))
		s.putFile("pbc_1", "r", "x.jpg")
		s.touch(use("pbc_1", "r", "x.jpg", "v", 5, 1))
		new := base("pbc_2", "new")
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			return errors.Join(
				tx.UpdateRecord(s.ctx, c, record(c, "r", map[string]any{"a": "2"})),
				tx.DeleteRecord(s.ctx, c, "s"),
				tx.InsertRecord(s.ctx, c, record(c, "t", nil)),
				tx.DeleteFile(s.ctx, ref("pbc_1", "r", "x.jpg")),
				tx.PutFile(s.ctx, aFile("pbc_1", "r", "y.jpg")),
				tx.InsertCollection(s.ctx, new),
				tx.InsertRecord(s.ctx, new, record(new, "r", nil)),
				tx.DeleteCollection(s.ctx, c),
				tx.SetParam(s.ctx, "p", []byte("v")),
				errUndo)
		})
		if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 1 || !errors.Is(err, errUndo) {
			s.Fatalf("Write: %v, want the function's error alone", err)
		}
		s.wantCollections(c)
		s.wantText(c, "r", "a", "1")
		s.wantText(c, "s", "id", "s")
		s.wantNoRecord(c, "t")
		s.wantBytes(5)
		list, err := s.cat.Files(s.ctx, "pbc_1", "r")
		s.do(err)
		s.same("files", list, []origin.File{*aFile("pbc_1", "r", "x.jpg")})
		_, err = s.cat.Param(s.ctx, "p")
		s.wantNotFound("param", err)
	}},
	{"a panic changes nothing, passes through, and lets later writes in", func(s *suite) {
		func() {
			defer func() {
				if got := recover(); got != "a bug" {
					s.Errorf("recovered %v, want the function's own panic", got)
				}
			}()
			_ = s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
				s.do(tx.SetParam(s.ctx, "p", []byte("v")))
				panic("a bug")
			})
		}()
		_, err := s.cat.Param(s.ctx, "p")
		s.wantNotFound("param", err)
		s.do(s.another().Write(s.ctx, func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "q", []byte("w")) }))
		s.wantParam("q", "w")
	}},
	{"a transaction sees its own work, and nobody else does before the commit", func(s *suite) {
		c := base("pbc_1", "c", field("a", origin.TextField))
		s.with(c, record(c, "r", map[string]any{"a": "old"}))
		other := s.another()
		s.write(func(tx origin.CatalogTx) error {
			s.do(tx.UpdateRecord(s.ctx, c, record(c, "r", map[string]any{"a": "new"})))
			s.do(tx.InsertRecord(s.ctx, c, record(c, "s", map[string]any{"a": "new"})))
			s.do(tx.PutFile(s.ctx, aFile("pbc_1", "s", "x.jpg")))
			s.do(tx.SetParam(s.ctx, "p", []byte("v")))

			page, err := tx.List(s.ctx, c, origin.Query{Where: exprs(s.filter(c, `a = "new"`)), Limit: 9, Total: true})
			s.do(err)
			s.same("inside", ids(page.Records), []origin.RecordID{"r", "s"})
			found, err := tx.RecordBy(s.ctx, c, "a", "new")
			s.do(err)
			s.same("found inside", found.ID, origin.RecordID("r"))
			for _, outside := range []origin.Catalog{s.cat, other} {
				page, err := outside.List(s.ctx, c, origin.Query{Where: exprs(s.filter(c, `a = "old"`)), Limit: 9, Total: true})
				s.do(err)
				s.same("outside", ids(page.Records), []origin.RecordID{"r"})
				_, err = outside.File(s.ctx, ref("pbc_1", "s", "x.jpg"))
				s.wantNotFound("file outside", err)
				_, err = outside.Param(s.ctx, "p")
				s.wantNotFound("param outside", err)
			}
			return nil
		})
		s.wantText(c, "s", "a", "new")
	}},
	{"that read before they write lose no update", func(s *suite) {
		const writers, each = 6, 15
		handles := []origin.Catalog{s.cat, s.another(), s.another()}
		s.do(s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "n", []byte("0")) }))
		var wg sync.WaitGroup
		errs := make([]error, writers)
		for w := range writers {
			wg.Go(func() {
				for range each {
					errs[w] = errors.Join(errs[w], handles[w%len(handles)].Write(s.ctx, increment(s.ctx)))
				}
			})
		}
		wg.Wait()
		s.do(errors.Join(errs...))
		s.wantParam("n", strconv.Itoa(writers*each))
	}},
	{"of the same record by two handles: the unique index holds", func(s *suite) {
		c := base("pbc_1", "c", field("slug", origin.TextField))
		c.Indexes = []origin.Index{{Name: "x", Unique: true, Columns: []origin.IndexColumn{{Name: "slug"}}}}
		s.with(c)
		handles := []origin.Catalog{s.cat, s.another()}
		const rounds = 10
		won := make([][rounds]bool, len(handles))
		var wg sync.WaitGroup
		for h, cat := range handles {
			wg.Go(func() {
				for i := range rounds {
					r := record(c, origin.RecordID(fmt.Sprintf("r%d_%d", i, h)), map[string]any{"slug": fmt.Sprint(i)})
					err := cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, r) })
					var unique *origin.UniqueError
					if won[h][i] = err == nil; err != nil && !errors.As(err, &unique) {
						s.Errorf("insert: %v", err)
					}
				}
			})
		}
		wg.Wait()
		for i := range rounds {
			if won[0][i] == won[1][i] {
				s.Errorf("slug %d: won %v and %v, want exactly one", i, won[0][i], won[1][i])
			}
		}
	}},
	{"3: a context that has ended changes nothing", func(s *suite) {
		ctx, cancel := context.WithCancel(s.ctx)
		err := s.cat.Write(ctx, func(tx origin.CatalogTx) error {
			if err := tx.SetParam(ctx, "p", []byte("v")); err != nil {
				return err
			}
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			s.Errorf("Write: %v, want canceled", err)
		}
		_, err = s.cat.Param(s.ctx, "p")
		s.wantNotFound("param", err)
		s.wantCanceled(ctx)
	}},
	{"wait for another one's end, and give up when their context ends", func(s *suite) {
		for _, other := range []origin.Catalog{s.cat, s.another()} {
			inside, leave := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
					if err := tx.SetParam(s.ctx, "p", []byte("v")); err != nil {
						return err
					}
					close(inside)
					<-leave
					return nil
				})
				if err != nil {
					s.Errorf("Write: %v", err)
				}
			})
			<-inside
			ctx, cancel := context.WithCancel(s.ctx)
			wg.Go(func() {
				err := other.Write(ctx, func(tx origin.CatalogTx) error { return tx.SetParam(ctx, "p", []byte("w")) })
				if !errors.Is(err, context.Canceled) {
					s.Errorf("waiting write: %v, want canceled", err)
				}
				close(leave)
			})
			cancel()
			wg.Wait()
			s.wantParam("p", "v")
		}
	}},
	{"of params set, replace and remove", func(s *suite) {
		set := func(value []byte) {
			s.Helper()
			s.write(func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "key", value) })
		}
		_, err := s.cat.Param(s.ctx, "key")
		s.wantNotFound("param", err)
		set([]byte("one"))
		s.wantParam("key", "one")
		set([]byte{0, 255, '\n', 0})
		s.wantParam("key", "\x00\xff\n\x00")
		set([]byte{})
		s.wantParam("key", "")
		set(nil)
		_, err = s.cat.Param(s.ctx, "key")
		s.wantNotFound("removed param", err)
		set(nil)
	}},
	{"and reads after the close are refused", func(s *suite) {
		cat := s.store(s.T)
		s.do(cat.Close())
		s.do(cat.Close())
		for what, err := range map[string]error{
			"write": cat.Write(s.ctx, func(origin.CatalogTx) error { return nil }),
			"check": cat.Check(s.ctx),
			"watch": cat.Watch(s.ctx, func(origin.Change) {}, func(time.Time) {}),
		} {
			if !errors.Is(err, origin.ErrClosed) {
				s.Errorf("%s: %v, want closed", what, err)
			}
		}
		s.do(s.cat.Check(s.ctx))
	}},
}

// increment adds one to the param n.
func increment(ctx context.Context) func(tx origin.CatalogTx) error {
	return func(tx origin.CatalogTx) error {
		value, err := tx.Param(ctx, "n")
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(value))
		if err != nil {
			return err
		}
		return tx.SetParam(ctx, "n", strconv.AppendInt(nil, int64(n)+1, 10))
	}
}

func (s *suite) wantParam(name, want string) {
	s.Helper()
	got, err := s.cat.Param(s.ctx, name)
	s.do(err)
	if string(got) != want {
		s.Errorf("param %s is %q, want %q", name, got, want)
	}
}

// wantCanceled asks for every read with a context that has ended.
func (s *suite) wantCanceled(ended context.Context) {
	s.Helper()
	c := s.with(everyType())
	errs := map[string]error{"check": s.cat.Check(ended), "watch": s.cat.Watch(ended, func(origin.Change) {}, func(time.Time) {})}
	_, errs["collections"] = s.cat.Collections(ended)
	_, errs["record"] = s.cat.Record(ended, c, "r")
	_, errs["record by"] = s.cat.RecordBy(ended, c, "text", "x")
	_, errs["records by id"] = s.cat.RecordsByID(ended, c, []origin.RecordID{"r"})
	_, errs["list"] = s.cat.List(ended, c, origin.Query{Limit: 1, Total: true})
	_, errs["referencing"] = s.cat.Referencing(ended, c, c.Field("relation"), "r", 1)
	_, errs["file"] = s.cat.File(ended, ref("c", "r", "f"))
	_, errs["files"] = s.cat.Files(ended, "c", "r")
	_, errs["param"] = s.cat.Param(ended, "p")
	_, errs["touch"] = s.cat.TouchRenditions(ended, []origin.RenditionUse{use("c", "r", "f", "v", 1, 1)})
	_, errs["bytes"] = s.cat.RenditionBytes(ended)
	_, errs["coldest"] = s.cat.ColdestRenditions(ended, 1)
	errs["forget"] = s.cat.ForgetRenditions(ended, []origin.RenditionUse{use("c", "r", "f", "v", 1, 1)})
	for what, err := range errs {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s: %v, want canceled", what, err)
		}
	}
}
