package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// recordBody is a record of a base collection with its own keys, as {"name":value}.
func recordBody(collection, own string) string {
	return merged(map[string]string{
		"collectionId": fmt.Sprintf("%q", collectionID("base", collection)), "collectionName": fmt.Sprintf("%q", collection), "id": `"ID"`,
	}, own)
}

// listBody is a page of items.
func listBody(page, perPage, items, pages int, all ...string) string {
	return fmt.Sprintf(`{"items":[%s],"page":%d,"perPage":%d,"totalItems":%d,"totalPages":%d}`, strings.Join(all, ","), page, perPage, items, pages)
}

func wireRecords(t *testing.T, w *world) {
	anyone := map[string]any{"listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": ""}
	create := typed{"application/json", fmt.Sprintf(`{"name":"records","fields":[%s]}`, strings.Join([]string{
		`{"name":"title","type":"text"}`, `{"name":"rank","type":"number"}`, `{"name":"shown","type":"bool"}`, `{"name":"contact","type":"email"}`,
		`{"name":"site","type":"url"}`, `{"name":"taken","type":"date"}`, `{"name":"made","type":"autodate","onCreate":true}`,
		`{"name":"mood","type":"select","values":["calm","loud"]}`, `{"name":"moods","type":"select","values":["calm","loud"],"maxSelect":2}`,
		`{"name":"extra","type":"json"}`, `{"name":"story","type":"editor"}`, `{"name":"owner","type":"relation","collectionId":"_pb_users_auth_"}`,
		`{"name":"owners","type":"relation","collectionId":"_pb_users_auth_","maxSelect":3}`, `{"name":"image","type":"file"}`,
		`{"name":"images","type":"file","maxSelect":2}`, `{"name":"secret","type":"text","hidden":true}`}, ","))}
	w.ask(t, line{as: "admin", method: "POST", path: "/api/collections", body: create}).want(t, 200)
	w.call("PATCH", "/api/collections/records", w.token, anyone).want(t, 200)

	empty := `{"contact":"","extra":null,"image":"","images":[],"made":"T","mood":"","moods":[],"owner":"","owners":[],"rank":0,"shown":false,"site":"","story":"","taken":"","title":""}`
	full := fmt.Sprintf(`{"id":"recordrecordrec","contact":"a@example.com","extra":{"b":[1,null,"\u003c"],"a":1e2},"mood":"loud","moods":["loud","calm"],"owner":%q,"owners":[%q,%q],"rank":-1.5,`+
		`"shown":true,"site":"https://example.com/?a=1\u0026b=2","story":"\u003cp\u003e","taken":"2026-01-02T03:04:05+01:00","title":"\u2028é"}`, w.ids["ann"], w.ids["bob"], w.ids["ann"])
	answered := `{"contact":"a@example.com","extra":{"a":100,"b":[1,null,"\u003c"]},"image":"","images":[],"made":"T","mood":"loud","moods":["loud","calm"],"owner":"ID","owners":["ID","ID"],"rank":-1.5,` +
		`"shown":true,"site":"https://example.com/?a=1\u0026b=2","story":"\u003cp\u003e","taken":"T","title":"\u2028é"}`
	const records, one = "/api/collections/records/records", "/api/collections/records/records/recordrecordrec"
	w.run(t, []line{
		{name: "of nothing", method: "POST", path: records, body: map[string]any{}, status: 200, want: recordBody("records", empty)},
		{name: "of everything", method: "POST", path: records, body: typed{"application/json", full}, status: 200, want: recordBody("records", answered)},
		{name: "an id that is taken", method: "POST", path: records, body: map[string]any{"id": "recordrecordrec"}, status: 400,
			want: invalid("Failed to create record.", complaint("id", "validation_not_unique", "Value must be unique."))},
		{name: "an id too short", method: "POST", path: records, body: map[string]any{"id": "short"}, status: 400,
			want: invalid("Failed to create record.", `"id":{"code":"validation_min_text_constraint","message":"Must be at least 15 character(s).","params":{"min":15}}`)},
		{name: "an id of other characters", method: "POST", path: records, body: map[string]any{"id": "RecordRecordRec"}, status: 400,
			want: invalid("Failed to create record.", complaint("id", "validation_invalid_format", "Invalid value format."))},
		{name: "viewing", method: "GET", path: one, status: 200, want: recordBody("records", answered)},
		{name: "viewing by the collection's id", method: "GET", path: "/api/collections/" + collectionID("base", "records") + "/records/recordrecordrec?fields=title", status: 200, want: `{"title":"\u2028é"}`},
		{name: "viewing by HEAD", method: "HEAD", path: one, status: 200},
		{name: "an id is compared byte by byte", method: "GET", path: records + "/RECORDRECORDREC", status: 404, want: refusal(404, notFoundText)},
		{name: "a superuser sees what is hidden", as: "admin", method: "GET", path: one + "?fields=secret,title", status: 200, want: `{"secret":"","title":"\u2028é"}`},
		{name: "nobody else does", as: "ann", method: "GET", path: one + "?fields=secret,title", status: 200, want: `{"title":"\u2028é"}`},
		{name: "nor writes it", as: "ann", method: "PATCH", path: one + "?fields=id", body: map[string]any{"secret": "x", "made": "2020-01-01 00:00:00.000Z"}, status: 200, want: `{"id":"ID"}`},
		{name: "it is as it was", as: "admin", method: "GET", path: one + "?fields=secret", status: 200, want: `{"secret":""}`},
		{name: "picking in a JSON field", method: "GET", path: one + "?fields=extra.b,story:excerpt(3)", status: 200, want: `{"extra":{"b":[1,null,"\u003c"]},"story":""}`},
		{name: "changing one value", method: "PATCH", path: one + "?fields=title,rank", body: map[string]any{"title": "new"}, status: 200, want: `{"rank":-1.5,"title":"new"}`},
		{name: "numbers are added to", method: "PATCH", path: one + "?fields=rank", body: map[string]any{"rank+": 2, "rank-": 1}, status: 200, want: `{"rank":-0.5}`},
		{name: "lists are added to", method: "PATCH", path: one + "?fields=moods,owners", body: map[string]any{"moods-": "loud", "+owners": w.ids["ann"]}, status: 200, want: `{"moods":["calm"],"owners":["ID","ID"]}`},
		{name: "no body changes nothing", method: "PATCH", path: one + "?fields=rank", status: 200, want: `{"rank":-0.5}`},
		{name: "deleting", method: "DELETE", path: one, status: 204},
		{name: "deleting again", method: "DELETE", path: one, status: 404, want: refusal(404, notFoundText)},
	})
}

