package catalog

import (
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
)

// Describe is what is kept of a collection, after checking that a table can hold its records.
func Describe(c *origin.Collection) (spec string, err error) {
	if err := checkFields(c); err != nil {
		return "", err
	}
	data, err := MarshalCollection(c)
	return string(data), err
}

// checkFields refuses fields that one table can't hold.
func checkFields(c *origin.Collection) error {
	names := make(map[string]bool, len(c.Fields))
	ids := make(map[origin.FieldID]bool, len(c.Fields))
	for _, f := range c.Fields {
		name := strings.ToLower(f.Name)
		if name == "" || strings.ContainsAny(name, "@\x00") || names[name] || ids[f.ID] {
			return fmt.Errorf("collection %s: field %q clashes with another one or has no usable name", c.Name, f.Name)
		}
		names[name], ids[f.ID] = true, true
	}
	if id := c.Field(origin.ColID); id == nil || !IsText(id) {
		return fmt.Errorf("collection %s has no text field %q", c.Name, origin.ColID)
	}
	return nil
}

// Alteration is what turns the table of a collection into that of another form of it, in this order.
type Alteration struct {
	Drop    []string    // columns
	Rename  [][2]string // columns, from and to; by way of a third name, so that fields may trade theirs
	Add     []*origin.Field
	Convert []*origin.Field // from values to lists or from lists to values, as the field has them from now on
}

// Statements are what alters a table, whose name is quoted. A dialect says how it quotes a name, what defines a column, and
// what converts one.
func (a *Alteration) Statements(table string, quote func(name string) string, define, convert func(*origin.Field) string) (list []string) {
	for _, name := range a.Drop {
		list = append(list, "ALTER TABLE "+table+" DROP COLUMN "+quote(name))
	}
	for _, names := range a.Rename {
		list = append(list, "ALTER TABLE "+table+" RENAME COLUMN "+quote(names[0])+" TO "+quote(names[1]))
	}
	for _, f := range a.Add {
		list = append(list, "ALTER TABLE "+table+" ADD COLUMN "+define(f))
	}
	for _, f := range a.Convert {
		list = append(list, convert(f))
	}
	return list
}

// Alter is what turns old's table into c's. Fields are the same where id and type are.
func Alter(old, c *origin.Collection) (a Alteration, err error) {
	kept := make(map[origin.FieldID]bool)
	var renames [][2]string
	for i := range old.Fields {
		from := &old.Fields[i]
		to := c.FieldByID(from.ID)
		switch {
		case from.Name == origin.ColID || to != nil && to.Name == origin.ColID:
			if to == nil || to.Name != from.Name {
				return Alteration{}, fmt.Errorf("collection %s: the field id can't be changed", old.Name)
			}
			kept[from.ID] = true
		case to == nil || to.Type != from.Type:
			a.Drop = append(a.Drop, from.Name)
		default:
			kept[from.ID] = true
			if to.Name != from.Name {
				between := fmt.Sprintf("@%d", i)
				a.Rename = append(a.Rename, [2]string{from.Name, between})
				renames = append(renames, [2]string{between, to.Name})
			}
		}
	}
	a.Rename = append(a.Rename, renames...)
	for i := range c.Fields {
		f := &c.Fields[i]
		if !kept[f.ID] {
			a.Add = append(a.Add, f)
		} else if from := old.FieldByID(f.ID); from.Multiple() != f.Multiple() {
			a.Convert = append(a.Convert, f)
		}
	}
	return a, nil
}

// Indexes are the indexes that a collection's table has: those that it declares, and those for look-ups by one value. One that
// is not unique ends with the id: lists are ordered by it where all else is equal, and read the index in its order. All
// columns are fields of the collection.
func Indexes(c *origin.Collection) ([]origin.Index, error) {
	list := c.Indexes[:len(c.Indexes):len(c.Indexes)]
	for i := range c.Fields {
		switch f := &c.Fields[i]; {
		case f.Type == origin.EmailField: // RecordBy
			list = append(list, origin.Index{Columns: []origin.IndexColumn{{Name: f.Name, NoCase: true}}})
		case f.Type == origin.RelationField && !f.Multiple(): // Referencing
			list = append(list, origin.Index{Columns: []origin.IndexColumn{{Name: f.Name}}})
		}
	}
	whole := make([]origin.Index, len(list))
	for i, x := range list {
		if err := checkIndex(c, x); err != nil {
			return nil, err
		}
		if whole[i] = x; !x.Unique {
			last := x.Columns[len(x.Columns)-1]
			whole[i].Columns = append(x.Columns[:len(x.Columns):len(x.Columns)], origin.IndexColumn{Name: origin.ColID, Desc: last.Desc})
		}
	}
	return whole, nil
}

func checkIndex(c *origin.Collection, x origin.Index) error {
	if len(x.Columns) == 0 {
		return fmt.Errorf("collection %s: index %s has no columns", c.Name, x.Name)
	}
	for _, column := range x.Columns {
		if c.Field(column.Name) == nil {
			return fmt.Errorf("collection %s: index %s: no field %q", c.Name, x.Name, column.Name)
		}
	}
	if x.Partial != "" && c.Field(x.Partial) == nil {
		return fmt.Errorf("collection %s: index %s: no field %q", c.Name, x.Name, x.Partial)
	}
	return nil
}
