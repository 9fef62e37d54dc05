package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The wire table of Baasix's dialect: every example of its text in the text's order, then what is refused.

func TestBaasixWire(t *testing.T) {
	w := newDialectWorld(t, "Bearer")
	for _, section := range []struct {
		name string
		run  func(*testing.T, *dialectWorld)
	}{
		{"files", baasixFiles}, {"uploads from a URL", baasixFromURL}, {"workflow", baasixWorkflow}, {"items", baasixItems}, {"assets", baasixAssets},
		{"signed URLs", baasixSigned}, {"keys", baasixKeys}, {"bodies", baasixBodies},
		{"limits", baasixLimits}, {"faults", baasixFaults},
	} {
		t.Run(section.name, func(t *testing.T) { section.run(t, w) })
	}
	w.checkLog(t)
}

// The refusals that come again and again.
const (
	baasixNoKey  = `{"error":{"message":"A valid API key is required."}}`
	baasixDenied = `{"error":{"message":"File not found or access denied"}}`
	baasixID     = `{"data":"UUID"}`
	baasixNobody = "00000000-0000-4000-8000-000000000000"
)

func baasixError(message string) string { return fmt.Sprintf(`{"error":{"message":%q}}`, message) }

// baasixPut uploads a file and keeps its id under a name.
func (w *dialectWorld) baasixPut(t *testing.T, name string, more ...part) {
	t.Helper()
	a := w.check(t, call{key: "writer", method: "POST", path: "/files", body: append(more, part{"file", "test-image.jpg", jpegOf(320, 240)}), status: 200, want: baasixID})
	w.vars[name] = a.json(t)["data"].(string)
}

func baasixFiles(t *testing.T, w *dialectWorld) {
	w.baasixPut(t, "file")
	w.baasixPut(t, "public", part{"visibility", "", []byte("public")}, part{"title", "", []byte("A chart")}, part{"description", "", []byte("of colours")})
	size := len(jpegOf(320, 240))
	shown := func(more string) string {
		return fmt.Sprintf(`{"data":{"id":"UUID","filename":"test-image.jpg","type":"image/jpeg","size":%d%s}}`, size, more)
	}
	const file = "/files/{file}"
	w.run(t, []call{
		{name: "details", key: "reader", method: "GET", path: file, status: 200, want: shown("")},
		{name: "by the id in capitals", key: "reader", method: "GET", path: "/files/" + strings.ToUpper(w.vars["file"]), status: 200, want: shown("")},
		{name: "what was said at the upload", key: "reader", method: "GET", path: "/files/{public}", status: 200, want: shown(`,"title":"A chart","description":"of colours"`)},
		{name: "the text's update", key: "writer", method: "PATCH", path: file, body: asJSON(`{"title":"Updated Test Image","description":"This is an updated test image"}`), status: 200, want: baasixID},
		{name: "is seen", key: "reader", method: "GET", path: file, status: 200, want: shown(`,"title":"Updated Test Image","description":"This is an updated test image"`)},
		{name: "an update of one thing", key: "writer", method: "PATCH", path: file, body: asJSON(`{"title":"My Photo"}`), status: 200, want: baasixID},
		{name: "leaves the rest", key: "reader", method: "GET", path: file, status: 200, want: shown(`,"title":"My Photo","description":"This is an updated test image"`)},
		{name: "an update of nothing", key: "writer", method: "PATCH", path: file, body: asJSON(`{}`), status: 200, want: baasixID},
		{name: "another name", key: "writer", method: "PATCH", path: file, body: asJSON(`{"filename":"x.jpg","title":"","description":""}`), status: 200, want: baasixID},
		{name: "is the name that it is saved under", key: "reader", method: "GET", path: "/assets/{file}", status: 200, want: "-", sent: map[string]string{"Content-Disposition": "inline; filename=x.jpg"}},
		{name: "and back", key: "writer", method: "PATCH", path: file, body: asJSON(`{"filename":"test-image.jpg"}`), status: 200, want: baasixID},

		{name: "details of what is not there", key: "reader", method: "GET", path: "/files/" + baasixNobody, status: 403, want: baasixDenied},
		{name: "details of what can't be", key: "reader", method: "GET", path: "/files/file-id", status: 403, want: baasixDenied},
		{name: "an update of what is not there", key: "writer", method: "PATCH", path: "/files/" + baasixNobody, body: asJSON(`{"title":"x"}`), status: 403, want: baasixDenied},
		{name: "a deletion of what is not there", key: "writer", method: "DELETE", path: "/files/" + baasixNobody, status: 403, want: baasixDenied},
		{name: "another visibility", key: "writer", method: "PATCH", path: file, body: asJSON(`{"visibility":"x"}`), status: 400, want: baasixError("The visibility must be public or private")},
		{name: "a title that is none", key: "writer", method: "PATCH", path: file, body: asJSON(`{"title":1}`), status: 400, want: baasixError("The body cannot be read")},
		{name: "no file", key: "writer", method: "POST", path: "/files", body: []part{{"x", "", []byte("y")}}, status: 400, want: baasixError("No file uploaded")},
		{name: "two files", key: "writer", method: "POST", path: "/files", body: []part{{"file", "a", nil}, {"file", "b", nil}}, status: 400, want: baasixError("One file is taken at a time")},
		{name: "a visibility that is none", key: "writer", method: "POST", path: "/files", body: []part{{"visibility", "", []byte("x")}, {"file", "b", nil}}, status: 400, want: baasixError("The visibility must be public or private")},
		{name: "no form", key: "writer", method: "POST", path: "/files", body: asJSON(`{}`), status: 400, want: baasixError("The body must be multipart/form-data")},
	})
}

