package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// everyForm lists one thumb of each form.
var everyForm = []string{"60x40", "60x40t", "60x40b", "60x40f", "0x40", "60x0"}

func jpegOf(w, h int) []byte { return picture.Must(picture.JPEG(picture.Chart(w, h), 90)) }

// dimensions reads a picture's format and size from its bytes, WebP too.
func dimensions(t *testing.T, data []byte) (format string, w, h int) {
	t.Helper()
	if len(data) > 30 && string(data[8:12]) == "WEBP" {
		switch string(data[12:16]) {
		case "VP8X":
			return "webp", 1 + int(data[24]) + int(data[25])<<8 + int(data[26])<<16, 1 + int(data[27]) + int(data[28])<<8 + int(data[29])<<16
		case "VP8L":
			bits := uint32(data[21]) | uint32(data[22])<<8 | uint32(data[23])<<16 | uint32(data[24])<<24
			return "webp", int(bits&0x3fff) + 1, int(bits>>14&0x3fff) + 1
		}
		return "webp", int(data[26]) | int(data[27]&0x3f)<<8, int(data[28]) | int(data[29]&0x3f)<<8
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("not a picture: %v: %.100q", err, data)
	}
	return format, c.Width, c.Height
}

func TestEveryThumbFormOfEveryFormat(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", everyForm, nil)
	chart := picture.Chart(300, 150)
	for _, source := range []struct {
		name, file, contentType string
		data                    []byte
	}{
		{"jpeg", "a.jpg", "image/jpeg", picture.Must(picture.JPEG(chart, 90))},
		{"png", "a.png", "image/png", picture.Must(picture.PNG(chart))},
		{"gif", "a.gif", "image/gif", picture.Must(picture.GIF(picture.Pinwheel(150, 3)))},
		{"webp", "a.webp", "image/webp", picture.Must(picture.WebP(chart))},
	} {
		t.Run(source.name, func(t *testing.T) {
			path := p.upload("photos", source.file, source.data)
			original := p.get(path).want(t, 200)
			if !bytes.Equal(original.body, source.data) {
				t.Fatal("the original is not what was uploaded")
			}
			_, w, h := dimensions(t, source.data)
			for spec, want := range map[string][2]int{
				"60x40": {60, 40}, "60x40t": {60, 40}, "60x40b": {60, 40}, "60x40f": fitted(w, h, 60, 40),
				"0x40": {40 * w / h, 40}, "60x0": {60, 60 * h / w}, "100x100": {100, 100},
			} {
				a := p.get(path+"?thumb="+spec).want(t, 200)
				format, gotW, gotH := dimensions(t, a.body)
				if format != source.name || gotW != want[0] || gotH != want[1] {
					t.Errorf("%s: %s of %d×%d, want %v", spec, format, gotW, gotH, want)
				}
				if got := a.header.Get("Content-Type"); got != source.contentType {
					t.Errorf("%s: Content-Type %s", spec, got)
				}
				stored := path[strings.LastIndexByte(path, '/')+1:]
				if got, want := a.header.Get("Content-Disposition"), "inline; filename="+spec+"_"+stored; got != want {
					t.Errorf("%s: Content-Disposition %q, want %q", spec, got, want)
				}
			}
		})
	}
}

// fitted is the size of a w×h picture inside a W×H box, for pictures that are larger.
func fitted(w, h, boxW, boxH int) [2]int {
	if w*boxH > boxW*h {
		return [2]int{boxW, boxW * h / w}
	}
	return [2]int{boxH * w / h, boxH}
}

