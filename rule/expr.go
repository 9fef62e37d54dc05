package rule

import (
	"slices"
)

// Expr is a parsed expression. It is immutable and safe for concurrent use.
type Expr struct {
	src    string
	root   *node
	fields []string
	uses   map[origin]bool
}

// Option changes how Parse reads an expression.
type Option func(*parser)

// Guard makes every comparison with the field hold only for records whose
// Bool field by is true, as PocketBase lets a filter see only the e-mail
// addresses that are marked visible.
func Guard(field, by string) Option {
	return func(p *parser) { p.guards[field] = by }
}

// Parse reads an expression whose names are record's fields and, after
// @request.auth., auth's. Its errors wrap ErrTooLong, ErrTooMany, ErrTooDeep,
// ErrSyntax or ErrUnsupported; the last names the comparison and the reason.
//
// The meaning is PocketBase's, within these rules:
//
//   - = and != take null and the empty text for the same thing, except in a
//     JSON field. < > and ~ are false where a side is null.
//   - Texts compare byte by byte, dates as their texts. A boolean is the
//     number 1 or 0. A number against a Text or Date field or against an
//     element of a list is taken as its decimal text; any other text against a
//     number is read as a decimal number. What can't be read so is unequal,
//     and not an error.
//   - A List under ~ asks whether any element contains the text, and !~
//     whether none does. Under the other operators every element must satisfy
//     the plain form and any one the form with a question mark; no elements
//     are one empty text. Two lists, or a list and the text of a JSON array,
//     compare whole under = and !=.
//   - :each asks of every element, with a question mark of any, under ~ too;
//     no elements are one null. :length counts elements, :lower lowers ASCII
//     letters, and :isset asks for the presence of a parameter or header.
//   - A JSON field compares by the string, number, boolean or null that it
//     holds; an object or array equals nothing. ~ looks into all its strings.
//   - Behind ~ a field is looked for literally; a literal or a value of the
//     request may hold wildcards.
func Parse(src string, record, auth Schema, opts ...Option) (*Expr, error) {
	p := &parser{resolver: resolver{record: record, auth: auth}, guards: make(map[string]string)}
	for _, o := range opts {
		o(p)
	}
	root, err := p.parse(src)
	if err != nil {
		return nil, err
	}
	e := &Expr{src: src, root: root, uses: make(map[origin]bool)}
	e.collect(root)
	slices.Sort(e.fields)
	e.fields = slices.Compact(e.fields)
	return e, nil
}

func (e *Expr) collect(n *node) {
	if n.cmp == nil {
		for _, kid := range n.kids {
			e.collect(kid)
		}
		return
	}
	for _, o := range []operand{n.cmp.left, n.cmp.right} {
		e.uses[o.from] = true
		if o.from == field {
			e.fields = append(e.fields, o.name)
		}
	}
}

// String returns the source text.
func (e *Expr) String() string { return e.src }

// Fields returns the record fields that the expression uses, sorted.
func (e *Expr) Fields() []string { return slices.Clone(e.fields) }

// UsesAuth reports whether the answer depends on the authenticated record.
func (e *Expr) UsesAuth() bool { return e.uses[auth] }

// UsesQuery reports whether the answer depends on the query string.
func (e *Expr) UsesQuery() bool { return e.uses[query] }

// UsesHeaders reports whether the answer depends on request headers.
func (e *Expr) UsesHeaders() bool { return e.uses[header] }

// UsesMethod reports whether the answer depends on the request's method.
func (e *Expr) UsesMethod() bool { return e.uses[method] }

// UsesContext reports whether the answer depends on @request.context.
func (e *Expr) UsesContext() bool { return e.uses[context] }

// UsesTime reports whether the answer depends on the time of the request.
func (e *Expr) UsesTime() bool { return e.uses[macro] }
