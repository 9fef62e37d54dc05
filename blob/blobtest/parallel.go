package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/imgorigin/imgorigin/origin"
)

var parallelCases = []testCase{
	{"of all who put one key, one succeeds, and its bytes stay", testOneWinner},
	{"an object is never visible in part", testNeverInPart},
	{"puts and deletes of siblings do not hurt each other", testSiblings},
	{"DeletePrefix and puts below it do not hurt each other", testPrefixAgainstPuts},
	{"deletes of one key from many sides all succeed", func(t *testing.T, b origin.Blobs) {
		for i := range 10 {
			key := numbered("parallel/deleted", i)
			mustPut(t, b, key, []byte("x"))
			parallel(t, 8, func(int) error { return b.Delete(t.Context(), key) })
			wantAbsent(t, b, key)
		}
		wantNothing(t, b, "")
	}},
}

// parallel calls job(0) to job(n-1), eight at a time.
func parallel(t *testing.T, n int, job func(i int) error) {
	t.Helper()
	var g errgroup.Group
	g.SetLimit(8)
	for i := range n {
		g.Go(func() error { return job(i) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

func testOneWinner(t *testing.T, b origin.Blobs) {
	for round := range 10 {
		key := numbered("parallel/one", round)
		var winner atomic.Pointer[[]byte]
		parallel(t, 8, func(i int) error {
			data := sealed(fmt.Sprint(round, i), 10000*i)
			err := put(t, b, key, data, i%2 == 0)
			switch {
			case err == nil && !winner.CompareAndSwap(nil, &data):
				return fmt.Errorf("%q was put twice", key)
			case err != nil && !errors.Is(err, origin.ErrExists):
				return err
			}
			if got, _, err := read(t.Context(), b, key, 0, -1); err != nil || !isSealed(got) {
				return fmt.Errorf("after put %d: %d bytes, %w", i, len(got), err)
			}
			return nil
		})
		if winner.Load() == nil {
			t.Fatalf("nobody put %q", key)
		}
		wantObject(t, b, key, *winner.Load())
	}
}

// put stores an object in one of the two ways.
func put(t *testing.T, b origin.Blobs, key origin.Key, data []byte, stage bool) error {
	if !stage {
		return b.PutIfAbsent(t.Context(), key, data)
	}
	st, err := b.Stage(t.Context())
	if err != nil {
		return err
	}
	for rest := data; len(rest) > 0 && err == nil; {
		n := min(len(rest), 100_000)
		_, err = st.Write(rest[:n])
		rest = rest[n:]
	}
	if err == nil {
		err = st.Commit(t.Context(), key)
	}
	return errors.Join(err, st.Discard())
}

func testNeverInPart(t *testing.T, b origin.Blobs) {
	const objects, size = 24, 1 << 19
	var writing sync.WaitGroup
	done := make(chan struct{})
	for w := range 4 {
		writing.Go(func() {
			for i := w; i < objects; i += 4 {
				key := numbered("parallel/part", i)
				if err := put(t, b, key, sealed(string(key), size), i%2 == 0); err != nil {
					t.Errorf("put %q: %v", key, err)
				}
			}
		})
	}
	go func() { writing.Wait(); close(done) }()

	look := func() (seen int) {
		infos, err := b.List(t.Context(), "parallel/part/", "", objects)
		if err != nil {
			t.Errorf("List: %v", err)
		}
		for _, info := range infos {
			if info.Size != int64(len(sealed("", size))) {
				t.Errorf("%q is listed with %d bytes", info.Key, info.Size)
			}
		}
		for i := range objects {
			key := numbered("parallel/part", i)
			got, _, err := read(t.Context(), b, key, 0, -1)
			switch {
			case err == nil && isSealed(got):
				seen++
			case !errors.Is(err, origin.ErrNotFound):
				t.Errorf("%q has %d bytes and is not whole: %v", key, len(got), err)
			}
		}
		return seen
	}
	for writers := true; writers; {
		select {
		case <-done:
			writers = false
		default:
			look()
		}
	}
	if seen := look(); seen != objects {
		t.Errorf("%d of %d objects are there", seen, objects)
	}
}

// testSiblings has every worker put and delete its own key, over and over. Two share what may be a folder, so that its
// last object comes and goes all the time.
func testSiblings(t *testing.T, b origin.Blobs) {
	const workers, rounds = 8, 40
	parallel(t, workers, func(w int) error {
		key := numbered(fmt.Sprintf("parallel/siblings/%d/down", w/2), w)
		for round := range rounds {
			want := sealed(fmt.Sprint(w, round), 100)
			if err := put(t, b, key, want, round%5 == 0); err != nil {
				return fmt.Errorf("round %d: put: %w", round, err)
			}
			if got, _, err := read(t.Context(), b, key, 0, -1); err != nil || !bytes.Equal(got, want) {
				return fmt.Errorf("round %d: %d bytes, %w", round, len(got), err)
			}
			if err := b.Delete(t.Context(), key); err != nil {
				return fmt.Errorf("round %d: delete: %w", round, err)
			}
			if _, _, err := read(t.Context(), b, key, 0, -1); !errors.Is(err, origin.ErrNotFound) {
				return fmt.Errorf("round %d: deleted object: %w", round, err)
			}
		}
		return nil
	})
	wantNothing(t, b, "")
}

func testPrefixAgainstPuts(t *testing.T, b origin.Blobs) {
	const workers, rounds = 4, 20
	mustPut(t, b, "parallel/beside", []byte("x"))
	parallel(t, workers, func(w int) error {
		for round := range rounds {
			if w == 0 {
				if err := b.DeletePrefix(t.Context(), "parallel/below/"); err != nil {
					return err
				}
				continue
			}
			key := numbered(fmt.Sprintf("parallel/below/%d", round%3), w*rounds+round)
			if err := b.PutIfAbsent(t.Context(), key, sealed(string(key), 1000)); err != nil {
				return err
			}
			got, _, err := read(t.Context(), b, key, 0, -1)
			if err == nil && !isSealed(got) || err != nil && !errors.Is(err, origin.ErrNotFound) {
				return fmt.Errorf("%q: %d bytes, %w", key, len(got), err)
			}
		}
		return nil
	})
	if err := b.DeletePrefix(t.Context(), "parallel/below/"); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, b, ""); len(got) != 1 || got[0] != "parallel/beside" {
		t.Errorf("left are %q", got)
	}
}
