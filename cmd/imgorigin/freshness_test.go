package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/internal/pgtest"
)

// replicas are two servers that share a database and a folder.
type replicas struct {
	*program // the one that is told of changes
	other    *program
	t        *testing.T
	catalog  string        // --catalog of who else changes something
	link     *faulty.Proxy // between the database and the other server
	linked   string        // --catalog by that link
	delays   map[string][]time.Duration
}

// newReplicas starts them.
func newReplicas(t *testing.T) *replicas {
	t.Helper()
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	dir := t.TempDir()
	r := &replicas{t: t, catalog: server.URL("public"), delays: make(map[string][]time.Duration)}
	address := fmt.Sprintf("127.0.0.1:%d", server.Port)
	if r.link, err = faulty.Listen(address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.link.Close() })
	r.linked = strings.Replace(r.catalog, address, r.link.Address(), 1) + "&pool_max_conns=8&connect_timeout=1"
	r.program = startIn(t, dir, "--catalog", r.catalog)
	r.other = startIn(t, dir, "--catalog", r.linked, "--metrics", "127.0.0.1:0")
	r.command("superuser", "upsert", adminEmail, adminPassword)
	r.token = r.signIn("_superusers", adminEmail, adminPassword)
	r.other.token = r.token
	return r
}

// command runs another command of the program on the same library: a third process, as far as the two can tell.
func (r *replicas) command(args ...string) string {
	r.t.Helper()
	out, err := run(r.t, append(args, "--dir", r.dir, "--catalog", r.catalog)...)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// silence has the link swallow what is sent, or pass it on again.
func (r *replicas) silence(on bool) {
	r.t.Helper()
	if err := r.link.Set(faulty.Fault{Hang: on}); err != nil {
		r.t.Fatal(err)
	}
}

// path is an address within the collections API.
func (r *replicas) path(parts ...string) string {
	return "/api/collections/" + strings.Join(parts, "/")
}

// patch changes something by the first server.
func (r *replicas) patch(path string, body map[string]any) {
	r.t.Helper()
	r.call("PATCH", path, r.token, body).want(r.t, 200)
}

// thumbs changes what a collection's file field lists.
func (r *replicas) thumbs(collection string, thumbs ...string) {
	r.t.Helper()
	c := r.call("GET", r.path(collection), r.token, nil).want(r.t, 200).json(r.t)
	for _, f := range c["fields"].([]any) {
		if f := f.(map[string]any); f["name"] == "image" {
			f["thumbs"] = thumbs
		}
	}
	r.patch(r.path(collection), map[string]any{"fields": c["fields"]})
}

// spread does what changes something, and waits until the other server shows it. What it showed once it must go on
// showing: an old answer that comes back is one that was remembered after the news of its end.
func (r *replicas) spread(what string, change func(), shows func() bool) {
	r.t.Helper()
	if shows() {
		r.t.Fatalf("%s: it is so before the change", what)
	}
	change()
	acknowledged := time.Now()
	for !shows() {
		if time.Since(acknowledged) > 20*time.Second {
			r.t.Fatalf("%s: the other server does not know of it", what)
		}
		time.Sleep(time.Millisecond)
	}
	r.delays[what] = append(r.delays[what], time.Since(acknowledged))
	for range 5 {
		if !shows() {
			r.t.Errorf("%s: the old answer came back", what)
		}
	}
}

// report says how long the changes took to be seen, from their acknowledgement on: a figure to look at and no bound to fail by.
func (r *replicas) report() {
	for _, what := range slices.Sorted(maps.Keys(r.delays)) {
		d := r.delays[what]
		slices.Sort(d)
		r.t.Logf("%-48s seen after %9v, at most %9v, in %d times", what, d[len(d)/2].Round(10*time.Microsecond), d[len(d)-1].Round(10*time.Microsecond), len(d))
	}
}

func TestWhatOneServerChangesTheOtherOneSees(t *testing.T) {
	const rounds = 4
	r := newReplicas(t)
	is := func(path string, status int) func() bool {
		return func() bool { return r.other.get(path).status == status }
	}
	r.collection("pictures", everyForm, nil)
	small, large := jpegOf(120, 80), jpegOf(200, 100)
	media := r.form("POST", r.path("media", "records"), r.token, part{"file", "m.jpg", small}, part{field: "visibility", data: []byte("private")})
	asset := fmt.Sprint("/assets/", media.want(t, 200).json(t)["uuid"])
	for i := range rounds {
		path := r.upload("pictures", "a.jpg", small)
		record := r.path("pictures", "records", strings.Split(path, "/")[4])
		eventually(t, "the other has heard of the collection", is(path+"?thumb=60x40", 200))
		r.spread("a replaced file", func() {
			r.form("PATCH", record, r.token, part{"image", "b.jpg", large}).want(t, 200)
		}, func() bool {
			if r.other.get(path).status != 404 || r.other.get(path+"?thumb=60x40").status != 404 {
				return false
			}
			name := r.other.get(record).want(t, 200).json(t)["image"].(string)
			return bytes.Equal(r.other.get(path[:strings.LastIndexByte(path, '/')+1]+name).body, large)
		})
		path = r.upload("pictures", "a.jpg", small)
		record = r.path("pictures", "records", strings.Split(path, "/")[4])
		thumb := path + "?thumb=60x40"
		r.other.get(thumb).want(t, 200)
		r.spread("a delete", func() { r.call("DELETE", record, r.token, nil).want(t, 204) }, is(thumb, 404))

		name := fmt.Sprint("key", i)
		key := strings.TrimSpace(r.command("key", "create", name, "--scope", "files:read"))
		bearer := "Authorization: Bearer " + key[strings.LastIndexByte(key, '\n')+1:]
		r.other.get(asset, bearer).want(t, 200)
		r.spread("a revoked key", func() { r.command("key", "revoke", name) }, func() bool { return r.other.get(asset, bearer).status == 401 })
	}

	closed := r.collection("closed", everyForm, map[string]any{"viewRule": "@request.auth.id != ''", "image": map[string]any{"protected": true}})
	secret := r.upload("closed", "c.jpg", small)
	const first = "first-password-1"
	user := r.call("POST", r.path("users", "records"), r.token, map[string]any{"email": "ann@example.com", "password": first, "passwordConfirm": first}).want(t, 200).json(t)["id"].(string)
	password := first
	for i := range rounds {
		token := r.signIn("users", "ann@example.com", password)
		files := r.call("POST", "/api/files/token", token, nil).want(t, 200).json(t)["token"].(string)
		eventually(t, "the rule of the last round is heard of", func() bool { return r.other.get(secret+"?token="+files).status == 200 })
		r.other.call("POST", "/api/files/token", token, nil).want(t, 200)
		password = fmt.Sprint("another-password-", i)
		r.spread("a new password, which ends tokens and file tokens", func() {
			r.patch(r.path("users", "records", user), map[string]any{"password": password, "passwordConfirm": password})
		}, func() bool {
			return r.other.get(secret+"?token="+files).status == 404 && r.other.call("POST", "/api/files/token", token, nil).status == 401
		})

		r.spread("a rule that opens", func() { r.patch(r.path(closed), map[string]any{"viewRule": ""}) }, is(secret, 200))
		r.spread("a rule that closes", func() { r.patch(r.path(closed), map[string]any{"viewRule": nil}) }, is(secret, 404))
		r.patch(r.path(closed), map[string]any{"viewRule": "@request.auth.id != ''"})
	}

	shown := r.upload("pictures", "d.jpg", large)
	for range rounds {
		original := func() bool { return bytes.Equal(r.other.get(shown+"?thumb=70x50").body, large) }
		if !original() {
			t.Fatal("a thumb that is not listed is not the original")
		}
		r.spread("a thumb that is listed", func() { r.thumbs("pictures", "70x50") }, func() bool { return !original() })
		r.spread("a thumb that is listed no more", func() { r.thumbs("pictures", "60x40") }, original)
	}
	r.report()
}

// A network may swallow what is sent without closing anything, so that nobody is told of a failure.
func TestAServerThatIsCutOffFromTheDatabaseServesNothingOldThatARuleDecides(t *testing.T) {
	r := newReplicas(t)
	r.collection("pictures", everyForm, nil)
	public := r.upload("pictures", "a.jpg", jpegOf(120, 80))
	closed := r.collection("closed", everyForm, map[string]any{"viewRule": "@request.auth.id != ''", "image": map[string]any{"protected": true}})
	secret := r.upload("closed", "b.jpg", jpegOf(120, 80))
	secret += "?token=" + r.call("POST", "/api/files/token", r.token, nil).want(t, 200).json(t)["token"].(string)
	const brief, usual = "max-age=60", "max-age=2592000, stale-while-revalidate=86400"
	for _, address := range []string{public + "?thumb=60x40", public, secret} {
		eventually(t, "it has heard of "+address, func() bool { return r.other.get(address).status == 200 })
	}
	cold := r.upload("pictures", "c.jpg", jpegOf(60, 40))

	r.silence(true)
	silent := time.Now()
	eventually(t, "it refuses what a rule decides", func() bool { return r.other.get(secret).status == 503 })
	refused := time.Since(silent)
	asked := time.Now()
	if a := r.other.get(cold); a.status != 503 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a public file that it knows nothing of: status %d, %v", a.status, a.header)
	}
	t.Logf("what only the database knows was refused after %v", time.Since(asked).Round(time.Millisecond))
	if deaf := r.other.metric("imgorigin_deaf"); deaf != "1" {
		t.Errorf("imgorigin_deaf is %s", deaf)
	}
	r.patch(r.path(closed), map[string]any{"viewRule": nil})
	for range 20 { // whatever it has tried meanwhile to be connected again
		if a := r.other.get(secret); a.status != 503 || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("a protected file: status %d, %v", a.status, a.header)
		}
		for _, thumb := range []string{"?thumb=60x40", ""} {
			if a := r.other.get(public + thumb); a.status != 200 || a.header.Get("Cache-Control") != brief {
				t.Errorf("a public file%s: status %d, %v", thumb, a.status, a.header)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}

	r.silence(false)
	healed := time.Now()
	eventually(t, "it hears again", func() bool { return r.other.get(public).header.Get("Cache-Control") == usual })
	t.Logf("it refused %v after the silence began, and heard again %v after its end", refused.Round(time.Millisecond), time.Since(healed).Round(time.Millisecond))
	r.other.get(secret).want(t, 200) // of a superuser
	for name, want := range map[string]string{"deaf": "0", "catalog_connections_max": "8"} {
		if got := r.other.metric("imgorigin_" + name); got != want {
			t.Errorf("imgorigin_%s is %s, want %s", name, got, want)
		}
	}
	anonymous := secret[:strings.IndexByte(secret, '?')]
	r.other.get(anonymous).want(t, 404)
}

// A process may be stopped for a while, with its whole machine, and be asked at the very moment that it goes on, before it can
// have heard of anything: then too, and though none of its own waits has ended, its lease has run out.
func TestAServerThatWasStoppedServesNothingOldThatARuleDecides(t *testing.T) {
	r := newReplicas(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stopped := spawnBinary(t, exe, r.dir, "--catalog", r.linked)
	r.collection("pictures", everyForm, nil)
	r.collection("closed", everyForm, map[string]any{"viewRule": nil, "image": map[string]any{"protected": true}})
	public := r.upload("pictures", "a.jpg", jpegOf(120, 80))
	secret := r.upload("closed", "b.jpg", jpegOf(120, 80))
	token := r.call("POST", "/api/files/token", r.token, nil).want(t, 200).json(t)["token"].(string)
	secretThumb, publicThumb := secret+"?thumb=60x40&token="+token, public+"?thumb=60x40" // which are in memory, and so outlive the files
	served := func(status int) func() bool {
		return func() bool {
			return stopped.get(secretThumb).status == status && stopped.get(publicThumb).status == status
		}
	}
	eventually(t, "both are served", served(200))

	if err := stopped.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.silence(true)
	for _, path := range []string{secret, public} {
		segments := strings.Split(path, "/")
		r.call("DELETE", r.path(segments[3], "records", segments[4]), r.token, nil).want(t, 204)
	}
	var asked sync.WaitGroup
	asked.Go(func() {
		if a, err := stopped.try("GET", secretThumb, nil); err != nil || a.status != 503 {
			t.Errorf("a protected thumb: status %d, %v", a.status, err)
		}
	})
	asked.Go(func() {
		if a, err := stopped.try("GET", publicThumb, nil); err != nil || a.status != 200 || a.header.Get("Cache-Control") != "max-age=60" {
			t.Errorf("a public thumb: status %d, %v, %v", a.status, a.header, err)
		}
	})
	time.Sleep(1100 * time.Millisecond) // longer than a lease; what takes longer makes no difference
	if err := stopped.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	asked.Wait()
	r.silence(false)
	eventually(t, "both are gone", served(404))
}