func baasixFromURL(t *testing.T, w *dialectWorld) {
	w.vars["url"] = w.remote
	const path = "/files/upload-from-url"
	made := w.check(t, call{key: "writer", method: "POST", path: path, body: asJSON(`{"url":"{url}/webp/gallery3/1.png"}`), status: 200, want: baasixID})
	w.vars["fetched"] = made.json(t)["data"].(string)
	refused := func(name, body, message string) call {
		return call{name: name, key: "writer", method: "POST", path: path, body: asJSON(body), status: 400, want: baasixError(message)}
	}
	w.run(t, []call{
		{name: "what came is named by its address and typed by its bytes", key: "reader", method: "GET", path: "/files/{fetched}", status: 200,
			want: fmt.Sprintf(`{"data":{"id":"UUID","filename":"1.png","type":"image/jpeg","size":%d}}`, len(jpegOf(40, 30)))},
		{name: "and private", method: "GET", path: "/assets/{fetched}", status: 401, want: baasixNoKey},
		refused("no url", `{}`, "URL is required"),
		refused("another visibility", `{"url":"{url}/x","visibility":"x"}`, "The visibility must be public or private"),
		refused("no file there", `{"url":"{url}/nothing"}`, "The URL's server has no such file"),
		refused("no URL", `{"url":"not a url"}`, "The URL is not valid"),
		refused("another scheme", `{"url":"file:///etc/passwd"}`, "The URL is not valid"),
		refused("a private address", `{"url":"http://10.0.0.1/x"}`, "The URL leads to an address that is not fetched from"),
		refused("an address of a machine's own data", `{"url":"http://169.254.169.254/latest/meta-data/"}`, "The URL leads to an address that is not fetched from"),
	})
}

// baasixWorkflow is the text's complete workflow.
func baasixWorkflow(t *testing.T, w *dialectWorld) {
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "posts", "type": "base", "fields": []any{
		map[string]any{"name": "title", "type": "text", "required": true}, map[string]any{"name": "content", "type": "editor"},
		map[string]any{"name": "featuredImage", "type": "relation", "collectionId": "_imgorigin_media", "maxSelect": 1}}}).want(t, 200)
	w.baasixPut(t, "used")
	w.run(t, []call{
		{name: "details", key: "both", method: "GET", path: "/files/{used}", status: 200, want: "-"},
		{name: "update", key: "both", method: "PATCH", path: "/files/{used}", body: asJSON(`{"title":"Vacation Photo","description":"Summer 2024"}`), status: 200, want: baasixID},
	})
	a := w.check(t, call{key: "both", method: "POST", path: "/items/posts", body: asJSON(`{"title":"My Post","content":"Check out this photo!","featuredImage":"{used}"}`), status: 200, want: `{"data":"ID"}`})
	post := "/api/collections/posts/records/" + a.json(t)["data"].(string)
	record := w.call("GET", post+"?expand=featuredImage", w.token, nil).want(t, 200).json(t)
	image := record["expand"].(map[string]any)["featuredImage"].(map[string]any)
	if record["title"] != "My Post" || record["content"] != "Check out this photo!" || image["uuid"] != w.vars["used"] {
		t.Errorf("the record is %v", record)
	}
	w.run(t, []call{
		{name: "delete", key: "both", method: "DELETE", path: "/files/{used}", status: 200, want: `{"message":"File deleted successfully"}`},
		{name: "details after it", key: "both", method: "GET", path: "/files/{used}", status: 403, want: baasixDenied},
		{name: "bytes after it", key: "both", method: "GET", path: "/assets/{used}", status: 403, want: baasixDenied},
		{name: "update after it", key: "both", method: "PATCH", path: "/files/{used}", body: asJSON(`{"title":"x"}`), status: 403, want: baasixDenied},
		{name: "delete after it", key: "both", method: "DELETE", path: "/files/{used}", status: 403, want: baasixDenied},
	})
	if left := w.call("GET", post, w.token, nil).want(t, 200).json(t)["featuredImage"]; left != "" {
		t.Errorf("the record still names the file: %v", left)
	}
}

