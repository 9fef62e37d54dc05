package fallback

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/imgorigin/imgorigin/blob/blobtest"
	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/origin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func folder(t testing.TB) *local.Store {
	t.Helper()
	config := local.DefaultConfig()
	config.Dir = t.TempDir()
	s, err := local.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// scattered is a store in the middle of a move: each key is put, by its hash, where it would be, into the old store, or into
// both, and everything else goes through the store that is made of the two.
type scattered struct {
	*Store
	seed maphash.Seed
	mu   sync.Mutex // of all puts, as the old store gets keys here that the new one may be getting
}

func (s *scattered) PutIfAbsent(ctx context.Context, key origin.Key, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	where := maphash.String(s.seed, string(key)) % 3
	if where == 0 {
		return s.Store.PutIfAbsent(ctx, key, data)
	}
	switch object, err := s.Open(ctx, key, 0, 0); {
	case err == nil:
		return errors.Join(origin.ErrExists, object.Body.Close())
	case !errors.Is(err, origin.ErrNotFound):
		return err
	}
	err := s.former.PutIfAbsent(ctx, key, data)
	if err == nil && where == 2 {
		err = s.current.PutIfAbsent(ctx, key, data)
	}
	return err
}

func (s *scattered) Stage(ctx context.Context) (origin.Staged, error) {
	staged, err := s.Store.Stage(ctx)
	if err != nil {
		return nil, err
	}
	return oneByOne{staged, s}, nil
}

type oneByOne struct {
	origin.Staged
	store *scattered
}

func (o oneByOne) Commit(ctx context.Context, key origin.Key) error {
	o.store.mu.Lock()
	defer o.store.mu.Unlock()
	return o.Staged.Commit(ctx, key)
}

func TestBlobs(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) origin.Blobs {
		return &scattered{Store: New(folder(t), folder(t)).(*Store), seed: maphash.MakeSeed()}
	})
}

func TestWhatIsWrittenGoesToTheNewStoreAlone(t *testing.T) {
	current, former := folder(t), folder(t)
	s := New(current, former).(*Store)
	ctx := t.Context()
	mustPut(t, former, "a/old", "old")
	mustPut(t, s, "a/new", "new")
	staged, err := s.Stage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(staged, "staged"); err != nil {
		t.Fatal(err)
	}
	if err := staged.Commit(ctx, "a/old"); !errors.Is(err, origin.ErrExists) {
		t.Errorf("a key that is taken in the old store: %v", err)
	}
	if err := staged.Commit(ctx, "a/staged"); err != nil {
		t.Fatal(err)
	}
	if err := s.PutIfAbsent(ctx, "a/old", nil); !errors.Is(err, origin.ErrExists) {
		t.Errorf("a key that is taken in the old store: %v", err)
	}
	want(t, "the new store", current, "a/new=new a/staged=staged ")
	want(t, "the old store", former, "a/old=old ")
	want(t, "both", s, "a/new=new a/old=old a/staged=staged ")
	if n := s.Stats().Reads; n != 1 {
		t.Errorf("%d reads from the old store, want 1", n)
	}
	mustPut(t, current, "a/old", "moved")
	want(t, "both, when an object has moved", s, "a/new=new a/old=moved a/staged=staged ")
	if err := s.Delete(ctx, "a/old", "a/new"); err != nil {
		t.Fatal(err)
	}
	want(t, "both, after a delete", s, "a/staged=staged ")
	mustPut(t, former, "a/b", "x")
	if err := s.DeletePrefix(ctx, "a/"); err != nil {
		t.Fatal(err)
	}
	want(t, "the new store, after all is deleted", current, "")
	want(t, "the old store, after all is deleted", former, "")
}

// What cannot be deleted in the old store is not deleted in the new one: it would come back as it was, or as a copy.
func TestADeleteBeginsWithTheOldStore(t *testing.T) {
	current, former := folder(t), folder(t)
	s := New(current, former)
	mustPut(t, current, "a/b", "x")
	if err := former.Close(); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"Delete": s.Delete(t.Context(), "a/b"), "DeletePrefix": s.DeletePrefix(t.Context(), "a/"), "Check": s.Check(t.Context())} {
		if !errors.Is(err, origin.ErrClosed) {
			t.Errorf("%s without the old store: %v", what, err)
		}
	}
	want(t, "the new store", current, "a/b=x ")
}

func mustPut(t testing.TB, b origin.Blobs, key origin.Key, data string) {
	t.Helper()
	if err := b.PutIfAbsent(t.Context(), key, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// want compares all that there is.
func want(t testing.TB, what string, b origin.Blobs, all string) {
	t.Helper()
	list, err := b.List(t.Context(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, info := range list {
		object, err := b.Open(t.Context(), info.Key, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(object.Body)
		if err := errors.Join(err, object.Body.Close()); err != nil || int64(len(data)) != info.Size {
			t.Fatalf("%s: %d bytes of %d, %v", info.Key, len(data), info.Size, err)
		}
		got += string(info.Key) + "=" + string(data) + " "
	}
	if got != all {
		t.Errorf("%s: %q, want %q", what, got, all)
	}
}

// slots is a store that presigns, with what was delivered to it.
type slots struct {
	origin.Blobs
	delivered map[string]string
}

func (s *slots) PresignPut(_ context.Context, id, _ string, _ int64, _ time.Time) (string, error) {
	return "https://store.example/" + id, nil
}

func (s *slots) OpenDelivered(_ context.Context, id string) (origin.Object, error) {
	data, ok := s.delivered[id]
	if !ok {
		return origin.Object{}, origin.ErrNotFound
	}
	return origin.Object{Body: io.NopCloser(strings.NewReader(data)), Size: int64(len(data))}, nil
}

func (s *slots) DropDelivered(_ context.Context, ids ...string) error {
	for _, id := range ids {
		delete(s.delivered, id)
	}
	return nil
}

func TestWhatWasDeliveredToTheOldStoreIsFound(t *testing.T) {
	current := &slots{folder(t), map[string]string{"a": "new"}}
	former := &slots{folder(t), map[string]string{"a": "old", "b": "before"}}
	if _, ok := New(folder(t), former).(origin.PresigningBlobs); ok {
		t.Error("it presigns, and the new store does not")
	}
	s, ok := New(current, former).(origin.PresigningBlobs)
	if !ok {
		t.Fatal("it does not presign, and the new store does")
	}
	if address, err := s.PresignPut(t.Context(), "c", "image/png", 1, time.Time{}); err != nil || address != "https://store.example/c" {
		t.Errorf("%q, %v", address, err)
	}
	for id, want := range map[string]string{"a": "new", "b": "before"} {
		object, err := s.OpenDelivered(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(object.Body); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", id, data, err)
		}
	}
	if err := s.DropDelivered(t.Context(), "a", "b"); err != nil || len(current.delivered)+len(former.delivered) > 0 {
		t.Errorf("%v, %v, %v", err, current.delivered, former.delivered)
	}
	if _, err := s.OpenDelivered(t.Context(), "b"); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("%v", err)
	}
	alone := New(current, folder(t)).(origin.PresigningBlobs)
	if _, err := alone.OpenDelivered(t.Context(), "b"); !errors.Is(err, origin.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if err := alone.DropDelivered(t.Context(), "b"); err != nil {
		t.Error(err)
	}
}
