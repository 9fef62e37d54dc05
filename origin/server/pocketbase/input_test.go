package pocketbase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
	"github.com/imgorigin/imgorigin/transform"
)

// stage is a real core to stage uploads in, and the folder where what is staged can be seen.
type stage struct {
	core   *origin.Origin
	folder string
}

type noRenderer struct{}

func (noRenderer) Render(context.Context, []byte, transform.Plan) ([]byte, error) {
	return nil, errors.New("nothing is rendered here")
}
func (noRenderer) Fingerprint() string { return "none" }

func newStage(t testing.TB) *stage {
	t.Helper()
	ctx, dir := context.Background(), t.TempDir()
	catalog, err := sqlite.Open(ctx, sqlite.Default(dir))
	if err != nil {
		t.Fatal(err)
	}
	config := local.DefaultConfig()
	config.Dir = dir + "/storage"
	blobs, err := local.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	core, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: catalog, Blobs: blobs, Renderer: noRenderer{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(core.Close(ctx), catalog.Close(), blobs.Close()); err != nil {
			t.Error(err)
		}
	})
	return &stage{core, config.Dir + "/.tmp"}
}

const stageLimit = 1 << 10

func (s *stage) take(name string, body io.Reader) (*origin.Upload, error) {
	return s.core.Stage(context.Background(), name, body, stageLimit)
}

// staged counts what was staged and neither used nor discarded.
func (s *stage) staged(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// multipartBody writes parts as "name=value" or, for files, "name:filename=content".
func multipartBody(parts ...string) string {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	_ = w.SetBoundary("b")
	for _, p := range parts {
		key, value, _ := strings.Cut(p, "=")
		name, file, isFile := strings.Cut(key, ":")
		var to io.Writer
		if isFile {
			to, _ = w.CreateFormFile(name, file)
		} else {
			to, _ = w.CreateFormField(name)
		}
		_, _ = io.WriteString(to, value)
	}
	_ = w.Close()
	return b.String()
}

// read reads a multipart body with the boundary "b".
func (s *stage) read(body io.Reader, limit int64) (origin.RecordInput, error) {
	f := newForm()
	return f.input(parts(f, body, limit, s.take))
}

// textBytes is how much of values is text.
func textBytes(v any) (n int) {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		for _, e := range v {
			n += textBytes(e)
		}
	case map[string]any:
		for _, e := range v {
			n += textBytes(e)
		}
	}
	return n
}

// maxParts is the host's bound.
const maxParts = 1000

func parts(f *form, body io.Reader, limit int64, stage stager) error {
	reader := f.reader(limits{1 << 40, limit}, stage)
	return reader.Multipart(multipart.NewReader(body, "b"))
}

func urlEncoded(f *form, body io.Reader) error {
	reader := f.reader(limits{1 << 40, 1 << 40}, nil)
	return reader.URLEncoded(body)
}

