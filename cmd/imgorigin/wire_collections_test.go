package main

import (
	"fmt"
	"strings"
	"testing"
)

// fieldJSON is a field with the keys that all types have and those of its own, sorted as they are sent.
func fieldJSON(kind, name, own string) string {
	keys := map[string]string{
		"help": `""`, "hidden": "false", "id": fmt.Sprintf("%q", fieldID(kind, name)), "name": fmt.Sprintf("%q", name),
		"presentable": "false", "required": "false", "system": "false", "type": fmt.Sprintf("%q", kind),
	}
	if kind == "autodate" {
		delete(keys, "required")
	}
	return merged(keys, own)
}

// fieldID is the id that a field gets: it follows from its type and name.
func fieldID(kind, name string) string { return fmt.Sprint(kind, checksum(name)) }

const idFieldJSON = `{"autogeneratePattern":"[a-z0-9]{15}","help":"","hidden":false,"id":"text3208210256","max":15,"min":15,"name":"id",` +
	`"pattern":"^[a-z0-9]+$","presentable":false,"primaryKey":true,"required":true,"system":true,"type":"text"}`

// everyType are the fields of all types that a collection may have, as they are asked for and as they are answered.
var everyType = []struct{ kind, name, options, own string }{
	{"text", "title", `{"max":40,"pattern":"^[^<]*$"}`, `{"autogeneratePattern":"","max":40,"min":0,"pattern":"^[^\u003c]*$","primaryKey":false}`},
	{"number", "rank", `{"min":0.5}`, `{"max":null,"min":0.5,"onlyInt":false}`},
	{"bool", "shown", `{"hidden":true}`, `{"hidden":true}`},
	{"email", "contact", `{"required":true}`, `{"exceptDomains":null,"onlyDomains":null,"required":true}`},
	{"url", "site", `{"onlyDomains":["example.com"]}`, `{"exceptDomains":null,"onlyDomains":["example.com"]}`},
	{"date", "taken", `{"min":"2026-01-01"}`, `{"max":"","min":"T"}`},
	{"autodate", "updated", `{"onCreate":true,"onUpdate":true}`, `{"onCreate":true,"onUpdate":true}`},
	{"select", "mood", `{"values":["calm","loud"]}`, `{"maxSelect":0,"values":["calm","loud"]}`},
	{"json", "extra", `{}`, `{"maxSize":0}`},
	{"editor", "story", `{"presentable":true}`, `{"convertURLs":false,"maxSize":0,"presentable":true}`},
	{"relation", "owner", `{"collectionId":"_pb_users_auth_","cascadeDelete":true}`, `{"cascadeDelete":true,"collectionId":"ID","maxSelect":0,"minSelect":0}`},
	{"file", "images", `{"maxSelect":5,"thumbs":["100x100"]}`, `{"maxSelect":5,"maxSize":0,"mimeTypes":null,"protected":false,"thumbs":["100x100"]}`},
}

