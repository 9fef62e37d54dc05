package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Foir's wire table, continued: bytes that are not what was announced, URLs that do not count, keys, bodies and pages.

func foirRefusedBytes(t *testing.T, w *dialectWorld) {
	photo := jpegOf(30, 20)
	other := append([]byte("<html><body>"), make([]byte, len(photo)-12)...)
	for _, c := range []struct {
		name, contentType string
		data              []byte
		chunked           bool
	}{
		{"fewer bytes", "image/jpeg", photo[:len(photo)-1], false},
		{"more bytes", "image/jpeg", append(photo, 0), false},
		{"none", "image/jpeg", nil, false},
		{"fewer bytes in chunks", "image/jpeg", photo[:len(photo)-1], true},
		{"more bytes in chunks", "image/jpeg", append(photo, make([]byte, 100<<10)...), true},
		{"another declared type", "image/png", photo, false},
		{"curl's own type", "application/x-www-form-urlencoded", photo, false},
		{"bytes of another type", "image/jpeg", other, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, url := w.announce(t, "hero.jpg", "image/jpeg", len(photo), nil)
			body := io.Reader(bytes.NewReader(c.data))
			if c.chunked {
				body = io.MultiReader(body) // of no length that net/http knows
			}
			a := w.do("PUT", url, body, "Content-Type: "+c.contentType)
			if a.status != 400 || !strings.Contains(string(a.body), `"code":"BAD_USER_INPUT"`) {
				t.Errorf("%d %s", a.status, a.body)
			}
			if _, codes := w.graphql(t, "writer", fmt.Sprintf(foirFinalize, id), nil); codes != "UPLOAD_INCOMPLETE" {
				t.Errorf("something was kept: %s", codes)
			}
			w.put(url, "image/jpeg; charset=binary", photo).want(t, 200) // the URL was not used up
			if a := w.put(url, "image/jpeg", photo).want(t, 409); !strings.Contains(string(a.body), "UPLOAD_URL_USED") {
				t.Errorf("%s", a.body)
			}
		})
	}

	// Of many who use one URL at once, one does.
	id, url := w.announce(t, "race.jpg", "image/jpeg", len(photo), nil)
	var used, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			a, err := w.try("PUT", url, bytes.NewReader(photo), "Content-Type: image/jpeg")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case a.status == 200:
				used++
			case a.status == 409:
				refused++
			}
		})
	}
	all.Wait()
	if used != 1 || refused != 7 {
		t.Errorf("%d used one URL, %d were refused", used, refused)
	}
	confirmed := make(chan string, 8)
	body, _ := json.Marshal(map[string]string{"query": fmt.Sprintf(foirFinalize, id)})
	for range 8 {
		all.Go(func() {
			a, err := w.try("POST", "/graphql", bytes.NewReader(body), "Authorization: Bearer "+w.keys["both"])
			confirmed <- fmt.Sprintf("%v %s", err, a.body)
		})
	}
	all.Wait()
	first := <-confirmed
	for range 7 {
		if other := <-confirmed; other != first || !strings.Contains(first, `"filename":"race.jpg"`) {
			t.Errorf("confirmed at once: %s and %s", first, other)
		}
	}
}

