package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/internal/s3test"
	"github.com/imgorigin/imgorigin/origin"
)

// behindProxy opens a bucket through a proxy, with deadlines for tests.
func behindProxy(t *testing.T, change func(*Config)) (*Store, *faulty.Proxy) {
	t.Helper()
	c := bucket(t)
	p, err := faulty.Listen(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	c.Endpoint = "http://" + p.Address()
	c.IdleTimeout = time.Second
	if change != nil {
		change(&c)
	}
	return open(t, c), p
}

func set(t *testing.T, p *faulty.Proxy, f faulty.Fault) {
	t.Helper()
	if err := p.Set(f); err != nil {
		t.Fatal(err)
	}
}

func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7919 >> 8)
	}
	return data
}

func put(t testing.TB, s *Store, key origin.Key, data []byte) {
	t.Helper()
	if err := s.PutIfAbsent(t.Context(), key, data); err != nil {
		t.Fatal(err)
	}
}

func readAll(t testing.TB, s *Store, key origin.Key, offset, n int64) ([]byte, error) {
	t.Helper()
	obj, err := s.Open(t.Context(), key, offset, n)
	if err != nil {
		return nil, err
	}
	defer obj.Body.Close()
	return io.ReadAll(obj.Body)
}

// everyCall is each call of a store, on objects of its own.
func everyCall(ctx context.Context, s *Store, n int) map[string]func() error {
	key := func(name string) origin.Key { return origin.Key(fmt.Sprintf("%s/%d", name, n)) }
	return map[string]func() error{
		"put": func() error { return s.PutIfAbsent(ctx, key("put"), []byte("x")) },
		"commit": func() error {
			st, err := s.Stage(ctx)
			if err != nil {
				return err
			}
			defer st.Discard()
			if _, err := st.Write([]byte("staged")); err != nil {
				return err
			}
			return st.Commit(ctx, key("commit"))
		},
		"open": func() error {
			obj, err := s.Open(ctx, "there", 0, -1)
			if err != nil {
				return err
			}
			defer obj.Body.Close()
			_, err = io.Copy(io.Discard, obj.Body)
			return err
		},
		"list": func() error {
			_, err := s.List(ctx, "", "", 10)
			return err
		},
		"delete":        func() error { return s.Delete(ctx, key("absent")) },
		"delete many":   func() error { return s.Delete(ctx, key("absent"), key("absent too")) },
		"delete prefix": func() error { return s.DeletePrefix(ctx, key("absent")+"/") },
	}
}

func TestAPassingTroubleIsNotSeen(t *testing.T) {
	t.Parallel()
	s, p := behindProxy(t, nil)
	put(t, s, "there", []byte("bytes"))
	for n, fault := range []faulty.Fault{{Status: 503, Times: 1}, {Status: 429, Times: 1}, {CutAfter: 1, Times: 1}} {
		for what, call := range everyCall(t.Context(), s, n) {
			set(t, p, fault)
			before := s.Stats().Retries
			if err := call(); err != nil {
				t.Errorf("%+v: %s: %v", fault, what, err)
			}
			if s.Stats().Retries == before {
				t.Errorf("%+v: %s was not tried again", fault, what)
			}
		}
	}
}

func TestATroubleThatStaysIsToldAsOne(t *testing.T) {
	t.Parallel()
	s, p := behindProxy(t, func(c *Config) { c.Attempts = 2 })
	put(t, s, "there", []byte("bytes"))
	for n, fault := range []faulty.Fault{{Refuse: true}, {Status: 503}, {CutAfter: 1}} {
		set(t, p, fault)
		for what, call := range everyCall(t.Context(), s, n) {
			err := call()
			if !errors.Is(err, origin.ErrUnreachable) || errors.Is(err, origin.ErrNotFound) {
				t.Errorf("%+v: %s: %v", fault, what, err)
			}
			if text := fmt.Sprint(err); strings.Contains(text, "X-Amz") || strings.Contains(text, s3test.SecretKey) || strings.Contains(text, s3test.AccessKey) {
				t.Errorf("%+v: %s tells too much: %v", fault, what, err)
			}
		}
		if err := s.Check(t.Context()); err == nil {
			t.Errorf("%+v: Check finds it well", fault)
		}
	}
	set(t, p, faulty.Fault{Status: 507})
	for what, call := range everyCall(t.Context(), s, 100) {
		if err := call(); !errors.Is(err, origin.ErrNoSpace) {
			t.Errorf("a full store: %s: %v", what, err)
		}
	}
	if got := s.Stats(); got.Failures == 0 || got.NoSpace == 0 {
		t.Errorf("%+v", got)
	}
}

