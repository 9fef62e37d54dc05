package rule

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func compiled(t *testing.T, src string, d Dialect, req *Request) (string, []any) {
	t.Helper()
	e, err := Parse(src, photoSchema, userSchema)
	if err != nil {
		t.Fatal(err)
	}
	args := []any{}
	condition, err := e.SQL(d, columnsOf(photoSchema), req, &args)
	if err != nil {
		t.Fatal(err)
	}
	return condition, args
}

func TestWhatTheRequestDecidesIsDecidedBeforeTheQuery(t *testing.T) {
	for _, c := range []struct {
		src                string
		sqlite, postgresql string
		args               []any
		as                 *Request
	}{
		{`owner = @request.auth.id`, `"r"."owner" = ?`, `"r"."owner" = $1::text`, []any{"alice"}, alice},
		{`@request.auth.id != "" && owner = @request.auth.id`, `"r"."owner" = ?`, `"r"."owner" = $1::text`, []any{"alice"}, alice},
		{`@request.auth.id != "" && owner = @request.auth.id`, `1=0`, `1=0`, []any{}, guest},
		{`owner = "x" && @request.auth.id != ""`, `1=0`, `1=0`, []any{}, guest},
		{`owner = "x" || @request.auth.id != ""`, `1=1`, `1=1`, []any{}, alice},
		{`(owner = "x" && @request.method = "PUT") || views > 3`, `"r"."views" > ?`, `"r"."views" > $1::float8`, []any{3.0}, alice},
		{`owner = null`, `"r"."owner" = ?`, `"r"."owner" = $1::text`, []any{""}, alice},
		{`"a" <= title`, `"r"."title" >= ?`, `"r"."title" COLLATE "C" >= $1::text`, []any{"a"}, alice},
		{`title != "a"`, `"r"."title" IS NOT ?`, `"r"."title" IS DISTINCT FROM $1::text`, []any{"a"}, alice},
		{`title = 5`, `"r"."title" = ?`, `"r"."title" = $1::text`, []any{"5"}, alice},
		{`views = "5"`, `"r"."views" = ?`, `"r"."views" = $1::float8`, []any{5.0}, alice},
		{`views = "x"`, `1=0`, `1=0`, []any{}, alice},
		{`public = true`, `"r"."public" = 1`, `"r"."public" = true`, []any{}, alice},
		{`public < 1`, `"r"."public" = 0`, `"r"."public" = false`, []any{}, alice},
		{`public >= 0`, `1=1`, `1=1`, []any{}, alice},
		{`title ~ "A_b"`, `"r"."title" LIKE ? ESCAPE '\'`, `lower("r"."title" COLLATE "C") LIKE $1::text`, []any{`%a\_b%`}, alice},
		{`owner ?= @request.auth.teams`, `"r"."owner" IN (SELECT value FROM json_each(?))`,
			`"r"."owner" = ANY(ARRAY(SELECT jsonb_array_elements_text($1::jsonb)))`, []any{`["red","alice"]`}, alice},
		{`owner = "a" && (views = 1 || views = 2)`, `("r"."owner" = ? AND ("r"."views" = ? OR "r"."views" = ?))`,
			`("r"."owner" = $1::text AND ("r"."views" = $2::float8 OR "r"."views" = $3::float8))`, []any{"a", 1.0, 2.0}, alice},
	} {
		for d, want := range map[Dialect]string{SQLite: c.sqlite, PostgreSQL: c.postgresql} {
			condition, args := compiled(t, c.src, d, c.as)
			if condition != want {
				t.Errorf("%s: %s, want %s", c.src, condition, want)
			}
			if diff := cmp.Diff(c.args, args); diff != "" {
				t.Errorf("%s: %s", c.src, diff)
			}
		}
	}
}

func TestPlaceholdersContinueTheCallersArguments(t *testing.T) {
	e, err := Parse(`owner = "a" && views = 1`, photoSchema, nil)
	if err != nil {
		t.Fatal(err)
	}
	args := []any{"first"}
	condition, err := e.SQL(PostgreSQL, columnsOf(photoSchema), nil, &args)
	if want := `("r"."owner" = $2::text AND "r"."views" = $3::float8)`; err != nil || condition != want {
		t.Errorf("%s, %v", condition, err)
	}
	if diff := cmp.Diff([]any{"first", "a", 1.0}, args); diff != "" {
		t.Error(diff)
	}
}

