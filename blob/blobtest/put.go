package blobtest

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

var putCases = []testCase{
	{"what is put comes back byte for byte, whatever its size", func(t *testing.T, b origin.Blobs) {
		for _, size := range []int{0, 1, 4095, 20 << 10, 1<<20 + 1} {
			key := origin.Key(fmt.Sprintf("put/size/%d", size))
			want := sample(string(key), size)
			mustPut(t, b, key, want)
			wantObject(t, b, key, want)
		}
	}},
	{"a taken key is ErrExists and keeps its bytes", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "put/taken", []byte("first"))
		wantErr(t, "second put", b.PutIfAbsent(t.Context(), "put/taken", []byte("second")), origin.ErrExists)
		wantErr(t, "empty put", b.PutIfAbsent(t.Context(), "put/taken", nil), origin.ErrExists)
		wantObject(t, b, "put/taken", []byte("first"))
	}},
	{"the caller keeps the slice that it put", func(t *testing.T, b origin.Blobs) {
		data := []byte("as it was")
		mustPut(t, b, "put/slice", data)
		copy(data, "changed..")
		wantObject(t, b, "put/slice", []byte("as it was"))
	}},
}

var stageCases = []testCase{
	{"pieces of any size make one object", func(t *testing.T, b origin.Blobs) {
		want := sample("pieces", 3<<20)
		st := mustStage(t, b)
		piece := make([]byte, 1<<20)
		for rest, n := want, 1; len(rest) > 0; n = n*7%1000003 + 1 {
			m := copy(piece[:min(n, len(piece))], rest)
			mustWrite(t, st, piece[:m])
			clear(piece[:m]) // the staged object must not live in the writer's slice
			rest = rest[m:]
		}
		commit(t, st, "stage/pieces")
		wantObject(t, b, "stage/pieces", want)
	}},
	{"an object of no bytes is an object", func(t *testing.T, b origin.Blobs) {
		commit(t, mustStage(t, b), "stage/empty")
		wantObject(t, b, "stage/empty", nil)
	}},
	{"what has been written can be read while more is written", testReadAt},
	{"nothing is visible before Commit", func(t *testing.T, b origin.Blobs) {
		st := mustStage(t, b)
		mustWrite(t, st, sample("hidden", 1<<20))
		wantNothing(t, b, "")
		commit(t, st, "stage/hidden")
		if got := keys(t, b, ""); len(got) != 1 || got[0] != "stage/hidden" {
			t.Errorf("after Commit there is %q", got)
		}
	}},
	{"Commit to a taken key is ErrExists, and another key may be tried", func(t *testing.T, b origin.Blobs) {
		mustPut(t, b, "stage/taken", []byte("first"))
		st := mustStage(t, b)
		mustWrite(t, st, []byte("second"))
		wantErr(t, "Commit", st.Commit(t.Context(), "stage/taken"), origin.ErrExists)
		wantObject(t, b, "stage/taken", []byte("first"))
		mustWrite(t, st, []byte(", and more"))
		commit(t, st, "stage/free")
		wantObject(t, b, "stage/free", []byte("second, and more"))
	}},
	{"Discard leaves nothing, and ends the object", func(t *testing.T, b origin.Blobs) {
		st := mustStage(t, b)
		mustWrite(t, st, []byte("gone"))
		for range 2 {
			if err := st.Discard(); err != nil {
				t.Errorf("Discard: %v", err)
			}
		}
		wantEnded(t, st)
		wantNothing(t, b, "")
	}},
	{"Commit ends the object, and Discard after it does nothing", func(t *testing.T, b origin.Blobs) {
		st := mustStage(t, b)
		mustWrite(t, st, []byte("kept"))
		commit(t, st, "stage/kept")
		wantEnded(t, st)
		if err := st.Discard(); err != nil {
			t.Errorf("Discard: %v", err)
		}
		wantObject(t, b, "stage/kept", []byte("kept"))
	}},
}

func commit(t testing.TB, st origin.Staged, key origin.Key) {
	t.Helper()
	if err := st.Commit(t.Context(), key); err != nil {
		t.Fatalf("Commit %q: %v", key, err)
	}
}

func wantEnded(t testing.TB, st origin.Staged) {
	t.Helper()
	if _, err := st.Write([]byte("x")); err == nil {
		t.Error("Write after the end succeeded")
	}
	if _, err := st.ReadAt(make([]byte, 1), 0); err == nil || err == io.EOF {
		t.Errorf("ReadAt after the end: %v", err)
	}
	if err := st.Commit(t.Context(), "stage/again"); err == nil {
		t.Error("Commit after the end succeeded")
	}
}

func testReadAt(t *testing.T, b origin.Blobs) {
	want := sample("read while staging", 600<<10)
	st := mustStage(t, b)
	for written := 0; written < len(want); {
		end := min(written+70001, len(want))
		mustWrite(t, st, want[written:end])
		written = end
		got := make([]byte, 1000)
		for _, offset := range []int{0, written / 2, written - 1000} {
			if n, err := st.ReadAt(got, int64(offset)); n != len(got) || err != nil && err != io.EOF {
				t.Fatalf("ReadAt %d of %d written: %d, %v", offset, written, n, err)
			}
			if !bytes.Equal(got, want[offset:offset+1000]) {
				t.Fatalf("ReadAt %d of %d written: wrong bytes", offset, written)
			}
		}
		if n, err := st.ReadAt(got, int64(written-10)); n != 10 || err != io.EOF {
			t.Fatalf("ReadAt across the end: %d, %v, not 10, EOF", n, err)
		}
		if n, err := st.ReadAt(got, int64(written)); n != 0 || err != io.EOF {
			t.Fatalf("ReadAt at the end: %d, %v, not 0, EOF", n, err)
		}
	}
	commit(t, st, "stage/read")
	wantObject(t, b, "stage/read", want)
}
