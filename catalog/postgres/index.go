package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// indexes returns the statements that make a collection's indexes, by the indexes' names: those that the collection
// declares, and those that the catalog's own look-ups need. The name of an index is a digest of what it indexes, by the
// fields' ids and types: an index of the same name is the same index, whatever its fields are called by now.
func indexes(c *origin.Collection) (map[string]string, error) {
	statements := make(map[string]string, len(c.Indexes))
	for _, x := range needed(c) {
		name, sql, err := createIndex(c, x)
		if err != nil {
			return nil, err
		}
		statements[name] = sql
	}
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Type == origin.RelationField && f.Multiple() { // Referencing
			name := indexName(c, fmt.Appendf(nil, "elements %q", f.ID))
			statements[name] = "CREATE INDEX " + quote(name) + " ON " + tableOf(c.ID) + " USING gin (" + quote(f.Name) + " jsonb_path_ops)"
		}
	}
	return statements, nil
}

// needed are the declared indexes and those for look-ups by one value.
func needed(c *origin.Collection) []origin.Index {
	list := c.Indexes[:len(c.Indexes):len(c.Indexes)]
	for i := range c.Fields {
		switch f := &c.Fields[i]; {
		case f.Type == origin.EmailField: // RecordBy
			list = append(list, origin.Index{Columns: []origin.IndexColumn{{Name: f.Name, NoCase: true}}})
		case f.Type == origin.RelationField && !f.Multiple(): // Referencing
			list = append(list, origin.Index{Columns: []origin.IndexColumn{{Name: f.Name}}})
		}
	}
	return list
}

// uniqueColumns are the columns of what is unique in a collection's table, by the name that an error gives.
func uniqueColumns(c *origin.Collection) (map[string][]string, error) {
	all := map[string][]string{idConstraint(c.ID): {origin.ColID}}
	for _, x := range c.Indexes {
		if !x.Unique {
			continue
		}
		name, _, err := createIndex(c, x)
		if err != nil {
			return nil, err
		}
		for _, column := range x.Columns {
			all[name] = append(all[name], column.Name)
		}
	}
	return all, nil
}

func indexName(c *origin.Collection, what []byte) string {
	digest := sha256.Sum256(what)
	return identifier("index_" + string(c.ID) + "_" + hex.EncodeToString(digest[:8]))
}

// createIndex returns an index's name and statement. Unless it is unique, it ends with the id: lists are ordered by it
// where all else is equal, and read the index in its order.
func createIndex(c *origin.Collection, x origin.Index) (name, sql string, err error) {
	columns := x.Columns
	if len(columns) == 0 {
		return "", "", fmt.Errorf("postgres: collection %s: index %s has no columns", c.Name, x.Name)
	}
	if !x.Unique {
		last := columns[len(columns)-1]
		columns = append(columns[:len(columns):len(columns)], origin.IndexColumn{Name: origin.ColID, Desc: last.Desc})
	}
	what := fmt.Appendf(nil, "%t", x.Unique)
	terms := make([]string, len(columns))
	for i, column := range columns {
		f := c.Field(column.Name)
		if f == nil {
			return "", "", fmt.Errorf("postgres: collection %s: index %s: no field %q", c.Name, x.Name, column.Name)
		}
		noCase := column.NoCase && catalog.IsText(f)
		what = fmt.Appendf(what, " %q %s %t %t", f.ID, columnType(f), column.Desc, noCase)
		terms[i] = quote(column.Name)
		if noCase {
			terms[i] = lower(terms[i])
		}
		if column.Desc {
			terms[i] += " DESC"
		}
	}
	where := ""
	if x.Partial != "" {
		f := c.Field(x.Partial)
		if f == nil {
			return "", "", fmt.Errorf("postgres: collection %s: index %s: no field %q", c.Name, x.Name, x.Partial)
		}
		what = fmt.Appendf(what, " where %q", f.ID)
		if catalog.IsText(f) { // what is no text is never the empty one
			where = " WHERE " + quote(x.Partial) + " <> ''"
		}
	}
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	name = indexName(c, what)
	return name, "CREATE " + unique + "INDEX " + quote(name) + " ON " + tableOf(c.ID) +
		" (" + strings.Join(terms, ", ") + ")" + where, nil
}
