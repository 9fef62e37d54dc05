package main

import (
	"strings"
	"testing"
)

func TestProtectedFilesOpenToWhomTheViewRuleAdmits(t *testing.T) {
	p := newWorld(t)
	ann, bob, annID := p.tokens["ann"], p.tokens["bob"], p.ids["ann"]
	fileToken := func(token string) string {
		return p.call("POST", "/api/files/token", token, nil).want(t, 200).json(t)["token"].(string)
	}
	admin, anns, bobs := fileToken(p.token), fileToken(ann), fileToken(bob)

	protected := func(name string, rule any) string {
		p.collection(name, everyForm, map[string]any{
			"viewRule": rule, "image": map[string]any{"protected": true},
			"fields": []any{map[string]any{"name": "owner", "type": "text"}},
		})
		return p.upload(name, "a.jpg", jpegOf(200, 100), part{field: "owner", data: []byte(annID)})
	}
	closed := protected("closed", nil)
	open := protected("open", "")
	signed := protected("signed", "@request.auth.id != ''")
	owned := protected("owned", "owner = @request.auth.id")
	contextual := protected("contextual", "@request.context = 'protectedFile' && @request.method = 'GET' && @request.query.key = 'k'")

	const private, public = "private, no-cache", "max-age=2592000, stale-while-revalidate=86400"
	for _, c := range []struct {
		name, path, query string
		status            int
		cache             string
	}{
		{"null: a guest", closed, "", 404, "no-store"},
		{"null: a user", closed, "token=" + anns, 404, "no-store"},
		{"null: a superuser", closed, "token=" + admin, 200, private},
		{"null: a superuser's auth token is no file token", closed, "token=" + p.token, 404, "no-store"},
		{"empty: a guest", open, "", 200, public},
		{"signed in: a guest", signed, "", 404, "no-store"},
		{"signed in: a user", signed, "token=" + bobs, 200, private},
		{"owner: the owner", owned, "token=" + anns, 200, private},
		{"owner: another", owned, "token=" + bobs, 404, "no-store"},
		{"owner: a superuser", owned, "token=" + admin, 200, private},
		{"owner: a broken token", owned, "token=" + anns + "x", 404, "no-store"},
		{"owner: a token cut short", owned, "token=" + anns[:len(anns)-3], 404, "no-store"},
		{"request: the right query", contextual, "key=k", 200, private},
		{"request: the wrong query", contextual, "key=x", 404, "no-store"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, thumb := range []string{"", "thumb=60x40"} {
				query := strings.Trim(c.query+"&"+thumb, "&")
				a := p.get(c.path+"?"+query).want(t, c.status)
				if got := a.header.Get("Cache-Control"); got != c.cache {
					t.Errorf("%s: Cache-Control %q, want %q", thumb, got, c.cache)
				}
				if c.status == 404 && string(a.body) != `{"data":{},"message":"The requested resource wasn't found.","status":404}`+"\n" {
					t.Errorf("the refusal says more than it should: %s", a.body)
				}
				if c.cache == private && a.header.Get("Referrer-Policy") != "no-referrer" {
					t.Error("the address, with its token, may be told to others")
				}
			}
		})
	}
	p.get(owned, "Authorization: "+p.token).want(t, 404) // the header does not count here, not even a superuser's
	if a := p.head(contextual + "?key=k"); a.status != 404 {
		t.Errorf("@request.method is not HEAD: %d", a.status)
	}

	// A new password ends every token at once.
	p.get(owned+"?token="+anns).want(t, 200)
	p.call("PATCH", "/api/collections/users/records/"+annID, ann, map[string]any{
		"oldPassword": userPassword, "password": "annas-new-password", "passwordConfirm": "annas-new-password",
	}).want(t, 200)
	p.get(owned+"?token="+anns).want(t, 404)
	p.call("POST", "/api/files/token", ann, nil).want(t, 401)
	if strings.Contains(p.log.String(), anns) || strings.Contains(p.log.String(), ann) {
		t.Error("a token is in the log")
	}
}

func TestFileTokensAreForThoseWhoSignedIn(t *testing.T) {
	p := start(t)
	a := p.call("POST", "/api/files/token", "", nil).want(t, 401)
	if string(a.body) != `{"data":{},"message":"The request requires valid record authorization token.","status":401}`+"\n" {
		t.Errorf("body %s", a.body)
	}
	p.get("/api/files/token").want(t, 404)
	p.call("POST", "/api/files/token", "garbage", nil).want(t, 401)
}

func TestAnotherProcessesSuperuserIsSeenWithinASecond(t *testing.T) {
	p := start(t)
	if _, err := run(t, "superuser", "upsert", adminEmail, adminPassword, "--dir", p.dir); err != nil {
		t.Fatal(err)
	}
	old := p.signIn("_superusers", adminEmail, adminPassword)
	p.call("GET", "/api/collections", old, nil).want(t, 200)
	if _, err := run(t, "superuser", "upsert", adminEmail, "another-password-1", "--dir", p.dir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the old token ends and the new password counts", func() bool {
		return p.call("GET", "/api/collections", old, nil).status == 401
	})
	p.signIn("_superusers", adminEmail, "another-password-1")
}
