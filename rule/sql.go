package rule

import (
	"fmt"
	"strconv"
	"strings"
)

// SQL returns a condition for a WHERE clause and appends its parameters to
// args: strings and float64s. The condition needs no parentheses around it.
// What the request alone decides is decided here, so a condition may come out
// as "1=1" or "1=0", and owner = @request.auth.id as a plain "r"."owner" = ?.
// A column that is gone or has another kind than Parse was told is ErrStale.
func (e *Expr) SQL(d Dialect, columns Columns, req *Request, args *[]any) (string, error) {
	if req == nil {
		req = &Request{}
	}
	b := &builder{dialect: d, columns: columns, req: req, args: args}
	before := len(*args)
	c, err := b.node(e.root)
	if err != nil {
		*args = (*args)[:before]
		return "", err
	}
	if c.known() {
		return map[bool]string{true: "1=1", false: "1=0"}[c.holds], nil
	}
	return c.sql, nil
}

// condition is SQL text, or without text an answer that is known already.
type condition struct {
	sql   string
	holds bool
}

func (c condition) known() bool { return c.sql == "" }

func always(holds bool) condition { return condition{holds: holds} }

// builder writes SQL. SQLite's placeholders count by their place in the text,
// so a parameter is appended when its placeholder is written, and in order.
type builder struct {
	dialect Dialect
	columns Columns
	req     *Request
	args    *[]any
	aliases int
}

func (b *builder) param(v any, pgType string) string {
	*b.args = append(*b.args, v)
	if b.dialect == SQLite {
		return "?"
	}
	return "$" + strconv.Itoa(len(*b.args)) + "::" + pgType
}

func (b *builder) textParam(s string) string { return b.param(s, "text") }

func (b *builder) node(n *node) (condition, error) {
	if n.cmp != nil {
		return b.comparison(n.cmp)
	}
	before := len(*b.args)
	var parts []string
	for _, kid := range n.kids {
		c, err := b.node(kid)
		switch {
		case err != nil:
			return c, err
		case !c.known():
			parts = append(parts, c.sql)
		case c.holds == n.or:
			*b.args = (*b.args)[:before]
			return c, nil
		}
	}
	switch len(parts) {
	case 0:
		return always(!n.or), nil
	case 1:
		return condition{sql: parts[0]}, nil
	}
	join := " AND "
	if n.or {
		join = " OR "
	}
	return condition{sql: "(" + strings.Join(parts, join) + ")"}, nil
}

// side is an operand of which the request's part is resolved: a constant, or
// an expression of some kind over the record's columns.
type side struct {
	val      value  // the constant
	expr     string // "" for a constant
	kind     Kind
	each     bool
	nullable bool // the expression may be NULL, which no column but JSON is
}

func (s side) constant() bool { return s.expr == "" }

func (s side) list() bool {
	return s.constant() && s.val.typ == list || !s.constant() && s.kind == List
}

func (b *builder) side(o *operand) (side, error) {
	if !o.stored() {
		v, err := o.value(nil, b.req)
		return side{val: v, each: v.each}, err
	}
	col, kind := b.columns(o.name)
	switch {
	case col == "":
		return side{}, fmt.Errorf("%w: no field %q", ErrStale, o.name)
	case kind != o.kind:
		return side{}, fmt.Errorf("%w: %q is of another kind", ErrStale, o.name)
	case !strings.Contains(col, "."):
		// In a subquery over a list, an unqualified "value" or "id" would mean the list's own.
		return side{}, fmt.Errorf("%w: column %s is not qualified by its table", ErrStale, col)
	}
	switch o.mod {
	case length:
		return side{expr: b.listLength(col), kind: Number}, nil
	case lower:
		return side{expr: b.lower(col), kind: Text}, nil
	}
	return side{expr: col, kind: kind, each: o.mod == each}, nil
}

func (b *builder) comparison(c *comparison) (condition, error) {
	l, err := b.side(&c.left)
	if err != nil {
		return condition{}, err
	}
	r, err := b.side(&c.right)
	switch {
	case err != nil:
		return condition{}, err
	case l.constant() && r.constant():
		ok, err := c.holds(l.val, r.val)
		return always(ok), err
	case l.list() || r.list():
		return b.lists(c, l, r)
	}
	return b.single(c.op, l, r, c.pattern)
}

// single compares two sides of which neither is a list.
func (b *builder) single(o op, l, r side, p *pattern) (condition, error) {
	switch {
	case l.constant() && r.constant():
		ok, err := holds(o, l.val, r.val, p)
		return always(ok), err
	case o.like():
		return b.like(o, l, r, p)
	case !l.constant() && !r.constant():
		return b.fields(o, l, r), nil
	case l.constant():
		l, r, o = r, l, o.mirror()
	}
	switch l.kind {
	case Number:
		return b.numberConst(o, l, r.val), nil
	case Bool:
		return b.boolConst(o, l, r.val)
	case JSON:
		return b.jsonConst(o, l, r.val), nil
	}
	return b.textConst(o, l, r.val), nil
}

