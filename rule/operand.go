package rule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ganigeorgiev/fexpr"
)

type origin uint8

const (
	literal origin = iota
	macro
	field // of the record
	auth
	query
	header
	method
	context
)

type modifier uint8

const (
	asIs modifier = iota
	each
	length
	lower
	isset
)

var modifiers = map[string]modifier{"": asIs, "each": each, "length": length, "lower": lower, "isset": isset}

// operand is one side of a comparison.
type operand struct {
	from    origin
	name    string // of the field, parameter or header, or the macro
	kind    Kind   // of the field itself, before the modifier
	mod     modifier
	literal value
	macro   func(time.Time) value
}

// yields is the kind of what the operand is compared as.
func (o operand) yields() Kind {
	switch o.mod {
	case length:
		return Number
	case isset:
		return Bool
	}
	return o.kind
}

// stored reports whether the value is known to the database only.
func (o operand) stored() bool { return o.from == field }

var wordRE = regexp.MustCompile(`^\w+$`)

// resolver turns the tokens of one expression into operands.
type resolver struct {
	record, auth Schema
}

func (r *resolver) operand(t fexpr.Token) (operand, error) {
	switch t.Type {
	case fexpr.TokenText:
		return operand{kind: Text, literal: textValue(t.Literal)}, nil
	case fexpr.TokenNumber:
		f, err := strconv.ParseFloat(t.Literal, 64)
		if err != nil {
			return operand{}, fmt.Errorf("the number %s is out of range", t.Literal)
		}
		return operand{kind: Number, literal: numberValue(f)}, nil
	case fexpr.TokenFunction:
		return operand{}, fmt.Errorf("the function %s() is not supported", t.Literal)
	}
	name, mod, err := splitModifier(t.Literal)
	if err != nil {
		return operand{}, err
	}
	o, err := r.identifier(name)
	if err != nil {
		return operand{}, err
	}
	o.mod = mod
	return o, o.checkModifier(t.Literal)
}

func splitModifier(s string) (name string, mod modifier, err error) {
	name, suffix, found := strings.Cut(s, ":")
	mod, ok := modifiers[suffix]
	if found && (!ok || suffix == "") {
		return "", 0, fmt.Errorf("%q has a modifier that is not supported", s)
	}
	return name, mod, nil
}

func (r *resolver) identifier(name string) (operand, error) {
	if rest, ok := strings.CutPrefix(name, "@request."); ok {
		return r.request(name, rest)
	}
	if m, ok := macros[name]; ok {
		return operand{from: macro, name: name, kind: Text, macro: m}, nil
	}
	if strings.HasPrefix(name, "@collection.") {
		return operand{}, fmt.Errorf("%q: other collections can't be asked", name)
	}
	// A field may be called true, false or null and then comes first, as in PocketBase.
	if kind, ok := r.record[name]; ok {
		return operand{from: field, name: name, kind: kind}, nil
	}
	switch strings.ToLower(name) {
	case "true":
		return operand{kind: Bool, literal: boolValue(true)}, nil
	case "false":
		return operand{kind: Bool, literal: boolValue(false)}, nil
	case "null":
		return operand{kind: Text}, nil
	}
	if strings.Contains(name, ".") {
		return operand{}, fmt.Errorf("%q: a path through a relation or into a JSON field is not supported", name)
	}
	return operand{}, fmt.Errorf("unknown field %q", name)
}

func (r *resolver) request(name, rest string) (operand, error) {
	switch rest {
	case "method":
		return operand{from: method, kind: Text}, nil
	case "context":
		return operand{from: context, kind: Text}, nil
	}
	part, key, _ := strings.Cut(rest, ".")
	switch part {
	case "auth", "query", "headers":
		if strings.Contains(key, ".") {
			return operand{}, fmt.Errorf("%q: a path through a relation or into a value is not supported", name)
		}
		if !wordRE.MatchString(key) {
			return operand{}, fmt.Errorf("%q needs a name after @request.%s", name, part)
		}
	case "body", "data":
		return operand{}, fmt.Errorf("%q: what a request submits can't be asked", name)
	default:
		return operand{}, fmt.Errorf("unknown name %q", name)
	}
	switch part {
	case "query":
		return operand{from: query, name: key, kind: Text}, nil
	case "headers":
		return operand{from: header, name: key, kind: Text}, nil
	}
	kind, ok := r.auth[key]
	if !ok {
		switch key {
		case "id", "collectionId", "collectionName":
			kind = Text
		default:
			return operand{}, fmt.Errorf("unknown field %q of the authenticated record", name)
		}
	}
	return operand{from: auth, name: key, kind: kind}, nil
}

func (o operand) checkModifier(src string) error {
	var ok bool
	switch o.mod {
	case asIs:
		return nil
	case each, length:
		ok = o.kind == List
	case lower:
		ok = (o.kind == Text || o.kind == Date) && o.from != literal && o.from != macro
	case isset:
		ok = o.from == query || o.from == header
	}
	if !ok {
		return fmt.Errorf("%q: the modifier does not go with it", src)
	}
	return nil
}

// class is what a kind has in common with others when it is compared.
type class uint8

const (
	texts class = iota + 1
	numbers
	lists
	jsons
)

func (k Kind) class() class {
	switch k {
	case Number, Bool:
		return numbers
	case List:
		return lists
	case JSON:
		return jsons
	}
	return texts
}

// checkSides refuses the comparisons that no database can be asked without
// an error, or that two databases would answer differently. Constants are
// not refused: a value that does not fit compares as unequal.
func checkSides(l operand, o op, r operand) error {
	if o.like() {
		for _, side := range []operand{l, r} {
			if side.stored() && side.yields().class() == numbers {
				return fmt.Errorf("~ and !~ look into texts and %q is none", side.name)
			}
		}
		if r.stored() && (l.kind == JSON || r.kind == JSON) {
			return fmt.Errorf("~ and !~ can't look for %q in %q", r.name, l.name)
		}
	}
	lc, rc := l.yields().class(), r.yields().class()
	if lc == lists && rc == lists && !o.equality() && l.mod != each && r.mod != each {
		return fmt.Errorf("two lists compare with = and != only; put :each on one of them")
	}
	if l.stored() && r.stored() && !mayCompare(lc, rc) ||
		lc == lists && r.stored() && (rc == numbers || rc == jsons) ||
		rc == lists && l.stored() && (lc == numbers || lc == jsons) {
		return fmt.Errorf("%q and %q are of kinds that don't compare", l.name, r.name)
	}
	return nil
}

// mayCompare says which classes of fields compare with each other.
func mayCompare(a, b class) bool {
	return a == b && a != jsons || a == lists && b == texts || a == texts && b == lists
}
