package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/internal/pgtest"
)

// Two servers share nothing but a database and the folder of the bytes.
func TestTwoServersShareACatalogInPostgreSQL(t *testing.T) {
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	dir, catalog := t.TempDir(), server.URL("public")
	if out, err := run(t, "gc", "--dir", dir, "--catalog", catalog); !errors.Is(err, errNoLibrary) {
		t.Errorf("gc by a catalog that knows no file: %v, %s", err, out)
	}
	one := startIn(t, dir, "--catalog", catalog)
	two := startIn(t, dir, "--catalog", catalog)
	if _, err := run(t, "superuser", "upsert", adminEmail, adminPassword, "--dir", dir, "--catalog", catalog); err != nil {
		t.Fatal(err)
	}
	one.token = one.signIn("_superusers", adminEmail, adminPassword)

	one.collection("pictures", everyForm, nil)
	path := one.upload("pictures", "a.jpg", jpegOf(200, 100))
	thumb := one.get(path+"?thumb=60x40").want(t, 200)
	eventually(t, "the other server has heard of the collection", func() bool { return two.get(path).status == 200 })
	if again := two.get(path+"?thumb=60x40").want(t, 200); again.header.Get("ETag") != thumb.header.Get("ETag") || string(again.body) != string(thumb.body) {
		t.Error("the same thumb of two servers is not the same")
	}
	list := two.get("/api/collections/pictures/records?filter=image~%22.jpg%22").want(t, 200).json(t)
	if list["totalItems"] != 1.0 {
		t.Errorf("the list of another server: %v", list)
	}

	closed := one.collection("closed", everyForm, map[string]any{"viewRule": "@request.auth.id != ''", "image": map[string]any{"protected": true}})
	secret := one.upload("closed", "b.jpg", jpegOf(80, 60))
	two.get(secret).want(t, 404)
	token := two.call("POST", "/api/files/token", one.token, nil).want(t, 200).json(t)["token"].(string)
	eventually(t, "it has heard of this collection too", func() bool { return two.get(secret+"?token="+token).status == 200 })

	one.call("PATCH", "/api/collections/"+closed, one.token, map[string]any{"viewRule": ""}).want(t, 200)
	eventually(t, "the rule that one server was told of opens the file on the other", func() bool { return two.get(secret).status == 200 })
	one.call("PATCH", "/api/collections/"+closed, one.token, map[string]any{"viewRule": nil}).want(t, 200)
	eventually(t, "and closes it again", func() bool { return two.get(secret).status == 404 })

	record := path[:strings.LastIndexByte(path, '/')]
	record = record[strings.LastIndexByte(record, '/')+1:]
	two.get(path).want(t, 200)
	one.call("DELETE", "/api/collections/pictures/records/"+record, one.token, nil).want(t, 204)
	eventually(t, "a file that one server has deleted is gone from the other, and its thumb", func() bool {
		return two.get(path).status == 404 && two.get(path+"?thumb=60x40").status == 404
	})
}

func TestACatalogThatCannotBeIsRefusedWithoutSayingItsPassword(t *testing.T) {
	for address, says := range map[string]string{
		"postgre://u:secret-word@h/n":               "neither sqlite nor",
		"postgres://u:secret-word@h:port/n":         "--catalog",
		"postgres://u:secret-word@127.0.0.1:1/none": "--catalog",
	} {
		out, err := run(t, "serve", "--dir", t.TempDir(), "--http", "127.0.0.1:0", "--catalog", address)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(out+err.Error(), "secret-word") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
