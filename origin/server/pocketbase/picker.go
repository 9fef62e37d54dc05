package pocketbase

import (
	"encoding/json"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// picker is the parsed "fields" parameter: which keys of an answer are sent. Paths are relative to the whole answer, and
// go through lists as if these were not there.
type picker struct {
	all     bool               // "*": every key, but for those named beside it
	keys    map[string]*picker // nil below: the whole value
	excerpt *excerpt
}

// excerpt is the modifier ":excerpt(max, withEllipsis)": text without HTML, cut at max characters.
type excerpt struct {
	max      int
	ellipsis bool
}

// Bounds of the parameter.
const (
	maxPickLength = 2048
	maxPickDepth  = 8
)

// parsePicker reads the parameter; empty means everything and is a nil picker.
func parsePicker(s string) (*picker, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	if len(s) > maxPickLength {
		return nil, errMalformed
	}
	root := &picker{}
	for _, path := range splitFields(s) {
		path, modifier, modified := strings.Cut(strings.TrimSpace(path), ":")
		if path == "" {
			continue
		}
		var cut *excerpt
		if modified {
			if cut = parseExcerpt(modifier); cut == nil {
				return nil, errMalformed
			}
		}
		steps := strings.Split(path, ".")
		if len(steps) > maxPickDepth {
			return nil, errMalformed
		}
		root.add(steps, cut)
	}
	return root, nil
}

// splitFields splits at commas outside of parentheses.
func splitFields(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

func parseExcerpt(s string) *excerpt {
	arguments, ok := strings.CutPrefix(strings.TrimSpace(s), "excerpt(")
	arguments, closed := strings.CutSuffix(arguments, ")")
	limit, ellipsis, _ := strings.Cut(arguments, ",")
	n, err := strconv.Atoi(strings.TrimSpace(limit))
	if !ok || !closed || err != nil || n < 1 {
		return nil
	}
	on, err := strconv.ParseBool(strings.TrimSpace(ellipsis))
	return &excerpt{n, err == nil && on}
}

func (p *picker) add(steps []string, cut *excerpt) {
	if len(steps) == 0 {
		p.excerpt = cut
		return
	}
	if steps[0] == "*" && len(steps) == 1 {
		p.all = true
		return
	}
	if p.keys == nil {
		p.keys = make(map[string]*picker)
	}
	if p.keys[steps[0]] == nil {
		p.keys[steps[0]] = &picker{}
	}
	p.keys[steps[0]].add(steps[1:], cut)
}

// pick returns the picked part of a value made of maps, lists and scalars.
func (p *picker) pick(v any) any {
	if p.excerpt != nil {
		if s, ok := v.(string); ok {
			return p.excerpt.cut(s)
		}
		return v
	}
	if !p.all && p.keys == nil {
		return v
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = p.pick(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, value := range v {
			if next := p.keys[k]; next != nil {
				out[k] = next.pick(value)
			} else if next := p.keys["*"]; next != nil {
				out[k] = next.pick(value)
			} else if p.all {
				out[k] = value
			}
		}
		return out
	case json.RawMessage: // a json field: what it holds can be picked from too
		var decoded any
		if json.Unmarshal(v, &decoded) == nil {
			return p.pick(decoded)
		}
	}
	return v
}

var (
	htmlTag    = regexp.MustCompile(`(?s)<[^>]*>`)
	whiteSpace = regexp.MustCompile(`\s+`)
)

func (e *excerpt) cut(s string) string {
	plain := html.UnescapeString(htmlTag.ReplaceAllString(s, " "))
	plain = strings.TrimSpace(whiteSpace.ReplaceAllString(plain, " "))
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
