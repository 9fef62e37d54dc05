package pocketbase

import (
	"encoding/json"
	"strings"
	"testing"
)

// record is an answer with everything that can be picked from.
const record = `{"id":"1","title":"<p>One two</p>","list":["x","y"],"extra":{"a":{"b":1,"c":[{"d":2,"e":3},{"e":4}]}},
	"expand":{"owner":{"id":"2","name":"Ann","avatar":"a.png"},"tags":[{"id":"3","label":"red"},{"id":"4","label":"blue"}]}}`

func decoded(t *testing.T, s string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// picked is what a fields parameter leaves of an answer, as JSON, or "refused".
func picked(t *testing.T, fields string, answer any) string {
	t.Helper()
	p, err := parsePicker(fields)
	if err != nil {
		return "refused"
	}
	out, err := json.Marshal(p.of(answer))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestFieldsThatArePicked(t *testing.T) {
	whole, _ := json.Marshal(decoded(t, record))
	for _, c := range []struct{ fields, want string }{
		{"", string(whole)},
		{" , ,", string(whole)},
		{"*", string(whole)},
		{"id", `{"id":"1"}`},
		{" id , title ", `{"id":"1","title":"\u003cp\u003eOne two\u003c/p\u003e"}`},
		{"nothing", `{}`},
		{"ID", `{}`},
		{"list", `{"list":["x","y"]}`},
		{"list.x", `{"list":["x","y"]}`}, // scalars have nothing to pick from and stay
		{"title.x", `{"title":"\u003cp\u003eOne two\u003c/p\u003e"}`},
		{"extra.a.b", `{"extra":{"a":{"b":1}}}`},
		{"extra.a.c.d", `{"extra":{"a":{"c":[{"d":2},{}]}}}`},
		{"extra.x", `{"extra":{}}`},
		{"expand.owner.name", `{"expand":{"owner":{"name":"Ann"}}}`},
		{"id,expand.tags.label", `{"expand":{"tags":[{"label":"red"},{"label":"blue"}]},"id":"1"}`},
		{"id,expand.owner.*", `{"expand":{"owner":{"avatar":"a.png","id":"2","name":"Ann"}},"id":"1"}`},
		{"expand.*,expand.owner.id", `{"expand":{"owner":{"id":"2"},"tags":[{"id":"3","label":"red"},{"id":"4","label":"blue"}]}}`},
		{"extra,extra.a.b", `{"extra":{"a":{"b":1,"c":[{"d":2,"e":3},{"e":4}]}}}`},
		{"extra.a.b,extra", `{"extra":{"a":{"b":1,"c":[{"d":2,"e":3},{"e":4}]}}}`},
		{"*.id", `{}`}, // a star means something at the end only
		{"*,expand.owner.id,extra.x,title,list", `{"expand":{"owner":{"id":"2"}},"extra":{},"id":"1","list":["x","y"],"title":"\u003cp\u003eOne two\u003c/p\u003e"}`},
		{"title:excerpt(100)", `{"title":"One two"}`},
		{"title:excerpt(5)", `{"title":"One t"}`},
		{"title:excerpt(4, true)", `{"title":"One..."}`},
		{"title:excerpt( 4 ,1)", `{"title":"One..."}`},
		{"title:excerpt(4, maybe)", `{"title":"One"}`},
		{"id,title:excerpt(3),expand.owner.name:excerpt(1,true)", `{"expand":{"owner":{"name":"A..."}},"id":"1","title":"One"}`},
		{"list:excerpt(1)", `{"list":["x","y"]}`}, // of texts only
		{"*:excerpt(3),extra.x,expand.x,list", `{"expand":{},"extra":{},"id":"1","list":["x","y"],"title":"One"}`},
		{"title:excerpt", "refused"},
		{"title:excerpt()", "refused"},
		{"title:excerpt(0)", "refused"},
		{"title:excerpt(-1)", "refused"},
		{"title:excerpt(x)", "refused"},
		{"title:excerpt(5", "refused"},
		{"title:upper()", "refused"},
		{"title:", "refused"},
		{"a.b.c.d.e.f.g.h", `{}`},
		{"a.b.c.d.e.f.g.h.i", "refused"},
		{strings.Repeat("id,", 682), `{"id":"1"}`},
		{strings.Repeat("id,", 683), "refused"},
	} {
		if got := picked(t, c.fields, decoded(t, record)); got != c.want {
			t.Errorf("%.60q picks\n%s, want\n%s", c.fields, got, c.want)
		}
	}
}

func TestFieldsOfAListArePickedFromItsItems(t *testing.T) {
	for _, c := range []struct{ fields, want string }{
		{"", `{"items":[{"id":"1","page":"p"},{"id":"2"}],"page":1,"perPage":30,"totalItems":2,"totalPages":1}`},
		{"id", `{"items":[{"id":"1"},{"id":"2"}],"page":1,"perPage":30,"totalItems":2,"totalPages":1}`},
		{"page", `{"items":[{"page":"p"},{}],"page":1,"perPage":30,"totalItems":2,"totalPages":1}`},
		{"items.id", `{"items":[{"id":"1"},{"id":"2"}]}`},
		{"items.id,totalItems", `{"items":[{"id":"1"},{"id":"2"}],"totalItems":2}`},
		{"*,items.id", `{"items":[{"id":"1"},{"id":"2"}],"page":1,"perPage":30,"totalItems":2,"totalPages":1}`},
	} {
		items := []any{map[string]any{"id": "1", "page": "p"}, map[string]any{"id": "2"}}
		if got := picked(t, c.fields, pageJSON(items, 1, 30, 2, 1)); got != c.want {
			t.Errorf("%q picks\n%s, want\n%s", c.fields, got, c.want)
		}
	}
	if got := picked(t, "id", pageJSON([]any{}, 1, 30, 0, 0)); got != `{"items":[],"page":1,"perPage":30,"totalItems":0,"totalPages":0}` {
		t.Errorf("of no items: %s", got)
	}
}

func TestJSONFieldsCanBePickedFrom(t *testing.T) {
	answer := map[string]any{"extra": json.RawMessage(`{"a":1,"b":[{"c":2,"d":3}]}`), "list": []string{"x"}, "none": nil}
	for fields, want := range map[string]string{
		"extra.a":         `{"extra":{"a":1}}`,
		"extra.b.c":       `{"extra":{"b":[{"c":2}]}}`,
		"extra":           `{"extra":{"a":1,"b":[{"c":2,"d":3}]}}`,
		"list.x,none.y":   `{"list":["x"],"none":null}`,
		"extra.b.d,extra": `{"extra":{"a":1,"b":[{"c":2,"d":3}]}}`,
	} {
		if got := picked(t, fields, answer); got != want {
			t.Errorf("%q picks %s, want %s", fields, got, want)
		}
	}
}

func TestExcerptsAreText(t *testing.T) {
	for html, want := range map[string]string{
		"":                                   "",
		"plain":                              "plain",
		"  a \n\t b\u00a0c  ":                "a b c",
		"<p>one</p><p>two</p>":               "one two",
		"<b>bo</b>ld <EM>and</EM> <i>it</i>": "bold and it",
		"a<br>b":                             "ab",
		"a<br/><hr/>b":                       "a b",
		"1 &lt; 2 &amp;&amp; 3 &gt; 2":       "1 < 2 && 3 > 2",
		"&lt;script&gt;":                     "<script>",
		"1 < 2 <3":                           "1 < 2 <3",
		"a<!-- <b>not</b> -->b":              "a b",
		"a<!-- never ends":                   "a",
		"a<script>alert('</b>')</script>b":   "a b",
		"a<STYLE type=x>p{}</style >b":       "a b",
		"a<script>never ends":                "a",
		"a<script>x</scripted>y</script>b":   "a b",
		"a<svg><text>t</text></svg>b":        "a b",
		"<img alt='x'>a":                     "a",
		"a<b":                                "a",
		"a<":                                 "a<",
		"<!doctype html><html>a":             "a",
		"</p>a</p>":                          "a",
	} {
		if got := plainText(html); got != want {
			t.Errorf("%q: %q, want %q", html, got, want)
		}
	}
	for _, c := range []struct {
		max      int
		ellipsis bool
		want     string
	}{{1, false, "日"}, {2, true, "日本..."}, {4, true, "日本 語"}, {3, true, "日本..."}} {
		if got := (&excerpt{c.max, c.ellipsis}).of("<p>日本</p> 語"); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// FuzzPicker holds that nothing is made up: what is picked is a part of the answer, and texts get no longer.
func FuzzPicker(f *testing.F) {
	for _, fields := range []string{"", "*", "id,title", "expand.owner.*", "extra.a.c.d", "title:excerpt(3,true)", "*:excerpt(1)", "a(,b),c", "items.id", "..", "*.*", "title:excerpt(9999999999999999999)"} {
		f.Add(fields, record)
	}
	f.Add("a:excerpt(2)", `{"a":"<<script></b>&lt;&#x3c;é"}`)
	f.Fuzz(func(t *testing.T, fields, answer string) {
		var v map[string]any
		if json.Unmarshal([]byte(answer), &v) != nil {
			return
		}
		p, err := parsePicker(fields)
		if err != nil {
			return
		}
		out := p.of(v)
		if !partOf(out, v) {
			t.Fatalf("%q of %s picks %v", fields, answer, out)
		}
		items := []any{v}
		if page, ok := p.of(pageJSON(items, 1, 30, 1, 1)).(page); ok && len(page["items"].([]any)) != 1 {
			t.Fatalf("%q loses an item", fields)
		}
	})
}

func partOf(part, whole any) bool {
	switch part := part.(type) {
	case map[string]any:
		whole, ok := whole.(map[string]any)
		for k, v := range part {
			if _, there := whole[k]; !there || !partOf(v, whole[k]) {
				return false
			}
		}
		return ok
	case []any:
		whole, ok := whole.([]any)
		if !ok || len(part) != len(whole) {
			return false
		}
		for i := range part {
			if !partOf(part[i], whole[i]) {
				return false
			}
		}
		return true
	case string:
		whole, ok := whole.(string)
		return ok && (part == whole || len([]rune(part)) <= len([]rune(whole))+len("..."))
	}
	return part == whole
}
