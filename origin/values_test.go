package origin

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestInputIsCastAsPocketBaseCasts(t *testing.T) {
	one, many := Field{Type: SelectField, MaxSelect: 1}, Field{Type: SelectField, MaxSelect: 3}
	raw := func(s string) any { return json.RawMessage(s) }
	null := json.RawMessage(nil)
	for _, c := range []struct {
		field Field
		in    any
		want  any
	}{
		{Field{Type: TextField}, "a", "a"},
		{Field{Type: TextField}, nil, ""},
		{Field{Type: TextField}, true, "true"},
		{Field{Type: TextField}, 1.5, "1.5"},
		{Field{Type: TextField}, 1e21, "1000000000000000000000"},
		{Field{Type: TextField}, json.Number("12"), "12"},
		{Field{Type: TextField}, map[string]any{"a": 1.0}, ""},
		{Field{Type: TextField}, "a\xffb\x00c", "a\uFFFDb\uFFFDc"},
		{Field{Type: NumberField}, 1.5, 1.5},
		{Field{Type: NumberField}, "12", 12.0},
		{Field{Type: NumberField}, "1e400", math.Inf(1)},
		{Field{Type: NumberField}, "twelve", 0.0},
		{Field{Type: NumberField}, true, 1.0},
		{Field{Type: NumberField}, nil, 0.0},
		{Field{Type: BoolField}, true, true},
		{Field{Type: BoolField}, "true", true},
		{Field{Type: BoolField}, "yes", false},
		{Field{Type: BoolField}, 1.0, true},
		{Field{Type: BoolField}, 0.0, false},
		{Field{Type: BoolField}, nil, false},
		{Field{Type: DateField}, "2024-05-06", "2024-05-06 00:00:00.000Z"},
		{Field{Type: DateField}, "2024-05-06 07:08:09.123Z", "2024-05-06 07:08:09.123Z"},
		{Field{Type: DateField}, "2024-05-06T07:08:09.1234567+02:00", "2024-05-06 05:08:09.123Z"},
		{Field{Type: DateField}, "2024-05-06 07:08:09", "2024-05-06 07:08:09.000Z"},
		{Field{Type: DateField}, "Mon, 06 May 2024 07:08:09 GMT", "2024-05-06 07:08:09.000Z"},
		{Field{Type: DateField}, "2024-05-06 07:08:09 +0100", "2024-05-06 06:08:09.000Z"},
		{Field{Type: DateField}, "0001-01-01 00:00:00Z", ""},
		{Field{Type: DateField}, "tomorrow", ""},
		{Field{Type: DateField}, 1714979289.0, ""},
		{Field{Type: DateField}, nil, ""},
		{one, "a", "a"},
		{one, []any{"a", "b"}, "b"},
		{one, `["a","b"]`, "b"},
		{one, nil, ""},
		{one, []any{}, ""},
		{one, 5.0, "5"},
		{many, "a", []string{"a"}},
		{many, []any{"a", "", "b", "a", 1.0}, []string{"a", "b", "1"}},
		{many, `["a","b"]`, []string{"a", "b"}},
		{many, `a[b]`, []string{"a[b]"}},
		{many, "", []string{}},
		{many, nil, []string{}},
		{Field{Type: JSONField}, map[string]any{"a": []any{1.0}}, raw(`{"a":[1]}`)},
		{Field{Type: JSONField}, `{"a": 1}`, raw(`{"a":1}`)},
		{Field{Type: JSONField}, "[1, 2]", raw("[1,2]")},
		{Field{Type: JSONField}, "12", raw("12")},
		{Field{Type: JSONField}, "-", raw(`"-"`)},
		{Field{Type: JSONField}, "true", raw("true")},
		{Field{Type: JSONField}, "null", null},
		{Field{Type: JSONField}, nil, null},
		{Field{Type: JSONField}, "", raw(`""`)},
		{Field{Type: JSONField}, "plain", raw(`"plain"`)},
		{Field{Type: JSONField}, `"quoted"`, raw(`"quoted"`)},
		{Field{Type: JSONField}, "{broken", raw(`"{broken"`)},
		{Field{Type: JSONField}, json.Number("12345678901234567890"), raw("12345678901234567890")},
	} {
		if diff := cmp.Diff(c.want, castValue(&c.field, c.in)); diff != "" {
			t.Errorf("%v as %s (max %d) (-want +got):\n%s", c.in, c.field.Type, c.field.MaxSelect, diff)
		}
	}
}

// canonical tells whether a value is one of those that Record promises.
func canonical(f *Field, v any) bool {
	text := func(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
	switch v := v.(type) {
	case string:
		if f.Type == DateField && v != "" {
			_, err := time.Parse(DateLayout, v)
			return err == nil && len(v) == len(DateLayout)
		}
		return text(v) && !f.Multiple() && f.Type != NumberField && f.Type != BoolField && f.Type != JSONField
	case float64:
		return f.Type == NumberField
	case bool:
		return f.Type == BoolField
	case []string:
		for _, s := range v {
			if s == "" || !text(s) {
				return false
			}
		}
		return v != nil && f.Multiple()
	case json.RawMessage:
		return f.Type == JSONField && (v == nil || json.Valid(v) && text(string(v)))
	}
	return false
}

func FuzzCastValue(f *testing.F) {
	for _, seed := range []string{`"2024-05-06"`, `["a",1,null,true,{"b":[]}]`, `1e308`, `-0.0`, `"[\"x\",\"\"]"`, `"\u0000\ud800"`, `null`, `"{\"a\" : 1}"`, `"1e999"`, `{"<":"&"}`} {
		f.Add([]byte(seed))
	}
	fields := []*Field{{Type: TextField}, {Type: NumberField}, {Type: BoolField}, {Type: DateField}, {Type: JSONField},
		{Type: SelectField, MaxSelect: 1}, {Type: RelationField, MaxSelect: 2}}
	f.Fuzz(func(t *testing.T, data []byte) {
		inputs := []any{string(data)}
		var decoded, exact any
		if json.Unmarshal(data, &decoded) == nil {
			d := json.NewDecoder(bytes.NewReader(data))
			d.UseNumber()
			if err := d.Decode(&exact); err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, decoded, exact)
		}
		for _, in := range inputs {
			for _, field := range fields {
				once := castValue(field, in)
				if !canonical(field, once) {
					t.Fatalf("%#v as %s is %#v, which is not canonical", in, field.Type, once)
				}
				if field.Type == JSONField || field.Type == NumberField {
					continue
				}
				if diff := cmp.Diff(once, castValue(field, once)); diff != "" && !strings.Contains(castText(once), "[") {
					t.Fatalf("%#v as %s changes when it is written back:\n%s", in, field.Type, diff)
				}
			}
		}
	})
}

