// Package rule evaluates PocketBase's access rules and list filters. One
// syntax tree, read with PocketBase's own grammar (fexpr), has three back
// ends: in memory, SQLite and PostgreSQL. The law: for every record they give
// the same answer, what one of them can't evaluate is refused by Parse, and
// whatever is met at run time and not understood denies. A value reaches a
// database as a bound parameter only. The package imports none of ours.
package rule

import (
	"errors"
	"time"
)

// Bounds of one expression, as PocketBase's, and of its nesting.
const (
	MaxLength      = 3500 // bytes of source text
	MaxExpressions = 200  // comparisons
	MaxDepth       = 50   // nested parentheses
	MaxSorts       = 8    // keys of one ORDER BY
	MaxSortLength  = 255  // bytes of one sort key
)

// Every error of the package wraps one of these.
var (
	ErrTooLong     = errors.New("rule: too long")
	ErrTooMany     = errors.New("rule: too many")
	ErrTooDeep     = errors.New("rule: parentheses nested too deep")
	ErrSyntax      = errors.New("rule: not a valid expression")
	ErrUnsupported = errors.New("rule: can't be evaluated")
	ErrStale       = errors.New("rule: the record does not have the shape the expression was parsed for")
	ErrRequest     = errors.New("rule: the request lacks or garbles a value the expression uses")
)

// Kind is how a field's value is stored and compared.
type Kind uint8

// The kinds, with the canonical Go value that a record map holds for each and
// the column that the catalog keeps it in (SQLite / PostgreSQL). A nil in a
// record map stands for the zero value of the kind.
const (
	Text   Kind = iota + 1 // string; TEXT NOT NULL
	Number                 // finite float64; REAL or NUMERIC / double precision, NOT NULL
	Bool                   // bool; INTEGER 0 or 1 / BOOLEAN, NOT NULL
	Date                   // string, "" or "2006-01-02 15:04:05.000Z"; TEXT NOT NULL
	List                   // []string; TEXT with a JSON array of strings / jsonb, NOT NULL
	JSON                   // json.RawMessage or a decoded JSON value; TEXT / jsonb, may be NULL
)

// Schema names the fields that an expression may use. What is hidden from the
// author of an expression is left out by the caller.
type Schema map[string]Kind

// Request is what @request.* and the date macros stand for.
type Request struct {
	Method  string            // "GET", "HEAD", …
	Context string            // "default", "protectedFile", …
	Auth    map[string]any    // the authenticated record, canonical values; nil for a guest
	Query   map[string]string // first values
	Headers map[string]string // by lower-case name with '-' as '_'
	Now     time.Time         // must be set where a macro is used
}

// Dialect is the SQL that a database speaks.
type Dialect uint8

// The dialects.
const (
	SQLite     Dialect = iota + 1 // placeholders "?", in the order of the text
	PostgreSQL                    // placeholders "$n", n the position in args, from 1
)

// Columns gives the column that holds a record's field, quoted and qualified
// by its table ("r"."owner": a condition may sit inside a subquery of its own),
// and the field's kind today. An empty column is a field that the table does
// not have. A sort on @rowid asks for "@rowid", whose kind is not looked at.
// On PostgreSQL the text columns should be declared COLLATE "C": then one index
// serves =, < and ORDER BY. The answers are the same without.
type Columns func(field string) (column string, kind Kind)
