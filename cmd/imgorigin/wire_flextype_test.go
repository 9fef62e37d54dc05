package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// The wire table of Flextype's dialect: every example of its text in the text's order, both spellings where it has two, then what
// is refused.

func TestFlextypeWire(t *testing.T) {
	w := newDialectWorld(t, "Bearer")
	maps.Copy(w.vars, w.keys)
	for _, section := range []struct {
		name string
		run  func(*testing.T, *dialectWorld)
	}{
		{"the text's examples", flextypeExamples}, {"spellings", flextypeSpellings}, {"meta calls never touch the file", flextypeMetaOnly},
		{"uploads", flextypeUploads}, {"pictures", flextypePictures}, {"folders", flextypeFolders}, {"clashes", flextypeClashes},
		{"bytes", flextypeBytes}, {"private files", flextypePrivate}, {"keys", flextypeKeys}, {"refusals", flextypeRefusals}, {"concurrency", flextypeConcurrency},
	} {
		t.Run(section.name, func(t *testing.T) { section.run(t, w) })
	}
	w.checkLog(t)
}

const (
	flexFiles  = "/flextype/api/files"
	flexReads  = "token={reader}"
	flexWrites = `"token":"{reader}","access_token":"{writer}"`
)

// flex sends JSON with both tokens and returns the data of the answer.
func (w *dialectWorld) flex(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	a := w.ask(t, call{method: method, path: path, body: asJSON(`{` + body + `,` + flexWrites + `}`)}).want(t, 200)
	return flexData(t, a)
}

func flexData(t *testing.T, a reply) map[string]any {
	t.Helper()
	if a.header.Get("Referrer-Policy") != "no-referrer" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
	v := a.json(t)
	data, ok := v["data"].(map[string]any)
	if !ok || len(v) != 1 {
		t.Fatalf("%s", a.body)
	}
	return data
}

func (w *dialectWorld) flexGet(t *testing.T, query string) map[string]any {
	t.Helper()
	return flexData(t, w.ask(t, call{method: "GET", path: flexFiles + "?" + flexReads + "&" + query}).want(t, 200))
}

// flexUpload puts a file into a folder as the text's example does.
func (w *dialectWorld) flexUpload(t *testing.T, folder, name string, data []byte, more ...part) map[string]any {
	t.Helper()
	form := append([]part{value("token", w.keys["reader"]), value("access_token", w.keys["writer"]), value("folder", folder)}, more...)
	return flexData(t, w.ask(t, call{method: "POST", path: flexFiles, body: append(form, part{"file", name, data})}).want(t, 200))
}

// flexFile is what an answer says of a 1600×900 JPEG of n bytes at a path.
func (w *dialectWorld) flexFile(title, at string, n int, more map[string]any) map[string]any {
	folder, name := path.Split(at)
	base, ext, _ := strings.Cut(name, ".")
	v := map[string]any{
		"title": title, "description": "", "type": "image/jpeg", "filesize": float64(n), "uploaded_on": "NOW",
		"exif":     map[string]any{"html": `width="1600" height="900"`, "Height": 900.0, "Width": 1600.0, "IsColor": 1.0},
		"filename": name, "basename": base, "extension": ext,
		"dirname":  "/htdocs/flextype/project/uploads/" + strings.TrimSuffix(folder, "/"),
		"url":      "project/uploads/" + at,
		"full_url": w.base + "/flextype/project/uploads/" + at,
	}
	maps.Copy(v, more)
	return v
}

