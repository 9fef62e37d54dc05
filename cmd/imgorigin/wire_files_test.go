package main

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/internal/picture"
)

const (
	fileCache = "max-age=2592000, stale-while-revalidate=86400"
	fileCSP   = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
	lostRange = "invalid range: failed to overlap\n"
	textPlain = "text/plain; charset=utf-8"
)

// fileSent checks that an answer of the file route has these headers and no others but Date, ETag, Last-Modified and
// Content-Length, which must or must not be there.
func fileSent(t *testing.T, a reply, validators, length bool, own map[string]string) {
	t.Helper()
	want := map[string]string{"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "X-Xss-Protection": "1; mode=block"}
	maps.Copy(want, own)
	got := make(map[string]string)
	for name, values := range a.header {
		got[name] = strings.Join(values, " | ")
	}
	if (got["Last-Modified"] != "") != validators || (got["Content-Length"] != "") != length {
		t.Errorf("Last-Modified %q, Content-Length %q", got["Last-Modified"], got["Content-Length"])
	}
	for _, name := range []string{"Date", "Etag", "Last-Modified", "Content-Length"} {
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func wireFileHeaders(t *testing.T, w *world) {
	w.collection("headers", everyForm, nil)
	path := w.upload("headers", "photo.jpg", jpegOf(300, 150))
	stored := path[strings.LastIndexByte(path, '/')+1:]
	shown := map[string]string{"Cache-Control": fileCache, "Content-Disposition": "inline; filename=" + stored, "Content-Security-Policy": fileCSP}
	with := func(own map[string]string) map[string]string {
		all := maps.Clone(shown)
		maps.Copy(all, own)
		return all
	}
	whole := with(map[string]string{"Accept-Ranges": "bytes", "Content-Type": "image/jpeg"})
	first := w.get(path).want(t, 200)
	size, tag := len(first.body), first.header.Get("Etag")
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		length  bool
		want    map[string]string
		body    string // "-": not looked at
	}{
		{"whole", nil, 200, true, whole, string(first.body)},
		{"asked by another origin", []string{"Origin: https://example.com"}, 200, true, whole, string(first.body)},
		{"not compressed", []string{"Accept-Encoding: gzip, br"}, 200, true, whole, string(first.body)},
		{"not modified", []string{"If-None-Match: " + tag}, 304, false, shown, ""},
		{"a condition that fails", []string{`If-Match: "x"`}, 412, true, with(map[string]string{"Content-Type": "image/jpeg"}), ""},
		{"a part", []string{"Range: bytes=0-9"}, 206, true, with(map[string]string{"Accept-Ranges": "bytes", "Content-Type": "image/jpeg",
			"Content-Range": fmt.Sprintf("bytes 0-9/%d", size)}), string(first.body[:10])},
		{"a malformed range is ignored", []string{"Range: bytes=5-1"}, 200, true, whole, string(first.body)},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.get(path, c.headers...).want(t, c.status)
			fileSent(t, a, true, c.length, c.want)
			if string(a.body) != c.body {
				t.Errorf("%d bytes, want %d", len(a.body), len(c.body))
			}
		})
	}
	t.Run("no part that there is", func(t *testing.T) {
		a := w.get(path, "Range: bytes=999999-").want(t, 416)
		fileSent(t, a, false, true, with(map[string]string{"Accept-Ranges": "bytes", "Cache-Control": "no-store", "Content-Type": textPlain, "Content-Range": fmt.Sprintf("bytes */%d", size)}))
		if string(a.body) != lostRange {
			t.Errorf("%q", a.body)
		}
	})
	t.Run("HEAD of a thumb that was never made", func(t *testing.T) {
		h := w.head(path+"?thumb=0x40").want(t, 200)
		if g := w.get(path + "?thumb=0x40"); h.header.Get("Content-Length") != fmt.Sprint(len(g.body)) || h.header.Get("Etag") != g.header.Get("Etag") {
			t.Errorf("HEAD %v, GET %v", h.header, g.header)
		}
	})
	t.Run("a thumb has its original's date", func(t *testing.T) {
		if got := w.get(path + "?thumb=60x40").header.Get("Last-Modified"); got != first.header.Get("Last-Modified") {
			t.Errorf("%s, want %s", got, first.header.Get("Last-Modified"))
		}
	})
}

