package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The pools are small so that values meet, and hold what the databases are
// known to treat differently: case beyond ASCII (the Kelvin sign lowers to k),
// wildcards and escapes, texts that look like numbers, booleans or lists.
var (
	somePieces = []string{"", "a", "A", "b", "ab", "aB", "k", "K", "%", "_", `\`, `\%`, `\_`, `\\`, "a_b", "a%b", "%b", "5", "5.5", "-1", "10",
		"1e3", "0", "é", "É", "İ", "ß", "日本", "🦊", "'", `"`, "\n", "true", "null", "[]", `["a"]`, `["a","b"]`, `["a", "A"]`, "2024-05-06 07:08:09.123Z", "<&>"}
	someNumbers = []float64{0, 1, -1, 2, 5, 5.5, 0.1, 0.30000000000000004, 10, 1e21, 1e-7, 123456789012, 9007199254740993, 1e300}
	someJSON    = []string{"", "null", `""`, `"a"`, `"A%"`, `"5"`, "5", "5.0", "-1", "0.1", "1e2", "1e999", "-1e999", "1e-999", "9007199254740993", "true", "false",
		"[]", "{}", `["a","B"]`, `{"a":{"b":["x","É"]},"k":"a_b"}`, `[1,true,null]`, `"[]"`}
	someNames = []string{"id", "value", "key", "type", "atom", "json", "root", "r", "rule_1", "title", "owner", "n1", "n2", "flag", "created", "tags", "meta"}
)

func drawText(t *rapid.T, label string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(somePieces), 1, 2).Draw(t, label), "")
}

func drawValue(t *rapid.T, k Kind) any {
	switch k {
	case Number:
		return rapid.SampledFrom(someNumbers).Draw(t, "number")
	case Bool:
		return rapid.Bool().Draw(t, "bool")
	case Date:
		return rapid.SampledFrom([]string{"", "2024-05-06 07:08:09.123Z", "2024-12-31 23:59:59.999Z", "2025-01-01 00:00:00.000Z"}).Draw(t, "date")
	case List:
		return rapid.SliceOfN(rapid.SampledFrom(somePieces), 0, 3).Draw(t, "list")
	case JSON:
		s := rapid.SampledFrom(someJSON).Draw(t, "json")
		if s == "" {
			return json.RawMessage(nil)
		}
		return json.RawMessage(s)
	}
	return drawText(t, "text")
}

func drawSchema(t *rapid.T, label string) Schema {
	s := Schema{"id": Text}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(someNames[1:]), 5, 10, rapid.ID[string]).Draw(t, label) {
		s[name] = rapid.SampledFrom([]Kind{Text, Text, Number, Bool, Date, List, List, JSON}).Draw(t, "kind")
	}
	return s
}

func drawRecord(t *rapid.T, s Schema) map[string]any {
	record := make(map[string]any)
	for _, f := range fieldsOf(s) {
		record[f] = drawValue(t, s[f])
	}
	return record
}

func drawRequest(t *rapid.T, authSchema Schema) *Request {
	req := &Request{
		Method: "GET", Context: rapid.SampledFrom([]string{"default", "protectedFile"}).Draw(t, "context"),
		Query: map[string]string{}, Headers: map[string]string{},
		Now: time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC),
	}
	if rapid.Bool().Draw(t, "authenticated") {
		req.Auth = drawRecord(t, authSchema)
		// Numbers in a token's record are as exact as a float64: databases need not bear more.
		for f, v := range req.Auth {
			if raw, ok := v.(json.RawMessage); ok && strings.HasSuffix(string(raw), "1e999") {
				req.Auth[f] = nil
			}
		}
	}
	if rapid.Bool().Draw(t, "has q") {
		req.Query["q"] = drawText(t, "q")
		req.Headers["x_q"] = drawText(t, "x_q")
	}
	return req
}

func quoteText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func drawOperand(t *rapid.T, record, auth Schema) string {
	named := func(s Schema, prefix string) string {
		f := rapid.SampledFrom(fieldsOf(s)).Draw(t, "field")
		mod := ""
		switch {
		case s[f] == List:
			mod = rapid.SampledFrom([]string{"", ":each", ":length"}).Draw(t, "modifier")
		case s[f].class() == texts:
			mod = rapid.SampledFrom([]string{"", "", ":lower"}).Draw(t, "modifier")
		}
		return prefix + f + mod
	}
	switch rapid.IntRange(0, 11).Draw(t, "operand") {
	case 0, 1, 2, 3, 4:
		return named(record, "")
	case 5, 6:
		return named(auth, "@request.auth.")
	case 7, 8:
		return quoteText(drawText(t, "literal"))
	case 9:
		return rapid.SampledFrom([]string{"0", "1", "5", "5.5", "-1", "10", "1000000000000000000000", "0.1", "2", "-0", "9007199254740992"}).Draw(t, "number")
	case 10:
		return rapid.SampledFrom([]string{"true", "false", "null", "@now", "@year", "@todayStart", "@yearEnd", "@hour"}).Draw(t, "word")
	}
	return rapid.SampledFrom([]string{"@request.query.q", "@request.headers.x_q", "@request.query.q:lower", "@request.query.q:isset",
		"@request.query.none", "@request.method", "@request.context"}).Draw(t, "parameter")
}