func baasixItems(t *testing.T, w *dialectWorld) {
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "diaries", "type": "base", "fields": []any{map[string]any{"name": "title", "type": "text"}}}).want(t, 200)
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "covers", "type": "base", "fields": []any{
		map[string]any{"name": "image", "type": "relation", "collectionId": "_imgorigin_media", "maxSelect": 1, "required": true}}}).want(t, 200)
	const denied = `{"error":{"message":"Collection not found or access denied"}}`
	w.run(t, []call{
		{name: "a collection that is not there", key: "both", method: "POST", path: "/items/nothing", body: asJSON(`{}`), status: 403, want: denied},
		{name: "a collection that has nothing to do with files", key: "both", method: "POST", path: "/items/diaries", body: asJSON(`{"title":"x"}`), status: 403, want: denied},
		{name: "the library itself", key: "both", method: "POST", path: "/items/media", body: asJSON(`{}`), status: 403, want: denied},
		{name: "accounts", key: "both", method: "POST", path: "/items/users", body: asJSON(`{}`), status: 403, want: denied},
		{name: "a key that may not write", key: "reader", method: "POST", path: "/items/posts", body: asJSON(`{"title":"x"}`), status: 403, want: denied},
		{name: "what a field's rule refuses", key: "both", method: "POST", path: "/items/posts", body: asJSON(`{}`), status: 400,
			want: `{"error":{"message":"Failed to create record.","fields":{"title":{"code":"validation_required","message":"Cannot be blank."}}}}`},
		{name: "a file that is not there", key: "both", method: "POST", path: "/items/posts", body: asJSON(`{"title":"x","featuredImage":"` + baasixNobody + `"}`), status: 400, want: "-"},
		{name: "a record of a required file", key: "both", method: "POST", path: "/items/covers", body: asJSON(`{"image":"{file}"}`), status: 200, want: `{"data":"ID"}`},
		{name: "keeps the file", key: "both", method: "DELETE", path: "/files/{file}", status: 409, want: baasixError("A record needs the file.")},
		{name: "which stays", key: "both", method: "GET", path: "/files/{file}", status: 200, want: "-"},
	})
}

