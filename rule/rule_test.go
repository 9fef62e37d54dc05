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

var (
	photoSchema = Schema{
		"id": Text, "owner": Text, "title": Text, "note": Text, "views": Number, "likes": Number, "public": Bool,
		"created": Date, "deleted": Date, "tags": List, "team": List, "nobody": List, "meta": JSON, "nothing": JSON,
	}
	userSchema = Schema{
		"id": Text, "collectionId": Text, "collectionName": Text, "name": Text, "verified": Bool,
		"level": Number, "teams": List, "joined": Date, "prefs": JSON,
	}
	photo = map[string]any{
		"id": "p1", "owner": "alice", "title": "Sunset at 100%_\\ Müritz", "note": "", "views": 42.0, "likes": 0.0, "public": true,
		"created": "2024-05-06 07:08:09.123Z", "deleted": "", "tags": []string{"Sea", "sun", "100%"},
		"team": []string{"alice", "bob"}, "nobody": []string(nil),
		"meta": json.RawMessage(`{"camera":"Leica","lens":{"names":["Summilux"]}}`), "nothing": nil,
	}
	alice = &Request{
		Method: "GET", Context: "protectedFile", Now: time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC),
		Auth: map[string]any{
			"id": "alice", "collectionId": "pbc_1", "collectionName": "users", "name": "Alice", "verified": true,
			"level": 7.0, "teams": []string{"red", "alice"}, "joined": "2023-01-01 00:00:00.000Z", "prefs": json.RawMessage(`"dark"`),
		},
		Query:   map[string]string{"thumb": "100x100", "min": "9", "empty": "", "like": "SUN%", "list": `["Sea", "sun", "100%"]`},
		Headers: map[string]string{"x_token": "secret"},
	}
	guest = &Request{Method: "HEAD", Context: "default", Now: alice.Now}
)

type sentence struct {
	says string
	src  string
	want bool
	as   *Request // alice where nil
}

