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

// indexes returns the statements that make a collection's indexes, by the indexes' names.
func indexes(c *origin.Collection) (map[string]string, error) {
	list, err := catalog.Indexes(c)
	statements := make(map[string]string, len(list))
	for _, x := range list {
		name, sql := createIndex(c, x)
		statements[name] = sql
	}
	return statements, err
}

// createIndex returns an index's name and statement. The name is a digest of what the index is of, by the fields' ids: an index
// of the same name is the same index, whatever its fields are called by now.
func createIndex(c *origin.Collection, x origin.Index) (name, sql string) {
	digest := sha256.New()
	fmt.Fprintf(digest, "%t", x.Unique)
	terms := make([]string, len(x.Columns))
	for i, column := range x.Columns {
		fmt.Fprintf(digest, " %q %t %t", c.Field(column.Name).ID, column.Desc, column.NoCase)
		terms[i] = quote(column.Name)
		if column.NoCase {
			terms[i] += " COLLATE NOCASE"
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
		fmt.Fprintf(digest, " where %q", c.Field(x.Partial).ID)
		where = " WHERE " + quote(x.Partial) + " <> ''"
	}
	name = "index_" + fold(string(c.ID)) + "_" + hex.EncodeToString(digest.Sum(nil)[:8])
	return name, "CREATE " + unique + "INDEX " + quote(name) + " ON " + tableOf(c.ID) + " (" + strings.Join(terms, ", ") + ")" + where
}
