package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The wire table of Foir's dialect: every example of its text in the text's order, then what is refused.

func TestFoirWire(t *testing.T) {
	w := newDialectWorld(t, "Bearer", "--foir-max-file", "1MiB")
	for _, section := range []struct {
		name string
		run  func(*testing.T, *dialectWorld)
	}{
		{"the text's examples", foirExamples}, {"files", foirFiles}, {"uploads", foirUploads}, {"refused bytes", foirRefusedBytes},
		{"forged URLs", foirForgedURLs}, {"private files", foirPrivate}, {"keys", foirKeys}, {"bodies", foirBodies}, {"pages", foirPages},
	} {
		t.Run(section.name, func(t *testing.T) { section.run(t, w) })
	}
	w.checkLog(t)
}

const (
	foirStart = `mutation StartUpload($filename: String!, $mimeType: String!, $size: Int!, $folder: String, $metadata: JSON) {
		createFileUpload(filename: $filename, mimeType: $mimeType, size: $size, folder: $folder, metadata: $metadata) { uploadId uploadUrl } }`
	foirFields   = `id filename mimeType size url width height blurhash alt createdAt`
	foirFinalize = `mutation FinalizeUpload { confirmFileUpload(uploadId: %q) { ` + foirFields + ` } }`
	foirGet      = `query GetFile { file(id: %q) { ` + foirFields + ` } }`
)

