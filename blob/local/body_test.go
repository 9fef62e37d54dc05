package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func openBody(t testing.TB, s *Store, ctx context.Context, key origin.Key, offset, n int64) *Body {
	t.Helper()
	obj, err := s.Open(ctx, key, offset, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = obj.Body.Close() })
	return obj.Body.(*Body)
}

func TestAServerCanSendTheFileItself(t *testing.T) {
	s := openAt(t, t.TempDir())
	put(t, s, "a", "0123456789")
	for _, c := range []struct {
		offset, n, skip int64
		want            string
	}{
		{0, -1, 0, "0123456789"}, {3, 4, 0, "3456"}, {3, -1, 2, "56789"}, {10, -1, 0, ""}, {99, 1, 0, ""}, {5, 0, 0, ""},
	} {
		b := openBody(t, s, t.Context(), "a", c.offset, c.n)
		if _, err := io.CopyN(io.Discard, b, c.skip); err != nil {
			t.Fatal(err)
		}
		// By the offset that File tells, and from where the file stands: both must give what is left.
		f, offset, n := b.File()
		at, err := io.ReadAll(io.NewSectionReader(f, offset, n))
		if string(at) != c.want || err != nil {
			t.Errorf("%+v: by its offset: %q, %v", c, at, err)
		}
		standing, err := io.ReadAll(io.LimitReader(f, n))
		if string(standing) != c.want || err != nil {
			t.Errorf("%+v: from where it stands: %q, %v", c, standing, err)
		}
	}
}

// fileTaker is a writer that, like a TCP connection, prefers to be given the file.
type fileTaker struct {
	bytes.Buffer
	files int
}

func (w *fileTaker) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if _, ok := limited.R.(*os.File); ok {
			w.files++
		}
	}
	return w.Buffer.ReadFrom(r)
}

func TestCopyHandsOverTheFile(t *testing.T) {
	s := openAt(t, t.TempDir())
	data := strings.Repeat("0123456789", 300_000) // three chunks
	put(t, s, "a", data)
	w := new(fileTaker)
	n, err := io.Copy(w, openBody(t, s, t.Context(), "a", 7, int64(len(data))-10))
	if want := data[7 : len(data)-3]; err != nil || n != int64(len(want)) || w.String() != want {
		t.Errorf("%d bytes, %v", n, err)
	}
	if w.files != 3 {
		t.Errorf("the file was handed over %d times, not once for each chunk", w.files)
	}
}

func TestAFileThatBecomesShorterIsAnError(t *testing.T) {
	s := openAt(t, t.TempDir())
	put(t, s, "a", "0123456789")
	read, written := openBody(t, s, t.Context(), "a", 2, -1), openBody(t, s, t.Context(), "a", 2, -1)
	if err := os.Truncate(filepath.Join(s.config.Dir, "a"), 5); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(read); string(got) != "234" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Read: %q, %v", got, err)
	}
	var w bytes.Buffer
	if _, err := written.WriteTo(&w); w.String() != "234" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("WriteTo: %q, %v", w.String(), err)
	}
}

func TestWriteToEndsWithItsContext(t *testing.T) {
	s := openAt(t, t.TempDir())
	put(t, s, "a", strings.Repeat("x", 3*writeChunk))
	ctx, end := context.WithCancel(t.Context())
	b := openBody(t, s, ctx, "a", 0, -1)
	var chunks int
	w := writerFunc(func(p []byte) (int, error) {
		chunks += len(p)
		end()
		return len(p), nil
	})
	if n, err := b.WriteTo(w); !errors.Is(err, context.Canceled) || n != writeChunk || chunks != writeChunk {
		t.Errorf("%d bytes written of %d, %v", n, 3*writeChunk, err)
	}
}

func TestABodyOutlivesDeleteAndClose(t *testing.T) {
	s := openAt(t, t.TempDir())
	put(t, s, "a", "0123456789")
	b := openBody(t, s, t.Context(), "a", 0, -1)
	if err := errors.Join(s.Delete(t.Context(), "a"), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "0123456789" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func BenchmarkPutIfAbsent20KiB(b *testing.B) {
	s := openAt(b, b.TempDir())
	data := sealed(20 << 10)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ref := origin.FileRef{Collection: "c", Record: "r", Name: "n"}
		if err := s.PutIfAbsent(b.Context(), ref.RenditionKey(strconv.Itoa(i)), data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenAndRead20KiB(b *testing.B) {
	s := openAt(b, b.TempDir())
	key := origin.FileRef{Collection: "c", Record: "r", Name: "n"}.RenditionKey("v")
	data := sealed(20 << 10)
	put(b, s, key, string(data))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		obj, err := s.Open(b.Context(), key, 0, -1)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(obj.Body, data); err != nil {
			b.Fatal(err)
		}
		if err := obj.Body.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
