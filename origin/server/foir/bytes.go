package foir

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// Paths as they are signed: without the prefix, and not escaped.
func uploadPath(id string) string          { return "/upload/" + id }
func mediaPath(record, name string) string { return "/media/" + record + "/" + name }

// escapedPath is a path as it stands in a URL.
func escapedPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return strings.Join(segments, "/")
}

// upload answers a PUT to an upload URL. Whoever has the URL may, once.
func (d *Dialect) upload(r *server.Request) error {
	r.NoStore()
	id := r.Param(0)
	grant, err := d.core.VerifyURL(uploadPath(id), r.QueryValue(auth.ParamExpires), r.QueryValue(auth.ParamSignature))
	if err != nil || !grant.Signed() {
		return refused(badSignature, "The upload URL is not valid, or no longer.")
	}
	length, err := strconv.ParseInt(r.Header("Content-Length"), 10, 64)
	if err != nil {
		length = -1 // in chunks
	}
	err = d.core.FillSlot(r.LongContext(), id, r.Header("Content-Type"), length, r.Body(d.core.MediaLimit()+1))
	switch origin.KindOf(err) {
	case origin.Conflict:
		return refused(uploadUsed, "The upload URL has been used.")
	case origin.NotFound:
		return refused(badSignature, "The upload URL is not valid, or no longer.")
	}
	if err != nil {
		return err
	}
	r.Status(200)
	return nil
}

// file answers GET and HEAD of what File.url names. The stored name is in the address, so that a replaced file has
// another one: what is public may be kept for long.
func (d *Dialect) file(r *server.Request) error {
	record, name := r.Param(0), r.Param(1)
	content, err := d.open(r, record, name)
	if err != nil {
		return err
	}
	return r.File(&content, fileName(content.Media.OriginalName))
}

func (d *Dialect) open(r *server.Request, record, name string) (origin.Content, error) {
	grant, err := d.core.VerifyURL(mediaPath(record, name), r.QueryValue(auth.ParamExpires), r.QueryValue(auth.ParamSignature))
	if err != nil {
		return origin.Content{}, err
	}
	who, err := d.caller(r.Context(), r)
	guest := origin.KindOf(err) == origin.Unauthenticated
	switch {
	case err != nil && !guest:
		return origin.Content{}, err
	case guest && !grant.Signed():
		return d.core.Open(r.Context(), &origin.ReadRequest{
			Collection: string(origin.MediaID), Record: record, Name: name, Thumb: r.QueryWord("thumb"),
			FileToken: r.QueryValue("token"), IfNoneMatch: r.HeaderList("If-None-Match"), Facts: r,
		})
	}
	c, err := d.core.OpenMedia(r.Context(), &origin.MediaRead{
		Ref: origin.ByID(origin.RecordID(record)), Thumb: r.QueryWord("thumb"),
		IfNoneMatch: r.HeaderList("If-None-Match"), Who: who, Grant: grant,
	})
	if err == nil && string(c.File.Name) != name {
		err = &origin.Error{Op: "media.open", Kind: origin.NotFound, Private: true} // replaced since
	}
	return c, err
}

// fileName is a name with what may do harm in a shell, a header or a path replaced by "-": letters, digits and "._-" stay, and
// nothing begins with a dot.
func fileName(original string) string {
	name := strings.Map(func(c rune) rune {
		if c == '.' || c == '_' || unicode.IsLetter(c) && c != unicode.ReplacementChar || unicode.IsNumber(c) || unicode.IsMark(c) {
			return c
		}
		return '-'
	}, original)
	if name == "" {
		return "-"
	}
	if name[0] == '.' {
		return "-" + name[1:]
	}
	return name
}
