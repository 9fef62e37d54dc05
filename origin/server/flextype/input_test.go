package flextype

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

func TestBodiesAreReadAsWhatTheyAre(t *testing.T) {
	query := map[string]string{"token": "q", "path": "of the query"}
	for _, c := range []struct {
		name, contentType, body string
		want                    map[string]any // nil: refused
	}{
		{"nothing", "", "", map[string]any{"token": "q", "path": "of the query"}},
		{"JSON", "application/json", `{"path":"a","value":[1]}`, map[string]any{"token": "q", "path": "a", "value": []any{1.0}}},
		{"JSON that curl declares as a form", "application/x-www-form-urlencoded", ` {"path":"a"}`, map[string]any{"token": "q", "path": "a"}},
		{"a form", "application/x-www-form-urlencoded", "path=a%2Fb&field=", map[string]any{"token": "q", "path": "a/b", "field": ""}},
		{"JSON that is no object", "application/json", `[1]`, nil},
		{"broken JSON", "application/json", `{"path":`, nil},
		{"a broken form", "application/x-www-form-urlencoded", "path=%", nil},
		{"another type", "text/plain", "path=a", nil},
	} {
		in := newInput(query)
		err := in.readBody(c.contentType, strings.NewReader(c.body))
		switch {
		case c.want == nil:
			if !errors.Is(err, server.ErrMalformed) && !errors.Is(err, server.ErrMediaType) {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		default:
			if diff := cmp.Diff(c.want, in.values); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
	}
}

func TestTitlesAndNames(t *testing.T) {
	for _, c := range []struct{ name, title, base, extension string }{
		{"new-cover.jpg", "New Cover", "new-cover", "jpg"},
		{"épisode_21 final.tar.gz", "Épisode 21 Final.tar", "épisode_21 final.tar", "gz"},
		{"README", "README", "README", ""},
		{".hidden", ".hidden", ".hidden", ""},
		{"--.png", "", "--", "png"},
		{"a.", "A", "a", ""},
	} {
		base, extension := split(c.name)
		if title := titleOf(c.name); title != c.title || base != c.base || extension != c.extension {
			t.Errorf("%s: %q, %q, %q", c.name, title, base, extension)
		}
	}
}

func TestWhatIsSaidOfAFileHidesNothingOfIt(t *testing.T) {
	m := &origin.Media{
		Slug: "a b.jpg", Folder: "x/ÿ", MIME: "image/jpeg", Size: 7, Width: 4, Height: 3, Created: time.Unix(1596107422, 5e8),
		Visibility: origin.Private, Alt: "alt",
		Metadata: map[string]any{"filename": "evil", "full_url": "evil", "dirname": "/etc", "alt": "old", "visibility": "public", "tags": []any{"x"}},
	}
	want := map[string]any{
		"title": "A B", "description": "", "alt": "alt", "tags": []any{"x"}, "type": "image/jpeg", "filesize": int64(7), "uploaded_on": int64(1596107422),
		"exif":     map[string]any{"html": `width="4" height="3"`, "Width": 4, "Height": 3},
		"filename": "a b.jpg", "basename": "a b", "extension": "jpg", "dirname": virtualRoot + "/x/ÿ",
		"url": "project/uploads/x/%C3%BF/a%20b.jpg", "full_url": "http://h/p/project/uploads/x/%C3%BF/a%20b.jpg", "visibility": "private",
	}
	if diff := cmp.Diff(want, object(m, "http://h/p/")); diff != "" {
		t.Error(diff)
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		name, field string
		value       any
		refused     bool
	}{
		{"a name", "filename", "x", true},
		{"an address", "full_url", nil, true},
		{"a title that is a list", "title", []any{"x"}, true},
		{"a visibility that there is not", "visibility", "secret", true},
		{"no visibility", "visibility", nil, true},
		{"a title", "title", "x", false},
		{"no title", "title", nil, false},
		{"a list", "tags", []any{"x"}, false},
		{"private", "visibility", "private", false},
	} {
		_, err := editOf(c.field, c.value)
		var own *refusal
		if errors.As(err, &own) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// FuzzPath holds that the parts of an answer agree, whatever the path, and lead nowhere but to it.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"a/b/c.jpg", "/x", "../../etc/passwd", "a//b", "a/./b", `a\b`, "a?b#c%2F", "ä/ö .tar.gz", ".", "a/...", "\x00", "a/b/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		folder, slug, err := origin.SplitPath(path)
		if err != nil {
			return
		}
		o := object(&origin.Media{Folder: folder, Slug: slug}, "http://h/")
		name, base, extension := o["filename"].(string), o["basename"].(string), o["extension"].(string)
		if name != base+"."+extension && name != base && name != base+"." {
			t.Errorf("filename %q, basename %q, extension %q", name, base, extension)
		}
		address := o["url"].(string)
		back, ok := strings.CutPrefix(address, uploads)
		if !ok || o["full_url"] != "http://h/"+address || strings.ContainsAny(address, "?# \\") {
			t.Errorf("url %q, full_url %q", address, o["full_url"])
		}
		if unescaped := unescape(t, back); unescaped != strings.Trim(path, "/") {
			t.Errorf("url %q leads to %q, not to %q", address, unescaped, path)
		}
		if !strings.HasPrefix(o["dirname"].(string), virtualRoot) {
			t.Errorf("dirname %q", o["dirname"])
		}
	})
}

func unescape(t *testing.T, path string) string {
	t.Helper()
	s, err := url.PathUnescape(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzBody holds that no body is more than its bound, and that what is named as a field stays one.
func FuzzBody(f *testing.F) {
	f.Add("application/json", `{"path":"a","field":"title","value":"x","new_path":"b"}`)
	f.Add("application/x-www-form-urlencoded", "path=a&field=title")
	f.Add("", `{"field":null}`)
	f.Add("application/json", `{"path":{"a":1},"field":5}`)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		in := newInput(nil)
		if in.readBody(contentType, strings.NewReader(body)) != nil {
			return
		}
		if _, err := in.path(); err == nil && in.text("path", "id") == "" {
			t.Error("a file without a path")
		}
		field := in.text("field")
		if field != "" && !in.aboutMeta() {
			t.Error("a field is passed over")
		}
		if edit, err := editOf(field, in.values["value"]); err == nil && computed[field] {
			t.Errorf("%s is set: %+v", field, edit)
		}
	})
}