// graphql asks a question, and returns the field of the data that it is about and the errors' codes.
func (w *dialectWorld) graphql(t *testing.T, key, query string, variables map[string]any) (field map[string]any, codes string) {
	t.Helper()
	a := w.ask(t, call{key: key, method: "POST", path: "/graphql", body: map[string]any{"query": query, "variables": variables}}).want(t, 200)
	var answer struct {
		Data   map[string]map[string]any
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(a.body, &answer); err != nil {
		t.Fatalf("%v: %.300s", err, a.body)
	}
	for _, e := range answer.Errors {
		if e.Message == "" {
			t.Errorf("an error without a message: %s", a.body)
		}
		codes = strings.TrimSpace(codes + " " + e.Extensions.Code)
	}
	for _, v := range answer.Data {
		field = v
	}
	return field, codes
}

// announce gets an upload URL for a file.
func (w *dialectWorld) announce(t *testing.T, filename, mimeType string, size int, more map[string]any) (id, url string) {
	t.Helper()
	variables := map[string]any{"filename": filename, "mimeType": mimeType, "size": size}
	for k, v := range more {
		variables[k] = v
	}
	v, codes := w.graphql(t, "writer", foirStart, variables)
	if codes != "" {
		t.Fatal(codes)
	}
	return v["uploadId"].(string), strings.TrimPrefix(v["uploadUrl"].(string), w.base)
}

// put sends bytes to an upload URL.
func (w *dialectWorld) put(url, contentType string, data []byte, headers ...string) reply {
	w.t.Helper()
	return w.do("PUT", url, bytes.NewReader(data), append(headers, "Content-Type: "+contentType)...)
}

// foirUpload takes a file through all three steps.
func (w *dialectWorld) foirUpload(t *testing.T, key, filename, mimeType string, data []byte, more map[string]any) map[string]any {
	t.Helper()
	id, url := w.announce(t, filename, mimeType, len(data), more)
	w.put(url, mimeType, data).want(t, 200)
	v, codes := w.graphql(t, key, fmt.Sprintf(foirFinalize, id), nil)
	if codes != "" {
		t.Fatal(codes)
	}
	return v
}

func foirExamples(t *testing.T, w *dialectWorld) {
	hero := jpegOf(320, 240)
	start := strings.NewReplacer("482910", fmt.Sprint(len(hero))).Replace(`mutation StartUpload {
createFileUpload(
filename: "hero.jpg"
mimeType: "image/jpeg"
size: 482910
folder: "campaigns/spring-26"
metadata: { alt: "Field of barley at sunrise", source: "drew@bobscountrybunker.com" }
) {
uploadId
uploadUrl
}
}`)
	v, codes := w.graphql(t, "writer", start, nil)
	id, _ := v["uploadId"].(string)
	url, local := strings.CutPrefix(fmt.Sprint(v["uploadUrl"]), w.base)
	if codes != "" || len(v) != 2 || !regexp.MustCompile(`^upl_[a-z0-9]{20}$`).MatchString(id) || !local || !strings.Contains(url, "signature=") {
		t.Fatalf("%s %v", codes, v)
	}
	expires := regexp.MustCompile(`expires=(\d+)`).FindStringSubmatch(url)[1]
	var at int64
	if _, err := fmt.Sscan(expires, &at); err != nil || at < time.Now().Add(13*time.Minute).Unix() || at > time.Now().Add(15*time.Minute).Unix() {
		t.Errorf("the URL ends at %s", expires)
	}

	if _, codes := w.graphql(t, "writer", fmt.Sprintf(foirFinalize, id), nil); codes != "UPLOAD_INCOMPLETE" {
		t.Errorf("confirmed without bytes: %s", codes)
	}
	a := w.put(url, "image/jpeg", hero).want(t, 200)
	if len(a.body) != 0 || a.header.Get("Referrer-Policy") != "no-referrer" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", a.header, a.body)
	}

	file, codes := w.graphql(t, "both", fmt.Sprintf(foirFinalize, id), nil)
	if codes != "" {
		t.Fatal(codes)
	}
	again, _ := w.graphql(t, "both", fmt.Sprintf(foirFinalize, id), nil)
	if diff := cmp.Diff(file, again); diff != "" {
		t.Errorf("confirmed twice: %s", diff)
	}
	got, _ := w.graphql(t, "reader", fmt.Sprintf(foirGet, file["id"]), nil)
	if diff := cmp.Diff(file, got); diff != "" {
		t.Errorf("the file that was confirmed is another: %s", diff)
	}
	address := fmt.Sprint(file["url"])
	if created, err := time.Parse(time.RFC3339, fmt.Sprint(file["createdAt"])); err != nil || time.Since(created).Abs() > time.Minute {
		t.Errorf("created %v", file["createdAt"])
	}
	if hash := fmt.Sprint(file["blurhash"]); len(hash) != 4+2*4*3 {
		t.Errorf("BlurHash %q", hash)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(fmt.Sprint(file["id"])) {
		t.Errorf("id %v", file["id"])
	}
	for _, random := range []string{"id", "url", "blurhash", "createdAt"} {
		delete(file, random)
	}
	want := map[string]any{"filename": "hero.jpg", "mimeType": "image/jpeg", "size": float64(len(hero)), "width": 320.0, "height": 240.0, "alt": "Field of barley at sunrise"}
	if diff := cmp.Diff(want, file); diff != "" {
		t.Error(diff)
	}

	path := strings.TrimPrefix(address, w.base)
	long := map[string]string{"Cache-Control": "max-age=2592000, stale-while-revalidate=86400", "Content-Type": "image/jpeg"}
	if a := w.check(t, call{method: "GET", path: path, status: 200, want: "-", sent: long}); !bytes.Equal(a.body, hero) {
		t.Error("other bytes")
	}
	w.check(t, call{method: "HEAD", path: path, status: 200, sent: long})
	thumb := w.check(t, call{method: "GET", path: path + "?thumb=60x40", status: 200, want: "-", sent: long})
	if format, x, y := dimensions(t, thumb.body); format != "jpeg" || x != 60 || y != 40 {
		t.Errorf("the thumb is %s %d×%d", format, x, y)
	}
	w.check(t, call{method: "GET", path: path + "x", status: 404, want: "-"})
}

func foirFiles(t *testing.T, w *dialectWorld) {
	text := w.foirUpload(t, "both", "My Notes (1) été.txt", "text/plain", []byte("some text"), nil)
	if text["filename"] != "My-Notes--1--été.txt" || text["width"] != nil || text["height"] != nil || text["blurhash"] != nil || text["alt"] != nil {
		t.Errorf("%v", text)
	}
	a := w.get(strings.TrimPrefix(text["url"].(string), w.base)).want(t, 200)
	if string(a.body) != "some text" || !strings.Contains(a.header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("%s %v", a.body, a.header)
	}
	// Of two files of one name both are there.
	again := w.foirUpload(t, "both", "hero.jpg", "image/jpeg", jpegOf(20, 10), map[string]any{"folder": "campaigns/spring-26"})
	if again["filename"] != "hero.jpg" || again["width"] != 20.0 {
		t.Errorf("%v", again)
	}
	// An alt that is changed by the command line shows.
	_, err := run(t, "files", "update-metadata", text["id"].(string), "alt=Notes", "--dir", w.dir)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := w.graphql(t, "reader", fmt.Sprintf(foirGet, text["id"]), nil); v["alt"] != "Notes" {
		t.Errorf("%v", v)
	}
	for _, id := range []string{"file_abc123", "00000000-0000-4000-8000-000000000000", "", "../x"} {
		if v, codes := w.graphql(t, "reader", fmt.Sprintf(foirGet, id), nil); codes != "NOT_FOUND" || v != nil {
			t.Errorf("%q: %s %v", id, codes, v)
		}
	}
	// Two fields of one query, one of which fails: the other one is answered.
	body := map[string]any{"query": fmt.Sprintf(`{a: file(id: "x") {id} b: file(id: %q) {filename}}`, text["id"])}
	got := string(w.ask(t, call{key: "reader", method: "POST", path: "/graphql", body: body}).want(t, 200).body)
	if want := `{"errors":[{"message":"There is no such thing.","path":["a"],"extensions":{"code":"NOT_FOUND"}}],"data":{"a":null,"b":{"filename":"My-Notes--1--été.txt"}}}` + "\n"; got != want {
		t.Errorf("%s", got)
	}
}

func foirUploads(t *testing.T, w *dialectWorld) {
	for _, c := range []struct {
		name      string
		variables map[string]any
		codes     string
	}{
		{"beyond the limit", map[string]any{"size": 1<<20 + 1}, "FILE_TOO_LARGE"},
		{"beyond GraphQL's Int", map[string]any{"size": 1 << 31}, "FILE_TOO_LARGE"},
		{"far beyond", map[string]any{"size": 1 << 50}, "FILE_TOO_LARGE"},
		{"as large as may be", map[string]any{"size": 1 << 20}, ""},
		{"empty", map[string]any{"size": 0}, ""},
		{"negative", map[string]any{"size": -1}, "BAD_USER_INPUT"},
		{"no type", map[string]any{"mimeType": ""}, "BAD_USER_INPUT"},
		{"no name", map[string]any{"filename": ""}, "BAD_USER_INPUT"},
		{"a folder that leads out", map[string]any{"folder": "../.."}, "BAD_USER_INPUT"},
		{"metadata that are a list", map[string]any{"metadata": []any{1}}, "BAD_USER_INPUT"},
		{"metadata that are null", map[string]any{"metadata": nil}, ""},
		{"metadata without end", map[string]any{"metadata": map[string]any{"a": strings.Repeat("x", 70<<10)}}, "BAD_USER_INPUT"},
	} {
		variables := map[string]any{"filename": "a.jpg", "mimeType": "image/jpeg", "size": 10}
		for k, v := range c.variables {
			variables[k] = v
		}
		if v, codes := w.graphql(t, "writer", foirStart, variables); codes != c.codes || (v == nil) != (codes != "") {
			t.Errorf("%s: %s %v", c.name, codes, v)
		}
	}
	if _, codes := w.graphql(t, "writer", `mutation{createFileUpload(filename:"a",mimeType:"image/png",size:5368709120){uploadId}}`, nil); codes != "FILE_TOO_LARGE" {
		t.Errorf("a literal beyond Int: %s", codes)
	}
	for _, id := range []string{"upl_abc123", "upl_aaaaaaaaaaaaaaaaaaaa", "x", ""} {
		if _, codes := w.graphql(t, "writer", fmt.Sprintf(foirFinalize, id), nil); codes != "NOT_FOUND" {
			t.Errorf("confirming %q: %s", id, codes)
		}
	}
}
