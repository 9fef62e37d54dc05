package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The wire table of Fibery's dialect: every example of its text in the text's order, then what is refused.

func TestFiberyWire(t *testing.T) {
	w := newDialectWorld(t, "Token")
	for _, section := range []struct {
		name string
		run  func(*testing.T, *dialectWorld)
	}{
		{"uploads", fiberyUploads}, {"uploads from the web", fiberyFromURL}, {"downloads", fiberyDownloads}, {"signed URLs", fiberySigned},
		{"commands", fiberyCommands}, {"refused commands", fiberyRefusedCommands}, {"keys", fiberyKeys}, {"bodies", fiberyBodies},
		{"limits", fiberyLimits}, {"faults", fiberyFaults},
	} {
		t.Run(section.name, func(t *testing.T) { section.run(t, w) })
	}
	w.checkLog(t)
}

// The refusals that come again and again.
const (
	fiberyNoKey    = `{"name":"auth/unauthorized","message":"A valid API key is required."}`
	fiberyBadLink  = `{"name":"auth/forbidden","message":"The link is not valid, or no longer."}`
	fiberyNotFound = `{"name":"file/not-found","message":"There is no such file."}`
	fiberyUnread   = `{"name":"request/invalid","message":"The body cannot be read."}`
)

func fiberyLacks(scope string) string {
	return fmt.Sprintf(`{"name":"auth/forbidden","message":"The API key lacks the scope %s."}`, scope)
}

func fiberyInvalid(message string) string {
	return fmt.Sprintf(`{"name":"request/invalid","message":%q}`, message)
}

// fiberyFile is a file as it is answered.
func fiberyFile(name string, size int) string {
	return fmt.Sprintf(`{"fibery/id":"UUID","fibery/name":%q,"fibery/content-type":"image/jpeg","fibery/secret":"UUID","fibery/content-length":%d,"fibery/rank":0}`, name, size)
}

