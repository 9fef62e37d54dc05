package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// What the wire tables of the media library's dialects share: a program with keys of all sorts, and lines of a request with
// the whole of its answer.

// dialectWorld is a program whose library is reached by keys.
type dialectWorld struct {
	*program
	scheme string            // of the Authorization header
	keys   map[string]string // by what they may: both, reader, writer; or why they may not: revoked, expired, forged
	remote string            // another server, with a picture under every path
	asked  chan *http.Request
	vars   map[string]string // {name} in paths and bodies
}

func newDialectWorld(t *testing.T, scheme string, args ...string) *dialectWorld {
	t.Helper()
	w := &dialectWorld{program: start(t, append(args, "--fetch-allow", "127.0.0.0/8")...), scheme: scheme,
		keys: make(map[string]string), vars: make(map[string]string), asked: make(chan *http.Request, 64)}
	w.asAdmin()
	for name, scope := range map[string]string{"both": "files:read,files:write", "reader": "files:read", "writer": "files:write", "revoked": "files:read,files:write"} {
		w.keys[name] = w.newKey(name, scope)
	}
	if _, err := run(t, "key", "revoke", "revoked", "--dir", w.dir); err != nil {
		t.Fatal(err)
	}
	w.keys["expired"] = w.expiredKey()
	forged := []byte(w.keys["both"])
	last := &forged[len(forged)-1]
	if *last == 'a' {
		*last = 'b'
	} else {
		*last = 'a'
	}
	w.keys["forged"] = string(forged)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked <- r.Clone(context.Background())
		if strings.HasPrefix(r.URL.Path, "/nothing") {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(jpegOf(40, 30))
	}))
	t.Cleanup(server.Close)
	w.remote = server.URL
	return w
}

// elsewhere is another server, which has one picture under every path.
func elsewhere(t *testing.T, data []byte) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
	t.Cleanup(s.Close)
	return s.URL
}

// expiredKey makes a key whose end has passed.
func (p *program) expiredKey() (text string) {
	p.t.Helper()
	text = p.newKey("expired", "files:read,files:write", "--expires", "1h")
	id, _, _ := auth.SplitKey(text)
	p.beside(func(ctx context.Context, c origin.Catalog) error {
		return c.Write(ctx, func(tx origin.CatalogTx) error {
			all, err := tx.Collections(ctx)
			if err != nil {
				return err
			}
			keys := all[slices.IndexFunc(all, func(c *origin.Collection) bool { return c.Name == "_keys" })]
			r, err := tx.Record(ctx, keys, origin.RecordID(id))
			if err != nil {
				return err
			}
			r.Values["expires"] = time.Now().Add(-time.Minute).UTC().Format(origin.DateLayout)
			return tx.UpdateRecord(ctx, keys, r)
		})
	})
	return text
}

// signed is the query of a signed URL as the program signs it, with an end of choice.
func (p *program) signed(path string, ends time.Time) (query string) {
	p.t.Helper()
	p.beside(func(ctx context.Context, c origin.Catalog) error {
		key, err := c.Param(ctx, "signed_urls")
		if err != nil {
			return err
		}
		s, err := auth.NewSigner(key, nil)
		if err == nil {
			query = s.Sign(path, ends)
		}
		return err
	})
	return query
}

// forgeries are changes of a signed URL's query, none of which may count.
func forgeries(query string) map[string]string {
	expires, signature, _ := strings.Cut(query, "&signature=")
	at := strings.TrimPrefix(expires, "expires=")
	other := func(i int) string { // another character of the alphabet at i
		b := []byte(signature)
		if b[i] = 'A'; signature[i] == 'A' {
			b[i] = 'B'
		}
		return string(b)
	}
	last := len(signature) - 1
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spare := signature[:last] + string(alphabet[strings.IndexByte(alphabet, signature[last])^1]) // the same bytes, were decoding lenient
	return map[string]string{
		"another first character":     expires + "&signature=" + other(0),
		"another character":           expires + "&signature=" + other(20),
		"another last character":      expires + "&signature=" + spare,
		"a character less":            expires + "&signature=" + signature[:last],
		"a character more":            expires + "&signature=" + signature + "A",
		"padding":                     expires + "&signature=" + signature + "%3D",
		"a line break":                expires + "&signature=" + signature[:20] + "%0A" + signature[20:],
		"a line break for the last":   expires + "&signature=" + signature[:last] + "%0A",
		"no signature":                expires,
		"an empty signature":          expires + "&signature=",
		"no end":                      "signature=" + signature,
		"a later end":                 "expires=9" + at + "&signature=" + signature,
		"an end with a zero":          "expires=0" + at + "&signature=" + signature,
		"an end with a sign":          "expires=%2B" + at + "&signature=" + signature,
		"an end with a blank":         "expires=" + at + "%20&signature=" + signature,
		"an end before the one given": "expires=1&" + query,
	}
}

// call is one line of a dialect's table.
type call struct {
	name         string
	key          string // which of the world's; "": none
	method, path string
	body         any // as a line's
	headers      []string
	status       int
	want         string // the body, masked, with {name} for what the world knows; "-" where it is not compared
	sent         map[string]string
}

