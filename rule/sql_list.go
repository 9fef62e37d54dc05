package rule

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

func (b *builder) listLength(col string) string {
	if b.dialect == PostgreSQL {
		return "jsonb_array_length(" + col + ")"
	}
	return "json_array_length(" + col + ")"
}

// lists compares where a side is a list: whole, or element by element in a
// subquery of which any row, or every row, must satisfy the comparison.
func (b *builder) lists(c *comparison, l, r side) (condition, error) {
	if c.op.equality() && !l.each && !r.each {
		if lw, ok := l.whole(); ok {
			if rw, ok := r.whole(); ok {
				return b.compare(b.whole(lw), c.op, b.whole(rw)), nil
			}
		}
	}
	some := c.anyElement(l.each, r.each)
	if c.op == opEq && some {
		if in, ok := b.oneOf(l, r); ok {
			return in, nil
		}
	}
	before := len(*b.args)
	var from strings.Builder
	inner, err := b.single(c.op, b.elements(l, &from), b.elements(r, &from), c.pattern)
	if err != nil || inner.known() { // every list has a row to ask, so the answer stands for all
		*b.args = (*b.args)[:before]
		return inner, err
	}
	rows := "EXISTS (SELECT 1 FROM (SELECT 1) AS rule_0" + from.String() + " WHERE "
	if some {
		return condition{sql: rows + inner.sql + ")"}, nil
	}
	return condition{sql: "NOT " + rows + "(" + inner.sql + ") IS NOT TRUE)"}, nil
}

// oneOf asks whether a text field is an element of a constant list, in the
// form that can use the field's index.
func (b *builder) oneOf(l, r side) (condition, bool) {
	if l.constant() {
		l, r = r, l
	}
	if !r.constant() || r.val.typ != list || l.kind.class() != texts {
		return condition{}, false
	}
	items := r.val.list
	if len(items) == 0 {
		items = []string{""} // whether no elements are an empty text or a NULL is one to =
	}
	values := b.param(jsonList(items), "jsonb")
	if b.dialect == PostgreSQL {
		return condition{sql: l.expr + " = ANY(ARRAY(SELECT jsonb_array_elements_text(" + values + ")))"}, true
	}
	return condition{sql: l.expr + " IN (SELECT value FROM json_each(" + values + "))"}, true
}

// elements joins the rows of a list, one row where it has none, and returns
// the side that stands for a row. Other sides it returns as they are.
func (b *builder) elements(s side, from *strings.Builder) side {
	if !s.list() {
		return s
	}
	src := s.expr
	if s.constant() {
		src = b.param(jsonList(s.val.list), "jsonb")
	}
	b.aliases++
	alias := "rule_" + strconv.Itoa(b.aliases)
	if b.dialect == PostgreSQL {
		from.WriteString(" LEFT JOIN LATERAL jsonb_array_elements_text(" + src + ") AS " + alias + "(value) ON TRUE")
	} else {
		from.WriteString(" LEFT JOIN json_each(" + src + ") AS " + alias + " ON TRUE")
	}
	row := side{expr: alias + ".value", kind: Text, nullable: true}
	if !s.each { // without :each no elements are one empty text, with it one NULL
		row = side{expr: orEmpty(row), kind: Text}
	}
	return row
}

// whole reports whether the side can be compared as a whole list, and gives
// it as a list.
func (s side) whole() (side, bool) {
	if !s.constant() {
		return s, s.kind == List
	}
	items, ok := s.val.whole()
	return side{val: value{typ: list, list: items}}, ok
}

// whole writes a list so that equal lists are equal texts, or equal jsonb.
func (b *builder) whole(s side) string {
	src := s.expr
	if s.constant() {
		src = b.param(jsonList(s.val.list), "jsonb")
	}
	if b.dialect == PostgreSQL {
		return src
	}
	return "(SELECT json_group_array(value ORDER BY key) FROM json_each(" + src + "))"
}

