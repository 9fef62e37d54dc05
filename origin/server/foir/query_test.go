package foir

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/graph-gophers/graphql-go"

	"github.com/imgorigin/imgorigin/origin"
)

// asGuest executes a question of somebody without a key, for whom no resolver comes as far as the core.
func asGuest(d *Dialect, q question) *graphql.Response {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	c := &call{nobody: &origin.Error{Op: "key.verify", Kind: origin.Unauthenticated}, stop: stop}
	return d.execute(context.WithValue(ctx, callKey{}, c), q)
}

func codes(answer *graphql.Response) string {
	var all []string
	for _, err := range answer.Errors {
		all = append(all, fmt.Sprint(err.Extensions["code"]))
	}
	return strings.Join(all, " ")
}

func TestAQueryThatCannotBeAnsweredIsToldWhy(t *testing.T) {
	d := New(nil, DefaultConfig())
	const create = `createFileUpload(filename:"a",mimeType:"image/png",size:`
	for _, c := range []struct{ name, query, variables, codes string }{
		{"no key", `{file(id:"x"){id}}`, "", "UNAUTHENTICATED"},
		{"no key, twice", `{a:file(id:"x"){id} b:file(id:"y"){id}}`, "", "UNAUTHENTICATED UNAUTHENTICATED"},
		{"no key to write", `mutation{` + create + `1){uploadId}}`, "", "UNAUTHENTICATED"},
		{"no key to confirm", `mutation{confirmFileUpload(uploadId:"x"){id}}`, "", "UNAUTHENTICATED"},
		{"broken", `{file(`, "", "GRAPHQL_PARSE_FAILED"},
		{"a text without an end", `{file(id:"`, "", "GRAPHQL_PARSE_FAILED"},
		{"no such field", `{folder{id}}`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"an argument is missing", `mutation{createFileUpload(filename:"a",mimeType:"b"){uploadId}}`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"no such fragment", `{...nowhere}`, "", "GRAPHQL_VALIDATION_FAILED GRAPHQL_VALIDATION_FAILED"},
		{"no such operation", `query a{__typename}`, "", "BAD_USER_INPUT"},
		{"a subscription", `subscription{file}`, "", "BAD_USER_INPUT"},
		{"a size past Int", `mutation{` + create + `2147483648){uploadId}}`, "", "FILE_TOO_LARGE"},
		{"a size past int64", `mutation{` + create + `99999999999999999999999){uploadId}}`, "", "FILE_TOO_LARGE"},
		{"a size past Int by a variable", `mutation($s:Int!){` + create + `$s){uploadId}}`, `{"s":5368709120}`, "FILE_TOO_LARGE"},
		{"a size past float64 is no JSON number of Go's", `mutation($s:Int!){` + create + `$s){uploadId}}`, `{"s":1e300}`, "FILE_TOO_LARGE"},
		{"a size far below", `mutation{` + create + `-2147483649){uploadId}}`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"a size far below by a variable", `mutation($s:Int!){` + create + `$s){uploadId}}`, `{"s":-5368709120}`, "BAD_USER_INPUT"},
		{"half a byte", `mutation{` + create + `1.5){uploadId}}`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"half a byte by a variable", `mutation($s:Int!){` + create + `$s){uploadId}}`, `{"s":1.5}`, "BAD_USER_INPUT"},
		{"a size as a text", `mutation($s:Int!){` + create + `$s){uploadId}}`, `{"s":"5368709120"}`, "BAD_USER_INPUT"},
		{"a number in metadata that Go has none for", `mutation{` + create + `1,metadata:{a:99999999999999999999}){uploadId}}`, "", "BAD_USER_INPUT"},
		{"the same as a variable's default", `mutation($m:JSON=99999999999999999999){` + create + `1,metadata:$m){uploadId}}`, "", "BAD_USER_INPUT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := question{Query: c.query}
			if c.name == "no such operation" {
				q.OperationName = "b"
			}
			if c.variables != "" {
				if err := json.Unmarshal([]byte(c.variables), &q.Variables); err != nil {
					t.Fatal(err)
				}
			}
			answer := asGuest(d, q)
			if got := codes(answer); got != c.codes {
				t.Errorf("%s, want %s: %v", got, c.codes, answer.Errors)
			}
			if unanswered := c.codes != "UNAUTHENTICATED" && c.codes != "UNAUTHENTICATED UNAUTHENTICATED"; unanswered && answer.Data != nil {
				t.Errorf("data %s of a query that was not executed", answer.Data)
			}
		})
	}
}