func baasixAssets(t *testing.T, w *dialectWorld) {
	private := map[string]string{"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer", "Content-Type": "image/jpeg"}
	const file, public = "/assets/{file}", "/assets/{public}"
	a := w.check(t, call{key: "reader", method: "GET", path: file, status: 200, want: "-", sent: private})
	if string(a.body) != string(jpegOf(320, 240)) {
		t.Error("other bytes")
	}
	thumb := w.check(t, call{key: "reader", method: "GET", path: file + "?thumb=61x41", status: 200, want: "-", sent: private})
	if format, x, y := dimensions(t, thumb.body); format != "jpeg" || x != 61 || y != 41 {
		t.Errorf("the thumb is %s %d×%d", format, x, y)
	}
	etag := a.header.Get("Etag")
	w.run(t, []call{
		{name: "its head", key: "reader", method: "HEAD", path: file, status: 200, sent: private},
		{name: "a part", key: "reader", method: "GET", path: file, headers: []string{"Range: bytes=0-3"}, status: 206, want: string(a.body[:4])},
		{name: "known already", key: "reader", method: "GET", path: file, headers: []string{"If-None-Match: " + etag}, status: 304, want: ""},
		{name: "a public one", method: "GET", path: public, status: 200, want: "-", sent: map[string]string{"Cache-Control": "max-age=0, must-revalidate"}},
		{name: "a public one by a forged key", key: "forged", method: "GET", path: public, status: 401, want: baasixNoKey},
		{name: "a private one without a key", method: "GET", path: file, status: 401, want: baasixNoKey, sent: map[string]string{"Www-Authenticate": "Bearer"}},
		{name: "its head without a key", method: "HEAD", path: file, status: 401},
		{name: "its thumb without a key", method: "GET", path: file + "?thumb=61x41", status: 401, want: baasixNoKey},
		{name: "known already, without a key", method: "GET", path: file, headers: []string{"If-None-Match: " + etag}, status: 401, want: baasixNoKey},
		{name: "one that is not there, without a key", method: "GET", path: "/assets/" + baasixNobody, status: 401, want: baasixNoKey},
		{name: "by another scheme", method: "GET", path: file, headers: []string{"Authorization: Token " + w.keys["both"]}, status: 401, want: baasixNoKey},
		{name: "by a key that may not read", key: "writer", method: "GET", path: file, status: 403, want: baasixDenied},
		{name: "one that is not there, by that key", key: "writer", method: "GET", path: "/assets/" + baasixNobody, status: 403, want: baasixDenied},
		{name: "one that is not there", key: "reader", method: "GET", path: "/assets/" + baasixNobody, status: 403, want: baasixDenied},
		{name: "what can't be", key: "reader", method: "GET", path: "/assets/file-id", status: 403, want: baasixDenied},
		{name: "made private", key: "writer", method: "PATCH", path: "/files/{public}", body: asJSON(`{"visibility":"private"}`), status: 200, want: baasixID},
		{name: "it answers no stranger", method: "GET", path: public, status: 401, want: baasixNoKey},
	})
	token := w.call("POST", "/api/files/token", w.token, nil).want(t, 200).json(t)["token"].(string)
	w.check(t, call{method: "GET", path: file + "?token=" + token, status: 200, want: "-", sent: private})
}

func baasixSigned(t *testing.T, w *dialectWorld) {
	a := w.check(t, call{key: "reader", method: "GET", path: "/files/{fetched}?signed=true", status: 200,
		want: fmt.Sprintf(`{"data":{"id":"UUID","filename":"1.png","type":"image/jpeg","size":%d,"url":"%s/assets/UUID?SIGNATURE","expiresAt":"TIME"}}`, len(jpegOf(40, 30)), w.base)})
	url := strings.TrimPrefix(a.json(t)["data"].(map[string]any)["url"].(string), w.base)
	w.check(t, call{method: "GET", path: url, status: 200, want: "-", sent: map[string]string{"Cache-Control": "private, max-age=300"}})
	w.check(t, call{method: "GET", path: url + "&thumb=20x20", status: 200, want: "-"})
	own := "/assets/" + w.vars["fetched"]
	query := w.signed(own, time.Now().Add(time.Hour))
	w.check(t, call{method: "GET", path: own + "?" + query, status: 200, want: "-"})
	for name, forged := range forgeries(query) {
		w.run(t, []call{{name: name, method: "GET", path: own + "?" + forged, status: 403, want: baasixDenied}})
	}
	nobody := "/assets/" + baasixNobody
	w.run(t, []call{
		{name: "of another file", method: "GET", path: "/assets/{file}?" + query, status: 403, want: baasixDenied},
		{name: "of another dialect", method: "GET", path: own + "?" + w.signed("/api/files/"+w.vars["fetched"], time.Now().Add(time.Hour)), status: 403, want: baasixDenied},
		{name: "expired", method: "GET", path: own + "?" + w.signed(own, time.Now().Add(-time.Second)), status: 403, want: baasixDenied},
		{name: "of a file that is not there", method: "GET", path: nobody + "?" + w.signed(nobody, time.Now().Add(time.Hour)), status: 403, want: baasixDenied},
		{name: "with a key beside what is forged", key: "both", method: "GET", path: own + "?" + query + "x", status: 403, want: baasixDenied},
	})
}