func wireFileAddresses(t *testing.T, w *world) {
	w.collection("addresses", everyForm, map[string]any{"listRule": nil, "viewRule": nil, "image": map[string]any{"hidden": true}})
	path := w.upload("addresses", "photo.jpg", jpegOf(300, 150))
	parts := strings.Split(path, "/")
	id, record, name := parts[3], parts[4], parts[5]
	missing, context := refusal(404, notFoundText)+"\n", refusal(404, noContextText)+"\n"
	for _, c := range []struct {
		name, method, path string
		status             int
		body               string // of a refusal
	}{
		{"hidden, and under rules of null", "GET", path, 200, ""},
		{"a token means nothing where nothing is protected", "GET", path + "?token=x", 200, ""},
		{"an empty thumb is the original", "GET", path + "?thumb=", 200, ""},
		{"the collection's name in another case", "GET", "/api/files/ADDRESSES/" + record + "/" + name, 200, ""},
		{"the collection's id in another case", "GET", "/api/files/" + strings.ToUpper(id) + "/" + record + "/" + name, 404, context},
		{"the record's id in another case", "GET", "/api/files/" + id + "/" + strings.ToUpper(record) + "/" + name, 404, missing},
		{"the name in another case", "GET", "/api/files/" + id + "/" + record + "/" + strings.ToUpper(name), 404, missing},
		{"a name that is escaped", "GET", "/api/files/" + id + "/" + record + "/" + strings.Replace(name, "o", "%6F", 1), 200, ""},
		{"a name that is escaped twice", "GET", "/api/files/" + id + "/" + record + "/" + strings.Replace(name, "o", "%256F", 1), 404, missing},
		{"a thumb's path in PocketBase's store", "GET", "/api/files/" + id + "/" + record + "/thumbs_" + name + "%2F100x100_" + name, 404, missing},
		{"a thumb's name", "GET", "/api/files/" + id + "/" + record + "/100x100_" + name, 404, missing},
		{"an extra segment", "GET", path + "/" + name, 404, missing},
		{"no name", "GET", "/api/files/" + id + "/" + record + "/", 404, missing},
		{"the path of a parent", "GET", "/api/files/" + id + "/" + record + "/..%2F" + name, 404, missing},
		{"PUT", "PUT", path, 404, missing},
		{"PATCH", "PATCH", path, 404, missing},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.do(c.method, c.path, nil).want(t, c.status)
			if c.status != 200 && string(a.body) != c.body {
				t.Errorf("%s, want %s", a.body, c.body)
			}
		})
	}
}