// jsonList writes a JSON array of strings.
func jsonList(items []string) string {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if items == nil {
		items = []string{}
	}
	if err := e.Encode(items); err != nil {
		panic(err) // strings always encode
	}
	return strings.TrimSuffix(buf.String(), "\n")
}

// jsonConst compares a JSON field with a constant of the same type; where the
// field holds another type the expression is NULL.
func (b *builder) jsonConst(o op, l side, c value) condition {
	switch c.typ {
	case null:
		if !o.equality() {
			return always(false)
		}
		return b.jsonNull(o, l.expr)
	case text:
		held := b.jsonText(l.expr)
		if !o.equality() {
			held = b.bytewise(held)
		}
		return b.compare(held, o, b.textParam(c.str))
	case number:
		held := sqliteJSONNumber(l.expr)
		if b.dialect == PostgreSQL {
			held = pgJSONNumber(l.expr)
		}
		return b.compare(held, o, b.param(c.num, "float8"))
	}
	return always(o == opNeq)
}

// jsonNull asks whether the field is null, as JSON or in SQL, or is not.
func (b *builder) jsonNull(o op, expr string) condition {
	typeOf := "json_type("
	if b.dialect == PostgreSQL {
		typeOf = "jsonb_typeof("
	}
	return b.compare("COALESCE("+typeOf+expr+"), 'null')", o, "'null'")
}

func (b *builder) jsonText(expr string) string {
	if b.dialect == PostgreSQL {
		return "(CASE WHEN jsonb_typeof(" + expr + ") = 'string' THEN " + expr + " #>> '{}' END)"
	}
	return "(CASE json_type(" + expr + ") WHEN 'text' THEN json_extract(" + expr + ", '$') END)"
}

// pgJSONNumber rounds a jsonb number, which has up to 131,072 digits, to a
// float8 as parsing does. Out of float8's range a cast would be an error.
func pgJSONNumber(expr string) string {
	n := expr + "::numeric"
	return "(CASE jsonb_typeof(" + expr + ") WHEN 'boolean' THEN " + expr + "::boolean::int::float8" +
		" WHEN 'number' THEN CASE WHEN abs(" + n + ") > 1.7976931348623157e308 THEN sign(" + n + ")::float8 * 'Infinity'::float8" +
		" WHEN abs(" + n + ") < 2.5e-324 THEN 0 ELSE " + n + "::float8 END END)"
}

// sqliteJSONNumber makes integers floating-point numbers, because SQLite
// compares the two exactly and the other back ends know only the latter.
func sqliteJSONNumber(expr string) string {
	return "(CASE json_type(" + expr + ") WHEN 'true' THEN 1 WHEN 'false' THEN 0" +
		" WHEN 'integer' THEN CAST(json_extract(" + expr + ", '$') AS REAL)" +
		" WHEN 'real' THEN json_extract(" + expr + ", '$') END)"
}

// jsonLike asks about every string in a JSON field, at any depth.
func (b *builder) jsonLike(o op, l side, p *pattern) condition {
	b.aliases++
	alias := "rule_" + strconv.Itoa(b.aliases)
	rows := "json_tree(" + l.expr + ") AS " + alias + " WHERE " + alias + ".type = 'text' AND "
	str := alias + ".atom"
	if b.dialect == PostgreSQL {
		rows = "jsonb_path_query(" + l.expr + ", 'strict $.**') AS " + alias + "(value) WHERE jsonb_typeof(" + alias + ".value) = 'string' AND "
		str = "(" + alias + ".value #>> '{}')"
	}
	exists := "EXISTS (SELECT 1 FROM " + rows + b.matches(opLike, str, p) + ")"
	if o == opLike {
		return condition{sql: exists}
	}
	return condition{sql: "(" + b.jsonNull(opNeq, l.expr).sql + " AND NOT " + exists + ")"}
}
