package rule

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPattern bounds the right side of ~, in bytes. SQLite refuses a LIKE
// pattern above 50,000 bytes, and escaping may double ours.
const maxPattern = 20000

// Marks of a pattern beside its literal characters.
const (
	anyOne rune = -1 // _
	anyRun rune = -2 // %
)

// pattern is the right side of ~ as PocketBase reads it. Without an unescaped
// % the text is looked for anywhere, and _ stands for itself. With one, the
// text is a LIKE pattern for the whole left side: % is any run of characters,
// _ any one. In both, a backslash takes the special meaning off %, _ and
// itself. Letters of ASCII match in either case, no others do.
type pattern struct {
	runes   []rune // literal characters in ASCII lower case, anyOne, anyRun
	literal string // for "contains": the literal characters
	simple  bool   // "contains" is all there is to it
	never   bool   // ends in a bare escape: matches nothing, as in SQLite
}

func compilePattern(s string) (*pattern, error) {
	if len(s) > maxPattern {
		return nil, fmt.Errorf("%w: a text to look for has %d bytes, more than %d", ErrRequest, len(s), maxPattern)
	}
	if !hasWildcard(s) {
		return containing(s), nil
	}
	p := &pattern{runes: make([]rune, 0, len(s))}
	escaped := false
	for _, c := range s {
		switch {
		case escaped:
			p.runes = append(p.runes, lowerRune(c))
			escaped = false
		case c == '\\':
			escaped = true
		case c == '%':
			p.runes = append(p.runes, anyRun)
		case c == '_':
			p.runes = append(p.runes, anyOne)
		default:
			p.runes = append(p.runes, lowerRune(c))
		}
	}
	p.never = escaped
	return p, nil
}

// containing reads a text without wildcards. A backslash before anything that
// needs no escape stands for itself.
func containing(s string) *pattern {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`\%_`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	p := &pattern{simple: true, literal: lowerASCII(b.String())}
	p.runes = append(append(append(p.runes, anyRun), []rune(p.literal)...), anyRun)
	return p
}

// hasWildcard reports whether s has a % that no backslash precedes, where two
// backslashes stand for one character.
func hasWildcard(s string) bool {
	escaped := false
	for i := range len(s) {
		switch {
		case escaped:
			escaped = false
		case s[i] == '\\':
			escaped = true
		case s[i] == '%':
			return true
		}
	}
	return false
}

// match looks at most len(s) × len(p.runes) times: after a mismatch only the
// last % can take one character more, the earlier ones need not be tried again.
func (p *pattern) match(s string) bool {
	if p.never {
		return false
	}
	if p.simple {
		return strings.Contains(lowerASCII(s), p.literal)
	}
	at, back, resume := 0, -1, 0
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case at < len(p.runes) && p.runes[at] == anyRun:
			back, resume = at, i
			at++
		case at < len(p.runes) && (p.runes[at] == anyOne || p.runes[at] == lowerRune(c)):
			at++
			i += size
		case back >= 0:
			_, size = utf8.DecodeRuneInString(s[resume:])
			resume += size
			at, i = back+1, resume
		default:
			return false
		}
	}
	for at < len(p.runes) && p.runes[at] == anyRun {
		at++
	}
	return at == len(p.runes)
}

// sql writes the pattern for LIKE with a backslash as its escape.
func (p *pattern) sql() string {
	var b strings.Builder
	for _, c := range p.runes {
		switch c {
		case anyRun:
			b.WriteByte('%')
		case anyOne:
			b.WriteByte('_')
		case '%', '_', '\\':
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// containsFold is ~ with a field on its right: its characters have no special
// meaning, so that what is in the data can't widen what is matched.
func containsFold(s, sub string) bool {
	return strings.Contains(lowerASCII(s), lowerASCII(sub))
}

func lowerRune(c rune) rune {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				b[j] = byte(lowerRune(rune(b[j])))
			}
			return string(b)
		}
	}
	return s
}

// holdsLike answers ~ and !~. Nothing contains a null and a null contains
// nothing, so both operators are false of it, as in SQL. In a JSON value the
// strings are looked at, at any depth. p is r's pattern if already compiled.
func holdsLike(o op, l, r value, p *pattern) (bool, error) {
	if l.typ == null || r.typ == null || r.typ == tree {
		return false, nil
	}
	if r.typ == number {
		r.str = decimal(r.num)
	}
	if r.from == constant && p == nil {
		var err error
		if p, err = compilePattern(r.str); err != nil {
			return false, err
		}
	}
	found := func(s string) bool {
		if r.from == constant {
			return p.match(s)
		}
		return containsFold(s, r.str)
	}
	return search(l, found) == (o == opLike), nil
}

func search(l value, found func(string) bool) bool {
	switch {
	case l.typ == tree:
		return anyString(l.tree, found)
	case l.typ == text:
		return found(l.str)
	}
	return l.from == constant && found(decimal(l.num))
}

// anyString asks found about every string in a decoded JSON value.
func anyString(v any, found func(string) bool) bool {
	switch v := v.(type) {
	case string:
		return found(v)
	case []any:
		for _, e := range v {
			if anyString(e, found) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if anyString(e, found) {
				return true
			}
		}
	}
	return false
}
