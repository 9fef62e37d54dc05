package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// wireFileNames are the names that PocketBase gave to these: R is ten random characters right after the base, X is the suffix.
func wireFileNames(t *testing.T, w *world) {
	w.collection("names", nil, nil)
	random := "[a-z0-9]{10}"
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	for _, c := range []struct{ given, content, want string }{
		{"MyTestDB.png", png, "my_test_db_X.png"},
		{"a.b.c.d.png", png, "a_b_c_X.d.png"},
		{"файл.png", png, "R_X.png"},
		{"weird na!me@.p#n=g+*", png, "weird_na_me_X.p#n=g+*"},
		{"x.", jpegHead, "xR_X.jpg"},
		{"file.verylongextension_abcdefghijklmnop", png, "file_X.ion_abcdefghijklmnop"},
		{"ab.jpg", jpegHead, "abR_X.jpg"},
		{".hidden", png, "R_X.hidden"},
		{"My Photo (1) Ünïcode.HEIC.JPG", jpegHead, "my_photo_1_n_code_X.HEIC.JPG"},
		{"photo.png.exe", png, "photo_X.png.exe"},
		{"blob", "text", "blob_X.txt"},
		{"../../etc/passwd", "text", "passwd_X.txt"},
		{strings.Repeat("n", 400) + ".png", png, strings.Repeat("n", 100) + "_X.png"},
		{"<script>\".png", png, "script_X.png"},
	} {
		a := w.form("POST", "/api/collections/names/records", w.token, part{"image", c.given, []byte(c.content)}).want(t, 200)
		got := a.json(t)["image"].(string)
		pattern := strings.NewReplacer("R", random, "X", random).Replace(regexp.QuoteMeta(c.want))
		if strings.Contains(c.want, "HEIC.JPG") {
			pattern = strings.Replace(regexp.QuoteMeta(c.want), "X", random, 1)
		}
		if !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
			t.Errorf("%.60q became %q, want %s", c.given, got, c.want)
		}
		w.get(fmt.Sprintf("/api/files/names/%s/%s", a.json(t)["id"], strings.NewReplacer("#", "%23").Replace(got))).want(t, 200)
	}
}

const jpegHead = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"

// uploads is a collection with a single and a multiple file field, and the path of a record with files one, two and three.
func (w *world) uploads(t *testing.T, name string) (records, one string, names []string) {
	t.Helper()
	w.collection(name, nil, map[string]any{"fields": []any{map[string]any{"name": "images", "type": "file", "maxSelect": 5}, map[string]any{"name": "title", "type": "text"}}})
	records = "/api/collections/" + name + "/records"
	a := w.form("POST", records, w.token, file("images", "one.txt"), file("images", "two.txt"), file("images", "three.txt"), file("image", "single.txt")).want(t, 200).json(t)
	for _, v := range a["images"].([]any) {
		names = append(names, v.(string))
	}
	return records, records + "/" + a["id"].(string), names
}

func file(field, name string) part { return part{field, name, []byte("bytes of " + name)} }

func value(field, text string) part { return part{field: field, data: []byte(text)} }

func wireFileModifiers(t *testing.T, w *world) {
	_, one, n := w.uploads(t, "modifiers")
	images := func(names ...string) string {
		return `{"images":["` + strings.Join(names, `","`) + `"]}`
	}
	shown := func(names ...string) []string {
		for i := range names {
			names[i] += "_X.txt"
		}
		return names
	}
	patch := func(name string, body any, want string) line {
		return line{name: name, method: "PATCH", path: one + "?fields=images", body: body, status: 200, want: want}
	}
	w.run(t, []line{
		patch("nothing", map[string]any{"title": "x"}, images(shown("one", "two", "three")...)),
		patch("another order", map[string]any{"images": []string{n[2], n[0], n[1]}}, images(shown("three", "one", "two")...)),
		patch("append", []part{file("images+", "four.txt")}, images(shown("three", "one", "two", "four")...)),
		patch("prepend", []part{file("+images", "five.txt")}, images(shown("five", "three", "one", "two", "four")...)),
		patch("remove one by JSON", map[string]any{"images-": n[2]}, images(shown("five", "one", "two", "four")...)),
		patch("remove several by a form", []part{value("images-", n[0]), value("images-", n[1])}, images(shown("five", "four")...)),
		patch("remove what is not there", map[string]any{"images-": []string{"never.txt", n[0]}}, images(shown("five", "four")...)),
		patch("replace all", []part{file("images", "six.txt"), file("images", "seven.txt")}, images(shown("six", "seven")...)),
		patch("clear by an empty list", map[string]any{"images": []string{}}, `{"images":[]}`),
		patch("several at once", []part{file("images", "ten.txt"), file("images+", "eleven.txt"), file("+images", "nine.txt")}, images(shown("nine", "ten", "eleven")...)),
		patch("clear by an empty text", []part{value("images", "")}, `{"images":[]}`),
		patch("append to nothing, names that are not there taken away too", []part{file("images+", "eight.txt"), value("images-", "never.txt")}, images(shown("eight")...)),
		patch("clear by null", map[string]any{"images": nil}, `{"images":[]}`),
		{name: "two files for a single field: the last one wins", method: "PATCH", path: one + "?fields=image", body: []part{file("image", "first.txt"), file("image", "second.txt")}, status: 200, want: `{"image":"second_X.txt"}`},
		{name: "a single field is cleared", method: "PATCH", path: one + "?fields=image", body: map[string]any{"image": ""}, status: 200, want: `{"image":""}`},
	})

	// Existing names, then new files; what is not named goes, from the store too.
	_, one, n = w.uploads(t, "modifiers_keep")
	old := w.get(fmt.Sprintf("/api/files/modifiers_keep/%s/%s", one[strings.LastIndexByte(one, '/')+1:], n[0])).want(t, 200)
	if string(old.body) != "bytes of one.txt" {
		t.Errorf("%q", old.body)
	}
	w.run(t, []line{{name: "some kept, some new", method: "PATCH", path: one + "?fields=images", body: []part{value("images", n[2]), file("images", "new.txt"), value("images", n[1])},
		status: 200, want: images(shown("three", "two", "new")...)}})
	w.get(fmt.Sprintf("/api/files/modifiers_keep/%s/%s", one[strings.LastIndexByte(one, '/')+1:], n[0])).want(t, 404)
	w.get(fmt.Sprintf("/api/files/modifiers_keep/%s/%s", one[strings.LastIndexByte(one, '/')+1:], n[1])).want(t, 200)
}