func wireCollections(t *testing.T, w *world) {
	var asked, answered []string
	for _, f := range everyType {
		asked = append(asked, merged(map[string]string{"type": fmt.Sprintf("%q", f.kind), "name": fmt.Sprintf("%q", f.name)}, f.options))
		answered = append(answered, fieldJSON(f.kind, f.name, strings.ReplaceAll(f.own, `"ID"`, `"_pb_users_auth_"`)))
	}
	body := func(name, listRule, indexes string, fields ...string) string {
		return fmt.Sprintf(`{"createRule":null,"created":"T","deleteRule":null,"fields":[%s],"id":%q,"indexes":[%s],"listRule":%s,"name":%q,"system":false,"type":"base","updateRule":null,"updated":"T","viewRule":null}`,
			strings.Join(append([]string{idFieldJSON}, fields...), ","), collectionID("base", "every"), indexes, listRule, name)
	}
	index := func(name string) string {
		return fmt.Sprintf("\"CREATE INDEX `idx_rank` ON `%s` (`rank` DESC)\",\"CREATE UNIQUE INDEX `idx_two` ON `%s` (\\n  `title` COLLATE NOCASE,\\n  `rank`\\n)\"", name, name)
	}
	create := typed{"application/json", `{"name":"every","type":"base","listRule":"rank > 1 \u0026\u0026 title != ''","indexes":["create index idx_rank on every (rank desc)",` +
		`"CREATE UNIQUE INDEX IF NOT EXISTS [idx_two] ON x (title collate nocase, \"rank\" ASC);"],"fields":[` + strings.Join(asked, ",") + `]}`}
	rule := `"rank \u003e 1 \u0026\u0026 title != ''"`
	file := answered[len(answered)-1]
	w.run(t, []line{
		{name: "a new one", as: "admin", method: "POST", path: "/api/collections", body: create, status: 200, want: body("every", rule, index("every"), answered...)},
		{name: "by name", as: "admin", method: "GET", path: "/api/collections/every", status: 200, want: body("every", rule, index("every"), answered...)},
		{name: "by name in another case", as: "admin", method: "GET", path: "/api/collections/EVERY?fields=name", status: 200, want: `{"name":"every"}`},
		{name: "by id", as: "admin", method: "GET", path: "/api/collections/" + collectionID("base", "every") + "?fields=name", status: 200, want: `{"name":"every"}`},
		{name: "an id is compared byte by byte", as: "admin", method: "GET", path: "/api/collections/" + strings.ToUpper(collectionID("base", "every")), status: 404, want: refusal(404, notFoundText)},
		{name: "an unknown one", as: "admin", method: "GET", path: "/api/collections/nothing", status: 404, want: refusal(404, notFoundText)},
		{name: "by HEAD", as: "admin", method: "HEAD", path: "/api/collections/every", status: 200},
		{name: "a list", as: "admin", method: "GET", path: "/api/collections?filter=name='every'&fields=name,type", status: 200,
			want: `{"items":[{"name":"every","type":"base"}],"page":1,"perPage":30,"totalItems":1,"totalPages":1}`},
		{name: "a list that is sorted", as: "admin", method: "GET", path: "/api/collections?filter=name='_superusers'||name='users'&sort=-name&perPage=1&fields=name", status: 200,
			want: `{"items":[{"name":"users"}],"page":1,"perPage":1,"totalItems":2,"totalPages":2}`},
		{name: "a list without its length", as: "admin", method: "GET", path: "/api/collections?filter=name='every'&skipTotal=1&fields=id,name", status: 200,
			want: `{"items":[{"id":"` + collectionID("base", "every") + `","name":"every"}],"page":1,"perPage":30,"totalItems":-1,"totalPages":-1}`},
		{name: "a list by what is none", as: "admin", method: "GET", path: "/api/collections?filter=nothing=1", status: 400, want: refusal(400, badRequestText)},
		{name: "a new name, a rule taken away, and nothing else", as: "admin", method: "PATCH", path: "/api/collections/every",
			body: map[string]any{"name": "some", "listRule": nil}, status: 200, want: body("some", "null", index("some"), answered...)},
		{name: "its fields but one taken away", as: "admin", method: "PATCH", path: "/api/collections/some",
			body: typed{"application/json", `{"indexes":[],"fields":[` + file + `]}`}, status: 200, want: body("some", "null", "", file)},
		{name: "deleting", as: "admin", method: "DELETE", path: "/api/collections/some", status: 204},
		{name: "deleting again", as: "admin", method: "DELETE", path: "/api/collections/some", status: 404, want: refusal(404, notFoundText)},
		{name: "deleting what the program needs", as: "admin", method: "DELETE", path: "/api/collections/_superusers", status: 400, want: refusal(400, "Failed to delete collection.")},
		{name: "a guest creates", method: "POST", path: "/api/collections", body: create, status: 401, want: refusal(401, tokenText)},
		{name: "a user deletes", as: "ann", method: "DELETE", path: "/api/collections/users", status: 403, want: refusal(403, "The authorized record is not allowed to perform this action.")},
		{name: "a guest changes", method: "PATCH", path: "/api/collections/users", body: map[string]any{"listRule": ""}, status: 401, want: refusal(401, tokenText)},
	})
}

