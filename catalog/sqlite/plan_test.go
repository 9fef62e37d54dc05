package sqlite

import (
	"database/sql/driver"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// plan is what SQLite would do, as a reader sees it.
func plan(t *testing.T, cat *Catalog, sql string, args ...any) string {
	t.Helper()
	var steps []string
	err := cat.use(t.Context(), func(cn *conn) error {
		// A statement that runs notices a new schema; one that is only explained goes by what the connection knows.
		if err := cn.each(t.Context(), "SELECT count(*) FROM params", nil, func([]driver.Value) error { return nil }); err != nil {
			return err
		}
		return cn.each(t.Context(), "EXPLAIN QUERY PLAN "+sql, args, func(row []driver.Value) error {
			steps = append(steps, text(row[3]))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "; ")
}

// listSQL is the statement of a list.
func listSQL(t *testing.T, c *origin.Collection, filter, sort string) (string, []any) {
	t.Helper()
	q := catalogtest.QueryOf(t, c, filter, sort)
	where, args, err := catalog.Where(rule.SQLite, columnsOf(c), c, q)
	if err != nil {
		t.Fatal(err)
	}
	order, err := catalog.OrderBy(rule.SQLite, columnsOf(c), c, q.Sort, "`id`")
	if err != nil {
		t.Fatal(err)
	}
	return selectRecords(c) + where + order + " LIMIT ? OFFSET ?", append(args, 30, 0)
}

func TestLooksUpByIndexAndNeverSorts(t *testing.T) {
	for _, rows := range []int{1, 3000} { // without statistics and with
		cat, c := filled(t, rows)
		list := func(filter, sort string) func() (string, []any) {
			return func() (string, []any) { return listSQL(t, c, filter, sort) }
		}
		by := func(field, value string) func() (string, []any) {
			return func() (string, []any) { return selectRecords(c) + having(c.Field(field), value), []any{value} }
		}
		statements := map[string]func() (string, []any){
			"list by insertion":          list("", "-@rowid"),
			"record by id":               by("id", "r1"),
			"record by e-mail":           by("mail", "A@B.c"),
			"record by the empty e-mail": by("mail", ""),
			"record by relation":         by("owner", "o7"),
			"records by ids":             func() (string, []any) { return selectRecords(c) + withIDs, []any{`["a","b"]`} },
			"referencing": func() (string, []any) {
				where, args := referring(c, c.Field("owner"), "o7")
				return "SELECT `id` FROM " + tableOf(c.ID) + where, args
			},
			"file":    func() (string, []any) { return selectFile, []any{"a", "b", "c"} },
			"files":   func() (string, []any) { return selectFiles, []any{"a", "b"} },
			"coldest": func() (string, []any) { return coldest, []any{10} },
			"param":   func() (string, []any) { return selectParam, []any{"p"} },
			"news":    func() (string, []any) { return selectChanges, []any{5} },
		}
		for name, of := range catalogtest.IndexedLists {
			statements["list "+name] = list(of[0], of[1])
		}
		for name, statement := range statements {
			sql, args := statement()
			got := plan(t, cat, sql, args...)
			got = strings.ReplaceAll(got, "SCAN json_each VIRTUAL TABLE", "") // of the parameter
			got = strings.ReplaceAll(got, "USING COVERING INDEX", "USING INDEX")
			scans := strings.Contains(got, "SCAN") && !strings.Contains(got, "USING INDEX") && name != "list by insertion"
			if scans || strings.Contains(got, "TEMP B-TREE") {
				t.Errorf("among %d, %s: %s\n%s", rows, name, got, sql)
			}
		}
	}
}

func TestPartialUniqueIndexServesLookUps(t *testing.T) {
	cat := open(t, Default(t.TempDir()))
	defer cat.Close()
	c := &origin.Collection{ID: "pbc_1", Name: "c",
		Fields:  []origin.Field{{ID: "i", Name: "id", Type: origin.TextField}, {ID: "u", Name: "username", Type: origin.TextField}},
		Indexes: []origin.Index{{Unique: true, Columns: []origin.IndexColumn{{Name: "username"}}, Partial: "username"}}}
	if err := cat.Write(t.Context(), func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), c) }); err != nil {
		t.Fatal(err)
	}
	got := plan(t, cat, selectRecords(c)+having(c.Field("username"), "x"), "x")
	if !strings.HasPrefix(got, "SEARCH") || strings.Contains(got, "TEMP B-TREE") {
		t.Errorf("by a partial index: %s", got)
	}
}

// TestStatisticsFollowTheRecords holds that readers, whose connections are older, learn which index is the better one.
func TestStatisticsFollowTheRecords(t *testing.T) {
	cfg := Default(t.TempDir())
	cat, other := open(t, cfg), open(t, cfg)
	defer cat.Close()
	defer other.Close()
	f := func(name string) origin.Field {
		return origin.Field{ID: origin.FieldID(name), Name: name, Type: origin.TextField}
	}
	index := func(name string) origin.Index { return origin.Index{Columns: []origin.IndexColumn{{Name: name}}} }
	twoIndexes := func(id origin.CollectionID) *origin.Collection {
		return &origin.Collection{ID: id, Name: string(id), Fields: []origin.Field{f("id"), f("coarse"), f("fine")},
			Indexes: []origin.Index{index("coarse"), index("fine")}}
	}
	early, late := twoIndexes("early"), twoIndexes("late")
	write := func(fn func(tx origin.CatalogTx) error) {
		t.Helper()
		if err := cat.Write(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(c *origin.Collection) {
		t.Helper()
		write(func(tx origin.CatalogTx) error {
			for i := range statisticsEvery {
				id, fine := catalogtest.StockID(i), "f"+string(catalogtest.StockID(i/3))
				r := &origin.Record{ID: id, Values: map[string]any{"id": string(id), "coarse": "same", "fine": fine}}
				if err := tx.InsertRecord(t.Context(), c, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	wantFine := func(c *origin.Collection) {
		t.Helper()
		for _, cat := range []*Catalog{cat, other} {
			if got := plan(t, cat, selectRecords(c)+" WHERE `coarse` = ? AND `fine` = ?", "same", "f1"); !strings.Contains(got, "(fine=?)") {
				t.Errorf("collection %s: %s, want a search by the finer index", c.ID, got)
			}
		}
	}
	write(func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), early) })
	write(func(tx origin.CatalogTx) error { return tx.InsertCollection(t.Context(), late) })
	fill(early)
	wantFine(early)
	fill(late) // the schema does not change any more, but for what analyze does
	wantFine(late)
}
