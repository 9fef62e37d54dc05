package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
)

// What all dialects read bodies with. Every body has a bound, and what breaks it is ErrBodyTooLarge.

var (
	// ErrMalformed says that a body is not what its type says, or ends too soon.
	ErrMalformed = errors.New("malformed body")
	// ErrMediaType says that a body is of a type that the route does not take.
	ErrMediaType = errors.New("unsupported media type of the body")
)

// ReadJSON reads a body of at most limit bytes that is one JSON value, whatever type it is declared to be. An empty body is
// ErrMalformed. As in encoding/json, unknown members are passed over.
func (r *Request) ReadJSON(limit int64, v any) error {
	data, err := io.ReadAll(r.Body(limit))
	switch {
	case errors.Is(err, ErrBodyTooLarge):
		return ErrBodyTooLarge
	case err != nil:
		return errors.Join(ErrMalformed, err)
	}
	if err := json.Unmarshal(bytes.TrimSpace(data), v); err != nil {
		return errors.Join(ErrMalformed, err)
	}
	return nil
}

// FilePart is a file of a multipart body, as it arrives. Its Body is valid until the handler of the part returns.
type FilePart struct {
	Field       string
	Name        string // as the client called it, without folders
	ContentType string // as declared; never believed
	Body        io.Reader
}

// FormReader takes the fields of a form. An error of either function ends the reading and comes back as it is.
type FormReader struct {
	Value func(name, value string) error
	// File takes a part with a file name (RFC 7578 section 4.2); nil passes files over.
	File func(part FilePart) error
	// Limit bounds the whole body, Values what of it is held in memory, both in bytes.
	Limit, Values int64
}

// maxParts bounds the values and files of a multipart form.
const maxParts = 1000

// ReadForm reads a body of type multipart/form-data or application/x-www-form-urlencoded; another type is ErrMediaType.
func (r *Request) ReadForm(f FormReader) error {
	switch r.ContentType() {
	case "application/x-www-form-urlencoded":
		return f.URLEncoded(r.Body(min(f.Limit, f.Values)))
	case "multipart/form-data":
		parts, err := r.Multipart(f.Limit)
		if err != nil {
			return errors.Join(ErrMalformed, err)
		}
		return f.Multipart(parts)
	}
	return ErrMediaType
}

// URLEncoded reads a body of that type, as ReadForm does.
func (f *FormReader) URLEncoded(body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return broken(err)
	}
	parsed, err := url.ParseQuery(string(data))
	if err != nil {
		return errors.Join(ErrMalformed, err)
	}
	for name, values := range parsed {
		for _, v := range values {
			if err := f.Value(name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// Multipart reads the parts of a multipart body, as ReadForm does.
func (f *FormReader) Multipart(parts *multipart.Reader) error {
	left := f.Values
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if err == io.EOF { // bare; a body that ends too soon is an error that wraps it
			return nil
		}
		if err != nil {
			return broken(err)
		}
		if n == maxParts {
			return ErrMalformed
		}
		if err := f.part(part, &left); err != nil {
			return err
		}
	}
}

func (f *FormReader) part(part *multipart.Part, left *int64) error {
	field, name := part.FormName(), part.FileName()
	switch {
	case field == "", name != "" && f.File == nil:
		return nil // means nothing, and is passed over
	case name != "":
		return f.File(FilePart{field, name, part.Header.Get("Content-Type"), part})
	}
	value, err := io.ReadAll(io.LimitReader(part, *left+1))
	if err != nil {
		return broken(err)
	}
	if *left -= int64(len(value)); *left < 0 {
		return ErrBodyTooLarge
	}
	return f.Value(field, string(value))
}

// broken tells a body that is too large from one that did not arrive as it should.
func broken(err error) error {
	if errors.Is(err, ErrBodyTooLarge) {
		return ErrBodyTooLarge
	}
	return errors.Join(ErrMalformed, err)
}
