package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/internal/s3test"
)

// sent sends bytes to an address outside of the program, and returns the status.
func sent(t *testing.T, address, contentType string, data []byte) int {
	t.Helper()
	req, err := http.NewRequest("PUT", address, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// delivered lists what presigned addresses have taken.
func delivered(t *testing.T, s *s3test.Server, bucket string) (names []string) {
	t.Helper()
	c, err := s.Client()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for object := range c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: ".delivered/", Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		names = append(names, strings.TrimPrefix(object.Key, ".delivered/"))
	}
	return names
}

func TestFoirUploadsThatGoStraightToTheBucket(t *testing.T) {
	store, bucket := startS3(t)
	w := newDialectWorld(t, "Bearer", "--blobs", inBucket(bucket, store.Address()), "--foir-direct")
	hero := jpegOf(320, 240)
	id, address := w.announce(t, "hero.jpg", "image/jpeg", len(hero), map[string]any{"folder": "campaigns"})
	if !strings.HasPrefix(address, store.Endpoint()+"/"+bucket+"/.delivered/"+id+"?") || strings.Contains(address, s3test.SecretKey) {
		t.Fatalf("the upload URL is %s", address)
	}
	confirm := func() (map[string]any, string) { return w.graphql(t, "both", fmt.Sprintf(foirFinalize, id), nil) }
	if _, codes := confirm(); codes != "UPLOAD_INCOMPLETE" {
		t.Errorf("confirmed without bytes: %s", codes)
	}
	for what, c := range map[string]struct {
		contentType string
		data        []byte
	}{
		"more bytes": {"image/jpeg", append(bytes.Clone(hero), 'x')}, "fewer bytes": {"image/jpeg", hero[1:]}, "another type": {"image/png", hero},
	} {
		if status := sent(t, address, c.contentType, c.data); status != 403 {
			t.Errorf("%s than announced: the store says %d", what, status)
		}
	}
	if status := sent(t, strings.Replace(address, id, "upl_aaaaaaaaaaaaaaaaaaaa", 1), "image/jpeg", hero); status != 403 {
		t.Errorf("an address that was tampered with: the store says %d", status)
	}

	// As long as announced, and something else: found out when it is confirmed, and not kept.
	if status := sent(t, address, "image/jpeg", bytes.Repeat([]byte("<html>"), len(hero))[:len(hero)]); status != 200 {
		t.Fatalf("the store says %d", status)
	}
	if _, codes := confirm(); codes != "BAD_USER_INPUT" {
		t.Errorf("other bytes than announced: %s", codes)
	}
	if _, codes := confirm(); codes != "UPLOAD_INCOMPLETE" || len(delivered(t, store, bucket)) != 0 {
		t.Errorf("then: %s, %q", codes, delivered(t, store, bucket))
	}

	if status := sent(t, address, "image/jpeg", hero); status != 200 {
		t.Fatalf("the store says %d", status)
	}
	file, codes := confirm()
	if codes != "" || file["width"] != 320.0 || file["height"] != 240.0 || file["size"] != float64(len(hero)) || len(fmt.Sprint(file["blurhash"])) != 28 {
		t.Fatalf("%s %v", codes, file)
	}
	if left := delivered(t, store, bucket); len(left) != 0 {
		t.Errorf("after the confirmation there is still %q", left)
	}
	// The address is good for another while, and nobody looks there any more.
	if status := sent(t, address, "image/jpeg", jpegOfLength(t, len(hero))); status != 200 {
		t.Fatalf("the store says %d", status)
	}
	again, _ := confirm()
	if diff := cmp.Diff(file, again); diff != "" {
		t.Errorf("confirmed after a later put: %s", diff)
	}
	path := strings.TrimPrefix(fmt.Sprint(file["url"]), w.base)
	if a := w.get(path).want(t, 200); !bytes.Equal(a.body, hero) {
		t.Error("the bytes are not those that were confirmed")
	}
	w.get(path+"?thumb=100x100").want(t, 200)
	w.checkLog(t)
	if strings.Contains(w.log.String(), "X-Amz-Signature") {
		t.Error("the log tells presigned addresses")
	}
}

// jpegOfLength is another picture of so many bytes.
func jpegOfLength(t *testing.T, n int) []byte {
	t.Helper()
	data := jpegOf(60, 40)
	if len(data) > n {
		t.Fatalf("%d bytes are too few for a picture", n)
	}
	return append(data, make([]byte, n-len(data))...)
}

func TestDirectUploadsNeedABucket(t *testing.T) {
	if _, err := run(t, "serve", "--dir", t.TempDir(), "--http", "127.0.0.1:0", "--foir-direct"); err == nil || !strings.Contains(err.Error(), "--foir-direct") {
		t.Errorf("%v", err)
	}
}
