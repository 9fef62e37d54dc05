package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// indexes returns the statements that make a collection's indexes, by the indexes' names.
func indexes(c *origin.Collection) (map[string]string, error) {
	list, err := catalog.Indexes(c)
	statements := make(map[string]string, len(list))
	for _, x := range list {
		name, sql := createIndex(c, x)
		statements[name] = sql
	}
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Type == origin.RelationField && f.Multiple() { // Referencing
			name := indexName(c, fmt.Appendf(nil, "elements %q", f.ID))
			statements[name] = "CREATE INDEX " + quote(name) + " ON " + tableOf(c.ID) + " USING gin (" + quote(f.Name) + " jsonb_path_ops)"
		}
	}
	return statements, err
}

// uniqueColumns are the columns of what is unique in a collection's table, by the name that an error gives.
func uniqueColumns(c *origin.Collection) (map[string][]string, error) {
	all := map[string][]string{idConstraint(c.ID): {origin.ColID}}
	list, err := catalog.Indexes(c)
	for _, x := range list {
		if !x.Unique {
			continue
		}
		name, _ := createIndex(c, x)
		for _, column := range x.Columns {
			all[name] = append(all[name], column.Name)
		}
	}
	return all, err
}

func indexName(c *origin.Collection, what []byte) string {
	digest := sha256.Sum256(what)
	return identifier("index_" + string(c.ID) + "_" + hex.EncodeToString(digest[:8]))
}

// createIndex returns an index's name and statement. The name is a digest of what the index is of, by the fields' ids and types: an
// index of the same name is the same index, whatever its fields are called by now.
func createIndex(c *origin.Collection, x origin.Index) (name, sql string) {
	what := fmt.Appendf(nil, "%t", x.Unique)
	terms := make([]string, len(x.Columns))
	for i, column := range x.Columns {
		f := c.Field(column.Name)
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
	unique, where := "", ""
	if x.Unique {
		unique = "UNIQUE "
	}
	if x.Partial != "" {
		f := c.Field(x.Partial)
		what = fmt.Appendf(what, " where %q", f.ID)
		if catalog.IsText(f) { // what is no text is never the empty one
			where = " WHERE " + quote(x.Partial) + " <> ''"
		}
	}
	name = indexName(c, what)
	return name, "CREATE " + unique + "INDEX " + quote(name) + " ON " + tableOf(c.ID) + " (" + strings.Join(terms, ", ") + ")" + where
}
