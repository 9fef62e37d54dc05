package pocketbase

import (
	"fmt"
	"path"
	"strings"
	"testing"
)

// asBrowsersWrite is a name within the quotes of Content-Disposition as browsers put it there (HTML standard, multipart/form-data
// encoding algorithm): a quote and the ends of lines in percent, all else as it is, backslashes too.
var asBrowsersWrite = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")

// quotedName is what a reader makes of a quoted string: a backslash means something before what must not stand in a
// token (RFC 2045 section 5.1), and is itself before all else, as in the paths of Windows. At the end it takes the closing
// quote, so that the string has no end.
func quotedName(written string) (name string, ends bool) {
	var b []byte
	for i := 0; i < len(written); i++ {
		if written[i] == '\\' {
			if i+1 == len(written) {
				return "", false
			}
			if strings.IndexByte(`()<>@,;:\"/[]?=`, written[i+1]) >= 0 {
				i++
			}
		}
		b = append(b, written[i])
	}
	return string(b), true
}

// isControl tells what must not stand in a header (RFC 9110 section 5.5).
func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// FuzzPartNames compares the names of a form's parts with those that a browser was given: a file's loses its folders, and
// nothing else is lost, added, or taken for another field.
func FuzzPartNames(f *testing.F) {
	s := newStage(f)
	for _, name := range []string{"photo.jpg", "", "a b.jpg", `say "x".jpg`, `C:\pictures\a.jpg`, `a\"; name="id`, `a\`, `\\`, `; filename=b; x=y`, "../../etc/passwd", "a/", "/", "//", "..", "äöü 日本.png",
		"a\r\nContent-Type: text/html\r\n\r\nx", "a%22%0D.jpg", "a;b=c.jpg", "=?utf-8?q?a?=", "\xff\xfe", "a\tb", "a\x00b", "a\x1fb", "a\x7fb", strings.Repeat("n", 5000)} {
		f.Add("image", name)
		f.Add(name, "photo.jpg")
	}
	f.Fuzz(func(t *testing.T, field, name string) {
		body := fmt.Sprintf("--b\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\nContent-Type: image/jpeg\r\n\r\nbytes\r\n--b--\r\n",
			asBrowsersWrite.Replace(field), asBrowsersWrite.Replace(name))
		form := newForm()
		in, err := form.input(parts(form, strings.NewReader(body), 1<<20, s.take))
		if strings.ContainsFunc(asBrowsersWrite.Replace(field+name), isControl) {
			if err == nil {
				in.Discard()
				t.Fatalf("%q, %q: a header with a control character is taken", field, name)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q, %q: %v", field, name, err)
		}
		defer in.Discard()
		wantField, ends := quotedName(asBrowsersWrite.Replace(field))
		wantName, too := quotedName(asBrowsersWrite.Replace(name))
		if wantName != "" {
			wantName = strings.ToValidUTF8(path.Base(wantName), "\uFFFD")
		}
		uploads, value := in.Files[wantField], in.Values[wantField]
		switch {
		case wantField == "", !ends, !too: // means nothing
			if len(in.Files)+len(in.Values) > 0 {
				t.Fatalf("a part of no name became %v and %v", in.Files, in.Values)
			}
		case wantName == "": // no file, but a value
			if len(in.Files) > 0 || wantField != payloadKey && value != "bytes" {
				t.Fatalf("%q without a file name became %v and %v", field, in.Files, in.Values)
			}
		case len(in.Files) != 1 || len(uploads) != 1 || len(in.Values) > 0:
			t.Fatalf("%q, %q: %v and %v", field, name, in.Files, in.Values)
		case uploads[0].OriginalName != wantName || uploads[0].Size != int64(len("bytes")):
			t.Fatalf("%q became %q of %d bytes, want %q", name, uploads[0].OriginalName, uploads[0].Size, wantName)
		}
	})
}
