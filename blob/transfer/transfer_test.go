package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/blob/fallback"
	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/origin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func folder(t testing.TB) *local.Store {
	t.Helper()
	return folderAt(t, t.TempDir())
}

func folderAt(t testing.TB, dir string) *local.Store {
	t.Helper()
	config := local.DefaultConfig()
	config.Dir = dir
	s, err := local.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// library is what a store holds.
type library map[origin.Key][]byte

// fill puts n originals and as many renditions, of sizes from none to some tens of thousands of bytes.
func fill(t testing.TB, to origin.Blobs, n int) library {
	t.Helper()
	lib := make(library)
	for i := range n {
		ref := origin.FileRef{Collection: "pbc_photos", Record: origin.RecordID(fmt.Sprintf("%015d", i)), Name: "a_0123456789.jpg"}
		for _, key := range []origin.Key{ref.OriginalKey(), ref.RenditionKey("60x40.v1")} {
			data := make([]byte, (i*7919)%40000)
			_, _ = rand.NewChaCha8(sha256.Sum256([]byte(key))).Read(data)
			lib[key] = data
			if err := to.PutIfAbsent(t.Context(), key, data); err != nil {
				t.Fatal(err)
			}
		}
	}
	return lib
}

func (l library) keys() []origin.Key {
	var keys []origin.Key
	for key := range l {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// known is a catalog of the originals.
func (l library) known(_ context.Context, key origin.Key) (string, int64, error) {
	data, ok := l[key]
	if !ok || !strings.HasPrefix(string(key), "originals/") {
		return "", 0, origin.ErrNotFound
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), int64(len(data)), nil
}

// wantIn compares a store with the library, less the keys that are left out.
func (l library) wantIn(t testing.TB, b origin.Blobs, less ...origin.Key) {
	t.Helper()
	list, err := b.List(t.Context(), "", "", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(l)-len(less) {
		t.Errorf("%d objects, want %d", len(list), len(l)-len(less))
	}
	for _, info := range list {
		if got := bytesOf(t, b, info.Key); string(got) != string(l[info.Key]) || slices.Contains(less, info.Key) {
			t.Errorf("%s: %d bytes that are others", info.Key, len(got))
		}
	}
}

func bytesOf(t testing.TB, b origin.Blobs, key origin.Key) []byte {
	t.Helper()
	object, err := b.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Errorf("%s: %v", key, err)
		return nil
	}
	data, err := io.ReadAll(object.Body)
	if err := errors.Join(err, object.Body.Close()); err != nil {
		t.Errorf("%s: %v", key, err)
	}
	return data
}

func mustRun(t testing.TB, from, to origin.Blobs, cfg Config) Result {
	t.Helper()
	if cfg.Parallel == 0 {
		cfg.Parallel = 4
	}
	result, err := Run(t.Context(), from, to, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAllIsCopiedOnceAndComparedEachTime(t *testing.T) {
	from, to := folder(t), folder(t)
	lib := fill(t, from, 30)
	var done, total Count
	cfg := Config{Known: lib.known, Progress: func(d, all Count) { done, total = d, all }}
	first := mustRun(t, from, to, cfg)
	if first.Copied.Objects != 60 || first.Compared.Objects != 0 || len(first.Wrong) > 0 || first.Unknown != 0 || done != total || total != first.Copied {
		t.Errorf("%+v, %v of %v", first, done, total)
	}
	lib.wantIn(t, to)
	again := mustRun(t, from, to, cfg)
	if again.Compared != first.Copied || again.Copied.Objects != 0 || len(again.Wrong) > 0 {
		t.Errorf("%+v", again)
	}
	lib.wantIn(t, from)
}

func TestWhatTheCatalogDoesNotKnowIsCopiedAndCounted(t *testing.T) {
	from, to := folder(t), folder(t)
	lib := fill(t, from, 3)
	result := mustRun(t, from, to, Config{Known: library{}.known})
	if result.Copied.Objects != 6 || result.Unknown != 3 {
		t.Errorf("%+v", result)
	}
	lib.wantIn(t, to)
}

func TestWhatIsSkippedIsLeftBehind(t *testing.T) {
	from, to := folder(t), folder(t)
	lib := fill(t, from, 3)
	result := mustRun(t, from, to, Config{Skip: func(key origin.Key) bool { return strings.HasPrefix(string(key), "renditions/") }})
	if result.Copied.Objects != 3 {
		t.Errorf("%+v", result)
	}
	lib.wantIn(t, to, lib.keys()[3:]...)
}

// damage changes one byte of an object, behind the store's back.
func damage(t testing.TB, dir string, key origin.Key) {
	t.Helper()
	file := filepath.Join(dir, string(key))
	data, err := os.ReadFile(file)
	if err == nil {
		data[len(data)/2] ^= 1
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestADamagedObjectOfTheTargetIsFoundAndMendedOnDemand(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	from, to := folderAt(t, here), folderAt(t, there)
	lib := fill(t, from, 5)
	keys := lib.keys()
	cfg := Config{Known: lib.known}
	mustRun(t, from, to, cfg)
	original, rendition := keys[2], keys[7]
	damage(t, there, original)
	damage(t, there, rendition)
	for _, journal := range []string{"", filepath.Join(t.TempDir(), "journal")} {
		cfg.Journal = journal
		wantWrong(t, mustRun(t, from, to, cfg), map[origin.Key]error{original: ErrTarget, rendition: ErrTarget})
	}
	cfg.Repair = true
	damage(t, here, original) // now there is nothing better
	wantWrong(t, mustRun(t, from, to, cfg), map[origin.Key]error{original: ErrTarget})
	if string(bytesOf(t, to, rendition)) != string(lib[rendition]) {
		t.Error("a rendition that could be mended was not")
	}
	if len(bytesOf(t, to, original)) != len(lib[original]) {
		t.Error("an object was removed for one no better")
	}
	damage(t, here, original) // as it was
	if result := mustRun(t, from, to, cfg); len(result.Wrong) > 0 || result.Copied.Objects != 1 {
		t.Errorf("%+v", result)
	}
	lib.wantIn(t, to)
}

func TestADamagedOriginalOfTheSourceIsToldAndNotCopied(t *testing.T) {
	here := t.TempDir()
	from, to := folderAt(t, here), folder(t)
	lib := fill(t, from, 4)
	bad := lib.keys()[1]
	damage(t, here, bad)
	result := mustRun(t, from, to, Config{Known: lib.known})
	wantWrong(t, result, map[origin.Key]error{bad: ErrSource})
	if result.Copied.Objects != 7 {
		t.Errorf("%+v", result)
	}
	lib.wantIn(t, to, bad)
}

func wantWrong(t testing.TB, result Result, want map[origin.Key]error) {
	t.Helper()
	if len(result.Wrong) != len(want) {
		t.Errorf("wrong are %v, want %v", result.Wrong, want)
	}
	for _, w := range result.Wrong {
		if want[w.Key] == nil || !errors.Is(w.Err, want[w.Key]) {
			t.Errorf("%s: %v, want %v", w.Key, w.Err, want[w.Key])
		}
	}
}

// faulty is a target that fails.
type faulty struct {
	origin.Blobs
	commits atomic.Int32
	at      func(n int32) error
	after   func(key origin.Key) // a commit
}

func (f *faulty) Stage(ctx context.Context) (origin.Staged, error) {
	st, err := f.Blobs.Stage(ctx)
	return faultyStaged{st, f}, err
}

type faultyStaged struct {
	origin.Staged
	f *faulty
}

func (s faultyStaged) Commit(ctx context.Context, key origin.Key) error {
	if err := s.f.at(s.f.commits.Add(1)); err != nil {
		return err
	}
	err := s.Staged.Commit(ctx, key)
	if err == nil && s.f.after != nil {
		s.f.after(key)
	}
	return err
}

func TestAFullTargetEndsTheRunAndTheNextGoesOn(t *testing.T) {
	from, to := folder(t), folder(t)
	lib := fill(t, from, 30)
	cfg := Config{Parallel: 3, Known: lib.known, Journal: filepath.Join(t.TempDir(), "a", "journal"), Places: [2]string{"here", "there"}}
	target := &faulty{Blobs: to, at: func(n int32) error {
		if n > 20 {
			return fmt.Errorf("the disk: %w", origin.ErrNoSpace)
		}
		return nil
	}}
	first, err := Run(t.Context(), from, target, cfg)
	if !errors.Is(err, origin.ErrNoSpace) || !strings.Contains(err.Error(), "originals/pbc_photos/") {
		t.Errorf("%v", err)
	}
	elsewhere := cfg
	elsewhere.Places[1], elsewhere.Journal = "elsewhere", copyOf(t, cfg.Journal)
	there, err := to.List(t.Context(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	second := mustRun(t, from, to, cfg)
	// What is behind an object that was not finished when the run ended is compared by the next one.
	if len(there) < 17 || len(there) > 20 || second.Copied.Objects != 60-len(there) ||
		second.Before.Objects+second.Compared.Objects != len(there) || second.Before.Objects == 0 {
		t.Errorf("%+v, %d in the target, then %+v", first, len(there), second)
	}
	lib.wantIn(t, to)
	if _, err := os.Stat(cfg.Journal); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal is left: %v", err)
	}
	// What was noted of another target counts for nothing.
	if third := mustRun(t, from, folder(t), elsewhere); third.Copied.Objects != 60 {
		t.Errorf("%+v", third)
	}
}

func copyOf(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// An object that is wrong is told by every run that meets it, also where an earlier one was ended after it.
func TestAJournalDoesNotPassOverWhatIsWrong(t *testing.T) {
	there := t.TempDir()
	from, to := folder(t), folderAt(t, there)
	lib := fill(t, from, 10)
	mustRun(t, from, to, Config{Known: lib.known})
	bad := lib.keys()[3]
	damage(t, there, bad)
	cfg := Config{Parallel: 1, Known: lib.known, Journal: filepath.Join(t.TempDir(), "journal")}
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Progress = func(done, _ Count) {
		if done.Objects == 9 {
			cancel()
		}
	}
	if result, err := Run(ctx, from, to, cfg); !errors.Is(err, context.Canceled) || len(result.Wrong) != 1 {
		t.Errorf("%+v, %v", result, err)
	}
	cfg.Progress = nil
	result := mustRun(t, from, to, cfg)
	wantWrong(t, result, map[origin.Key]error{bad: ErrTarget})
	if result.Before.Objects != 3 {
		t.Errorf("%+v", result)
	}
}

func TestAJournalThatCannotBeWrittenIsToldAtTheStart(t *testing.T) {
	from, to := folder(t), folder(t)
	fill(t, from, 1)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), from, to, Config{Parallel: 1, Journal: filepath.Join(file, "journal")})
	if err == nil || result.Copied.Objects != 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// What a server deletes while it is copied does not come back.
func TestWhatIsDeletedMeanwhileStaysDeleted(t *testing.T) {
	from, to := folder(t), folder(t)
	lib := fill(t, from, 10)
	both := fallback.New(to, from)
	first := lib.keys()[0]
	target := &faulty{Blobs: to, at: func(int32) error { return nil }, after: func(key origin.Key) {
		if key == first { // between the copy's being put and its being looked at
			if err := from.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
	}}
	if result := mustRun(t, from, target, Config{}); result.Gone != 1 || result.Copied.Objects != 19 {
		t.Errorf("%+v", result)
	}
	lib.wantIn(t, to, first)

	from, to = folder(t), folder(t)
	lib = fill(t, from, 60)
	both = fallback.New(to, from)
	var deleting sync.WaitGroup
	keys := lib.keys()
	deleting.Go(func() {
		for _, key := range keys {
			if err := both.Delete(t.Context(), key); err != nil {
				t.Error(err)
			}
		}
	})
	mustRun(t, from, to, Config{Parallel: 8})
	deleting.Wait()
	library{}.wantIn(t, both)
}

// Who reads through both finds every object, byte for byte, at every moment of a move.
func TestEverythingIsReadableThroughBothAtEveryMoment(t *testing.T) {
	from, to := folder(t), folder(t)
	lib := fill(t, from, 60)
	both := fallback.New(to, from)
	ended := make(chan struct{})
	var reading sync.WaitGroup
	rounds := 0
	reading.Go(func() {
		for last := false; !last; rounds++ {
			select {
			case <-ended:
				last = true
			default:
			}
			lib.wantIn(t, both)
		}
	})
	mustRun(t, from, to, Config{Parallel: 2, Known: lib.known})
	close(ended)
	reading.Wait()
	t.Logf("%d rounds", rounds)
}

func TestMissingNamesWhatIsNotThere(t *testing.T) {
	b := folder(t)
	lib := fill(t, b, 5)
	keys := lib.keys()
	if err := b.Delete(t.Context(), keys[2], keys[4]); err != nil {
		t.Fatal(err)
	}
	all := func(yield func(origin.Key, error) bool) {
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
	missing, err := Missing(t.Context(), b, iter.Seq2[origin.Key, error](all))
	if err != nil || !slices.Equal(missing, []origin.Key{keys[2], keys[4]}) {
		t.Errorf("%v, %v", missing, err)
	}
	broken := func(yield func(origin.Key, error) bool) { yield("", io.ErrUnexpectedEOF) }
	if _, err := Missing(t.Context(), b, broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}
