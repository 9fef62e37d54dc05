package pocketbase

import (
	"encoding/json"
	"strconv"
	"strings"
)

// picker is the parsed "fields" parameter: which keys of an answer are sent. Paths go through lists as if these were
// not there. The nil picker picks everything.
type picker struct {
	whole   bool               // a path ends here: the value as it is
	keys    map[string]*picker // by name
	rest    *picker            // "*": every key that is not named beside it; nil: none
	excerpt *excerpt           // where whole: what is made of a text
}

// Bounds of the parameter.
const (
	maxPickLength = 2048
	maxPickDepth  = 8
)

// parsePicker reads the parameter. Empty means everything.
func parsePicker(s string) (*picker, error) {
	if len(s) > maxPickLength {
		return nil, errMalformed
	}
	var root *picker
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
		if root == nil {
			root = &picker{}
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

// add notes one path. A star means something at the end of a path only.
func (p *picker) add(steps []string, cut *excerpt) {
	if len(steps) == 0 {
		p.whole, p.excerpt = true, cut
		return
	}
	if steps[0] == "*" && len(steps) == 1 {
		p.rest = &picker{whole: true, excerpt: cut}
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

// page is the answer to a list: records or collections under "items", in an envelope.
type page map[string]any

// of returns what is picked of an answer. Of a list it is picked from the items and the envelope stays, as in
// PocketBase; paths that begin with "items" are taken for paths from the envelope on.
func (p *picker) of(answer any) any {
	if p == nil {
		return answer
	}
	list, ok := answer.(page)
	if !ok {
		return p.pick(answer)
	}
	if p.keys["items"] != nil {
		return p.pick(map[string]any(list))
	}
	list["items"] = p.pick(list["items"])
	return list
}

// pick returns the picked part of a value made of maps, lists and scalars.
func (p *picker) pick(v any) any {
	if p.whole {
		if s, ok := v.(string); ok && p.excerpt != nil {
			return p.excerpt.of(s)
		}
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
			} else if p.rest != nil {
				out[k] = p.rest.pick(value)
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
