package origin

import (
	"errors"
	"strings"
)

// ErrIndexSyntax says that a statement is none that an Index can say.
var ErrIndexSyntax = errors.New("not a CREATE INDEX statement of plain columns")

// maxIndexSQL bounds a statement, in bytes.
const maxIndexSQL = 8192

// ParseIndex reads a statement of the form
//
//	CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table (column [COLLATE NOCASE | BINARY] [ASC | DESC], …) [WHERE column != '']
//
// in any case, with names bare or in backquotes, double quotes or brackets. The table's name is not looked at: an index
// belongs to the collection that it is listed by, as in PocketBase. Expressions, other conditions and everything else that
// SQLite would take are ErrIndexSyntax, so that no SQL of a caller ever reaches a database.
func ParseIndex(sql string) (Index, error) {
	if len(sql) > maxIndexSQL {
		return Index{}, ErrIndexSyntax
	}
	p := &indexParser{rest: sql}
	x, ok := p.statement()
	if !ok {
		return Index{}, ErrIndexSyntax
	}
	return x, nil
}

// FormatIndex writes the statement of an index over the collection of that name, as PocketBase writes it.
func FormatIndex(collection string, x Index) string {
	var b strings.Builder
	b.WriteString("CREATE ")
	if x.Unique {
		b.WriteString("UNIQUE ")
	}
	b.WriteString("INDEX `" + x.Name + "` ON `" + collection + "` (")
	before, between, after := "", "", ""
	if len(x.Columns) > 1 {
		before, between, after = "\n  ", ",\n  ", "\n"
	}
	b.WriteString(before)
	for i, column := range x.Columns {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString("`" + column.Name + "`")
		if column.NoCase {
			b.WriteString(" COLLATE NOCASE")
		}
		if column.Desc {
			b.WriteString(" DESC")
		}
	}
	b.WriteString(after + ")")
	if x.Partial != "" {
		b.WriteString(" WHERE `" + x.Partial + "` != ''")
	}
	return b.String()
}

// indexParser reads tokens from the front of rest.
type indexParser struct{ rest string }

// statement reads the whole of it; ok is false for anything else.
func (p *indexParser) statement() (x Index, ok bool) {
	if !p.word("CREATE") {
		return x, false
	}
	x.Unique = p.word("UNIQUE")
	if !p.word("INDEX") {
		return x, false
	}
	if p.word("IF") && !(p.word("NOT") && p.word("EXISTS")) {
		return x, false
	}
	if x.Name, ok = p.name(); !ok || !p.word("ON") {
		return x, false
	}
	if _, ok = p.name(); !ok || !p.sign("(") {
		return x, false
	}
	for {
		column, ok := p.column()
		if !ok {
			return x, false
		}
		x.Columns = append(x.Columns, column)
		if !p.sign(",") {
			break
		}
	}
	if !p.sign(")") {
		return x, false
	}
	if p.word("WHERE") {
		if x.Partial, ok = p.name(); !ok || !p.sign("!=") && !p.sign("<>") || !p.sign("''") {
			return x, false
		}
	}
	p.sign(";")
	p.space()
	return x, p.rest == ""
}

func (p *indexParser) column() (c IndexColumn, ok bool) {
	if c.Name, ok = p.name(); !ok {
		return c, false
	}
	if p.word("COLLATE") {
		if c.NoCase = p.word("NOCASE"); !c.NoCase && !p.word("BINARY") {
			return c, false
		}
	}
	if c.Desc = p.word("DESC"); !c.Desc {
		p.word("ASC")
	}
	return c, true
}

func (p *indexParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n\f") }

// word takes a keyword, in any case.
func (p *indexParser) word(keyword string) bool {
	p.space()
	if n := wordLength(p.rest); n != len(keyword) || !strings.EqualFold(p.rest[:n], keyword) {
		return false
	}
	p.rest = p.rest[len(keyword):]
	return true
}

// sign takes punctuation.
func (p *indexParser) sign(s string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = rest
	}
	return ok
}

// name takes an identifier of letters, digits and "_", bare or quoted.
func (p *indexParser) name() (string, bool) {
	p.space()
	closing := ""
	if p.rest != "" {
		closing = map[byte]string{'`': "`", '"': `"`, '[': "]"}[p.rest[0]]
	}
	if closing != "" {
		p.rest = p.rest[1:]
	}
	n := wordLength(p.rest)
	name := p.rest[:n]
	p.rest = p.rest[n:]
	if closing != "" {
		rest, ok := strings.CutPrefix(p.rest, closing)
		p.rest = rest
		return name, ok && name != ""
	}
	return name, name != ""
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && isWord(rune(s[n])) {
		n++
	}
	return n
}
