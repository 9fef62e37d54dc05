package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/catalog/transfer"
	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/origin"
)

// startPostgres starts a database server, and returns the address of its database.
func startPostgres(t *testing.T) string {
	t.Helper()
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.URL("public")
}

// house is a library with something of everything, and what was learned of it while it was served from its first place.
type house struct {
	public, thumb, secret string // paths
	photo, hidden         []byte
	thumbTag              string
	admin, user           string // tokens
	key                   string // of the API
	media                 string // id of a private file of the media library
	mediaBytes            []byte
}

func furnish(p *program) *house {
	p.t.Helper()
	p.asAdmin()
	h := &house{photo: jpegOf(320, 200), hidden: jpegOf(90, 60), mediaBytes: jpegOf(64, 48), admin: p.token}
	p.collection("photos", everyForm, nil)
	p.collection("closed", everyForm, map[string]any{"viewRule": "@request.auth.collectionName = 'users'", "image": map[string]any{"protected": true}})
	p.account("users", map[string]any{"email": "u@example.com", "verified": true})
	h.user = p.signIn("users", "u@example.com", userPassword)
	h.public = p.upload("photos", "a.jpg", h.photo)
	h.thumb = h.public + "?thumb=60x40"
	h.thumbTag = p.get(h.thumb).want(p.t, 200).header.Get("ETag")
	h.secret = p.upload("closed", "b.jpg", h.hidden)
	h.key = p.newKey("mover", "files:read,files:write")
	a := p.form("POST", "/files", "Bearer "+h.key, part{"file", "m.jpg", h.mediaBytes}).want(p.t, 200)
	h.media = a.json(p.t)["data"].(string)
	return h
}

// wantIn looks whether all is at its place, and every credential that was made before is good.
func (h *house) wantIn(p *program) {
	p.t.Helper()
	same := func(what string, a reply, want []byte) {
		p.t.Helper()
		if a.status != 200 || !bytes.Equal(a.body, want) {
			p.t.Errorf("%s: status %d, %d bytes of %d", what, a.status, len(a.body), len(want))
		}
	}
	same("an original", p.get(h.public), h.photo)
	if a := p.get(h.thumb).want(p.t, 200); a.header.Get("ETag") != h.thumbTag {
		p.t.Error("the thumb is another")
	}
	p.get(h.secret).want(p.t, 404)
	token := p.call("POST", "/api/files/token", h.user, nil).want(p.t, 200).json(p.t)["token"].(string)
	same("a protected file", p.get(h.secret+"?token="+token), h.hidden)
	same("a private file of the media library", p.get("/assets/"+h.media, "Authorization: Bearer "+h.key), h.mediaBytes)
	p.get("/assets/"+h.media).want(p.t, 401)
	p.call("GET", "/api/collections", h.admin, nil).want(p.t, 200)
	p.signIn("users", "u@example.com", userPassword)
	p.token = h.admin
}

func mustMigrate(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, append([]string{"migrate"}, args...)...)
	if err != nil {
		t.Fatalf("migrate %v: %v\n%s", args, err, out)
	}
	return out
}