func (w *dialectWorld) run(t *testing.T, calls []call) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) { w.check(t, c) })
	}
}

func (w *dialectWorld) fill(s string) string {
	for name, value := range w.vars {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}

func (w *dialectWorld) check(t *testing.T, c call) reply {
	t.Helper()
	a := w.ask(t, c)
	if a.status != c.status {
		t.Errorf("status %d, want %d", a.status, c.status)
	}
	if want, got := maskMedia(w.fill(c.want)), strings.TrimSuffix(maskMedia(string(a.body)), "\n"); c.want != "-" && c.method != "HEAD" && got != want {
		t.Errorf("body\n%.500s\nwant\n%.500s", got, want)
	}
	for name, value := range c.sent {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if a.header.Get("Content-Type") == "application/json" && a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("JSON may be kept: %q", a.header.Get("Cache-Control"))
	}
	if strings.Contains(c.path, "signature=") && a.header.Get("Referrer-Policy") != "no-referrer" {
		t.Error("the address carries a credential, and may be told")
	}
	return a
}

func (w *dialectWorld) ask(t *testing.T, c call) reply {
	t.Helper()
	headers := slices.Clone(c.headers)
	if c.key != "" {
		headers = append(headers, "Authorization: "+w.scheme+" "+w.keys[c.key])
	}
	var body io.Reader
	switch b := c.body.(type) {
	case nil:
	case typed:
		body = strings.NewReader(w.fill(b.text))
		headers = append(headers, "Content-Type: "+b.contentType)
	case []part:
		text, contentType := encodeForm(b)
		body = strings.NewReader(text)
		headers = append(headers, "Content-Type: "+contentType)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		body = strings.NewReader(w.fill(string(data)))
		headers = append(headers, "Content-Type: application/json")
	}
	return w.do(c.method, w.fill(c.path), body, headers...)
}

// asJSON is a body of JSON as it is written here, with {name} for what the world knows.
func asJSON(text string) typed { return typed{"application/json", text} }

var mediaMasks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "TIME"},
	{regexp.MustCompile(`expires=\d+(&|\\u0026)signature=[\w-]{43}`), "SIGNATURE"},
	{regexp.MustCompile(`"[a-z0-9]{15}"`), `"ID"`},
}

func maskMedia(s string) string {
	for _, m := range mediaMasks {
		s = m.pattern.ReplaceAllString(s, m.by)
	}
	return s
}

// checkFault takes the store away and asks for a file by every credential: the answer says nothing, and the log says what
// happened without saying what the caller held. Nothing of the world can be used afterwards.
func (w *dialectWorld) checkFault(t *testing.T, address, body string) {
	t.Helper()
	if err := os.RemoveAll(w.stored()); err != nil {
		t.Fatal(err)
	}
	before := len(w.log.String())
	token := w.call("POST", "/api/files/token", w.token, nil).want(t, 200).json(t)["token"].(string)
	signed := w.signed(address, time.Now().Add(time.Hour))
	w.run(t, []call{
		{name: "by a key", key: "reader", method: "GET", path: address, status: 500, want: body},
		{name: "by a signed URL", method: "GET", path: address + "?" + signed, status: 500, want: body},
		{name: "by a file token", method: "GET", path: address + "?token=" + token, status: 500, want: body, sent: map[string]string{"Referrer-Policy": "no-referrer"}},
		{name: "a thumb", key: "reader", method: "GET", path: address + "?thumb=33x33", status: 500, want: body},
	})
	log := w.log.String()[before:]
	if !strings.Contains(log, "a request failed") || !strings.Contains(log, address) {
		t.Errorf("the log says %s", log)
	}
	if strings.Contains(log, token) || strings.Contains(log, "expires=") {
		t.Errorf("a credential is in the log: %s", log)
	}
}

// checkLimit makes files of the library small, and sees that what is larger is refused and leaves nothing behind.
func (w *dialectWorld) checkLimit(t *testing.T, calls []call) {
	t.Helper()
	limit := func(bytes int) {
		fields := w.call("GET", "/api/collections/media", w.token, nil).want(t, 200).json(t)["fields"].([]any)
		for _, f := range fields {
			if f := f.(map[string]any); f["name"] == "file" {
				f["maxSize"] = bytes
			}
		}
		w.call("PATCH", "/api/collections/media", w.token, map[string]any{"fields": fields}).want(t, 200)
	}
	limit(100)
	w.run(t, calls)
	limit(1 << 30)
	w.checkStaged(t)
}

// checkStaged sees that no upload that was refused has left its bytes.
func (p *program) checkStaged(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(p.staged())
	if err != nil || len(left) > 0 {
		t.Errorf("%d uploads are left behind, %v", len(left), err)
	}
}

// checkLog looks for credentials in what the program has logged.
func (w *dialectWorld) checkLog(t *testing.T) {
	t.Helper()
	log := w.log.String()
	for name, key := range w.keys {
		if _, secret, ok := auth.SplitKey(key); ok && strings.Contains(log, secret) {
			t.Errorf("the key %s is in the log", name)
		}
	}
	if strings.Contains(log, "signature=") {
		t.Error("a signature is in the log")
	}
}
