package main

import (
	"strings"
	"testing"
)

func wireErrors(t *testing.T, w *world) {
	w.collection("errors", nil, map[string]any{"createRule": "", "fields": []any{
		map[string]any{"name": "title", "type": "text", "required": true},
	}})
	w.collection("errors_closed", nil, map[string]any{"listRule": nil, "viewRule": nil, "createRule": nil, "updateRule": nil, "deleteRule": nil})
	closed := w.call("POST", "/api/collections/errors_closed/records", w.token, map[string]any{}).want(t, 200).json(t)["id"].(string)
	records, one := "/api/collections/errors/records", "/api/collections/errors_closed/records/"+closed
	blank := invalid("Failed to create record.", complaint("title", "validation_required", "Cannot be blank."))

	w.run(t, []line{
		{name: "health", method: "GET", path: "/api/health", status: 200, want: `{"message":"API is healthy.","code":200,"data":{}}`},
		{name: "health by HEAD", method: "HEAD", path: "/api/health", status: 200},
		{name: "health by another method", method: "POST", path: "/api/health", status: 404, want: refusal(404, notFoundText)},

		{name: "malformed JSON", method: "POST", path: records, body: typed{"application/json", `{"title":`}, status: 400, want: refusal(400, badRequestText)},
		{name: "JSON that is no object", method: "POST", path: records, body: typed{"application/json", `["title"]`}, status: 400, want: refusal(400, badRequestText)},
		{name: "two JSON values", method: "POST", path: records, body: typed{"application/json", `{"title":"a"}{}`}, status: 400, want: refusal(400, badRequestText)},
		{name: "text", method: "POST", path: records, body: typed{"text/plain", "title=a"}, status: 400, want: refusal(400, "Unsupported Content-Type.")},
		{name: "XML", method: "POST", path: records, body: typed{"application/xml", "<title>a</title>"}, status: 400, want: refusal(400, "Unsupported Content-Type.")},
		{name: "a body of no type", method: "POST", path: records, body: typed{"", `{"title":"a"}`}, status: 400, want: refusal(400, "Unsupported Content-Type.")},
		{name: "no body", method: "POST", path: records, status: 400, want: blank},
		{name: "an empty body of any type", method: "POST", path: records, body: typed{"text/plain", ""}, status: 400, want: blank},
		{name: "an empty JSON body", method: "POST", path: records, body: typed{"application/json; charset=utf-8", " "}, status: 400, want: blank},
		{name: "a form without its end", method: "POST", path: records, body: typed{"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na"}, status: 400, want: refusal(400, badRequestText)},
		{name: "a form without its boundary", method: "POST", path: records, body: typed{"multipart/form-data", "--b--"}, status: 400, want: refusal(400, badRequestText)},
		{name: "a broken escape", method: "POST", path: records, body: typed{"application/x-www-form-urlencoded", "title=%zz"}, status: 400, want: refusal(400, badRequestText)},
		{name: "a malformed @jsonPayload", method: "POST", path: records, body: []part{{field: "@jsonPayload", data: []byte("{")}}, status: 400, want: refusal(400, badRequestText)},
		{name: "malformed JSON for a collection", as: "admin", method: "POST", path: "/api/collections", body: typed{"application/json", `{`}, status: 400, want: refusal(400, badRequestText)},
		{name: "a fields parameter that makes no sense", method: "GET", path: records + "?fields=title:upper()", status: 400, want: refusal(400, badRequestText)},

		{name: "a guest on the collections API", method: "GET", path: "/api/collections", status: 401, want: refusal(401, tokenText)},
		{name: "a user on the collections API", as: "ann", method: "GET", path: "/api/collections", status: 403, want: refusal(403, "The authorized record is not allowed to perform this action.")},
		{name: "an unknown collection", method: "GET", path: "/api/collections/nothing/records", status: 404, want: refusal(404, noContextText)},
		{name: "an unknown collection to write to", method: "POST", path: "/api/collections/nothing/records", body: map[string]any{}, status: 404, want: refusal(404, noContextText)},
		{name: "an unknown record", method: "GET", path: records + "/aaaaaaaaaaaaaaa", status: 404, want: refusal(404, notFoundText)},
		{name: "an unknown record by HEAD", method: "HEAD", path: records + "/aaaaaaaaaaaaaaa", status: 404},
		{name: "an unknown record to change", as: "admin", method: "PATCH", path: records + "/aaaaaaaaaaaaaaa", body: map[string]any{}, status: 404, want: refusal(404, notFoundText)},
		{name: "an unknown record to delete", as: "admin", method: "DELETE", path: records + "/aaaaaaaaaaaaaaa", status: 404, want: refusal(404, notFoundText)},

		{name: "a guest creates where the rule is null", method: "POST", path: "/api/collections/errors_closed/records", body: map[string]any{}, status: 403, want: refusal(403, superusersText)},
		{name: "whatever is sent", method: "POST", path: "/api/collections/errors_closed/records", body: typed{"application/json", "{"}, status: 403, want: refusal(403, superusersText)},
		{name: "a user changes where the rule is null", as: "ann", method: "PATCH", path: one, body: map[string]any{}, status: 403, want: refusal(403, superusersText)},
		{name: "a guest deletes where the rule is null", method: "DELETE", path: one, status: 403, want: refusal(403, superusersText)},
		{name: "a guest views where the rule is null", method: "GET", path: one, status: 403, want: refusal(403, superusersText)},
		{name: "a guest lists where the rule is null", method: "GET", path: "/api/collections/errors_closed/records", status: 403, want: refusal(403, superusersText)},
	})
}

