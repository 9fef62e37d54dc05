package blobtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

var guardCases = []testCase{
	{"every key that is one is kept", func(t *testing.T, b origin.Blobs) {
		long := strings.Repeat("x", 255)
		for _, key := range []origin.Key{"a", "guard/" + origin.Key(long), origin.Key(long) + "/a", "guard/.hidden", "guard/...",
			"guard/..a/a..", "guard/a b", "guard/%2e%2e/%00", "guard/?a=1&b=+#c", "guard/a\\b", "guard/*", "guard/ünï/日本",
			"guard/a.part", "guard/'\"<>", "originals/c/r/my_test_db_0123456789.p#n=g+"} {
			want := []byte("bytes of " + key)
			mustPut(t, b, key, want)
			wantObject(t, b, key, want)
			if got := keys(t, b, key); len(got) != 1 || got[0] != key {
				t.Errorf("%q is listed as %q", key, got)
			}
		}
	}},
	{"what is no key is refused by all methods", func(t *testing.T, b origin.Blobs) {
		for _, key := range []origin.Key{"", "/", "//", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b",
			"a/../../b", "a\x00b", "a/\x00", origin.Key(strings.Repeat("x", 256)), origin.Key("a/" + strings.Repeat("x", 256) + "/b")} {
			refuses(t, b, key)
		}
		wantNothing(t, b, "")
	}},
	{"what is no prefix is refused by DeletePrefix", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "guard/a", []byte("x"))
		for _, prefix := range []origin.Key{"", "/", "guard", "guard/a", "//", "/guard/", "./", "../", "guard/../", "guard/./", "guard//",
			"guard/\x00/"} {
			if err := b.DeletePrefix(t.Context(), prefix); err == nil {
				t.Errorf("DeletePrefix %q succeeded", prefix)
			}
		}
		wantObject(t, b, "guard/a", []byte("x"))
	}},
	{"an ended context ends every method before it begins", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "guard/there", []byte("x"))
		st := mustStage(t, b)
		mustWrite(t, st, []byte("staged"))
		ended, end := context.WithCancel(t.Context())
		end()
		for what, err := range everyMethod(ended, b, st) {
			wantErr(t, what, err, context.Canceled)
		}
		wantObject(t, b, "guard/there", []byte("x"))
		wantAbsent(t, b, "guard/new")
		commit(t, st, "guard/new")
		wantObject(t, b, "guard/new", []byte("staged"))
	}},
	{"staging ends with its context, and cannot be committed without what is missing", func(t *testing.T, b origin.Blobs) {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		st, err := b.Stage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, st, []byte("first, "))
		end()
		_, err = st.Write([]byte("second"))
		wantErr(t, "Write", err, context.Canceled)
		if err := st.Commit(t.Context(), "guard/part"); err == nil {
			t.Error("Commit succeeded though a Write had failed")
		}
		wantAbsent(t, b, "guard/part")
		if err := st.Discard(); err != nil {
			t.Errorf("Discard: %v", err)
		}
	}},
	{"reading a body ends with its context", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "guard/body", sample("body", 8<<20))
		ctx, end := context.WithCancel(t.Context())
		defer end()
		obj, err := b.Open(ctx, "guard/body", 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer obj.Body.Close()
		if _, err := io.ReadFull(obj.Body, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		end()
		_, err = io.Copy(io.Discard, obj.Body)
		wantErr(t, "reading on", err, context.Canceled)
	}},
	{"Check finds an open store well", func(t *testing.T, b origin.Blobs) {
		if err := b.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}},
	{"after Close all is ErrClosed", func(t *testing.T, b origin.Blobs) {
		st := mustStage(t, b)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		for what, err := range everyMethod(t.Context(), b, st) {
			wantErr(t, what, err, origin.ErrClosed)
		}
	}},
}

// refuses tells that no method takes the key. That it is no key must not look like absence.
func refuses(t *testing.T, b origin.Blobs, key origin.Key) {
	t.Helper()
	if err := b.PutIfAbsent(t.Context(), key, []byte("x")); err == nil || errors.Is(err, origin.ErrExists) {
		t.Errorf("PutIfAbsent %q: %v", key, err)
	}
	if err := mustStage(t, b).Commit(t.Context(), key); err == nil || errors.Is(err, origin.ErrExists) {
		t.Errorf("Commit %q: %v", key, err)
	}
	if _, _, err := read(t.Context(), b, key, 0, -1); err == nil || errors.Is(err, origin.ErrNotFound) {
		t.Errorf("Open %q: %v", key, err)
	}
	if err := b.Delete(t.Context(), key); err == nil {
		t.Errorf("Delete %q succeeded", key)
	}
}

// everyMethod calls every method that takes a context.
func everyMethod(ctx context.Context, b origin.Blobs, st origin.Staged) map[string]error {
	_, stage := b.Stage(ctx)
	_, _, open := read(ctx, b, "guard/there", 0, -1)
	_, list := b.List(ctx, "", "", 10)
	return map[string]error{
		"Stage":        stage,
		"Commit":       st.Commit(ctx, "guard/new"),
		"PutIfAbsent":  b.PutIfAbsent(ctx, "guard/new", []byte("x")),
		"Open":         open,
		"Delete":       b.Delete(ctx, "guard/there"),
		"DeletePrefix": b.DeletePrefix(ctx, "guard/"),
		"List":         list,
		"Check":        b.Check(ctx),
	}
}
