package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
)

// The matrix: a file that comes in through any of the five APIs is seen through all of them, and what one of them does to it
// is seen by the others.

// mediaRow is what there is to know of a file, as PocketBase's API tells superusers.
type mediaRow struct {
	id, uuid, secret, file, original, folder, slug, visibility string
	size                                                       float64
	data                                                       []byte
}

func (f *mediaRow) path() string { return path.Join(f.folder, f.slug) }

// row reads the one file that a filter finds.
func (w *dialectWorld) row(t *testing.T, filter string, data []byte) *mediaRow {
	t.Helper()
	v := w.call("GET", "/api/collections/media/records?filter="+url.QueryEscape(filter), w.token, nil).want(t, 200).json(t)
	items := v["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%d files where %s", len(items), filter)
	}
	r := items[0].(map[string]any)
	text := func(name string) string { s, _ := r[name].(string); return s }
	return &mediaRow{text("id"), text("uuid"), text("secret"), text("file"), text("original_name"), text("folder"), text("slug"), text("visibility"), r["size"].(float64), data}
}

// face is one API as a client of the library has it. What an API cannot do is nil.
type face struct {
	name    string
	private bool // by default
	put     func(w *dialectWorld, t *testing.T, name string, data []byte) (filter string)
	// metadata is what the API says of a file to a key that may read: its name and size. ok is false where there is no such file.
	metadata func(w *dialectWorld, t *testing.T, f *mediaRow, key string) (name string, size float64, ok bool)
	address  func(f *mediaRow) string // of the bytes
	// credential adds a key to what asks for bytes.
	credential func(w *dialectWorld, t *testing.T, key string) (query string, headers []string)
	refused    int // the status for strangers who ask for private bytes
	gone       int // the status for bytes that are no longer there
	move       func(w *dialectWorld, f *mediaRow, folder string) reply
	rename     func(w *dialectWorld, f *mediaRow, name string) reply
	show       func(w *dialectWorld, f *mediaRow, visibility string) reply // sets the visibility
	remove     func(w *dialectWorld, f *mediaRow) reply
}

var faces = []face{facePocketBase, faceFibery, faceFoir, faceBaasix, faceFlextype}

func header(scheme string) func(*dialectWorld, *testing.T, string) (string, []string) {
	return func(w *dialectWorld, _ *testing.T, key string) (string, []string) {
		return "", []string{"Authorization: " + scheme + " " + w.keys[key]}
	}
}

func (f *mediaRow) native() string { return "/api/collections/media/records/" + f.id }

var facePocketBase = face{
	name: "PocketBase",
	put: func(w *dialectWorld, t *testing.T, name string, data []byte) string {
		return `id = "` + w.form("POST", "/api/collections/media/records", w.token, part{"file", name, data}).want(t, 200).json(t)["id"].(string) + `"`
	},
	metadata: func(w *dialectWorld, t *testing.T, f *mediaRow, key string) (string, float64, bool) {
		token := w.token // keys mean nothing here
		if key == "" {
			token = ""
		}
		a := w.call("GET", f.native(), token, nil)
		if a.status != 200 {
			return "", 0, false
		}
		v := a.json(t)
		return v["original_name"].(string), v["size"].(float64), true
	},
	address: func(f *mediaRow) string { return "/api/files/media/" + f.id + "/" + f.file },
	credential: func(w *dialectWorld, t *testing.T, _ string) (string, []string) {
		return "token=" + w.call("POST", "/api/files/token", w.token, nil).want(t, 200).json(t)["token"].(string), nil
	},
	refused: 404, gone: 404,
	move: func(w *dialectWorld, f *mediaRow, folder string) reply {
		return w.call("PATCH", f.native(), w.token, map[string]any{"folder": folder})
	},
	rename: func(w *dialectWorld, f *mediaRow, name string) reply {
		return w.call("PATCH", f.native(), w.token, map[string]any{"original_name": name})
	},
	show: func(w *dialectWorld, f *mediaRow, visibility string) reply {
		return w.call("PATCH", f.native(), w.token, map[string]any{"visibility": visibility})
	},
	remove: func(w *dialectWorld, f *mediaRow) reply { return w.call("DELETE", f.native(), w.token, nil) },
}

