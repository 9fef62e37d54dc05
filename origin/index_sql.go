package origin

import "errors"

// ParseIndex reads a CREATE INDEX statement of the native dialect.
func ParseIndex(sql string) (Index, error) { return Index{}, errors.New("not an index") }

// FormatIndex writes the CREATE INDEX statement of an index over the collection of that name.
func FormatIndex(collection string, ix Index) string { return "" }
