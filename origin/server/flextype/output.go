package flextype

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// uploads is where the bytes of files are, below the prefix.
const uploads = "project/uploads/"

// virtualRoot is what "dirname" begins with, as in the text's examples. It tells nothing of the machine: files are kept
// nowhere by their path.
const virtualRoot = "/htdocs/flextype/project/uploads"

// shown is the file that an operation of the core answers with.
func (d *Dialect) shown(r *server.Request, m *origin.Media, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return object(m, d.base(r)), nil
}

// object is a file as the answers have it: what was said of it, and what follows from it, which nothing that was said hides.
// base is what addresses begin with.
func object(m *origin.Media, base string) map[string]any {
	o := make(map[string]any, len(m.Metadata)+12)
	for name, value := range m.Metadata {
		o[name] = value
	}
	delete(o, "alt")
	if m.Alt != "" {
		o["alt"] = m.Alt
	}
	o["title"], o["description"] = m.Title, m.Description
	if m.Title == "" {
		o["title"] = titleOf(m.Slug)
	}
	o["type"], o["filesize"], o["uploaded_on"], o["exif"] = m.MIME, m.Size, m.Created.Unix(), exifOf(m)
	basename, extension := split(m.Slug)
	o["filename"], o["basename"], o["extension"] = m.Slug, basename, extension
	o["dirname"] = path.Join(virtualRoot, m.Folder)
	address := uploads + escaped(m.Path())
	o["url"], o["full_url"] = address, base+address
	delete(o, "visibility")
	if m.Visibility != origin.Public {
		o["visibility"] = string(m.Visibility)
	}
	return o
}

// base is what the addresses of files begin with.
func (d *Dialect) base(r *server.Request) string { return r.Base() + d.prefix + "/" }

// exifOf is what PHP's exif_read_data computes of a picture, and what the camera wrote into it.
func exifOf(m *origin.Media) map[string]any {
	exif := make(map[string]any, len(m.EXIF)+4)
	for name, value := range m.EXIF {
		exif[name] = value
	}
	if samples, known := exif["SamplesPerPixel"].(float64); known {
		delete(exif, "SamplesPerPixel")
		exif["IsColor"] = 0
		if samples >= 3 { // fewer are greys, with or without transparency
			exif["IsColor"] = 1
		}
	}
	if m.IsPicture() {
		exif["html"], exif["Width"], exif["Height"] = fmt.Sprintf(`width="%d" height="%d"`, m.Width, m.Height), m.Width, m.Height
	}
	return exif
}

// split parts a name at its last dot. A name that begins with its only one has no extension.
func split(name string) (base, extension string) {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return name, ""
	}
	return name[:dot], name[dot+1:]
}

// titleOf makes a title of a file's name: "new-cover.jpg" is "New Cover".
func titleOf(name string) string {
	base, _ := split(name)
	words := strings.FieldsFunc(base, func(c rune) bool { return c == '-' || c == '_' || unicode.IsSpace(c) })
	for i, word := range words {
		first, n := utf8.DecodeRuneInString(word)
		words[i] = string(unicode.ToUpper(first)) + word[n:]
	}
	return strings.Join(words, " ")
}

// escaped is a path as it stands in a URL.
func escaped(p string) string {
	segments := strings.Split(p, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/")
}