var sentences = []sentence{
	{"the owner may see it", `owner = @request.auth.id`, true, nil},
	{"a guest is not the owner", `owner = @request.auth.id`, false, guest},
	{"a guest owns what has no owner, as in PocketBase", `note = @request.auth.id`, true, guest},
	{"who is signed in has an id", `@request.auth.id != ""`, true, nil},
	{"a guest has none", `@request.auth.id != ""`, false, guest},
	{"a guest's fields are null", `@request.auth.id = null && @request.auth.level = null && @request.auth.teams = null`, true, guest},
	{"a guest is not verified", `@request.auth.verified = true`, false, guest},
	{"nor is a guest unverified: null is not false", `@request.auth.verified = false`, false, guest},
	{"a guest's level is not above anything", `@request.auth.level >= 0`, false, guest},
	{"the verified user is", `@request.auth.verified = true`, true, nil},
	{"members are of a collection", `@request.auth.collectionName = "users" && @request.auth.collectionId = 'pbc_1'`, true, nil},

	{"&& binds tighter than || on its right", `public = true || public = true && public = false`, true, nil},
	{"&& binds tighter than || on its left", `public = false && public = true || public = true`, true, nil},
	{"parentheses bind tightest", `public = false && (public = true || public = true)`, false, nil},
	{"a comment means nothing", "public = true // && public = false\n && views = 42", true, nil},
	{"a quote is escaped by a backslash", `title != 'it\'s' && title != "\""`, true, nil},

	{"text is compared to the byte", `title = "sunset at 100%_\\ Müritz"`, false, nil},
	{"upper case sorts before lower case", `title < "a" && title > "A"`, true, nil},
	{"non-ASCII sorts last", `"Ä" > title && "z" > title`, true, nil},
	{"the empty text is null", `note = null && note = "" && deleted = null`, true, nil},
	{"and it is not unequal to null", `note != null || note != ""`, false, nil},
	{"nothing is less than null", `title > null || title < null || title >= null || title <= null`, false, nil},
	{"a text is greater than the empty text", `title > ""`, true, nil},

	{"numbers compare as numbers", `views > 9 && views < 100 && views = 42 && views = 42.0`, true, nil},
	{"zero is not empty", `likes = "" || likes = null`, false, nil},
	{"zero is unequal to empty", `likes != "" && likes != null`, true, nil},
	{"a number reads a numeric parameter", `views > @request.query.min`, true, nil},
	{"and does not compare with another text", `views > "abc" || views < "abc" || views = "abc" || views = ""`, false, nil},
	{"but is unequal to it", `views != "abc"`, true, nil},
	{"an exponent is no number", `views = "4.2e1"`, false, nil},
	{"a parameter is read as a number beside a number", `@request.query.min < 10 && @request.query.min > 8.5`, true, nil},
	{"minus zero is zero", `likes = -0 && likes >= -0`, true, nil},

	{"a boolean is 1 or 0", `public = 1 && public = "1" && public > 0 && public != 0`, true, nil},
	{"and is no word", `public = "true"`, false, nil},
	{"true and false are known in any case", `public = TRUE && public != False`, true, nil},
	{"a bool equals no null", `public = null || public = ""`, false, nil},

	{"dates compare as their texts", `created > "2024-05-06" && created < "2024-05-06 08"`, true, nil},
	{"@now has milliseconds", `created = @now`, true, nil},
	{"it happened today", `created >= @todayStart && created <= @todayEnd && created > @yesterday && created < @tomorrow`, true, nil},
	{"a year number is a text beside a date", `created > @year`, true, nil},
	{"macros are numbers", `@year = 2024 && @month = 5 && @day = 6 && @hour = 7 && @minute = 8 && @second = 9 && @weekday = 1`, true, nil},

	{"~ looks anywhere, whatever the case", `title ~ "SUNSET"`, true, nil},
	{"but for ASCII only", `title ~ "MÜRITZ"`, false, nil},
	{"an escaped % and an underscore are themselves", `title ~ "100\\%_"`, true, nil},
	{"so an underscore is no wildcard by itself", `title ~ "s_nset"`, false, nil},
	{"a % makes it a pattern for all of the text", `title ~ "sun%"`, true, nil},
	{"which does not match a part", `title ~ "set%"`, false, nil},
	{"and in which an underscore is any character, also of two bytes", `title ~ "s_nset%m_ritz"`, true, nil},
	{"a pattern may escape what it means literally", `title ~ "%100\\%\\_\\\\ %"`, true, nil},
	{"a pattern that ends in its escape matches nothing", `title ~ "%\\"`, false, nil},
	{"and its opposite everything", `title !~ "%\\"`, true, nil},
	{"!~ is the opposite of ~", `title !~ "sunrise" && title !~ "set%"`, true, nil},
	{"everything contains the empty text", `title ~ "" && note ~ ""`, true, nil},
	{"nothing contains null, nor lacks it", `title ~ null || title !~ null || title ~ @request.query.none || title !~ @request.query.none`, false, nil},
	{"a parameter may hold wildcards", `title ~ @request.query.like`, true, nil},
	{"a field is looked for as it is", `title ~ owner || owner ~ title`, false, nil},
	{"a field contains itself", `title ~ title && "x p1 y" ~ id`, true, nil},
	{"a number is looked for by its digits", `title ~ 100 && title !~ 100.5`, true, nil},

	{"some tag is sun", `tags ?= "sun"`, true, nil},
	{"some tag is not sun", `tags ?!= "sun"`, true, nil},
	{"not every tag is sun", `tags = "sun"`, false, nil},
	{"no tag is moon", `tags != "moon"`, true, nil},
	{"one of the tags is sun, so not all differ", `tags != "sun"`, false, nil},
	{"a tag contains ea", `tags ~ "EA"`, true, nil},
	{"a tag starts with s and so does not every", `tags ~ "s%" && tags:each ~ "s%"`, false, nil},
	{"every tag has a letter or percent", `tags:each ~ "%s%" || tags:each ~ "%"`, true, nil},
	{"no tag contains moon", `tags !~ "moon"`, true, nil},
	{"a tag contains sun, so it is not so that none does", `tags !~ "sun" || tags ?!~ "sun"`, false, nil},
	{"with :each some tag lacks sun", `tags:each ?!~ "sun"`, true, nil},
	{"the user is a member of the team", `team ~ @request.auth.id && team ?= @request.auth.id`, true, nil},
	{"a guest is none", `team ~ @request.auth.id || team ?= @request.auth.id`, false, guest},
	{"an empty list is empty", `nobody = "" && nobody = null && nobody:length = 0`, true, nil},
	{"a list with elements is not", `tags = "" || tags ?= "" || tags:length = 0`, false, nil},
	{"an empty list contains nobody", `nobody ~ "alice" || nobody ?= "alice"`, false, nil},
	{"and so lacks everybody", `nobody !~ "alice" && nobody != "alice"`, true, nil},
	{"each of no elements is null", `nobody:each ~ "%" || nobody:each !~ "x" || nobody:each < "x"`, false, nil},
	{"lists have lengths", `tags:length = 3 && tags:length > team:length`, true, nil},
	{"a list equals the text of its array", `tags = '["Sea","sun","100%"]' && tags = @request.query.list`, true, nil},
	{"in its order", `tags = '["sun","Sea","100%"]'`, false, nil},
	{"and not another array", `tags != '[]' && nobody = "[]"`, true, nil},
	{"two lists compare whole", `tags = team || tags != tags`, false, nil},
	{"a list's elements and another's", `team:each ?= @request.auth.teams`, true, nil},
	{"not all of them are in all of the other", `team:each = @request.auth.teams`, false, nil},
	{"the owner is among the user's teams", `@request.auth.teams ?= owner && owner ?= @request.auth.teams`, true, nil},
	{"or an element's text is in a title", `title ~ tags`, true, nil},
	{"a number is a text beside an element", `tags ?= 100 || tags:each ?> 9`, true, nil},

	{":lower lowers ASCII", `title:lower ~ "sunset" && title:lower >= "s" && title:lower < "sunsf"`, true, nil},
	{"of a parameter too", `@request.query.like:lower = "sun%"`, true, nil},
	{"a parameter that is there is set", `@request.query.thumb:isset = true && @request.query.empty:isset = true && @request.query.none:isset = false`, true, nil},
	{"and the same for headers", `@request.headers.x_token:isset = true && @request.headers.none:isset != true`, true, nil},
	{"an absent parameter is null", `@request.query.none = "" && @request.query.none = null && @request.headers.none = ""`, true, nil},
	{"a parameter is a text", `@request.query.thumb = "100x100" && @request.headers.x_token = "secret"`, true, nil},
	{"the method is a text", `@request.method = "GET"`, true, nil},
	{"HEAD is not GET", `@request.method = "GET"`, false, guest},
	{"a file is asked for", `@request.context = "protectedFile"`, true, nil},

	{"~ finds a string anywhere in JSON", `meta ~ "summil" && meta !~ "camera"`, true, nil},
	{"an object equals nothing", `meta = "" || meta = null || meta = "Leica" || meta > ""`, false, nil},
	{"JSON null is null and not empty", `nothing = null && nothing != ""`, true, nil},
	{"and contains and lacks nothing", `nothing ~ "" || nothing !~ "x"`, false, nil},
	{"a user's JSON value compares", `@request.auth.prefs = "dark"`, true, nil},
}

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