func TestACatalogMovesToPostgreSQLAndBackWhileItIsServed(t *testing.T) {
	database := startPostgres(t)
	p := start(t)
	h := furnish(p)

	ahead := mustMigrate(t, "--from", "sqlite:"+p.dir, "--to", database, "--ahead")
	if !strings.Contains(ahead, "copying") || !strings.Contains(ahead, "in use as before") {
		t.Errorf("%s", ahead)
	}
	if _, err := run(t, "serve", "--dir", t.TempDir(), "--http", "127.0.0.1:0", "--catalog", database); !errors.Is(err, transfer.ErrUnfinished) {
		t.Errorf("a catalog that is not finished is served: %v", err)
	}
	late := p.upload("photos", "late.jpg", h.photo)
	out := mustMigrate(t, "--from", "sqlite:"+p.dir, "--to", database)
	if !strings.Contains(out, "takes no writes any more") || strings.Contains(out, "postgres://") {
		t.Errorf("%s", out)
	}
	// The old server goes on reading, and says of every write that it is not to be had now.
	h.wantIn(p)
	if a := p.form("POST", "/api/collections/photos/records", h.admin, part{"image", "c.jpg", h.photo}); a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("a write to the old catalog: status %d: %s", a.status, a.body)
	}
	again := startIn(t, p.dir) // by mistake, or to go on reading
	h.wantIn(again)
	if !strings.Contains(again.log.String(), "takes no writes") {
		t.Errorf("the log does not say that the catalog is sealed:\n%s", again.log)
	}
	again.stop()

	next := startIn(t, p.dir, "--catalog", database)
	h.wantIn(next)
	next.get(late).want(t, 200)
	p.stop()
	added := next.upload("photos", "new.jpg", h.photo)
	if out, err := run(t, "migrate", "--from", "sqlite:"+p.dir, "--to", database); !errors.Is(err, transfer.ErrOccupied) {
		t.Errorf("a target that is in use: %v\n%s", err, out)
	}

	// What the old catalog has not heard of is no garbage.
	if out, err := run(t, "gc", "--dir", p.dir, "--age", "0s"); !errors.Is(err, origin.ErrSealed) {
		t.Errorf("gc by a catalog that has moved: %v\n%s", err, out)
	}

	back := t.TempDir()
	mustMigrate(t, "--from", database, "--to", "sqlite:"+back, "--quiet")
	if out := mustMigrate(t, "--from", database, "--to", "sqlite:"+back, "--quiet"); !strings.Contains(out, "already") {
		t.Errorf("%s", out)
	}
	last := startIn(t, back, "--storage", filepath.Join(p.dir, "storage"))
	h.wantIn(last)
	last.get(added).want(t, 200)
	last.upload("photos", "last.jpg", h.photo)

	if out := mustMigrate(t, "--from", database, "--reopen"); !strings.Contains(out, "takes writes again") {
		t.Errorf("%s", out)
	}
	next.upload("photos", "reopened.jpg", h.photo)
}