// wireUnknownRoutes holds that what is no part of this product is answered as what never was.
func wireUnknownRoutes(t *testing.T, w *world) {
	var lines []line
	for _, route := range strings.Fields(`
		GET/ GET/api GET/api/ GET/api/nothing GET/_/ POST/api/nothing
		GET/api/realtime POST/api/realtime POST/api/batch
		GET/api/settings PATCH/api/settings POST/api/settings/test/s3 POST/api/settings/test/email
		GET/api/logs GET/api/logs/stats GET/api/backups POST/api/backups GET/api/crons POST/api/crons/x
		PUT/api/collections/import GET/api/collections/meta/scaffolds DELETE/api/collections/users/truncate
		GET/api/collections/users/auth-methods POST/api/collections/users/auth-with-oauth2 POST/api/collections/users/request-otp
		POST/api/collections/users/auth-with-otp POST/api/collections/users/request-password-reset
		POST/api/collections/users/confirm-password-reset POST/api/collections/users/request-verification
		POST/api/collections/users/confirm-verification POST/api/collections/users/request-email-change
		POST/api/collections/users/confirm-email-change POST/api/collections/users/impersonate/x
		GET/api/collections/users/auth-with-password GET/api/collections/users/auth-refresh
		PUT/api/collections/users/records PUT/api/collections/users/records/x POST/api/collections/users/records/x
		GET/api/collections/users/records/x/y GET/api/collections// GET/api/collections/users/records/
		GET/api/files GET/api/files/ GET/api/files/token PUT/api/files/token POST/api/files/a/b/c`) {
		method, path, _ := strings.Cut(route, "/")
		lines = append(lines, line{name: method + " /" + path, as: "admin", method: method, path: "/" + path, status: 404, want: refusal(404, notFoundText)})
	}
	w.run(t, lines)
}

func wireCORS(t *testing.T, w *world) {
	const any, origin = "*", "Origin: https://example.com"
	preflight := func(more map[string]string) map[string]string {
		sent := map[string]string{"X-Content-Type-Options": "-", "X-Xss-Protection": "-", "X-Frame-Options": "-", "Cache-Control": "-"}
		for name, value := range more {
			sent[name] = value
		}
		return sent
	}
	methods := "GET,HEAD,PUT,PATCH,POST,DELETE"
	w.run(t, []line{
		{name: "an answer", method: "GET", path: "/api/health", headers: []string{origin}, status: 200,
			want: `{"message":"API is healthy.","code":200,"data":{}}`, sent: map[string]string{"Access-Control-Allow-Origin": any}},
		{name: "a refusal", method: "GET", path: "/api/collections", headers: []string{origin}, status: 401,
			want: refusal(401, tokenText), sent: map[string]string{"Access-Control-Allow-Origin": any}},
		{name: "an unknown route", method: "GET", path: "/api/nothing", headers: []string{origin}, status: 404,
			want: refusal(404, notFoundText), sent: map[string]string{"Access-Control-Allow-Origin": any}},
		{name: "a preflight", method: "OPTIONS", path: "/api/collections/users/records", headers: []string{origin, "Access-Control-Request-Method: POST"}, status: 204,
			sent: preflight(map[string]string{"Access-Control-Allow-Origin": any, "Access-Control-Allow-Methods": methods,
				"Vary": "Origin | Access-Control-Request-Method | Access-Control-Request-Headers"})},
		{name: "a preflight that asks for headers", method: "OPTIONS", path: "/api/files/a/b/c", headers: []string{origin, "Access-Control-Request-Headers: authorization,x-Custom"}, status: 204,
			sent: preflight(map[string]string{"Access-Control-Allow-Origin": any, "Access-Control-Allow-Methods": methods, "Access-Control-Allow-Headers": "authorization,x-Custom",
				"Vary": "Origin | Access-Control-Request-Method | Access-Control-Request-Headers"})},
		{name: "OPTIONS of no other origin", method: "OPTIONS", path: "/anything", status: 204, sent: preflight(nil)},
	})
}