var faceFibery = face{
	name: "Fibery", private: true,
	put: func(w *dialectWorld, t *testing.T, name string, data []byte) string {
		return `uuid = "` + w.form("POST", "/api/files", "Token "+w.keys["writer"], part{"file", name, data}).want(t, 200).json(t)["fibery/id"].(string) + `"`
	},
	// Fibery tells of files that are attached to something.
	metadata: func(w *dialectWorld, t *testing.T, f *mediaRow, key string) (string, float64, bool) {
		const player, photos = "20f9b920-9752-11e9-81b9-4363f716f666", "Cricket/Photos"
		command := func(key string, body typed) reply {
			return w.do("POST", "/api/commands", strings.NewReader(body.text), "Authorization: Token "+w.keys[key])
		}
		item := fmt.Sprintf(`{"fibery/id":%q}`, f.uuid)
		if a := command("writer", editCommand("add", "Cricket/Player", photos, player, item)); a.status != 200 {
			return "", 0, false
		}
		defer command("writer", editCommand("remove", "Cricket/Player", photos, player, item))
		a := command(key, queryCommand(`[{"Cricket/Photos":{"q/select":["fibery/name","fibery/content-length"]}}]`, player))
		if a.status != 200 {
			return "", 0, false
		}
		v := a.json(t)["result"].([]any)[0].(map[string]any)[photos].([]any)[0].(map[string]any)
		return v["fibery/name"].(string), v["fibery/content-length"].(float64), true
	},
	address:    func(f *mediaRow) string { return "/api/files/" + f.secret },
	credential: header("Token"), refused: 401, gone: 404,
}

var faceFoir = face{
	name: "Foir",
	put: func(w *dialectWorld, t *testing.T, name string, data []byte) string {
		ask := func(query string) map[string]any {
			return w.call("POST", "/graphql", "Bearer "+w.keys["writer"], map[string]any{"query": query}).want(t, 200).json(t)["data"].(map[string]any)
		}
		slot := ask(fmt.Sprintf(`mutation { createFileUpload(filename: %q, mimeType: "image/jpeg", size: %d) { uploadId uploadUrl } }`, name, len(data)))["createFileUpload"].(map[string]any)
		w.do("PUT", strings.TrimPrefix(slot["uploadUrl"].(string), w.base), strings.NewReader(string(data)), "Content-Type: image/jpeg").want(t, 200)
		made := ask(fmt.Sprintf(`mutation { confirmFileUpload(uploadId: %q) { id } }`, slot["uploadId"]))["confirmFileUpload"].(map[string]any)
		return `uuid = "` + made["id"].(string) + `"`
	},
	metadata: func(w *dialectWorld, t *testing.T, f *mediaRow, key string) (string, float64, bool) {
		a := w.call("POST", "/graphql", "Bearer "+w.keys[key], map[string]any{"query": fmt.Sprintf(`{ file(id: %q) { filename size } }`, f.uuid)})
		if a.status != 200 {
			return "", 0, false
		}
		v := a.json(t)
		data, _ := v["data"].(map[string]any)
		file, _ := data["file"].(map[string]any)
		if file == nil {
			return "", 0, false
		}
		return file["filename"].(string), file["size"].(float64), true
	},
	address:    func(f *mediaRow) string { return "/media/" + f.id + "/" + f.file },
	credential: header("Bearer"), refused: 404, gone: 404,
	// The rest are jobs of the command line, in a process of its own: the server hears of them a little later.
	move:   func(w *dialectWorld, f *mediaRow, folder string) reply { return w.job("move", f.uuid, folder) },
	rename: func(w *dialectWorld, f *mediaRow, name string) reply { return w.job("rename", f.uuid, name) },
	show: func(w *dialectWorld, f *mediaRow, visibility string) reply {
		return w.job("update-metadata", f.uuid, "visibility="+visibility)
	},
	remove: func(w *dialectWorld, f *mediaRow) reply { return w.job("delete", f.uuid) },
}

// job runs a job of "imgorigin files".
func (w *dialectWorld) job(args ...string) reply {
	if out, err := run(w.t, append(append([]string{"files"}, args...), "--dir", w.dir)...); err != nil {
		return reply{status: 500, body: []byte(out + err.Error())}
	}
	return reply{status: 200}
}

var faceBaasix = face{
	name: "Baasix", private: true,
	put: func(w *dialectWorld, t *testing.T, name string, data []byte) string {
		return `uuid = "` + w.form("POST", "/files", "Bearer "+w.keys["writer"], part{"file", name, data}).want(t, 200).json(t)["data"].(string) + `"`
	},
	metadata: func(w *dialectWorld, t *testing.T, f *mediaRow, key string) (string, float64, bool) {
		a := w.get("/files/"+f.uuid, "Authorization: Bearer "+w.keys[key])
		if a.status != 200 {
			return "", 0, false
		}
		v := a.json(t)["data"].(map[string]any)
		return v["filename"].(string), v["size"].(float64), true
	},
	address:    func(f *mediaRow) string { return "/assets/" + f.uuid },
	credential: header("Bearer"), refused: 401, gone: 403,
	rename: func(w *dialectWorld, f *mediaRow, name string) reply {
		return w.call("PATCH", "/files/"+f.uuid, "Bearer "+w.keys["writer"], map[string]any{"filename": name})
	},
	show: func(w *dialectWorld, f *mediaRow, visibility string) reply {
		return w.call("PATCH", "/files/"+f.uuid, "Bearer "+w.keys["writer"], map[string]any{"visibility": visibility})
	},
	remove: func(w *dialectWorld, f *mediaRow) reply {
		return w.call("DELETE", "/files/"+f.uuid, "Bearer "+w.keys["writer"], nil)
	},
}

