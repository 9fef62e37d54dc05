package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// asProgram makes the test binary run as the program itself, for tests that need a process to kill.
const asProgram = "IMGORIGIN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	dir, err := os.MkdirTemp("", "imgorigin-built-")
	if err != nil {
		panic(err)
	}
	builtDir = dir
	code := m.Run()
	outside.stop()
	os.RemoveAll(dir)
	os.Exit(code)
}

// builtDir is where the program is built for the tests that run it without the race detector.
var builtDir string

const (
	adminEmail    = "admin@example.com"
	adminPassword = "correct-horse-battery"
	userPassword  = "a-long-password"
)

// program is the whole program, started in this process on port 0 and a folder of its own.
type program struct {
	t     *testing.T
	base  string // http://127.0.0.1:PORT
	dir   string
	token string // of a superuser, once signed in
	log   *lockedBuffer
	stop  func() // ends it and waits; safe to call twice
}

// lockedBuffer is written by the program and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs "serve" with extra arguments in a new folder.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	return startIn(t, t.TempDir(), args...)
}

func startIn(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log, ready, ended := &lockedBuffer{}, make(chan string, 1), make(chan error, 1)
	m := &Main{Stdout: log, Stderr: log, Ready: func(address string) { ready <- address }}
	args = located(t, append([]string{"serve", "--http", "127.0.0.1:0", "--dir", dir}, args...))
	go func() { ended <- m.Run(ctx, args) }()
	p := &program{t: t, dir: dir, log: log}
	p.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the program ended with: %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("the program did not end")
		}
	})
	t.Cleanup(p.stop)
	select {
	case address := <-ready:
		p.base = "http://" + address
	case err := <-ended:
		ended <- nil
		t.Fatalf("the program did not start: %v\n%s", err, log)
	case <-time.After(2 * time.Minute):
		t.Fatalf("the program was not ready in time\n%s", log)
	}
	return p
}

// run runs another command of the program and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out := &lockedBuffer{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := (&Main{Stdout: out, Stderr: out}).Run(ctx, located(t, args))
	return out.String(), err
}

// cheapHashes are of the least cost that there is: under the race detector a usual one takes a second.
var cheapHashes = map[string]string{
	userPassword:  "$2a$04$BfX5P0mWW7L4ah0Rj/2rK.xCu3KRHgFFt524UE5rTLvWalqi4ntqK",
	adminPassword: "$2a$04$8mX7LtoVBrGmHUOTjgQ.H.tlnmbcMR4xnMlmSqgIcs5PpoXm/YTdi",
}

// account puts an account beside the program, as another process would, with userPassword where no hash is said, and
// returns its id.
func (p *program) account(collection string, values map[string]any) string {
	p.t.Helper()
	id := auth.NewID()
	insert := func(ctx context.Context, tx origin.CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		c := all[slices.IndexFunc(all, func(c *origin.Collection) bool { return c.Name == collection })]
		r := &origin.Record{ID: origin.RecordID(id), Values: make(map[string]any)}
		for i := range c.Fields {
			f := &c.Fields[i]
			r.Values[f.Name] = catalog.ZeroValue(f)
			if f.Type == origin.AutodateField {
				r.Values[f.Name] = time.Now().UTC().Format(origin.DateLayout)
			}
		}
		r.Values["tokenKey"], r.Values["password"] = auth.NewTokenKey(), cheapHashes[userPassword]
		maps.Copy(r.Values, values)
		if given, ok := values["id"].(string); ok {
			id, r.ID = given, origin.RecordID(given)
		}
		r.Values["id"] = id
		return tx.InsertRecord(ctx, c, r)
	}
	p.beside(func(ctx context.Context, c origin.Catalog) error {
		return c.Write(ctx, func(tx origin.CatalogTx) error { return insert(ctx, tx) })
	})
	return id
}

// asAdmin makes a superuser and signs in.
func (p *program) asAdmin() *program {
	p.t.Helper()
	p.account("_superusers", map[string]any{"email": adminEmail, "verified": true, "password": cheapHashes[adminPassword]})
	p.token = p.signIn("_superusers", adminEmail, adminPassword)
	return p
}

