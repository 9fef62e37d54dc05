package catalogtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// What moving a whole catalog stands on: catalog.Mover. A test here has two handles, since who moves a catalog is not who
// serves it.
var moveTests = []test{
	{"a snapshot stays as it is, whatever is written meanwhile", func(s *suite) {
		c := s.with(everyType(), record(everyType(), "aaaaaaaaaaaaaaa", map[string]any{"text": "old"}))
		before := s.snapshot()
		s.write(func(tx origin.CatalogTx) error {
			return errors.Join(tx.UpdateRecord(s.ctx, c, record(c, "aaaaaaaaaaaaaaa", map[string]any{"text": "new"})),
				tx.InsertRecord(s.ctx, c, record(c, "bbbbbbbbbbbbbbb", nil)), tx.SetParam(s.ctx, "p", []byte("v")))
		})
		s.wantRows(before, c, "1 aaaaaaaaaaaaaaa old")
		params, err := before.Params(s.ctx)
		if err != nil || len(params) != 0 {
			s.Errorf("params of the old state: %v, %v", params, err)
		}
		s.wantRows(s.snapshot(), c, "1 aaaaaaaaaaaaaaa new", "2 bbbbbbbbbbbbbbb ")
		if n, err := s.snapshot().Size(s.ctx); err != nil || n != 4 {
			s.Errorf("size %d, %v, want 4: a collection, two records, a parameter", n, err)
		}
	}},
	{"tables are read by pages in the order of their keys", func(s *suite) {
		c := s.with(everyType())
		var want []string
		s.write(func(tx origin.CatalogTx) error {
			want = nil
			for i := range 7 {
				r := record(c, origin.RecordID(fmt.Sprintf("%c%014d", "gfedcba"[i], i)), nil)
				want = append(want, string(r.ID))
				for _, name := range []origin.FileName{"b", "B", "a-b", "a"} {
					f := &origin.File{FileRef: origin.FileRef{Collection: c.ID, Record: r.ID, Name: name}, Committed: now, Size: int64(i)}
					if err := tx.PutFile(s.ctx, f); err != nil {
						return err
					}
				}
				if err := tx.InsertRecord(s.ctx, c, r); err != nil {
					return err
				}
			}
			return nil
		})
		var rows, files []string
		for after := int64(0); ; {
			page, err := s.mover().Rows(s.ctx, c, after, 2)
			s.do(err)
			if len(page) == 0 {
				break
			}
			for _, row := range page {
				rows = append(rows, string(row.Record.ID))
				after = row.Position
			}
		}
		s.same("records in the order of their making", rows, want)
		for after := (origin.FileRef{}); ; {
			page, err := s.mover().AllFiles(s.ctx, after, 3)
			s.do(err)
			if len(page) == 0 {
				break
			}
			for _, f := range page {
				files = append(files, fmt.Sprintf("%s %s %d", f.Record, f.Name, f.Size))
				after = f.FileRef
			}
		}
		if len(files) != 28 || !slices.IsSorted(files) {
			s.Errorf("files: %q", files)
		}
	}},
	{"rows are written at their places, and the next record comes after them", func(s *suite) {
		c := everyType()
		s.do(s.mover().Load(s.ctx, func(l catalog.Loader) error {
			if err := l.InsertCollection(s.ctx, c); err != nil {
				return err
			}
			return l.InsertRows(s.ctx, c, []catalog.Row{
				{Position: 40, Record: record(c, "bbbbbbbbbbbbbbb", map[string]any{"text": "x"})},
				{Position: 7, Record: record(c, "ccccccccccccccc", nil)},
				{Position: 3, Record: record(c, "ddddddddddddddd", nil)},
			})
		}))
		s.do(s.mover().Load(s.ctx, func(l catalog.Loader) error {
			return l.DeleteRows(s.ctx, c, []catalog.Row{{Position: 3}, {Position: 4}})
		}))
		s.write(func(tx origin.CatalogTx) error {
			return tx.InsertRecord(s.ctx, c, record(c, "aaaaaaaaaaaaaaa", nil))
		})
		s.wantRows(s.mover(), c, "7 ccccccccccccccc ", "40 bbbbbbbbbbbbbbb x", "41 aaaaaaaaaaaaaaa ")
	}},
	{"a load that fails has done nothing, and says which record was refused", func(s *suite) {
		c := s.with(everyType())
		err := s.mover().Load(s.ctx, func(l catalog.Loader) error {
			return l.InsertRows(s.ctx, c, []catalog.Row{
				{Position: 1, Record: record(c, "aaaaaaaaaaaaaaa", nil)}, {Position: 2, Record: record(c, "aaaaaaaaaaaaaaa", nil)},
			})
		})
		if err == nil || !strings.Contains(err.Error(), "collection every, record aaaaaaaaaaaaaaa") {
			s.Errorf("the same id twice: %v", err)
		}
		s.wantRows(s.mover(), c)
	}},
	{"a sealed catalog is read and not written, by nobody, until it is unsealed", func(s *suite) {
		c := s.with(everyType(), record(everyType(), "aaaaaaaaaaaaaaa", nil))
		ref := origin.FileRef{Collection: c.ID, Record: "aaaaaaaaaaaaaaa", Name: "f"}
		s.write(func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, &origin.File{FileRef: ref, Committed: now}) })
		other := s.another()
		for range 2 {
			s.do(s.mover().Seal(s.ctx))
		}
		s.wantSealed(true)
		for what, write := range map[string]func(tx origin.CatalogTx) error{
			"a new record":       func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, record(c, "bbbbbbbbbbbbbbb", nil)) },
			"a changed record":   func(tx origin.CatalogTx) error { return tx.UpdateRecord(s.ctx, c, record(c, "aaaaaaaaaaaaaaa", nil)) },
			"a deleted record":   func(tx origin.CatalogTx) error { return tx.DeleteRecord(s.ctx, c, "aaaaaaaaaaaaaaa") },
			"a file":             func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, &origin.File{FileRef: ref, Committed: now}) },
			"a deleted file":     func(tx origin.CatalogTx) error { return tx.DeleteFile(s.ctx, ref) },
			"a collection":       func(tx origin.CatalogTx) error { return tx.InsertCollection(s.ctx, base("pbc_2", "second")) },
			"no collection more": func(tx origin.CatalogTx) error { return tx.DeleteCollection(s.ctx, c) },
			"a parameter":        func(tx origin.CatalogTx) error { return tx.SetParam(s.ctx, "p", []byte("v")) },
		} {
			for _, cat := range []origin.Catalog{s.cat, other} {
				if err := cat.Write(s.ctx, write); !errors.Is(err, origin.ErrSealed) {
					s.Errorf("%s: %v, want ErrSealed", what, err)
				}
			}
		}
		s.wantRows(s.mover(), c, "1 aaaaaaaaaaaaaaa ")
		if gone, err := s.cat.TouchRenditions(s.ctx, []origin.RenditionUse{{File: ref, Variant: "v", Size: 1, Used: 1}}); err != nil || len(gone) > 0 {
			s.Errorf("the use of a rendition: %v, %v", gone, err)
		}
		s.do(s.mover().Load(s.ctx, func(l catalog.Loader) error { return l.SetParam(s.ctx, "p", []byte("v")) }))
		for range 2 {
			s.do(s.mover().Unseal(s.ctx))
		}
		s.wantSealed(false)
		s.do(other.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, record(c, "bbbbbbbbbbbbbbb", nil)) }))
	}},
	{"what was acknowledged before a seal is in the snapshot after it, and what comes later fails", func(s *suite) {
		c := s.with(everyType())
		const writers = 4
		acknowledged := make(chan []origin.RecordID, writers)
		begun := make(chan struct{}, writers)
		for w := range writers {
			cat := s.another()
			go func() {
				var done []origin.RecordID
				defer func() { acknowledged <- done }()
				for i := 0; ; i++ {
					id := origin.RecordID(fmt.Sprintf("%07d%08d", w, i))
					err := cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(s.ctx, c, record(c, id, nil)) })
					if err != nil {
						if !errors.Is(err, origin.ErrSealed) {
							s.Errorf("a writer met %v", err)
						}
						return
					}
					if done = append(done, id); i == 2 {
						begun <- struct{}{}
					}
				}
			}()
		}
		for range writers {
			select {
			case <-begun:
			case <-s.ctx.Done():
				s.Fatal("the writers do not get on")
			}
		}
		s.do(s.mover().Seal(s.ctx))
		kept := make(map[origin.RecordID]bool)
		rows, err := s.snapshot().Rows(s.ctx, c, 0, 1<<20)
		s.do(err)
		for _, row := range rows {
			kept[row.Record.ID] = true
		}
		n := 0
		for range writers {
			for _, id := range <-acknowledged {
				n++
				if !kept[id] {
					s.Errorf("record %s was acknowledged and is not in the snapshot", id)
				}
			}
		}
		if n != len(kept) {
			s.Errorf("%d acknowledged, %d kept", n, len(kept))
		}
	}},
}

func (s *suite) mover() catalog.Mover {
	s.Helper()
	m, ok := s.cat.(catalog.Mover)
	if !ok {
		s.Fatalf("%T is no catalog.Mover", s.cat)
	}
	return m
}

func (s *suite) snapshot() catalog.Snapshot {
	s.Helper()
	snapshot, err := s.mover().Snapshot(s.ctx)
	s.do(err)
	s.Cleanup(func() { s.do(snapshot.Close()) })
	return snapshot
}

// wantRows compares position, id and the field "text" of all records.
func (s *suite) wantRows(in catalog.Contents, c *origin.Collection, want ...string) {
	s.Helper()
	rows, err := in.Rows(s.ctx, c, 0, 1000)
	s.do(err)
	var got []string
	for _, row := range rows {
		got = append(got, fmt.Sprintf("%d %s %s", row.Position, row.Record.ID, row.Record.Text("text")))
	}
	s.same("records", got, want)
}

func (s *suite) wantSealed(want bool) {
	s.Helper()
	if is, err := s.another().(catalog.Mover).Sealed(s.ctx); err != nil || is != want {
		s.Errorf("sealed: %v, %v, want %v", is, err, want)
	}
}
