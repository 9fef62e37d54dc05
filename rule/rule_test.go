package rule

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func (s sentence) request() *Request {
	if s.as == nil {
		return alice
	}
	return s.as
}

func TestInMemory(t *testing.T) {
	for _, s := range sentences {
		t.Run(s.says, func(t *testing.T) {
			e, err := Parse(s.src, photoSchema, userSchema)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Match(photo, s.request())
			if err != nil || got != s.want {
				t.Errorf("%s: %v, %v, want %v", s.src, got, err, s.want)
			}
		})
	}
}

// sayTheSame evaluates the sentences in a database.
func sayTheSame(t *testing.T, db database, d Dialect) {
	if err := db.load(photoSchema, []map[string]any{photo}); err != nil {
		t.Fatal(err)
	}
	for _, s := range sentences {
		e, err := Parse(s.src, photoSchema, userSchema)
		if err != nil {
			t.Fatal(err)
		}
		var args []any
		condition, err := e.SQL(d, columnsOf(photoSchema), s.request(), &args)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := db.selectIDs(condition, args, "")
		if err != nil || (len(ids) == 1) != s.want {
			t.Errorf("%s: %s: %v, %v, want %v\n%s %q", s.says, s.src, ids, err, s.want, condition, args)
		}
	}
}

func TestInSQLite(t *testing.T)     { sayTheSame(t, newSQLite(t), SQLite) }
func TestInPostgreSQL(t *testing.T) { sayTheSame(t, newPostgres(t), PostgreSQL) }

func TestWhatCannotBeEvaluatedIsRefused(t *testing.T) {
	long := `title = "` + strings.Repeat("x", MaxLength-len(`title = ""`)) + `"`
	many := strings.TrimSuffix(strings.Repeat("views=1||", MaxExpressions), "||")
	deep := strings.Repeat("(", MaxDepth) + "views=1" + strings.Repeat(")", MaxDepth)
	for _, src := range []string{long, many, deep} {
		if _, err := Parse(src, photoSchema, userSchema); err != nil {
			t.Errorf("at the bound: %.40s…: %v", src, err)
		}
	}
	for _, c := range []struct {
		src  string
		is   error
		says string // part of the message
	}{
		{long + " ", ErrTooLong, "3501 bytes"},
		{many + "||views=1", ErrTooMany, "200 comparisons"},
		{"(" + deep + ")", ErrTooDeep, "50 levels"},

		{``, ErrSyntax, "missing"},
		{`// nothing`, ErrSyntax, "missing"},
		{`()`, ErrSyntax, "missing"},
		{`title`, ErrSyntax, "not a comparison"},
		{`title =`, ErrSyntax, "not a comparison"},
		{`title = "a" &&`, ErrSyntax, "after 1 comparisons"},
		{`title = "a" title = "b"`, ErrSyntax, "expected && or ||"},
		{`title = "a`, ErrSyntax, "quoted"},
		{`(title = "a"`, ErrSyntax, "bracket"},
		{`title == "a"`, ErrSyntax, "operator"},
		{`title = 'a' & title = 'b'`, ErrSyntax, "join"},
		{"title = 'a' && title = '\xff'", ErrSyntax, "UTF-8"},
		{"public = true\x00 && public = false", ErrSyntax, "UTF-8"},
		{`title = (public = true)`, ErrSyntax, "not a comparison"},
		{`public = true (public = false)`, ErrSyntax, "expected && or ||"},
		{`(public = true)(public = false)`, ErrSyntax, "expected && or ||"},
		{`views = ` + strings.Repeat("9", 400), ErrUnsupported, "out of range"},

		{`owner = "a" && secret = 1`, ErrUnsupported, `comparison 2, secret = 1: unknown field "secret"`},
		{`Owner = "a"`, ErrUnsupported, `unknown field "Owner"`},
		{`owner.name = "a"`, ErrUnsupported, "a path through a relation"},
		{`meta.camera = "a"`, ErrUnsupported, "into a JSON field"},
		{`photos_via_owner.id = "a"`, ErrUnsupported, "a path"},
		{`@collection.users.id = "a"`, ErrUnsupported, "other collections"},
		{`@request.body.title = "a"`, ErrUnsupported, "what a request submits"},
		{`@request.data.title = "a"`, ErrUnsupported, "what a request submits"},
		{`@request.auth.password = "a"`, ErrUnsupported, `unknown field "@request.auth.password"`},
		{`@request.auth.org.name = "a"`, ErrUnsupported, "a path"},
		{`@request.auth = "a"`, ErrUnsupported, "needs a name"},
		{`@request.query.a.b = "a"`, ErrUnsupported, "a path"},
		{`@request.ip = "a"`, ErrUnsupported, `unknown name "@request.ip"`},
		{`@nowish > created`, ErrUnsupported, `unknown field "@nowish"`},
		{`geoDistance(1, 2, 3, 4) < 5`, ErrUnsupported, "geoDistance()"},
		{`strftime("%Y", created) = "2024"`, ErrUnsupported, "strftime()"},
		{`title:upper = "A"`, ErrUnsupported, "not supported"},
		{`title:each = "a"`, ErrUnsupported, "does not go with it"},
		{`views:length = 1`, ErrUnsupported, "does not go with it"},
		{`views:lower = 1`, ErrUnsupported, "does not go with it"},
		{`tags:lower = 1`, ErrUnsupported, "does not go with it"},
		{`title:isset = true`, ErrUnsupported, "does not go with it"},
		{`@request.auth.name:isset = true`, ErrUnsupported, "does not go with it"},
		{`@now:lower = "a"`, ErrUnsupported, "does not go with it"},
		{`true:lower = "a"`, ErrUnsupported, "does not go with it"},

		{`views ~ 4`, ErrUnsupported, `"views" is none`},
		{`public !~ "x"`, ErrUnsupported, `"public" is none`},
		{`title ~ views`, ErrUnsupported, `"views" is none`},
		{`tags:length ~ 3`, ErrUnsupported, `"tags" is none`},
		{`title ~ meta`, ErrUnsupported, "can't look for"},
		{`meta ~ title`, ErrUnsupported, "can't look for"},
		{`@request.auth.prefs ~ title`, ErrUnsupported, "can't look for"},
		{`views = title`, ErrUnsupported, "don't compare"},
		{`created < views`, ErrUnsupported, "don't compare"},
		{`meta = title`, ErrUnsupported, "don't compare"},
		{`meta = nothing`, ErrUnsupported, "don't compare"},
		{`tags ?= views`, ErrUnsupported, "don't compare"},
		{`tags ?= meta`, ErrUnsupported, "don't compare"},
		{`@request.auth.teams ?= views`, ErrUnsupported, "don't compare"},
		{`meta = @request.auth.teams`, ErrUnsupported, "don't compare"},
		{`tags < team`, ErrUnsupported, ":each"},
		{`tags ~ @request.auth.teams`, ErrUnsupported, ":each"},
	} {
		_, err := Parse(c.src, photoSchema, userSchema)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60q: %v, want %v with %q", c.src, err, c.is, c.says)
		}
	}
}

