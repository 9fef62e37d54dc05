package main

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/internal/pgtest"
	"github.com/imgorigin/imgorigin/internal/s3test"
)

// startS3 starts a store with an empty bucket, and puts its credentials into the environment.
func startS3(t *testing.T) (s *s3test.Server, bucket string) {
	t.Helper()
	s, err := s3test.Start()
	if errors.Is(err, s3test.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if bucket, err = s.NewBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	return s, bucket
}

// inBucket is the value of --blobs for a bucket behind an address.
func inBucket(bucket, address string) string {
	return "s3://" + bucket + "?endpoint=" + url.QueryEscape("http://"+address)
}

// Two servers share nothing but a database and a bucket.
func TestTwoServersShareADatabaseAndABucket(t *testing.T) {
	database, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(database.Stop)
	store, bucket := startS3(t)
	dir := t.TempDir() // of the commands, which have one of their own too
	where := []string{"--catalog", database.URL("public"), "--blobs", inBucket(bucket+"/site/one", store.Address())}
	one, two := startIn(t, t.TempDir(), where...), startIn(t, t.TempDir(), where...)
	command := func(args ...string) string {
		t.Helper()
		out, err := run(t, append(append(args, "--dir", dir), where...)...)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return out
	}
	command("superuser", "upsert", adminEmail, adminPassword)
	one.token = one.signIn("_superusers", adminEmail, adminPassword)

	one.collection("pictures", everyForm, nil)
	data := jpegOf(200, 100)
	path := one.upload("pictures", "a.jpg", data)
	eventually(t, "the other server has heard of the collection", func() bool { return two.get(path).status == 200 })
	if a := two.get(path).want(t, 200); !bytes.Equal(a.body, data) {
		t.Error("the original on the other server is another")
	}
	if a := two.get(path, "Range: bytes=100-199").want(t, 206); !bytes.Equal(a.body, data[100:200]) {
		t.Error("a range on the other server is another")
	}
	thumb := two.get(path+"?thumb=60x40").want(t, 200)
	if a := one.get(path+"?thumb=60x40").want(t, 200); a.header.Get("ETag") != thumb.header.Get("ETag") || !bytes.Equal(a.body, thumb.body) {
		t.Error("the same thumb of two servers is not the same")
	}
	record := strings.Split(path, "/")[4]
	one.call("DELETE", "/api/collections/pictures/records/"+record, one.token, nil).want(t, 204)
	eventually(t, "a deleted file is gone from both", func() bool {
		return one.get(path).status == 404 && two.get(path).status == 404 && two.get(path+"?thumb=60x40").status == 404
	})

	// The commands work on the same library.
	key := strings.TrimSpace(command("key", "create", "k", "--scope", "files:read,files:write"))
	key = key[strings.LastIndexByte(key, '\n')+1:]
	local := t.TempDir() + "/b.jpg"
	if err := os.WriteFile(local, data, 0o600); err != nil {
		t.Fatal(err)
	}
	uploaded := strings.TrimSpace(command("files", "upload", local, "--quiet"))
	uuid, _, _ := strings.Cut(uploaded, " ")
	if a := two.get("/assets/"+uuid, "Authorization: Bearer "+key).want(t, 200); !bytes.Equal(a.body, data) {
		t.Error("what a command uploaded is another")
	}
	if out := command("gc", "--age", "0s"); !strings.HasPrefix(out, "1 originals") {
		t.Errorf("gc: %s", out)
	}
	command("files", "delete", uuid)
	if out := command("gc", "--age", "0s"); !strings.HasPrefix(out, "0 originals and 0 renditions seen") {
		t.Errorf("gc of an empty library: %s", out)
	}
}

func TestTheStartEndsWhereTheStoreIsNotThereOrNotOurs(t *testing.T) {
	store, bucket := startS3(t)
	for _, c := range []struct{ blobs, secret, says string }{
		{inBucket(bucket, "127.0.0.1:1"), s3test.SecretKey, "connection refused"},
		{inBucket("no-such-bucket", store.Address()), s3test.SecretKey, "NoSuchBucket"},
		{inBucket(bucket, store.Address()), "a-wrong-secret", "SignatureDoesNotMatch"},
		{"s3://" + bucket + "?endpoint=ftp://x", s3test.SecretKey, "http://"},
		{"s3://key:a-wrong-secret@" + bucket, s3test.SecretKey, "AWS_ACCESS_KEY_ID"},
		{"s3://" + bucket + "?secret=a-wrong-secret", s3test.SecretKey, "no parameter"},
		{"bucket", s3test.SecretKey, "neither local"},
	} {
		t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
		out, err := run(t, "serve", "--dir", t.TempDir(), "--http", "127.0.0.1:0", "--blobs", c.blobs)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "--blobs") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, which does not say %q of --blobs in one line", c.blobs, err, c.says)
		}
		if err != nil && (strings.Contains(out+err.Error(), "a-wrong-secret") || strings.Contains(out+err.Error(), s3test.SecretKey)) {
			t.Errorf("%s: a secret is printed: %v", c.blobs, err)
		}
	}
}

