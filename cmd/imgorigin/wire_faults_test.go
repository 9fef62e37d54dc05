package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWireFaults is the part of the table where the machine fails: bytes that are lost, a store that is gone, and a catalog
// that cannot be read.
func TestWireFaults(t *testing.T) {
	dir := t.TempDir()
	w := &world{program: startIn(t, dir).asAdmin(), tokens: make(map[string]string)}
	w.tokens["admin"] = w.token
	w.collection("faults", everyForm, nil)
	upload := func() string { return w.upload("faults", "photo.jpg", jpegOf(300, 150)) }
	lost, cold, kept := upload(), upload(), upload()
	original := func(path string) string {
		return filepath.Join(w.stored(), "originals", filepath.FromSlash(strings.TrimPrefix(path, "/api/files/")))
	}
	thumb := w.get(lost+"?thumb=60x40").want(t, 200)
	warm := w.get(kept+"?thumb=60x40").want(t, 200)

	// Only the row is left: it is as if there were no file. What was made of it goes on being served.
	if err := os.Remove(original(lost)); err != nil {
		t.Fatal(err)
	}
	refused := func(name, method, path string, status int, message, cache string) line {
		return line{name: name, method: method, path: path, status: status, want: refusal(status, message),
			sent: map[string]string{"Vary": "-", "Access-Control-Allow-Origin": "*", "Cache-Control": cache}}
	}
	gone := func(name, method, path string) line {
		return refused(name, method, path, 404, notFoundText, "max-age=5")
	}
	w.run(t, []line{
		gone("an original that is lost", "GET", lost),
		gone("its head", "HEAD", lost),
		gone("a part of it", "GET", lost),
		gone("a thumb of it", "GET", lost+"?thumb=0x40"),
		gone("a size that is not listed", "GET", lost+"?thumb=61x40"),
	})
	if a := w.get(lost+"?thumb=60x40").want(t, 200); !bytes.Equal(a.body, thumb.body) {
		t.Error("the thumb that is kept changed")
	}

	w.stop()
	const noToken, noFile = "Failed to generate file token.", "Filesystem initialization failure."
	failed := func(name, method, path string) line { return refused(name, method, path, 500, noFile, "no-store") }
	if outside.of(t, dir) == nil { // a catalog of a file that can be broken
		// A catalog that answers nonsense, met by a program that remembers nothing.
		data := filepath.Join(dir, "data.db")
		sound, err := os.ReadFile(data)
		if err != nil {
			t.Fatal(err)
		}
		w.program = startIn(t, dir)
		w.token = w.tokens["admin"]
		nonsense := make([]byte, len(sound))
		_, _ = rand.Read(nonsense)
		if err := os.WriteFile(data, nonsense, 0o600); err != nil {
			t.Fatal(err)
		}
		w.run(t, []line{
			{name: "a file token", as: "admin", method: "POST", path: "/api/files/token", status: 500, want: refusal(500, noToken)},
			failed("a file", "GET", cold),
			failed("a thumb", "GET", cold+"?thumb=60x40"),
			failed("the head of one", "HEAD", cold),
			{name: "a record", as: "admin", method: "GET", path: "/api/collections/faults/records", status: 500, want: refusal(500, badRequestText)},
			{name: "a guest asks for a token", method: "POST", path: "/api/files/token", status: 401, want: refusal(401, tokenText)},
			{name: "health", method: "GET", path: "/api/health", status: 500, want: refusal(500, badRequestText)},
		})
		w.stop()
		if err := os.WriteFile(data, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.program = startIn(t, dir, "--metrics", "127.0.0.1:0")
	eventually(t, "a thumb is in memory", func() bool {
		if a := w.get(kept+"?thumb=60x40").want(t, 200); !bytes.Equal(a.body, warm.body) {
			t.Fatal("the thumb that was kept changed")
		}
		return w.metric("imgorigin_memory_hits_total") != "0"
	})
	w.get(cold).want(t, 200)

	// A store that is gone: no file is lost for that, and caches must not hear that one was.
	if err := os.RemoveAll(w.stored()); err != nil {
		t.Fatal(err)
	}
	w.run(t, []line{
		failed("an original without its store", "GET", cold),
		failed("its head", "HEAD", cold),
		failed("a thumb that was never made", "GET", cold+"?thumb=60x40"),
		{name: "an upload", as: "admin", method: "POST", path: "/api/collections/faults/records", body: []part{{"image", "a.jpg", jpegOf(20, 20)}},
			status: 500, want: refusal(500, badRequestText)},
		{name: "health without a store", method: "GET", path: "/api/health", status: 500, want: refusal(500, badRequestText)},
		{name: "it lives", method: "GET", path: "/api/health/live", status: 200, want: `{"message":"API is healthy.","code":200,"data":{}}`},
	})
	if a := w.get(kept+"?thumb=60x40").want(t, 200); !bytes.Equal(a.body, warm.body) {
		t.Error("the thumb in memory changed")
	}
}