func wireAuthCollections(t *testing.T, w *world) {
	id := collectionID("auth", "members")
	fields := []string{idFieldJSON,
		`{"cost":0,"help":"","hidden":true,"id":"password901924565","max":0,"min":8,"name":"password","pattern":"","presentable":false,"required":true,"system":true,"type":"password"}`,
		`{"autogeneratePattern":"[a-zA-Z0-9]{50}","help":"","hidden":true,"id":"text2504183744","max":60,"min":30,"name":"tokenKey","pattern":"","presentable":false,"primaryKey":false,"required":true,"system":true,"type":"text"}`,
		`{"exceptDomains":null,"help":"","hidden":false,"id":"email3885137012","name":"email","onlyDomains":null,"presentable":false,"required":true,"system":true,"type":"email"}`,
		`{"help":"","hidden":false,"id":"bool1547992806","name":"emailVisibility","presentable":false,"required":false,"system":true,"type":"bool"}`,
		`{"help":"","hidden":false,"id":"bool256245529","name":"verified","presentable":false,"required":false,"system":true,"type":"bool"}`,
	}
	body := func(authRule string, authLife, fileLife int, password string) string {
		return fmt.Sprintf(`{"authRule":%s,"authToken":{"duration":%d},"createRule":null,"created":"T","deleteRule":null,"fields":[%s],"fileToken":{"duration":%d},"id":%q,`+
			"\"indexes\":[\"CREATE UNIQUE INDEX `idx_tokenKey_%s` ON `members` (`tokenKey`)\",\"CREATE UNIQUE INDEX `idx_email_%s` ON `members` (`email`) WHERE `email` != ''\"],"+
			`"listRule":null,"name":"members","passwordAuth":%s,"system":false,"type":"auth","updateRule":null,"updated":"T","viewRule":null}`,
			authRule, authLife, strings.Join(fields, ","), fileLife, id, id, id, password)
	}
	on := `{"enabled":true,"identityFields":["email"]}`
	secret := strings.Repeat("s", 30)
	token := func(key, part, code, message string) string {
		return invalid("Failed to update collection.", fmt.Sprintf(`%q:{%s}`, key, strings.Replace(complaint(part, code, message), `"}`, `"}`, 1)))
	}
	w.run(t, []line{
		{name: "a new one", as: "admin", method: "POST", path: "/api/collections", body: map[string]any{"name": "members", "type": "auth"}, status: 200, want: body(`""`, 432000, 180, on)},
		{name: "its settings", as: "admin", method: "PATCH", path: "/api/collections/members", status: 200, want: body(`"verified = true"`, 10, 94670856, `{"enabled":false,"identityFields":["email"]}`),
			body: map[string]any{"authRule": "verified = true", "authToken": map[string]any{"duration": 10, "secret": secret}, "fileToken": map[string]any{"duration": 94670856},
				"passwordAuth": map[string]any{"enabled": false}}},
		{name: "secrets are kept where none is sent", as: "admin", method: "PATCH", path: "/api/collections/members", status: 200, want: body("null", 10, 94670856, on),
			body: map[string]any{"authRule": nil, "authToken": map[string]any{"secret": ""}, "passwordAuth": map[string]any{"enabled": true}}},
		{name: "settings that there are not are passed over", as: "admin", method: "PATCH", path: "/api/collections/members", status: 200, want: body("null", 10, 94670856, on),
			body: map[string]any{"manageRule": "", "oauth2": map[string]any{"enabled": true}, "mfa": map[string]any{"enabled": true}, "otp": map[string]any{"enabled": true}}},
		{name: "a life too short", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"authToken": map[string]any{"duration": 9}}, status: 400,
			want: invalid("Failed to update collection.", `"authToken":{"duration":{"code":"validation_min_greater_equal_than_required","message":"Must be no less than 10.","params":{"threshold":10}}}`)},
		{name: "a life too long", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"fileToken": map[string]any{"duration": 94670857}}, status: 400,
			want: invalid("Failed to update collection.", `"fileToken":{"duration":{"code":"validation_max_less_equal_than_required","message":"Must be no greater than 94670856.","params":{"threshold":94670856}}}`)},
		{name: "no life", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"fileToken": map[string]any{"duration": 0}}, status: 400,
			want: token("fileToken", "duration", "validation_required", "Cannot be blank.")},
		{name: "a secret too short", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"fileToken": map[string]any{"secret": "short"}}, status: 400,
			want: invalid("Failed to update collection.", `"fileToken":{"secret":{"code":"validation_length_out_of_range","message":"The length must be between 30 and 255.","params":{"max":255,"min":30}}}`)},
		{name: "an identity that is not unique", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"passwordAuth": map[string]any{"identityFields": []string{"id", "verified"}}}, status: 400,
			want: invalid("Failed to update collection.", `"passwordAuth":{"identityFields":{"code":"validation_missing_unique_constraint","message":"The field id doesn't have a UNIQUE constraint.","params":{"fieldName":"id"}}}`)},
		{name: "the address is no longer unique", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"indexes": []string{"CREATE INDEX i ON members (email)"}}, status: 200,
			want: strings.Replace(body("null", 10, 94670856, on), `"indexes":[`, "\"indexes\":[\"CREATE INDEX `i` ON `members` (`email`)\",", 1)},
		{name: "the program's fields cannot be taken away", as: "admin", method: "PATCH", path: "/api/collections/members", body: map[string]any{"fields": []any{}, "indexes": []string{}}, status: 200,
			want: body("null", 10, 94670856, on)},
		{name: "deleting", as: "admin", method: "DELETE", path: "/api/collections/members", status: 204},
	})
}

