package fibery

import (
	"encoding/json"
	"math"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
)

// query is a question for one entity by a field that no other shares: what Fibery's file API needs of its query language.
type query struct {
	space, collection string
	field, value      string
	columns           []column
	limit             int
}

// column is one thing that is selected: a field of the entity, or a Files field with what is wanted of each file.
type column struct {
	name  string // as asked for, and answered
	field string
	files []string // nil: a plain field
	limit int      // of files
}

// maxColumns bounds what one query selects.
const maxColumns = 100

// rawQuery is a query or a part of one as it came.
type rawQuery struct {
	From   string            `json:"q/from"`
	Select []json.RawMessage `json:"q/select"`
	Where  []json.RawMessage `json:"q/where"`
	Limit  json.RawMessage   `json:"q/limit"`
}

// parseQuery reads the arguments of fibery.entity/query.
func parseQuery(args []byte) (*query, error) {
	var in struct {
		Query  rawQuery                   `json:"query"`
		Params map[string]json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(args, &in); err != nil {
		return nil, badRequest("The args cannot be read.")
	}
	q := &query{}
	var err error
	if q.space, q.collection, err = collectionOf(in.Query.From); err != nil {
		return nil, err
	}
	if q.limit, err = parseLimit(in.Query.Limit); err != nil {
		return nil, err
	}
	if err = q.parseWhere(in.Query.Where, in.Params); err != nil {
		return nil, err
	}
	return q, q.parseSelect(in.Query.Select)
}

// parseWhere reads ["=", ["fibery/id"], "$parameter"].
func (q *query) parseWhere(where []json.RawMessage, params map[string]json.RawMessage) error {
	refused := badRequest(`The q/where must be ["=", ["fibery/id"], "$parameter"], or name another unique text field.`)
	var operator, parameter string
	var path []string
	if len(where) != 3 || json.Unmarshal(where[0], &operator) != nil || json.Unmarshal(where[1], &path) != nil ||
		json.Unmarshal(where[2], &parameter) != nil || operator != "=" || len(path) != 1 || !strings.HasPrefix(parameter, "$") {
		return refused
	}
	if json.Unmarshal(params[parameter], &q.value) != nil || q.value == "" {
		return badRequest("The params have no text for the q/where.")
	}
	var err error
	q.field, err = fieldOf(q.space, path[0])
	return err
}

// parseSelect reads a list of "Space/Field" and {"Space/Field": {"q/select": …, "q/limit": …}}.
func (q *query) parseSelect(list []json.RawMessage) error {
	if len(list) == 0 {
		return badRequest("The q/select selects nothing.")
	}
	for _, raw := range list {
		var name string
		if json.Unmarshal(raw, &name) == nil {
			if err := q.add(column{name: name}); err != nil {
				return err
			}
			continue
		}
		var nested map[string]rawQuery
		if err := json.Unmarshal(raw, &nested); err != nil {
			return badRequest("The q/select must list fields and Files fields.")
		}
		for name, part := range nested {
			if err := q.addFiles(name, part); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *query) add(c column) (err error) {
	if len(q.columns) == maxColumns {
		return badRequest("The q/select selects too much.")
	}
	c.field, err = fieldOf(q.space, c.name)
	q.columns = append(q.columns, c)
	return err
}

// addFiles adds a Files field, of whose files fields of the fibery/file database are selected.
func (q *query) addFiles(name string, part rawQuery) (err error) {
	c := column{name: name, files: []string{}}
	if c.limit, err = parseLimit(part.Limit); err != nil {
		return err
	}
	if len(part.Select) == 0 || len(part.Select) > maxColumns {
		return badRequest("The q/select of a Files field must select some fields.")
	}
	for _, raw := range part.Select {
		var of string
		if json.Unmarshal(raw, &of) != nil || fileFields[of] == nil {
			return badRequest("A file has the fields fibery/id, fibery/secret, fibery/name, fibery/content-type, fibery/content-length and fibery/rank.")
		}
		c.files = append(c.files, of)
	}
	return q.add(c)
}

// parseLimit reads a number, or "q/no-limit"; nothing is no limit.
func parseLimit(raw json.RawMessage) (int, error) {
	if len(raw) == 0 || string(raw) == `"q/no-limit"` {
		return math.MaxInt, nil
	}
	var n int
	if json.Unmarshal(raw, &n) != nil || n < 0 {
		return 0, badRequest(`A q/limit must be a number or "q/no-limit".`)
	}
	return n, nil
}

// fileFields are the fields of the fibery/file database.
var fileFields = map[string]func(file) any{
	"fibery/id":             func(f file) any { return f.ID },
	"fibery/secret":         func(f file) any { return f.Secret },
	"fibery/name":           func(f file) any { return f.Name },
	"fibery/content-type":   func(f file) any { return f.ContentType },
	"fibery/content-length": func(f file) any { return f.ContentLength },
	"fibery/rank":           func(f file) any { return f.Rank },
}

// shown are the types of fields that a query may select beside Files fields.
var shown = map[origin.FieldType]bool{
	origin.TextField: true, origin.NumberField: true, origin.BoolField: true, origin.EmailField: true, origin.URLField: true,
	origin.DateField: true, origin.AutodateField: true, origin.SelectField: true, origin.JSONField: true, origin.EditorField: true,
}

// show is an entity as it was asked for.
func (q *query) show(item *origin.Item) (map[string]any, error) {
	entity := make(map[string]any, len(q.columns))
	for _, c := range q.columns {
		f := item.Collection.Field(c.field)
		switch {
		case f == nil || f.Hidden:
		case c.files == nil && shown[f.Type]:
			entity[c.name] = item.Record.Values[c.field]
			continue
		case c.files != nil && f.Type == origin.RelationField && f.CollectionID == origin.MediaID:
			entity[c.name] = c.show(item.Media[c.field], f.MaxSelect > 1)
			continue
		}
		return nil, &problem{404, "entity.error/not-found", "There is no such field as " + c.name + "."}
	}
	return entity, nil
}

// show lists files, or is the one file of a field that takes no more, null where there is none.
func (c *column) show(media []*origin.Media, many bool) any {
	files := make([]map[string]any, 0, len(media))
	for _, m := range media[:min(c.limit, len(media))] {
		f := make(map[string]any, len(c.files))
		for _, name := range c.files {
			f[name] = fileFields[name](fileOf(m))
		}
		files = append(files, f)
	}
	switch {
	case many:
		return files
	case len(files) == 0:
		return nil
	}
	return files[0]
}
