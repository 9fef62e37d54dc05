package local

import (
	"errors"
	"fmt"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
)

const (
	// maxKey is the greatest length of a key in bytes: that of S3, so that every folder can be moved to a bucket. It
	// also bounds how deep folders nest.
	maxKey = 1024
	// maxSegment is NAME_MAX of the file systems in use, and what origin.Key promises.
	maxSegment = 255
	// tempFolder holds what has no key yet.
	tempFolder = ".tmp"
)

var (
	errKey    = errors.New("not a key")
	errPrefix = errors.New("not a prefix of keys")
)

// checkKey lets through what origin.Key allows, less what cannot be kept in a folder: keys above maxKey, NUL bytes,
// and first segments that the folder has for itself.
func checkKey(key origin.Key) error {
	if !validPath(string(key)) {
		return fmt.Errorf("%w: %.64q", errKey, string(key))
	}
	return nil
}

// checkFolder is checkKey for a prefix that ends with "/".
func checkFolder(prefix origin.Key) error {
	path, ok := strings.CutSuffix(string(prefix), "/")
	if !ok || !validPath(path) {
		return fmt.Errorf("%w: %.64q", errPrefix, string(prefix))
	}
	return nil
}

// checkPrefix is checkKey for any beginning of a key, the empty one included.
func checkPrefix(prefix origin.Key) error {
	path, rest := splitKey(prefix)
	if len(prefix) > maxKey || strings.HasPrefix(string(prefix), "/") || path != "" && !validPath(path) ||
		len(rest) > maxSegment || strings.IndexByte(rest, 0) >= 0 {
		return fmt.Errorf("%w: %.64q", errPrefix, string(prefix))
	}
	return nil
}

func validPath(path string) bool {
	if len(path) > maxKey || reserved(path) {
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

// reserved tells whether a path leads to an entry of the root that is no part of any key: .tmp and whatever else is
// hidden, and the folder that ext4 has at the top of a volume, which only root can read.
func reserved(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.HasPrefix(first, ".") || first == "lost+found"
}

// splitKey parts a key, or a prefix, at its last "/". Path is empty where there is none.
func splitKey(key origin.Key) (path, base string) {
	i := strings.LastIndexByte(string(key), '/')
	return string(key[:max(i, 0)]), string(key[i+1:])
}
