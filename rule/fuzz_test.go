package rule

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ganigeorgiev/fexpr"
)

// FuzzParse: whatever the text, Parse returns; what it takes means what
// fexpr's own parser reads, and is answered by every back end, by SQLite as in
// memory.
func FuzzParse(f *testing.F) {
	for _, s := range sentences {
		f.Add(s.src, "9")
	}
	for _, src := range []string{"", "(", ")", "a", `title = "`, "title = (public = true)", "public = true\x00", "((((views=1))))",
		"title ~ @request.query.q", "tags = @request.query.q", "geoDistance(a,b,1,2) < 3", "views > 1 //", "true = null", "@now:lower = 1",
		"a.b.c ?!~ -1.5", "tags:each ?= 'a' || (meta ~ '%' && nothing = null)", "#a = _b", "views = 00000000000000000000000000000000001"} {
		f.Add(src, `["Sea"]`)
	}
	f.Add("title ~ @request.query.q", `%\`)
	f.Add("title ~ @request.query.q", "\xff")
	db := newSQLite(f)
	empty := map[string]any{
		"id": "p2", "owner": "", "title": "", "note": "", "wild": "", "views": 0.0, "likes": 0.0, "public": false, "created": "", "deleted": "",
		"tags": []string{""}, "team": []string{}, "nobody": []string{},
		"meta": json.RawMessage(`[1.5,"A%",null]`), "nothing": nil, "score": nil, "label": json.RawMessage(`""`), "done": json.RawMessage("0"),
	}
	stored := []map[string]any{photo, empty}
	if err := db.load(photoSchema, stored); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src, q string) {
		e, err := Parse(src, photoSchema, userSchema)
		if err != nil {
			return
		}
		groups, err := fexpr.Parse(src)
		if err != nil {
			t.Fatalf("fexpr refuses %q: %v", src, err)
		}
		if got, want := shape(e.root), fexprShape(groups); got != want {
			t.Fatalf("%q is read as %s, by fexpr as %s", src, got, want)
		}
		for _, base := range []*Request{alice, guest} {
			req := *base
			req.Query = map[string]string{"q": q}
			answers(t, db, e, &req, stored)
		}
	})
}

func answers(t *testing.T, db *sqliteDB, e *Expr, req *Request, records []map[string]any) {
	var want []string
	for _, record := range records {
		ok, err := e.Match(record, req)
		if err != nil && !errors.Is(err, ErrRequest) {
			t.Fatalf("%s: %v", e, err)
		}
		if ok {
			want = append(want, record["id"].(string))
		}
	}
	for _, d := range []Dialect{PostgreSQL, SQLite} {
		var args []any
		condition, err := e.SQL(d, columnsOf(photoSchema), req, &args)
		if err != nil {
			// In memory what comes after the decisive comparison is not looked up.
			if !errors.Is(err, ErrRequest) || !e.UsesQuery() {
				t.Fatalf("%s: %v", e, err)
			}
			return
		}
		if d == SQLite {
			got, err := db.selectIDs(condition, args, " ORDER BY id")
			if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
				t.Fatalf("%s: %v, %v, in memory %v\n%s %q", e, got, err, want, condition, args)
			}
		}
	}
}

// shape writes a tree with parentheses around what belongs together.
func shape(n *node) string {
	if n.cmp != nil {
		return n.cmp.src
	}
	parts := make([]string, len(n.kids))
	for i, kid := range n.kids {
		parts[i] = shape(kid)
	}
	return combined(n.or, parts)
}

func combined(or bool, parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	join := " && "
	if or {
		join = " || "
	}
	return "(" + strings.Join(parts, join) + ")"
}

func fexprShape(groups []fexpr.ExprGroup) string {
	var alternatives, conjunction []string
	for i, g := range groups {
		if i > 0 && g.Join == fexpr.JoinOr {
			alternatives = append(alternatives, combined(false, conjunction))
			conjunction = nil
		}
		switch item := g.Item.(type) {
		case fexpr.Expr:
			conjunction = append(conjunction, written(item.Left)+" "+string(item.Op)+" "+written(item.Right))
		case []fexpr.ExprGroup:
			conjunction = append(conjunction, fexprShape(item))
		}
	}
	return combined(true, append(alternatives, combined(false, conjunction)))
}

func BenchmarkMatchOwner(b *testing.B) {
	benchmarkMatch(b, `owner = @request.auth.id`)
}

func BenchmarkMatchMember(b *testing.B) {
	benchmarkMatch(b, `@request.auth.id != "" && (public = false || team ?= @request.auth.id)`)
}

func BenchmarkMatchLike(b *testing.B) {
	benchmarkMatch(b, `title ~ "müritz" && title ~ "sun%"`)
}

func benchmarkMatch(b *testing.B, src string) {
	e, err := Parse(src, photoSchema, userSchema)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := e.Match(photo, alice); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkSQLOwner(b *testing.B) {
	e, err := Parse(`@request.auth.id != "" && owner = @request.auth.id`, photoSchema, userSchema)
	if err != nil {
		b.Fatal(err)
	}
	columns := columnsOf(photoSchema)
	b.ReportAllocs()
	for b.Loop() {
		var args []any
		if _, err := e.SQL(SQLite, columns, alice, &args); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseOwner(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(`@request.auth.id != "" && owner = @request.auth.id`, photoSchema, userSchema); err != nil {
			b.Fatal(err)
		}
	}
}

func TestMatchingTheOwnerAllocatesNothing(t *testing.T) {
	e, err := Parse(`@request.auth.id != "" && owner = @request.auth.id && public = true && views > 1`, photoSchema, userSchema)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = e.Match(photo, alice) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
