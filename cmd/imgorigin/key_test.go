package main

import (
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
)

// newKey makes a key by the command line.
func (p *program) newKey(name, scope string, args ...string) string {
	p.t.Helper()
	out, err := run(p.t, append([]string{"key", "create", name, "--scope", scope, "--dir", p.dir}, args...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	return lines[len(lines)-1]
}

func TestAKeyIsShownOnceAndListedWithoutItsText(t *testing.T) {
	p := &program{t: t, dir: t.TempDir()}
	text := p.newKey("web site", "files:read,files:write", "--expires", "720h")
	id, secret, ok := auth.SplitKey(text)
	if !ok {
		t.Fatalf("%q is no key", text)
	}
	p.newKey("app", "files:read", "--expires", "2999-01-31")
	out, err := run(t, "key", "list", "--dir", p.dir)
	lines := strings.Split(out, "\n")
	if err != nil || len(lines) != 4 || strings.Contains(out, secret) {
		t.Fatalf("%s\n%v", out, err)
	}
	if f := strings.Fields(lines[1]); f[0] != `"app"` || f[2] != "files:read" || f[4] != "2999-01-31T00:00Z" || f[5] != "never" {
		t.Errorf("%q", f)
	}
	if f := strings.Fields(lines[2]); f[2] != id || f[3] != "files:read,files:write" || !strings.HasSuffix(f[4], "Z") {
		t.Errorf("%q", f)
	}
	if out, err := run(t, "key", "revoke", "web site", "--dir", p.dir); err != nil || out != "key \"web site\" revoked\n" {
		t.Errorf("%s, %v", out, err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"key", "revoke", "web site"}, `there is no key "web site"`},
		{[]string{"key", "create", "app", "--scope", "files:read"}, "already"},
		{[]string{"key", "create", "x", "--scope", "files:delete"}, "unknown scope"},
		{[]string{"key", "create", "x", "--scope", ""}, "none is named"},
		{[]string{"key", "create", "x"}, "--scope"},
		{[]string{"key", "create", "", "--scope", "files:read"}, "1 to 100 characters"},
		{[]string{"key", "create", "x", "--scope", "files:read", "--expires", "2001-01-01"}, "expired already"},
		{[]string{"key", "create", "x", "--scope", "files:read", "--expires", "soon"}, "neither a time"},
		{[]string{"key", "create", "x", "--scope", "files:read", "--expires=-1h"}, "neither a time"},
	} {
		if _, err := run(t, append(c.args, "--dir", p.dir)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.args, err, c.want)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "1h": now.Add(time.Hour), "2027-01-31": time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		"2027-01-31T01:02:03+01:00": time.Date(2027, 1, 31, 0, 2, 3, 0, time.UTC),
	} {
		var m moment
		if err := m.UnmarshalText([]byte(text)); err != nil || !m.after(now).Equal(want) {
			t.Errorf("%q: %s, %v", text, m.after(now), err)
		}
	}
}
