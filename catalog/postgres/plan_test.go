package postgres

import (
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// filled is a catalog with n records and files, and statistics of them, as PostgreSQL's autovacuum makes them within minutes.
func filled(t testing.TB, n int) (*Catalog, *origin.Collection) {
	t.Helper()
	cfg := fresh(t)
	cat := open(t, cfg)
	t.Cleanup(func() { cat.Close() })
	c := catalogtest.Fill(t, cat, n)
	statement(t, cfg, "VACUUM ANALYZE")
	return cat, c
}

// plan is what PostgreSQL would do.
func plan(t *testing.T, cat *Catalog, sql string, args ...any) string {
	t.Helper()
	var steps []string
	err := cat.each(t.Context(), "EXPLAIN (COSTS OFF) "+sql, args, func(row []any) error {
		steps = append(steps, strings.TrimSpace(text(row[0])))
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return strings.Join(steps, "; ")
}

// listSQL is the statement of a list.
func listSQL(t *testing.T, c *origin.Collection, filter, sort string) (string, []any) {
	t.Helper()
	q := catalogtest.QueryOf(t, c, filter, sort)
	where, args, err := catalog.Where(rule.PostgreSQL, columnsOf(c), c, q)
	if err != nil {
		t.Fatal(err)
	}
	order, err := catalog.OrderBy(rule.PostgreSQL, columnsOf(c), c, q.Sort, `"id"`)
	if err != nil {
		t.Fatal(err)
	}
	return selectRecords(c) + where + order + " LIMIT 30", args
}

func TestLooksUpByIndexAndSortsNothingLong(t *testing.T) {
	cat, c := filled(t, 3000)
	var uses []origin.RenditionUse
	for i := range 3000 {
		uses = append(uses, origin.RenditionUse{File: catalogtest.StockRef(i), Variant: "v", Size: 1, Used: int64(i)})
	}
	if _, err := cat.TouchRenditions(t.Context(), uses); err != nil {
		t.Fatal(err)
	}
	statement(t, cat.cfg, "ANALYZE renditions")
	type statement struct {
		sql  string
		args []any
	}
	by := func(field, value string) statement {
		return statement{selectRecords(c) + having(c.Field(field), value), []any{value}}
	}
	statements := map[string]statement{
		"record by id":               {selectRecords(c) + byID, []any{"r1"}},
		"record by e-mail":           by("mail", "A@B.c"),
		"record by the empty e-mail": by("mail", ""),
		"record by relation":         by("owner", "o7"),
		"records by ids":             {selectRecords(c) + withIDs, []any{[]string{"a", "b"}}},
		"referencing":                {`SELECT "id" FROM ` + tableOf(c.ID) + referring(c, c.Field("owner")) + " LIMIT 30", []any{"o7"}},
		"file":                       {selectFile, []any{"a", "b", "c"}},
		"files":                      {selectFiles, []any{"a", "b"}},
		"use of a rendition":         {touchRendition, []any{"v", 1, 1, "a", "b", "c"}},
		"end of a rendition":         {forgetRendition, []any{"a", "b", "c", "v"}},
		"coldest":                    {coldest, []any{100}},
	}
	for name, of := range catalogtest.IndexedLists {
		sql, args := listSQL(t, c, of[0], of[1])
		statements["list "+name] = statement{sql, args}
	}
	for name, s := range statements {
		got := plan(t, cat, s.sql, s.args...)
		sorts := strings.Contains(got, "Sort") && !strings.Contains(got, " = ") // those that equal one value are few enough to be sorted
		if strings.Contains(got, "Seq Scan") || sorts {
			t.Errorf("%s: %s\n%s", name, got, s.sql)
		}
	}
}

func TestScale(t *testing.T) {
	rows := catalogtest.Many()
	if rows == 0 {
		t.Skip("IMGORIGIN_SCALE is not set to a number of rows")
	}
	few, _ := filled(t, catalogtest.Few)
	many, _ := filled(t, rows)
	catalogtest.Scale(t, few, many, rows)
}
