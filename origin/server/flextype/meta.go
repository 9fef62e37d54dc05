package flextype

import (
	"fmt"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// computed are the fields of an answer that follow from the file: nobody sets them.
var computed = map[string]bool{
	"filename": true, "basename": true, "extension": true, "dirname": true, "url": true, "full_url": true,
	"type": true, "filesize": true, "uploaded_on": true, "exif": true,
}

// setMeta sets one field of what is said of a file, whether it was there or not: the text's example of adding one is a call
// that updates. A new path is passed over.
func (d *Dialect) setMeta(r *server.Request, who origin.Caller, in *input) (any, error) {
	if !in.has("value") {
		return nil, invalid("The parameter value is required.")
	}
	return d.edit(r, who, in, in.values["value"])
}

// deleteMeta removes one field; that it was not there is no error.
func (d *Dialect) deleteMeta(r *server.Request, who origin.Caller, in *input) (any, error) {
	return d.edit(r, who, in, nil)
}

func (d *Dialect) edit(r *server.Request, who origin.Caller, in *input, value any) (any, error) {
	ref, err := in.path()
	if err != nil {
		return nil, err
	}
	field, err := in.required("field")
	if err != nil {
		return nil, err
	}
	edit, err := editOf(field, value)
	if err != nil {
		return nil, err
	}
	m, err := d.core.UpdateMedia(r.Context(), who, ref, edit)
	return d.shown(r, m, err)
}

// editOf is the change that setting a field means, or removing it where value is nil.
func editOf(field string, value any) (origin.MediaEdit, error) {
	var edit origin.MediaEdit
	edit.Metadata = func(m map[string]any) { delete(m, field) } // what a field of the file's own hides, too
	own := map[string]**string{"title": &edit.Title, "description": &edit.Description, "alt": &edit.Alt}
	switch to := own[field]; {
	case computed[field]:
		return edit, invalid("The field " + field + " follows from the file.")
	case field == "visibility":
		v, err := visibilityOf(value)
		edit.Visibility = &v
		return edit, err
	case to != nil:
		text, err := textOf(value)
		*to = &text
		return edit, err
	case value != nil:
		edit.Metadata = func(m map[string]any) { m[field] = value }
	}
	return edit, nil
}

// textOf is the text of a field that has one; nil is none.
func textOf(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case float64, bool:
		return fmt.Sprint(v), nil
	}
	return "", invalid("The value must be a text.")
}

func visibilityOf(value any) (origin.Visibility, error) {
	text, _ := value.(string)
	if v := origin.Visibility(text); v == origin.Public || v == origin.Private {
		return v, nil
	}
	return "", invalid("The visibility must be public or private.")
}