func TestFormsBecomeValues(t *testing.T) {
	s := newStage(t)
	for _, c := range []struct {
		name  string
		parts []string
		want  map[string]any
		files map[string]string // field to the names of its files
	}{
		{"nothing", nil, map[string]any{}, nil},
		{"values are inferred", []string{"a=true", "b=false", "c=1", "d=-1.5", "e=text", "f="},
			map[string]any{"a": true, "b": false, "c": 1.0, "d": -1.5, "e": "text", "f": ""}, nil},
		{"a name that comes again is a list", []string{"a=x", "a=2", "a=true"}, map[string]any{"a": []any{"x", 2.0, true}}, nil},
		{"an empty value is one too", []string{"a=", "a="}, map[string]any{"a": []any{"", ""}}, nil},
		{"payloads come last, in their order", []string{`@jsonPayload={"a":1,"b":{"c":[null]}}`, "a=form", `@jsonPayload={"a":2}`, "d=form"},
			map[string]any{"a": 2.0, "b": map[string]any{"c": []any{nil}}, "d": "form"}, nil},
		{"a payload of nothing", []string{"@jsonPayload=null", "@jsonPayload={}"}, map[string]any{}, nil},
		{"files", []string{"image:a.jpg=x", "image:b.jpg=y", "other:c=z", "image=old.jpg"},
			map[string]any{"image": "old.jpg"}, map[string]string{"image": "a.jpg b.jpg", "other": "c"}},
		{"modifiers are names like any other", []string{"images+:a.jpg=x", "+images:b.jpg=x", "images-=c.jpg"},
			map[string]any{"images-": "c.jpg"}, map[string]string{"images+": "a.jpg", "+images": "b.jpg"}},
		{"folders of file names are dropped", []string{"image:../../etc/passwd=x", `image:..\x=x`},
			map[string]any{}, map[string]string{"image": `passwd ..\x`}},
		{"a file named as the payload is no payload", []string{`@jsonPayload:p.json={"a":1}`}, map[string]any{}, map[string]string{"@jsonPayload": "p.json"}},
		{"a payload brings no files", []string{`@jsonPayload={"image":{"name":"a.jpg","OriginalName":"a.jpg"}}`},
			map[string]any{"image": map[string]any{"name": "a.jpg", "OriginalName": "a.jpg"}}, nil},
	} {
		in, err := s.read(strings.NewReader(multipartBody(c.parts...)), 1<<20)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, in.Values); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		files := make(map[string]string)
		for field, uploads := range in.Files {
			for _, u := range uploads {
				files[field] = strings.TrimSpace(files[field] + " " + u.OriginalName)
			}
		}
		if c.files == nil {
			c.files = map[string]string{}
		}
		if diff := cmp.Diff(c.files, files); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		in.Discard()
		if n := s.staged(t); n > 0 {
			t.Fatalf("%s: %d staged files are left", c.name, n)
		}
	}
}

func TestFormsThatAreRefusedLeaveNothing(t *testing.T) {
	s := newStage(t)
	whole := multipartBody("image:a.jpg=x", "image:b.jpg=y", "v=1")
	many := slices.Repeat([]string{"a=1"}, maxParts)
	for _, c := range []struct {
		name string
		body io.Reader
		want error
	}{
		{"no body", strings.NewReader(""), errMalformed},
		{"another boundary", strings.NewReader(strings.ReplaceAll(whole, "--b", "--c")), errMalformed},
		{"cut within a file", strings.NewReader(whole[:strings.Index(whole, "y")]), errMalformed},
		{"cut before the end", strings.NewReader(strings.TrimSuffix(whole, "--b--\r\n")), errMalformed},
		{"a client that goes away", io.MultiReader(strings.NewReader(whole[:len(whole)-20]), iotest.ErrReader(io.ErrUnexpectedEOF)), errMalformed},
		{"a body above its limit", io.MultiReader(strings.NewReader(whole[:len(whole)-20]), iotest.ErrReader(server.ErrBodyTooLarge)), server.ErrBodyTooLarge},
		{"a payload that is no JSON", strings.NewReader(multipartBody("image:a.jpg=x", "@jsonPayload={")), errMalformed},
		{"a payload that is no object", strings.NewReader(multipartBody("image:a.jpg=x", "@jsonPayload=[]")), errMalformed},
		{"a file above its limit", strings.NewReader(multipartBody("image:a.jpg=x", "image:b.jpg="+strings.Repeat("x", stageLimit+1))), &origin.Error{Op: "stage", Kind: origin.TooLarge}},
		{"values above theirs", strings.NewReader(multipartBody("image:a.jpg=x", "a="+strings.Repeat("x", 60), "b="+strings.Repeat("x", 41))), server.ErrBodyTooLarge},
		{"a payload above it", strings.NewReader(multipartBody("image:a.jpg=x", `@jsonPayload={"a":"`+strings.Repeat("x", 100)+`"}`)), server.ErrBodyTooLarge},
		{"too many parts", strings.NewReader(multipartBody(append(many, "image:a.jpg=x")...)), errMalformed},
		{"too many files", strings.NewReader(multipartBody(slices.Repeat([]string{"image:a.jpg=x"}, maxParts+1)...)), errMalformed},
	} {
		limit := int64(100)
		if c.name == "too many parts" {
			limit = 1 << 20
		}
		in, err := s.read(c.body, limit)
		if fmt.Sprint(err) != c.want.Error() || in.Values != nil || in.Files != nil {
			t.Errorf("%s: %v, %v; want %v", c.name, in, err, c.want)
		}
		if n := s.staged(t); n > 0 {
			t.Fatalf("%s: %d staged files are left", c.name, n)
		}
	}
	if in, err := s.read(strings.NewReader(multipartBody(many...)), maxParts); err != nil || len(in.Values["a"].([]any)) != maxParts {
		t.Errorf("as many as there may be: %v", err)
	}
}

