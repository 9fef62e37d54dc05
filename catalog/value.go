package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// ErrValue is wrapped by the errors of values that are not canonical for their field: a fault of the caller's,
// or a row that no adapter has written.
var ErrValue = errors.New("catalog: not a canonical value")

// IsText tells whether a field's values are strings.
func IsText(f *origin.Field) bool {
	kind := f.Kind()
	return kind == rule.Text || kind == rule.Date
}

// EncodeValue returns the column value (string, float64, bool or nil) of a record's value. Text must be valid UTF-8
// without NUL, because PostgreSQL keeps no other and a catalog must be able to move there.
func EncodeValue(f *origin.Field, v any) (any, error) {
	switch f.Kind() {
	case rule.Text, rule.Date:
		if s, ok := v.(string); ok {
			return s, checkText(f, s)
		}
	case rule.Number:
		if n, ok := v.(float64); ok {
			if math.IsNaN(n) || math.IsInf(n, 0) {
				return nil, fmt.Errorf("%w: field %s: %v", ErrValue, f.Name, n)
			}
			return n + 0, nil // -0 becomes 0: no column tells them apart
		}
	case rule.Bool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case rule.List:
		if list, ok := v.([]string); ok {
			return encodeList(f, list)
		}
	case rule.JSON:
		if raw, ok := v.(json.RawMessage); ok || v == nil {
			return encodeJSON(f, raw)
		}
	}
	return nil, fmt.Errorf("%w: field %s: %T for type %s", ErrValue, f.Name, v, f.Type)
}

// DecodeValue is the inverse of EncodeValue. It takes what drivers return: a bool as integer too, text as bytes too.
func DecodeValue(f *origin.Field, col any) (any, error) {
	if b, ok := col.([]byte); ok {
		col = string(b)
	}
	switch f.Kind() {
	case rule.Text, rule.Date:
		if s, ok := col.(string); ok {
			return s, nil
		}
	case rule.Number:
		switch n := col.(type) {
		case float64:
			return n, nil
		case int64:
			return float64(n), nil
		}
	case rule.Bool:
		switch b := col.(type) {
		case bool:
			return b, nil
		case int64:
			return b != 0, nil
		}
	case rule.List:
		if s, ok := col.(string); ok {
			return decodeList(f, s)
		}
	case rule.JSON:
		if col == nil {
			return json.RawMessage(nil), nil
		}
		if s, ok := col.(string); ok {
			return json.RawMessage(s), nil
		}
	}
	return nil, fmt.Errorf("%w: field %s: column holds %T for type %s", ErrValue, f.Name, col, f.Type)
}

// ZeroValue is the value of a field that was never set.
func ZeroValue(f *origin.Field) any {
	switch f.Kind() {
	case rule.Number:
		return 0.0
	case rule.Bool:
		return false
	case rule.List:
		return []string{}
	case rule.JSON:
		return json.RawMessage(nil)
	}
	return ""
}

func checkText(f *origin.Field, s string) error {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%w: field %s: text is not UTF-8 without NUL", ErrValue, f.Name)
	}
	return nil
}

func encodeList(f *origin.Field, list []string) (any, error) {
	for _, s := range list {
		if err := checkText(f, s); err != nil {
			return nil, err
		}
	}
	return EncodeStrings(list), nil
}

// EncodeStrings returns a JSON array of strings, without white space.
func EncodeStrings[S ~string](list []S) string {
	if len(list) == 0 {
		return "[]"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // the text is compared and searched, not put into a page
	_ = enc.Encode(list)     // strings always encode, and a buffer always takes them
	return strings.TrimSuffix(b.String(), "\n")
}

func decodeList(f *origin.Field, s string) (any, error) {
	list := []string{}
	if s == "" || s == "[]" { // "": a row older than the field's change to a list
		return list, nil
	}
	if err := json.Unmarshal([]byte(s), &list); err != nil || list == nil {
		return nil, fmt.Errorf("%w: field %s: column holds no list", ErrValue, f.Name)
	}
	return list, nil
}

func encodeJSON(f *origin.Field, raw json.RawMessage) (any, error) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("%w: field %s: no valid JSON", ErrValue, f.Name)
	}
	return string(raw), checkText(f, string(raw))
}