func TestGeneratedTextIsWhatThePatternDescribes(t *testing.T) {
	for _, pattern := range []string{"[a-z0-9]{15}", "[a-zA-Z0-9]{50}", "user-[0-9]{4}", "(red|green|blue)?x+y*.", `\d{2,4}\w`, "(?:ab){3}[^a-y]"} {
		re := regexp.MustCompile("^(?s:" + pattern + ")$")
		seen := make(map[string]bool)
		for range 50 {
			made, err := generate(pattern)
			if err != nil {
				t.Fatalf("%s: %v", pattern, err)
			}
			if !re.MatchString(made) {
				t.Errorf("%s made %q", pattern, made)
			}
			seen[made] = true
		}
		if len(seen) < 2 {
			t.Errorf("%s made the same text 50 times", pattern)
		}
	}
	for _, pattern := range []string{"^[a-z]+$", "(", `\bword`, "((((((((a{9}){9}){9}){9})*)*)*)*)*"} {
		if made, err := generate(pattern); err == nil && len(made) > generatedMost {
			t.Errorf("%s made %d bytes", pattern, len(made))
		} else if err == nil && !strings.Contains(pattern, "*") {
			t.Errorf("%s made %q", pattern, made)
		}
	}
}

func FuzzGenerate(f *testing.F) {
	for _, seed := range []string{"[a-z0-9]{15}", "(a|b)*c?", "(?i)abc", `[^\x00]`, "((a*)*)*", "a{1000}", `\pL+`, "x{2,}", `[\x{D7FF}-\x{E000}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		made, err := generate(pattern)
		if err != nil || len(pattern) > 200 {
			return
		}
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return // the pattern closes a group that it did not open
		}
		if !re.MatchString(made) {
			t.Fatalf("%q made %q", pattern, made)
		}
	})
}

func TestKeysAndTheirModifiers(t *testing.T) {
	c := &Collection{Fields: []Field{{Name: "files", Type: FileField, MaxSelect: 3}, {Name: "n", Type: NumberField}, {Name: "t", Type: TextField}, {Name: "on", Type: BoolField}}}
	for _, k := range []struct {
		key, field string
		m          modifier
	}{
		{"files", "files", assign}, {"files+", "files", extend}, {"+files", "files", prepend}, {"files-", "files", remove},
		{"n", "n", assign}, {"n+", "n", extend}, {"n-", "n", remove}, {"+n", "", assign},
		{"t", "t", assign}, {"t:autogenerate", "t", regenerate}, {"t+", "", assign}, {"files:autogenerate", "", assign},
		{"on+", "", assign}, {"+files+", "", assign}, {"", "", assign}, {"+", "", assign}, {"-", "", assign}, {"other", "", assign},
	} {
		f, m := parseKey(c, k.key)
		name := ""
		if f != nil {
			name = f.Name
		}
		if name != k.field || m != k.m {
			t.Errorf("%q means %q with %d, not %q with %d", k.key, name, m, k.field, k.m)
		}
	}
}

func TestAddressesThatAreOnes(t *testing.T) {
	for address, ok := range map[string]bool{
		"a@b.co": true, "first.last+tag@sub.example.org": true, "ü@exämple.de": true, "o'hara@x-y.io": true,
		"": false, "a": false, "@b.co": false, "a@b": false, "a@b.c": false, "a b@c.de": false, ".a@b.co": false, "a.@b.co": false,
		"a..b@c.de": false, "a@-b.co": false, "a@b-.co": false, "a@b..co": false, "a@1.2": false, "a@b.co ": false, "a@b@": false,
		strings.Repeat("a", 65) + "@b.co": false, "a@" + strings.Repeat("b", 64) + ".co": false, "a\n@b.co": false, "\"a b\"@c.de": false,
	} {
		if isEmail(address) != ok {
			t.Errorf("%q as an e-mail address must be %v", address, ok)
		}
	}
	for u, host := range map[string]string{
		"https://example.org/a?b#c": "example.org", "http://localhost:8090": "localhost:8090", "example.org": "example.org",
		"ftp://1.2.3.4/x": "1.2.3.4", "https://[::1]:80/": "[::1]:80", "https://user@example.org": "example.org",
		"javascript:alert(1)": "", "https://": "", "http://nodots": "", "https://a b.org": "", "//": "", "data://x.y/": "",
		"https://example.org/" + strings.Repeat("a", 2083): "",
	} {
		if got, ok := urlHost(u); ok != (host != "") || ok && got != host {
			t.Errorf("%q has the host %q (%v), not %q", u, got, ok, host)
		}
	}
}
