package flextype

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// maxBody bounds what of a body is held in memory, in bytes: all but the file.
const maxBody = 256 << 10

// input is the parameters of a call: those of the body, and those of the query that the body does not have.
type input struct {
	values map[string]any
	upload *origin.Upload // nil: there is no file
	early  chan struct{}  // has a place that is ours; nil: it has none
}

// end discards the file, unless a write took it.
func (in *input) end() {
	if in.upload != nil {
		in.upload.Discard()
	}
	if in.early != nil {
		<-in.early
		in.early = nil
	}
}

func (in *input) has(name string) bool {
	v, there := in.values[name]
	return there && v != nil
}

// aboutMeta tells whether a field is named, be it by null: such a call never touches the file.
func (in *input) aboutMeta() bool {
	_, named := in.values["field"]
	return named
}

// text is the first of the parameters that is there and is a text.
func (in *input) text(names ...string) string {
	for _, name := range names {
		if s, ok := in.values[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// required is text, and refuses the call without one.
func (in *input) required(names ...string) (string, error) {
	if s := in.text(names...); s != "" {
		return s, nil
	}
	return "", invalid("The parameter " + names[0] + " is required.")
}

// path is the file that a call is about: the text has both names for it.
func (in *input) path() (origin.MediaRef, error) {
	path, err := in.required("path", "id")
	return origin.ByPath(path), err
}

// read reads the parameters, and the file where there is one. On an error nothing staged is left.
func (d *Dialect) read(r *server.Request) (*input, error) {
	in := newInput(r.Query())
	var err error
	if r.ContentType() == "multipart/form-data" {
		err = r.ReadForm(server.FormReader{
			Value: in.add, Limit: d.core.MediaLimit() + maxBody, Values: maxBody,
			File: func(part server.FilePart) error { return d.stage(r, in, part) },
		})
	} else {
		err = in.readBody(r.ContentType(), r.Body(maxBody))
	}
	if err != nil {
		in.end()
		return nil, err
	}
	return in, nil
}

func newInput(query map[string]string) *input {
	in := &input{values: make(map[string]any, len(query))}
	for name, value := range query {
		in.values[name] = value
	}
	return in
}

// add takes a value of a form.
func (in *input) add(name, value string) error {
	in.values[name] = value
	return nil
}

// readBody reads a body without a file: JSON, whatever type it is declared to be, as curl declares what it is given as a
// form; a form; or nothing.
func (in *input) readBody(contentType string, body io.Reader) error {
	data, err := io.ReadAll(body)
	switch {
	case errors.Is(err, server.ErrBodyTooLarge):
		return server.ErrBodyTooLarge
	case err != nil:
		return errors.Join(server.ErrMalformed, err)
	}
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return nil
	case data[0] == '{' || contentType == "application/json":
		var values map[string]any
		if err := json.Unmarshal(data, &values); err != nil {
			return errors.Join(server.ErrMalformed, err)
		}
		maps.Copy(in.values, values)
		return nil
	case contentType == "application/x-www-form-urlencoded":
		form := server.FormReader{Value: in.add, Limit: maxBody, Values: maxBody}
		return form.URLEncoded(bytes.NewReader(data))
	}
	return server.ErrMediaType
}

// What is received of strangers, whose tokens may yet follow their file: some forms are written in that order.
const (
	maxEarly    = 16 << 20 // bytes of one file
	earlyAtOnce = 8        // files
)

var errEarly = &refusal{401, "Unauthorized", "The tokens must come before the file"}

// stage takes the file of a form from those who may write. Where the tokens have not come yet, a small one is taken on trust,
// and discarded where they do not come.
func (d *Dialect) stage(r *server.Request, in *input, part server.FilePart) (err error) {
	switch {
	case part.Field != "file" || in.aboutMeta():
		return nil // means nothing here, and is passed over
	case in.upload != nil:
		return invalid("There may be one file only.")
	}
	limit := d.core.MediaLimit()
	if in.text("token") != "" && in.text("access_token") != "" {
		if _, err := d.writer(r, in); err != nil {
			return err
		}
	} else if limit = min(limit, maxEarly); !in.trust(d.early) {
		return errEarly
	}
	in.upload, err = d.core.Stage(r.LongContext(), part.Name, part.Body, limit)
	if in.early != nil && origin.KindOf(err) == origin.TooLarge {
		return errEarly
	}
	return err
}

// trust takes one of the places for files of strangers, until end.
func (in *input) trust(places chan struct{}) bool {
	if in.early != nil {
		return true
	}
	select {
	case places <- struct{}{}:
		in.early = places
		return true
	default:
		return false
	}
}

// reader is who asks by a token that lets read.
func (d *Dialect) reader(r *server.Request, token string) (origin.Caller, error) {
	p, err := d.core.VerifyKey(r.Context(), token)
	if err != nil {
		return origin.Caller{}, err
	}
	who := origin.Caller{Principal: p}
	return who, who.Require(auth.FilesRead)
}

// writer is who asks by a files token, which lets read, and an access token, which lets write. They may be one key.
func (d *Dialect) writer(r *server.Request, in *input) (origin.Caller, error) {
	if _, err := d.reader(r, in.text("token")); err != nil {
		return origin.Caller{}, err
	}
	p, err := d.core.VerifyKey(r.Context(), in.text("access_token"))
	if err != nil {
		return origin.Caller{}, err
	}
	who := origin.Caller{Principal: p}
	if err := who.Require(auth.FilesWrite); err != nil {
		return origin.Caller{}, err
	}
	who.Principal.Scopes |= auth.FilesRead // the other key's
	return who, nil
}
