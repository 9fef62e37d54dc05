package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Flextype's wire table, continued: what visibility, keys and rivals decide, and what is refused.

func flextypePrivate(t *testing.T, w *dialectWorld) {
	photo := jpegOf(300, 200)
	v := w.flexUpload(t, "private", "p.jpg", photo, value("visibility", "private"))
	if v["visibility"] != "private" {
		t.Errorf("%v", v)
	}
	const at = "/flextype/project/uploads/private/p.jpg"
	private := map[string]string{"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}
	closed := map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
	token := w.call("POST", "/api/files/token", w.token, nil).want(t, 200).json(t)["token"].(string)
	hidden := flexRefusal(404, "Not Found", "Not Found")
	w.run(t, []call{
		{name: "by a key", method: "GET", path: at + "?token={reader}", status: 200, want: string(photo), sent: private},
		{name: "its head", method: "HEAD", path: at + "?token={reader}", status: 200, sent: private},
		{name: "a thumb", method: "GET", path: at + "?thumb=61x41&token={both}", status: 200, want: "-", sent: private},
		{name: "by a file token", method: "GET", path: at + "?token=" + token, status: 200, want: "-", sent: private},
		{name: "a guest", method: "GET", path: at, status: 404, want: hidden, sent: closed},
		{name: "a guest's thumb", method: "GET", path: at + "?thumb=61x41", status: 404, want: hidden, sent: closed},
		{name: "a guest who knows it", method: "GET", path: at, headers: []string{"If-None-Match: *"}, status: 404, want: hidden, sent: closed},
		{name: "a key that may write only", method: "GET", path: at + "?token={writer}", status: 404, want: hidden, sent: closed},
		{name: "a revoked key", method: "GET", path: at + "?token={revoked}", status: 404, want: hidden, sent: closed},
		{name: "an expired key", method: "GET", path: at + "?token={expired}", status: 404, want: hidden, sent: closed},
		{name: "a forged key", method: "GET", path: at + "?token={forged}", status: 404, want: hidden, sent: closed},
		{name: "what it was copied from", method: "GET", path: at + "?access_token={both}", status: 404, want: hidden, sent: closed},
	})
	copied := w.flex(t, "PUT", flexFiles+"/copy", `"path":"private/p.jpg","new_path":"private/q.jpg"`)
	if copied["visibility"] != "private" {
		t.Errorf("a copy of what is private is not: %v", copied)
	}
	w.get("/flextype/project/uploads/private/q.jpg").want(t, 404)
	w.flex(t, "PATCH", flexFiles+"/meta", `"path":"private/q.jpg","field":"visibility","value":"public"`)
	w.get("/flextype/project/uploads/private/q.jpg").want(t, 200)
	w.flex(t, "PATCH", flexFiles+"/meta", `"path":"private/q.jpg","field":"visibility","value":"private"`)
	w.get("/flextype/project/uploads/private/q.jpg").want(t, 404)
}

func flexRefusal(status int, title, message string) string {
	return fmt.Sprintf(`{"http_status_code":%d,"title":%q,"message":%q}`, status, title, message)
}

func flextypeKeys(t *testing.T, w *dialectWorld) {
	w.flexUpload(t, "keys", "a.txt", []byte("text"))
	wrong, lacks := flexRefusal(401, "Unauthorized", "Token is wrong"), func(scope string) string {
		return flexRefusal(403, "Forbidden", "The API key lacks the scope "+scope+".")
	}
	var calls []call
	for _, c := range []struct{ name, token, want string }{
		{"no token", "", wrong}, {"a token that is none", "6f047babd1894064fbf7662080a9a2f0", wrong}, {"a revoked one", "{revoked}", wrong},
		{"an expired one", "{expired}", wrong}, {"a forged one", "{forged}", wrong}, {"one that writes only", "{writer}", lacks("files:read")},
	} {
		status := 401
		if c.want != wrong {
			status = 403
		}
		none := map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
		for _, query := range []string{"path=keys/a.txt", "path=keys", "path=nowhere"} {
			calls = append(calls, call{name: c.name + " reads " + query, method: "GET", path: flexFiles + "?" + query + "&token=" + c.token, status: status, want: c.want, sent: none})
		}
		body := `{"path":"keys/a.txt","new_path":"keys/b.txt","field":"x","value":"y","token":%q,"access_token":"{writer}"}`
		calls = append(calls, call{name: c.name + " writes", method: "PATCH", path: flexFiles + "/meta", body: asJSON(fmt.Sprintf(body, c.token)), status: status, want: c.want, sent: none})
	}
	for _, c := range []struct{ name, token, want string }{
		{"no access token", "", wrong}, {"a revoked one", "{revoked}", wrong}, {"an expired one", "{expired}", wrong}, {"a forged one", "{forged}", wrong},
		{"one that reads only", "{reader}", lacks("files:write")},
	} {
		status := 401
		if c.want != wrong {
			status = 403
		}
		rest := fmt.Sprintf(`"path":"keys/a.txt","token":"{reader}","access_token":%q}`, c.token)
		for _, m := range []struct{ method, path, body string }{
			{"PUT", "", `{"new_path":"keys/b.txt",`}, {"PUT", "/copy", `{"new_path":"keys/b.txt",`}, {"DELETE", "", `{`}, {"POST", "", `{`},
			{"PATCH", "/meta", `{"field":"x","value":"y",`}, {"POST", "/meta", `{"field":"x","value":"y",`}, {"DELETE", "/meta", `{"field":"x",`}, {"DELETE", "", `{"field":"x",`},
		} {
			calls = append(calls, call{name: c.name + ": " + m.method + m.path, method: m.method, path: flexFiles + m.path, body: asJSON(m.body + rest), status: status, want: c.want})
		}
		form := []part{value("token", w.keys["reader"]), value("access_token", w.fill(c.token)), value("folder", "keys"), {"file", "b.txt", []byte("b")}}
		calls = append(calls, call{name: c.name + " uploads", method: "POST", path: flexFiles, body: form, status: status, want: c.want})
	}
	w.run(t, calls)
	if list := w.flexGet(t, "path=keys"); len(list) != 1 || list["a.txt"].(map[string]any)["x"] != nil {
		t.Errorf("somebody without the right changed it: %v", list)
	}
}

func flextypeRefusals(t *testing.T, w *dialectWorld) {
	w.flexUpload(t, "refusals", "a.txt", []byte("text"))
	refused := func(name, method, path, body string, status int, title, message string) call {
		return call{name: name, method: method, path: path, body: asJSON(body), status: status, want: flexRefusal(status, title, message)}
	}
	const unread = "The body cannot be read."
	big, _ := json.Marshal(strings.Repeat("x", 70<<10))
	w.run(t, []call{
		{name: "no path", method: "GET", path: flexFiles + "?" + flexReads, status: 400, want: flexRefusal(400, "Bad Request", "The parameter path is required.")},
		{name: "nothing there", method: "GET", path: flexFiles + "?path=nowhere/x.txt&" + flexReads, status: 404, want: flexRefusal(404, "Not Found", "Not Found")},
		{name: "no such folder", method: "GET", path: flexFiles + "?path=nowhere&collection=true&" + flexReads, status: 404, want: flexRefusal(404, "Not Found", "Not Found")},
		{name: "a path that leads out", method: "GET", path: flexFiles + "?path=../../etc/passwd&" + flexReads, status: 400, want: flexRefusal(400, "Bad Request", "The folder is not valid.")},
		refused("no new path", "PUT", flexFiles, `{"path":"refusals/a.txt",`+flexWrites+`}`, 400, "Bad Request", "The parameter new_path is required."),
		refused("a move of nothing", "PUT", flexFiles, `{"path":"nowhere","new_path":"x",`+flexWrites+`}`, 404, "Not Found", "Not Found"),
		refused("a move out", "PUT", flexFiles, `{"path":"refusals/a.txt","new_path":"../x",`+flexWrites+`}`, 400, "Bad Request", "The path is not valid."),
		refused("a copy out", "PUT", flexFiles+"/copy", `{"path":"refusals/a.txt","new_path":"a//b",`+flexWrites+`}`, 400, "Bad Request", "The path is not valid."),
		refused("a copy of nothing", "PUT", flexFiles+"/copy", `{"path":"nowhere","new_path":"x",`+flexWrites+`}`, 404, "Not Found", "Not Found"),
		refused("deleting nothing", "DELETE", flexFiles, `{"path":"nowhere",`+flexWrites+`}`, 404, "Not Found", "Not Found"),
		refused("deleting a folder", "DELETE", flexFiles, `{"path":"refusals",`+flexWrites+`}`, 404, "Not Found", "Not Found"),
		refused("deleting without a path", "DELETE", flexFiles, `{`+flexWrites+`}`, 400, "Bad Request", "The parameter path is required."),
		refused("a path that is a number", "DELETE", flexFiles, `{"path":5,`+flexWrites+`}`, 400, "Bad Request", "The parameter path is required."),
		refused("saying something of nothing", "PATCH", flexFiles+"/meta", `{"path":"nowhere","field":"x","value":"y",`+flexWrites+`}`, 404, "Not Found", "Not Found"),
		refused("no field", "PATCH", flexFiles+"/meta", `{"path":"refusals/a.txt","value":"y",`+flexWrites+`}`, 400, "Bad Request", "The parameter field is required."),
		refused("broken JSON", "PUT", flexFiles, `{"path":`, 400, "Bad Request", unread),
		refused("a list", "PUT", flexFiles, `[]`, 400, "Bad Request", unread),
		{name: "another type", method: "PUT", path: flexFiles, body: typed{"text/plain", "x"}, status: 400, want: flexRefusal(400, "Bad Request", unread)},
		{name: "a form cut short", method: "POST", path: flexFiles, body: typed{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc"}, status: 400, want: flexRefusal(400, "Bad Request", unread)},
		refused("too much", "PUT", flexFiles, `{"path":"`+strings.Repeat("x", 300<<10)+`"}`, 413, "Content Too Large", "The body is larger than allowed"),
		{name: "metadata without end", method: "PATCH", path: flexFiles + "/meta", body: asJSON(`{"path":"refusals/a.txt","field":"x","value":` + string(big) + `,` + flexWrites + `}`), status: 400, want: "-"},
		{name: "another call", method: "PATCH", path: flexFiles, body: asJSON(`{}`), status: 404, want: "-"},
	})
	w.get("/flextype/project/uploads/refusals/a.txt").want(t, 200)
}

// flextypeConcurrency holds that of movers and deleters of one file one wins, and that no file is lost or doubled.
func flextypeConcurrency(t *testing.T, w *dialectWorld) {
	const files, rivals = 6, 4
	for i := range files {
		w.flexUpload(t, "race", fmt.Sprintf("%d.txt", i), fmt.Appendf(nil, "file %d", i))
	}
	for i := range files {
		deleter := i%2 == 1
		statuses := make(chan int, rivals)
		var all sync.WaitGroup
		for j := range rivals {
			all.Go(func() {
				method, body := "PUT", fmt.Sprintf(`{"path":"race/%d.txt","new_path":"moved/%d-%d.txt",%s}`, i, i, j, flexWrites)
				if deleter && j == 0 {
					method, body = "DELETE", fmt.Sprintf(`{"path":"race/%d.txt",%s}`, i, flexWrites)
				}
				statuses <- w.ask(t, call{method: method, path: flexFiles, body: asJSON(body)}).status
			})
		}
		all.Wait()
		close(statuses)
		counts := map[int]int{}
		for s := range statuses {
			counts[s]++
		}
		if won := counts[http.StatusOK] + counts[http.StatusNoContent]; won != 1 || counts[http.StatusNotFound] != rivals-1 {
			t.Errorf("file %d: %v", i, counts)
		}
		found := 0
		for j := range rivals {
			if a := w.get(fmt.Sprintf("/flextype/project/uploads/moved/%d-%d.txt", i, j)); a.status == 200 {
				if found++; string(a.body) != fmt.Sprintf("file %d", i) {
					t.Errorf("file %d has become %s", i, a.body)
				}
			}
		}
		if found != counts[http.StatusOK] {
			t.Errorf("file %d is there %d times: %v", i, found, counts)
		}
		w.get(fmt.Sprintf("/flextype/project/uploads/race/%d.txt", i)).want(t, 404)
	}
	// Two who move two files to one path: one gets it, the other file stays where it is.
	w.flexUpload(t, "race", "a.txt", []byte("a"))
	w.flexUpload(t, "race", "b.txt", []byte("b"))
	statuses := make(chan int, 2)
	var all sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		all.Go(func() {
			statuses <- w.ask(t, call{method: "PUT", path: flexFiles, body: asJSON(fmt.Sprintf(`{"path":"race/%s.txt","new_path":"race/c.txt",%s}`, name, flexWrites))}).status
		})
	}
	all.Wait()
	if sum := <-statuses + <-statuses; sum != 200+409 {
		t.Errorf("two movers to one path: %d", sum)
	}
	if list := w.flexGet(t, "path=race"); len(list) != 2 || list["c.txt"] == nil {
		t.Errorf("%v", list)
	}
}