// TestNoValueIsWrittenIntoSQL puts a mark into every place that a value can
// come from and looks for it in the text.
func TestNoValueIsWrittenIntoSQL(t *testing.T) {
	const mark = `zqx'"\`
	req := &Request{
		Method: mark, Context: mark, Query: map[string]string{"q": mark}, Headers: map[string]string{"h": mark},
		Auth: map[string]any{"id": mark, "teams": []string{mark}, "prefs": mark, "level": 77001.0},
	}
	for _, left := range []string{"title", "title:lower", "created", "tags", "tags:each", "meta"} {
		for _, o := range []string{"=", "!=", "<", "?=", "~", "?!~"} {
			for _, right := range []string{quoteText(mark), "77001", "@request.query.q", "@request.headers.h", "@request.method",
				"@request.context", "@request.auth.id", "@request.auth.level", "@request.auth.prefs", "@request.auth.teams:each"} {
				e, err := Parse(left+" "+o+" "+right, photoSchema, userSchema)
				if errors.Is(err, ErrUnsupported) {
					continue
				}
				for _, d := range []Dialect{SQLite, PostgreSQL} {
					var args []any
					condition, err := e.SQL(d, columnsOf(photoSchema), req, &args)
					if err != nil {
						t.Fatal(e, err)
					}
					if strings.Contains(condition, "zqx") || strings.Contains(condition, "77001") {
						t.Errorf("%s: %s", e, condition)
					}
				}
			}
		}
	}
}

func TestAColumnMustBeQualified(t *testing.T) {
	e, err := Parse(`tags ?= "a"`, photoSchema, nil)
	if err != nil {
		t.Fatal(err)
	}
	var args []any
	condition, err := e.SQL(SQLite, func(string) (string, Kind) { return `"value"`, List }, nil, &args)
	if condition != "" || !errors.Is(err, ErrStale) {
		t.Errorf("%q, %v", condition, err)
	}
}

var indexed = []struct {
	src   string
	index string // that the plan must use
}{
	{`owner = "a"`, "by_owner"},
	{`owner = @request.auth.id`, "by_owner"},
	{`@request.auth.id != "" && owner = @request.auth.id && title ~ "x"`, "by_owner"},
	{`owner = ""`, "by_owner"},
	{`owner ?= @request.auth.teams`, "by_owner"},
	{`owner > "a" && owner <= "b"`, "by_owner"},
	{`views = 3`, "by_views"},
	{`views > 3`, "by_views"},
	{`views > @request.query.min && public = true`, "by_views"},
	{`created >= "2024" && created < "2025" && tags ?= "a"`, "by_created"},
	{`(views = 3 && (title = "a" || title = "b"))`, "by_views"},
	{`views = 3 || views = 4`, "by_views"},
	{`owner = "a" && created > "2024"`, "by_owner_created"},
}

func TestSQLiteSearchesTheIndex(t *testing.T) {
	db := newSQLite(t)
	if err := db.load(photoSchema, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range indexed {
		if _, err := db.db.Exec("DROP INDEX IF EXISTS by; CREATE INDEX by ON r " + indexColumns(c.index)); err != nil {
			t.Fatal(err)
		}
		condition, args := compiled(t, c.src, SQLite, alice)
		rows, err := db.db.Query("EXPLAIN QUERY PLAN SELECT * FROM r WHERE "+condition, args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if !strings.Contains(strings.Join(plan, "\n"), "SEARCH r USING INDEX by (") || strings.Contains(strings.Join(plan, "\n"), "SCAN r\n") {
			t.Errorf("%s: %s: %q", c.src, condition, plan)
		}
	}
}

// TestPostgreSQLSearchesTheIndex where text columns are declared COLLATE "C",
// which = needs to share an index with < and with ORDER BY.
func TestPostgreSQLSearchesTheIndex(t *testing.T) {
	db := newPostgres(t)
	if err := db.load(photoSchema, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := db.run(`ALTER TABLE r ALTER owner TYPE text COLLATE "C", ALTER created TYPE text COLLATE "C"; SET enable_seqscan = off;`); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = db.run(`RESET enable_seqscan;`) }()
	for _, c := range indexed {
		condition, args := compiled(t, c.src, PostgreSQL, alice)
		literals := make([]string, len(args))
		for i, a := range args {
			literals[i] = pgLiteral(a)
		}
		execute := "EXPLAIN EXECUTE q"
		if len(args) > 0 {
			execute += " (" + strings.Join(literals, ", ") + ")"
		}
		plan, err := db.run(`DROP INDEX IF EXISTS by; CREATE INDEX by ON r ` + indexColumns(c.index) +
			`; PREPARE q AS SELECT * FROM r WHERE ` + condition + `; ` + execute + `; DEALLOCATE q;`)
		if err != nil {
			t.Fatalf("%s: %v", c.src, err)
		}
		if text := strings.Join(plan, "\n"); !strings.Contains(text, "Index Cond") || strings.Contains(text, "Seq Scan on r") {
			t.Errorf("%s: %s:\n%s", c.src, condition, text)
		}
	}
}

// indexColumns names an index's columns by the index's name.
func indexColumns(name string) string {
	return "(" + strings.ReplaceAll(strings.TrimPrefix(name, "by_"), "_", ", ") + ")"
}

func TestSortKeys(t *testing.T) {
	columns := func(f string) (string, Kind) {
		if f == "@rowid" {
			return `"r".rowid`, 0
		}
		return columnsOf(photoSchema)(f)
	}
	for _, c := range []struct{ src, sqlite, postgresql string }{
		{``, ``, ``},
		{`-created,+title`, `"r"."created" DESC, "r"."title"`, `"r"."created" COLLATE "C" DESC, "r"."title" COLLATE "C"`},
		{` views , -public `, `"r"."views", "r"."public" DESC`, `"r"."views", "r"."public" DESC`},
		{`@random,-@rowid`, `RANDOM(), "r".rowid DESC`, `RANDOM(), "r".rowid DESC`},
		{`id,id,id,id,id,id,id,-@random`, strings.Repeat(`"r"."id", `, 7) + "RANDOM()", strings.Repeat(`"r"."id" COLLATE "C", `, 7) + "RANDOM()"},
	} {
		keys, err := ParseSort(c.src, photoSchema)
		if err != nil {
			t.Fatal(err)
		}
		for d, want := range map[Dialect]string{SQLite: c.sqlite, PostgreSQL: c.postgresql} {
			if got, err := OrderBy(d, keys, columns); err != nil || got != want {
				t.Errorf("%q: %s, %v, want %s", c.src, got, err, want)
			}
		}
	}
	for src, want := range map[string]error{
		"id,id,id,id,id,id,id,id,id":   ErrTooMany,
		"-" + strings.Repeat("x", 255): ErrTooLong,
		"password":                     ErrUnsupported,
		"owner.name":                   ErrUnsupported,
		"id,":                          ErrUnsupported,
		" ":                            ErrUnsupported,
		"--id":                         ErrUnsupported,
		"tags":                         ErrUnsupported,
		"meta":                         ErrUnsupported,
		"@now":                         ErrUnsupported,
		`id; DROP TABLE r`:             ErrUnsupported,
	} {
		if keys, err := ParseSort(src, photoSchema); !errors.Is(err, want) || keys != nil {
			t.Errorf("%.20q: %v, %v", src, keys, err)
		}
	}
	keys, err := ParseSort("title", photoSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Kind{0, List} {
		stale := func(string) (string, Kind) {
			if kind == 0 {
				return "", 0
			}
			return `"r"."title"`, kind
		}
		if got, err := OrderBy(SQLite, keys, stale); got != "" || !errors.Is(err, ErrStale) {
			t.Errorf("%q, %v", got, err)
		}
	}
}
