package server

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
)

func TestDisposition(t *testing.T) {
	for _, c := range []struct{ name, contentType, variant, download, want string }{
		{"photo_6ntqbizcfu.jpg", "image/jpeg", "", "", "inline; filename=photo_6ntqbizcfu.jpg"},
		{"photo_6ntqbizcfu.jpg", "image/jpeg", "100x100", "", "inline; filename=100x100_photo_6ntqbizcfu.jpg"},
		{"photo_6ntqbizcfu.jpg", "image/jpeg", "100x100", "1", "attachment; filename=100x100_photo_6ntqbizcfu.jpg"},
		{"weird_na_me_6ntqbizcfu.p#n=g+*", "image/png", "", "", "inline; filename=weird_na_me_6ntqbizcfu.p#n=g+*"},
		{"a.svg", "image/svg+xml", "", "", "attachment; filename=a.svg"},
		{"a b.jpg", "image/jpeg", "", "", `inline; filename="a b.jpg"; filename*=UTF-8''a%20b.jpg`},
		{"é.jpg", "image/jpeg", "0x50", "", `inline; filename="0x50__.jpg"; filename*=UTF-8''0x50_%C3%A9.jpg`},
		{`a"; x="\.jpg`, "text/html", "", "", `attachment; filename="a_; x=__.jpg"; filename*=UTF-8''a%22%3B%20x%3D%22%5C.jpg`},
		{"a\r\nSet-Cookie: x=1.jpg", "image/jpeg", "", "", `inline; filename="a__Set-Cookie: x=1.jpg"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%3D1.jpg`},
	} {
		content := origin.Content{File: &origin.File{FileRef: origin.FileRef{Name: origin.FileName(c.name)}, ContentType: c.contentType}, Variant: c.variant}
		if got := string(appendDisposition(nil, &content, c.name, c.download)); got != c.want {
			t.Errorf("%q of %s: %s, want %s", c.name, c.contentType, got, c.want)
		}
	}
}

func TestOnlyTheseTypesAreShown(t *testing.T) {
	shown := "image/png image/jpg image/jpeg image/gif image/webp image/x-icon image/bmp " +
		"video/webm video/mp4 video/3gpp video/quicktime video/x-ms-wmv audio/basic audio/aiff audio/mpeg audio/midi audio/mp3 " +
		"audio/wave audio/wav audio/x-wav audio/x-mpeg audio/x-m4a audio/aac application/pdf application/x-pdf"
	if n := len(strings.Fields(shown)); n != len(inlineTypes) {
		t.Errorf("%d types are shown, want %d", len(inlineTypes), n)
	}
	saved := "image/svg+xml image/avif image/heic image/tiff image/vnd.mozilla.apng text/html text/plain application/json application/javascript " +
		"text/xml application/octet-stream IMAGE/PNG image/png;charset=x"
	for kind, types := range map[string]string{"inline": shown, "attachment": saved} {
		for _, contentType := range strings.Fields(types) {
			content := origin.Content{File: &origin.File{FileRef: origin.FileRef{Name: "a"}, ContentType: contentType}}
			if got := string(appendDisposition(nil, &content, "a", "")); got != kind+"; filename=a" {
				t.Errorf("%s: %s", contentType, got)
			}
		}
	}
}

func TestDownloadIsReadInGosGrammarOfTruth(t *testing.T) {
	content := origin.Content{File: &origin.File{FileRef: origin.FileRef{Name: "a"}, ContentType: "image/png"}}
	for kind, values := range map[string][]string{
		"attachment": {"1", "t", "T", "true", "TRUE", "True"},
		"inline":     {"", "0", "f", "false", "FALSE", "yes", "on", "2", " 1", "tRUE"},
	} {
		for _, v := range values {
			if got := string(appendDisposition(nil, &content, "a", v)); got != kind+"; filename=a" {
				t.Errorf("download=%s: %s", v, got)
			}
		}
	}
}

func TestTypesThatTheExtensionDecides(t *testing.T) {
	const office = "application/vnd.openxmlformats-officedocument."
	for name, want := range map[string]string{
		"a.svg": "image/svg+xml", "a.css": "text/css", "a.js": "text/javascript", "a.mjs": "text/javascript",
		"a.xlsx": office + "spreadsheetml.sheet", "a.docx": office + "wordprocessingml.document", "a.pptx": office + "presentationml.presentation",
		"a.SVG": "x/y", "a.Css": "x/y", "a.svg.png": "x/y", "svg": "x/y", "a.": "x/y", "": "x/y", "a.png.svg": "image/svg+xml", ".svg": "image/svg+xml",
	} {
		if got := sentType(name, "x/y"); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// FuzzDisposition looks for names that add a header, a parameter, or that a client would not get back.
func FuzzDisposition(f *testing.F) {
	for _, name := range []string{"photo_6ntqbizcfu.jpg", "x.p#n=g+*", "a b", "é", "a\r\nb: c", `"`, `\`, "%41", "\x00", "\xff", "a;b", "日本語.png", "", "*", "a'b", "(x)", "a\u2028b"} {
		f.Add(name, "", false)
		f.Add(name, "100x100", true)
	}
	f.Fuzz(func(t *testing.T, name, variant string, download bool) {
		if variant != "" {
			variant = "100x100t" // comes from the collection, whose grammar admits nothing else
		}
		flag := map[bool]string{true: "1"}[download]
		content := origin.Content{File: &origin.File{FileRef: origin.FileRef{Name: origin.FileName(name)}, ContentType: "image/png"}, Variant: variant}
		got := string(appendDisposition(nil, &content, name, flag))
		for _, c := range []byte(got) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q in %q", c, got)
			}
		}
		if isPlain(name) {
			if strings.ContainsAny(got[strings.Index(got, "filename="):], "\"; ,\\'") {
				t.Fatalf("a plain name became %q", got)
			}
			return
		}
		kind, params, err := mime.ParseMediaType(got)
		want := name
		if variant != "" {
			want = variant + "_" + name
		}
		if !utf8.ValidString(want) {
			return // RFC 8187 has no way to say it
		}
		if err != nil || params["filename"] != want || (kind == "attachment") != download || len(params) != 1 {
			t.Fatalf("%q reads as %s %q (%v), want %q", got, kind, params, err, want)
		}
	})
}
