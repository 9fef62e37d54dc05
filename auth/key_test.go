package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/auth"
)

func TestAKeyIsFoundByItsIDAndJudgedByItsSecret(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		text, id, hash := auth.NewKey()
		gotID, secret, ok := auth.SplitKey(text)
		if !ok || gotID != id || len(secret) != 40 || !auth.KeyMatches(secret, hash) || seen[text] {
			t.Fatalf("%s: %s, %t", text, gotID, ok)
		}
		seen[text] = true
		if strings.Contains(hash, secret) || auth.KeyMatches(secret[1:]+"x", hash) || auth.KeyMatches("", hash) || auth.KeyMatches(secret, "") || auth.KeyMatches(secret, hash[:60]) {
			t.Fatalf("%s matches what it should not", text)
		}
	}
}

func FuzzSplitKey(f *testing.F) {
	text, _, _ := auth.NewKey()
	for _, s := range []string{text, "", "igk_", strings.ToUpper(text), text + "x", text[:len(text)-1], text[:4] + text[5:] + "_", text[:len(text)-1] + "\n", text[:len(text)-1] + "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, secret, ok := auth.SplitKey(s)
		if !ok {
			if id != "" && secret != "" && strings.Trim(id+secret, auth.Alnum) == "" && s == "igk_"+id+"_"+secret && strings.Trim(id, auth.LowerAlnum) == "" {
				t.Fatalf("%q was refused", s)
			}
			return
		}
		if s != "igk_"+id+"_"+secret || len(id) != 15 || len(secret) != 40 || strings.Trim(id, auth.LowerAlnum) != "" || strings.Trim(secret, auth.Alnum) != "" {
			t.Fatalf("%q is %q and %q", s, id, secret)
		}
	})
}

func TestScopes(t *testing.T) {
	for text, want := range map[string]auth.Scope{
		"files:read": auth.FilesRead, "files:write": auth.FilesWrite, "files:read,files:write": auth.FilesRead | auth.FilesWrite,
		" files:write , files:read ": auth.FilesRead | auth.FilesWrite, "files:read,,files:read": auth.FilesRead,
	} {
		got, err := auth.ParseScope(text)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
		if again, err := auth.ParseScope(got.String()); err != nil || again != got {
			t.Errorf("%q reads as %v, %v", got.String(), again, err)
		}
	}
	for _, text := range []string{"", ",", "files", "files:delete", "FILES:READ", "files:read;files:write"} {
		if got, err := auth.ParseScope(text); !errors.Is(err, auth.ErrScope) || got != 0 {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if diff := cmp.Diff([]string{"files:read", "files:write"}, (auth.FilesRead | auth.FilesWrite | 128).Names()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAPrincipalMay(t *testing.T) {
	for name, c := range map[string]struct {
		p           auth.Principal
		read, write bool
	}{
		"a guest":     {auth.Principal{}, false, false},
		"a user":      {auth.Principal{CollectionID: "c", RecordID: "r"}, false, false},
		"a superuser": {auth.Principal{Superuser: true}, true, true},
		"a reader":    {auth.Principal{Key: "k", Scopes: auth.FilesRead}, true, false},
		"a writer":    {auth.Principal{Key: "k", Scopes: auth.FilesWrite}, false, true},
		"both":        {auth.Principal{Key: "k", Scopes: auth.FilesRead | auth.FilesWrite}, true, true},
	} {
		if c.p.May(auth.FilesRead) != c.read || c.p.May(auth.FilesWrite) != c.write || c.p.May(auth.FilesRead|auth.FilesWrite) != (c.read && c.write) {
			t.Errorf("%s", name)
		}
	}
}

func TestCredentialsOfAScheme(t *testing.T) {
	for header, want := range map[string]string{
		"Token abc": "abc", "token abc": "abc", "TOKEN   abc ": "abc", " \tToken\tabc": "abc", "Token a b": "a b",
		"": "", "Token": "", "Token ": "", "Tokenabc": "", "Bearer abc": "", "abc": "", "abc Token": "",
	} {
		if got := auth.ParseScheme(header, "Token"); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
