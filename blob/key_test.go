package blob

import (
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func TestKeysThatEveryStoreCanKeep(t *testing.T) {
	deep := strings.Repeat("a/", 511) + "aa"
	for key, valid := range map[string]bool{
		"a": true, "a/.tmp": true, "a/lost+found": true, "lost+found2/a": true, "a/é": true, "a/\xff": false, deep: true,
		".tmp": false, ".tmp/a": false, ".tmp2": false, ".a/b": false, "lost+found": false, "lost+found/a": false, deep + "a": false,
	} {
		if err := CheckKey(origin.Key(key)); (err == nil) != valid {
			t.Errorf("%.64q: %v", key, err)
		}
		if err := CheckFolder(origin.Key(key + "/")); (err == nil) != valid {
			t.Errorf("%.64q: %v", key+"/", err)
		}
	}
}

func TestPrefixes(t *testing.T) {
	for prefix, valid := range map[string]bool{
		"": true, "a": true, "a/": true, "a/b": true, "a/.": true, "a/..": true, ".": true,
		"/": false, "/a": false, "//": false, "a//": false, "./": false, "../": false, "a/../": false, "a/../b": false,
		".tmp/": false, ".tmp/a": false, "a\x00": false, "a/\x00": false, "a/" + strings.Repeat("x", 256): false,
		strings.Repeat("a/", 512): true, strings.Repeat("a/", 513): false,
	} {
		if err := CheckPrefix(origin.Key(prefix)); (err == nil) != valid {
			t.Errorf("%.64q: %v", prefix, err)
		}
	}
}
