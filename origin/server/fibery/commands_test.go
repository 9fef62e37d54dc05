package fibery

import (
	"encoding/json"
	"errors"
	"regexp"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

func TestNamesOfFiberyBecomeNamesOfCollectionsAndFields(t *testing.T) {
	for _, c := range []struct{ database, field, collection, column string }{
		{"Cricket/Player", "Cricket/Photos", "cricket__player", "photos"},
		{"Cricket/Player", "fibery/id", "cricket__player", "fibery_id"},
		{"My Space/Über-Plan", "My Space/Team Photo", "my_space___ber_plan", "team_photo"},
		{"A/B/C", "A/B/C", "a__b_c", "b_c"},
	} {
		space, collection, err := collectionOf(c.database)
		if err != nil || collection != c.collection {
			t.Errorf("%s is %q, %v", c.database, collection, err)
		}
		if column, err := fieldOf(space, c.field); err != nil || column != c.column {
			t.Errorf("%s is %q, %v", c.field, column, err)
		}
	}
	for _, database := range []string{"", "Player", "/Player", "Cricket/", string(make([]byte, 300)) + "/x"} {
		if _, _, err := collectionOf(database); err == nil {
			t.Errorf("%.20q is a database", database)
		}
	}
	for _, field := range []string{"", "Photos", "Cricket/", "Hockey/Photos", "cricket/Photos"} {
		if column, err := fieldOf("Cricket", field); err == nil {
			t.Errorf("%q is the field %s", field, column)
		}
	}
}

var (
	plainName      = regexp.MustCompile(`^[a-z0-9_]+$`)
	collectionName = regexp.MustCompile(`^[a-z0-9_]+__[a-z0-9_]+$`)
)

// refusedWell fails where a refusal is not one that a caller can be told.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	var p *problem
	if !errors.As(err, &p) || p.status != 400 && p.status != 404 || p.Message == "" || p.Name == "" {
		t.Errorf("refused by %v", err)
	}
}

func FuzzEditions(f *testing.F) {
	const item = `{"fibery/id":"c5bc1ec0-997e-11e9-bcec-8fb5f642f8a5"}`
	for _, s := range []string{
		`{"type":"Cricket/Player","field":"Cricket/Photos","entity":` + item + `,"items":[` + item + `]}`,
		`{"type":"Cricket/Player","field":"Hockey/Photos","entity":` + item + `,"items":[` + item + `]}`,
		`{"type":"Cricket/Player","field":"Cricket/Photos","entity":{},"items":null}`,
		`{"type":null}`, `null`, `[]`, `{`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		collection, relation, e, err := parseEdition(args)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if !collectionName.MatchString(collection) || !plainName.MatchString(relation) || e.Entity.ID == "" || len(e.Items) == 0 || len(e.Items) > maxItems {
			t.Errorf("taken: %q %q %v", collection, relation, e)
		}
	})
}

func FuzzQueries(f *testing.F) {
	for _, s := range []string{
		`{"query":{"q/from":"Cricket/Player","q/select":["fibery/id",{"Cricket/Photos":{"q/select":["fibery/secret"],"q/limit":100}}],
		  "q/where":["=",["fibery/id"],"$entity-id"],"q/limit":1},"params":{"$entity-id":"20f9b920-9752-11e9-81b9-4363f716f666"}}`,
		`{"query":{"q/from":"A/B","q/select":[{"A/C":{"q/select":["fibery/id"],"q/limit":"q/no-limit"},"A/D":{"q/select":["fibery/rank"]}}],"q/where":["=",["A/X"],"$x"]},"params":{"$x":"1"}}`,
		`{"query":{"q/from":"A/B","q/select":[null,[],1,{}],"q/where":[null,[null],null],"q/limit":-1},"params":null}`,
		`{"query":{"q/from":"A/B","q/select":["A/C"],"q/where":["=",["A/X"],"$x"],"q/limit":1e99},"params":{"$x":{}}}`,
		`{"query":null}`, `null`, `[]`, `{`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, args []byte) {
		q, err := parseQuery(args)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if !collectionName.MatchString(q.collection) || !plainName.MatchString(q.field) || q.value == "" || q.limit < 0 || len(q.columns) > maxColumns {
			t.Errorf("taken: %+v", q)
		}
		// Whatever was asked of, an entity without files and fields can be shown, or is refused in words.
		for _, c := range q.columns {
			if !plainName.MatchString(c.field) || c.limit < 0 {
				t.Errorf("selected: %+v", c)
			}
			files := c.show([]*origin.Media{{UUID: "u"}, {UUID: "v"}}, true)
			if c.files != nil && len(files.([]map[string]any)) > c.limit {
				t.Errorf("%d are more files than %d", len(files.([]map[string]any)), c.limit)
			}
		}
		if _, err := q.show(&origin.Item{Collection: &origin.Collection{}, Record: &origin.Record{}}); err != nil {
			refusedWell(t, err)
		}
	})
}

func FuzzRemoteFiles(f *testing.F) {
	for _, s := range []string{
		`{"url":"https://example.com/a.jpg","name":"img.jpg","method":"GET","headers":{"auth header":"x"}}`,
		`{"url":"file-url","name":"file-name","id":"D5BC1EC0-997e-11e9-bcec-8fb5f642f8a5"}`,
		`{"url":"x","visibility":"public"}`, `{"url":"x","id":"1"}`, `{}`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in remoteFile
		if json.Unmarshal(body, &in) != nil {
			return
		}
		draft, err := in.draft(origin.Private)
		if err != nil {
			refusedWell(t, err)
			return
		}
		if draft.UUID != "" && !origin.IsUUID(draft.UUID) || draft.Visibility != origin.Private && draft.Visibility != origin.Public || in.URL == "" {
			t.Errorf("taken: %+v", draft)
		}
		if draft.Visibility == origin.Public && in.Visibility != "public" {
			t.Error("public, and nobody said so")
		}
	})
}
