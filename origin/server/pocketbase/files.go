package pocketbase

import (
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// file answers GET and HEAD of a stored file or a thumb of it.
func (d *Dialect) file(r *server.Request) error {
	content, err := d.core.Open(r.LongContext(), &origin.ReadRequest{
		Collection:  r.Param(0),
		Record:      r.Param(1),
		Name:        r.Param(2),
		Thumb:       r.QueryWord("thumb"),
		FileToken:   r.QueryValue("token"),
		IfNoneMatch: r.HeaderList("If-None-Match"),
		Facts:       r,
	})
	if err != nil {
		return err
	}
	securityHeaders(r)
	r.SetHeader("Access-Control-Allow-Origin", "*")
	r.SetHeader("Content-Security-Policy", "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox")
	r.SetHeaderBytes("Content-Disposition", appendDisposition(r.Scratch(), &content, r.QueryWord("download")))
	if content.Policy == origin.PolicyPrivate {
		r.SetHeader("Referrer-Policy", "no-referrer") // the address carries a token
	}
	content.ContentType = sentType(content.File.Name, content.ContentType)
	return r.Content(&content)
}

// fileToken answers POST /api/files/token. A body means nothing.
func (d *Dialect) fileToken(r *server.Request, who origin.Caller) (any, error) {
	token, err := d.core.FileToken(r.Context(), who)
	if err != nil {
		return nil, err
	}
	return map[string]any{"token": token}, nil
}

// appendDisposition says whether a browser shows the file or saves it. The stored type decides, not the one that is sent: a script
// that calls itself .svg must not be shown.
func appendDisposition(b []byte, c *origin.Content, download string) []byte {
	kind := "attachment"
	if inlineTypes[c.File.ContentType] && !isTrue(download) {
		kind = "inline"
	}
	b = append(append(b, kind...), "; filename="...)
	if c.Variant != "" {
		b = append(append(b, c.Variant...), '_')
	}
	name := string(c.File.Name)
	if isASCII(name) {
		return append(b, name...)
	}
	// RFC 6266 section 4.3: an ASCII stand-in for old clients, then the real name in the form of RFC 8187.
	b = append(append(b, asciiOnly(name)...), "; filename*=UTF-8''"...)
	if c.Variant != "" {
		b = append(append(b, c.Variant...), '_')
	}
	return append(b, strings.ReplaceAll(url.QueryEscape(name), "+", "%20")...)
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

func sentType(name origin.FileName, stored string) string {
	if t, ok := extensionTypes[path.Ext(string(name))]; ok {
		return t
	}
	return stored
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func asciiOnly(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '_'
		}
		return c
	}, s)
}