func wireLists(t *testing.T, w *world) {
	w.collection("lists", nil, map[string]any{"fields": []any{
		map[string]any{"name": "title", "type": "text"}, map[string]any{"name": "rank", "type": "number"}, map[string]any{"name": "secret", "type": "text", "hidden": true},
	}})
	for i := range 7 {
		w.call("POST", "/api/collections/lists/records", w.token, map[string]any{"title": fmt.Sprint("n", i%3), "rank": i, "secret": fmt.Sprint(i)}).want(t, 200)
	}
	item := func(rank int) string {
		return recordBody("lists", fmt.Sprintf(`{"image":"","rank":%d,"title":"n%d"}`, rank, rank%3))
	}
	ranks := func(n ...int) (items []string) {
		for _, rank := range n {
			items = append(items, fmt.Sprintf(`{"rank":%d}`, rank))
		}
		return items
	}
	get := func(name, query, want string) line {
		status := 200
		if strings.Contains(want, `"status":400`) {
			status = 400
		} else if strings.Contains(want, `"status":403`) {
			status = 403
		}
		return line{name: name, method: "GET", path: "/api/collections/lists/records?" + query, status: status, want: want}
	}
	q, bad := url.QueryEscape, refusal(400, badRequestText)
	long := "title='" + strings.Repeat("x", 3500-len("title=''")) + "'"
	w.run(t, []line{
		get("a page", "page=2&perPage=3&sort=-rank", listBody(2, 3, 7, 3, item(3), item(2), item(1))),
		get("in the order of making", "fields=rank", listBody(1, 30, 7, 1, ranks(0, 1, 2, 3, 4, 5, 6)...)),
		get("beyond the last page", "page=9&perPage=3", listBody(9, 3, 7, 3)),
		get("without counting", "skipTotal=1&perPage=2&fields=rank", listBody(1, 2, -1, -1, ranks(0, 1)...)),
		get("without counting, in a word", "skipTotal=true&perPage=2&fields=rank", listBody(1, 2, -1, -1, ranks(0, 1)...)),
		get("counting, in another word", "skipTotal=no&perPage=2&fields=rank", listBody(1, 2, 7, 4, ranks(0, 1)...)),
		get("a page of at most a thousand", "perPage=5000&fields=rank", listBody(1, 1000, 7, 1, ranks(0, 1, 2, 3, 4, 5, 6)...)),
		get("a page of none is the usual one", "perPage=0&page=0&fields=rank", listBody(1, 30, 7, 1, ranks(0, 1, 2, 3, 4, 5, 6)...)),
		get("a page of less than none too", "perPage=-1&page=-1&fields=rank", listBody(1, 30, 7, 1, ranks(0, 1, 2, 3, 4, 5, 6)...)),
		get("numbers that are none count as not given", "perPage=x&page=1e9&fields=rank", listBody(1, 30, 7, 1, ranks(0, 1, 2, 3, 4, 5, 6)...)),
		get("a filter", "fields=rank&filter="+q("rank > 2 && (title = 'n0' || title ~ '2')"), listBody(1, 30, 3, 1, ranks(3, 5, 6)...)),
		get("a filter that nothing meets", "filter="+q("rank = 100"), listBody(1, 30, 0, 0)),
		get("two sorts", "fields=rank&sort=-title,%2Brank", listBody(1, 30, 7, 1, ranks(2, 5, 1, 4, 0, 3, 6)...)),
		get("some fields, as clients write them", "perPage=1&fields=rank,collectionName", listBody(1, 1, 7, 7, `{"collectionName":"lists","rank":0}`)),
		get("fields from the envelope on", "perPage=1&fields=items.rank,totalItems", `{"items":[{"rank":0}],"totalItems":7}`),
		get("the longest filter", "filter="+q(long), listBody(1, 30, 0, 0)),
		get("a filter too long", "filter="+q(long+" "), bad),
		get("as many comparisons as there may be", "fields=rank&filter="+q(strings.Repeat("rank=1||", 199)+"rank=1"), listBody(1, 30, 1, 1, ranks(1)...)),
		get("too many comparisons", "filter="+q(strings.Repeat("rank=1||", 200)+"rank=1"), bad),
		get("eight sorts", "fields=rank&perPage=1&sort=rank,rank,rank,rank,rank,rank,rank,rank", listBody(1, 1, 7, 7, ranks(0)...)),
		get("nine sorts", "sort=rank,rank,rank,rank,rank,rank,rank,rank,rank", bad),
		get("a filter that makes no sense", "filter=rank+%3D", bad),
		get("a filter by what is none", "filter=nothing=1", bad),
		get("a filter by what is hidden", "filter="+q("secret = '1'"), bad),
		get("a sort by what is hidden", "sort=secret", bad),
		get("a sort by what is none", "sort=nothing", bad),
		get("a sort by SQL", "sort="+q("rank;DROP TABLE users"), bad),
		get("a filter by other collections", "filter="+q("@collection.users.email != ''"), refusal(403, "Only superusers can filter by @collection.")),
		get("a filter by the request", "filter="+q("title = @request.auth.email"), refusal(403, "Only superusers can filter by @request.")),
		{name: "a superuser filters by what is hidden", as: "admin", method: "GET", path: "/api/collections/lists/records?sort=-secret&fields=secret&filter=" + q("secret > '4'"), status: 200,
			want: listBody(1, 30, 2, 1, `{"secret":"6"}`, `{"secret":"5"}`)},
		{name: "by HEAD", method: "HEAD", path: "/api/collections/lists/records", status: 200},
	})
}

