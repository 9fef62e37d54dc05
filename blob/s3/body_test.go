package s3

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/faulty"
	"github.com/imgorigin/imgorigin/origin"
)

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
