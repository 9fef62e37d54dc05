package origin

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// Casting is as lenient as PocketBase's: what a type cannot make sense of becomes its zero value, and the
// field's rules then tell whether that will do.

// castValue makes the canonical value (Record) of any field but a file or a password out of an input value.
func castValue(f *Field, v any) any {
	switch f.Type {
	case NumberField:
		return castNumber(v)
	case BoolField:
		return castBool(v)
	case DateField, AutodateField:
		return castDate(v)
	case JSONField:
		return castJSON(v)
	case SelectField, RelationField, FileField:
		return shapeList(f, castList(v))
	}
	return castText(v)
}

// zeroValue is the canonical value of a field that nothing was written into.
func zeroValue(f *Field) any {
	if f.Type == JSONField {
		return json.RawMessage(nil)
	}
	return castValue(f, nil)
}

// shapeList turns a list into the canonical value: of several values a single field takes the last.
func shapeList(f *Field, list []string) any {
	switch {
	case f.Multiple():
		return list
	case len(list) == 0:
		return ""
	}
	return list[len(list)-1]
}

// castText knows text, numbers and truth values; all else is empty. Of text it keeps what every catalog can: UTF-8
// without NUL.
func castText(v any) string {
	switch v := v.(type) {
	case string:
		return storable(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case json.Number:
		return v.String()
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// storable puts the replacement character in place of what is no text.
func storable(s string) string {
	const replacement = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement)
}

func castNumber(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case bool:
		if v {
			return 1
		}
	case json.Number:
		return parseNumber(v.String())
	case string:
		return parseNumber(v)
	}
	return 0
}

// parseNumber keeps an overflow as infinite, which the field's rules refuse, and takes what is no number for 0.
func parseNumber(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) {
		return 0
	}
	return n
}

func castBool(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		b, _ := strconv.ParseBool(v)
		return b
	}
	return castNumber(v) != 0
}

// dateLayouts are tried in turn; Go's parser takes a fraction of a second after any of the seconds.
var dateLayouts = [...]string{
	"2006-01-02 15:04:05Z07:00", time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.DateOnly,
	"2006-01-02 15:04:05Z0700", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00",
	"2006-01-02 15:04:05 -0700 MST", time.RFC1123Z, time.RFC1123, time.RFC850, time.RFC822Z, time.RFC822,
	time.ANSIC, time.UnixDate, time.RubyDate, "02 Jan 2006",
}

// castDate knows the common ways to write a date; all else, numbers among it, is no date. A date without a zone is UTC.
func castDate(v any) string {
	s, _ := v.(string)
	if s == "" {
		return ""
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return formatDate(t)
		}
	}
	return ""
}

// formatDate writes a time in DateLayout; what that cannot say, and the zero time, is no date.
func formatDate(t time.Time) string {
	t = t.UTC()
	if t.IsZero() || t.Year() < 0 || t.Year() > 9999 {
		return ""
	}
	return t.Format(DateLayout)
}

// castJSON takes a string that looks like a JSON value for one, so that forms can submit any value, and any other
// string for itself.
func castJSON(v any) json.RawMessage {
	if s, ok := v.(string); ok {
		s = storable(s)
		v = s
		if looksLikeJSON(s) {
			v = json.RawMessage(s)
		}
	}
	raw, err := json.Marshal(v) // compacts a RawMessage
	if err != nil || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return raw
}

func looksLikeJSON(s string) bool {
	switch {
	case s == "":
		return false
	case s == "null" || s == "true" || s == "false":
		return true
	}
	return strings.IndexByte(`0123456789-"[{`, s[0]) >= 0 && json.Valid([]byte(s))
}

// castList makes a list of texts without empty ones and repetitions. A string that is a JSON list of strings is that list.
func castList(v any) []string {
	list, seen := []string{}, make(map[string]bool)
	add := func(s string) {
		if s != "" && !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	switch v := v.(type) {
	case nil:
	case []string:
		for _, s := range v {
			add(castText(s))
		}
	case []any:
		for _, e := range v {
			add(castText(e))
		}
	case string:
		var parsed []string
		if strings.Contains(v, "[") && json.Unmarshal([]byte(v), &parsed) == nil {
			return castList(parsed)
		}
		add(castText(v))
	default:
		add(castText(v))
	}
	return list
}
