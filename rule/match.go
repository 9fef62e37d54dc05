package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Match reports whether the record, which has a value for every field that the
// expression uses, satisfies it. A nil request is a guest's without
// parameters. With an error (ErrStale, ErrRequest) the answer is false. What
// stands behind the comparison that decides is not looked up, so an error
// there shows in SQL only.
func (e *Expr) Match(record map[string]any, req *Request) (bool, error) {
	if req == nil {
		req = &Request{}
	}
	return e.root.match(record, req)
}

// match asks every comparison that can decide, in the order written.
func (n *node) match(record map[string]any, req *Request) (bool, error) {
	if n.cmp != nil {
		return n.cmp.match(record, req)
	}
	for _, kid := range n.kids {
		ok, err := kid.match(record, req)
		if err != nil || ok == n.or {
			return ok && err == nil, err
		}
	}
	return !n.or, nil
}

func (c *comparison) match(record map[string]any, req *Request) (bool, error) {
	l, err := c.left.value(record, req)
	if err != nil {
		return false, err
	}
	r, err := c.right.value(record, req)
	if err != nil {
		return false, err
	}
	return c.holds(l, r)
}

func (c *comparison) holds(l, r value) (bool, error) {
	if l.typ != list && r.typ != list {
		return holds(c.op, l, r, c.pattern)
	}
	if a, b, ok := wholes(c.op, l, r); ok {
		return slices.Equal(a, b) == (c.op == opEq), nil
	}
	some := c.anyElement(l.each, r.each)
	for i := range l.elements() {
		for j := range r.elements() {
			ok, err := holds(c.op, l.element(i), r.element(j), c.pattern)
			if err != nil || ok == some {
				return ok && err == nil, err
			}
		}
	}
	return !some, nil
}

// anyElement reports whether one pair of elements is enough; else all must do.
func (c *comparison) anyElement(lEach, rEach bool) bool {
	if c.op.like() && !lEach && !rEach {
		return c.op == opLike
	}
	return c.some
}

// wholes gives two lists that compare as such: two that :each is not on, or
// one and the text of a JSON array of strings, as PocketBase clients send it.
func wholes(o op, l, r value) (a, b []string, ok bool) {
	if !o.equality() || l.each || r.each {
		return nil, nil, false
	}
	a, ok = l.whole()
	if !ok {
		return nil, nil, false
	}
	b, ok = r.whole()
	return a, b, ok
}

func (v value) whole() ([]string, bool) {
	if v.typ == list {
		return v.list, true
	}
	if v.typ != text || v.from != constant || !strings.HasPrefix(v.str, "[") {
		return nil, false
	}
	var parsed []any
	if json.Unmarshal([]byte(v.str), &parsed) != nil {
		return nil, false
	}
	out := make([]string, 0, len(parsed))
	for _, p := range parsed {
		s, ok := p.(string)
		if !ok || strings.IndexByte(s, 0) >= 0 {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// elements counts what a quantifier ranges over: never nothing, see Parse.
func (v value) elements() int {
	if v.typ != list || len(v.list) == 0 {
		return 1
	}
	return len(v.list)
}

func (v value) element(i int) value {
	switch {
	case v.typ != list:
		return v
	case len(v.list) > 0:
		return value{typ: text, from: column, str: v.list[i]}
	case v.each:
		return value{typ: null, from: column}
	}
	return value{typ: text, from: column}
}

// value looks the operand up. Only a field needs the record.
func (o *operand) value(record map[string]any, req *Request) (value, error) {
	switch o.from {
	case field:
		raw, ok := record[o.name]
		if !ok {
			return value{}, fmt.Errorf("%w: no field %q", ErrStale, o.name)
		}
		v, err := o.typed(raw)
		v.from = column
		if o.kind == JSON {
			v.from = jsonColumn
		}
		return v, err
	case auth:
		raw := req.Auth[o.name]
		if raw == nil {
			return value{}, nil // a guest's fields are null, whatever their kind
		}
		v, err := o.typed(raw)
		if err == nil && (!storable(v.str) || !finite(v.num)) {
			err = fmt.Errorf("%w: @request.auth.%s has a value that no database compares", ErrRequest, o.name)
		}
		return v, err
	case literal:
		return o.literal, nil
	case macro:
		if req.Now.IsZero() {
			return value{}, fmt.Errorf("%w: no time for %s", ErrRequest, o.name)
		}
		return o.macro(req.Now.UTC()), nil
	}
	return o.parameter(req)
}

// parameter looks up what the client chose freely, so it may not be text at all.
func (o *operand) parameter(req *Request) (value, error) {
	s, ok := "", true
	switch o.from {
	case method:
		s = req.Method
	case context:
		s = req.Context
	case query:
		s, ok = req.Query[o.name]
	case header:
		s, ok = req.Headers[o.name]
	}
	switch {
	case o.mod == isset:
		return boolValue(ok), nil
	case !ok:
		return value{}, nil
	case !storable(s):
		return value{}, fmt.Errorf("%w: the parameter %q is not a text that a database holds", ErrRequest, o.name)
	}
	return o.text(s), nil
}

// storable reports whether every database can hold s, and so be asked about it.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func (o *operand) text(s string) value {
	if o.mod == lower {
		s = lowerASCII(s)
	}
	return textValue(s)
}

// typed reads the canonical Go value of the operand's kind.
func (o *operand) typed(raw any) (value, error) {
	switch o.kind {
	case Text, Date:
		if s, ok := raw.(string); ok {
			return o.text(s), nil
		}
		if raw == nil {
			return textValue(""), nil
		}
	case Number:
		if f, ok := raw.(float64); ok && finite(f) || raw == nil {
			return numberValue(f), nil
		}
	case Bool:
		if b, ok := raw.(bool); ok || raw == nil {
			return boolValue(b), nil
		}
	case List:
		if l, ok := raw.([]string); ok || raw == nil {
			if o.mod == length {
				return numberValue(float64(len(l))), nil
			}
			return value{typ: list, list: l, each: o.mod == each}, nil
		}
	case JSON:
		if v, err := jsonValue(raw); err == nil {
			return v, nil
		}
	}
	return value{}, fmt.Errorf("%w: %q holds a %T", ErrStale, o.name, raw)
}

// jsonValue reads a JSON document, or a value decoded from one.
func jsonValue(raw any) (value, error) {
	switch v := raw.(type) {
	case nil:
		return value{}, nil
	case bool:
		return boolValue(v), nil
	case float64:
		return numberValue(v), nil
	case string:
		return textValue(v), nil
	case []any, map[string]any:
		return value{typ: tree, tree: v}, nil
	case json.Number:
		// Beyond the range of float64 the number is infinite, and still ordered.
		f, err := strconv.ParseFloat(v.String(), 64)
		if errors.Is(err, strconv.ErrRange) {
			err = nil
		}
		return numberValue(f), err
	case json.RawMessage:
		if len(v) == 0 {
			return value{}, nil
		}
		if !json.Valid(v) {
			return value{}, errors.New("not JSON")
		}
		d := json.NewDecoder(bytes.NewReader(v))
		d.UseNumber()
		var decoded any
		if err := d.Decode(&decoded); err != nil {
			return value{}, err
		}
		return jsonValue(decoded)
	}
	return value{}, fmt.Errorf("not a JSON value: %T", raw)
}
