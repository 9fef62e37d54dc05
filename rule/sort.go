package rule

import (
	"fmt"
	"strings"
)

// Sort is one key of an ORDER BY.
type Sort struct {
	Field string // a record field, "@random" or "@rowid"
	Desc  bool
	kind  Kind
}

// ParseSort reads "-created,+name,@random,@rowid": at most MaxSorts keys, each
// a field of the record or one of the two special names, descending after '-'.
// Lists and JSON have no order. An empty src is no keys.
func ParseSort(src string, record Schema) ([]Sort, error) {
	if src == "" {
		return nil, nil
	}
	names := strings.Split(src, ",")
	if len(names) > MaxSorts {
		return nil, fmt.Errorf("%w: %d sort keys, at most %d", ErrTooMany, len(names), MaxSorts)
	}
	keys := make([]Sort, 0, len(names))
	for _, name := range names {
		s, err := parseSort(strings.TrimSpace(name), record)
		if err != nil {
			return nil, err
		}
		keys = append(keys, s)
	}
	return keys, nil
}

func parseSort(name string, record Schema) (Sort, error) {
	if len(name) > MaxSortLength {
		return Sort{}, fmt.Errorf("%w: a sort key has at most %d", ErrTooLong, MaxSortLength)
	}
	field, desc := strings.CutPrefix(name, "-")
	if !desc {
		field = strings.TrimPrefix(name, "+")
	}
	s := Sort{Field: field, Desc: desc}
	if field == "@random" || field == "@rowid" {
		return s, nil
	}
	s.kind = record[field]
	switch s.kind {
	case 0:
		return Sort{}, fmt.Errorf("%w: no field %q to sort by", ErrUnsupported, field)
	case List, JSON:
		return Sort{}, fmt.Errorf("%w: %q has no order to sort by", ErrUnsupported, field)
	}
	return s, nil
}

// OrderBy returns the keys as the text that follows ORDER BY; "" for none.
func OrderBy(d Dialect, keys []Sort, columns Columns) (string, error) {
	b := &builder{dialect: d}
	parts := make([]string, 0, len(keys))
	for _, key := range keys {
		if key.Field == "@random" {
			parts = append(parts, "RANDOM()")
			continue
		}
		col, kind := columns(key.Field)
		if col == "" || key.Field != "@rowid" && kind != key.kind {
			return "", fmt.Errorf("%w: no field %q of the kind it had", ErrStale, key.Field)
		}
		if key.kind.class() == texts && key.Field != "@rowid" {
			col = b.bytewise(col)
		}
		if key.Desc {
			col += " DESC"
		}
		parts = append(parts, col)
	}
	return strings.Join(parts, ", "), nil
}
