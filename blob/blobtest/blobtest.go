// Package blobtest is the suite that every implementation of origin.Blobs passes.
//
// Its law: it knows the contract and nothing else. A case speaks of keys and bytes, never of folders or buckets, and
// asks for no more than the comments of origin.Blobs promise.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// Run runs the suite. Open returns an empty store; Run closes it, and open may register a clean-up that comes after.
func Run(t *testing.T, open func(t *testing.T) origin.Blobs) {
	for _, group := range [][]testCase{putCases, stageCases, openCases, deleteCases, listCases, guardCases, parallelCases} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				b := open(t)
				t.Cleanup(func() {
					if err := b.Close(); err != nil {
						t.Errorf("Close: %v", err)
					}
				})
				c.test(t, b)
			})
		}
	}
}

type testCase struct {
	name string
	test func(t *testing.T, b origin.Blobs)
}

// sample returns n bytes that depend on the name.
func sample(name string, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8(sha256.Sum256([]byte(name))).Read(data)
	return data
}

// sealed is a sample that begins with the hash of the rest, so that any part of it that is missing shows.
func sealed(name string, n int) []byte {
	body := sample(name, n)
	sum := sha256.Sum256(body)
	return append(sum[:], body...)
}

func isSealed(data []byte) bool {
	if len(data) < sha256.Size {
		return false
	}
	sum := sha256.Sum256(data[sha256.Size:])
	return bytes.Equal(sum[:], data[:sha256.Size])
}

func mustPut(t testing.TB, b origin.Blobs, key origin.Key, data []byte) {
	t.Helper()
	if err := b.PutIfAbsent(t.Context(), key, data); err != nil {
		t.Fatalf("PutIfAbsent %q: %v", key, err)
	}
}

func mustDelete(t testing.TB, b origin.Blobs, keys ...origin.Key) {
	t.Helper()
	if err := b.Delete(t.Context(), keys...); err != nil {
		t.Fatalf("Delete %q: %v", keys, err)
	}
}

func mustStage(t testing.TB, b origin.Blobs) origin.Staged {
	t.Helper()
	st, err := b.Stage(t.Context())
	if err != nil {
		t.Fatalf("Stage: %v", err)
	}
	t.Cleanup(func() { _ = st.Discard() })
	return st
}

func mustWrite(t testing.TB, st origin.Staged, data []byte) {
	t.Helper()
	if n, err := st.Write(data); n != len(data) || err != nil {
		t.Fatalf("Write of %d bytes: %d, %v", len(data), n, err)
	}
}

// read returns a part of an object and the object's size.
func read(ctx context.Context, b origin.Blobs, key origin.Key, offset, n int64) ([]byte, int64, error) {
	obj, err := b.Open(ctx, key, offset, n)
	if err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(obj.Body)
	return data, obj.Size, errors.Join(err, obj.Body.Close())
}

func wantObject(t testing.TB, b origin.Blobs, key origin.Key, want []byte) {
	t.Helper()
	data, size, err := read(t.Context(), b, key, 0, -1)
	switch {
	case err != nil:
		t.Errorf("Open %q: %v", key, err)
	case size != int64(len(want)):
		t.Errorf("size of %q is %d, not %d", key, size, len(want))
	case !bytes.Equal(data, want):
		t.Errorf("the %d bytes of %q are not those that were put", len(data), key)
	}
}

func wantAbsent(t testing.TB, b origin.Blobs, key origin.Key) {
	t.Helper()
	if _, _, err := read(t.Context(), b, key, 0, -1); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("Open of absent %q: %v, not ErrNotFound", key, err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, not %v", what, err, want)
	}
}

// keys returns all keys that begin with prefix.
func keys(t testing.TB, b origin.Blobs, prefix origin.Key) []origin.Key {
	t.Helper()
	infos, err := b.List(t.Context(), prefix, "", 10000)
	if err != nil {
		t.Fatalf("List %q: %v", prefix, err)
	}
	var keys []origin.Key
	for _, info := range infos {
		keys = append(keys, info.Key)
	}
	return keys
}

func wantNothing(t testing.TB, b origin.Blobs, prefix origin.Key) {
	t.Helper()
	if left := keys(t, b, prefix); len(left) > 0 {
		t.Errorf("there are objects below %q: %q", prefix, left)
	}
}
