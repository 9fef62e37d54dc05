package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/internal/intern"
)

// named is a handler that can be told from others: it returns its own name for an error.
type named string

func (n named) Error() string { return string(n) }

// routes makes a router of lines "METHOD /pattern", each of which is its handler's name.
func routes(lines ...string) *Router {
	router := &Router{}
	mount := router.Mount("", nil)
	for _, line := range lines {
		method, pattern, _ := strings.Cut(line, " ")
		mount.Handle(method, pattern, func(*Request) error { return named(line) })
	}
	mount.Fallback(func(*Request) error { return named("fallback") })
	return router
}

// route tells which handler a request finds, and with which parameters.
func (t *Router) route(method, path string) string {
	r := &Request{server: &Server{words: intern.New()}}
	found := t.find(r, []byte(method), []byte(path)).handle(r).Error()
	if found == "fallback" {
		return found // what a path that led nowhere left of parameters means nothing
	}
	for i := range r.params {
		found += fmt.Sprintf(" %q", r.Param(i))
	}
	return found
}

func TestRouting(t *testing.T) {
	router := routes(
		"GET /", "GET /api/files/{c}/{r}/{f}", "HEAD /api/files/{c}/{r}/{f}", "POST /api/files/token", "GET /api/files/{secret}",
		"GET /a/{x}/b", "GET /a/literal/c", "GET /a/{x}/{y}/d",
		"GET /"+strings.Repeat("s/", maxSegments-1)+"s",
		"GET /p/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}",
		"GET /up/{x}/{path...}", "GET /up/{x}/literal/z",
	)
	for _, c := range []struct{ name, method, path, want string }{
		{"the root", "GET", "/", `GET /`},
		{"three parameters", "GET", "/api/files/c/r/f.jpg", `GET /api/files/{c}/{r}/{f} "c" "r" "f.jpg"`},
		{"another method of the same path", "HEAD", "/api/files/c/r/f.jpg", `HEAD /api/files/{c}/{r}/{f} "c" "r" "f.jpg"`},
		{"a method that the path has not", "PUT", "/api/files/c/r/f.jpg", `fallback`},
		{"methods in lower case are others", "get", "/", `fallback`},
		{"a literal goes before a parameter", "POST", "/api/files/token", `POST /api/files/token`},
		{"a literal of another method leaves the parameter", "GET", "/api/files/token", `GET /api/files/{secret} "token"`},
		{"a literal that leads nowhere leaves the parameter", "GET", "/a/literal/b", `GET /a/{x}/b "literal"`},
		{"a literal that leads somewhere", "GET", "/a/literal/c", `GET /a/literal/c`},
		{"back through two parameters", "GET", "/a/literal/c/d", `GET /a/{x}/{y}/d "literal" "c"`},
		{"literals are compared byte by byte", "GET", "/A/literal/c", `fallback`},
		{"an encoded literal is none", "GET", "/%61/literal/c", `fallback`},
		{"%2F is a part of a segment", "GET", "/api/files/c/r/..%2Fx", `GET /api/files/{c}/{r}/{f} "c" "r" "../x"`},
		{"and so it is in lower case", "GET", "/a/1%2f2/b", `GET /a/{x}/b "1/2"`},
		{"decoding is done once", "GET", "/a/%252F/b", `GET /a/{x}/b "%2F"`},
		{"a plus is a plus", "GET", "/a/1+2/b", `GET /a/{x}/b "1+2"`},
		{"NUL", "GET", "/a/%00/b", `GET /a/{x}/b "\x00"`},
		{"what is not UTF-8", "GET", "/a/%ff/b", `GET /a/{x}/b "\xff"`},
		{"a broken escape stands for itself", "GET", "/a/%zz%41/b", `GET /a/{x}/b "%zz%41"`},
		{"dots are names like any other", "GET", "/a/../b", `GET /a/{x}/b ".."`},
		{"an empty segment is no parameter", "GET", "/a//b", `fallback`},
		{"a slash at the end", "GET", "/api/files/c/r/f/", `fallback`},
		{"a segment too few", "GET", "/api/files/c/r", `fallback`},
		{"a segment too many", "GET", "/api/files/c/r/f/x", `fallback`},
		{"two slashes at the beginning", "GET", "//api/files/token", `fallback`},
		{"as many segments as there may be", "GET", "/" + strings.Repeat("s/", maxSegments-1) + "s", "GET /" + strings.Repeat("s/", maxSegments-1) + "s"},
		{"more segments than there may be", "GET", "/" + strings.Repeat("s/", maxSegments) + "s", `fallback`},
		{"very many segments", "GET", strings.Repeat("/", 100_000), `fallback`},
		{"as many parameters as there may be", "GET", "/p/1/2/3/4/5/6/7/8", `GET /p/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8} "1" "2" "3" "4" "5" "6" "7" "8"`},
		{"what is left of a path", "GET", "/up/1/a/b%20c/d.jpg", `GET /up/{x}/{path...} "1" "a/b c/d.jpg"`},
		{"one segment that is left", "GET", "/up/1/a", `GET /up/{x}/{path...} "1" "a"`},
		{"nothing that is left", "GET", "/up/1/", `fallback`},
		{"a slash that is left behind a name", "GET", "/up/1/a/", `GET /up/{x}/{path...} "1" "a/"`},
		{"a literal goes before what is left", "GET", "/up/1/literal/z", `GET /up/{x}/literal/z "1"`},
		{"a literal that leads nowhere leaves what is left", "GET", "/up/1/literal/y", `GET /up/{x}/{path...} "1" "literal/y"`},
		{"very much that is left", "GET", "/up/1" + strings.Repeat("/s", 100), `GET /up/{x}/{path...} "1" "` + strings.Repeat("s/", 99) + `s"`},
		{"no path", "GET", "", `GET /`},
		{"a server as a whole", "OPTIONS", "*", `fallback`},
	} {
		if got := router.route(c.method, c.path); got != c.want {
			t.Errorf("%s: %s %.80s finds %s, want %s", c.name, c.method, c.path, got, c.want)
		}
	}
}

