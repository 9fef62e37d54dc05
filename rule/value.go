package rule

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

type op uint8

const (
	opEq op = iota + 1
	opNeq
	opLt
	opLte
	opGt
	opGte
	opLike
	opNotLike
)

var ops = map[string]op{
	"=": opEq, "!=": opNeq, "<": opLt, "<=": opLte, ">": opGt, ">=": opGte, "~": opLike, "!~": opNotLike,
}

func (o op) equality() bool { return o == opEq || o == opNeq }
func (o op) like() bool     { return o == opLike || o == opNotLike }

// mirror is the operator that asks the same with the sides exchanged.
func (o op) mirror() op {
	switch o {
	case opLt:
		return opGt
	case opLte:
		return opGte
	case opGt:
		return opLt
	case opGte:
		return opLte
	}
	return o
}

type valueType uint8

const (
	null valueType = iota
	text
	number // a boolean is the number 1 or 0, as in SQLite
	list
	tree // a JSON object or array: equal to nothing
)

// source tells a value that the database holds from one that is known before
// the query. It decides how the other side is read (see coerce).
type source uint8

const (
	constant   source = iota // a literal, a macro or a value of the request
	column                   // a field of the record, or an element of a list
	jsonColumn               // a JSON field of the record
)

type value struct {
	typ  valueType
	from source
	each bool // of a list: the :each modifier is on it
	str  string
	num  float64
	list []string
	tree any
}

func textValue(s string) value { return value{typ: text, str: s} }

func numberValue(f float64) value {
	return value{typ: number, num: f + 0} // -0 becomes 0, so that its text has no sign
}

func boolValue(b bool) value {
	if b {
		return value{typ: number, num: 1}
	}
	return value{typ: number}
}

// empty reports whether v is what = and != take for the same thing: nothing,
// or a text without characters. A JSON field tells the two apart.
func (v value) empty() bool {
	return v.from != jsonColumn && (v.typ == null || v.typ == text && v.str == "")
}

// asText is the text of a text or number, and false for anything else.
func (v value) asText() (string, bool) {
	if v.typ == number {
		return decimal(v.num), true
	}
	return v.str, v.typ == text
}

// numeric reads the decimal numbers that the grammar itself has: no exponent,
// no leading '+', no space.
func numeric(s string) (float64, bool) {
	digits, dot := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '-' && i == 0:
		case c == '.' && !dot && digits > 0 && i < len(s)-1:
			dot = true
		default:
			return 0, false
		}
	}
	if digits == 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f + 0, err == nil
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// coerce brings two single values to one type. A record's text is never read
// as a number, because not every database can do that without an error: the
// number becomes its decimal text instead. Any other text against a number is
// read as a decimal number. A JSON field is compared as it is. Values that
// can't be brought to one type don't compare: they are unequal, neither is
// less, and that is no error.
func coerce(l, r value) (value, value, bool) {
	switch {
	case l.typ == r.typ:
		return l, r, l.typ != tree
	case l.from == jsonColumn || r.from == jsonColumn:
		return l, r, false
	case l.typ == text && r.typ == number:
		l, r = meet(l, r)
		return l, r, l.typ == r.typ
	case l.typ == number && r.typ == text:
		r, l = meet(r, l)
		return l, r, l.typ == r.typ
	}
	return l, r, false
}

// meet gives a text and a number one type, unless the text is not a number.
func meet(t, n value) (value, value) {
	if t.from == column {
		n.typ, n.str = text, decimal(n.num)
	} else if f, ok := numeric(t.str); ok {
		t.typ, t.num = number, f
	}
	return t, n
}

// holds compares two single values.
func holds(o op, l, r value, p *pattern) (bool, error) {
	switch {
	case o.like():
		return holdsLike(o, l, r, p)
	case o.equality():
		return equal(l, r) == (o == opEq), nil
	}
	l, r, ok := coerce(l, r)
	if !ok || l.typ == null {
		return false, nil
	}
	if l.typ == text {
		return ordered(o, strings.Compare(l.str, r.str)), nil
	}
	return ordered(o, cmp.Compare(l.num, r.num)), nil
}

func ordered(o op, c int) bool {
	switch o {
	case opLt:
		return c < 0
	case opLte:
		return c <= 0
	case opGt:
		return c > 0
	case opGte:
		return c >= 0
	}
	return false
}

func equal(l, r value) bool {
	if l.from != jsonColumn && r.from != jsonColumn && (l.empty() || r.empty()) {
		return l.empty() && r.empty()
	}
	l, r, ok := coerce(l, r)
	if !ok {
		return false
	}
	switch l.typ {
	case null:
		return true
	case text:
		return l.str == r.str
	}
	return l.num == r.num
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
