package catalog

import (
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// Where is the WHERE clause of a query of c, with its parameters.
func Where(d rule.Dialect, columns rule.Columns, c *origin.Collection, q origin.Query) (where string, args []any, err error) {
	var terms []string
	for _, expr := range q.Where {
		term, err := expr.SQL(d, columns, q.Request, &args)
		if err != nil {
			return "", nil, fmt.Errorf("collection %s: %w", c.Name, err)
		}
		terms = append(terms, "("+term+")")
	}
	if len(terms) == 0 {
		return "", nil, nil
	}
	return " WHERE " + strings.Join(terms, " AND "), args, nil
}

// OrderBy is the ORDER BY clause of a query of c. The id that decides between equals runs in the direction of the last key,
// so that an index that ends with it can be read either way. id is its column.
func OrderBy(d rule.Dialect, columns rule.Columns, c *origin.Collection, keys []rule.Sort, id string) (string, error) {
	order, err := rule.OrderBy(d, keys, columns)
	switch {
	case err != nil:
		return "", fmt.Errorf("collection %s: %w", c.Name, err)
	case order == "":
		return " ORDER BY " + id, nil
	case keys[len(keys)-1].Desc:
		return " ORDER BY " + order + ", " + id + " DESC", nil
	}
	return " ORDER BY " + order + ", " + id, nil
}

// Relation is c's own field of that id, which must be a relation.
func Relation(c *origin.Collection, field *origin.Field) (*origin.Field, error) {
	f := c.FieldByID(field.ID)
	if f == nil || f.Type != origin.RelationField {
		return nil, fmt.Errorf("collection %s: %q is no relation field", c.Name, field.Name)
	}
	return f, nil
}
