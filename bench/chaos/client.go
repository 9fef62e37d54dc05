package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/imgorigin/imgorigin/bench/cluster"
)

// The collections: one that anybody reads, and one of protected files.
const opened, closed = "opened", "closed"

// thumbs are the listed sizes.
var thumbs = []string{"60x40", "40x40", "0x30", "80x60f"}

// patience is longer than any deadline of the program's own: what passes it hangs.
const patience = 90 * time.Second

// client sends requests to one replica, or to nginx.
type client struct {
	*scene
	base     string
	replica  *cluster.Replica // nil: nginx
	via      int
	http     *http.Client
	token    atomic.Pointer[fileToken]
	warmLife int // the program that has the warm thumb in memory
}

// fileToken opens protected files for two minutes.
type fileToken struct {
	text string
	made time.Time
}

func newClient(s *scene, base string, r *cluster.Replica) *client {
	return &client{scene: s, base: base, replica: r, via: len(s.clients), http: &http.Client{
		Timeout: patience, Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	}}
}

// reply is an answer, read whole, or why there is none.
type reply struct {
	begun, ended time.Time
	status       int // 0: no answer; cutShort
	header       http.Header
	body         []byte
	err          error
	excused      bool // the program was killed or frozen meanwhile; by nginx, one of them
}

// cutShort stands for the status of an answer that began well and ended too early: there is no other way to say that the
// store broke off when the header is sent.
const cutShort = -1

func (r reply) ok() bool { return r.err == nil && r.status/100 == 2 }

// ask sends a request. credential is an Authorization header, "" for none.
func (c *client) ask(ctx context.Context, method, path, credential, contentType string, body []byte) (r reply) {
	r.begun = time.Now()
	life, up := c.life()
	r.status, r.header, r.body, r.err = c.send(ctx, method, path, credential, contentType, body)
	r.ended = time.Now()
	again, _ := c.life()
	r.excused = !up || again != life || ctx.Err() != nil
	return r
}

// life identifies the program that is asked, and tells whether it runs; by nginx, all of them.
func (c *client) life() (life int, up bool) {
	if c.replica != nil {
		return c.replica.Life()
	}
	up = true
	for _, r := range c.cluster.Replicas {
		n, lives := r.Life()
		life, up = life+n, up && lives
	}
	return life, up
}

func (c *client) send(ctx context.Context, method, path, credential, contentType string, body []byte) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if credential != "" {
		req.Header.Set("Authorization", credential)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return cutShort, nil, nil, err
	}
	return resp.StatusCode, resp.Header, data, nil
}

// settle records an answer, and complains about a refusal that is not a clear one. ok is that it is what was asked for.
func (c *client) settle(ctx context.Context, op string, r reply, ok bool) {
	if ctx.Err() != nil {
		return // the end of the run ends requests
	}
	c.record.add(event{begun: r.begun, ended: r.ended, via: c.via, op: op, status: r.status, ok: ok})
	if ok {
		return
	}
	if why := c.fault(r); why != "" {
		c.record.violation(unclear, "%s by %s: %s", op, c.name(), why)
	}
}

func (c *client) name() string {
	if c.replica == nil {
		return "nginx"
	}
	return fmt.Sprintf("replica %d", c.via+1)
}

// fault says what is wrong with a refusal; "" is nothing.
func (c *client) fault(r reply) string {
	switch {
	case r.err != nil && (r.excused || r.status == cutShort):
		return ""
	case r.err != nil:
		return fmt.Sprintf("no answer, though the program lived: %v", r.err)
	case c.replica == nil && r.excused && (r.status == 502 || r.status == 504) && strings.Contains(string(r.body), "nginx"):
		return "" // nginx's own words
	}
	return wanting(r.status, r.header, r.body)
}

// wanting says what a refusal lacks; "" is nothing.
func wanting(status int, header http.Header, body []byte) string {
	var said struct {
		Status  int
		Message string
	}
	err := json.Unmarshal(body, &said)
	text := fmt.Sprintf("status %d: %.200s", status, body)
	switch {
	case status != 503 && status != 507:
		return text
	case err != nil || said.Status != status || said.Message == "":
		return "not PocketBase's form of an error: " + text
	case status == 503 && header.Get("Retry-After") == "":
		return "no Retry-After: " + text
	}
	return ""
}

// post sends JSON as the superuser and reads JSON; any status but 200 is an error.
func (c *client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r := c.ask(ctx, "POST", path, c.cluster.Token, "application/json", body)
	if r.err != nil {
		return r.err
	}
	if r.status != 200 {
		return fmt.Errorf("POST %s: status %d: %.200s", path, r.status, r.body)
	}
	return json.Unmarshal(r.body, out)
}

func (c *client) makeCollection(ctx context.Context, name string, protected bool) error {
	rule := ""
	if protected {
		rule = `@request.auth.id != ""`
	}
	image := map[string]any{"name": "image", "type": "file", "maxSelect": 1, "maxSize": 1 << 26, "thumbs": thumbs, "protected": protected}
	return c.post(ctx, "/api/collections", map[string]any{
		"name": name, "type": "base", "fields": []any{image}, "listRule": rule, "viewRule": rule,
	}, new(map[string]any))
}

// renewToken gets a token for protected files.
func (c *client) renewToken(ctx context.Context) error {
	var v struct{ Token string }
	now := time.Now()
	if err := c.post(ctx, "/api/files/token", nil, &v); err != nil {
		return err
	}
	c.token.Store(&fileToken{v.Token, now})
	return nil
}

// upload sends a picture as a new record.
func (c *client) sendPicture(ctx context.Context, collection string, data []byte) reply {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	to, _ := w.CreateFormFile("image", "picture.jpg") // a buffer takes everything
	_, _ = to.Write(data)
	_ = w.Close()
	return c.ask(ctx, "POST", "/api/collections/"+collection+"/records", c.cluster.Token, w.FormDataContentType(), body.Bytes())
}

// acknowledged is the file that an answer to an upload says is kept.
func acknowledged(collection string, answer, data []byte) (*file, error) {
	var v struct{ ID, Image string }
	if err := json.Unmarshal(answer, &v); err != nil || v.ID == "" || v.Image == "" {
		return nil, fmt.Errorf("an upload is answered %.200s: %w", answer, err)
	}
	return fileOf(collection, v.ID, v.Image, sha256.Sum256(data)), nil
}

func fileOf(collection, id, name string, s sum) *file {
	return &file{path: "/api/files/" + collection + "/" + id + "/" + name, record: "/api/collections/" + collection + "/records/" + id, sum: s}
}

// put uploads a picture while all is well.
func (c *client) put(ctx context.Context, collection string, data []byte) (*file, error) {
	r := c.sendPicture(ctx, collection, data)
	if r.err != nil {
		return nil, r.err
	}
	if r.status != 200 {
		return nil, fmt.Errorf("an upload: status %d: %.200s", r.status, r.body)
	}
	return acknowledged(collection, r.body, data)
}

var maxAge = regexp.MustCompile(`max-age=(\d+)`)

// lifetime is how long caches may keep an answer without asking.
func lifetime(r reply) time.Duration {
	m := maxAge.FindStringSubmatch(r.header.Get("Cache-Control"))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return time.Duration(n) * time.Second
}