func TestASilentStoreIsWaitedForNoLongerThanSaid(t *testing.T) {
	t.Parallel()
	s, p := behindProxy(t, func(c *Config) { c.Attempts, c.AttemptTimeout, c.Timeout = 2, 300*time.Millisecond, time.Second })
	put(t, s, "there", []byte("bytes"))
	set(t, p, faulty.Fault{Hang: true})
	for what, call := range everyCall(t.Context(), s, 0) {
		if err := call(); !errors.Is(err, origin.ErrUnreachable) || !errors.Is(err, errAttempt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for what, call := range everyCall(ctx, s, 1) {
		if err := call(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s, whose caller waits no longer: %v", what, err)
		}
	}
	done := make(chan error, 1)
	go func() { done <- s.PutIfAbsent(context.Background(), "closed", nil) }()
	time.Sleep(20 * time.Millisecond) // most often it waits by now; either order must end well
	_ = s.Close()
	if err := <-done; !errors.Is(err, origin.ErrClosed) && !errors.Is(err, origin.ErrUnreachable) {
		t.Errorf("a call that Close ends: %v", err)
	}
}

// The store has kept the object, and the answer is lost: the put is asked again and meets its own object.
func TestAPutWhoseAnswerIsLostIsNotTakenForSomebodyElses(t *testing.T) {
	t.Parallel()
	s, p := behindProxy(t, func(c *Config) { c.PartSize = 5 << 20 })
	big := pattern(12 << 20)
	for _, size := range []int{10, len(big)} {
		put := func(key origin.Key, data []byte) error {
			st, err := s.Stage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer st.Discard()
			if _, err := st.Write(data); err != nil {
				t.Fatal(err)
			}
			return st.Commit(t.Context(), key)
		}
		key := origin.Key(fmt.Sprint("lost/", size))
		for n := 1; n <= 5; n += 2 { // whichever answer of the several that a large object takes
			set(t, p, faulty.Fault{CutAfter: 1, Times: n})
			if err := put(key, big[:size]); err != nil && !errors.Is(err, origin.ErrUnreachable) {
				t.Errorf("%d bytes, %d answers lost: %v", size, n, err)
			}
			set(t, p, faulty.Fault{})
			if err := put(key, big[:size]); err != nil && !errors.Is(err, origin.ErrExists) {
				t.Errorf("%d bytes: once more: %v", size, err)
			}
			if got, err := readAll(t, s, key, 0, -1); err != nil || !bytes.Equal(got, big[:size]) {
				t.Errorf("%d bytes: there are %d, %v", size, len(got), err)
			}
			if err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s.Stats().Doubts == 0 {
		t.Error("no fate was ever asked after")
	}
}

// Two servers put the same keys while answers are lost all the time. Whoever is told nil must have the bytes that are there, and
// nobody else may be told so; who is told of another's finds an object.
func TestOfManyWhoPutWhileAnswersAreLostOneIsToldNil(t *testing.T) {
	t.Parallel()
	one, p := behindProxy(t, nil)
	two := open(t, one.config)
	told, lost := 0, 0
	for round := range 12 {
		set(t, p, faulty.Fault{CutAfter: 1, Times: 4 + round})
		key := origin.Key(fmt.Sprint("rounds/", round))
		results := make([]error, 6)
		var group sync.WaitGroup
		for i := range results {
			group.Go(func() { results[i] = []*Store{one, two}[i%2].PutIfAbsent(t.Context(), key, []byte(fmt.Sprint(i))) })
		}
		group.Wait()
		set(t, p, faulty.Fault{})
		got, err := readAll(t, one, key, 0, -1)
		if err != nil && !errors.Is(err, origin.ErrNotFound) {
			t.Fatal(err)
		}
		winners := 0
		for i, result := range results {
			switch {
			case result == nil:
				if winners++; string(got) != fmt.Sprint(i) {
					t.Errorf("round %d: %d was told that it put, and the bytes are those of %q", round, i, got)
				}
			case errors.Is(result, origin.ErrExists):
				if len(got) == 0 {
					t.Errorf("round %d: %d was told of an object that is not there", round, i)
				}
			case errors.Is(result, origin.ErrUnreachable):
				lost++
			default:
				t.Errorf("round %d: %v", round, result)
			}
		}
		if winners > 1 {
			t.Errorf("round %d: %d were told that they put", round, winners)
		}
		told += winners
	}
	if t.Logf("%d puts in 12 rounds, %d calls given up, %d fates asked after", told, lost, one.Stats().Doubts+two.Stats().Doubts); told == 0 {
		t.Error("nobody was ever told that it put")
	}
}