func fiberyUploads(t *testing.T, w *dialectWorld) {
	photo := jpegOf(320, 240)
	file := part{"file", "virat-kohli.jpg", photo}
	for _, name := range []string{"first", "second"} {
		a := w.check(t, call{key: "both", method: "POST", path: "/api/files", body: []part{file}, status: 200, want: fiberyFile("virat-kohli.jpg", len(photo))})
		v := a.json(t)
		w.vars[name], w.vars[name+"-secret"] = v["fibery/id"].(string), v["fibery/secret"].(string)
	}
	public := w.check(t, call{key: "writer", method: "POST", path: "/api/files", body: []part{{"visibility", "", []byte("public")}, file}, status: 200, want: "-"})
	w.vars["public-secret"] = public.json(t)["fibery/secret"].(string)
	w.run(t, []call{
		{name: "a value behind the file", key: "both", method: "POST", path: "/api/files", body: []part{file, {"visibility", "", []byte("private")}}, status: 200, want: fiberyFile("virat-kohli.jpg", len(photo))},
		{name: "no file", key: "both", method: "POST", path: "/api/files", body: []part{{"name", "", []byte("x")}}, status: 400, want: fiberyInvalid(`The form has no file "file".`)},
		{name: "another part", key: "both", method: "POST", path: "/api/files", body: []part{{"image", "a.jpg", photo}}, status: 400, want: fiberyInvalid(`The form has no file "file".`)},
		{name: "two files", key: "both", method: "POST", path: "/api/files", body: []part{file, file}, status: 400, want: fiberyInvalid("One file is taken at a time.")},
		{name: "another visibility", key: "both", method: "POST", path: "/api/files", body: []part{{"visibility", "", []byte("all")}, file}, status: 400, want: fiberyInvalid("The visibility must be public or private.")},
		{name: "a form of another type", key: "both", method: "POST", path: "/api/files", body: asJSON(`{}`), status: 400, want: fiberyInvalid("The body must be multipart/form-data.")},
		{name: "a form cut short", key: "both", method: "POST", path: "/api/files", body: typed{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc"}, status: 400, want: "-"},
	})
}

func fiberyFromURL(t *testing.T, w *dialectWorld) {
	w.vars["url"] = w.remote
	size := len(jpegOf(40, 30))
	const path = "/api/files/from-url"
	refused := func(name, body, message string) call {
		return call{name: name, key: "both", method: "POST", path: path, body: asJSON(body), status: 400, want: fiberyInvalid(message)}
	}
	w.run(t, []call{
		{name: "the text's example", key: "both", method: "POST", path: path, status: 200, want: fiberyFile("img.jpg", size),
			body: asJSON(`{"url":"{url}/photo/kitten.jpg","method":"GET","name":"img.jpg","headers":{"auth header":"auth key for url specified","X-Auth":"yes"}}`)},
		{name: "posted", key: "both", method: "POST", path: path, body: asJSON(`{"url":"{url}/kitten.jpg","method":"POST"}`), status: 200, want: fiberyFile("kitten.jpg", size)},
		{name: "the FAQ's example", key: "both", method: "POST", path: path, status: 200, want: fiberyFile("file-name", size),
			body: typed{"application/json; charset=utf-8", `{"url":"{url}/x","name":"file-name","id":"D5BC1EC0-997e-11e9-bcec-8fb5f642f8a5"}`}},
	})
	for i, method := range []string{"GET", "POST", "GET"} {
		if r := <-w.asked; r.Method != method || i == 0 && r.Header.Get("X-Auth") != "yes" {
			t.Errorf("the other server was asked %s %v", r.Method, r.Header)
		}
	}
	w.run(t, []call{
		{name: "an id that is taken", key: "both", method: "POST", path: path, body: asJSON(`{"url":"{url}/x","id":"d5bc1ec0-997e-11e9-bcec-8fb5f642f8a5"}`), status: 409,
			want: `{"name":"file/already-exists","message":"There is such a file already."}`},
		refused("no url", `{}`, "The url is missing."),
		refused("an id that is none", `{"url":"{url}/x","id":"1"}`, "The id must be a UUID."),
		refused("another visibility", `{"url":"{url}/x","visibility":"x"}`, "The visibility must be public or private."),
	})
	select {
	case r := <-w.asked:
		t.Errorf("the other server was asked %s for nothing", r.URL)
	default:
	}
	failed := func(name, body, code, message string) call {
		return call{name: name, key: "both", method: "POST", path: path, body: asJSON(body), status: 400, want: fmt.Sprintf(`{"name":%q,"message":%q}`, code, message)}
	}
	w.run(t, []call{
		failed("no file there", `{"url":"{url}/nothing"}`, "url/failed", "The URL's server has no such file."),
		failed("no URL", `{"url":"file-url"}`, "url/invalid", "The URL, its method or its headers are not valid."),
		failed("another scheme", `{"url":"file:///etc/passwd"}`, "url/invalid", "The URL, its method or its headers are not valid."),
		failed("another method", `{"url":"{url}/x","method":"DELETE"}`, "url/invalid", "The URL, its method or its headers are not valid."),
		failed("a private address", `{"url":"http://10.0.0.1/x"}`, "url/forbidden", "The URL leads to an address that is not fetched from."),
		failed("an address of a machine's own data", `{"url":"http://169.254.169.254/latest/meta-data/"}`, "url/forbidden", "The URL leads to an address that is not fetched from."),
	})
}

func fiberyDownloads(t *testing.T, w *dialectWorld) {
	private := map[string]string{"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer", "Content-Type": "image/jpeg"}
	const secret, public = "/api/files/{first-secret}", "/api/files/{public-secret}"
	a := w.check(t, call{key: "reader", method: "GET", path: secret, status: 200, want: "-", sent: private})
	if string(a.body) != string(jpegOf(320, 240)) {
		t.Error("other bytes")
	}
	thumb := w.check(t, call{key: "reader", method: "GET", path: secret + "?thumb=60x40", status: 200, want: "-", sent: private})
	if format, x, y := dimensions(t, thumb.body); format != "jpeg" || x != 60 || y != 40 {
		t.Errorf("the thumb is %s %d×%d", format, x, y)
	}
	etag := a.header.Get("Etag")
	w.run(t, []call{
		{name: "its head", key: "reader", method: "HEAD", path: secret, status: 200, sent: private},
		{name: "a part", key: "reader", method: "GET", path: secret, headers: []string{"Range: bytes=0-3"}, status: 206, want: string(a.body[:4])},
		{name: "known already", key: "reader", method: "GET", path: secret, headers: []string{"If-None-Match: " + etag}, status: 304, want: ""},
		{name: "in capitals", key: "reader", method: "GET", path: "/api/files/" + strings.ToUpper(w.vars["first-secret"]), status: 200, want: "-"},
		{name: "to be saved", key: "reader", method: "GET", path: secret + "?download=1", status: 200, want: "-", sent: map[string]string{"Content-Disposition": `attachment; filename=virat-kohli.jpg`}},
		{name: "a public one", method: "GET", path: public, status: 200, want: "-", sent: map[string]string{"Cache-Control": "max-age=0, must-revalidate"}},
		{name: "a public one by a key", key: "reader", method: "GET", path: public, status: 200, want: "-"},
		{name: "a public one by a forged key", key: "forged", method: "GET", path: public, status: 401, want: fiberyNoKey},
		{name: "a public one's thumb", method: "GET", path: public + "?thumb=60x40", status: 200, want: "-"},

		{name: "a private one without a key", method: "GET", path: secret, status: 401, want: fiberyNoKey, sent: map[string]string{"Www-Authenticate": "Token"}},
		{name: "its head without a key", method: "HEAD", path: secret, status: 401},
		{name: "its thumb without a key", method: "GET", path: secret + "?thumb=60x40", status: 401, want: fiberyNoKey},
		{name: "known already, without a key", method: "GET", path: secret, headers: []string{"If-None-Match: " + etag}, status: 401, want: fiberyNoKey},
		{name: "one that is not there, without a key", method: "GET", path: "/api/files/00000000-0000-4000-8000-000000000000", status: 401, want: fiberyNoKey},
		{name: "a private one by another scheme", method: "GET", path: secret, headers: []string{"Authorization: Bearer " + w.keys["both"]}, status: 401, want: fiberyNoKey},
		{name: "a private one by a broken file token", method: "GET", path: secret + "?token=x", status: 401, want: fiberyNoKey, sent: map[string]string{"Referrer-Policy": "no-referrer"}},
		{name: "a private one by a key that may not read", key: "writer", method: "GET", path: secret, status: 403, want: fiberyLacks("files:read")},
		{name: "one that is not there, by that key", key: "writer", method: "GET", path: "/api/files/00000000-0000-4000-8000-000000000000", status: 403, want: fiberyLacks("files:read")},
		{name: "one that is not there", key: "reader", method: "GET", path: "/api/files/00000000-0000-4000-8000-000000000000", status: 404, want: fiberyNotFound},
		{name: "by its id", key: "reader", method: "GET", path: "/api/files/{first}", status: 404, want: fiberyNotFound},
		{name: "no UUID", key: "reader", method: "GET", path: "/api/files/token", status: 404, want: refusal(404, notFoundText), sent: map[string]string{"X-Frame-Options": "SAMEORIGIN"}},
		{name: "a UUID and more", key: "reader", method: "GET", path: secret + "0", status: 404, want: refusal(404, notFoundText)},
	})
	token := w.call("POST", "/api/files/token", w.token, nil).want(t, 200).json(t)["token"].(string)
	w.check(t, call{method: "GET", path: secret + "?token=" + token, status: 200, want: "-", sent: private})
}

func fiberySigned(t *testing.T, w *dialectWorld) {
	const path = "/api/files/sign-urls"
	a := w.check(t, call{key: "reader", method: "POST", path: path, body: asJSON(`{"secrets":["{first-secret}","{second-secret}"]}`), status: 200,
		want: `{"items":[{"secret":"UUID","url":"` + w.base + `/api/files/UUID?SIGNATURE","expiresAt":"TIME"},{"secret":"UUID","url":"` + w.base + `/api/files/UUID?SIGNATURE","expiresAt":"TIME"}]}`})
	for i, item := range a.json(t)["items"].([]any) {
		item := item.(map[string]any)
		if want := w.vars[[]string{"first-secret", "second-secret"}[i]]; item["secret"] != want {
			t.Errorf("item %d is of another secret", i)
		}
		ends, err := time.Parse(time.RFC3339, item["expiresAt"].(string))
		if left := time.Until(ends); err != nil || left > time.Hour || left < 50*time.Minute {
			t.Errorf("it ends in %s, %v", left, err)
		}
		url := strings.TrimPrefix(item["url"].(string), w.base)
		w.check(t, call{method: "GET", path: url, status: 200, want: "-", sent: map[string]string{"Cache-Control": "private, max-age=300"}})
		w.check(t, call{method: "HEAD", path: url, status: 200})
		w.check(t, call{method: "GET", path: url + "&thumb=77x55", status: 200, want: "-"})
	}
	own := "/api/files/" + w.vars["first-secret"]
	query := w.signed(own, time.Now().Add(time.Hour))
	w.check(t, call{method: "GET", path: own + "?" + query, status: 200, want: "-"})
	for name, forged := range forgeries(query) {
		w.run(t, []call{{name: name, method: "GET", path: own + "?" + forged, status: 403, want: fiberyBadLink}})
	}
	nobody := "/api/files/00000000-0000-4000-8000-000000000000"
	w.run(t, []call{
		{name: "of another file", method: "GET", path: "/api/files/{second-secret}?" + query, status: 403, want: fiberyBadLink},
		{name: "of another dialect", method: "GET", path: own + "?" + w.signed("/assets/"+w.vars["first"], time.Now().Add(time.Hour)), status: 403, want: fiberyBadLink},
		{name: "expired", method: "GET", path: own + "?" + w.signed(own, time.Now().Add(-time.Second)), status: 403, want: fiberyBadLink},
		{name: "of a file that is not there", method: "GET", path: nobody + "?" + w.signed(nobody, time.Now().Add(time.Hour)), status: 404, want: fiberyNotFound},
		{name: "with a key beside what is forged", key: "both", method: "GET", path: own + "?" + query + "x", status: 403, want: fiberyBadLink},

		{name: "no secrets", key: "reader", method: "POST", path: path, body: asJSON(`{}`), status: 400, want: fiberyInvalid("The secrets must be 1 to 1000.")},
		{name: "too many secrets", key: "reader", method: "POST", path: path, body: map[string]any{"secrets": make([]string, 1001)}, status: 400, want: fiberyInvalid("The secrets must be 1 to 1000.")},
		{name: "what is no secret", key: "reader", method: "POST", path: path, body: asJSON(`{"secrets":["../x"]}`), status: 400, want: fiberyInvalid("Every secret must be a UUID.")},
		{name: "a key that may not read", key: "writer", method: "POST", path: path, body: asJSON(`{"secrets":["{first-secret}"]}`), status: 403, want: fiberyLacks("files:read")},
	})
}

const fiberyPlayer = "20f9b920-9752-11e9-81b9-4363f716f666"

// editCommand is a command that attaches or removes.
func editCommand(verb, database, field, entity, items string) typed {
	return asJSON(fmt.Sprintf(`{"command":"fibery.entity/%s-collection-items","args":{"type":%q,"field":%q,"entity":{"fibery/id":%q},"items":[%s]}}`, verb, database, field, entity, items))
}

// queryCommand is a query for one player.
func queryCommand(selected, entity string) typed {
	return asJSON(fmt.Sprintf(`{"command":"fibery.entity/query","args":{"query":{"q/from":"Cricket/Player","q/select":%s,"q/where":["=",["fibery/id"],"$entity-id"],"q/limit":1},"params":{"$entity-id":%q}}}`, selected, entity))
}

func fiberyCommands(t *testing.T, w *dialectWorld) {
	relation := func(name string, most int) map[string]any {
		return map[string]any{"name": name, "type": "relation", "collectionId": "_imgorigin_media", "maxSelect": most}
	}
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "cricket__player", "type": "base", "indexes": []string{"CREATE UNIQUE INDEX idx_player ON cricket__player (fibery_id)"},
		"fields": []any{map[string]any{"name": "fibery_id", "type": "text"}, map[string]any{"name": "full_name", "type": "text"}, map[string]any{"name": "secret_note", "type": "text", "hidden": true},
			relation("photos", 3), relation("portrait", 1)}}).want(t, 200)
	w.call("POST", "/api/collections/cricket__player/records", w.token, map[string]any{"fibery_id": fiberyPlayer, "full_name": "Virat Kohli"}).want(t, 200)

	const path, ok = "/api/commands", `{"success":true,"result":"ok"}`
	const photos = `["fibery/id",{"Cricket/Photos":{"q/select":["fibery/secret"],"q/limit":100}}]`
	line := func(name, key string, body typed, want string) call {
		return call{name: name, key: key, method: "POST", path: path, body: body, status: 200, want: want}
	}
	first, second := `{"fibery/id":"{first}"}`, `{"fibery/id":"{second}"}`
	entity := func(of string) string { return `{"success":true,"result":[` + of + `]}` }
	w.run(t, []call{
		line("nothing is attached yet", "reader", queryCommand(photos, fiberyPlayer), entity(`{"Cricket/Photos":[],"fibery/id":"UUID"}`)),
		line("attach, as in the text", "writer", editCommand("add", "Cricket/Player", "Cricket/Photos", fiberyPlayer, first), ok),
		line("attach it again", "writer", editCommand("add", "Cricket/Player", "Cricket/Photos", fiberyPlayer, first), ok),
		line("and another", "writer", editCommand("add", "Cricket/Player", "Cricket/Photos", fiberyPlayer, second), ok),
	})
	a := w.check(t, line("", "reader", queryCommand(photos, fiberyPlayer), entity(`{"Cricket/Photos":[{"fibery/secret":"UUID"},{"fibery/secret":"UUID"}],"fibery/id":"UUID"}`)))
	for i, f := range a.json(t)["result"].([]any)[0].(map[string]any)["Cricket/Photos"].([]any) {
		secret := f.(map[string]any)["fibery/secret"].(string)
		if want := w.vars[[]string{"first-secret", "second-secret"}[i]]; secret != want {
			t.Errorf("attachment %d is %s, want %s", i, secret, want)
		}
		w.check(t, call{key: "reader", method: "GET", path: "/api/files/" + secret, status: 200, want: "-"})
	}
	size := len(jpegOf(320, 240))
	w.run(t, []call{
		line("no more than asked for", "reader", queryCommand(`[{"Cricket/Photos":{"q/select":["fibery/secret"],"q/limit":1}}]`, fiberyPlayer), entity(`{"Cricket/Photos":[{"fibery/secret":"UUID"}]}`)),
		line("all of a file", "reader", queryCommand(`[{"Cricket/Photos":{"q/select":["fibery/id","fibery/secret","fibery/name","fibery/content-type","fibery/content-length","fibery/rank"],"q/limit":1}}]`, fiberyPlayer),
			entity(fmt.Sprintf(`{"Cricket/Photos":[{"fibery/content-length":%d,"fibery/content-type":"image/jpeg","fibery/id":"UUID","fibery/name":"virat-kohli.jpg","fibery/rank":0,"fibery/secret":"UUID"}]}`, size))),
		line("a field of its own", "reader", queryCommand(`["Cricket/Full Name"]`, fiberyPlayer), entity(`{"Cricket/Full Name":"Virat Kohli"}`)),
		line("a field for one file", "reader", queryCommand(`[{"Cricket/Portrait":{"q/select":["fibery/id"]}}]`, fiberyPlayer), entity(`{"Cricket/Portrait":null}`)),
		line("that is filled", "writer", editCommand("add", "Cricket/Player", "Cricket/Portrait", fiberyPlayer, first), ok),
		line("and seen", "reader", queryCommand(`[{"Cricket/Portrait":{"q/select":["fibery/id"],"q/limit":"q/no-limit"}}]`, fiberyPlayer), entity(`{"Cricket/Portrait":{"fibery/id":"UUID"}}`)),
		line("nobody", "reader", queryCommand(photos, "00000000-0000-4000-8000-000000000000"), `{"success":true,"result":[]}`),
		line("remove, as in the text", "writer", editCommand("remove", "Cricket/Player", "Cricket/Photos", fiberyPlayer, first), ok),
		line("remove it again", "writer", editCommand("remove", "Cricket/Player", "Cricket/Photos", fiberyPlayer, first), ok),
		line("one is left", "reader", queryCommand(photos, fiberyPlayer), entity(`{"Cricket/Photos":[{"fibery/secret":"UUID"}],"fibery/id":"UUID"}`)),
		{name: "the file itself stays", key: "reader", method: "GET", path: "/api/files/{first-secret}", status: 200, want: "-"},
	})
}