func wireRefusedUploads(t *testing.T, w *world) {
	const created, updated = "Failed to create record.", "Failed to update record."
	w.collection("refusals", nil, map[string]any{"fields": []any{
		map[string]any{"name": "images", "type": "file", "maxSelect": 5},
		map[string]any{"name": "typed", "type": "file", "mimeTypes": []string{"image/png", "image/jpeg"}},
		map[string]any{"name": "small", "type": "file", "maxSize": 10},
	}})
	w.collection("refusals_required", nil, map[string]any{"image": map[string]any{"required": true}})
	records := "/api/collections/refusals/records"
	one := records + "/" + w.form("POST", records, w.token, file("images", "one.txt")).want(t, 200).json(t)["id"].(string)
	_, _, others := w.uploads(t, "refusals_other")
	six := make([]part, 6)
	for i := range six {
		six[i] = file("images", "file.txt")
	}
	large := part{"image", "zero6m.bin", make([]byte, 64<<20+1)}
	w.collection("refusals_default", nil, map[string]any{"image": map[string]any{"maxSize": 0}})
	large.data = make([]byte, 5<<20+1)
	many := invalid(created, `"images":{"code":"validation_too_many_files","message":"The maximum allowed files is 5.","params":{"maxSelect":5}}`)
	unknown := func(message, field, name string) string {
		return invalid(message, fmt.Sprintf(`%q:{"code":"validation_invalid_file","message":"Invalid new files: [%s].","params":{"invalidFiles":[%q]}}`, field, name, name))
	}
	post := func(name string, body any, want string) line {
		return line{name: name, method: "POST", path: records, body: body, status: 400, want: want}
	}
	w.run(t, []line{
		post("too many", six, many),
		post("too large", []part{file("small", "larger.txt")},
			invalid(created, `"small":{"code":"validation_file_size_limit","message":"Failed to upload larger.txt - the maximum allowed file size is 10 bytes.","params":{"file":"larger.txt","maxSize":10}}`)),
		{name: "too large where nothing is said", method: "POST", path: "/api/collections/refusals_default/records", body: []part{large}, status: 400,
			want: invalid(created, `"image":{"code":"validation_file_size_limit","message":"Failed to upload zero6m.bin - the maximum allowed file size is 5242880 bytes.","params":{"file":"zero6m.bin","maxSize":5242880}}`)},
		post("of another type, whatever it is called", []part{file("typed", "note.png")},
			invalid(created, `"typed":{"code":"validation_invalid_mime_type","message":"\"note_X.png\" mime type must be one of: image/png, image/jpeg."}`)),
		post("a name that nothing was uploaded under", map[string]any{"image": "evil.jpg"}, unknown(created, "image", "evil.jpg")),
		post("a name in a form", []part{value("image", "evil.jpg")}, unknown(created, "image", "evil.jpg")),
		post("a name in a payload", []part{value("@jsonPayload", `{"images":["evil.jpg"]}`), file("image", "good.txt")}, unknown(created, "images", "evil.jpg")),
		post("the name of another record's file", map[string]any{"images": others[:1]}, strings.ReplaceAll(unknown(created, "images", others[0]), others[0], "one_X.txt")),
		{name: "a name that is not the record's", method: "PATCH", path: one, body: map[string]any{"images+": "evil.jpg"}, status: 400, want: unknown(updated, "images", "evil.jpg")},
		{name: "a path", method: "PATCH", path: one, body: map[string]any{"image": "../../data.db"}, status: 400, want: unknown(updated, "image", "../../data.db")},
		{name: "an object that looks like an upload", method: "PATCH", path: one + "?fields=image", body: map[string]any{"image": map[string]any{"name": "evil.jpg", "originalName": "evil.jpg"}}, status: 200, want: `{"image":""}`},
		{name: "none where one is required", method: "POST", path: "/api/collections/refusals_required/records", body: map[string]any{}, status: 400, want: invalid(created, complaint("image", "validation_required", "Cannot be blank."))},
		{name: "all that is wrong is told at once", method: "POST", path: records, body: append([]part{file("typed", "note.txt"), value("image", "evil.jpg")}, six...), status: 400,
			want: invalid(created, strings.Join([]string{
				`"image":{"code":"validation_invalid_file","message":"Invalid new files: [evil.jpg].","params":{"invalidFiles":["evil.jpg"]}}`,
				`"images":{"code":"validation_too_many_files","message":"The maximum allowed files is 5.","params":{"maxSelect":5}}`,
				`"typed":{"code":"validation_invalid_mime_type","message":"\"note_X.txt\" mime type must be one of: image/png, image/jpeg."}`}, ","))},
		post("unknown names come before their count", append([]part{value("images", "evil.jpg")}, six...), unknown(created, "images", "evil.jpg")),
		{name: "files for what is no file field are passed over", method: "PATCH", path: one + "?fields=image", body: []part{file("nothing", "x.txt"), file("id", "y.txt"), file("@jsonPayload", "z.json")}, status: 200, want: `{"image":""}`},
	})
}

