package server

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
)

// File answers a GET or HEAD with a file of the core, under the name that the dialect calls it by: Content with the headers
// that keep a stranger's file from doing harm in our name. The parameter "download" asks for saving, in every dialect.
func (r *Request) File(c *origin.Content, name string) error {
	r.SetHeader("X-Content-Type-Options", "nosniff")
	r.SetHeader("Access-Control-Allow-Origin", "*")
	r.SetHeader("Content-Security-Policy", "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox")
	r.SetHeaderBytes("Content-Disposition", appendDisposition(r.Scratch(), c, name, r.QueryWord("download")))
	if c.Policy == origin.PolicyPrivate || c.Policy == origin.PolicySigned || r.HasQuery("token") || r.HasQuery("signature") {
		r.SetHeader("Referrer-Policy", "no-referrer") // the address may carry a credential
	}
	c.ContentType = sentType(name, c.ContentType)
	return r.Content(c)
}

// appendDisposition says whether a browser shows the file or saves it, and under which name. The stored type decides, not
// the one that is sent: a script that calls itself .svg must not be shown.
func appendDisposition(b []byte, c *origin.Content, name, download string) []byte {
	kind := "attachment"
	if inlineTypes[c.File.ContentType] && !isTrue(download) {
		kind = "inline"
	}
	b = append(append(b, kind...), "; filename="...)
	if isPlain(name) {
		return append(appendVariant(b, c.Variant), name...)
	}
	// RFC 6266 section 4.3: a stand-in for old clients, then the real name in the form of RFC 8187.
	b = append(appendVariant(append(b, '"'), c.Variant), harmless(name)...)
	b = appendVariant(append(b, `"; filename*=UTF-8''`...), c.Variant)
	return append(b, strings.ReplaceAll(url.QueryEscape(name), "+", "%20")...)
}

func appendVariant(b []byte, variant string) []byte {
	if variant == "" {
		return b
	}
	return append(append(b, variant...), '_')
}

// isTrue reads a parameter as PocketBase does: in Go's grammar of truth, and nothing else is true.
func isTrue(s string) bool {
	if s == "" {
		return false
	}
	v, err := strconv.ParseBool(s)
	return err == nil && v
}

// inlineTypes are the stored types that browsers show and that cannot run script in our origin.
var inlineTypes = map[string]bool{
	"image/png": true, "image/jpg": true, "image/jpeg": true, "image/gif": true, "image/webp": true,
	"image/x-icon": true, "image/bmp": true,
	"video/webm": true, "video/mp4": true, "video/3gpp": true, "video/quicktime": true, "video/x-ms-wmv": true,
	"audio/basic": true, "audio/aiff": true, "audio/mpeg": true, "audio/midi": true, "audio/mp3": true,
	"audio/wave": true, "audio/wav": true, "audio/x-wav": true, "audio/x-mpeg": true, "audio/x-m4a": true, "audio/aac": true,
	"application/pdf": true, "application/x-pdf": true,
}

// extensionTypes are sent instead of the stored type for names with that extension, in lower case only.
var extensionTypes = map[string]string{
	".svg":  "image/svg+xml",
	".css":  "text/css",
	".js":   "text/javascript",
	".mjs":  "text/javascript",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

func sentType(name, stored string) string {
	if t, ok := extensionTypes[path.Ext(name)]; ok {
		return t
	}
	return stored
}

// isPlain tells whether a name has only what our own names have. These PocketBase sends without quotes.
func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case strings.IndexByte("_.*-+=#", c) < 0:
			return false
		}
	}
	return true
}

// harmless is what of a name may stand between quotes: no quote, no escape, nothing but printable ASCII.
func harmless(name string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' || c == '%' {
			return '_'
		}
		return c
	}, name)
}