func wireRefusedCollections(t *testing.T, w *world) {
	const created, updated = "Failed to create collection.", "Failed to update collection."
	with := func(fields string) typed {
		return typed{"application/json", `{"name":"refused","fields":[` + fields + `]}`}
	}
	field := func(i int, parts string) string {
		return invalid(created, fmt.Sprintf(`"fields":{"%d":{%s}}`, i, parts))
	}
	post := func(name string, body any, want string) line {
		return line{name: name, as: "admin", method: "POST", path: "/api/collections", body: body, status: 400, want: want}
	}
	w.run(t, []line{
		post("a name that exists", map[string]any{"name": "USERS"}, invalid(created, complaint("name", "validation_collection_name_exists", "Collection name must be unique (case insensitive)."))),
		post("no name", map[string]any{}, invalid(created, complaint("name", "validation_required", "Cannot be blank."))),
		post("a name that is none", map[string]any{"name": "a-b"}, invalid(created, complaint("name", "validation_match_invalid", "Must be in a valid format."))),
		post("a view", map[string]any{"name": "refused", "type": "view", "viewQuery": "SELECT 1 AS id"}, invalid(created, complaint("type", "validation_in_invalid", "Must be a valid value."))),
		post("thumbs of no size", with(`{"name":"f","type":"file","thumbs":["100x100","0x0","0x0t"]}`),
			field(1, `"thumbs":{"1":{"code":"validation_not_in_invalid","message":"Must not be in list."},"2":{"code":"validation_not_in_invalid","message":"Must not be in list."}}`)),
		post("thumbs of no form", with(`{"name":"t","type":"text"},{"name":"f","type":"file","thumbs":["100","100x100x","100X100","100x100c"," 100x100","0x50"]}`),
			field(2, `"thumbs":{"0":`+badForm+`,"1":`+badForm+`,"2":`+badForm+`,"3":`+badForm+`,"4":`+badForm+`}`)),
		post("a rule that makes no sense", map[string]any{"name": "refused", "viewRule": "nothing = 1"},
			invalid(created, `"viewRule":{"code":"validation_invalid_rule","message":"Invalid rule. Raw error: rule: can't be evaluated: comparison 1, nothing = 1: unknown field \"nothing\"."}`)),
		post("a field of no type", with(`{"name":"x","type":"nothing"}`), field(1, complaint("type", "validation_in_invalid", "Must be a valid value."))),
		post("two fields of a name", with(`{"name":"x","type":"text"},{"name":"X","type":"bool"}`),
			field(2, `"name":{"code":"validation_duplicated_field_name","message":"Duplicated or invalid field name X.","params":{"fieldName":"X"}}`)),
		post("an index of SQL", map[string]any{"name": "refused", "indexes": []string{"CREATE INDEX i ON refused (id); DROP TABLE users"}},
			invalid(created, `"indexes":{"0":{"code":"validation_invalid_index_expression","message":"Invalid CREATE INDEX expression."}}`)),
		{name: "another type", as: "admin", method: "PATCH", path: "/api/collections/users", body: map[string]any{"type": "base"}, status: 400,
			want: invalid(updated, complaint("type", "validation_collection_type_change", "Collection type cannot be changed."))},
		{name: "another rule for superusers", as: "admin", method: "PATCH", path: "/api/collections/_superusers", body: map[string]any{"listRule": ""}, status: 400,
			want: invalid(updated, complaint("listRule", "validation_collection_system_rule_change", "System collection API rule cannot be changed."))},
		{name: "another name for superusers", as: "admin", method: "PATCH", path: "/api/collections/_superusers", body: map[string]any{"name": "x"}, status: 400,
			want: invalid(updated, complaint("name", "validation_collection_system_name_change", "System collection name cannot be changed."))},
		{name: "changing what is not there", as: "admin", method: "PATCH", path: "/api/collections/nothing", body: map[string]any{}, status: 404, want: refusal(404, notFoundText)},
	})
}

const badForm = `{"code":"validation_match_invalid","message":"Must be in a valid format."}`