// TestBodiesAreBounded is the part of the table that needs other limits than the usual ones.
func TestBodiesAreBounded(t *testing.T) {
	w := &world{program: start(t, "--max-body", "1000B").asAdmin()}
	w.tokens = map[string]string{"admin": w.token}
	w.collection("limits", nil, map[string]any{"image": map[string]any{"maxSize": 2000, "maxSelect": 2}, "fields": []any{map[string]any{"name": "title", "type": "text"}}})
	w.collection("limits_json", nil, map[string]any{"image": map[string]any{"maxSize": 1}, "fields": []any{map[string]any{"name": "j", "type": "json", "maxSize": 5000}}})
	w.collection("limits_closed", nil, map[string]any{"createRule": nil})
	limits := collectionID("base", "limits")
	records, tooLarge := "/api/collections/limits/records", refusal(413, "Request entity too large.")
	json := func(n int) typed {
		return typed{"application/json", `{"title":"` + strings.Repeat("x", n-len(`{"title":""}`)) + `"}`}
	}
	file := func(n int) part { return part{"image", "file.bin", make([]byte, n)} }
	ok := func(images string) string {
		return `{"collectionId":"` + limits + `","collectionName":"limits","id":"ID","image":[` + images + `],"title":""}`
	}
	w.run(t, []line{
		{name: "JSON of all that is allowed", method: "POST", path: records, body: json(1000), status: 200,
			want: `{"collectionId":"` + limits + `","collectionName":"limits","id":"ID","image":[],"title":"` + strings.Repeat("x", 988) + `"}`},
		{name: "JSON of a byte more: what files may weigh does not count", method: "POST", path: records, body: json(1001), status: 413, want: tooLarge},
		{name: "JSON for a JSON field", method: "POST", path: "/api/collections/limits_json/records", body: json(6000), status: 200,
			want: `{"collectionId":"` + collectionID("base", "limits_json") + `","collectionName":"limits_json","id":"ID","image":"","j":null}`},
		{name: "JSON of a byte more than that", method: "POST", path: "/api/collections/limits_json/records", body: json(6001), status: 413, want: tooLarge},
		{name: "files beside the limit", method: "POST", path: records, body: []part{file(2000), file(2000)}, status: 200, want: ok(`"file_X.bin","file_X.bin"`)},
		{name: "files above both", method: "POST", path: records, body: []part{file(2000), file(2000), file(2000)}, status: 413, want: tooLarge},
		{name: "values of a form", method: "POST", path: records, body: []part{{field: "title", data: make([]byte, 1001)}}, status: 413, want: tooLarge},
		{name: "many values of a form", method: "POST", path: records, body: []part{{field: "title", data: make([]byte, 600)}, {field: "title", data: make([]byte, 600)}}, status: 413, want: tooLarge},
		{name: "a form of names and values", method: "POST", path: records, body: typed{"application/x-www-form-urlencoded", "title=" + strings.Repeat("x", 1000)}, status: 413, want: tooLarge},
		{name: "a sign-in", method: "POST", path: "/api/collections/users/auth-with-password", body: json(1001), status: 413, want: tooLarge},
		{name: "a collection", as: "admin", method: "POST", path: "/api/collections", body: json(1001), status: 413, want: tooLarge},
		{name: "a guest's collection is not even read", method: "POST", path: "/api/collections", body: json(1001), status: 401, want: refusal(401, tokenText)},
		{name: "nor is a record of those who may not write", method: "POST", path: "/api/collections/limits_closed/records", body: json(1001), status: 403, want: refusal(403, superusersText)},
	})
}