func TestAFieldMayBeCalledLikeALiteral(t *testing.T) {
	e, err := Parse(`true = "x"`, Schema{"true": Text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := e.Match(map[string]any{"true": "x"}, nil); !ok || err != nil {
		t.Error(ok, err)
	}
}

func TestAnExpressionTellsWhatItUses(t *testing.T) {
	uses := func(e *Expr) []bool {
		return []bool{e.UsesAuth(), e.UsesQuery(), e.UsesHeaders(), e.UsesMethod(), e.UsesContext(), e.UsesTime()}
	}
	for i, src := range []string{`@request.auth.id = ""`, `@request.query.a = ""`, `@request.headers.a = ""`,
		`@request.method = ""`, `@request.context = ""`, `@now > ""`} {
		e, err := Parse("(owner = 'a' || title = owner) && "+src, photoSchema, userSchema)
		if err != nil {
			t.Fatal(err)
		}
		if want := slices.Insert(make([]bool, 5), i, true); !cmp.Equal(uses(e), want) {
			t.Errorf("%s uses %v, want %v", src, uses(e), want)
		}
		if diff := cmp.Diff([]string{"owner", "title"}, e.Fields()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAGuardedFieldIsComparedOnlyWhereItIsVisible(t *testing.T) {
	schema := Schema{"id": Text, "email": Text, "visible": Bool}
	for _, c := range []struct {
		src           string
		shown, hidden bool
	}{
		{`email = "a@b.c"`, true, false},
		{`email != "x"`, true, false},
		{`"x" != email`, true, false},
		{`email != "x" || id = "u"`, true, true},
		{`id = "u"`, true, true},
	} {
		e, err := Parse(c.src, schema, nil, Guard("email", "visible"))
		if err != nil {
			t.Fatal(err)
		}
		for visible, want := range map[bool]bool{true: c.shown, false: c.hidden} {
			got, err := e.Match(map[string]any{"id": "u", "email": "a@b.c", "visible": visible}, nil)
			if err != nil || got != want {
				t.Errorf("%s, visible %v: %v, %v, want %v", c.src, visible, got, err, want)
			}
		}
	}
	if _, err := Parse(`email = ""`, Schema{"email": Text}, nil, Guard("email", "visible")); !errors.Is(err, ErrUnsupported) {
		t.Errorf("a guard that is no field: %v", err)
	}
	if e, err := Parse(`@request.auth.email = ""`, schema, schema, Guard("email", "visible")); err != nil || len(e.Fields()) != 0 {
		t.Errorf("the user's own e-mail is not guarded: %v, %v", e, err)
	}
}

func TestAChangedSchemaDenies(t *testing.T) {
	e, err := Parse(`title = "a" || views = 42`, photoSchema, userSchema)
	if err != nil {
		t.Fatal(err)
	}
	for says, change := range map[string]func(record map[string]any, schema Schema){
		"a field is gone":        func(r map[string]any, s Schema) { delete(r, "title"); delete(s, "title") },
		"a text is now a list":   func(r map[string]any, s Schema) { r["title"], s["title"] = []string{"a"}, List },
		"a number is now a text": func(r map[string]any, s Schema) { r["views"], s["views"] = "42", Text },
	} {
		record, schema := maps.Clone(photo), maps.Clone(photoSchema)
		change(record, schema)
		if ok, err := e.Match(record, alice); ok || !errors.Is(err, ErrStale) {
			t.Errorf("%s: in memory %v, %v", says, ok, err)
		}
		args := []any{"before"}
		for _, d := range []Dialect{SQLite, PostgreSQL} {
			if condition, err := e.SQL(d, columnsOf(schema), alice, &args); condition != "" || !errors.Is(err, ErrStale) {
				t.Errorf("%s: SQL %q, %v", says, condition, err)
			}
		}
		if len(args) != 1 {
			t.Errorf("%s: arguments are left behind: %q", says, args)
		}
	}
}

func TestValuesThatAreNotCanonicalDeny(t *testing.T) {
	for field, v := range map[string]any{
		"title": []byte("a"), "views": 42, "public": "true", "created": time.Now(), "tags": []any{"a"},
		"meta": json.RawMessage(`{`), "nothing": struct{}{}, "likes": nan(),
	} {
		e, err := Parse(field+` != "x"`, photoSchema, userSchema)
		if err != nil {
			t.Fatal(err)
		}
		record := maps.Clone(photo)
		record[field] = v
		if ok, err := e.Match(record, alice); ok || !errors.Is(err, ErrStale) {
			t.Errorf("%s = %#v: %v, %v", field, v, ok, err)
		}
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}

func TestARequestThatNoDatabaseCouldBeAskedAboutDenies(t *testing.T) {
	for says, c := range map[string]struct {
		src string
		req *Request
	}{
		"a NUL in the query":      {`title != @request.query.q`, &Request{Query: map[string]string{"q": "a\x00"}}},
		"a header not in UTF-8":   {`title != @request.headers.h`, &Request{Headers: map[string]string{"h": "\xff"}}},
		"a pattern without end":   {`title !~ @request.query.q`, &Request{Query: map[string]string{"q": strings.Repeat("x", 20001)}}},
		"no time":                 {`created < @now`, &Request{}},
		"no time and no request":  {`created < @now`, nil},
		"an infinite JSON number": {`title != @request.auth.prefs`, &Request{Auth: map[string]any{"prefs": json.RawMessage("1e999")}}},
	} {
		e, err := Parse(c.src, photoSchema, userSchema)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := e.Match(photo, c.req); ok || !errors.Is(err, ErrRequest) {
			t.Errorf("%s: in memory %v, %v", says, ok, err)
		}
		var args []any
		if condition, err := e.SQL(SQLite, columnsOf(photoSchema), c.req, &args); condition != "" || !errors.Is(err, ErrRequest) || len(args) != 0 {
			t.Errorf("%s: SQL %q %q, %v", says, condition, args, err)
		}
	}
}

func TestMacrosAreInUTC(t *testing.T) {
	now := time.Date(2024, 2, 29, 0, 30, 5, 999_999_999, time.FixedZone("east", 3600)) // the evening of the 28th in UTC
	for name, want := range map[string]string{
		"@now":       "2024-02-28 23:30:05.999Z",
		"@yesterday": "2024-02-27 23:30:05.999Z", "@tomorrow": "2024-02-29 23:30:05.999Z",
		"@todayStart": "2024-02-28 00:00:00.000Z", "@todayEnd": "2024-02-28 23:59:59.999Z",
		"@monthStart": "2024-02-01 00:00:00.000Z", "@monthEnd": "2024-02-29 23:59:59.999Z",
		"@yearStart": "2024-01-01 00:00:00.000Z", "@yearEnd": "2024-12-31 23:59:59.999Z",
		"@second": "5", "@minute": "30", "@hour": "23", "@day": "28", "@weekday": "3", "@month": "2", "@year": "2024",
	} {
		e, err := Parse(name+` = "`+want+`"`, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := e.Match(nil, &Request{Now: now}); !ok || err != nil {
			t.Errorf("%s is not %s: %v", name, want, err)
		}
	}
	if len(macros) != 16 {
		t.Errorf("%d macros", len(macros))
	}
}
