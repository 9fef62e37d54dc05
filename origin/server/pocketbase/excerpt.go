package pocketbase

import (
	"html"
	"strings"
	"unicode"
)

// excerpt is the modifier ":excerpt(max, withEllipsis)": the text of a piece of HTML, cut at max characters.
type excerpt struct {
	max      int
	ellipsis bool
}

func (e *excerpt) of(s string) string {
	plain := plainText(s)
	runes := []rune(plain)
	if len(runes) <= e.max {
		return plain
	}
	short := strings.TrimSpace(string(runes[:e.max]))
	if e.ellipsis {
		short += "..."
	}
	return short
}

// inlineTags stand within a word or sentence; every other tag parts words.
var inlineTags = tagSet("a abbr acronym b bdo big br cite code em i label q small span strong strike sub sup time")

// silentTags have contents that are no text of the page.
var silentTags = tagSet("head style script iframe object svg picture dialog template button form textarea select")

func tagSet(names string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range strings.Fields(names) {
		set[name] = true
	}
	return set
}

// plainText is the text of a piece of HTML, its white space collapsed. It is text and no HTML: an escaped "<" is a "<"
// in it.
func plainText(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		text, rest, found := strings.Cut(s, "<")
		b.WriteString(html.UnescapeString(text))
		if !found {
			break
		}
		name, closing, after := cutTag(rest)
		switch {
		case name == "": // a "<" that begins no tag
			b.WriteByte('<')
			after = rest
		case silentTags[name] && !closing:
			after = afterClosing(after, name)
			b.WriteByte(' ')
		case !inlineTags[name]:
			b.WriteByte(' ')
		}
		s = after
	}
	return strings.Join(strings.FieldsFunc(b.String(), unicode.IsSpace), " ")
}

// cutTag reads a tag or a comment, of which the "<" has been read, and returns the tag's name in lower case and what
// comes after it. A tag that never ends takes the rest with it.
func cutTag(s string) (name string, closing bool, after string) {
	if comment, ok := strings.CutPrefix(s, "!--"); ok {
		_, after, _ = strings.Cut(comment, "-->")
		return "!--", false, after
	}
	s, closing = strings.CutPrefix(s, "/")
	n := strings.IndexFunc(s, func(r rune) bool { return r == '>' || r == '/' || unicode.IsSpace(r) })
	if n < 0 {
		n = len(s)
	}
	if n == 0 || !isLetter(s[0]) && s[0] != '!' && s[0] != '?' {
		return "", false, ""
	}
	_, after, _ = strings.Cut(s[n:], ">")
	return strings.ToLower(s[:n]), closing, after
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// afterClosing returns what comes after the closing tag of that name; nothing where there is none.
func afterClosing(s, name string) string {
	for {
		_, rest, found := strings.Cut(s, "</")
		if !found {
			return ""
		}
		if closed, _, after := cutTag(rest); closed == name {
			return after
		}
		s = rest
	}
}