func TestBaasixVariablesNameABucket(t *testing.T) {
	store, bucket := startS3(t)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"STORAGE_TYPE": "s3", "STORAGE_S3_BUCKET": bucket, "STORAGE_S3_REGION": s3test.Region, "STORAGE_S3_ENDPOINT": store.Endpoint(),
		"STORAGE_S3_ACCESS_KEY": s3test.AccessKey, "STORAGE_S3_SECRET_KEY": s3test.SecretKey,
	} {
		t.Setenv(name, value)
	}
	p := start(t).asAdmin()
	key := p.newKey("uploads", "files:read,files:write")
	data := jpegOf(60, 40)
	a := p.form("POST", "/files", "Bearer "+key, part{"file", "a.jpg", data}).want(t, 200)
	if b := p.get("/assets/"+a.json(t)["data"].(string), "Authorization: Bearer "+key).want(t, 200); !bytes.Equal(b.body, data) {
		t.Error("the bytes are others")
	}
	if _, err := os.Stat(p.dir + "/storage"); err == nil {
		t.Error("there is a folder of originals too")
	}
	if entries, err := os.ReadDir(p.dir + "/spool"); err != nil || len(entries) != 0 {
		t.Errorf("in the spool folder there is %v, %v", entries, err)
	}
}

// While the store is away, what is in memory goes on, and everything else is told so at once.
func TestAnOutageOfTheStore(t *testing.T) {
	store, bucket := startS3(t)
	proxy, err := faulty.Listen(store.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	p := start(t, "--blobs", inBucket(bucket, proxy.Address())).asAdmin()
	p.collection("pictures", everyForm, nil)
	data := jpegOf(200, 100)
	path := p.upload("pictures", "a.jpg", data)
	warm := p.get(path+"?thumb=60x40").want(t, 200)
	p.get("/api/health").want(t, 200)

	for _, fault := range []faulty.Fault{{Refuse: true}, {Status: 503}, {CutAfter: 1}} {
		if err := proxy.Set(fault); err != nil {
			t.Fatal(err)
		}
		if a := p.get(path + "?thumb=60x40"); a.status != 200 || !bytes.Equal(a.body, warm.body) {
			t.Errorf("%+v: a thumb in memory: status %d", fault, a.status)
		}
		for what, a := range map[string]reply{
			"a cold thumb": p.get(path + "?thumb=40x40"),
			"an original":  p.get(path),
			"an upload":    p.form("POST", "/api/collections/pictures/records", p.token, part{"image", "b.jpg", data}),
			"health":       p.get("/api/health"),
		} {
			if a.status != 503 || a.header.Get("Cache-Control") != "no-store" && what != "health" {
				t.Errorf("%+v: %s: status %d, %s", fault, what, a.status, a.header.Get("Cache-Control"))
			}
		}
		if err := proxy.Set(faulty.Fault{}); err != nil {
			t.Fatal(err)
		}
		if a := p.get(path).want(t, 200); !bytes.Equal(a.body, data) {
			t.Errorf("after %+v the original is another", fault)
		}
	}
	p.get(path+"?thumb=40x40").want(t, 200)
	again := p.upload("pictures", "c.jpg", data)
	if a := p.get(again).want(t, 200); !bytes.Equal(a.body, data) {
		t.Error("an upload after the outage is another")
	}
	if list := p.call("GET", "/api/collections/pictures/records", p.token, nil).want(t, 200).json(t); list["totalItems"] != 2.0 {
		t.Errorf("there are %v records, and two were acknowledged", list["totalItems"])
	}
	if strings.Contains(p.log.String(), s3test.SecretKey) || strings.Contains(p.log.String(), "Signature") {
		t.Errorf("the log tells secrets:\n%s", p.log)
	}
}