func drawExpression(t *rapid.T, record, auth Schema, depth int) string {
	var b strings.Builder
	for i := range rapid.IntRange(1, 3).Draw(t, "terms") {
		if i > 0 {
			b.WriteString(rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "join"))
		}
		if depth > 0 && rapid.IntRange(0, 4).Draw(t, "group") == 0 {
			b.WriteString("(" + drawExpression(t, record, auth, depth-1) + ")")
			continue
		}
		b.WriteString(drawComparison(t, record, auth))
	}
	return b.String()
}

// drawComparison draws until Parse takes it, so that the terms of an
// expression are not refused for one among them.
func drawComparison(t *rapid.T, record, auth Schema) string {
	for {
		s := drawOperand(t, record, auth) + " " +
			rapid.SampledFrom([]string{"", "?"}).Draw(t, "any") +
			rapid.SampledFrom([]string{"=", "=", "!=", "<", "<=", ">", ">=", "~", "~", "!~"}).Draw(t, "op") + " " +
			drawOperand(t, record, auth)
		switch _, err := Parse(s, record, auth); {
		case err == nil:
			return s
		case !errors.Is(err, ErrUnsupported):
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// agree is the law of the package: whatever Parse takes is answered the same
// by every back end, for every record.
func agree(t *testing.T, db database, d Dialect) {
	answers := map[bool]int{}
	rapid.Check(t, func(rt *rapid.T) {
		schema, authSchema := drawSchema(rt, "fields"), drawSchema(rt, "auth fields")
		records := make([]map[string]any, 6)
		for i := range records {
			records[i] = drawRecord(rt, schema)
			records[i]["id"] = fmt.Sprintf("a%d", i)
		}
		if err := db.load(schema, records); err != nil {
			rt.Fatal(err)
		}
		req := drawRequest(rt, authSchema)
		for range 12 {
			src := drawExpression(rt, schema, authSchema, 2)
			e, err := Parse(src, schema, authSchema)
			if err != nil {
				rt.Fatalf("%s: %v", src, err)
			}
			args := []any{}
			condition, err := e.SQL(d, columnsOf(schema), req, &args)
			if err != nil {
				rt.Fatalf("%s: %v", src, err)
			}
			got, err := db.selectIDs(condition, args, "")
			if err != nil {
				rt.Fatalf("%s\n%s %q\n%v", src, condition, args, err)
			}
			slices.Sort(got)
			var want []string
			for _, record := range records {
				ok, err := e.Match(record, req)
				if err != nil {
					rt.Fatalf("%s: %v", src, err)
				}
				answers[ok]++
				if ok {
					want = append(want, record["id"].(string))
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("%s\nschema %v\nauth %v\nSQL %s\nargs %q\nin memory - , database +\n%s", src, schema, req.Auth, condition, args, diff)
			}
		}
	})
	t.Logf("%d answers: %d true, %d false", answers[true]+answers[false], answers[true], answers[false])
	if answers[true] < 100 || answers[false] < 100 {
		t.Errorf("the expressions tell nothing apart: %v", answers)
	}
}

func TestMemoryAndSQLiteAgreeOnEveryRecord(t *testing.T) { agree(t, newSQLite(t), SQLite) }

func TestMemoryAndPostgreSQLAgreeOnEveryRecord(t *testing.T) { agree(t, newPostgres(t), PostgreSQL) }

// TestOrderIsTheSameEverywhere sorts by bytes, whatever the database's collation.
func TestOrderIsTheSameEverywhere(t *testing.T) {
	schema := Schema{"id": Text, "title": Text, "n": Number, "flag": Bool, "on": Date}
	var records []map[string]any
	for i, s := range somePieces {
		records = append(records, map[string]any{"id": fmt.Sprintf("a%02d", i), "title": s,
			"n": someNumbers[i%len(someNumbers)], "flag": i%3 == 0, "on": ""})
	}
	for name, open := range map[string]func(t *testing.T) (database, Dialect){
		"SQLite":     func(t *testing.T) (database, Dialect) { return newSQLite(t), SQLite },
		"PostgreSQL": func(t *testing.T) (database, Dialect) { return newPostgres(t), PostgreSQL },
	} {
		t.Run(name, func(t *testing.T) {
			db, d := open(t)
			if err := db.load(schema, records); err != nil {
				t.Fatal(err)
			}
			keys, err := ParseSort("flag, -title,+n,id", schema)
			if err != nil {
				t.Fatal(err)
			}
			order, err := OrderBy(d, keys, columnsOf(schema))
			if err != nil {
				t.Fatal(err)
			}
			got, err := db.selectIDs("1=1", nil, " ORDER BY "+order)
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(records)
			slices.SortFunc(want, func(a, b map[string]any) int {
				if a["flag"] != b["flag"] {
					if b["flag"].(bool) {
						return -1
					}
					return 1
				}
				return strings.Compare(b["title"].(string), a["title"].(string))
			})
			ids := make([]string, len(want))
			for i, r := range want {
				ids[i] = r["id"].(string)
			}
			if diff := cmp.Diff(ids, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