// same compares an answer with what it should be, and asks full_url for the bytes.
func (w *dialectWorld) same(t *testing.T, name string, want, got map[string]any) {
	t.Helper()
	if on, _ := got["uploaded_on"].(float64); time.Since(time.Unix(int64(on), 0)).Abs() < time.Minute {
		got["uploaded_on"] = "NOW"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	w.get(strings.TrimPrefix(fmt.Sprint(got["full_url"]), w.base)).want(t, 200)
}

func flextypeExamples(t *testing.T, w *dialectWorld) {
	const episode, season = "entries/movies/sg-1/season-5/episode-21", "entries/movies/sg-1/season-5"
	photo := jpegOf(1600, 900)
	n := len(photo)
	w.same(t, "upload", w.flexFile("New Cover", episode+"/new-cover.jpg", n, nil), w.flexUpload(t, episode, "new-cover.jpg", photo))

	cover := w.flexUpload(t, episode, "cover.jpg", photo)
	w.same(t, "title", w.flexFile("Episode 21", episode+"/cover.jpg", n, nil),
		w.flex(t, "PATCH", flexFiles+"/meta", `"path":"`+episode+`/cover.jpg","field":"title","value":"Episode 21"`))
	w.same(t, "fetch", w.flexFile("Episode 21", episode+"/cover.jpg", n, nil), w.flexGet(t, "id="+episode+"/cover.jpg"))
	w.flex(t, "PUT", flexFiles, `"path":"`+episode+`/new-cover.jpg","new_path":"elsewhere/new-cover.jpg"`)

	inList := w.flexFile("Episode 21", episode+"/cover.jpg", n, nil)
	for _, query := range []string{"id=" + episode, "id=" + episode + "&collection=true", "path=/" + episode + "/&collection=true"} {
		list := w.flexGet(t, query)
		if len(list) != 1 {
			t.Fatalf("%s: %v", query, list)
		}
		w.same(t, query, inList, list["cover.jpg"].(map[string]any))
	}

	w.same(t, "move to another name", w.flexFile("Episode 21", episode+"/new-cover.jpg", n, nil),
		w.flex(t, "PUT", flexFiles, `"path":"`+episode+`/cover.jpg","new_path":"`+episode+`/new-cover.jpg"`))
	w.flex(t, "PUT", flexFiles, `"path":"`+episode+`/new-cover.jpg","new_path":"`+episode+`/cover.jpg"`)
	w.same(t, "move to another folder", w.flexFile("Episode 21", season+"/cover.jpg", n, nil),
		w.flex(t, "PUT", flexFiles, `"path":"`+episode+`/cover.jpg","new_path":"`+season+`/cover.jpg"`))
	w.ask(t, call{method: "GET", path: flexFiles + "?" + flexReads + "&id=" + episode + "/cover.jpg"}).want(t, 404)

	copied := `"path":"` + season + `/cover.jpg","new_path":"` + episode + `/cover.jpg"`
	for _, name := range []string{"cover.jpg", "cover-2.jpg", "cover-3.jpg", "cover-4.jpg"} {
		w.same(t, "copy", w.flexFile("Episode 21", episode+"/"+name, n, nil), w.flex(t, "PUT", flexFiles+"/copy", copied))
	}

	// new_path means nothing in a meta call, as its examples have one.
	const stray = `,"new_path":"` + episode + `/cover.jpg"`
	w.same(t, "update meta", w.flexFile("Season 5", season+"/cover.jpg", n, nil),
		w.flex(t, "PATCH", flexFiles+"/meta", `"field":"title","value":"Season 5","path":"`+season+`/cover.jpg"`+stray))
	tags := map[string]any{"tags": "sg-1, season-5"}
	w.same(t, "add meta", w.flexFile("Season 5", season+"/cover.jpg", n, tags),
		w.flex(t, "PATCH", flexFiles+"/meta", `"field":"tags","value":"sg-1, season-5","path":"`+season+`/cover.jpg"`+stray))
	w.same(t, "delete meta", w.flexFile("Season 5", season+"/cover.jpg", n, nil),
		w.flex(t, "DELETE", flexFiles+"/meta", `"field":"tags","path":"`+season+`/cover.jpg"`+stray))
	w.same(t, "add meta by the table's call", w.flexFile("Season 5", season+"/cover.jpg", n, tags),
		w.flex(t, "POST", flexFiles+"/meta", `"field":"tags","value":"sg-1, season-5","path":"`+season+`/cover.jpg"`))

	w.flex(t, "PUT", flexFiles, `"path":"elsewhere/new-cover.jpg","new_path":"`+episode+`/new-cover.jpg"`)
	a := w.ask(t, call{method: "DELETE", path: flexFiles, body: asJSON(`{"id":"` + episode + `/new-cover.jpg",` + flexWrites + `}`)}).want(t, 204)
	if len(a.body) != 0 {
		t.Errorf("a body: %s", a.body)
	}
	w.get(strings.TrimPrefix(cover["full_url"].(string), w.base)).want(t, 200) // a copy has the path by now
	w.get("/flextype/project/uploads/"+episode+"/new-cover.jpg").want(t, 404)
}

func flextypeSpellings(t *testing.T, w *dialectWorld) {
	w.flexUpload(t, "spell", "a.txt", []byte("text"))
	for _, c := range []struct {
		name, method, path string
		body               any
		want               string // filename
	}{
		{"path in the query", "GET", flexFiles + "?path=spell/a.txt&" + flexReads, nil, "a.txt"},
		{"id in the query", "GET", flexFiles + "?id=/spell/a.txt/&" + flexReads, nil, "a.txt"},
		{"id in a move", "PUT", flexFiles, asJSON(`{"id":"spell/a.txt","new_path":"spell/b.txt",` + flexWrites + `}`), "b.txt"},
		{"a form", "PUT", flexFiles, typed{"application/x-www-form-urlencoded", "path=spell%2Fb.txt&new_path=spell/c.txt&token={reader}&access_token={writer}"}, "c.txt"},
		{"a multipart form", "PUT", flexFiles, []part{value("path", "spell/c.txt"), value("new_path", "spell/d.txt"), value("token", w.keys["both"]), value("access_token", w.keys["both"])}, "d.txt"},
		{"all of it in the query", "PUT", flexFiles + "?path=spell/d.txt&new_path=spell/e.txt&token={reader}&access_token={writer}", nil, "e.txt"},
		{"JSON that curl declares as a form", "PUT", flexFiles, typed{"application/x-www-form-urlencoded", `{"path":"spell/e.txt","new_path":"spell/f.txt",` + flexWrites + `}`}, "f.txt"},
		{"one key for both tokens", "PUT", flexFiles, asJSON(`{"path":"spell/f.txt","new_path":"spell/g.txt","token":"{both}","access_token":"{both}"}`), "g.txt"},
	} {
		a := w.ask(t, call{method: c.method, path: c.path, body: c.body})
		if a.status != 200 || flexData(t, a)["filename"] != c.want {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	w.ask(t, call{method: "HEAD", path: flexFiles + "?path=spell/g.txt&" + flexReads}).want(t, 200)
	w.ask(t, call{method: "DELETE", path: flexFiles + "?path=spell/g.txt&token={reader}&access_token={writer}"}).want(t, 204)
}

// The text sends meta calls to /api/files too, whose methods would upload, move and delete.
func flextypeMetaOnly(t *testing.T, w *dialectWorld) {
	w.flexUpload(t, "meta", "a.txt", []byte("text"))
	about := `"path":"meta/a.txt","new_path":"meta/b.txt"`
	for _, c := range []struct {
		name, method, body string
		field              string
		want               any
	}{
		{"PUT", "PUT", `"field":"note","value":"one"`, "note", "one"},
		{"POST", "POST", `"field":"note","value":["two",2,null,{"a":true}]`, "note", []any{"two", 2.0, nil, map[string]any{"a": true}}},
		{"DELETE", "DELETE", `"field":"note"`, "note", nil},
		{"a description", "PUT", `"field":"description","value":"words"`, "description", "words"},
		{"an alt", "PUT", `"field":"alt","value":"words"`, "alt", "words"},
		{"no alt", "DELETE", `"field":"alt"`, "alt", nil},
		{"no description", "DELETE", `"field":"description"`, "description", ""},
		{"no title is the name's", "DELETE", `"field":"title"`, "title", "A"},
		{"a title that is a number", "PUT", `"field":"title","value":5`, "title", "5"},
	} {
		v := w.flex(t, c.method, flexFiles, about+","+c.body)
		if diff := cmp.Diff(c.want, v[c.field]); diff != "" || v["filename"] != "a.txt" {
			t.Errorf("%s: %s %v", c.name, diff, v)
		}
	}
	// Such a call changes nothing but what it says, even one that is refused.
	for name, c := range map[string]call{
		"DELETE with an empty field":   {method: "DELETE", path: flexFiles, body: asJSON(`{` + about + `,"field":"",` + flexWrites + `}`)},
		"DELETE with null for a field": {method: "DELETE", path: flexFiles, body: asJSON(`{` + about + `,"field":null,` + flexWrites + `}`)},
		"DELETE with a field's list":   {method: "DELETE", path: flexFiles, body: asJSON(`{` + about + `,"field":["x"],` + flexWrites + `}`)},
		"PUT without a value":          {method: "PUT", path: flexFiles, body: asJSON(`{` + about + `,"field":"title",` + flexWrites + `}`)},
		"PUT of a computed field":      {method: "PUT", path: flexFiles, body: asJSON(`{` + about + `,"field":"filename","value":"b.txt",` + flexWrites + `}`)},
		"PUT of a path":                {method: "PUT", path: flexFiles, body: asJSON(`{` + about + `,"field":"full_url","value":"x",` + flexWrites + `}`)},
		"DELETE of a computed field":   {method: "DELETE", path: flexFiles + "/meta", body: asJSON(`{` + about + `,"field":"url",` + flexWrites + `}`)},
		"a title that is a list":       {method: "PATCH", path: flexFiles + "/meta", body: asJSON(`{` + about + `,"field":"title","value":[],` + flexWrites + `}`)},
		"POST with a file":             {method: "POST", path: flexFiles, body: []part{value("token", w.keys["both"]), value("access_token", w.keys["both"]), value("folder", "meta"), value("field", "x"), {"file", "c.txt", []byte("c")}}},
		"POST with a file first":       {method: "POST", path: flexFiles, body: []part{value("token", w.keys["both"]), value("access_token", w.keys["both"]), {"file", "c.txt", []byte("c")}, value("folder", "meta"), value("field", "x")}},
	} {
		if a := w.ask(t, c); a.status != 400 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if list := w.flexGet(t, "path=meta"); len(list) != 1 || list["a.txt"] == nil {
		t.Errorf("%v", list)
	}
	// Two who say something of one file at the same time keep each other's.
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			body := w.fill(fmt.Sprintf(`{"path":"meta/a.txt","field":"f%d","value":%d,%s}`, i, i, flexWrites))
			if a, err := w.try("PATCH", flexFiles+"/meta", strings.NewReader(body)); err != nil || a.status != 200 {
				t.Errorf("%v %d", err, a.status)
			}
		})
	}
	all.Wait()
	v := w.flexGet(t, "path=meta/a.txt")
	for i := range 8 {
		if v[fmt.Sprintf("f%d", i)] != float64(i) {
			t.Errorf("f%d is lost", i)
		}
	}
}

func flextypeUploads(t *testing.T, w *dialectWorld) {
	for _, c := range []struct{ name, folder, given, url, title string }{
		{"blanks and letters", "up/ä b", "my new_Cover (1).txt", "project/uploads/up/%C3%A4%20b/my%20new_Cover%20%281%29.txt", "My New Cover (1)"},
		{"the root", "", "root.txt", "project/uploads/root.txt", "Root"},
		{"slashes around the folder", "/up/", "x.txt", "project/uploads/up/x.txt", "X"},
		{"a path as a name", "up", "../../etc/passwd", "project/uploads/up/passwd", "Passwd"},
		{"a question mark", "up", "a?b#c%2F.txt", "project/uploads/up/a%3Fb%23c%252F.txt", "A?b#c%2F"},
	} {
		v := w.flexUpload(t, c.folder, c.given, []byte("text"))
		if v["url"] != c.url || v["title"] != c.title || v["full_url"] != w.base+"/flextype/"+c.url {
			t.Errorf("%s: %v", c.name, v)
		}
		if a := w.get("/flextype/" + v["url"].(string)); a.status != 200 || string(a.body) != "text" {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	both := []part{value("token", w.keys["both"]), value("access_token", w.keys["both"])}
	file := part{"file", "y.txt", []byte("text")}
	for name, form := range map[string][]part{
		"no folder": append(both[:2:2], file), "no file": append(both[:2:2], value("folder", "up")),
		"a folder that leads out": append(both[:2:2], value("folder", "../.."), file), "two files": append(both[:2:2], value("folder", "up"), file, file),
		"another part": append(both[:2:2], value("folder", "up"), part{"image", "y.txt", []byte("text")}),
		"a visibility": append(both[:2:2], value("folder", "up"), value("visibility", "all"), file),
	} {
		if a := w.ask(t, call{method: "POST", path: flexFiles, body: form}); a.status != 400 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	// A small file may come before its tokens, and is discarded where they do not come.
	first := func(data []byte, tokens ...part) reply {
		return w.ask(t, call{method: "POST", path: flexFiles, body: append([]part{{"file", "first.bin", data}, value("folder", "up")}, tokens...)})
	}
	first([]byte("text"), both...).want(t, 200)
	first([]byte("text"), both[0]).want(t, 401)
	first([]byte("text"), both[0], value("access_token", w.keys["reader"])).want(t, 403)
	for range 10 { // the places for such files are given back
		first([]byte("text")).want(t, 401)
	}
	a := first(make([]byte, 17<<20), both...)
	if want := flexRefusal(401, "Unauthorized", "The tokens must come before the file"); a.status != 401 || strings.TrimSpace(string(a.body)) != want {
		t.Errorf("a large file before its tokens: %d %s", a.status, a.body)
	}
	w.ask(t, call{method: "POST", path: flexFiles + "?token={both}&access_token={both}", body: []part{file, value("folder", "up")}}).want(t, 200)
	if list := w.flexGet(t, "path=up"); len(list) != 5 {
		t.Errorf("%d files: %v", len(list), list)
	}
}

func flextypePictures(t *testing.T, w *dialectWorld) {
	grey := image.NewGray(image.Rect(0, 0, 40, 20))
	grey.SetGray(3, 3, color.Gray{200})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, grey, nil); err != nil {
		t.Fatal(err)
	}
	v := w.flexUpload(t, "pictures", "grey.jpg", b.Bytes())
	if diff := cmp.Diff(map[string]any{"html": `width="40" height="20"`, "Width": 40.0, "Height": 20.0, "IsColor": 0.0}, v["exif"]); diff != "" {
		t.Error(diff)
	}
	turned := picture.Must(picture.WithOrientation(picture.Must(picture.JPEG(picture.Chart(40, 20), 80)), 6, picture.II))
	v = w.flexUpload(t, "pictures", "turned.jpg", turned)
	want := map[string]any{"html": `width="20" height="40"`, "Width": 20.0, "Height": 40.0, "IsColor": 1.0, "Orientation": 6.0}
	w.flex(t, "PUT", flexFiles+"/copy", `"path":"pictures/turned.jpg","new_path":"pictures/copy.jpg"`)
	list := w.flexGet(t, "id=pictures")
	for name, exif := range map[string]any{"upload": v["exif"], "list": list["turned.jpg"].(map[string]any)["exif"], "copy": list["copy.jpg"].(map[string]any)["exif"]} {
		if diff := cmp.Diff(want, exif); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if v := w.flexUpload(t, "pictures", "grey.txt", []byte("no picture")); len(v["exif"].(map[string]any)) != 0 || v["type"] != "text/plain" {
		t.Errorf("%v", v)
	}
}

func flextypeFolders(t *testing.T, w *dialectWorld) {
	for _, name := range []string{"c", "a", "b"} {
		w.flexUpload(t, "folders/of", name+".txt", []byte(name))
	}
	w.flexUpload(t, "folders/of/more", "d.txt", []byte("d"))
	w.flexUpload(t, "folders", "of", []byte("a file of a folder's name"))
	for query, want := range map[string]string{
		"path=folders/of&collection=true":                  "a.txt b.txt c.txt",
		"path=folders/of&collection=1&limit=2":             "a.txt b.txt",
		"path=folders/of&collection=true&limit=2&offset=2": "c.txt",
		"path=folders/of&collection=true&offset=9":         "",
		"path=folders/of/more":                             "d.txt",
	} {
		list := w.flexGet(t, query)
		names := ""
		for _, name := range []string{"a.txt", "b.txt", "c.txt", "d.txt"} {
			if list[name] != nil {
				names = strings.TrimSpace(names + " " + name)
			}
		}
		if names != want {
			t.Errorf("%s: %s, want %s", query, names, want)
		}
	}
	if v := w.flexGet(t, "path=folders/of"); v["filename"] != "of" { // the file goes before the folder
		t.Errorf("%v", v)
	}
}

func flextypeClashes(t *testing.T, w *dialectWorld) {
	for _, want := range []string{"x.txt", "x-2.txt", "x-3.txt"} {
		if v := w.flexUpload(t, "clash", "x.txt", []byte(want)); v["filename"] != want || v["basename"] != strings.TrimSuffix(want, ".txt") {
			t.Errorf("%v", v)
		}
	}
	a := w.ask(t, call{method: "PUT", path: flexFiles, body: asJSON(`{"path":"clash/x.txt","new_path":"clash/x-2.txt",` + flexWrites + `}`)})
	if a.status != 409 || !strings.Contains(string(a.body), `"http_status_code":409,"title":"Conflict"`) {
		t.Errorf("a move onto another file: %d %s", a.status, a.body)
	}
	if v := w.flex(t, "PUT", flexFiles, `"path":"clash/x.txt","new_path":"clash/x.txt"`); v["filename"] != "x.txt" { // onto itself
		t.Errorf("%v", v)
	}
	for name, want := range map[string]string{"x.txt": "x.txt", "x-2.txt": "x-2.txt", "x-3.txt": "x-3.txt"} {
		if a := w.get("/flextype/project/uploads/clash/" + name); string(a.body) != want {
			t.Errorf("%s has become %s", name, a.body)
		}
	}
}

func flextypeBytes(t *testing.T, w *dialectWorld) {
	photo := jpegOf(320, 240)
	w.flexUpload(t, "bytes/deep/er", "a b.jpg", photo)
	const at = "/flextype/project/uploads/bytes/deep/er/a%20b.jpg"
	sent := map[string]string{"Cache-Control": "max-age=0, must-revalidate", "Content-Type": "image/jpeg", "Content-Disposition": "inline; filename=\"a b.jpg\"; filename*=UTF-8''a%20b.jpg"}
	a := w.check(t, call{method: "GET", path: at, status: 200, want: string(photo), sent: sent})
	thumb := w.check(t, call{method: "GET", path: at + "?thumb=60x40", status: 200, want: "-", sent: map[string]string{"Cache-Control": "max-age=0, must-revalidate"}})
	if format, x, y := dimensions(t, thumb.body); format != "jpeg" || x != 60 || y != 40 {
		t.Errorf("the thumb is %s %d×%d", format, x, y)
	}
	none := "If-None-Match: " + a.header.Get("Etag")
	w.run(t, []call{
		{name: "its head", method: "HEAD", path: at, status: 200, sent: sent},
		{name: "known already", method: "GET", path: at, headers: []string{none}, status: 304},
		{name: "a part", method: "GET", path: at, headers: []string{"Range: bytes=0-3"}, status: 206, want: string(photo[:4])},
		{name: "with a slash for %2F", method: "GET", path: "/flextype/project/uploads/bytes%2Fdeep/er/a%20b.jpg", status: 200, want: "-"},
		{name: "a folder", method: "GET", path: "/flextype/project/uploads/bytes/deep/er", status: 404, want: flexRefusal(404, "Not Found", "Not Found")},
		{name: "nothing", method: "GET", path: "/flextype/project/uploads/", status: 404, want: "-"},
		{name: "out of it", method: "GET", path: "/flextype/project/uploads/../../../etc/passwd", status: 404, want: "-"},
		{name: "out of it, escaped", method: "GET", path: "/flextype/project/uploads/%2e%2e/%2e%2e/etc/passwd", status: 404, want: "-"},
		{name: "a broken token", method: "GET", path: at + "?token=x", status: 200, want: "-", sent: map[string]string{"Referrer-Policy": "no-referrer"}},
	})
	// The bytes under a name may become others: who revalidates sees them.
	w.ask(t, call{method: "DELETE", path: flexFiles, body: asJSON(`{"path":"bytes/deep/er/a b.jpg",` + flexWrites + `}`)}).want(t, 204)
	w.get(at, none).want(t, 404)
	w.flexUpload(t, "bytes/deep/er", "a b.jpg", jpegOf(20, 10))
	if again := w.get(at, none).want(t, 200); bytes.Equal(again.body, photo) {
		t.Error("the old bytes")
	}
}
