package pocketbase

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

const payloadKey = "@jsonPayload"

// limits bound a body, in bytes.
type limits struct {
	body   int64 // the whole of it
	values int64 // what of it is held in memory: all but the files
}

var (
	errMalformed = &refusal{400, badRequest}
	errBadType   = &refusal{400, badType}
)

// readValues reads a body without files: JSON or a form. No body at all is no values.
func readValues(r *server.Request, limit int64) (map[string]any, error) {
	in, err := readInput(r, limits{limit, limit}, nil)
	return in.Values, err
}

// stager takes a file of a multipart form as it arrives.
type stager func(name string, body io.Reader) (*origin.Upload, error)

// form collects the values and files of one body.
type form struct {
	values  map[string]any
	payload []map[string]any
	files   map[string][]*origin.Upload
}

// readRecord reads a record's values and files from those who may write records at all. On an error nothing staged is left.
func (d *Dialect) readRecord(r *server.Request, who origin.Caller, kind origin.WriteKind) (origin.RecordInput, error) {
	allowed, err := d.core.Allowance(who, r.Param(0), kind)
	if err != nil {
		return origin.RecordInput{}, err
	}
	limit := limits{values: d.config.MaxBody + allowed.Values}
	limit.body = limit.values + allowed.Files
	in, err := readInput(r, limit, func(name string, body io.Reader) (*origin.Upload, error) {
		return d.core.Stage(r.LongContext(), name, body, limit.body)
	})
	in.Expand = expand(r)
	return in, err
}

// readInput reads a body of any of the types that PocketBase takes.
func readInput(r *server.Request, limit limits, stage stager) (origin.RecordInput, error) {
	f := newForm()
	var err error
	switch r.ContentType() {
	case "application/json":
		err = f.readJSON(r.Body(limit.values))
	case "application/x-www-form-urlencoded", "multipart/form-data":
		err = r.ReadForm(f.reader(limit, stage))
	default:
		err = f.readNothing(r.Body(limit.values))
	}
	return f.input(err)
}

func newForm() *form {
	return &form{values: make(map[string]any), files: make(map[string][]*origin.Upload)}
}

// input is what was read, once reading ended with err. On an error nothing staged is left.
func (f *form) input(err error) (origin.RecordInput, error) {
	if err != nil {
		origin.RecordInput{Files: f.files}.Discard()
		return origin.RecordInput{}, inputError(err)
	}
	for _, payload := range f.payload { // merged last, as PocketBase does
		for k, v := range payload {
			f.values[k] = v
		}
	}
	return origin.RecordInput{Values: f.values, Files: f.files}, nil
}

// readNothing is for bodies of other types, which must be empty.
func (f *form) readNothing(body io.Reader) error {
	switch _, err := io.ReadFull(body, make([]byte, 1)); {
	case err == nil:
		return errBadType
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

func (f *form) readJSON(body io.Reader) error {
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &f.values); err != nil {
		return errMalformed
	}
	if f.values == nil { // the body was null
		f.values = make(map[string]any)
	}
	return nil
}

// reader takes the values of a form, and stages its files.
func (f *form) reader(limit limits, stage stager) server.FormReader {
	reader := server.FormReader{Value: f.add, Limit: limit.body, Values: limit.values}
	if stage != nil {
		reader.File = func(part server.FilePart) error {
			upload, err := stage(part.Name, part.Body)
			if err == nil {
				f.files[part.Field] = append(f.files[part.Field], upload)
			}
			return err
		}
	}
	return reader
}

// add takes one form value. A name that comes again makes a list.
func (f *form) add(name, value string) error {
	if name == payloadKey {
		var payload map[string]any
		if err := json.Unmarshal([]byte(value), &payload); err != nil {
			return errMalformed
		}
		f.payload = append(f.payload, payload)
		return nil
	}
	inferred := infer(value)
	switch old := f.values[name].(type) {
	case nil:
		f.values[name] = inferred
	case []any:
		f.values[name] = append(old, inferred)
	default:
		f.values[name] = []any{old, inferred}
	}
	return nil
}

// infer gives a form's text the type that JSON would have given it: true and false, and numbers in the one way that
// they would be printed. Everything else, "007" and "1e3" among it, stays text.
func infer(s string) any {
	switch s {
	case "true":
		return true
	case "false":
		return false
	}
	if len(s) == 0 || len(s) > 24 || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return s
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) || strconv.FormatFloat(n, 'f', -1, 64) != s {
		return s
	}
	return n
}

// inputError keeps the errors that have an answer of their own, and takes every other one for a body that is cut or broken.
func inputError(err error) error {
	var core *origin.Error
	var own *refusal
	switch {
	case errors.Is(err, server.ErrBodyTooLarge):
		return server.ErrBodyTooLarge
	case errors.As(err, &own):
		return own
	case errors.As(err, &core) && core.Kind != origin.Internal:
		return err
	}
	return errMalformed
}

// text is the string of an input value, as far as it has one.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
