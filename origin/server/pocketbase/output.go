package pocketbase

import (
	"encoding/json"

	"github.com/imgorigin/imgorigin/origin"
)

// recordJSON is a record as this caller may see it. encoding/json sorts the keys of maps, as PocketBase's answers are.
func recordJSON(v *origin.View) map[string]any {
	out := make(map[string]any, len(v.Fields)+3)
	for _, f := range v.Fields {
		out[f.Name] = valueJSON(v.Record.Values[f.Name])
	}
	out["collectionId"] = string(v.Collection.ID)
	out["collectionName"] = v.Collection.Name
	if len(v.Expand) > 0 {
		expanded := make(map[string]any, len(v.Expand))
		for name, e := range v.Expand {
			expanded[name] = expandedJSON(e)
		}
		out["expand"] = expanded
	}
	return out
}

func expandedJSON(e *origin.Expanded) any {
	if !e.Multiple {
		return recordJSON(e.Views[0])
	}
	all := make([]any, len(e.Views))
	for i, v := range e.Views {
		all[i] = recordJSON(v)
	}
	return all
}

// valueJSON makes the null of a json field visible: a nil RawMessage would be printed as such only inside an interface.
func valueJSON(v any) any {
	if raw, ok := v.(json.RawMessage); ok && len(raw) == 0 {
		return nil
	}
	return v
}

func pageJSON(items []any, number, perPage, totalItems, totalPages int) page {
	return page{
		"items": items, "page": number, "perPage": perPage, "totalItems": totalItems, "totalPages": totalPages,
	}
}

// sessionJSON is a sign-in. "meta" is sent by providers only, and there are none.
func sessionJSON(s origin.Session) map[string]any {
	return map[string]any{"record": recordJSON(s.View), "token": s.Token}
}
