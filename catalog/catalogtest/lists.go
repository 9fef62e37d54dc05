package catalogtest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

var listTests = []test{
	{"without a sort come by id", func(s *suite) {
		c := s.pictures()
		s.wantList(c, origin.Query{Limit: 100}, -1, "a", "b", "c", "d", "e", "f")
	}},
	{"are sorted, and equals by id in the direction of the last key", func(s *suite) {
		c := s.pictures()
		for sort, want := range map[string][]origin.RecordID{
			"rank":        {"a", "c", "e", "b", "d", "f"},
			"-rank":       {"f", "d", "b", "e", "c", "a"},
			"rank,-title": {"e", "c", "a", "d", "b", "f"},
			"title":       {"f", "b", "d", "a", "c", "e"}, // by bytes: "Z" before "a"
			"-created,id": {"f", "e", "d", "c", "b", "a"},
			"@rowid":      {"c", "a", "b", "f", "e", "d"},
			"-@rowid":     {"d", "e", "f", "b", "a", "c"},
		} {
			s.wantList(c, origin.Query{Sort: s.sort(c, sort), Limit: 100}, -1, want...)
		}
	}},
	{"contain what all expressions admit", func(s *suite) {
		c := s.pictures()
		s.wantList(c, origin.Query{Where: exprs(s.filter(c, "rank = 1")), Limit: 100}, -1, "a", "c", "e")
		s.wantList(c, origin.Query{Where: exprs(s.filter(c, "rank = 1"), s.filter(c, `title > "a"`)), Limit: 100}, -1, "a", "c", "e")
		s.wantList(c, origin.Query{Where: exprs(s.filter(c, `title = "Z" || rank = 1`), s.filter(c, `id != "c"`)), Limit: 100}, -1, "a", "e", "f")
		s.wantList(c, origin.Query{Where: exprs(s.filter(c, `tags ?= "x"`)), Limit: 100}, -1, "b", "c")
		s.wantList(c, origin.Query{Where: exprs(s.filter(c, `title ~ "k%"`)), Limit: 100}, -1, "a", "c")
	}},
	{"know who asks", func(s *suite) {
		c := s.pictures()
		mine := exprs(s.filter(c, `title = @request.auth.id`))
		s.wantList(c, origin.Query{Where: mine, Request: &rule.Request{Auth: map[string]any{"id": "Z"}}, Limit: 9, Total: true}, 1, "f")
		s.wantList(c, origin.Query{Where: mine, Request: &rule.Request{Auth: map[string]any{"id": "' OR 1=1 --"}}, Limit: 9, Total: true}, 0)
		s.wantList(c, origin.Query{Where: exprs(s.filter(c, `@request.auth.id != ""`)), Request: &rule.Request{}, Limit: 9, Total: true}, 0)
	}},
	{"within a transaction see what it has written, by values that come with the request", func(s *suite) {
		c := base("pbc_2", "files", field("folder", origin.TextField), field("slug", origin.TextField))
		c.Indexes = []origin.Index{{Name: "p", Unique: true, Columns: []origin.IndexColumn{{Name: "folder"}, {Name: "slug"}}}}
		s.with(c, record(c, "a", map[string]any{"folder": "", "slug": "x"}), record(c, "b", map[string]any{"folder": "f", "slug": "x"}))
		at := exprs(s.filter(c, "folder = @request.query.folder"), s.filter(c, "slug = @request.query.slug"))
		query := func(folder, slug string) origin.Query {
			return origin.Query{Where: at, Request: &rule.Request{Query: map[string]string{"folder": folder, "slug": slug}}, Limit: 1}
		}
		found := func(tx origin.CatalogTx, folder, slug string) []origin.RecordID {
			page, err := tx.List(s.ctx, c, query(folder, slug))
			s.do(err)
			return ids(page.Records)
		}
		s.write(func(tx origin.CatalogTx) error {
			s.same("what was there", found(tx, "f", "x"), []origin.RecordID{"b"})
			s.same("what is not there yet", found(tx, "f", "x-2"), []origin.RecordID{})
			err := tx.InsertRecord(s.ctx, c, record(c, "c", map[string]any{"folder": "f", "slug": "x-2"}))
			s.same("what is there now", found(tx, "f", "x-2"), []origin.RecordID{"c"})
			return err
		})
		s.wantList(c, query("", "x"), -1, "a")
		s.wantList(c, query("f", "x"), -1, "b")
		s.wantList(c, query("f", `x" || slug != "`), -1)
		s.wantList(c, query("F", "x"), -1)
		s.wantUnique(s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
			return tx.InsertRecord(s.ctx, c, record(c, "d", map[string]any{"folder": "f", "slug": "x-2"}))
		}), "folder", "slug")
	}},
	{"are cut into pages that do not overlap", func(s *suite) {
		c := base("pbc_1", "many", field("n", origin.NumberField))
		var records []*origin.Record
		for i := range 57 {
			records = append(records, record(c, origin.RecordID(fmt.Sprintf("r%02d", i*31%57)), map[string]any{"n": float64(i % 3)}))
		}
		s.with(c, records...)
		for _, sort := range []string{"", "n", "-n", "n,-id", "-@rowid"} {
			var seen []origin.RecordID
			for offset := 0; offset < 60; offset += 10 {
				page, err := s.cat.List(s.ctx, c, origin.Query{Sort: s.sort(c, sort), Offset: offset, Limit: 10, Total: true})
				s.do(err)
				if page.Total != 57 {
					s.Errorf("total %d, want 57", page.Total)
				}
				seen = append(seen, ids(page.Records)...)
			}
			slices.Sort(seen)
			if len(slices.Compact(seen)) != 57 {
				s.Errorf("sort %q: pages hold %d different records, want 57", sort, len(slices.Compact(seen)))
			}
		}
	}},
	{"beyond the end are empty, and still counted", func(s *suite) {
		c := s.pictures()
		s.wantList(c, origin.Query{Offset: 6, Limit: 10, Total: true}, 6)
		s.wantList(c, origin.Query{Limit: 0, Total: true}, 6)
		s.wantList(c, origin.Query{Offset: 4, Limit: 10, Where: exprs(s.filter(c, "rank = 2")), Total: true}, 3)
	}},
	{"see the shape of today: a field that is gone or of another kind is stale", func(s *suite) {
		c := s.pictures()
		byTitle, sorted := exprs(s.filter(c, `title = "title"`)), s.sort(c, "title")
		for _, now := range []*origin.Collection{
			edited(c, func(c *origin.Collection) { c.Fields = slices.Delete(c.Fields, 1, 2) }),
			edited(c, func(c *origin.Collection) { c.Fields[1] = field("title", origin.NumberField) }),
		} {
			_, err := s.cat.List(s.ctx, now, origin.Query{Where: byTitle, Limit: 1})
			if !errors.Is(err, rule.ErrStale) {
				s.Errorf("filter: %v, want stale", err)
			}
			_, err = s.cat.List(s.ctx, now, origin.Query{Sort: sorted, Limit: 1})
			if !errors.Is(err, rule.ErrStale) {
				s.Errorf("sort: %v, want stale", err)
			}
		}
	}},
	{"by a shape of yesterday are stale, and do not admit what they should not", func(s *suite) {
		old := s.pictures()
		c := edited(old, func(c *origin.Collection) { c.Fields, c.Indexes = slices.Delete(c.Fields, 1, 2), nil })
		s.update(old, c)
		for what, read := range map[string]func() error{
			"list": func() error {
				_, err := s.cat.List(s.ctx, old, origin.Query{Where: exprs(s.filter(old, `title != "other"`)), Limit: 9})
				return err
			},
			"count": func() error {
				_, err := s.cat.List(s.ctx, old, origin.Query{Where: exprs(s.filter(old, `title != "other"`)), Total: true})
				return err
			},
			"record":        func() error { _, err := s.cat.Record(s.ctx, old, "a"); return err },
			"record by":     func() error { _, err := s.cat.RecordBy(s.ctx, old, "title", "k"); return err },
			"records by id": func() error { _, err := s.cat.RecordsByID(s.ctx, old, []origin.RecordID{"a"}); return err },
			"in a transaction": func() error {
				return s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { _, err := tx.Record(s.ctx, old, "a"); return err })
			},
		} {
			if err := read(); !errors.Is(err, rule.ErrStale) {
				s.Errorf("%s: %v, want stale", what, err)
			}
		}
		s.wantList(c, origin.Query{Limit: 9, Sort: s.sort(c, "id"), Total: true}, 6, "a", "b", "c", "d", "e", "f")
	}},
	{"of a collection that is gone are not found", func(s *suite) {
		c := s.pictures()
		s.write(func(tx origin.CatalogTx) error { return tx.DeleteCollection(s.ctx, c) })
		_, err := s.cat.List(s.ctx, c, origin.Query{Limit: 1})
		s.wantNotFound("list", err)
	}},
}