func TestASignInTakesNoFiles(t *testing.T) {
	f := newForm()
	in, err := f.input(parts(f, strings.NewReader(multipartBody("identity=a", "password:x="+strings.Repeat("x", 1000), "other:=v")), 100, nil))
	if diff := cmp.Diff(map[string]any{"identity": "a", "other": "v"}, in.Values); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestJSONBodies(t *testing.T) {
	for body, want := range map[string]map[string]any{
		"":                              {},
		" \r\n":                         {},
		"null":                          {},
		"{}":                            {},
		` {"a":1,"a":2,"b":null} `:      {"a": 2.0, "b": nil},
		`{"a":"\ud800"}`:                {"a": "\ufffd"},
		`{"@jsonPayload":"{}"}`:         {"@jsonPayload": "{}"},
		"[]":                            nil,
		`"text"`:                        nil,
		"{":                             nil,
		"{}{}":                          nil,
		`{"a":1e999}`:                   nil,
		"\xef\xbb\xbf{}":                nil,
		strings.Repeat(`{"a":`, 20_000): nil,
	} {
		f := newForm()
		in, err := f.input(f.readJSON(strings.NewReader(body)))
		if diff := cmp.Diff(want, in.Values); diff != "" || (want == nil) != errors.Is(err, errMalformed) {
			t.Errorf("%.40q: %v (-want +got):\n%s", body, err, diff)
		}
	}
}

func TestURLEncodedBodies(t *testing.T) {
	for body, want := range map[string]map[string]any{
		"":                                     {},
		"a=1&b=true&c=x+y&d=%C3%A9&e&f=":       {"a": 1.0, "b": true, "c": "x y", "d": "é", "e": "", "f": ""},
		"a=1&a=x":                              {"a": []any{1.0, "x"}},
		"%40jsonPayload=%7B%22a%22%3A2%7D&a=1": {"a": 2.0},
		"@jsonPayload={":                       nil,
		"a=%zz":                                nil,
		"a;b=1":                                nil,
		strings.Repeat("a&", 20_000):           nil, // net/url takes no more than 10,000
	} {
		f := newForm()
		in, err := f.input(urlEncoded(f, strings.NewReader(body)))
		if diff := cmp.Diff(want, in.Values); diff != "" || (want == nil) != errors.Is(err, errMalformed) {
			t.Errorf("%.40q: %v (-want +got):\n%s", body, err, diff)
		}
	}
}

func TestInfer(t *testing.T) {
	for text, want := range map[string]any{
		"": "", "true": true, "false": false, "True": "True", "null": "null", "0": 0.0, "-0": math.Copysign(0, -1), "1": 1.0, "-1": -1.0, "1.5": 1.5, "0.1": 0.1,
		"007": "007", "1.0": "1.0", "1.": "1.", ".5": ".5", "+1": "+1", "1e3": "1e3", "1_000": "1_000", "0x10": "0x10", " 1": " 1", "1 ": "1 ", "-": "-", "--1": "--1",
		"NaN": "NaN", "Inf": "Inf", "-Inf": "-Inf", "-inf": "-inf", "9007199254740993": "9007199254740993", "9007199254740992": 9007199254740992.0,
		"12345678901234567890123456": "12345678901234567890123456", "1\x00": "1\x00", "١": "١",
	} {
		if got := infer(text); got != want {
			t.Errorf("%q is %#v, want %#v", text, got, want)
		}
	}
}

// FuzzInfer holds that nothing is lost: what a form's text becomes is printed as that text again.
func FuzzInfer(f *testing.F) {
	for _, s := range []string{"", "true", "1", "-1.5", "007", "1e3", "-0", "9007199254740993", "-Inf", "0.1", "1e-7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := infer(s)
		if got := text(v); got != s {
			t.Fatalf("%q became %#v, which is %q", s, v, got)
		}
		if n, ok := v.(float64); ok && (math.IsInf(n, 0) || math.IsNaN(n)) {
			t.Fatalf("%q became %v", s, n)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFormsOfAnySequenceOfParts compares the reader with what was written.
func TestFormsOfAnySequenceOfParts(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b+", "+b", "ü", `q"uote`, "@x", "a.b[0]"})
	rapid.Check(t, func(t *rapid.T) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.SetBoundary("b")
		want := map[string][]any{}
		for range rapid.IntRange(0, 20).Draw(t, "parts") {
			field, value := name.Draw(t, "field"), rapid.String().Draw(t, "value")
			to, _ := w.CreateFormField(field)
			_, _ = io.WriteString(to, value)
			want[field] = append(want[field], infer(value))
		}
		_ = w.Close()
		f := newForm()
		in, err := f.input(parts(f, &b, 1<<30, nil))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]any{}
		for field, v := range in.Values {
			if list, ok := v.([]any); ok {
				got[field] = list
			} else {
				got[field] = []any{v}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzForm holds what every body must keep: no panic, values within their limit, nothing staged after an error, and all
// uploads in the hands of the caller after none.
func FuzzForm(f *testing.F) {
	s := newStage(f)
	for _, body := range []string{
		multipartBody("a=1", "a=2", "image:a.jpg=x", `@jsonPayload={"a":[1]}`),
		multipartBody("image:../x=\xff\xd8\xff", "image+:b=", "images-=b"),
		"--b\r\nContent-Disposition: form-data; name=\"a\"; filename*=UTF-8''%e2%82%ac.jpg\r\n\r\nx\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\r\n b.jpg\"\r\n\r\nx\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; filename=\"a.jpg\"\r\n\r\nx\r\n--b--\r\n",
		"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n=41=\r\n\r\n--b--\r\n",
		"--b\n\nx\n--b--", "--b--", "", "--b\r\n",
		`{"a":[{"b":null}],"image":"a.jpg"}`, "a=1&b=%20&image=a.jpg&@jsonPayload=%7B%7D",
	} {
		f.Add([]byte(body))
	}
	const limit = 256
	f.Fuzz(func(t *testing.T, body []byte) {
		for kind, read := range map[string]func(*form) error{
			"multipart":  func(f *form) error { return parts(f, bytes.NewReader(body), limit, s.take) },
			"JSON":       func(f *form) error { return f.readJSON(bytes.NewReader(body)) },
			"urlencoded": func(f *form) error { return urlEncoded(f, bytes.NewReader(body)) },
		} {
			f := newForm()
			in, err := f.input(read(f))
			if err != nil {
				if in.Values != nil || in.Files != nil {
					t.Fatalf("%s: %v and %v", kind, in, err)
				}
				if a := words(err); a.status != 400 && a.status != 413 {
					t.Fatalf("%s: %v is answered %d", kind, err, a.status)
				}
			} else if in.Values == nil {
				t.Fatalf("%s: no values and no error", kind)
			}
			if held := textBytes(in.Values); kind == "multipart" && held > limit {
				t.Fatalf("%d bytes of values, above the limit", held)
			}
			uploads := 0
			for _, list := range in.Files {
				uploads += len(list)
			}
			if n := s.staged(t); n != uploads {
				t.Fatalf("%s: %d files are staged, %d handed over (%v)", kind, n, uploads, err)
			}
			in.Discard()
		}
		if n := s.staged(t); n > 0 {
			t.Fatalf("%d staged files are left", n)
		}
	})
}