// baasixKeys asks every call with every key that does not count.
func baasixKeys(t *testing.T, w *dialectWorld) {
	form := []part{{"file", "a.jpg", jpegOf(10, 10)}}
	for _, key := range []string{"", "forged", "revoked", "expired"} {
		w.run(t, []call{
			{name: "upload, key " + key, key: key, method: "POST", path: "/files", body: form, status: 401, want: baasixNoKey},
			{name: "upload from a URL, key " + key, key: key, method: "POST", path: "/files/upload-from-url", body: asJSON(`{"url":"{url}/x"}`), status: 401, want: baasixNoKey},
			{name: "details, key " + key, key: key, method: "GET", path: "/files/{file}", status: 401, want: baasixNoKey},
			{name: "update, key " + key, key: key, method: "PATCH", path: "/files/{file}", body: asJSON(`{"title":"x"}`), status: 401, want: baasixNoKey},
			{name: "delete, key " + key, key: key, method: "DELETE", path: "/files/{file}", status: 401, want: baasixNoKey},
			{name: "bytes, key " + key, key: key, method: "GET", path: "/assets/{file}", status: 401, want: baasixNoKey},
			{name: "item, key " + key, key: key, method: "POST", path: "/items/posts", body: asJSON(`{"title":"x"}`), status: 401, want: baasixNoKey},
		})
	}
	w.run(t, []call{
		{name: "upload, a key that may not write", key: "reader", method: "POST", path: "/files", body: form, status: 403, want: baasixDenied},
		{name: "upload from a URL, a key that may not write", key: "reader", method: "POST", path: "/files/upload-from-url", body: asJSON(`{"url":"{url}/x"}`), status: 403, want: baasixDenied},
		{name: "details, a key that may not read", key: "writer", method: "GET", path: "/files/{file}", status: 403, want: baasixDenied},
		{name: "update, a key that may not write", key: "reader", method: "PATCH", path: "/files/{file}", body: asJSON(`{"title":"x"}`), status: 403, want: baasixDenied},
		{name: "delete, a key that may not write", key: "reader", method: "DELETE", path: "/files/{file}", status: 403, want: baasixDenied},
	})
}

func baasixBodies(t *testing.T, w *dialectWorld) {
	much := strings.Repeat(" ", 1<<20)
	tooLarge, unread := baasixError("File too large"), baasixError("The body cannot be read")
	w.run(t, []call{
		{name: "no JSON to update by", key: "both", method: "PATCH", path: "/files/{file}", body: asJSON(`x`), status: 400, want: unread},
		{name: "no body to update by", key: "both", method: "PATCH", path: "/files/{file}", status: 400, want: unread},
		{name: "no JSON to upload from", key: "both", method: "POST", path: "/files/upload-from-url", body: asJSON(`[]`), status: 400, want: unread},
		{name: "no JSON of an item", key: "both", method: "POST", path: "/items/posts", body: asJSON(`[]`), status: 400, want: unread},
		{name: "too much to update by", key: "both", method: "PATCH", path: "/files/{file}", body: asJSON(`{}` + much), status: 413, want: tooLarge},
		{name: "too much to upload from", key: "both", method: "POST", path: "/files/upload-from-url", body: asJSON(`{}` + much), status: 413, want: tooLarge},
		{name: "too much of an item", key: "both", method: "POST", path: "/items/posts", body: asJSON(`{}` + much), status: 413, want: tooLarge},
		{name: "too long a value in a form", key: "both", method: "POST", path: "/files", body: []part{{"x", "", []byte(much + "x")}}, status: 413, want: tooLarge},
	})
}

func baasixLimits(t *testing.T, w *dialectWorld) {
	w.checkStaged(t)
	w.checkLimit(t, []call{
		{name: "an upload", key: "both", method: "POST", path: "/files", body: []part{{"file", "a.jpg", jpegOf(40, 30)}}, status: 413, want: baasixError("File too large")},
		{name: "an upload from a URL", key: "both", method: "POST", path: "/files/upload-from-url", body: asJSON(`{"url":"{url}/x"}`), status: 413, want: baasixError("File too large")},
	})
}

func baasixFaults(t *testing.T, w *dialectWorld) {
	w.checkFault(t, "/assets/"+w.vars["fetched"], baasixError("Internal server error"))
}
