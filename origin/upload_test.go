package origin_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

func TestAnUploadIsKnownByItsBytes(t *testing.T) {
	l := newLibrary(t)
	c := l.collection("docs", origin.Field{Name: "file", Type: origin.FileField, MaxSize: 64 << 20})
	jpeg := smallJPEG(t, 30, 20)
	big := append(bytes.Repeat([]byte("text "), 1<<20), 0xff)
	for _, test := range []struct {
		name, uploaded string
		data           []byte
		mime, stored   string // stored is a pattern
	}{
		{"a picture", "My Photo.JPG", jpeg, "image/jpeg", `^my_photo_\w{10}\.JPG$`},
		{"a picture that calls itself a text", "note.txt", jpeg, "image/jpeg", `^note_\w{10}\.txt$`},
		{"a picture without extension", "photo", jpeg, "image/jpeg", `^photo_\w{10}\.jpg$`},
		{"a text", "blob", []byte("hello"), "text/plain; charset=utf-8", `^blob_\w{10}\.txt$`},
		{"a page", "x.png", []byte("<!DOCTYPE html><html></html>"), "text/html; charset=utf-8", `^x\w{10}_\w{10}\.png$`},
		{"nothing", "empty", nil, "text/plain", `^empty_\w{10}\.txt$`},
		{"a cut picture", "cut.jpg", jpeg[:20], "image/jpeg", `^cut_\w{10}\.jpg$`},
		{"more than is sniffed", "big.bin", big, "text/plain; charset=utf-8", `^big_\w{10}\.bin$`},
		{"a name that is no text", "b\xffd\x00.txt", []byte("x"), "text/plain; charset=utf-8", `^b_d_\w{10}\.txt$`},
	} {
		u := l.stage(test.uploaded, test.data)
		sum := sha256.Sum256(test.data)
		if u.ContentType != test.mime || u.Size != int64(len(test.data)) || u.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is taken for %s of %d bytes with hash %s", test.name, u.ContentType, u.Size, u.SHA256)
		}
		if isPicture := bytes.Equal(test.data, jpeg); isPicture != (u.Image.Format == transform.JPEG && u.Image.Width == 30 && u.Image.Height == 20) {
			t.Errorf("%s has the header %+v", test.name, u.Image)
		}
		v, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Files: map[string][]*origin.Upload{"file": {u}}})
		if err != nil {
			t.Fatalf("%s: %s", test.name, complaints(err))
		}
		name := v.Record.Text("file")
		if !regexp.MustCompile(test.stored).MatchString(name) {
			t.Errorf("%s is stored as %s", test.name, name)
		}
		content, err := l.Open(context.Background(), &origin.ReadRequest{Collection: "docs", Record: string(v.Record.ID), Name: name})
		if err != nil {
			t.Fatal(err)
		}
		body, err := content.Open(context.Background(), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil || !bytes.Equal(got, test.data) {
			t.Errorf("%s came back with %d of %d bytes (%v)", test.name, len(got), len(test.data), err)
		}
		l.consistent(c, v.Record.ID)
	}
}

func TestAnUploadThatDoesNotArriveLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	l := openLibrary(t, dir)
	left, leave := context.WithCancel(context.Background())
	tooLarge := &origin.Error{Op: "body", Kind: origin.TooLarge}
	for _, test := range []struct {
		name  string
		ctx   context.Context
		r     io.Reader
		limit int64
		kind  origin.Kind
	}{
		{"more than allowed", context.Background(), strings.NewReader("123456"), 5, origin.TooLarge},
		{"a reader with a limit of its own", context.Background(), iotest.ErrReader(tooLarge), 5, origin.TooLarge},
		{"a broken body", context.Background(), io.MultiReader(strings.NewReader("123"), iotest.ErrReader(io.ErrUnexpectedEOF)), 5, origin.Invalid},
		{"a caller who leaves", left, io.MultiReader(strings.NewReader("123"), leaving{leave}, strings.NewReader("45")), 50, origin.Canceled},
	} {
		u, err := l.Stage(test.ctx, "x", test.r, test.limit)
		if u != nil || origin.KindOf(err) != test.kind {
			t.Errorf("%s: %v, %v", test.name, u, err)
		}
	}
	u, err := l.Stage(context.Background(), "x", iotest.OneByteReader(strings.NewReader("12345")), 5)
	if err != nil || u.Size != 5 {
		t.Fatalf("exactly what is allowed: %v", err)
	}
	u.Discard()
	u.Discard()
	staged, err := os.ReadDir(dir + "/storage/.tmp")
	if err != nil || len(staged) > 0 {
		t.Errorf("left behind: %v, %v", staged, err)
	}
}

// leaving is a reader during which its caller leaves.
type leaving struct{ leave func() }

func (l leaving) Read([]byte) (int, error) {
	l.leave()
	return 0, io.EOF
}

func TestTheLargestBodyIsThatOfTheMostGenerousCollection(t *testing.T) {
	l := newLibrary(t)
	before := l.LargestAllowance()
	l.photos(func(_ *origin.CollectionInput, f *origin.Field) { f.MaxSelect, f.MaxSize = 3, 1<<40 })
	if after := l.LargestAllowance(); before.Files >= 3<<40 || after != (origin.Allowance{Files: 3 << 40, Values: before.Values}) {
		t.Errorf("%+v before, %+v after", before, after)
	}
}