func (p *program) signIn(collection, identity, password string) string {
	p.t.Helper()
	a := p.call("POST", "/api/collections/"+collection+"/auth-with-password", "", map[string]any{"identity": identity, "password": password})
	a.want(p.t, 200)
	return a.json(p.t)["token"].(string)
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// want fails the test when the status is another.
func (a reply) want(t *testing.T, status int) reply {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %.300s", a.status, status, a.body)
	}
	return a
}

func (a reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("not JSON: %v: %.300s", err, a.body)
	}
	return v
}

// client keeps to what the server sends: no transparent decompression, no redirects, no cookies.
var client = &http.Client{
	Timeout:       2 * time.Minute,
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// get asks for a path with headers "Name: value".
func (p *program) get(path string, headers ...string) reply {
	return p.do("GET", path, nil, headers...)
}

func (p *program) head(path string, headers ...string) reply {
	return p.do("HEAD", path, nil, headers...)
}

func (p *program) do(method, path string, body io.Reader, headers ...string) reply {
	p.t.Helper()
	a, err := p.try(method, path, body, headers...)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *program) try(method, path string, body io.Reader, headers ...string) (reply, error) {
	req, err := http.NewRequest(method, p.base, body)
	if err != nil {
		return reply{}, err
	}
	req.URL.Opaque, req.URL.RawQuery, _ = strings.Cut(path, "?") // sent as it is, broken escapes too
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, data}, err
}

// call sends JSON with a token, "" for none.
func (p *program) call(method, path, token string, body any) reply {
	p.t.Helper()
	var r io.Reader
	headers := []string{}
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		r = bytes.NewReader(data)
		headers = append(headers, "Content-Type: application/json")
	}
	if token != "" {
		headers = append(headers, "Authorization: "+token)
	}
	return p.do(method, path, r, headers...)
}

// collection makes a collection with one file field "image" and returns its id. More goes in by extra.
func (p *program) collection(name string, thumbs []string, extra map[string]any) string {
	p.t.Helper()
	image := map[string]any{"name": "image", "type": "file", "maxSelect": 1, "maxSize": 64 << 20, "thumbs": thumbs}
	body := map[string]any{"name": name, "type": "base", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": ""}
	for k, v := range extra {
		if k == "image" {
			for ik, iv := range v.(map[string]any) {
				image[ik] = iv
			}
			continue
		}
		body[k] = v
	}
	fields := []any{image}
	if more, ok := extra["fields"].([]any); ok {
		fields = append(fields, more...)
	}
	body["fields"] = fields
	a := p.call("POST", "/api/collections", p.token, body).want(p.t, 200)
	return a.json(p.t)["id"].(string)
}

// part is one part of a multipart form: a file where name is set.
type part struct {
	field, name string
	data        []byte
}

// form sends a multipart form.
func (p *program) form(method, path, token string, parts ...part) reply {
	p.t.Helper()
	a, err := p.tryForm(method, path, token, parts...)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *program) tryForm(method, path, token string, parts ...part) (reply, error) {
	body, contentType := encodeForm(parts)
	headers := []string{"Content-Type: " + contentType}
	if token != "" {
		headers = append(headers, "Authorization: "+token)
	}
	return p.try(method, path, strings.NewReader(body), headers...)
}

// encodeForm writes a multipart form and its type.
func encodeForm(parts []part) (body, contentType string) {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	for _, f := range parts {
		var to io.Writer
		var err error
		if f.name != "" {
			to, err = w.CreateFormFile(f.field, f.name)
		} else {
			to, err = w.CreateFormField(f.field)
		}
		if err != nil {
			panic(err) // a strings.Builder takes everything
		}
		_, _ = to.Write(f.data)
	}
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

// upload puts a picture into a new record and returns the path of the file.
func (p *program) upload(collection, name string, data []byte, values ...part) string {
	p.t.Helper()
	a := p.form("POST", "/api/collections/"+collection+"/records", p.token, append(values, part{"image", name, data})...).want(p.t, 200)
	v := a.json(p.t)
	return fmt.Sprintf("/api/files/%s/%s/%s", v["collectionId"], v["id"], v["image"])
}

// eventually waits for what happens by itself: another process's change, an asynchronous write.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("this did not come to be: %s", what)
}