func foirForgedURLs(t *testing.T, w *dialectWorld) {
	photo := jpegOf(30, 20)
	id, url := w.announce(t, "hero.jpg", "image/jpeg", len(photo), nil)
	path, query, _ := strings.Cut(url, "?")
	otherID, _ := w.announce(t, "hero.jpg", "image/jpeg", len(photo), nil)
	forged := map[string]string{
		"none at all":     path,
		"another's":       strings.Replace(url, id, otherID, 1),
		"no such upload":  strings.Replace(url, id, "upl_aaaaaaaaaaaaaaaaaaaa", 1),
		"one that ended":  path + "?" + w.signed(path, time.Now().Add(-time.Second)),
		"of another path": path + "?" + w.signed("/media/"+id, time.Now().Add(time.Minute)),
	}
	for name, q := range forgeries(query) {
		forged[name] = path + "?" + q
	}
	for name, url := range forged {
		a := w.put(url, "image/jpeg", photo)
		if a.status != 400 || !strings.Contains(string(a.body), `"code":"UPLOAD_URL_INVALID"`) || a.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	w.put(url, "image/jpeg", photo).want(t, 200)
}

func foirPrivate(t *testing.T, w *dialectWorld) {
	photo := jpegOf(300, 200)
	id, url := w.announce(t, "secret.jpg", "image/jpeg", len(photo), nil)
	w.put(url, "image/jpeg", photo).want(t, 200)
	const finalize = `mutation { confirmFileUpload(uploadId: %q, visibility: PRIVATE) { id url } }`
	v, codes := w.graphql(t, "writer", fmt.Sprintf(finalize, id), nil)
	if codes != "" || v["url"] != nil {
		t.Fatalf("a writer is given the address of what it may not read: %s %v", codes, v)
	}
	v, _ = w.graphql(t, "reader", fmt.Sprintf(foirGet, v["id"]), nil)
	path, query, _ := strings.Cut(strings.TrimPrefix(v["url"].(string), w.base), "?")
	signed := map[string]string{"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer"}
	private := map[string]string{"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
	closed := map[string]string{"Cache-Control": "no-store"}
	w.run(t, []call{
		{name: "by its signed URL", method: "GET", path: path + "?" + query, status: 200, want: string(photo), sent: signed},
		{name: "a thumb by it", method: "GET", path: path + "?thumb=61x41&" + query, status: 200, want: "-", sent: signed},
		{name: "its head", method: "HEAD", path: path + "?" + query, status: 200, sent: signed},
		{name: "by a key", key: "reader", method: "GET", path: path, status: 200, want: string(photo), sent: private},
		{name: "a guest", method: "GET", path: path, status: 404, want: "-", sent: closed},
		{name: "a guest's thumb", method: "GET", path: path + "?thumb=61x41", status: 404, want: "-", sent: closed},
		{name: "a key that may write only", key: "writer", method: "GET", path: path, status: 404, want: "-", sent: closed},
		{name: "a revoked key", key: "revoked", method: "GET", path: path, status: 404, want: "-", sent: closed},
		{name: "an expired key", key: "expired", method: "GET", path: path, status: 404, want: "-", sent: closed},
		{name: "a forged key", key: "forged", method: "GET", path: path, status: 404, want: "-", sent: closed},
		{name: "a URL that ended", method: "GET", path: path + "?" + w.signed(path, time.Now().Add(-time.Second)), status: 404, want: "-", sent: closed},
	})
	for name, q := range forgeries(query) {
		if a := w.get(path + "?" + q); a.status != 404 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func foirKeys(t *testing.T, w *dialectWorld) {
	file := w.foirUpload(t, "both", "a.txt", "text/plain", []byte("x"), nil)
	get := fmt.Sprintf(foirGet, file["id"])
	for _, c := range []struct{ key, codes string }{
		{"both", ""}, {"reader", ""}, {"writer", "FORBIDDEN"}, {"", "UNAUTHENTICATED"}, {"revoked", "UNAUTHENTICATED"},
		{"expired", "UNAUTHENTICATED"}, {"forged", "UNAUTHENTICATED"},
	} {
		if v, codes := w.graphql(t, c.key, get, nil); codes != c.codes || (v == nil) != (codes != "") {
			t.Errorf("reading with the key %q: %s %v", c.key, codes, v)
		}
	}
	for _, c := range []struct{ key, codes string }{
		{"both", ""}, {"reader", "FORBIDDEN"}, {"writer", ""}, {"", "UNAUTHENTICATED"}, {"revoked", "UNAUTHENTICATED"},
		{"expired", "UNAUTHENTICATED"}, {"forged", "UNAUTHENTICATED"},
	} {
		variables := map[string]any{"filename": "a.jpg", "mimeType": "image/jpeg", "size": 10}
		if _, codes := w.graphql(t, c.key, foirStart, variables); codes != c.codes {
			t.Errorf("announcing with the key %q: %s", c.key, codes)
		}
		want := c.codes
		if want == "" {
			want = "NOT_FOUND"
		}
		if _, codes := w.graphql(t, c.key, fmt.Sprintf(foirFinalize, "upl_aaaaaaaaaaaaaaaaaaaa"), nil); codes != want {
			t.Errorf("confirming with the key %q: %s", c.key, codes)
		}
	}
	a := w.do("POST", "/graphql", strings.NewReader(`{"query":"`+strings.ReplaceAll(get, `"`, `\"`)+`"}`), "Authorization: Token "+w.keys["both"])
	if !strings.Contains(string(a.body), "UNAUTHENTICATED") {
		t.Errorf("another scheme: %s", a.body)
	}
}

func foirBodies(t *testing.T, w *dialectWorld) {
	const unread = `{"errors":[{"message":"The body must be a JSON object with a query.","extensions":{"code":"BAD_REQUEST"}}]}`
	refused := func(name, body string) call {
		return call{name: name, method: "POST", path: "/graphql", body: asJSON(body), status: 400, want: unread}
	}
	w.run(t, []call{
		refused("nothing", ""), refused("no JSON", "query"), refused("a list", `[{"query":"{__typename}"}]`), refused("no query", `{"variables":{}}`),
		refused("variables that are none", `{"query":"{__typename}","variables":[]}`),
		{name: "too much", method: "POST", path: "/graphql", body: asJSON(`{"query":"` + strings.Repeat(" ", 300<<10) + `"}`), status: 413,
			want: `{"errors":[{"message":"The body is larger than allowed.","extensions":{"code":"FILE_TOO_LARGE"}}]}`},
		{name: "a query that is broken", method: "POST", path: "/graphql", body: asJSON(`{"query":"{"}`), status: 200,
			want: `{"errors":[{"message":"syntax error: unexpected \"\", expecting Ident","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`},
		{name: "a query for nothing", method: "POST", path: "/graphql", body: asJSON(`{"query":"{__typename}"}`), status: 200, want: `{"data":{"__typename":"Query"}}`},
		{name: "one of two operations", method: "POST", path: "/graphql", body: asJSON(`{"query":"query a{__typename} query b{x:__typename}","operationName":"b"}`), status: 200, want: `{"data":{"x":"Query"}}`},
		{name: "another method", method: "GET", path: "/graphql?query={__typename}", status: 404, want: "-"},
	})
}

// foirPages holds that a page of another origin may ask, and send the bytes.
func foirPages(t *testing.T, w *dialectWorld) {
	photo := jpegOf(30, 20)
	_, url := w.announce(t, "hero.jpg", "image/jpeg", len(photo), nil)
	for _, path := range []string{url, "/graphql"} {
		a := w.do("OPTIONS", path, nil, "Origin: https://shop.example", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization,content-type")
		if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "PUT") ||
			a.header.Get("Access-Control-Allow-Headers") != "authorization,content-type" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	if a := w.put(url, "image/jpeg", photo, "Origin: https://shop.example").want(t, 200); a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", a.header)
	}
}