// introspection is the query that tools ask a schema with, with as much of it as the library's schema has.
func introspection(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestToolsMayAskForTheSchema(t *testing.T) {
	answer := asGuest(New(nil, DefaultConfig()), question{Query: introspection(t)})
	if len(answer.Errors) > 0 {
		t.Fatal(answer.Errors[0])
	}
	var got struct {
		Schema struct {
			Types []struct {
				Name   string
				Fields []struct{ Name string }
			}
		} `json:"__schema"`
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		t.Fatal(err)
	}
	fields := ""
	for _, typ := range got.Schema.Types {
		if typ.Name == "File" {
			for _, f := range typ.Fields {
				fields += f.Name + " "
			}
		}
	}
	if want := "id filename mimeType size url width height blurhash alt createdAt "; fields != want {
		t.Errorf("File has %s, want %s", fields, want)
	}
}

func TestAQueryThatAsksForTooMuchIsRefusedWhole(t *testing.T) {
	d := New(nil, DefaultConfig())
	many := func(n int, one string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, one+" ", i)
		}
		return b.String()
	}
	for _, c := range []struct{ name, query string }{
		{"a long text", "{__typename" + strings.Repeat(" ", maxQuery) + "}"},
		{"depth", "{__schema{types{" + strings.Repeat("ofType{", maxDepth) + "name" + strings.Repeat("}", maxDepth) + "}}}"},
		{"aliases", "{" + many(maxSelections+1, `a%d:__typename`) + "}"},
		{"mutations by alias", "mutation{" + many(maxSelections/2+1, `a%d:confirmFileUpload(uploadId:"x"){id}`) + "}"},
		{"fragments of fragments", fragments(14)},
		{"the schema again and again", "{" + many(150, "a%d:__schema{types{fields{name args{name} type{name}}}}") + "}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := asGuest(d, question{Query: c.query})
			if got := codes(answer); !strings.HasPrefix(got, string(tooComplex)) || answer.Data != nil {
				t.Errorf("%.200s, %.200s", got, answer.Data)
			}
			for _, err := range answer.Errors {
				if len(err.Message) > 200 {
					t.Errorf("the complaint is long itself: %.300s", err.Message)
				}
			}
		})
	}
	if answer := asGuest(d, question{Query: fragments(5)}); len(answer.Errors) > 0 {
		t.Errorf("a modest one is refused: %v", answer.Errors)
	}
}

// fragments is a query that two of each level make twice as long as the level below.
func fragments(levels int) string {
	var b strings.Builder
	b.WriteString("{...f0}")
	for i := range levels {
		fmt.Fprintf(&b, " fragment f%d on Query{a%d:__typename ...f%d ...g%d} fragment g%d on Query{...f%d}", i, i, i+1, i, i, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on Query{__typename}", levels)
	return b.String()
}

func TestErrorsAreBoundedInNumber(t *testing.T) {
	answer := asGuest(New(nil, DefaultConfig()), question{Query: "{" + strings.Repeat("nothing ", 500) + "}"})
	if len(answer.Errors) != maxErrors {
		t.Errorf("%d errors are told of", len(answer.Errors))
	}
}

func TestFileNames(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"plain", "hero.jpg", "hero.jpg"},
		{"blanks and brackets", "My Photo (1).jpg", "My-Photo--1-.jpg"},
		{"letters of any script", "файл_é.png", "файл_é.png"},
		{"a path", "../../etc/passwd", "-.-..-etc-passwd"},
		{"what shells and pages read", `a'b"c<d>&$;|.gif`, "a-b-c-d-----.gif"},
		{"a line break", "a\r\nb", "a--b"},
		{"a hidden file", ".htaccess", "-htaccess"},
		{"broken UTF-8", "a\xffb", "a-b"},
		{"nothing", "", "-"},
	} {
		if got := fileName(c.given); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.name, c.given, got, c.want)
		}
	}
}

// FuzzQuery asks as a guest: whatever it is, there is an answer in JSON that blames the caller alone.
func FuzzQuery(f *testing.F) {
	f.Add(introspection(f), "", "")
	f.Add(`mutation StartUpload { createFileUpload(filename: "hero.jpg" mimeType: "image/jpeg" size: 482910 folder: "a/b" metadata: { alt: "x", n: [1, 2.5, null, true, E] }) { uploadId uploadUrl } }`, "StartUpload", "")
	f.Add(`query($id:String!="a"){file(id:$id){id ...f @include(if:true)}} fragment f on File{createdAt}`, "", `{"id":"b"}`)
	f.Add(`mutation($s:Int!,$m:JSON=99999999999999999999){createFileUpload(filename:"a",mimeType:"b",size:$s,metadata:$m){uploadId}}`, "", `{"s":5e9}`)
	f.Add(`mutation{createFileUpload(filename:"""a\q""",mimeType:"\uD800",size:-0,metadata:{a:-{}}){uploadId}}`, "", "{}")
	f.Add(`{file(id:"\q"){id}}`, "", "")
	d := New(nil, DefaultConfig())
	f.Fuzz(func(t *testing.T, query, operation, variables string) {
		q := question{Query: query, OperationName: operation}
		if variables != "" && json.Unmarshal([]byte(variables), &q.Variables) != nil {
			return
		}
		answer := asGuest(d, q)
		if _, err := json.Marshal(answer); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
		for _, err := range answer.Errors {
			if c := err.Extensions["code"]; c == nil || c == string(internal) {
				t.Fatalf("%v: %v", c, err)
			}
		}
		if answer.Data == nil && len(answer.Errors) == 0 {
			t.Fatal("neither data nor an error")
		}
	})
}
