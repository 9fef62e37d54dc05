package auth

import (
	"errors"
	"fmt"
	"strings"
)

// Scope is a set of what an API key may do in the media library. The zero Scope is nothing.
type Scope uint8

// The scopes.
const (
	FilesRead  Scope = 1 << iota // "files:read": bytes, thumbs and metadata of private files, and lists
	FilesWrite                   // "files:write": uploads, changes and deletions, and the records that refer to files
)

var scopeNames = [...]struct {
	scope Scope
	name  string
}{{FilesRead, "files:read"}, {FilesWrite, "files:write"}}

// ErrScope is wrapped by ParseScope's refusals.
var ErrScope = errors.New("auth: unknown scope")

// ParseScope reads the names of scopes with commas or blanks between them. No name at all is an error too: a key that may
// do nothing is a mistake.
func ParseScope(s string) (Scope, error) {
	var all Scope
	for _, name := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		one := scopeOf(name)
		if one == 0 {
			return 0, fmt.Errorf("%w: %q; there are %s", ErrScope, name, FilesRead|FilesWrite)
		}
		all |= one
	}
	if all == 0 {
		return 0, fmt.Errorf("%w: none is named; there are %s", ErrScope, FilesRead|FilesWrite)
	}
	return all, nil
}

func scopeOf(name string) Scope {
	for _, s := range scopeNames {
		if s.name == name {
			return s.scope
		}
	}
	return 0
}

// Names lists the scopes of a set, in a fixed order.
func (s Scope) Names() []string {
	var names []string
	for _, one := range scopeNames {
		if s&one.scope != 0 {
			names = append(names, one.name)
		}
	}
	return names
}

// String is the form that ParseScope reads.
func (s Scope) String() string { return strings.Join(s.Names(), ",") }