func wireFileTypes(t *testing.T, w *world) {
	w.collection("types", everyForm, nil)
	png := picture.Must(picture.PNG(picture.Chart(100, 50)))
	t.Run("a thumb by its original's extension", func(t *testing.T) {
		path := w.upload("types", "x.svg", png)
		a := w.get(path+"?thumb=60x40").want(t, 200)
		if format, _, _ := dimensions(t, a.body); format != "png" || a.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(a.header.Get("Content-Disposition"), "inline;") {
			t.Errorf("%s, %v", format, a.header)
		}
	})
	t.Run("a thumb is downloaded under its name", func(t *testing.T) {
		path := w.upload("types", "photo.jpg", jpegOf(100, 50))
		want := "attachment; filename=60x40_" + path[strings.LastIndexByte(path, '/')+1:]
		if got := w.get(path + "?thumb=60x40&download=t").header.Get("Content-Disposition"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
	t.Run("bytes go before the extension", func(t *testing.T) {
		a := w.get(w.upload("types", "fake.jpg", png)+"?thumb=60x40").want(t, 200)
		if format, _, _ := dimensions(t, a.body); format != "png" || a.header.Get("Content-Type") != "image/png" {
			t.Errorf("%s as %s", format, a.header.Get("Content-Type"))
		}
	})
}

func wireThumbs(t *testing.T, w *world) {
	w.collection("thumbs", []string{"100x300f", "300x0", "0x300", "2000x0", "2000x2000f", "2000x2000", "100x0"}, nil)
	path := w.upload("thumbs", "photo.jpg", jpegOf(1680, 1050))
	for spec, want := range map[string][2]int{
		"100x300f": {100, 62}, "300x0": {300, 188}, "0x300": {480, 300}, "2000x0": {2000, 1250}, "2000x2000f": {1680, 1050}, "2000x2000": {2000, 2000}, "100x100": {100, 100},
	} {
		t.Run(spec, func(t *testing.T) {
			a := w.get(path+"?thumb="+spec).want(t, 200)
			if format, width, height := dimensions(t, a.body); format != "jpeg" || [2]int{width, height} != want {
				t.Errorf("%s of %d×%d, want %v", format, width, height, want)
			}
		})
	}
	t.Run("the first thumb of two counts", func(t *testing.T) {
		a := w.get(path+"?thumb=100x0&thumb=300x0").want(t, 200)
		if _, width, _ := dimensions(t, a.body); width != 100 {
			t.Errorf("%d wide", width)
		}
	})
	t.Run("a small picture grows", func(t *testing.T) {
		a := w.get(w.upload("thumbs", "small.png", picture.Must(picture.PNG(picture.Chart(50, 40))))+"?thumb=100x100").want(t, 200)
		if _, width, height := dimensions(t, a.body); width != 100 || height != 100 {
			t.Errorf("%d×%d", width, height)
		}
	})
	t.Run("WebP stays WebP", func(t *testing.T) {
		a := w.get(w.upload("thumbs", "photo.webp", picture.Must(picture.WebP(picture.Chart(200, 100))))+"?thumb=100x100").want(t, 200)
		if format, _, _ := dimensions(t, a.body); format != "webp" || a.header.Get("Content-Type") != "image/webp" {
			t.Errorf("%s as %s", format, a.header.Get("Content-Type"))
		}
	})
	t.Run("a GIF is one frame and keeps what is transparent", func(t *testing.T) {
		a := w.get(w.upload("thumbs", "wheel.gif", picture.Must(picture.GIF(picture.Pinwheel(150, 3))))+"?thumb=100x100").want(t, 200)
		all, err := gif.DecodeAll(bytes.NewReader(a.body))
		if err != nil || len(all.Image) != 1 {
			t.Fatalf("%d frames, %v", len(all.Image), err)
		}
		if !seeThrough(all.Image[0]) {
			t.Error("nothing is transparent")
		}
	})
	for name, data := range map[string][]byte{
		"photo.jpg": jpegOf(200, 100), "photo.png": picture.Must(picture.PNG(picture.Chart(200, 100))), "photo.webp": picture.Must(picture.WebP(picture.Chart(200, 100))),
	} {
		t.Run("orientation of "+name, func(t *testing.T) {
			turned, err := picture.WithOrientation(data, 6, picture.II)
			if err != nil {
				t.Fatal(err)
			}
			p := w.upload("thumbs", name, turned)
			if !bytes.Equal(w.get(p).body, turned) {
				t.Error("the original is changed")
			}
			if _, width, height := dimensions(t, w.get(p+"?thumb=100x0").want(t, 200).body); width != 100 || height != 200 {
				t.Errorf("%d×%d, want 100×200", width, height)
			}
		})
	}
}

func seeThrough(img image.Image) bool {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if _, _, _, alpha := img.At(x, y).RGBA(); alpha == 0 {
				return true
			}
		}
	}
	return false
}

func wireProtected(t *testing.T, w *world) {
	tokens := make(map[string]string)
	for _, name := range []string{"ann", "admin"} {
		tokens[name] = w.call("POST", "/api/files/token", w.tokens[name], nil).want(t, 200).json(t)["token"].(string)
	}
	for i, c := range []struct {
		name, rule, as, query, header string
		status                        int
	}{
		{"a header of the right value", "@request.headers.x_key = 'k'", "", "", "X-Key: k", 200},
		{"a header of another", "@request.headers.x_key = 'k'", "", "", "X-Key: x", 404},
		{"verified", "@request.auth.verified = true", "ann", "", "", 404},
		{"its collection", "@request.auth.collectionName = 'users'", "ann", "", "", 200},
		{"its own address, which is hidden from others", "@request.auth.email = 'ann@example.com'", "ann", "", "", 200},
		{"either", "@request.query.open = '1' || @request.auth.id != ''", "", "open=1", "", 200},
		{"the first of two", "@request.query.open = '1'", "", "open=0&open=1", "", 404},
		{"a superuser passes whatever the rule is", "@request.query.open = '1'", "admin", "", "", 200},
		{"the size that is asked for", "@request.query.thumb = '60x40'", "", "thumb=60x40", "", 200},
		{"another size", "@request.query.thumb = '60x40'", "", "thumb=0x40", "", 404},
		{"the token as it came", "@request.query.token != '' && @request.auth.id = ''", "", "token=x", "", 200},
		{"a broken token is a guest, and no error", "@request.auth.id = ''", "", "token=a.b.c", "", 200},
		{"another context", "@request.context = 'default'", "ann", "", "", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := fmt.Sprint("guarded", i)
			w.collection(name, everyForm, map[string]any{"viewRule": c.rule, "image": map[string]any{"protected": true}})
			path := w.upload(name, "photo.jpg", jpegOf(100, 50)) + "?" + c.query
			if c.as != "" {
				path += "&token=" + tokens[c.as]
			}
			var headers []string
			if c.header != "" {
				headers = []string{c.header}
			}
			a := w.get(path, headers...).want(t, c.status)
			if c.status == 404 && string(a.body) != refusal(404, notFoundText)+"\n" {
				t.Errorf("%s", a.body)
			}
		})
	}
}
