package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The wire table: what PocketBase's clients see of us, byte by byte. Every line is a request and the whole of its answer,
// from PocketBase's observed behaviour; where we differ on purpose, docs/pocketbase.md gives the reason.

// TestWire runs all of the table against one program. The sections share nothing but the program and its users.
func TestWire(t *testing.T) {
	w := newWorld(t)
	for _, section := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"errors", wireErrors}, {"unknown routes", wireUnknownRoutes}, {"CORS", wireCORS},
		{"sign-in", wireSignIn}, {"sign-in settings", wireSignInSettings}, {"tokens", wireTokens}, {"own account", wireOwnAccount},
		{"collections", wireCollections}, {"auth collections", wireAuthCollections}, {"refused collections", wireRefusedCollections},
		{"records", wireRecords}, {"lists", wireLists}, {"rules", wireRules}, {"visibility", wireVisibility}, {"expand", wireExpand},
		{"file names", wireFileNames}, {"file modifiers", wireFileModifiers}, {"refused uploads", wireRefusedUploads}, {"forms", wireForms},
		{"file headers", wireFileHeaders}, {"file addresses", wireFileAddresses}, {"file types", wireFileTypes}, {"thumbs", wireThumbs}, {"formats of thumbs", wireThumbFormats},
		{"pictures without thumbs", wireWithoutThumbs}, {"thumbs that are not listed", wireNotListed},
		{"protected files", wireProtected},
	} {
		t.Run(section.name, func(t *testing.T) { section.run(t, w) })
	}
}

// world is a program with a superuser and two users, whose tokens and ids lines name.
type world struct {
	*program
	tokens map[string]string // by name: admin, ann, bob
	ids    map[string]string // of the users
}

func newWorld(t *testing.T, args ...string) *world {
	w := &world{program: start(t, args...).asAdmin(), tokens: make(map[string]string), ids: make(map[string]string)}
	w.tokens["admin"] = w.token
	for _, name := range []string{"ann", "bob"} {
		w.ids[name] = w.account("users", map[string]any{"email": name + "@example.com", "name": strings.ToUpper(name)})
		w.tokens[name] = w.signIn("users", name+"@example.com", userPassword)
	}
	return w
}

// line is one line of the table.
type line struct {
	name         string
	as           string // whose token; empty: a guest
	method, path string // {ann} and the like in the path stand for ids
	body         any    // nil, text of a type (typed), parts of a form ([]part), else sent as JSON
	headers      []string
	status       int
	want         string            // the body, masked; "" for none
	sent         map[string]string // headers of the answer beside those of every JSON answer; "-" for one that must not be there
}

// typed is a body of a type.
type typed struct{ contentType, text string }

func (w *world) run(t *testing.T, lines []line) {
	t.Helper()
	for _, l := range lines {
		t.Run(l.name, func(t *testing.T) { w.check(t, l) })
	}
}

func (w *world) check(t *testing.T, l line) reply {
	t.Helper()
	a := w.ask(t, l)
	if a.status != l.status {
		t.Errorf("status %d, want %d", a.status, l.status)
	}
	want := l.want
	if want != "" {
		want += "\n"
	}
	if l.method == "HEAD" {
		want = ""
	}
	want = mask(want) // ids of fields look like those of records
	if got := mask(string(a.body)); got != want {
		n := 0
		for n < min(len(got), len(want)) && got[n] == want[n] {
			n++
		}
		t.Errorf("body from byte %d on\n%.500s\nwant\n%.500s", n, got[n:], want[n:])
	}
	w.checkHeaders(t, l, a)
	return a
}

// apiSent are the headers of every answer that is not a file.
var apiSent = map[string]string{
	"Content-Type": "application/json", "Vary": "Origin", "Cache-Control": "no-store",
	"X-Content-Type-Options": "nosniff", "X-Xss-Protection": "1; mode=block", "X-Frame-Options": "SAMEORIGIN",
}

func (w *world) checkHeaders(t *testing.T, l line, a reply) {
	t.Helper()
	want := maps.Clone(apiSent)
	for name, value := range l.sent {
		want[name] = value
		if value == "-" {
			delete(want, name)
		}
	}
	if len(a.body) == 0 && l.method != "HEAD" {
		delete(want, "Content-Type")
	}
	got := make(map[string]string)
	for name, values := range a.header {
		got[name] = strings.Join(values, " | ")
	}
	for _, name := range []string{"Date", "Content-Length"} {
		if got[name] == "" && a.status != http.StatusNoContent {
			t.Errorf("no %s", name)
		}
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// ask sends a line's request.
func (w *world) ask(t *testing.T, l line) reply {
	t.Helper()
	headers := slices.Clone(l.headers)
	if l.as != "" {
		token := w.tokens[l.as]
		if token == "" {
			t.Fatalf("nobody is called %s", l.as)
		}
		headers = append(headers, "Authorization: "+token)
	}
	path := l.path
	for name, id := range w.ids {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	var body io.Reader
	switch b := l.body.(type) {
	case nil:
	case typed:
		body = strings.NewReader(b.text)
		if b.contentType != "" {
			headers = append(headers, "Content-Type: "+b.contentType)
		}
	case []part:
		text, contentType := encodeForm(b)
		body = strings.NewReader(text)
		headers = append(headers, "Content-Type: "+contentType)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(string(data))
		headers = append(headers, "Content-Type: application/json")
	}
	return w.do(l.method, path, body, headers...)
}

// masks replace what is random or of the moment: tokens, dates, ids of records, and what is added to file names. Ids of
// collections follow from their names.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "JWT"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z`), "T"},
	{regexp.MustCompile(`"[a-z0-9]{15}"`), `"ID"`},
	{regexp.MustCompile(`_[a-z0-9]{10}\.`), "_X."},
}

func mask(s string) string {
	for _, m := range masks {
		s = m.pattern.ReplaceAllString(s, m.by)
	}
	return s
}

// collectionID is the id that a collection gets: it follows from its type and name.
func collectionID(kind, name string) string {
	return "pbc_" + checksum(kind+name)
}

func checksum(s string) string { return fmt.Sprint(crc32.ChecksumIEEE([]byte(s))) }

// merged is a JSON object of some keys and those of another, sorted.
func merged(keys map[string]string, object string) string {
	var more map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &more); err != nil {
		panic(err)
	}
	for k, v := range more {
		keys[k] = string(v)
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		out = append(out, fmt.Sprintf("%q:%s", k, keys[k]))
	}
	return "{" + strings.Join(out, ",") + "}"
}

// refusal is the body of an error.
func refusal(status int, message string) string {
	return fmt.Sprintf(`{"data":{},"message":%q,"status":%d}`, message, status)
}

// invalid is the body of an error that complains about fields.
func invalid(message, data string) string {
	return fmt.Sprintf(`{"data":{%s},"message":%q,"status":400}`, data, message)
}

// complaint is one field's.
func complaint(field, code, message string) string {
	return fmt.Sprintf(`%q:{"code":%q,"message":%q}`, field, code, message)
}

// The sentences that come again and again.
const (
	notFoundText   = "The requested resource wasn't found."
	badRequestText = "Something went wrong while processing your request."
	noContextText  = "Missing or invalid collection context."
	tokenText      = "The request requires valid record authorization token."
	superusersText = "Only superusers can perform this action."
)
