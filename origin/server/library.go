package server

import (
	"errors"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// Library is what the dialects of the media library have in common that know a caller by a key in the Authorization header.
type Library struct {
	Core *origin.Origin
	// Scheme is what a key follows in the header (RFC 9110 section 11.4): "Bearer", "Token".
	Scheme string
}

// MaxJSON bounds a body of JSON, and the values of a form that come with a file, in bytes.
const MaxJSON = 1 << 20

var (
	// ErrNoFile says that a form has no file of the name that the route takes.
	ErrNoFile = errors.New("the form has no file")
	// ErrManyFiles says that a form has several files where one is taken.
	ErrManyFiles = errors.New("the form has several files")
	// ErrLink says that a signed URL was tampered with or is too old. Which it is, is not to be said.
	ErrLink = errors.New("the signed URL is not valid, or no longer")
)

// Limit is the most bytes that a body may have now.
func (l Library) Limit() int64 { return l.Core.MediaLimit() + MaxJSON }

func (l Library) key(r *Request) string { return auth.ParseScheme(r.Header("Authorization"), l.Scheme) }

// Caller is who holds the request's key. Without a key, and with one that is not valid, the error is Unauthenticated.
func (l Library) Caller(r *Request) (origin.Caller, error) {
	p, err := l.Core.VerifyKey(r.Context(), l.key(r))
	return origin.Caller{Principal: p, Facts: r}, err
}

// Permitted is the caller, who must have a scope.
func (l Library) Permitted(r *Request, s auth.Scope) (origin.Caller, error) {
	who, err := l.Caller(r)
	if err == nil {
		err = who.Require(s)
	}
	return who, err
}

// Receive stages the file in the part "file" of a form, and hands the form's values to value. The caller gives the upload to a
// write or discards it. Outcomes:
//  1. the upload;
//  2. ErrNoFile, ErrManyFiles;
//  3. value's own error, and those of ReadForm and of Origin.Stage.
func (l Library) Receive(r *Request, value func(name, text string) error) (u *origin.Upload, err error) {
	defer func() {
		if err != nil && u != nil {
			u.Discard()
			u = nil
		}
	}()
	err = r.ReadForm(FormReader{
		Limit: l.Limit(), Values: MaxJSON, Value: value,
		File: func(part FilePart) (err error) {
			switch {
			case part.Field != "file":
				return nil
			case u != nil:
				return ErrManyFiles
			}
			u, err = l.Core.Stage(r.LongContext(), part.Name, part.Body, l.Core.MediaLimit())
			return err
		},
	})
	if err == nil && u == nil {
		err = ErrNoFile
	}
	return u, err
}

// Open opens a file, or a thumb of it, for whoever may read it: everybody a public one, a private one the holder of a key, of
// a file token or of a signed URL. signed is the path that such a URL signs. Outcomes:
//  1. the content;
//  2. ErrLink;
//  3. those of Origin.OpenMedia, but that whoever may not read is told so, the same for a file that is there and one that is
//     not.
func (l Library) Open(r *Request, ref origin.MediaRef, signed string) (origin.Content, error) {
	var who origin.Caller
	if l.key(r) != "" {
		var err error
		if who, err = l.Caller(r); err != nil {
			return origin.Content{}, err
		}
	}
	grant, err := l.Core.VerifyURL(signed, r.QueryValue(auth.ParamExpires), r.QueryValue(auth.ParamSignature))
	if err != nil {
		return origin.Content{}, errors.Join(ErrLink, err)
	}
	content, err := l.Core.OpenMedia(r.Context(), &origin.MediaRead{
		Ref: ref, Thumb: r.QueryWord("thumb"), IfNoneMatch: r.HeaderList("If-None-Match"),
		Who: who, FileToken: r.QueryValue("token"), Grant: grant,
	})
	if err != nil && origin.KindOf(err) == origin.NotFound && !grant.Signed() {
		err = errors.Join(who.Require(auth.FilesRead), err)
	}
	return content, err
}

// NoStore sets what every answer of a dialect of the library has that is no file: no cache keeps it; pages of any origin may
// ask, since nothing that a browser adds by itself is a credential; and its address, which may carry one, is told to nobody.
func (r *Request) NoStore() {
	r.SetHeader("Access-Control-Allow-Origin", "*")
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("Referrer-Policy", "no-referrer")
	r.SetHeader("X-Content-Type-Options", "nosniff")
}
