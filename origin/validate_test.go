package origin_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func TestComplaintsAboutValuesAreWordForWordPocketBases(t *testing.T) {
	l := newLibrary(t)
	tags := l.collection("tags")
	tag := string(l.values("tags", nil).Record.ID)
	many := strings.Repeat("x", 5001)
	for _, c := range []struct {
		name  string
		field origin.Field
		value any
		want  string // "" where it is fine
	}{
		{"required text", origin.Field{Type: origin.TextField, Required: true}, "", `{"code":"validation_required","message":"Cannot be blank."}`},
		{"short text", origin.Field{Type: origin.TextField, Min: ptr(3.0)}, "äö", `{"code":"validation_min_text_constraint","message":"Must be at least 3 character(s).","params":{"min":3}}`},
		{"short enough", origin.Field{Type: origin.TextField, Max: ptr(3.0)}, "äöü", ""},
		{"long text", origin.Field{Type: origin.TextField, Max: ptr(3.0)}, "äöüß", `{"code":"validation_max_text_constraint","message":"Must be no more than 3 character(s).","params":{"max":3}}`},
		{"very long text", origin.Field{Type: origin.TextField}, many, `{"code":"validation_max_text_constraint","message":"Must be no more than 5000 character(s).","params":{"max":5000}}`},
		{"text of another form", origin.Field{Type: origin.TextField, Pattern: "^[a-z]+$"}, "A", `{"code":"validation_invalid_format","message":"Invalid value format."}`},
		{"no text is no short text", origin.Field{Type: origin.TextField, Min: ptr(3.0), Pattern: "^x$"}, "", ""},
		{"required number", origin.Field{Type: origin.NumberField, Required: true}, 0.0, `{"code":"validation_required","message":"Cannot be blank."}`},
		{"whole number", origin.Field{Type: origin.NumberField, OnlyInt: true}, 1.5, `{"code":"validation_only_int_constraint","message":"Decimal numbers are not allowed."}`},
		{"small number", origin.Field{Type: origin.NumberField, Min: ptr(5.0)}, 4.0, `{"code":"validation_min_number_constraint","message":"Must be larger than 5.000000."}`},
		{"large number", origin.Field{Type: origin.NumberField, Max: ptr(5.0)}, 6.0, `{"code":"validation_max_number_constraint","message":"Must be less than 5.000000."}`},
		{"no number", origin.Field{Type: origin.NumberField}, "1e999", `{"code":"validation_not_a_number","message":"The submitted number is not properly formatted."}`},
		{"NaN", origin.Field{Type: origin.NumberField}, "NaN", `{"code":"validation_not_a_number","message":"The submitted number is not properly formatted."}`},
		{"required bool", origin.Field{Type: origin.BoolField, Required: true}, false, `{"code":"validation_required","message":"Cannot be blank."}`},
		{"e-mail", origin.Field{Type: origin.EmailField}, "nobody", `{"code":"validation_is_email","message":"Must be a valid email address."}`},
		{"e-mail elsewhere", origin.Field{Type: origin.EmailField, OnlyDomains: []string{"a.org"}}, "x@b.org", `{"code":"validation_email_domain_not_allowed","message":"Email domain is not allowed."}`},
		{"e-mail there", origin.Field{Type: origin.EmailField, ExceptDomains: []string{"b.org"}}, "x@b.org", `{"code":"validation_email_domain_not_allowed","message":"Email domain is not allowed."}`},
		{"url", origin.Field{Type: origin.URLField}, "not a url", `{"code":"validation_invalid_url","message":"Must be a valid url."}`},
		{"url elsewhere", origin.Field{Type: origin.URLField, OnlyDomains: []string{"a.org"}}, "https://b.org", `{"code":"validation_url_domain_not_allowed","message":"Url domain is not allowed."}`},
		{"required date", origin.Field{Type: origin.DateField, Required: true}, "yesterday", `{"code":"validation_required","message":"Cannot be blank."}`},
		{"early date", origin.Field{Type: origin.DateField, MinDate: "2024-01-02"}, "2024-01-01", `{"code":"validation_min_greater_equal_than_required","message":"Must be no less than 2024-01-02 00:00:00 +0000 UTC.","params":{"threshold":"2024-01-02T00:00:00Z"}}`},
		{"late date", origin.Field{Type: origin.DateField, MaxDate: "2024-01-02"}, "2024-01-03", `{"code":"validation_max_less_equal_than_required","message":"Must be no greater than 2024-01-02 00:00:00 +0000 UTC.","params":{"threshold":"2024-01-02T00:00:00Z"}}`},
		{"unknown choice", origin.Field{Type: origin.SelectField, Values: []string{"a", "b"}}, "c", `{"code":"validation_invalid_value","message":"Invalid value c.","params":{"value":"c"}}`},
		{"too many choices", origin.Field{Type: origin.SelectField, Values: []string{"a", "b", "c"}, MaxSelect: 2}, []any{"a", "b", "c"}, `{"code":"validation_too_many_values","message":"Select no more than 2.","params":{"maxSelect":2}}`},
		{"no choice", origin.Field{Type: origin.SelectField, Values: []string{"a"}, Required: true}, nil, `{"code":"validation_required","message":"Cannot be blank."}`},
		{"missing relation", origin.Field{Type: origin.RelationField, CollectionID: tags.ID}, "nosuch", `{"code":"validation_missing_rel_records","message":"Failed to find all relation records with the provided ids."}`},
		{"half the relations", origin.Field{Type: origin.RelationField, CollectionID: tags.ID, MaxSelect: 3}, []any{tag, "nosuch"}, `{"code":"validation_missing_rel_records","message":"Failed to find all relation records with the provided ids."}`},
		{"few relations", origin.Field{Type: origin.RelationField, CollectionID: tags.ID, MinSelect: 2, MaxSelect: 3}, tag, `{"code":"validation_not_enough_values","message":"Select at least 2.","params":{"minSelect":2}}`},
		{"a relation", origin.Field{Type: origin.RelationField, CollectionID: tags.ID}, tag, ""},
		{"large json", origin.Field{Type: origin.JSONField, MaxSize: 5}, []any{1.0, 2.0, 3.0}, `{"code":"validation_json_size_limit","message":"The maximum allowed JSON size is 5 bytes.","params":{"maxSize":5}}`},
		{"required json", origin.Field{Type: origin.JSONField, Required: true}, map[string]any{}, `{"code":"validation_required","message":"Cannot be blank."}`},
		{"large content", origin.Field{Type: origin.EditorField, MaxSize: 5}, "<p>x</p>", `{"code":"validation_content_size_limit","message":"The maximum allowed content size is 5 bytes.","params":{"maxSize":5}}`},
		{"required file", origin.Field{Type: origin.FileField, Required: true}, "", `{"code":"validation_required","message":"Cannot be blank."}`},
		{"unknown file", origin.Field{Type: origin.FileField}, "evil.jpg", `{"code":"validation_invalid_file","message":"Invalid new files: [evil.jpg].","params":{"invalidFiles":["evil.jpg"]}}`},
		{"password", origin.Field{Type: origin.PasswordField, Min: ptr(8.0)}, "1234567", `{"code":"validation_min_text_constraint","message":"Must be at least 8 character(s)."}`},
		{"long password", origin.Field{Type: origin.PasswordField}, strings.Repeat("ü", 40), `{"code":"validation_max_text_constraint","message":"Must be less than 71 character(s)."}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l.t = t
			c.field.Name = "v"
			l.collection("things", c.field)
			defer func() {
				if err := l.DeleteCollection(context.Background(), origin.System(), "things"); err != nil {
					t.Error(err)
				}
			}()
			_, err := l.CreateRecord(context.Background(), origin.Caller{}, "things", origin.RecordInput{Values: map[string]any{"v": c.value}})
			if c.want == "" {
				if err != nil {
					t.Errorf("%v: %s", err, complaints(err))
				}
				return
			}
			refused(t, c.name, err, origin.Invalid, "Failed to create record.")
			if got, want := complaints(err), `{"v":`+c.want+`}`; got != want {
				t.Errorf("%s\nmust be %s", got, want)
			}
		})
	}
	l.t = t
}

func TestComplaintsAboutUploadsAreWordForWordPocketBases(t *testing.T) {
	l := newLibrary(t)
	l.collection("docs",
		origin.Field{Name: "images", Type: origin.FileField, MaxSelect: 5},
		origin.Field{Name: "pictures", Type: origin.FileField, MimeTypes: []string{"image/png", "image/jpeg"}, MaxSelect: 2, MaxSize: 100_000})
	for _, c := range []struct {
		name  string
		field string
		files []*origin.Upload
		want  string // with NAME for the stored name
	}{
		{"count", "images", l.uploads(map[string][]string{"x": {"a", "b", "c", "d", "e", "f"}})["x"],
			`{"images":{"code":"validation_too_many_files","message":"The maximum allowed files is 5.","params":{"maxSelect":5}}}`},
		{"size", "images", []*origin.Upload{l.stage("zero6m.bin", make([]byte, 6<<20))},
			`{"images":{"code":"validation_file_size_limit","message":"Failed to upload zero6m.bin - the maximum allowed file size is 5242880 bytes.","params":{"file":"zero6m.bin","maxSize":5242880}}}`},
		{"type", "pictures", []*origin.Upload{l.stage("note.txt", []byte("hello"))},
			`{"pictures":{"code":"validation_invalid_mime_type","message":"\"NAME\" mime type must be one of: image/png, image/jpeg."}}`},
		{"size before type", "pictures", []*origin.Upload{l.stage("note.txt", bytes.Repeat([]byte("a"), 100_001))},
			`{"pictures":{"code":"validation_file_size_limit","message":"Failed to upload note.txt - the maximum allowed file size is 100000 bytes.","params":{"file":"note.txt","maxSize":100000}}}`},
		{"count before size", "pictures", []*origin.Upload{l.stage("1.txt", make([]byte, 100_001)), l.stage("2.txt", nil), l.stage("3.txt", nil)},
			`{"pictures":{"code":"validation_too_many_files","message":"The maximum allowed files is 2.","params":{"maxSelect":2}}}`},
	} {
		_, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{Files: map[string][]*origin.Upload{c.field: c.files}})
		refused(t, c.name, err, origin.Invalid, "Failed to create record.")
		got := complaints(err)
		if before, rest, ok := strings.Cut(got, `\"note_`); ok {
			_, after, _ := strings.Cut(rest, `.txt\"`)
			got = before + `\"NAME\"` + after
		}
		if got != c.want {
			t.Errorf("%s: %s\nmust be %s", c.name, got, c.want)
		}
	}
	_, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{
		Values: map[string]any{"images": "old.png"}, Files: map[string][]*origin.Upload{"pictures": {l.stage("a.jpg", smallJPEG(t, 4, 4))}}})
	if got, want := complaints(err), `{"images":{"code":"validation_invalid_file","message":"Invalid new files: [old.png].","params":{"invalidFiles":["old.png"]}}}`; got != want {
		t.Errorf("beside a good picture: %s\nmust be %s", got, want)
	}
	if _, err := l.CreateRecord(context.Background(), origin.Caller{}, "docs", origin.RecordInput{
		Files: map[string][]*origin.Upload{"pictures": {l.stage("really.txt", smallJPEG(t, 4, 4))}}}); err != nil {
		t.Errorf("a picture by content was refused for its name: %s", complaints(err))
	}
}