// pictures is a collection of six records, made in the order c, a, b, f, e, d.
func (s *suite) pictures() *origin.Collection {
	c := base("pbc_1", "pictures", field("title", origin.TextField), field("rank", origin.NumberField),
		field("created", origin.AutodateField), multiple("tags", origin.SelectField))
	c.Indexes = []origin.Index{{Name: "x", Columns: []origin.IndexColumn{{Name: "rank"}, {Name: "title", Desc: true}}},
		{Name: "y", Columns: []origin.IndexColumn{{Name: "created", Desc: true}}}}
	made := func(id origin.RecordID, title string, rank float64, tags ...string) *origin.Record {
		return record(c, id, map[string]any{"title": title, "rank": rank, "tags": append([]string{}, tags...),
			"created": "2026-01-01 00:00:00.00" + string('0'+id[0]-'a') + "Z"})
	}
	return s.with(c, made("c", "k", 1, "x", "y"), made("a", "k", 1), made("b", "a", 2, "x"), made("f", "Z", 2),
		made("e", "é", 1), made("d", "b", 2, "y"))
}

func (s *suite) wantList(c *origin.Collection, q origin.Query, total int, want ...origin.RecordID) {
	s.Helper()
	page, err := s.cat.List(s.ctx, c, q)
	s.do(err)
	s.same("records", ids(page.Records), want)
	if page.Total != total {
		s.Errorf("total %d, want %d", page.Total, total)
	}
}
