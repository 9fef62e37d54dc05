package main

import (
	"bufio"
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/imgorigin/imgorigin"

// mayImport says which of our packages each package may depend on, directly or through others. "x/**" is x and all below it.
// Tests are not held to it: they wire real parts together.
var mayImport = map[string][]string{
	"cmd/imgorigin":                     {"**"},
	"origin/server":                     {"origin", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/server/demo":                {"origin/server", "origin", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/server/pocketbase":          {"origin/server", "origin", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/server/fibery":              {"origin/server", "origin", "origin/fetch", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/server/baasix":              {"origin/server", "origin", "origin/fetch", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/server/foir":                {"origin/server", "origin", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/server/flextype":            {"origin/server", "origin", "auth", "transform", "cache", "rule", "internal/intern"},
	"origin/fetch":                      {},
	"origin":                            {"transform", "cache", "auth", "rule", "internal/intern"},
	"transform":                         {},
	"cache":                             {},
	"auth":                              {},
	"rule":                              {},
	"transform/vips":                    {"transform", "transform/vips/internal/yardstick"},
	"transform/vips/internal/yardstick": {"transform"}, // cgo for the tests of vips, which Go allows in no _test file
	"catalog":                           {"origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"catalog/sqlite":                    {"catalog", "origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"catalog/postgres":                  {"catalog", "origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"catalog/catalogtest":               {"catalog", "origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"catalog/transfer":                  {"catalog", "origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"blob":                              {"origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"blob/local":                        {"blob", "origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"blob/s3":                           {"blob", "origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"blob/blobtest":                     {"origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"blob/fallback":                     {"origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"blob/transfer":                     {"origin", "transform", "cache", "auth", "rule", "internal/intern"},
	"internal/intern":                   {},
	"internal/picture":                  {},
	"internal/pgtest":                   {},
	"internal/s3test":                   {},
	"internal/faulty":                   {},
	"bench/rig":                         {},                                // what it measures is what an operator gets
	"bench/torture":                     {"bench/rig", "internal/picture"}, // pictures made by code are its input; the program it meets by HTTP
	"bench/soak":                        {"bench/rig", "internal/picture"},
	"bench/bare":                        {},
	"bench/speed":                       {"bench/cluster", "bench/rig", "internal/faulty", "internal/pgtest", "internal/picture", "internal/s3test"},
	"bench/gallery":                     {"bench/rig"},
	"bench/cluster":                     {"bench/rig", "internal/faulty", "internal/pgtest", "internal/s3test"},
	"bench/chaos":                       {"bench/cluster", "bench/rig", "internal/faulty", "internal/pgtest", "internal/picture", "internal/s3test"},
}

// onlyIn says which of our packages may import a library themselves.
var onlyIn = map[string][]string{
	"github.com/valyala/fasthttp":         {"origin/server", "bench/bare"}, // bare is what the host is compared with
	"github.com/h2non/bimg":               {"transform/vips"},
	"github.com/dgraph-io/ristretto/v2":   {"cache"},
	"github.com/golang-jwt/jwt/v5":        {"auth"},
	"golang.org/x/crypto/bcrypt":          {"auth"},
	"github.com/mattn/go-sqlite3":         {"catalog/sqlite"},
	"github.com/jackc/pgx/v5":             {"catalog/postgres"},
	"github.com/ganigeorgiev/fexpr":       {"rule"},
	"github.com/alecthomas/kong":          {"cmd/imgorigin"},
	"github.com/graph-gophers/graphql-go": {"origin/server/foir"},
	"github.com/gabriel-vasile/mimetype":  {"origin"},
	"github.com/bbrks/go-blurhash":        {"origin"},
	"code.dny.dev/ssrf":                   {"origin/fetch"},
	"github.com/minio/minio-go/v7":        {"blob/s3", "internal/s3test"},
	"net/http":                            {"cmd/imgorigin", "origin/fetch", "blob/s3", "internal/s3test", "internal/faulty", "bench/rig", "bench/torture", "bench/soak", "bench/speed", "bench/gallery", "bench/chaos"},
	"C":                                   {"transform/vips", "transform/vips/internal/yardstick"},
}

// listed is one line of go list: the package, then what it imports or depends on.
func golist(t *testing.T, format string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-f", "{{.ImportPath}} "+format, module+"/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := make(map[string][]string)
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		all[strings.TrimPrefix(words[0], module+"/")] = words[1:]
	}
	return all
}

func TestImportsPointInwards(t *testing.T) {
	for pkg, deps := range golist(t, `{{join .Deps " "}}`) {
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("%s has no place in the house: say in mayImport what it may import", pkg)
			continue
		}
		for _, dep := range deps {
			ours, ok := strings.CutPrefix(dep, module+"/")
			if ok && !slices.Contains(allowed, ours) && !slices.Contains(allowed, "**") {
				t.Errorf("%s depends on %s", pkg, ours)
			}
		}
	}
}

func TestLibrariesStayInTheirPackages(t *testing.T) {
	for pkg, imports := range golist(t, `{{join .Imports " "}}`) {
		for _, dep := range imports {
			owners, held := onlyIn[dep]
			if held && !slices.Contains(owners, pkg) {
				t.Errorf("%s imports %s, which only %v may", pkg, dep, owners)
			}
		}
	}
}

func TestTheCoreKnowsNoHTTP(t *testing.T) {
	for pkg, deps := range golist(t, `{{join .Deps " "}}`) {
		if pkg != "origin" {
			continue
		}
		for _, dep := range deps {
			if strings.Contains(dep, "fasthttp") {
				t.Errorf("origin depends on %s", dep)
			}
		}
	}
}
