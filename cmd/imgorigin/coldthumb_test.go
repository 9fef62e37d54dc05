package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/internal/pgtest"
)

// TestAColdThumbAskedOfReplicasAtOnceIsOneThumb asks three servers on one PostgreSQL and one folder at once for thumbs that
// nobody has asked for. Each may render it, for they share no queue; what is sent is one sequence of bytes under one ETag, that
// which is kept. How many renders it took is logged; bench/RESULTS.md has the figure from outside.
func TestAColdThumbAskedOfReplicasAtOnceIsOneThumb(t *testing.T) {
	server, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	const replicas, clients, pictures = 3, 2, 8
	catalog, storage := server.URL("public"), t.TempDir()
	var all []*program
	for range replicas {
		all = append(all, startIn(t, t.TempDir(), "--catalog", catalog, "--storage", storage, "--metrics", "127.0.0.1:0"))
	}
	first := all[0]
	if _, err := run(t, "superuser", "upsert", adminEmail, adminPassword, "--dir", t.TempDir(), "--catalog", catalog, "--storage", storage); err != nil {
		t.Fatal(err)
	}
	first.token = first.signIn("_superusers", adminEmail, adminPassword)
	first.collection("pictures", everyForm, nil)
	var paths []string
	for n := range pictures {
		paths = append(paths, first.upload("pictures", "a.jpg", jpegOf(400+n, 300))+"?thumb=60x40")
	}
	for _, p := range all {
		eventually(t, "a server has heard of the collection", func() bool { return p.get(first.upload("pictures", "b.txt", []byte("b"))).status == 200 })
	}
	for _, path := range paths {
		var asking sync.WaitGroup
		replies, begin := make([]reply, replicas*clients), make(chan struct{})
		for n := range replies {
			asking.Go(func() {
				<-begin
				if a, err := all[n%replicas].try("GET", path, nil); err == nil {
					replies[n] = a
				}
			})
		}
		close(begin)
		asking.Wait()
		for _, p := range all { // and once more, from memory
			replies = append(replies, p.get(path))
		}
		for _, a := range replies {
			a.want(t, 200)
			if !bytes.Equal(a.body, replies[0].body) || a.header.Get("Etag") != replies[0].header.Get("Etag") {
				t.Errorf("%s: two thumbs, %s and %s", path, replies[0].header.Get("Etag"), a.header.Get("Etag"))
			}
		}
		if kept := keptUnder(t, storage, sha256.Sum256(replies[0].body)); kept != 1 {
			t.Errorf("%s: what was sent is kept %d times", path, kept)
		}
	}
	renders := 0
	for _, p := range all {
		n, err := strconv.Atoi(p.metric("imgorigin_renders_total"))
		if err != nil {
			t.Fatal(err)
		}
		renders += n
	}
	if renders < pictures || renders > replicas*pictures {
		t.Errorf("%d renders of %d thumbs by %d servers", renders, pictures, replicas)
	}
	t.Logf("%d thumbs asked of %d servers at once took %d renders", pictures, replicas, renders)
}

// keptUnder counts the files of a folder that have these bytes.
func keptUnder(t *testing.T, dir string, sum [sha256.Size]byte) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("a kept file: %w", err)
		}
		if sha256.Sum256(data) == sum {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