func TestComplaintsAboutIDs(t *testing.T) {
	l := newLibrary(t)
	l.collection("things")
	own := origin.Field{Name: "id", Type: origin.TextField, Pattern: ".", AutogeneratePattern: "[a-z]{8}"}
	l.collection("free", own)
	taken := string(l.values("things", nil).Record.ID)
	for _, c := range []struct{ name, collection, id, want string }{
		{"short", "things", "abc", `{"id":{"code":"validation_min_text_constraint","message":"Must be at least 15 character(s).","params":{"min":15}}}`},
		{"long", "things", "abcdefghijklmnop", `{"id":{"code":"validation_max_text_constraint","message":"Must be no more than 15 character(s).","params":{"max":15}}}`},
		{"letters", "things", "ABCDEFGHIJKLMNO", `{"id":{"code":"validation_invalid_format","message":"Invalid value format."}}`},
		{"taken", "things", taken, `{"id":{"code":"validation_not_unique","message":"Value must be unique."}}`},
		{"slash", "free", "a/b", `{"id":{"code":"validation_forbidden_pk_character","message":"'/' is not a valid primary key character.","params":{"ch":"/"}}}`},
		{"dots", "free", "..", `{"id":{"code":"validation_forbidden_pk_character","message":"'.' is not a valid primary key character.","params":{"ch":"."}}}`},
		{"quote", "free", "a'b", `{"id":{"code":"validation_forbidden_pk_character","message":"''' is not a valid primary key character.","params":{"ch":"'"}}}`},
		{"long in bytes", "free", strings.Repeat("ü", 128), `{"id":{"code":"validation_max_text_constraint","message":"Must be no more than 255 character(s).","params":{"max":255}}}`},
	} {
		_, err := l.CreateRecord(context.Background(), origin.Caller{}, c.collection, origin.RecordInput{Values: map[string]any{"id": c.id}})
		if got := complaints(err); got != c.want {
			t.Errorf("%s: %s\nmust be %s", c.name, got, c.want)
		}
	}
	v := l.values("free", map[string]any{"id": "Größe-1"})
	if v.Record.ID != "Größe-1" {
		t.Errorf("a chosen id became %q", v.Record.ID)
	}
	_, err := l.UpdateRecord(context.Background(), origin.System(), "things", taken, origin.RecordInput{Values: map[string]any{"id": "abcdefghijklmno"}})
	if got, want := complaints(err), `{"id":{"code":"validation_pk_change","message":"The record primary key cannot be changed."}}`; got != want {
		t.Errorf("%s\nmust be %s", got, want)
	}
	refused(t, "a changed id", err, origin.Invalid, "Failed to update record.")
}
