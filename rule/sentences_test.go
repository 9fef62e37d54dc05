package rule

import (
	"encoding/json"
	"time"
)

var (
	photoSchema = Schema{
		"id": Text, "owner": Text, "title": Text, "note": Text, "views": Number, "likes": Number, "public": Bool,
		"created": Date, "deleted": Date, "tags": List, "team": List, "nobody": List, "meta": JSON, "nothing": JSON,
		"wild": Text, "score": JSON, "label": JSON, "done": JSON,
	}
	userSchema = Schema{
		"id": Text, "collectionId": Text, "collectionName": Text, "name": Text, "verified": Bool,
		"level": Number, "teams": List, "joined": Date, "prefs": JSON, "past": List,
	}
	photo = map[string]any{
		"id": "p1", "owner": "alice", "title": "Sunset at 100%_\\ Müritz", "note": "", "views": 42.0, "likes": 0.0, "public": true,
		"created": "2024-05-06 07:08:09.123Z", "deleted": "", "tags": []string{"Sea", "sun", "100%"},
		"team": []string{"alice", "bob"}, "nobody": []string(nil),
		"meta": json.RawMessage(`{"camera":"Leica","lens":{"names":["Summilux"]}}`), "nothing": nil,
		"wild": "%", "score": json.RawMessage("9007199254740993"), "label": json.RawMessage(`"Blue"`), "done": json.RawMessage("true"),
	}
	alice = &Request{
		Method: "GET", Context: "protectedFile", Now: time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC),
		Auth: map[string]any{
			"id": "alice", "collectionId": "pbc_1", "collectionName": "users", "name": "Alice", "verified": true,
			"level": 7.0, "teams": []string{"red", "alice"}, "joined": "2023-01-01 00:00:00.000Z", "prefs": json.RawMessage(`"dark"`),
			"past": []string{},
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

	{"and has no sign", `"x0" ~ -0`, true, nil},

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
	{"a field contains itself", `title ~ title && "x P1 y" ~ id`, true, nil},
	{"so that a % in the data widens nothing", `owner ~ wild`, false, nil},
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
	{"who was in no team was in the empty one", `note ?= @request.auth.past && @request.auth.past = note`, true, nil},
	{"and in no other", `owner ?= @request.auth.past || @request.auth.past = owner`, false, nil},
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
	{"a JSON string compares as a text", `label = "Blue" && label != "blue" && label > "Blu" && label ~ "blu"`, true, nil},
	{"and with no number", `label > 1 || label < 1 || label = 1 || label = null || label = ""`, false, nil},
	{"a JSON boolean is 1 or 0", `done = true && done = 1 && done > 0 && done !~ "true"`, true, nil},
	{"a JSON number is a float64", `score = 9007199254740992 && score > 1 && score != "9007199254740993"`, true, nil},
	{"a user's JSON value compares", `@request.auth.prefs = "dark"`, true, nil},
}
