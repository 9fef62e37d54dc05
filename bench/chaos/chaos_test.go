package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/bench/cluster"
	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/internal/s3test"
)

// TestAShortChaos makes one fault of each part, for a moment each, without k6.
func TestAShortChaos(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	exe, err := rig.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	found, err := chaos(ctx, config{
		exe: exe, site: "../../deploy/nginx/imgorigin.conf", length: time.Minute, rounds: 1, fault: 800 * time.Millisecond, quiet: 700 * time.Millisecond, seed: 7,
		only: "^a replica is killed|stays away|refuses|disk", say: t.Logf,
	})
	for _, missing := range []error{pgtest.ErrMissing, s3test.ErrMissing, cluster.ErrNoNginx} {
		if errors.Is(err, missing) && os.Getenv("CI") == "" {
			t.Skip(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := found.verdict(); err != nil {
		t.Errorf("%v\n%s", err, found.markdown())
	}
	seen := make(map[string]bool)
	for _, e := range found.record.events {
		seen[e.op] = seen[e.op] || e.ok
	}
	for _, op := range []string{"hit", "original", "thumb", "protected", "guest", "upload", "delete", "deleted"} {
		if !seen[op] {
			t.Errorf("nothing came of %q", op)
		}
	}
	if faults := len(found.record.windows) + len(found.record.omitted); faults != 4 {
		t.Errorf("%d faults", faults)
	}
}

// whole is a tally that passes.
func whole() *tally {
	return &tally{record: newRecord(), ledger: newLedger(), kept: 2, deleted: 1, verified: 2 * replicas}
}

func TestWhatMustNotHappenFails(t *testing.T) {
	if err := whole().verdict(); err != nil {
		t.Fatalf("nothing happened: %v", err)
	}
	bad := map[string]func(*tally){
		"an upload that one replica does not have": func(t *tally) { t.verified-- },
		"a run without uploads":                    func(t *tally) { t.kept, t.verified = 0, 0 },
		"a run without deletes":                    func(t *tally) { t.deleted = 0 },
		"a fault that could not be made": func(t *tally) {
			t.record.repaired(t.record.begin("x"), errors.New("no"))
		},
	}
	for _, k := range kinds {
		bad[k] = func(t *tally) { t.record.violation(k, "something") }
	}
	for name, spoil := range bad {
		found := whole()
		spoil(found)
		if found.verdict() == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestRefusalsAreClearOrComplainedAbout(t *testing.T) {
	again := http.Header{"Retry-After": {"2"}}
	const busy, full = `{"status":503,"message":"Busy.","data":{}}`, `{"status":507,"message":"Full.","data":{}}`
	for _, c := range []struct {
		name   string
		status int
		header http.Header
		body   string
		clear  bool
	}{
		{"busy", 503, again, busy, true},
		{"no space", 507, nil, full, true},
		{"busy without when to come again", 503, nil, busy, false},
		{"busy in other words", 503, again, "<html>", false},
		{"a body that says another status", 503, again, full, false},
		{"no words", 503, again, `{"status":503,"message":""}`, false},
		{"a fault of the program's", 500, again, `{"status":500,"message":"Something went wrong.","data":{}}`, false},
		{"a credential that is refused", 401, nil, `{"status":401,"message":"No.","data":{}}`, false},
	} {
		if got := wanting(c.status, c.header, []byte(c.body)); (got == "") != c.clear {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestAThumbHasOneContentAndNoOtherThumbsTag(t *testing.T) {
	l, one, two := newLedger(), &file{path: "/one"}, &file{path: "/two"}
	for _, c := range []struct {
		name string
		file *file
		etag string
		sum  sum
		fine bool
	}{
		{"seen first", one, "a", sum{1}, true},
		{"seen again", one, "a", sum{1}, true},
		{"with another tag", one, "b", sum{1}, false},
		{"with other bytes", one, "a", sum{2}, false},
		{"another picture's with the same tag", two, "a", sum{1}, false},
		{"that of a picture like others", &file{path: "/three", alike: true}, "a", sum{1}, true},
	} {
		if err := l.thumb(c.file, "60x40", c.etag, c.sum); (err == nil) != c.fine {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A gap between two successes counts for the fault in whose time most of it is, and errors until the next fault begins.
func TestWhatHappensIsOfTheFaultBefore(t *testing.T) {
	begun := time.Now().Add(-time.Hour)
	at := func(s float64) time.Time { return begun.Add(time.Duration(s * float64(time.Second))) }
	found := whole()
	found.record.windows = []window{
		{name: faults[0].name, begun: at(10), repaired: at(12)},
		{name: faults[1].name, begun: at(20), repaired: at(22)},
	}
	add := func(second float64, via, status int) {
		found.record.add(event{begun: at(second), ended: at(second), via: via, op: "upload", status: status, ok: status == 200})
	}
	for _, s := range []float64{1, 9, 15, 19.5, 22.5} {
		add(s, 0, 200)
	}
	add(11, 1, 503)
	add(13, replicas, 502)
	add(20.5, 1, 0)
	rows := found.rows()
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	first, second := rows[0], rows[1]
	if first.gaps["upload"][0] != 6*time.Second || second.gaps["upload"][0] != 3*time.Second {
		t.Errorf("the longest without an upload: %v and %v", first.gaps["upload"], second.gaps["upload"])
	}
	if first.recovery != time.Second || second.recovery != 0 {
		t.Errorf("recovery: %s and %s", first.recovery, second.recovery)
	}
	if first.refused[0][503] != 1 || first.refused[1][502] != 1 || second.refused[0][0] != 1 || first.asked != 4 {
		t.Errorf("%+v and %+v", first, second)
	}
	if text := found.markdown(); !strings.Contains(text, "| 503: 1 | 502: 1 | 1.0 s |") {
		t.Error(text)
	}
}