// flextype calls the API with a key as both tokens.
func (w *dialectWorld) flextype(method, path string, values map[string]any) reply {
	values["token"], values["access_token"] = w.keys["both"], w.keys["both"]
	return w.call(method, path, "", values)
}

var faceFlextype = face{
	name: "Flextype",
	put: func(w *dialectWorld, t *testing.T, name string, data []byte) string {
		key := []byte(w.keys["both"])
		a := w.form("POST", "/flextype/api/files", "", part{"token", "", key}, part{"access_token", "", key}, part{"folder", "", []byte("matrix/in")}, part{"file", name, data}).want(t, 200)
		return fmt.Sprintf(`folder = "matrix/in" && slug = %q`, a.json(t)["data"].(map[string]any)["filename"])
	},
	metadata: func(w *dialectWorld, t *testing.T, f *mediaRow, key string) (string, float64, bool) {
		a := w.get("/flextype/api/files?path=" + url.QueryEscape(f.path()) + "&token=" + w.keys[key])
		if a.status != 200 {
			return "", 0, false
		}
		v := a.json(t)["data"].(map[string]any)
		return v["filename"].(string), v["filesize"].(float64), true
	},
	address: func(f *mediaRow) string { return "/flextype/project/uploads/" + f.path() },
	credential: func(w *dialectWorld, _ *testing.T, key string) (string, []string) {
		return "token=" + w.keys[key], nil
	},
	refused: 404, gone: 404,
	move: func(w *dialectWorld, f *mediaRow, folder string) reply {
		return w.flextype("PUT", "/flextype/api/files", map[string]any{"path": f.path(), "new_path": path.Join(folder, f.slug)})
	},
	remove: func(w *dialectWorld, f *mediaRow) reply {
		return w.flextype("DELETE", "/flextype/api/files", map[string]any{"path": f.path()})
	},
}

func TestAFileOfAnyAPIIsAFileOfAll(t *testing.T) {
	w := newDialectWorld(t, "")
	w.call("POST", "/api/collections", w.token, map[string]any{"name": "cricket__player", "type": "base", "indexes": []string{"CREATE UNIQUE INDEX idx_player ON cricket__player (fibery_id)"},
		"fields": []any{map[string]any{"name": "fibery_id", "type": "text"}, map[string]any{"name": "photos", "type": "relation", "collectionId": "_imgorigin_media", "maxSelect": 3}}}).want(t, 200)
	w.call("POST", "/api/collections/cricket__player/records", w.token, map[string]any{"fibery_id": fiberyPlayer}).want(t, 200)
	able := func(can func(*face) bool) (some []*face) {
		for i := range faces {
			if can(&faces[i]) {
				some = append(some, &faces[i])
			}
		}
		return some
	}
	movers := able(func(f *face) bool { return f.move != nil })
	renamers := able(func(f *face) bool { return f.rename != nil })
	showers := able(func(f *face) bool { return f.show != nil })
	removers := able(func(f *face) bool { return f.remove != nil })
	for i := range faces {
		putter := &faces[i]
		for j, remover := range removers {
			t.Run("from "+putter.name+" until "+remover.name, func(t *testing.T) {
				data := jpegOf(160+i, 120+j)
				f := w.row(t, putter.put(w, t, "matrix.jpg", data), data)
				if (f.visibility == "private") != putter.private {
					t.Errorf("it is %s", f.visibility)
				}
				w.seen(t, f)
				was, folder := f.path(), "matrix/"+putter.name+"/"+remover.name
				movers[j%len(movers)].move(w, f, folder).want(t, 200)
				if f = w.row(t, `id = "`+f.id+`"`, data); f.folder != folder {
					t.Errorf("it was moved to %s", f.folder)
				}
				w.until(t, "it is no longer where it was", "/flextype/project/uploads/"+was+"?token="+w.keys["both"], 404)
				w.until(t, "it is where it is", faceFlextype.address(f)+"?token="+w.keys["both"], 200)
				w.seen(t, f)
				renamers[j%len(renamers)].rename(w, f, "renamed.jpg").want(t, 200)
				if f = w.row(t, `id = "`+f.id+`"`, data); f.original != "renamed.jpg" {
					t.Errorf("it is called %s", f.original)
				}
				w.until(t, "it is still there", faceFlextype.address(f)+"?token="+w.keys["both"], 200)
				w.seen(t, f)
				other := map[string]string{"private": "public", "public": "private"}[f.visibility]
				showers[j%len(showers)].show(w, f, other).want(t, 200)
				if f = w.row(t, `id = "`+f.id+`"`, data); f.visibility != other {
					t.Errorf("it is %s", f.visibility)
				}
				w.until(t, "it is "+other, faceBaasix.address(f), map[string]int{"public": 200, "private": 401}[other])
				w.seen(t, f)
				if a := remover.remove(w, f); a.status/100 != 2 {
					t.Fatalf("status %d: %.200s", a.status, a.body)
				}
				w.until(t, "it is gone, and the thumb in memory with it", faceFlextype.address(f)+"?thumb=40x30&token="+w.keys["both"], 404)
				w.gone(t, f)
			})
		}
	}
	w.checkLog(t)
}