var symbols = map[op]string{opEq: "=", opLt: "<", opLte: "<=", opGt: ">", opGte: ">="}

// compare writes an operator. Unequal is asked so that NULL is unequal to
// whatever is not NULL, as PocketBase asks it.
func (b *builder) compare(l string, o op, r string) condition {
	symbol := symbols[o]
	if o == opNeq {
		symbol = "IS NOT"
		if b.dialect == PostgreSQL {
			symbol = "IS DISTINCT FROM"
		}
	}
	return condition{sql: l + " " + symbol + " " + r}
}

func (b *builder) textConst(o op, l side, c value) condition {
	if o.equality() && c.empty() {
		c = textValue("")
	}
	_, c, ok := coerce(value{typ: text, from: column}, c)
	switch {
	case !ok:
		return always(o == opNeq)
	case o.equality():
		return b.compare(orEmpty(l), o, b.textParam(c.str))
	}
	return b.compare(b.bytewise(l.expr), o, b.textParam(c.str))
}

// orEmpty is the expression for = and !=, which take NULL for the empty text.
func orEmpty(s side) string {
	if s.nullable {
		return "COALESCE(" + s.expr + ", '')"
	}
	return s.expr
}

func (b *builder) numberConst(o op, l side, c value) condition {
	_, c, ok := coerce(value{typ: number, from: column}, c)
	if !ok {
		return always(o == opNeq)
	}
	return b.compare(l.expr, o, b.param(c.num, "float8"))
}

// boolConst asks for the constant's answer to both booleans, whatever the
// constant is, and writes which boolean the column must be.
func (b *builder) boolConst(o op, l side, c value) (condition, error) {
	var answers [2]bool
	for i := range answers {
		var err error
		if answers[i], err = holds(o, value{typ: number, num: float64(i), from: column}, c, nil); err != nil {
			return condition{}, err
		}
	}
	if answers[0] == answers[1] {
		return always(answers[0]), nil
	}
	want := "0"
	if answers[1] {
		want = "1"
	}
	if b.dialect == PostgreSQL {
		want = strconv.FormatBool(answers[1])
	}
	return condition{sql: l.expr + " = " + want}, nil
}

// fields compares two fields, or one with an element of another. Parse has
// let through texts with texts and numbers with numbers only.
func (b *builder) fields(o op, l, r side) condition {
	if l.kind.class() == texts {
		if o.equality() {
			return b.compare(b.bytewise(orEmpty(l)), o, orEmpty(r))
		}
		return b.compare(b.bytewise(l.expr), o, r.expr)
	}
	return b.compare(b.asNumber(l), o, b.asNumber(r))
}

func (b *builder) asNumber(s side) string {
	if b.dialect == PostgreSQL && s.kind == Bool {
		return s.expr + "::int"
	}
	return s.expr
}

// bytewise makes an expression compare by its bytes, which SQLite's default
// does and PostgreSQL's does only where the database was created so.
func (b *builder) bytewise(expr string) string {
	if b.dialect == PostgreSQL {
		return expr + ` COLLATE "C"`
	}
	return expr
}

// lower lowers ASCII letters only: SQLite's lower knows no others, and
// PostgreSQL's with the collation "C".
func (b *builder) lower(expr string) string { return "lower(" + b.bytewise(expr) + ")" }

func (b *builder) like(o op, l, r side, p *pattern) (condition, error) {
	if !r.constant() {
		return b.contains(o, l, r), nil
	}
	if r.val.typ == null || r.val.typ == tree {
		return always(false), nil
	}
	if p == nil {
		c, _ := r.val.asText()
		var err error
		if p, err = compilePattern(c); err != nil {
			return condition{}, err
		}
	}
	if l.kind == JSON {
		return b.jsonLike(o, l, p), nil
	}
	return condition{sql: b.matches(o, l.expr, p)}, nil
}

// matches is NULL for a NULL expression, also where the pattern never matches.
func (b *builder) matches(o op, expr string, p *pattern) string {
	if p.never {
		return expr + map[op]string{opLike: " <> ", opNotLike: " = "}[o] + expr
	}
	not := ""
	if o == opNotLike {
		not = "NOT "
	}
	if b.dialect == PostgreSQL { // its default escape is the backslash
		return b.lower(expr) + " " + not + "LIKE " + b.textParam(p.sql())
	}
	return expr + " " + not + "LIKE " + b.textParam(p.sql()) + ` ESCAPE '\'`
}

// contains looks for a field, or an element of a list, as it is.
func (b *builder) contains(o op, l, r side) condition {
	in := b.lower(l.expr)
	if l.constant() {
		s, ok := l.val.asText()
		if !ok {
			return always(false)
		}
		in = b.textParam(lowerASCII(s))
	}
	found := map[op]string{opLike: " > 0", opNotLike: " = 0"}[o]
	position := "instr"
	if b.dialect == PostgreSQL {
		position = "strpos"
	}
	return condition{sql: position + "(" + in + ", " + b.lower(r.expr) + ")" + found}
}
