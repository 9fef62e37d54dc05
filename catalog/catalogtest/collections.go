package catalogtest

import (
	"errors"
	"slices"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

var collectionTests = []test{
	{"an empty store has none", func(s *suite) {
		list, err := s.cat.Collections(s.ctx)
		s.do(err)
		s.same("collections", list, []*origin.Collection{})
	}},
	{"come back exactly as they were", func(s *suite) {
		c := fullCollection()
		s.with(c)
		s.wantCollections(c)
		s.cat = s.another()
		s.wantCollections(c)
	}},
	{"come in the order of their making", func(s *suite) {
		b, a, c := base("pbc_2", "beta"), base("pbc_1", "alpha"), base("pbc_3", "gamma")
		s.with(b)
		s.with(a)
		s.with(c)
		s.write(func(tx origin.CatalogTx) error { return tx.DeleteCollection(s.ctx, a) })
		s.with(a)
		renamed := *b
		renamed.Name = "zeta"
		s.write(func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, b, &renamed) })
		s.wantCollections(&renamed, c, a)
	}},
	{"ids that differ in case only are different collections", func(s *suite) {
		lower, upper := base("pbc_a", "one", field("x", origin.TextField)), base("PBC_A", "two", field("y", origin.TextField))
		s.with(lower, record(lower, "r", map[string]any{"x": "of lower"}))
		s.with(upper, record(upper, "r", map[string]any{"y": "of upper"}))
		s.wantText(lower, "r", "x", "of lower")
		s.wantText(upper, "r", "y", "of upper")
	}},
	{"a taken id or name is refused, the name in any case", func(s *suite) {
		s.with(base("pbc_1", "Alpha"))
		for _, clash := range []*origin.Collection{base("pbc_1", "beta"), base("pbc_2", "aLPHA")} {
			err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.InsertCollection(s.ctx, clash) })
			var unique *origin.UniqueError
			if !errors.As(err, &unique) {
				s.Errorf("collection %s %s: %v, want a UniqueError", clash.ID, clash.Name, err)
			}
		}
		other := s.with(base("pbc_3", "gamma"))
		renamed := *other
		renamed.Name = "ALPHA"
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, other, &renamed) })
		var unique *origin.UniqueError
		if !errors.As(err, &unique) {
			s.Errorf("rename to a taken name: %v, want a UniqueError", err)
		}
	}},
	{"a deleted one takes its records, files and renditions with it, and no others", func(s *suite) {
		gone, stays := base("pbc_1", "gone"), base("pbc_2", "stays")
		for _, c := range []*origin.Collection{gone, stays} {
			s.with(c, record(c, "r", nil))
			s.putFile(c.ID, "r", "pic.jpg")
			s.touch(use(c.ID, "r", "pic.jpg", "v", 100, 1))
		}
		s.write(func(tx origin.CatalogTx) error { return tx.DeleteCollection(s.ctx, gone) })
		s.wantCollections(stays)
		_, err := s.cat.Record(s.ctx, gone, "r")
		s.wantNotFound("record", err)
		_, err = s.cat.File(s.ctx, ref(gone.ID, "r", "pic.jpg"))
		s.wantNotFound("file", err)
		s.wantBytes(100)
		s.wantText(stays, "r", "id", "r")

		s.with(gone)
		page, err := s.cat.List(s.ctx, gone, origin.Query{Limit: 10, Total: true})
		s.do(err)
		s.same("records of a new collection of the same id", page, origin.Page{})
	}},
	{"changing or deleting one that is not there is not found", func(s *suite) {
		c := base("pbc_1", "none")
		err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.UpdateCollection(s.ctx, c, c) })
		s.wantNotFound("update", err)
		err = s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.DeleteCollection(s.ctx, c) })
		s.wantNotFound("delete", err)
	}},
	{"a file field whose name is a word of SQL is like any other", func(s *suite) {
		c := base("pbc_1", "order", field("select", origin.TextField), field("value", origin.TextField),
			field("rowid", origin.NumberField), field("_rowid_", origin.TextField), field("group", origin.TextField),
			multiple("key", origin.RelationField), field("user", origin.TextField), field("table", origin.TextField))
		c.Indexes = []origin.Index{{Name: "index", Columns: []origin.IndexColumn{{Name: "select"}, {Name: "group", Desc: true}}}}
		r := record(c, "a", map[string]any{"select": "s", "value": "v", "rowid": 7.0, "group": "g", "key": []string{"k"}, "user": "u"})
		s.with(c, r)
		s.wantRecord(c, r)
		page, err := s.cat.List(s.ctx, c, origin.Query{Where: exprs(s.filter(c, `select = "s" && value = "v"`)),
			Sort: s.sort(c, "-group,user,table"), Limit: 5})
		s.do(err)
		s.same("list", page.Records, []*origin.Record{r})
		found, err := s.cat.Referencing(s.ctx, c, c.Field("key"), "k", 5)
		s.do(err)
		s.same("referencing", found, []origin.RecordID{"a"})
	}},
}

func (s *suite) wantCollections(want ...*origin.Collection) {
	s.Helper()
	got, err := s.cat.Collections(s.ctx)
	s.do(err)
	s.same("collections", got, want)
}

// fullCollection uses every member of a collection.
func fullCollection() *origin.Collection {
	c := everyType()
	c.Type = origin.AuthCollection
	c.System = true
	c.Rules = origin.Rules{List: nil, View: ptr(""), Create: ptr(`@request.auth.id != ""`), Update: ptr("text = 'é<&>'"), Delete: nil}
	c.Auth = &origin.AuthOptions{
		AuthRule: ptr("verified = true"), PasswordAuth: true, IdentityFields: []string{"email", "text"},
		AuthToken: origin.TokenOptions{Secret: "0123456789012345678901234567890123456789", Duration: 432000 * time.Second},
		FileToken: origin.TokenOptions{Secret: "abcdefghijabcdefghijabcdefghijabcdefghij", Duration: 180 * time.Second},
	}
	c.Indexes = []origin.Index{
		{Name: "idx_email", Unique: true, Columns: []origin.IndexColumn{{Name: "email"}}, Partial: "email"},
		{Name: "idx_two", Columns: []origin.IndexColumn{{Name: "text", NoCase: true}, {Name: "number", Desc: true}}},
	}
	c.Updated = now.Add(time.Hour)
	i := slices.IndexFunc(c.Fields, func(f origin.Field) bool { return f.Name == "text" })
	f := &c.Fields[i]
	f.Help, f.Hidden, f.Presentable, f.Required = "what it's for", true, true, true
	f.Min, f.Max, f.Pattern, f.AutogeneratePattern = ptr(0.0), ptr(12.5), `^\w+$`, "[a-z]{5}"
	file := &c.Fields[len(c.Fields)-2]
	file.MaxSize, file.MimeTypes, file.Thumbs, file.Protected = 1<<40, []string{"image/png"}, []string{"0x50", "40x40f"}, true
	return c
}
