package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// at asks for a path of a host and returns the status and the body.
func (p *program) at(host, method, path string, headers ...string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequest(method, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Host = host
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// noRoute is how an answer of PocketBase's begins for what no route matches.
const noRoute = `{"data":{},"message":"The requested resource wasn't found."`

func TestEachFileAPIIsWhereTheOperatorWantsIt(t *testing.T) {
	const uuid = "/c5815fb0-997e-11e9-bcec-8fb5f642f8a5"
	p := start(t, "--pocketbase", "/pb", "--fibery", "fibery.example.com", "--foir", "off", "--baasix", "baasix.example.com/api", "--flextype", "/")
	for _, c := range []struct {
		name, host, method, path string
		there                    bool
	}{
		{"PocketBase under its prefix", "x", "GET", "/pb/api/collections/none/records", true},
		{"PocketBase at the root", "x", "GET", "/api/collections/none/records", false},
		{"the health check", "x", "GET", "/api/health", true},
		{"the health check on another's host", "fibery.example.com", "GET", "/api/health", true},
		{"Fibery on its host", "fibery.example.com", "POST", "/api/files", true},
		{"Fibery on its host with a port", "Fibery.Example.com:8090", "POST", "/api/files/sign-urls", true},
		{"Fibery on another host", "x", "POST", "/api/files/sign-urls", false},
		{"Foir, which is off", "x", "POST", "/graphql", false},
		{"Baasix on its host under its prefix", "baasix.example.com", "GET", "/api/files" + uuid, true},
		{"Baasix on its host without its prefix", "baasix.example.com", "GET", "/files" + uuid, false},
		{"Baasix on another host", "x", "GET", "/api/files" + uuid, false},
		{"Flextype at the root", "x", "GET", "/api/files?id=x", true},
		{"Flextype where it is by default", "x", "GET", "/flextype/api/files?id=x", false},
	} {
		status, body := p.at(c.host, c.method, c.path)
		if there := !(status == 404 && strings.HasPrefix(body, noRoute)); there != c.there {
			t.Errorf("%s: %d %.200s", c.name, status, body)
		}
	}
	p.stop()

	p = start(t, "--pocketbase", "off")
	if status, body := p.at("x", "GET", "/api/collections/users/records"); status != 404 || !strings.HasPrefix(body, noRoute) {
		t.Errorf("PocketBase, which is off: %d %.200s", status, body)
	}
	if status, _ := p.at("x", "GET", "/api/health"); status != 200 {
		t.Errorf("health: %d", status)
	}
	if status, body := p.at("x", "POST", "/graphql"); status == 404 {
		t.Errorf("Foir: %d %.200s", status, body)
	}
	p.stop()

	dir := t.TempDir()
	for args, want := range map[string]string{
		"--flextype / --fibery /":                  "two file APIs cannot share a place",
		"--fibery /a//b":                           "not a place",
		"--baasix-visibility secret":               "public or private",
		"--foir-max-file 0B":                       "--foir-max-file",
		"--public-url example.com":                 "--public-url",
		"--public-url https://a@b/":                "--public-url",
		"--fetch-methods get":                      "--fetch-methods",
		"--fetch-hosts Example.com":                "--fetch-hosts",
		"--fetch-allow 10.0.0.1/99":                "--fetch-allow",
		"--fetch-methods GET --fetch-hosts a.*.de": "--fetch-hosts",
	} {
		_, err := run(t, append([]string{"serve", "--http", "127.0.0.1:0", "--dir", dir}, strings.Fields(args)...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}

func TestAKeyThatIsRevokedIsRefusedByARunningServer(t *testing.T) {
	p := start(t)
	key, narrow := p.newKey("site", "files:read,files:write"), p.newKey("reader", "files:read")
	status := func(key string) int {
		code, _ := p.at("x", "POST", "/files", "Authorization: Bearer "+key)
		return code
	}
	const taken, unauthenticated, forbidden = 400, 401, 403 // an upload without a body is refused after the key was taken
	if got := status(key); got != taken {
		t.Fatalf("a good key: %d", got)
	}
	if got := status(narrow); got != forbidden {
		t.Errorf("a key without the scope: %d", got)
	}
	for name, wrong := range map[string]string{"no key": "", "a broken one": key + "x", "another one": strings.Replace(key, "_", "-", 1)} {
		if got := status(wrong); got != unauthenticated {
			t.Errorf("%s: %d", name, got)
		}
	}
	if _, err := run(t, "key", "revoke", "site", "--dir", p.dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key is refused", func() bool { return status(key) == unauthenticated })
	p.stop()
	for name, secret := range map[string]string{"the one": key, "the other": narrow} {
		if strings.Contains(p.log.String(), secret[len("igk_"):]) {
			t.Errorf("%s is in the log", name)
		}
	}
	if out, err := run(t, "key", "list", "--dir", p.dir); err != nil || !strings.Contains(out, "reader") || strings.Contains(out, "never\n") {
		t.Errorf("its last use was not kept: %s, %v", out, err)
	}
}