func wireRules(t *testing.T, w *world) {
	const own = "owner = @request.auth.id"
	w.collection("rules", nil, map[string]any{"listRule": own, "viewRule": own, "createRule": own, "updateRule": own, "deleteRule": own,
		"fields": []any{map[string]any{"name": "owner", "type": "text"}}})
	id := w.call("POST", "/api/collections/rules/records", w.tokens["ann"], map[string]any{"owner": w.ids["ann"]}).want(t, 200).json(t)["id"].(string)
	w.call("POST", "/api/collections/rules/records", w.tokens["bob"], map[string]any{"owner": w.ids["bob"]}).want(t, 200)
	records, one := "/api/collections/rules/records", "/api/collections/rules/records/"+id
	body := recordBody("rules", `{"image":"","owner":"ID"}`)
	none, notFound := listBody(1, 30, 0, 0), refusal(404, notFoundText)
	unmet := refusal(400, "Failed to create record.")
	var lines []line
	for _, who := range []string{"", "bob"} {
		name, theirs := who, listBody(1, 30, 1, 1, body)
		if who == "" {
			name, theirs = "a guest", none
		}
		lines = append(lines, []line{
			{name: name + " lists", as: who, method: "GET", path: records, status: 200, want: theirs},
			{name: name + " views", as: who, method: "GET", path: one, status: 404, want: notFound},
			{name: name + " creates", as: who, method: "POST", path: records, body: map[string]any{"owner": w.ids["ann"]}, status: 400, want: unmet},
			{name: name + " changes", as: who, method: "PATCH", path: one, body: map[string]any{}, status: 404, want: notFound},
			{name: name + " deletes", as: who, method: "DELETE", path: one, status: 404, want: notFound},
		}...)
	}
	w.run(t, append(lines, []line{
		{name: "ann lists", as: "ann", method: "GET", path: records, status: 200, want: listBody(1, 30, 1, 1, body)},
		{name: "ann views", as: "ann", method: "GET", path: one, status: 200, want: body},
		{name: "a superuser lists", as: "admin", method: "GET", path: records, status: 200, want: listBody(1, 30, 2, 1, body, body)},
		{name: "ann's filter does not widen her rule", as: "ann", method: "GET", path: records + "?filter=" + url.QueryEscape("owner != '' || 1 = 1"), status: 200, want: listBody(1, 30, 1, 1, body)},
		{name: "ann gives hers away", as: "ann", method: "PATCH", path: one, body: map[string]any{"owner": w.ids["bob"]}, status: 200, want: body},
		{name: "and has no more to say", as: "ann", method: "DELETE", path: one, status: 404, want: notFound},
		{name: "bob deletes", as: "bob", method: "DELETE", path: one, status: 204},
	}...))
}