func fiberyRefusedCommands(t *testing.T, w *dialectWorld) {
	failed := func(name, message string) string {
		return fmt.Sprintf(`{"success":false,"result":{"name":%q,"message":%q}}`, name, message)
	}
	invalid := func(message string) string { return failed("request/invalid", message) }
	missing := func(message string) string { return failed("entity.error/not-found", message) }
	first := `{"fibery/id":"{first}"}`
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "cricket__secret", "type": "base", "fields": []any{map[string]any{"name": "fibery_id", "type": "text"}}}).want(t, 200)
	line := func(name, key string, body typed, status int, want string) call {
		return call{name: name, key: key, method: "POST", path: "/api/commands", body: body, status: status, want: want}
	}
	add := func(database, field, entity, items string) typed {
		return editCommand("add", database, field, entity, items)
	}
	where := func(where string) typed {
		return asJSON(`{"command":"fibery.entity/query","args":{"query":{"q/from":"Cricket/Player","q/select":["fibery/id"],"q/where":` + where + `},"params":{"$x":"1"}}}`)
	}
	const onlyWhere = `The q/where must be ["=", ["fibery/id"], "$parameter"], or name another unique text field.`
	noCollection := w.check(t, call{key: "both", method: "POST", path: "/api/commands", body: add("Cricket/Nothing", "Cricket/Photos", fiberyPlayer, first), status: 404, want: "-"})
	w.run(t, []call{
		line("no JSON", "both", asJSON(`{`), 400, invalid("The body cannot be read.")),
		line("another command", "both", asJSON(`{"command":"fibery.schema/batch","args":{}}`), 400, failed("command/unknown", "There is no such command here.")),
		line("several commands", "both", asJSON(`[{}]`), 400, invalid("The body cannot be read.")),
		line("no arguments", "both", asJSON(`{"command":"fibery.entity/add-collection-items"}`), 400, invalid("The args cannot be read.")),
		line("no key", "", add("Cricket/Player", "Cricket/Photos", fiberyPlayer, first), 401, failed("auth/unauthorized", "A valid API key is required.")),
		line("a key that may not write", "reader", add("Cricket/Player", "Cricket/Photos", fiberyPlayer, first), 403, failed("auth/forbidden", "The API key lacks the scope files:write.")),
		line("a key that may not read", "writer", queryCommand(`["fibery/id"]`, fiberyPlayer), 403, failed("auth/forbidden", "The API key lacks the scope files:read.")),
		line("no such type", "both", add("Player", "Cricket/Photos", fiberyPlayer, first), 400, invalid("The type must be Space/Database.")),
		line("a collection that has nothing to do with files is as one that is not there", "both", add("Cricket/Secret", "Cricket/Photos", fiberyPlayer, first), 404, strings.TrimSpace(string(noCollection.body))),
		line("a field without a space", "both", add("Cricket/Player", "Photos", fiberyPlayer, first), 400, invalid("A field must be Space/Field.")),
		line("a field of another space", "both", add("Cricket/Player", "Hockey/Photos", fiberyPlayer, first), 404, missing("There is no such field in this space.")),
		line("a field of its own", "both", add("Cricket/Player", "Cricket/Full Name", fiberyPlayer, first), 404, missing("There is no relation full_name to the media library.")),
		line("no such entity", "both", add("Cricket/Player", "Cricket/Photos", "00000000-0000-4000-8000-000000000000", first), 404, missing("There is no such entity.")),
		line("no entity", "both", add("Cricket/Player", "Cricket/Photos", "", first), 400, invalid("The entity has no fibery/id.")),
		line("no items", "both", add("Cricket/Player", "Cricket/Photos", fiberyPlayer, ""), 400, invalid("The items must be 1 to 1000.")),
		line("too many items", "both", add("Cricket/Player", "Cricket/Photos", fiberyPlayer, strings.Repeat(first+",", 1000)+first), 400, invalid("The items must be 1 to 1000.")),
		line("an item that is none", "both", add("Cricket/Player", "Cricket/Photos", fiberyPlayer, `{"fibery/id":"x"}`), 400, invalid("Every item must have a UUID as its fibery/id.")),
		line("a file that is not there", "both", add("Cricket/Player", "Cricket/Photos", fiberyPlayer, `{"fibery/id":"00000000-0000-4000-8000-000000000000"}`), 400, "-"),

		line("no q/where", "both", where(`[]`), 400, invalid(onlyWhere)),
		line("another operator", "both", where(`["!=",["fibery/id"],"$x"]`), 400, invalid(onlyWhere)),
		line("a value for a parameter", "both", where(`["=",["fibery/id"],"x"]`), 400, invalid(onlyWhere)),
		line("a parameter that is not given", "both", where(`["=",["fibery/id"],"$y"]`), 400, invalid("The params have no text for the q/where.")),
		line("a field that is not unique", "both", where(`["=",["Cricket/Full Name"],"$x"]`), 404, missing("There is no unique text field full_name.")),
		line("nothing selected", "both", queryCommand(`[]`, fiberyPlayer), 400, invalid("The q/select selects nothing.")),
		line("a hidden field", "both", queryCommand(`["Cricket/Secret Note"]`, fiberyPlayer), 404, missing("There is no such field as Cricket/Secret Note.")),
		line("a Files field as a plain one", "both", queryCommand(`["Cricket/Photos"]`, fiberyPlayer), 404, missing("There is no such field as Cricket/Photos.")),
		line("a field of files that there is not", "both", queryCommand(`[{"Cricket/Photos":{"q/select":["fibery/path"]}}]`, fiberyPlayer), 400,
			invalid("A file has the fields fibery/id, fibery/secret, fibery/name, fibery/content-type, fibery/content-length and fibery/rank.")),
		line("a limit that is none", "both", queryCommand(`[{"Cricket/Photos":{"q/select":["fibery/id"],"q/limit":-1}}]`, fiberyPlayer), 400, invalid(`A q/limit must be a number or "q/no-limit".`)),
	})
}