func TestMountsKeepTheirPrefixAndTheirWords(t *testing.T) {
	router := &Router{}
	said := ""
	for _, prefix := range []string{"", "/flextype", "/other/"} {
		mount := router.Mount(prefix, func(*Request, error) { said = prefix })
		mount.Handle("GET", "/files/{name}", func(*Request) error { return named(prefix) })
	}
	for path, want := range map[string]string{"/files/x": "", "/flextype/files/x": "/flextype", "/other/files/x": "/other/"} {
		m := router.find(&Request{server: &Server{words: intern.New()}}, []byte("GET"), []byte(path))
		m.fail(nil, nil)
		if got := m.handle(nil).Error(); got != want || said != want {
			t.Errorf("%s is answered by the mount of %q in the words of %q", path, got, said)
		}
	}
}

func TestMistakesInRoutesAreSeenAtTheStart(t *testing.T) {
	for name, lines := range map[string][]string{
		"the same route twice":                {"GET /a/{x}", "GET /a/{x}"},
		"the same route by another parameter": {"GET /a/{x}", "GET /a/{y}"},
		"more parameters than are kept":       {"GET /{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}/{9}"},
		"more segments than are looked at":    {"GET " + strings.Repeat("/s", maxSegments+1)},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			routes(lines...)
		})
	}
}

// TestTheRouteFoundIsTheMostLiteralOne compares find with a plain model: of all patterns that match, segment by
// segment, the one that is literal at the first place where they differ.
func TestTheRouteFoundIsTheMostLiteralOne(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "{p}"})
	pattern := rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "segments"), "/")
	})
	matches := func(pattern, path string) bool {
		want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
		return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || w == "{p}" && h != "" })
	}
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"GET", "PUT"}).Draw(t, "method") + " " + pattern.Draw(t, "pattern")
		}), 0, 12, rapid.ID[string]).Draw(t, "routes")
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", ""}), 1, 4).Draw(t, "path"), "/")
		want := ""
		for _, line := range lines {
			p, ok := strings.CutPrefix(line, "GET ")
			// "{" sorts after every letter, so the least pattern is the most literal.
			if ok && matches(p, path) && (want == "" || p < want) {
				want = p
			}
		}
		got, _, _ := strings.Cut(strings.TrimPrefix(routes(lines...).route("GET", path), "GET "), " ")
		if want == "" {
			want = "fallback"
		}
		if got != want {
			t.Fatalf("%s finds %s, want %s", path, got, want)
		}
	})
}