// until waits for a status, since changes may come from another process.
func (w *dialectWorld) until(t *testing.T, what, path string, status int) {
	t.Helper()
	eventually(t, what, func() bool { return w.get(path).status == status })
}

// seen looks at a file through every API, as one who may and as one who may not.
func (w *dialectWorld) seen(t *testing.T, f *mediaRow) {
	t.Helper()
	for i := range faces {
		a := &faces[i]
		name, size, ok := a.metadata(w, t, f, "reader")
		want := f.original
		if a.name == "Flextype" {
			want = f.slug
		}
		if !ok || name != want || size != f.size || f.size != float64(len(f.data)) {
			t.Errorf("%s says that it is %q of %v bytes (%v), want %q of %d", a.name, name, size, ok, want, len(f.data))
		}
		for _, key := range []string{"", "writer"} { // PocketBase knows no keys: there a guest reads what is public
			if _, _, ok := a.metadata(w, t, f, key); ok && (f.visibility == "private" || a.name != "PocketBase") && (a.name != "PocketBase" || key == "") {
				t.Errorf("%s tells of a %s file, key %q", a.name, f.visibility, key)
			}
		}
		query, headers := a.credential(w, t, "reader")
		if got := w.get(a.address(f)+"?"+query, headers...); got.status != 200 || string(got.body) != string(f.data) {
			t.Errorf("%s: status %d, %d bytes", a.name, got.status, len(got.body))
		}
		if got := w.get(a.address(f)+"?thumb=40x30&"+query, headers...); got.status != 200 {
			t.Errorf("%s: the thumb has status %d", a.name, got.status)
		} else if _, x, y := dimensions(t, got.body); x != 40 || y != 30 {
			t.Errorf("%s: the thumb is %d×%d", a.name, x, y)
		}
		w.strangers(t, a, f)
	}
}

// strangers asks for bytes without a credential, and with one that does not count.
func (w *dialectWorld) strangers(t *testing.T, a *face, f *mediaRow) {
	t.Helper()
	status := http.StatusOK
	if f.visibility == "private" {
		status = a.refused
	}
	for _, query := range []string{"", "?thumb=40x30", "?token=x", "?thumb=40x30&token=" + w.keys["writer"], "?download=1"} {
		got := w.get(a.address(f) + query)
		if got.status != status {
			t.Errorf("%s answers strangers with status %d to %s", a.name, got.status, query)
		}
		if f.visibility == "private" && got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the refusal may be kept: %q", a.name, got.header.Get("Cache-Control"))
		}
	}
	if f.visibility == "private" {
		if got := w.get(a.address(f)+"?expires=4102444800&signature="+strings.Repeat("A", 43), "Accept: */*"); got.status == 200 {
			t.Errorf("%s takes any signature", a.name)
		}
	}
}

// gone looks for a file that was removed.
func (w *dialectWorld) gone(t *testing.T, f *mediaRow) {
	t.Helper()
	for i := range faces {
		a := &faces[i]
		if _, _, ok := a.metadata(w, t, f, "reader"); ok {
			t.Errorf("%s still tells of it", a.name)
		}
		query, headers := a.credential(w, t, "reader")
		for _, thumb := range []string{"", "thumb=40x30&"} {
			if got := w.get(a.address(f)+"?"+thumb+query, headers...); got.status != a.gone {
				t.Errorf("%s: status %d, want %d", a.name, got.status, a.gone)
			}
		}
	}
}
