package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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

func TestABodyThatIsCutOrSilentGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	s, p := behindProxy(t, nil)
	data := pattern(8 << 20)
	put(t, s, "body", data)
	for what, c := range map[string]struct{ offset, n, cut int64 }{
		"cut in the middle":          {0, -1, 1 << 20},
		"a section, cut":             {1000, 3 << 20, 1 << 20},
		"cut within the first MiB":   {0, -1, 2000},
		"to the end, from somewhere": {1 << 20, -1, 1 << 20},
	} {
		before := s.Stats().Resumed
		set(t, p, faulty.Fault{CutAfter: c.cut, Times: 1})
		got, err := readAll(t, s, "body", c.offset, c.n)
		end := int64(len(data))
		if c.n >= 0 {
			end = c.offset + c.n
		}
		if err != nil || !bytes.Equal(got, data[c.offset:end]) {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
		if s.Stats().Resumed == before && s.Stats().Retries == 0 {
			t.Errorf("%s: it was not cut", what)
		}
	}
	set(t, p, faulty.Fault{})
	obj, err := s.Open(t.Context(), "body", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Body.Close()
	if _, err := io.CopyN(io.Discard, obj.Body, 1000); err != nil {
		t.Fatal(err)
	}
	set(t, p, faulty.Fault{Hang: true})
	time.AfterFunc(1500*time.Millisecond, func() { _ = p.Set(faulty.Fault{}) })
	if rest, err := io.ReadAll(obj.Body); err != nil || !bytes.Equal(rest, data[1000:]) {
		t.Errorf("a body that was silent for a while: %d bytes, %v", len(rest), err)
	}
	set(t, p, faulty.Fault{CutAfter: 5 << 18}) // more often than there are attempts, but getting on
	if got, err := readAll(t, s, "body", 0, -1); err != nil || !bytes.Equal(got, data) {
		t.Errorf("a body that is cut now and then: %d bytes, %v", len(got), err)
	}
	set(t, p, faulty.Fault{CutAfter: 100_000})
	if got, err := readAll(t, s, "body", 0, -1); !errors.Is(err, origin.ErrUnreachable) || !bytes.HasPrefix(data, got) {
		t.Errorf("a body that is cut over and over: %d bytes, %v", len(got), err)
	}
}

func TestABodyOfAnObjectThatWasReplacedDoesNotGoOn(t *testing.T) {
	s, p := behindProxy(t, nil)
	put(t, s, "body", pattern(4<<20))
	obj, err := s.Open(t.Context(), "body", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer obj.Body.Close()
	if _, err := io.CopyN(io.Discard, obj.Body, 1000); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "body"); err != nil {
		t.Fatal(err)
	}
	put(t, s, "body", bytes.Repeat([]byte("other"), 1<<20))
	p.Cut()
	if _, err := io.ReadAll(obj.Body); err == nil {
		t.Error("bytes of two objects were read as one")
	}
}

func TestAStoreThatIgnoresConditionsIsFoundOut(t *testing.T) {
	c := bucket(t)
	c.Endpoint = ignoring(t)
	if s, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "If-None-Match") {
		t.Fatalf("Open: %v, %v", s, err)
	}
	c.Unconditional = true
	s := open(t, c)
	put(t, s, "a", []byte("first"))
	if err := s.PutIfAbsent(t.Context(), "a", []byte("second")); !errors.Is(err, origin.ErrExists) {
		t.Errorf("a taken key: %v", err)
	}
	if got, err := readAll(t, s, "a", 0, -1); string(got) != "first" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestACertificateThatNobodyVouchesForEndsTheStartAtOnce(t *testing.T) {
	front := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(front.Close)
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	c := DefaultConfig()
	c.Endpoint, c.Bucket, c.AccessKey, c.SecretKey, c.Spool = front.URL, "bucket", "x", "y", t.TempDir()
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "certificate") || errors.Is(err, origin.ErrUnreachable) {
		t.Errorf("Open: %v", err)
	}
}

func TestCredentialsOfAFile(t *testing.T) {
	c := bucket(t)
	c.AccessKey, c.SecretKey = "", ""
	c.CredentialsFile, c.Profile = t.TempDir()+"/credentials", "pictures"
	writeFile(t, c.CredentialsFile, fmt.Sprintf("[default]\naws_access_key_id = x\naws_secret_access_key = y\n[pictures]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
		s3test.AccessKey, s3test.SecretKey))
	put(t, open(t, c), "a", []byte("x"))
	c.Profile = ""
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "the store says") {
		t.Errorf("another profile: %v", err)
	}
}

func TestParseURL(t *testing.T) {
	for address, want := range map[string]string{
		"s3://pictures":                                    "https://s3.us-east-1.amazonaws.com pictures  us-east-1 path-style=false",
		"s3://pictures/?region=eu-west-1":                  "https://s3.eu-west-1.amazonaws.com pictures  eu-west-1 path-style=false",
		"s3://pictures/a/b?endpoint=http://127.0.0.1:9000": "http://127.0.0.1:9000 pictures a/b/ us-east-1 path-style=true",
		"s3://pictures/a/?endpoint=https://s3.example.com/&region=r&path-style=false": "https://s3.example.com pictures a/ r path-style=false",
		"s3://pictures?endpoint=" + url.QueryEscape("http://[::1]:9000"):              "http://[::1]:9000 pictures  us-east-1 path-style=true",
	} {
		c, err := ParseURL(address)
		if got := fmt.Sprintf("%s %s %s %s path-style=%v", c.Endpoint, c.Bucket, c.Prefix, c.Region, c.PathStyle); got != want || err != nil {
			t.Errorf("%s: %s, %v, not %s", address, got, err, want)
		}
	}
	for _, address := range []string{"", "s3:", "s3://", "s3:bucket", "s4://bucket", "s3://u:word@bucket", "s3://Bucket", "s3://a", "s3://bucket/../x",
		"s3://bucket/.x", "s3://bucket?region=", "s3://bucket?region=a&region=b", "s3://bucket?word=1", "s3://bucket#word", "s3://bucket?path-style=word",
		"s3://bucket?endpoint=http://u:word@h", "s3://bucket?endpoint=http://h/word", "s3://bucket?endpoint=word", "s3://bucket?%zz", "s3://bucket?endpoint=http://h%3Fword=1"} {
		if _, err := ParseURL(address); err == nil || strings.Contains(err.Error(), "u:word") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// FuzzParseURL: what is read is valid, and an error is one line without what was given as a password.
func FuzzParseURL(f *testing.F) {
	for _, address := range []string{"s3://bucket/a?endpoint=http://h:1&region=r&path-style=true&unconditional=false", "s3://u:p@bucket", "s3://%zz", "s3://bucket?%zz", "x"} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		c, err := ParseURL(address)
		if err == nil {
			err = c.Validate()
			if err != nil || strings.HasPrefix(c.Prefix, "/") || c.Bucket == "" {
				t.Fatalf("%q is read as %+v: %v", address, c, err)
			}
			return
		}
		if strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("%q: an error of two lines: %q", address, err)
		}
		if u, e := url.Parse(address); e == nil && u.User != nil {
			if word, _ := u.User.Password(); len(word) > 12 && strings.Contains(err.Error(), word) {
				t.Fatalf("%q: the error tells the password: %v", address, err)
			}
		}
	})
}
