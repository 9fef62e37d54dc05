// Package demo is the page that shows a newcomer what the origin does: the sample pictures of the library in
// every thumb form, side by side, as <img> and as srcset, each with the address that makes it.
//
// Its law: a page of plain HTML that asks for pictures as any other page would; nothing here reads a file or renders.
package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/imgorigin/imgorigin/origin/server"
)

// Picture is one sample.
type Picture struct {
	Title  string
	Detail string // what is special about it, in a few words
	Path   string // of the original, from the root
}

// Form is one way to write a thumb.
type Form struct {
	Spec string // as the page writes it, e.g. "300x200t"
	Says string // what it does
	Form string // the grammar, e.g. "WxHt"
}

// Forms are shown for every picture, in this order. The demo's collection lists them.
func Forms() []Form {
	return []Form{
		{"300x200", "crop to fill, from the centre", "WxH"},
		{"300x200t", "crop to fill, from the top", "WxHt"},
		{"300x200b", "crop to fill, from the bottom", "WxHb"},
		{"300x200f", "fit inside, nothing cut", "WxHf"},
		{"0x200", "a height; the width follows", "0xH"},
		{"300x0", "a width; the height follows", "Wx0"},
	}
}

// Widths are those of the page's srcset.
func Widths() []int { return []int{320, 640, 1280} }

// Thumbs are all specs that the page asks for, for the demo collection's list.
func Thumbs() []string {
	var all []string
	for _, f := range Forms() {
		all = append(all, f.Spec)
	}
	for _, w := range Widths() {
		all = append(all, fmt.Sprintf("%dx0", w))
	}
	return all
}

//go:embed page.html
var pageHTML string

// Mount adds the page at "/".
func Mount(router *server.Router, pictures []Picture) {
	page := render(pictures)
	m := router.Mount("", func(r *server.Request, err error) { r.Status(500) })
	show := func(r *server.Request) error {
		r.SetHeader("Cache-Control", "no-cache")
		r.SetHeader("X-Content-Type-Options", "nosniff")
		r.SetHeader("Content-Security-Policy", "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
		r.Bytes(200, "text/html; charset=utf-8", page)
		return nil
	}
	m.Handle("GET", "/", show)
	m.Handle("HEAD", "/", show)
}

// render makes the page once: it only changes with the pictures.
func render(pictures []Picture) []byte {
	t := template.Must(template.New("page").Funcs(template.FuncMap{"srcset": srcset}).Parse(pageHTML))
	var b bytes.Buffer
	err := t.Execute(&b, map[string]any{"Pictures": pictures, "Forms": Forms()})
	if err != nil {
		panic(err) // the template is part of the program, and a test renders it
	}
	return b.Bytes()
}

// srcset is the attribute's value for a picture.
func srcset(p Picture) template.Srcset {
	var parts []string
	for _, w := range Widths() {
		parts = append(parts, fmt.Sprintf("%s?thumb=%dx0 %dw", p.Path, w, w))
	}
	return template.Srcset(strings.Join(parts, ", "))
}

// Announce is what a newcomer reads in the terminal: an address for every thumb form, and the page's.
func Announce(base string, pictures []Picture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nThumbnails, made when you open them:\n\n")
	for i, f := range Forms() {
		p := pictures[i%len(pictures)]
		fmt.Fprintf(&b, "  %-5s %-30s %s%s?thumb=%s\n", f.Form, f.Says, base, p.Path, f.Spec)
	}
	fmt.Fprintf(&b, "\nAll of them side by side:  %s/\n\nCtrl-C stops.\n\n", base)
	return b.String()
}
