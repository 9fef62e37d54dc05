// Package blob is what every store of objects has in common: which keys there are.
//
// Its law: what one store keeps, every other can keep too, so that a library can move.
package blob

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
)

const (
	// MaxKey is the greatest length of a key in bytes: that of S3. It also bounds how deep folders nest.
	MaxKey = 1024
	// maxSegment is NAME_MAX of the file systems in use, and what origin.Key promises.
	maxSegment = 255
)

var (
	errKey    = errors.New("not a key")
	errPrefix = errors.New("not a prefix of keys")
)

// CheckKey lets through what origin.Key allows, less what not every store can keep: keys above MaxKey, NUL bytes, what is not
// UTF-8, and first segments that stores have for themselves.
func CheckKey(key origin.Key) error {
	if !validPath(string(key)) {
		return fmt.Errorf("%w: %.64q", errKey, string(key))
	}
	return nil
}

// CheckFolder is CheckKey for a prefix that ends with "/".
func CheckFolder(prefix origin.Key) error {
	path, ok := strings.CutSuffix(string(prefix), "/")
	if !ok || !validPath(path) {
		return fmt.Errorf("%w: %.64q", errPrefix, string(prefix))
	}
	return nil
}

// CheckPrefix is CheckKey for any beginning of a key, the empty one included.
func CheckPrefix(prefix origin.Key) error {
	path, rest := SplitKey(prefix)
	if len(prefix) > MaxKey || strings.HasPrefix(string(prefix), "/") || path != "" && !validPath(path) ||
		len(rest) > maxSegment || strings.IndexByte(rest, 0) >= 0 {
		return fmt.Errorf("%w: %.64q", errPrefix, string(prefix))
	}
	return nil
}

func validPath(path string) bool {
	if len(path) > MaxKey || Reserved(path) || !utf8.ValidString(path) {
		return false
	}
	for more := true; more; {
		var segment string
		segment, path, more = strings.Cut(path, "/")
		if segment == "" || segment == "." || segment == ".." || len(segment) > maxSegment ||
			strings.IndexByte(segment, 0) >= 0 {
			return false
		}
	}
	return true
}

// Reserved tells whether a path leads to what is no part of any key at the top of a store: whatever is hidden, and the
// folder that ext4 has at the top of a volume, which only root can read.
func Reserved(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.HasPrefix(first, ".") || first == "lost+found"
}

// SplitKey parts a key, or a prefix, at its last "/". Path is empty where there is none.
func SplitKey(key origin.Key) (path, base string) {
	i := strings.LastIndexByte(string(key), '/')
	return string(key[:max(i, 0)]), string(key[i+1:])
}
