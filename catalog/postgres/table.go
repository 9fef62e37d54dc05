package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// The records of a collection are rows of a table of their own, named by the collection's id, so that a rename touches
// no table. Its columns are named by the fields, beside rowColumn, whose "@" no field's name has. Sort order and
// comparisons are by bytes, as PocketBase's are.

// rowColumn numbers the rows in the order of their making.
const rowColumn = `"@rowid"`

// maxIdentifier is how many bytes of an identifier PostgreSQL looks at. It cuts longer ones without an error, and two that
// begin alike would be one.
const maxIdentifier = 63

// quote makes an identifier of any text without NUL.
func quote(name string) string {
	return `"` + strings.ReplaceAll(identifier(name), `"`, `""`) + `"`
}

// identifier is the name itself, or where that is too long its beginning and its digest.
func identifier(name string) string {
	if len(name) <= maxIdentifier {
		return name
	}
	digest := sha256.Sum256([]byte(name))
	cut := maxIdentifier - 33
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + "@" + hex.EncodeToString(digest[:16])
}

// tableOf is the name of a collection's table, quoted.
func tableOf(id origin.CollectionID) string { return quote("records_" + string(id)) }

// idConstraint is the name of the constraint that keeps a collection's ids unique.
func idConstraint(id origin.CollectionID) string { return identifier("id_" + string(id)) }

// The types of columns.
const (
	textColumn   = `text COLLATE "C"`
	numberColumn = "double precision"
	boolColumn   = "boolean"
	jsonColumn   = "jsonb"
)

// columnType is the type of a field's column.
func columnType(f *origin.Field) string {
	switch f.Kind() {
	case rule.Number:
		return numberColumn
	case rule.Bool:
		return boolColumn
	case rule.List:
		return jsonColumn
	}
	return textColumn // JSON too, because it comes back as it was: jsonb knows neither the order of keys nor white space
}

// zero is catalog.ZeroValue as SQL.
func zero(f *origin.Field) string {
	switch f.Kind() {
	case rule.Number:
		return "0"
	case rule.Bool:
		return "false"
	case rule.List:
		return "'[]'"
	case rule.JSON:
		return "NULL"
	}
	return "''"
}

// columnDef is the definition of a field's column.
func columnDef(f *origin.Field) string {
	name := quote(f.Name)
	def := name + " " + columnType(f) + " DEFAULT " + zero(f)
	if f.Kind() == rule.JSON { // what filters cannot read is refused when it is written, not when it is looked for
		return def + " CHECK (" + name + " IS NULL OR " + name + "::jsonb IS NOT NULL)"
	}
	return def + " NOT NULL"
}

// place is the n-th parameter, as a value for a field's column.
func place(f *origin.Field, n int) string {
	p := "$" + strconv.Itoa(n)
	switch columnType(f) {
	case numberColumn:
		return p + "::float8"
	case boolColumn:
		return p + "::boolean"
	case jsonColumn:
		return p + "::text::jsonb"
	}
	return p + "::text"
}

// lower lowers ASCII letters only, whatever the database's default collation is.
func lower(expr string) string { return "lower(" + expr + ` COLLATE "C")` }

// createTable is the statement that makes a collection's table.
func createTable(c *origin.Collection) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE " + tableOf(c.ID) + " (" + rowColumn + " bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, " +
		`"id" ` + textColumn + " NOT NULL CONSTRAINT " + quote(idConstraint(c.ID)) + " UNIQUE")
	for i := range c.Fields {
		if f := &c.Fields[i]; f.Name != origin.ColID {
			b.WriteString(", " + columnDef(f))
		}
	}
	b.WriteString(")")
	return b.String()
}