func TestHeadersOfAFileAreTheseAndNoOthers(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", everyForm, nil)
	path := p.upload("photos", "a.jpg", jpegOf(300, 150))
	stored := path[strings.LastIndexByte(path, '/')+1:]
	for _, name := range []string{"original", "thumb"} {
		query, disposition := "", "inline; filename="+stored
		if name == "thumb" {
			query, disposition = "?thumb=60x40", "inline; filename=60x40_"+stored
		}
		a := p.get(path+query).want(t, 200)
		want := map[string]string{
			"Accept-Ranges": "bytes", "Access-Control-Allow-Origin": "*",
			"Cache-Control":           "max-age=2592000, stale-while-revalidate=86400",
			"Content-Disposition":     disposition,
			"Content-Length":          fmt.Sprint(len(a.body)),
			"Content-Security-Policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
			"Content-Type":            "image/jpeg", "X-Content-Type-Options": "nosniff", "X-Xss-Protection": "1; mode=block",
		}
		for k := range a.header {
			switch _, known := want[k]; {
			case known && a.header.Get(k) != want[k]:
				t.Errorf("%s: %s is %q, want %q", name, k, a.header.Get(k), want[k])
			case !known && k != "Etag" && k != "Last-Modified" && k != "Date":
				t.Errorf("%s: unexpected %s: %s", name, k, a.header.Get(k))
			}
		}
		for k := range want {
			if a.header.Get(k) == "" {
				t.Errorf("%s: no %s", name, k)
			}
		}
		if tag := a.header.Get("Etag"); len(tag) != 34 || tag[0] != '"' {
			t.Errorf("%s: ETag %s is not strong", name, tag)
		}
		head := p.head(path+query).want(t, 200)
		if head.header.Get("Content-Length") != fmt.Sprint(len(a.body)) || len(head.body) != 0 || head.header.Get("Etag") != a.header.Get("Etag") {
			t.Errorf("%s: HEAD says %v", name, head.header)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", nil, nil)
	path := p.upload("photos", "a.jpg", jpegOf(300, 150))
	parts := strings.Split(path, "/") // "", api, files, collection, record, name
	plain := `{"data":{},"message":"The requested resource wasn't found.","status":404}` + "\n"
	context := `{"data":{},"message":"Missing or invalid collection context.","status":404}` + "\n"
	for _, c := range []struct {
		name, method, path, body, cache string
	}{
		{"another name", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/x.jpg", plain, "max-age=5"},
		{"another record", "GET", "/api/files/" + parts[3] + "/aaaaaaaaaaaaaaa/" + parts[5], plain, "max-age=5"},
		{"another collection", "GET", "/api/files/nothing/" + parts[4] + "/" + parts[5], context, "max-age=5"},
		{"with a token", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/x.jpg?token=x", plain, "no-store"},
		{"a name with an encoded slash", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/..%2f" + parts[5], plain, "max-age=5"},
		{"a name with dots", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/%2e%2e", plain, "max-age=5"},
		{"a NUL", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/a%00b", plain, "max-age=5"},
		{"a broken escape", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/%zz", plain, "max-age=5"},
		{"a name too long", "GET", "/api/files/" + parts[3] + "/" + parts[4] + "/" + strings.Repeat("a", 5000), plain, "max-age=5"},
		{"the sidecar of another server", "GET", path + ".attrs", plain, "max-age=5"},
		{"too few segments", "GET", "/api/files/" + parts[3] + "/" + parts[4], plain, "no-store"},
		{"a trailing slash", "GET", path + "/", plain, "no-store"},
		{"another method", "POST", path, plain, "no-store"},
		{"delete", "DELETE", path, plain, "no-store"},
		{"an unknown route", "GET", "/api/nothing", plain, "no-store"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := p.do(c.method, c.path, nil).want(t, 404)
			if string(a.body) != c.body {
				t.Errorf("body %s", a.body)
			}
			if got := a.header.Get("Cache-Control"); got != c.cache {
				t.Errorf("Cache-Control %q, want %q", got, c.cache)
			}
			if a.header.Get("X-Frame-Options") != "SAMEORIGIN" || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
	p.get(path+"?thumb=").want(t, 200)
	// Names in any case and ids mean the collection.
	for _, c := range []string{"photos", "PHOTOS", parts[3]} {
		p.get("/api/files/"+c+"/"+parts[4]+"/"+parts[5]).want(t, 200)
	}
}

func TestAnOriginalInPlaceOfAThumbIsKeptBriefly(t *testing.T) {
	p := start(t, "--max-pixels", "50000").asAdmin()
	p.collection("photos", everyForm, nil)
	small := picture.Must(picture.JPEG(picture.Chart(200, 100), 90))
	for _, c := range []struct {
		name, file, thumb string
		data              []byte
	}{
		{"a size that is not listed", "a.jpg", "61x40", small},
		{"a size in other words", "a.jpg", "060x40", small},
		{"not a size", "a.jpg", "large", small},
		{"more pixels than the limit", "a.jpg", "60x40", jpegOf(400, 200)},
		{"a truncated picture", "a.jpg", "60x40", small[:len(small)/2]},
		{"a picture of another kind", "a.svg", "60x40", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		{"text", "a.jpg", "60x40", []byte("no picture")},
		{"nothing", "a.jpg", "60x40", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := p.upload("photos", c.file, c.data)
			a := p.get(path+"?thumb="+c.thumb).want(t, 200)
			if !bytes.Equal(a.body, c.data) {
				t.Errorf("not the original: %.60q", a.body)
			}
			if got := a.header.Get("Cache-Control"); got != "max-age=60" {
				t.Errorf("Cache-Control %q", got)
			}
			original := p.get(path).want(t, 200)
			if original.header.Get("Cache-Control") == "max-age=60" || original.header.Get("Etag") != a.header.Get("Etag") {
				t.Errorf("the original itself: %v", original.header)
			}
		})
	}
}

func TestConditionsAndRanges(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", everyForm, nil)
	path := p.upload("photos", "a.jpg", jpegOf(300, 150))
	for _, query := range []string{"", "?thumb=60x40"} {
		whole := p.get(path+query).want(t, 200)
		tag, date, size := whole.header.Get("Etag"), whole.header.Get("Last-Modified"), len(whole.body)
		before := "Mon, 02 Jan 2006 15:04:05 GMT"
		for _, c := range []struct {
			name    string
			headers []string
			status  int
			from, n int // of the body, for 206
		}{
			{"If-None-Match of it", []string{"If-None-Match: " + tag}, 304, 0, 0},
			{"If-None-Match, weakly", []string{"If-None-Match: W/" + tag}, 304, 0, 0},
			{"If-None-Match in a list", []string{`If-None-Match: "x", ` + tag}, 304, 0, 0},
			{"If-None-Match on two lines", []string{`If-None-Match: "x"`, "If-None-Match: " + tag}, 304, 0, 0},
			{"an If-Match that fails goes before If-None-Match", []string{`If-Match: "x"`, "If-None-Match: " + tag}, 412, 0, 0},
			{"If-None-Match of anything", []string{"If-None-Match: *"}, 304, 0, 0},
			{"If-None-Match of another", []string{`If-None-Match: "x"`}, 200, 0, 0},
			{"If-None-Match of another beats the date", []string{`If-None-Match: "x"`, "If-Modified-Since: " + date}, 200, 0, 0},
			{"If-Modified-Since its date", []string{"If-Modified-Since: " + date}, 304, 0, 0},
			{"If-Modified-Since before", []string{"If-Modified-Since: " + before}, 200, 0, 0},
			{"If-Modified-Since nonsense", []string{"If-Modified-Since: yesterday"}, 200, 0, 0},
			{"If-Match of it", []string{"If-Match: " + tag}, 200, 0, 0},
			{"If-Match of another", []string{`If-Match: "x"`}, 412, 0, 0},
			{"If-Match is strong", []string{"If-Match: W/" + tag}, 412, 0, 0},
			{"If-Unmodified-Since before", []string{"If-Unmodified-Since: " + before}, 412, 0, 0},
			{"the first bytes", []string{"Range: bytes=0-99"}, 206, 0, 100},
			{"from somewhere on", []string{"Range: bytes=100-"}, 206, 100, size - 100},
			{"the last bytes", []string{"Range: bytes=-50"}, 206, size - 50, 50},
			{"beyond the end", []string{"Range: bytes=10-999999"}, 206, 10, size - 10},
			{"a suffix longer than all", []string{"Range: bytes=-999999"}, 206, 0, size},
			{"unsatisfiable", []string{"Range: bytes=999999-"}, 416, 0, 0},
			{"backwards is no range", []string{"Range: bytes=5-1"}, 200, 0, 0},
			{"another unit", []string{"Range: lines=1-2"}, 200, 0, 0},
			{"overlapping", []string{"Range: bytes=0-50,40-60"}, 200, 0, 0},
			{"too many", []string{"Range: bytes=" + manyRanges(17)}, 200, 0, 0},
			{"If-Range of it", []string{"Range: bytes=0-9", "If-Range: " + tag}, 206, 0, 10},
			{"If-Range of another", []string{"Range: bytes=0-9", `If-Range: "x"`}, 200, 0, 0},
			{"If-Range is strong", []string{"Range: bytes=0-9", "If-Range: W/" + tag}, 200, 0, 0},
			{"If-Range its date", []string{"Range: bytes=0-9", "If-Range: " + date}, 206, 0, 10},
			{"If-Range another date", []string{"Range: bytes=0-9", "If-Range: " + before}, 200, 0, 0},
			{"a condition beats a range", []string{"Range: bytes=0-9", "If-None-Match: " + tag}, 304, 0, 0},
		} {
			t.Run(c.name+" "+query, func(t *testing.T) {
				a := p.get(path+query, c.headers...).want(t, c.status)
				switch c.status {
				case 200:
					if !bytes.Equal(a.body, whole.body) {
						t.Error("not the whole")
					}
				case 206:
					if !bytes.Equal(a.body, whole.body[c.from:c.from+c.n]) {
						t.Errorf("not bytes %d to %d", c.from, c.from+c.n)
					}
					if got, want := a.header.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/%d", c.from, c.from+c.n-1, size); got != want {
						t.Errorf("Content-Range %q, want %q", got, want)
					}
				case 304:
					if len(a.body) > 0 || a.header.Get("Etag") != tag || a.header.Get("Cache-Control") != whole.header.Get("Cache-Control") || a.header.Get("Content-Type") != "" {
						t.Errorf("304 with %v", a.header)
					}
				case 412:
					if len(a.body) > 0 {
						t.Errorf("a body: %q", a.body)
					}
				case 416:
					if got := a.header.Get("Content-Range"); got != fmt.Sprintf("bytes */%d", size) {
						t.Errorf("Content-Range %q", got)
					}
					if got := a.header.Get("Cache-Control"); got != "no-store" {
						t.Errorf("Cache-Control %q", got)
					}
				}
				// Ranges are defined for GET alone (RFC 9110 section 14.2).
				want := a.status
				if want == 206 || want == 416 {
					want = 200
				}
				if h := p.head(path+query, c.headers...); h.status != want || h.header.Get("Content-Range") != "" {
					t.Errorf("HEAD answers %d, GET %d", h.status, a.status)
				}
			})
		}
		t.Run("several ranges "+query, func(t *testing.T) {
			a := p.get(path+query, "Range: bytes=0-9,20-29,-5").want(t, 206)
			kind, params, err := mime.ParseMediaType(a.header.Get("Content-Type"))
			if err != nil || kind != "multipart/byteranges" {
				t.Fatalf("Content-Type %s", a.header.Get("Content-Type"))
			}
			var got []byte
			for r := multipart.NewReader(bytes.NewReader(a.body), params["boundary"]); ; {
				part, err := r.NextPart()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				data, _ := io.ReadAll(part)
				got = append(got, data...)
				if part.Header.Get("Content-Type") != "image/jpeg" || part.Header.Get("Content-Range") == "" {
					t.Errorf("a part's header: %v", part.Header)
				}
			}
			if want := bytes.Join([][]byte{whole.body[:10], whole.body[20:30], whole.body[size-5:]}, nil); !bytes.Equal(got, want) {
				t.Error("the parts are not the ranges")
			}
			if fmt.Sprint(len(a.body)) != a.header.Get("Content-Length") {
				t.Errorf("%d bytes, Content-Length %s", len(a.body), a.header.Get("Content-Length"))
			}
		})
	}
}

func manyRanges(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%d-%d", 4*i, 4*i+1))
	}
	return strings.Join(all, ",")
}

func TestDownloadAndContentTypes(t *testing.T) {
	p := start(t).asAdmin()
	p.collection("photos", nil, nil)
	jpeg := jpegOf(100, 50)
	for _, c := range []struct {
		file, query, contentType, kind string
		data                           []byte
	}{
		{"a.jpg", "", "image/jpeg", "inline", jpeg},
		{"a.jpg", "?download=1", "image/jpeg", "attachment", jpeg},
		{"a.jpg", "?download=True", "image/jpeg", "attachment", jpeg},
		{"a.jpg", "?download=yes", "image/jpeg", "inline", jpeg},
		{"a.jpg", "?download=0", "image/jpeg", "inline", jpeg},
		{"a.jpg", "?download", "image/jpeg", "inline", jpeg},
		{"a.txt", "", "image/jpeg", "inline", jpeg},
		{"a.svg", "", "image/svg+xml", "inline", jpeg},
		{"a.SVG", "", "image/jpeg", "inline", jpeg},
		{"a.png", "", "image/svg+xml", "attachment", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)},
		{"a.jpg", "", "text/html; charset=utf-8", "attachment", []byte("<!doctype html><script>alert(1)</script>")},
		{"a.txt", "", "text/plain; charset=utf-8", "attachment", []byte("text")},
		{"a.css", "", "text/css", "attachment", []byte("b{}")},
		{"a.js", "", "text/javascript", "attachment", []byte("b()")},
		{"a.txt", "", "text/plain", "attachment", nil},
		{"a.json", "", "application/json", "attachment", []byte(`{"a":1}`)},
	} {
		t.Run(c.file+c.query+" "+c.contentType, func(t *testing.T) {
			a := p.get(p.upload("photos", c.file, c.data)+c.query).want(t, 200)
			if got := a.header.Get("Content-Type"); got != c.contentType {
				t.Errorf("Content-Type %q, want %q", got, c.contentType)
			}
			if kind, _, _ := strings.Cut(a.header.Get("Content-Disposition"), ";"); kind != c.kind {
				t.Errorf("%s, want %s", kind, c.kind)
			}
		})
	}
}

func TestOneThumbAskedForByManyIsRenderedOnce(t *testing.T) {
	p := start(t, "--metrics", "127.0.0.1:0").asAdmin()
	p.collection("photos", everyForm, nil)
	path := p.upload("photos", "a.jpg", jpegOf(1000, 750))
	bodies := make([][]byte, 500)
	var all sync.WaitGroup
	for i := range bodies {
		all.Go(func() {
			a, err := p.try("GET", path+"?thumb=60x40", nil)
			if err != nil || a.status != http.StatusOK {
				t.Errorf("status %d, %v", a.status, err)
			}
			bodies[i] = a.body
		})
	}
	all.Wait()
	for _, b := range bodies {
		if !bytes.Equal(b, bodies[0]) {
			t.Fatal("the answers differ")
		}
	}
	if n := p.metric("imgorigin_renders_total"); n != "1" {
		t.Errorf("%s renders", n)
	}
}

// metric reads one number from /metrics.
func (p *program) metric(name string) string {
	p.t.Helper()
	_, after, ok := strings.Cut(p.log.String(), "msg=\"serving metrics\" address=")
	if !ok {
		p.t.Fatal("the program does not say where its metrics are")
	}
	address, _, _ := strings.Cut(after, "\n")
	resp, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	p.t.Fatalf("no metric %s", name)
	return ""
}