// fiberyKeys asks every call with every key that does not count.
func fiberyKeys(t *testing.T, w *dialectWorld) {
	form := []part{{"file", "a.jpg", jpegOf(10, 10)}}
	for _, key := range []string{"", "forged", "revoked", "expired"} {
		w.run(t, []call{
			{name: "upload, key " + key, key: key, method: "POST", path: "/api/files", body: form, status: 401, want: fiberyNoKey},
			{name: "upload from the web, key " + key, key: key, method: "POST", path: "/api/files/from-url", body: asJSON(`{"url":"{url}/x"}`), status: 401, want: fiberyNoKey},
			{name: "sign, key " + key, key: key, method: "POST", path: "/api/files/sign-urls", body: asJSON(`{"secrets":["{first-secret}"]}`), status: 401, want: fiberyNoKey},
			{name: "download, key " + key, key: key, method: "GET", path: "/api/files/{first-secret}", status: 401, want: fiberyNoKey},
			{name: "command, key " + key, key: key, method: "POST", path: "/api/commands", body: queryCommand(`["fibery/id"]`, fiberyPlayer), status: 401,
				want: `{"success":false,"result":` + fiberyNoKey + `}`},
		})
	}
	w.run(t, []call{
		{name: "upload, a key that may not write", key: "reader", method: "POST", path: "/api/files", body: form, status: 403, want: fiberyLacks("files:write")},
		{name: "upload from the web, a key that may not write", key: "reader", method: "POST", path: "/api/files/from-url", body: asJSON(`{"url":"{url}/x"}`), status: 403, want: fiberyLacks("files:write")},
	})
	a := w.get("/api/files/"+w.vars["first-secret"], "Authorization: token "+w.keys["both"])
	a.want(t, 200) // RFC 9110 section 11.1: a scheme's case means nothing
}

