package server

import (
	"errors"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/imgorigin/imgorigin/internal/intern"
)

func TestPlacesAreOffAPrefixAHostOrBoth(t *testing.T) {
	for text, want := range map[string]Place{
		"/": {}, "/flextype": {Prefix: "/flextype"}, "/a/b/": {Prefix: "/a/b"}, "files.example.com": {Host: "files.example.com"},
		"Files.Example.COM:8090/x": {Host: "files.example.com", Prefix: "/x"}, "[::1]:80/": {Host: "[::1]"},
	} {
		if p, on, err := ParsePlace(text); err != nil || !on || p != want {
			t.Errorf("%q is %+v, %t, %v, want %+v", text, p, on, err, want)
		}
	}
	if p, on, err := ParsePlace("off"); err != nil || on || p != (Place{}) {
		t.Errorf("off is %+v, %t, %v", p, on, err)
	}
	for _, text := range []string{"", "/a//b", "/a/../b", "/{x}", "/a?b", "a b", "/a b", "héllo", "/a%2fb", "http://x/", strings.Repeat("/a", maxSegments)} {
		if p, on, err := ParsePlace(text); !errors.Is(err, ErrPlace) || on {
			t.Errorf("%q is %+v, %t, %v", text, p, on, err)
		}
	}
}

func TestAHostHasRoutesOfItsOwnBesideThoseOfAll(t *testing.T) {
	router := routes("GET /a", "GET /b")
	mount := router.MountAt(Place{Host: "files.example.com", Prefix: "/p"}, nil)
	mount.Handle("GET", "/a", func(*Request) error { return named("p of the host") })
	router.MountAt(Place{Host: "files.example.com"}, nil).Handle("GET", "/b", func(*Request) error { return named("b of the host") })
	for _, c := range []struct{ host, path, want string }{
		{"files.example.com", "/p/a", "p of the host"},
		{"FILES.example.com:8090", "/p/a", "p of the host"},
		{"files.example.com", "/b", "b of the host"},
		{"files.example.com", "/a", "GET /a"},
		{"example.com", "/p/a", "fallback"},
		{"example.com", "/b", "GET /b"},
		{"", "/b", "GET /b"},
		{strings.Repeat("x", 5000), "/b", "GET /b"},
	} {
		r := &Request{server: &Server{words: intern.New()}, http: &fasthttp.RequestCtx{}}
		r.http.Request.Header.SetHost(c.host)
		if got := router.find(r, []byte("GET"), []byte(c.path)).handle(r).Error(); got != c.want {
			t.Errorf("%.40s%s finds %s, want %s", c.host, c.path, got, c.want)
		}
	}
}

func FuzzPlace(f *testing.F) {
	for _, s := range []string{"off", "/", "/a/b", "host", "host:1/a", "[::1]:80", "//", "/{a}", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, on, err := ParsePlace(s)
		if err != nil || !on {
			return
		}
		(&Router{}).MountAt(p, nil).Handle("GET", "/x", nil) // panics on what no path could match
		again, on, err := ParsePlace(p.Host + p.Prefix + "/")
		if err != nil || !on || again != p {
			t.Fatalf("%q is %+v, which is %+v, %v", s, p, again, err)
		}
	})
}
