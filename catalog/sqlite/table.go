package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// The records of a collection are rows of a table of their own, named by the collection's id, so that a rename touches
// no table. Its columns are named by the fields, beside rowColumn, whose "@" no field's name has. Sort order and
// comparisons are by bytes, as PocketBase's are.

// rowColumn numbers the rows in the order of their making.
const rowColumn = "`@rowid`"

// quote makes an identifier of any text. Backquotes, because SQLite takes a name in double quotes that is no
// column for a string: a filter over a column that is gone would be a comparison of constants, and not an error.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// tableOf is the name of a collection's table, quoted. SQLite does not tell the cases of letters apart in names,
// ids do: an id of other characters than lower-case ones is written in hex.
func tableOf(id origin.CollectionID) string { return quote(recordsPrefix + fold(string(id))) }

const recordsPrefix = "records_"

func fold(id string) string {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return "x:" + hex.EncodeToString([]byte(id))
		}
	}
	return id
}

// checkFields refuses fields that one table can't hold.
func checkFields(c *origin.Collection) error {
	names := make(map[string]bool, len(c.Fields))
	ids := make(map[origin.FieldID]bool, len(c.Fields))
	for _, f := range c.Fields {
		name := strings.ToLower(f.Name)
		if name == "" || strings.ContainsAny(name, "@\x00") || names[name] || ids[f.ID] {
			return fmt.Errorf("sqlite: collection %s: field %q clashes with another one or has no usable name", c.Name, f.Name)
		}
		names[name], ids[f.ID] = true, true
	}
	if id := c.Field(origin.ColID); id == nil || !catalog.IsText(id) {
		return fmt.Errorf("sqlite: collection %s has no text field %q", c.Name, origin.ColID)
	}
	return nil
}

// columnDef is the definition of a field's column.
func columnDef(f *origin.Field) string {
	kind := "TEXT NOT NULL DEFAULT ''"
	switch f.Kind() {
	case rule.Number:
		kind = "REAL NOT NULL DEFAULT 0"
	case rule.Bool:
		kind = "INTEGER NOT NULL DEFAULT 0"
	case rule.List:
		kind = "TEXT NOT NULL DEFAULT '[]'"
	case rule.JSON:
		kind = "TEXT DEFAULT NULL"
	}
	return quote(f.Name) + " " + kind
}

// createTable is the statement that makes a collection's table.
func createTable(c *origin.Collection) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE " + tableOf(c.ID) + " (" + rowColumn + " INTEGER PRIMARY KEY, `id` TEXT NOT NULL UNIQUE")
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Name != origin.ColID {
			b.WriteString(", " + columnDef(f))
		}
	}
	b.WriteString(")")
	return b.String()
}

// indexes returns the statements that make a collection's indexes, by the indexes' names: those that the collection
// declares, and those that the catalog's own look-ups need. The name of an index is a digest of what it indexes, by the
// fields' ids: an index of the same name is the same index, whatever its fields are called by now.
func indexes(c *origin.Collection) (map[string]string, error) {
	declared := c.Indexes
	for i := range c.Fields {
		switch f := &c.Fields[i]; {
		case f.Type == origin.EmailField: // RecordBy
			declared = append(declared[:len(declared):len(declared)],
				origin.Index{Columns: []origin.IndexColumn{{Name: f.Name, NoCase: true}}})
		case f.Type == origin.RelationField && !f.Multiple(): // Referencing
			declared = append(declared[:len(declared):len(declared)],
				origin.Index{Columns: []origin.IndexColumn{{Name: f.Name}}})
		}
	}
	statements := make(map[string]string, len(declared))
	for _, x := range declared {
		name, sql, err := createIndex(c, x)
		if err != nil {
			return nil, err
		}
		statements[name] = sql
	}
	return statements, nil
}

// createIndex returns an index's name and statement. Unless it is unique, it ends with the id: lists are ordered by it
// where all else is equal, and read the index in its order.
func createIndex(c *origin.Collection, x origin.Index) (name, sql string, err error) {
	columns := x.Columns
	if len(columns) == 0 {
		return "", "", fmt.Errorf("sqlite: collection %s: index %s has no columns", c.Name, x.Name)
	}
	if !x.Unique {
		last := columns[len(columns)-1]
		columns = append(columns[:len(columns):len(columns)], origin.IndexColumn{Name: origin.ColID, Desc: last.Desc})
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%t", x.Unique)
	terms := make([]string, len(columns))
	for i, column := range columns {
		f := c.Field(column.Name)
		if f == nil {
			return "", "", fmt.Errorf("sqlite: collection %s: index %s: no field %q", c.Name, x.Name, column.Name)
		}
		fmt.Fprintf(digest, " %q %t %t", f.ID, column.Desc, column.NoCase)
		terms[i] = quote(column.Name)
		if column.NoCase {
			terms[i] += " COLLATE NOCASE"
		}
		if column.Desc {
			terms[i] += " DESC"
		}
	}
	where := ""
	if x.Partial != "" {
		f := c.Field(x.Partial)
		if f == nil {
			return "", "", fmt.Errorf("sqlite: collection %s: index %s: no field %q", c.Name, x.Name, x.Partial)
		}
		fmt.Fprintf(digest, " where %q", f.ID)
		where = " WHERE " + quote(x.Partial) + " <> ''"
	}
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	name = "index_" + fold(string(c.ID)) + "_" + hex.EncodeToString(digest.Sum(nil)[:8])
	return name, "CREATE " + unique + "INDEX " + quote(name) + " ON " + tableOf(c.ID) +
		" (" + strings.Join(terms, ", ") + ")" + where, nil
}