func fiberyBodies(t *testing.T, w *dialectWorld) {
	much := strings.Repeat(" ", 1<<20)
	tooLarge := `{"name":"file/too-large","message":"That is larger than allowed."}`
	w.run(t, []call{
		{name: "no JSON to sign", key: "both", method: "POST", path: "/api/files/sign-urls", body: asJSON(`x`), status: 400, want: fiberyUnread},
		{name: "no body", key: "both", method: "POST", path: "/api/files/sign-urls", status: 400, want: fiberyUnread},
		{name: "no JSON to upload from", key: "both", method: "POST", path: "/api/files/from-url", body: asJSON(`[]`), status: 400, want: fiberyUnread},
		{name: "too much to sign", key: "both", method: "POST", path: "/api/files/sign-urls", body: asJSON(`{}` + much), status: 413, want: tooLarge},
		{name: "too much to upload from", key: "both", method: "POST", path: "/api/files/from-url", body: asJSON(`{}` + much), status: 413, want: tooLarge},
		{name: "too much of a command", key: "both", method: "POST", path: "/api/commands", body: asJSON(`{}` + much), status: 413, want: `{"success":false,"result":` + tooLarge + `}`},
		{name: "too long a value in a form", key: "both", method: "POST", path: "/api/files", body: []part{{"x", "", []byte(much + "x")}}, status: 413, want: tooLarge},
	})
	for _, header := range []string{"Access-Control-Allow-Origin", "X-Content-Type-Options"} {
		if a := w.do("POST", "/api/files/sign-urls", nil, "Origin: https://example.com"); a.header.Get(header) == "" {
			t.Errorf("no %s", header)
		}
	}
}

func fiberyLimits(t *testing.T, w *dialectWorld) {
	const tooLarge = `{"name":"file/too-large","message":"That is larger than allowed."}`
	w.checkStaged(t)
	w.checkLimit(t, []call{
		{name: "an upload", key: "both", method: "POST", path: "/api/files", body: []part{{"file", "a.jpg", jpegOf(40, 30)}}, status: 413, want: tooLarge},
		{name: "an upload from the web", key: "both", method: "POST", path: "/api/files/from-url", body: asJSON(`{"url":"{url}/x"}`), status: 413, want: "-"},
	})
}

func fiberyFaults(t *testing.T, w *dialectWorld) {
	w.checkFault(t, "/api/files/"+w.vars["second-secret"], `{"name":"server/failed","message":"Something went wrong on our side."}`)
}