// wireVisibility is about what nobody may find out about others, by whatever parameter.
func wireVisibility(t *testing.T, w *world) {
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "people", "type": "auth", "listRule": "", "viewRule": "", "createRule": ""}).want(t, 200)
	ids := make(map[string]string)
	for name, visible := range map[string]bool{"shy": false, "open": true} {
		ids[name] = w.account("people", map[string]any{"id": strings.Repeat(name[:1], 15), "email": name + "@example.com", "emailVisibility": visible})
	}
	w.tokens["shy"] = w.signIn("people", "shy@example.com", userPassword)
	const people = "/api/collections/people/records"
	person := func(name string, email bool) string {
		address := ""
		if email {
			address = fmt.Sprintf(`"email":"%s@example.com",`, name)
		}
		return fmt.Sprintf(`{"collectionId":%q,"collectionName":"people",%s"emailVisibility":%v,"id":"ID","verified":false}`, collectionID("auth", "people"), address, name == "open")
	}
	q, bad := url.QueryEscape, refusal(400, badRequestText)
	list := func(name, as, query string, items ...string) line {
		return line{name: name, as: as, method: "GET", path: people + "?" + query, status: 200, want: listBody(1, 30, len(items), min(len(items), 1), items...)}
	}
	refused := func(name, query string) line {
		return line{name: name, as: "ann", method: "GET", path: people + "?" + query, status: 400, want: bad}
	}
	w.run(t, []line{
		list("a guest", "", "sort=-id", person("shy", false), person("open", true)),
		list("the shy one", "shy", "sort=-id", person("shy", true), person("open", true)),
		list("a user of another collection", "ann", "sort=-id", person("shy", false), person("open", true)),
		list("a superuser", "admin", "sort=-email", person("shy", true), person("open", true)),
		{name: "a view", method: "GET", path: people + "/" + ids["shy"], status: 200, want: person("shy", false)},
		list("a filter by an address finds those that are shown", "", "filter="+q("email ~ 'example.com'"), person("open", true)),
		list("and no other", "", "filter="+q("email = 'shy@example.com'")),
		list("nor by what it is not", "", "filter="+q("email != 'open@example.com'")),
		list("nor by its beginning", "", "filter="+q("email >= 's' && email < 't'")),
		list("nor beside something that is true", "", "filter="+q("id = 'x' || email ?~ 'shy'")),
		list("nor in another case", "", "filter="+q("email:lower = 'shy@example.com'")),
		list("nor on the other side", "", "filter="+q("'shy@example.com' = email")),
		list("nor of itself", "shy", "filter="+q("email = 'shy@example.com'")),
		list("a superuser finds it", "admin", "filter="+q("email = 'shy@example.com'"), person("shy", true)),
		refused("a sort by address", "sort=email"),
		refused("a sort by address, downwards", "sort=-email"),
		refused("a filter by password", "filter="+q("password ~ '$2a$'")),
		refused("a filter by token key", "filter="+q("tokenKey ~ 'a'")),
		refused("a sort by password", "sort=password"),
		refused("a sort by token key", "sort=tokenKey"),
		{name: "a superuser's filter by password", as: "admin", method: "GET", path: people + "?filter=" + q("password != ''"), status: 400, want: bad},
		{name: "a superuser's sort by token key", as: "admin", method: "GET", path: people + "?sort=tokenKey", status: 400, want: bad},
		{name: "fields that nobody gets", as: "admin", method: "GET", path: people + "/" + ids["shy"] + "?fields=password,tokenKey,passwordHash,email", status: 200, want: `{"email":"shy@example.com"}`},
		{name: "fields that a guest does not get", method: "GET", path: people + "/" + ids["shy"] + "?fields=password,tokenKey,email,verified", status: 200, want: `{"verified":false}`},
		{name: "a new record shows its maker what it shows everybody", method: "POST", path: people, status: 200, want: person("new", false),
			body: map[string]any{"email": "new@example.com", "password": userPassword, "passwordConfirm": userPassword}},
	})
}

