package rule

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ganigeorgiev/fexpr"
)

// node is a comparison, or several nodes of which all (or, with or set, any)
// must hold.
type node struct {
	cmp  *comparison
	or   bool
	kids []*node
}

// comparison is one operand, one operator, one operand.
type comparison struct {
	src         string // as written, for messages
	left, right operand
	op          op
	some        bool     // one of the ?= family
	pattern     *pattern // of a literal on the right of ~
}

// parser reads fexpr's tokens. It does not use fexpr.Parse, which accepts more
// than it keeps: it takes a NUL for the end of the text, drops the "a =" of
// "a = (b = 1)", and joins groups that stand side by side. A rule must not
// mean less than it says.
type parser struct {
	resolver
	guards map[string]string
	count  int
}

func (p *parser) parse(src string) (*node, error) {
	switch {
	case len(src) > MaxLength:
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLong, len(src), MaxLength)
	case !storable(src):
		return nil, fmt.Errorf("%w: not UTF-8 text", ErrSyntax)
	}
	return p.group(src, 0)
}

// group reads alternatives of conjunctions: && binds tighter than ||, as AND
// and OR do in the SQL that PocketBase writes.
func (p *parser) group(src string, depth int) (*node, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("%w: more than %d levels", ErrTooDeep, MaxDepth)
	}
	tokens := &tokens{scanner: fexpr.NewScanner([]byte(src))}
	var alternatives, conjunction []*node
	for {
		n, err := p.term(tokens, depth)
		if err != nil {
			return nil, err
		}
		conjunction = append(conjunction, n)
		join, err := tokens.next()
		if err != nil {
			return nil, p.syntax(err)
		}
		switch {
		case join.Type == fexpr.TokenJoin && join.Literal == "&&":
			continue
		case join.Type != fexpr.TokenJoin && join.Type != fexpr.TokenEOF:
			return nil, p.syntax(fmt.Errorf("expected && or || before %q", join.Literal))
		}
		alternatives = append(alternatives, gather(false, conjunction))
		conjunction = nil
		if join.Type == fexpr.TokenEOF {
			return gather(true, alternatives), nil
		}
	}
}

func gather(or bool, kids []*node) *node {
	if len(kids) == 1 {
		return kids[0]
	}
	return &node{or: or, kids: kids}
}

// term reads a comparison or a group in parentheses.
func (p *parser) term(ts *tokens, depth int) (*node, error) {
	left, err := ts.next()
	if err != nil {
		return nil, p.syntax(err)
	}
	switch left.Type {
	case fexpr.TokenGroup:
		return p.group(left.Literal, depth+1)
	case fexpr.TokenEOF:
		return nil, p.syntax(errors.New("a comparison is missing"))
	}
	sign, err := ts.next()
	if err != nil {
		return nil, p.syntax(err)
	}
	right, err := ts.next()
	if err != nil {
		return nil, p.syntax(err)
	}
	if !isOperand(left) || sign.Type != fexpr.TokenSign || !isOperand(right) {
		return nil, p.syntax(fmt.Errorf("%q is not a comparison",
			strings.TrimSpace(written(left)+" "+written(sign)+" "+written(right))))
	}
	if p.count++; p.count > MaxExpressions {
		return nil, fmt.Errorf("%w: more than %d comparisons", ErrTooMany, MaxExpressions)
	}
	return p.comparison(left, sign, right)
}

func isOperand(t fexpr.Token) bool {
	switch t.Type {
	case fexpr.TokenIdentifier, fexpr.TokenText, fexpr.TokenNumber, fexpr.TokenFunction:
		return true
	}
	return false
}

func (p *parser) comparison(left, sign, right fexpr.Token) (*node, error) {
	c := &comparison{src: written(left) + " " + sign.Literal + " " + written(right)}
	symbol, some := strings.CutPrefix(sign.Literal, "?")
	c.some, c.op = some, ops[symbol]
	err := p.operands(c, left, right)
	if err != nil {
		return nil, fmt.Errorf("%w: comparison %d, %s: %w", ErrUnsupported, p.count, c.src, err)
	}
	kids := []*node{{cmp: c}}
	for _, o := range []operand{c.left, c.right} {
		by, ok := p.guards[o.name]
		if !ok || o.from != field {
			continue
		}
		if p.record[by] != Bool {
			return nil, fmt.Errorf("%w: %q may be used only where %q is true, and that is no Bool field", ErrUnsupported, o.name, by)
		}
		kids = append(kids, &node{cmp: &comparison{
			src:  by + " = true",
			left: operand{from: field, name: by, kind: Bool}, op: opEq,
			right: operand{kind: Bool, literal: boolValue(true)},
		}})
	}
	return gather(false, kids), nil
}

func (p *parser) operands(c *comparison, left, right fexpr.Token) (err error) {
	if c.left, err = p.operand(left); err != nil {
		return err
	}
	if c.right, err = p.operand(right); err != nil {
		return err
	}
	if err = checkSides(c.left, c.op, c.right); err != nil {
		return err
	}
	if r := c.right; c.op.like() && r.from == literal && r.literal.typ == text {
		c.pattern, err = compilePattern(r.literal.str)
	}
	return err
}

func (p *parser) syntax(err error) error {
	return fmt.Errorf("%w: after %d comparisons: %w", ErrSyntax, p.count, err)
}

// tokens skips what means nothing.
type tokens struct{ scanner *fexpr.Scanner }

func (t *tokens) next() (fexpr.Token, error) {
	for {
		token, err := t.scanner.Scan()
		if err != nil || token.Type != fexpr.TokenWS && token.Type != fexpr.TokenComment {
			return token, err
		}
	}
}

// written is the token as it may have stood in the source.
func written(t fexpr.Token) string {
	switch t.Type {
	case fexpr.TokenText:
		return fmt.Sprintf("%q", t.Literal)
	case fexpr.TokenGroup:
		return "(" + t.Literal + ")"
	case fexpr.TokenFunction:
		return t.Literal + "()"
	}
	return t.Literal
}
