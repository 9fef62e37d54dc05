package blobtest

import (
	"bytes"
	"math"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

var openCases = []testCase{
	{"a section is what it says, and Size that of the whole", func(t *testing.T, b origin.Blobs) {
		data := sample("sections", 10000)
		mustPut(t, b, "open/sections", data)
		for _, c := range []struct {
			what       string
			offset, n  int64
			start, end int
		}{
			{"all of it", 0, -1, 0, 10000},
			{"all of it, by its length", 0, 10000, 0, 10000},
			{"no bytes", 0, 0, 0, 0},
			{"no bytes in the middle", 500, 0, 500, 500},
			{"the first byte", 0, 1, 0, 1},
			{"the middle", 100, 200, 100, 300},
			{"from the middle to the end", 9000, -1, 9000, 10000},
			{"the last byte", 9999, 1, 9999, 10000},
			{"across the end", 9990, 100, 9990, 10000},
			{"at the end", 10000, -1, 10000, 10000},
			{"at the end, some bytes", 10000, 5, 10000, 10000},
			{"beyond the end", 10001, -1, 10000, 10000},
			{"far beyond the end", math.MaxInt64, math.MaxInt64, 10000, 10000},
			{"more than numbers can say", 1, math.MaxInt64, 1, 10000},
		} {
			got, size, err := read(t.Context(), b, "open/sections", c.offset, c.n)
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			} else if size != int64(len(data)) || !bytes.Equal(got, data[c.start:c.end]) {
				t.Errorf("%s: %d bytes of an object of %d, not [%d:%d] of %d", c.what, len(got), size, c.start, c.end, len(data))
			}
		}
	}},
	{"sections of an object of no bytes are empty", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "open/empty", nil)
		for _, section := range [][2]int64{{0, -1}, {0, 0}, {0, 5}, {1, -1}} {
			got, size, err := read(t.Context(), b, "open/empty", section[0], section[1])
			if len(got) != 0 || size != 0 || err != nil {
				t.Errorf("section %v: %d bytes of %d, %v", section, len(got), size, err)
			}
		}
	}},
	{"a negative offset is an error", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "open/negative", []byte("x"))
		if _, _, err := read(t.Context(), b, "open/negative", -1, -1); err == nil {
			t.Error("offset -1 succeeded")
		}
	}},
	{"an absent object is ErrNotFound, and so is the beginning of a key", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "open/folder/object", []byte("x"))
		for _, key := range []origin.Key{"absent", "open/absent", "open/folder/absent", "open", "open/folder",
			"open/folder/objec", "open/folder/object/below", "open/folder/object/far/below"} {
			wantAbsent(t, b, key)
		}
	}},
	{"many bodies of one object do not disturb each other", func(t *testing.T, b origin.Blobs) {
		want := sample("bodies", 100<<10)
		mustPut(t, b, "open/bodies", want)
		var objects []origin.Object
		for range 8 {
			obj, err := b.Open(t.Context(), "open/bodies", 0, -1)
			if err != nil {
				t.Fatal(err)
			}
			defer obj.Body.Close()
			objects = append(objects, obj)
		}
		got := make([][]byte, len(objects))
		for more := true; more; {
			more = false
			for i, obj := range objects {
				piece := make([]byte, 1000+i)
				n, err := obj.Body.Read(piece)
				got[i] = append(got[i], piece[:n]...)
				more = more || err == nil
			}
		}
		for i := range got {
			if !bytes.Equal(got[i], want) {
				t.Errorf("body %d: wrong bytes", i)
			}
		}
	}},
}

var deleteCases = []testCase{
	{"a deleted object is gone, and its key is free again", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "delete/one", []byte("first"))
		mustDelete(t, b, "delete/one")
		wantAbsent(t, b, "delete/one")
		wantNothing(t, b, "")
		mustPut(t, b, "delete/one", []byte("second"))
		wantObject(t, b, "delete/one", []byte("second"))
	}},
	{"to delete what is absent is no error", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "delete/there", []byte("x"))
		mustDelete(t, b, "delete/absent", "absent", "delete/there/below", "delete")
		mustDelete(t, b)
		wantObject(t, b, "delete/there", []byte("x"))
	}},
	{"many keys at once, here and there, absent or twice", func(t *testing.T, b origin.Blobs) {
		for _, key := range []origin.Key{"delete/a/1", "delete/a/2", "delete/a/3", "delete/b/1", "delete/b/2", "other/1"} {
			mustPut(t, b, key, []byte(key))
		}
		mustDelete(t, b, "delete/a/1", "delete/b/2", "delete/a/2", "delete/a/2", "delete/a/absent", "other/1")
		got := keys(t, b, "")
		if len(got) != 2 || got[0] != "delete/a/3" || got[1] != "delete/b/1" {
			t.Errorf("left are %q", got)
		}
	}},
	{"a shorter key is free once the longer ones are deleted", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "delete/x/y/z", []byte("long"))
		mustDelete(t, b, "delete/x/y/z")
		mustPut(t, b, "delete/x", []byte("short"))
		wantObject(t, b, "delete/x", []byte("short"))
	}},
	{"DeletePrefix removes what is below, and nothing beside", func(t *testing.T, b origin.Blobs) {
		below := []origin.Key{"prefix/a/1", "prefix/a/2/3", "prefix/a/2/4/5/6", "prefix/a/-"}
		beside := []origin.Key{"prefix/a-b/1", "prefix/a.b", "prefix/aa/1", "prefix/b/a/1", "a/1"}
		for _, key := range append(below, beside...) {
			mustPut(t, b, key, []byte(key))
		}
		for range 2 { // the second finds nothing
			if err := b.DeletePrefix(t.Context(), "prefix/a/"); err != nil {
				t.Fatal(err)
			}
			for _, key := range below {
				wantAbsent(t, b, key)
			}
			for _, key := range beside {
				wantObject(t, b, key, []byte(key))
			}
		}
		mustPut(t, b, "prefix/a/1", []byte("again"))
		wantObject(t, b, "prefix/a/1", []byte("again"))
	}},
	{"DeletePrefix of an object's own key, or of nothing, removes nothing", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "prefix/object", []byte("x"))
		for _, prefix := range []origin.Key{"prefix/object/", "prefix/object/below/", "prefix/absent/", "absent/far/below/"} {
			if err := b.DeletePrefix(t.Context(), prefix); err != nil {
				t.Errorf("DeletePrefix %q: %v", prefix, err)
			}
		}
		wantObject(t, b, "prefix/object", []byte("x"))
	}},
	{"DeletePrefix of more objects than one page", func(t *testing.T, b origin.Blobs) {
		const n = 1100
		parallel(t, n, func(i int) error { return b.PutIfAbsent(t.Context(), numbered("prefix/many", i), nil) })
		if got := len(keys(t, b, "prefix/many/")); got != n {
			t.Fatalf("%d objects were put, %d are listed", n, got)
		}
		if err := b.DeletePrefix(t.Context(), "prefix/many/"); err != nil {
			t.Fatal(err)
		}
		wantNothing(t, b, "")
	}},
}