// The bytes move under a server that reads through both stores.
func TestBytesMoveWhileTheyAreServed(t *testing.T) {
	first := start(t)
	h := furnish(first)
	first.stop()
	old, target := filepath.Join(first.dir, "storage"), filepath.Join(t.TempDir(), "new")
	p := startIn(t, first.dir, "--blobs", "local:"+target, "--blobs-fallback", "local:"+old)
	h.wantIn(p)
	p.token = h.admin
	late := p.upload("photos", "late.jpg", h.photo)
	gone := strings.Split(p.upload("photos", "gone.jpg", h.photo), "/")
	if entries, _ := filepath.Glob(filepath.Join(old, "originals/*/*/late_*")); len(entries) > 0 {
		t.Errorf("an upload went to the old store: %v", entries)
	}
	p.call("DELETE", "/api/collections/photos/records/"+gone[4], h.admin, nil).want(t, 204)

	move := []string{"--from", "local:" + old, "--to", "local:" + target, "--dir", first.dir}
	ended, asking := make(chan struct{}), sync.WaitGroup{}
	asking.Go(func() { // originals come from the stores each time
		for last := false; !last; {
			select {
			case <-ended:
				last = true
			default:
			}
			for path, want := range map[string][]byte{h.public: h.photo, late: h.photo} {
				if a, err := p.try("GET", path, nil); err != nil || a.status != 200 || !bytes.Equal(a.body, want) {
					t.Errorf("%s while the bytes move: status %d, %v", path, a.status, err)
				}
			}
		}
	})
	out := mustMigrate(t, move...)
	close(ended)
	asking.Wait()
	if !strings.Contains(out, "every file that the catalog knows") || !strings.Contains(out, "copying: ") {
		t.Errorf("%s", out)
	}
	h.wantIn(p)
	p.stop()
	alone := startIn(t, first.dir, "--blobs", "local:"+target)
	h.wantIn(alone)
	alone.get(late).want(t, 200)

	// What is wrong in the target is found, named, and mended on demand.
	moved := filepath.Join(target, "originals", strings.TrimPrefix(h.public, "/api/files/"))
	data, err := os.ReadFile(moved)
	if err == nil {
		data[100] ^= 1
		err = os.WriteFile(moved, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, append([]string{"migrate"}, move...)...); err == nil || !strings.Contains(out, "not moved: originals"+strings.TrimPrefix(h.public, "/api/files")) {
		t.Errorf("a damaged object: %v\n%s", err, out)
	}
	mustMigrate(t, append(move, "--repair")...)
	if err := os.Remove(moved); err != nil {
		t.Fatal(err)
	}
	nowhere := []string{"--from", "local:" + t.TempDir(), "--to", "local:" + target, "--dir", first.dir}
	if out, err := run(t, append([]string{"migrate"}, nowhere...)...); err == nil || !strings.Contains(out, "missing: originals") {
		t.Errorf("a file without bytes: %v\n%s", err, out)
	}
	mustMigrate(t, append(move, "--skip-renditions")...)
	h.wantIn(alone)
}

func TestBytesMoveToABucketAndBack(t *testing.T) {
	store, bucket := startS3(t)
	first := start(t)
	h := furnish(first)
	first.stop()
	at := inBucket(bucket+"/moved", store.Address())
	old := "local:" + filepath.Join(first.dir, "storage")
	p := startIn(t, first.dir, "--blobs", at, "--blobs-fallback", old)
	h.wantIn(p)
	proxy, err := faulty.Listen(store.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	through := inBucket(bucket+"/moved", proxy.Address())
	for _, fault := range []faulty.Fault{{Refuse: true}, {Status: 403}} {
		if err := proxy.Set(fault); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "migrate", "--from", old, "--to", through, "--dir", first.dir); err == nil || !strings.Contains(err.Error(), "--to") || strings.Contains(err.Error(), "\n") {
			t.Errorf("a bucket that refuses: %v\n%s", err, out)
		}
	}
	h.wantIn(p)
	mustMigrate(t, "--from", old, "--to", at, "--dir", first.dir)
	p.stop()
	alone := startIn(t, first.dir, "--blobs", at)
	h.wantIn(alone)
	alone.stop()

	other, back := inBucket(bucket+"/other", store.Address()), "local:"+t.TempDir()
	mustMigrate(t, "--from", at, "--to", other, "--dir", first.dir)
	mustMigrate(t, "--from", other, "--to", back, "--dir", first.dir)
	h.wantIn(startIn(t, first.dir, "--blobs", back))
}

func TestWhatCannotMoveIsSaid(t *testing.T) {
	p := start(t)
	full := "local:" + filepath.Join(p.dir, "storage")
	for _, c := range []struct {
		says string
		args []string
	}{
		{"--from", nil},
		{"--to is missing", []string{"--from", full}},
		{"the same", []string{"--from", full, "--to", full}},
		{"one is a catalog", []string{"--from", full, "--to", "sqlite:" + t.TempDir()}},
		{"neither sqlite:DIR", []string{"--from", "postgre://u:secret-word@h/n", "--to", full}},
		{"neither sqlite:DIR", []string{"--from", "sqlite", "--to", full}},
		{"--from", []string{"--from", "sqlite:" + t.TempDir(), "--to", "sqlite:" + t.TempDir()}},
		{"--to", []string{"--from", "sqlite:" + p.dir, "--to", "postgres://u:secret-word@127.0.0.1:1/none"}},
		{"no library", []string{"--from", full, "--to", "local:" + t.TempDir(), "--dir", t.TempDir()}},
		{"no such file", []string{"--from", full + "/nowhere", "--to", full, "--dir", p.dir}},
		{"--reopen", []string{"--from", full, "--reopen"}},
		{"Parallel", []string{"--from", full, "--to", "local:" + t.TempDir(), "--dir", p.dir, "--parallel", "0"}},
		{"--from", []string{"--from", "s3://bucket?endpoint=http://127.0.0.1:1", "--to", full, "--dir", p.dir}},
	} {
		out, err := run(t, append([]string{"migrate"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(out+err.Error(), "secret-word") {
			t.Errorf("%v: %v, which does not say %q, or too much", c.args, err, c.says)
		}
	}
	if _, err := run(t, "serve", "--dir", p.dir, "--http", "127.0.0.1:0", "--blobs", full, "--blobs-fallback", full); err == nil || !strings.Contains(err.Error(), "--blobs-fallback") {
		t.Errorf("the same store twice: %v", err)
	}
}

func FuzzLocation(f *testing.F) {
	for _, s := range []string{"sqlite:", "sqlite:/x", "sqlite", "local:", "local:/x", "local", "postgres://u:p@h/n", "postgresql://", "s3://b/p?endpoint=http://h:1", "s3:", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l location
		if err := l.UnmarshalText([]byte(text)); err != nil {
			if len(text) > 40 && strings.Contains(err.Error(), text) {
				t.Errorf("%q is repeated: %v", text, err)
			}
			return
		}
		if l.isCatalog() == (l.blobs != "") || l.String() == "" || l.postgres != "" && strings.Contains(l.String(), l.postgres) {
			t.Errorf("%q is %+v, %s", text, l, l)
		}
	})
}