func wireForms(t *testing.T, w *world) {
	w.collection("forms", nil, map[string]any{"fields": []any{
		map[string]any{"name": "title", "type": "text"}, map[string]any{"name": "rank", "type": "number"}, map[string]any{"name": "shown", "type": "bool"},
		map[string]any{"name": "extra", "type": "json"}, map[string]any{"name": "moods", "type": "select", "maxSelect": 2, "values": []string{"1", "true", "calm"}},
	}})
	body := func(own string) string {
		return recordBody("forms", merged(map[string]string{"image": `""`, "title": `""`, "rank": "0", "shown": "false", "extra": "null", "moods": "[]"}, own))
	}
	post := func(name string, parts []part, own string) line {
		return line{name: name, method: "POST", path: "/api/collections/forms/records", body: parts, status: 200, want: body(own)}
	}
	w.run(t, []line{
		post("texts", []part{value("title", "007"), value("rank", "1.5"), value("shown", "true")}, `{"title":"007","rank":1.5,"shown":true}`),
		post("a text that looks like a number", []part{value("title", "1.5"), value("rank", "007"), value("shown", "1")}, `{"title":"1.5","rank":7,"shown":true}`),
		post("a text that looks like a truth", []part{value("title", "true"), value("rank", "x"), value("shown", "x")}, `{"title":"true"}`),
		post("JSON by inference", []part{value("extra", "1")}, `{"extra":1}`),
		post("JSON that is no canonical number", []part{value("extra", "01")}, `{"extra":"01"}`),
		post("JSON by text", []part{value("extra", `{"a":[true,"x"]}`)}, `{"extra":{"a":[true,"x"]}}`),
		post("JSON of several values", []part{value("extra", "a"), value("extra", "2"), value("extra", "false")}, `{"extra":["a",2,false]}`),
		post("a list", []part{value("moods", "1"), value("moods", "true")}, `{"moods":["1","true"]}`),
		post("a list of one", []part{value("moods", "calm")}, `{"moods":["calm"]}`),
		post("a payload", []part{value("@jsonPayload", `{"title":"p","rank":3,"shown":true,"extra":{"b":null}}`)}, `{"title":"p","rank":3,"shown":true,"extra":{"b":null}}`),
		post("payloads come last, in their order", []part{value("@jsonPayload", `{"title":"first","rank":1}`), value("title", "form"), value("@jsonPayload", `{"title":"second"}`), value("rank", "9")}, `{"title":"second","rank":1}`),
		{name: "an encoded form", method: "POST", path: "/api/collections/forms/records", status: 200, want: body(`{"title":"a b","rank":2,"moods":["1","calm"],"extra":{"a":1}}`),
			body: typed{"application/x-www-form-urlencoded", "title=a+b&rank=2&moods=1&moods=calm&@jsonPayload=%7B%22extra%22%3A%7B%22a%22%3A1%7D%7D"}},
	})
}