func wireExpand(t *testing.T, w *world) {
	tag := func(name, view string) string {
		rule := map[string]any{"viewRule": view}
		if view == "null" {
			rule["viewRule"] = nil
		}
		rule["fields"] = []any{map[string]any{"name": "label", "type": "text"}}
		return w.collection(name, nil, rule)
	}
	shown, picked, closed := tag("tags_shown", ""), tag("tags_picked", "label != 'b'"), tag("tags_closed", "null")
	relation := func(name, collection string, most int) map[string]any {
		return map[string]any{"name": name, "type": "relation", "collectionId": collection, "maxSelect": most}
	}
	w.collection("expands", nil, map[string]any{"fields": []any{relation("shown", shown, 3), relation("picked", picked, 3), relation("closed", closed, 3),
		relation("one", picked, 1), relation("none", shown, 1), relation("owner", "_pb_users_auth_", 1)}})
	ids := make(map[string][]string)
	for _, c := range []string{"shown", "picked", "closed"} {
		for _, label := range []string{"a", "b"} {
			ids[c] = append(ids[c], w.call("POST", "/api/collections/tags_"+c+"/records", w.token, map[string]any{"label": label}).want(t, 200).json(t)["id"].(string))
		}
	}
	body := map[string]any{"shown": ids["shown"], "picked": ids["picked"], "closed": ids["closed"], "one": ids["picked"][1], "owner": w.ids["ann"]}
	id := w.call("POST", "/api/collections/expands/records", w.token, body).want(t, 200).json(t)["id"].(string)
	one := "/api/collections/expands/records/" + id
	label := func(c, l string) string {
		return recordBody("tags_"+c, fmt.Sprintf(`{"image":"","label":%q}`, l))
	}
	record := func(expand string) string {
		own := `{"image":"","shown":["ID","ID"],"picked":["ID","ID"],"closed":["ID","ID"],"one":"ID","none":"","owner":"ID"`
		if expand != "" {
			own += `,"expand":` + expand
		}
		return recordBody("expands", own+"}")
	}
	all := "?expand=" + url.QueryEscape("shown, picked,closed,one,none,owner,nothing,id")
	shownTags, pickedTags := "["+label("shown", "a")+","+label("shown", "b")+"]", "["+label("picked", "a")+"]"
	w.run(t, []line{
		{name: "nothing", method: "GET", path: one + "?expand=", status: 200, want: record("")},
		{name: "a guest", method: "GET", path: one + all, status: 200, want: record(`{"picked":` + pickedTags + `,"shown":` + shownTags + `}`)},
		{name: "ann", as: "ann", method: "GET", path: one + all, status: 200, want: record(`{"owner":` + annJSON + `,"picked":` + pickedTags + `,"shown":` + shownTags + `}`)},
		{name: "bob may not view ann", as: "bob", method: "GET", path: one + "?expand=owner", status: 200, want: record("")},
		{name: "a superuser", as: "admin", method: "GET", path: one + "?expand=closed,one", status: 200,
			want: record(`{"closed":[` + label("closed", "a") + `,` + label("closed", "b") + `],"one":` + label("picked", "b") + `}`)},
		{name: "one level", as: "admin", method: "GET", path: one + "?expand=one.image.x", status: 200, want: record(`{"one":` + label("picked", "b") + `}`)},
		{name: "records that refer to it", as: "admin", method: "GET", path: "/api/collections/tags_picked/records/" + ids["picked"][1] + "?expand=expands_via_one", status: 200,
			want: label("picked", "b")},
		{name: "in a list", method: "GET", path: "/api/collections/expands/records?expand=picked&fields=expand.picked.label", status: 200, want: listBody(1, 30, 1, 1, `{"expand":{"picked":[{"label":"a"}]}}`)},
		{name: "in the answer to a change", method: "PATCH", path: one + "?expand=picked&fields=expand", body: map[string]any{}, status: 200, want: `{"expand":{"picked":` + pickedTags + `}}`},
	})
}
