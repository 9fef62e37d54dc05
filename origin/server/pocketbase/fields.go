package pocketbase

import (
	"encoding/json"
	"strings"

	"github.com/imgorigin/imgorigin/origin"
)

// fieldBody is a field's JSON: the keys of all types together. min and max are numbers or, for dates, texts.
type fieldBody struct {
	ID                  string          `json:"id"`
	Name                string          `json:"name"`
	Type                string          `json:"type"`
	Help                string          `json:"help"`
	System              bool            `json:"system"`
	Hidden              bool            `json:"hidden"`
	Presentable         bool            `json:"presentable"`
	Required            bool            `json:"required"`
	Min                 json.RawMessage `json:"min"`
	Max                 json.RawMessage `json:"max"`
	Pattern             string          `json:"pattern"`
	AutogeneratePattern string          `json:"autogeneratePattern"`
	PrimaryKey          bool            `json:"primaryKey"`
	OnlyInt             bool            `json:"onlyInt"`
	Cost                int             `json:"cost"`
	ConvertURLs         bool            `json:"convertURLs"`
	ExceptDomains       []string        `json:"exceptDomains"`
	OnlyDomains         []string        `json:"onlyDomains"`
	OnCreate            bool            `json:"onCreate"`
	OnUpdate            bool            `json:"onUpdate"`
	Values              []string        `json:"values"`
	MaxSelect           int             `json:"maxSelect"`
	MinSelect           int             `json:"minSelect"`
	CollectionID        string          `json:"collectionId"`
	CascadeDelete       bool            `json:"cascadeDelete"`
	MaxSize             int64           `json:"maxSize"`
	MimeTypes           []string        `json:"mimeTypes"`
	Thumbs              []string        `json:"thumbs"`
	Protected           bool            `json:"protected"`
}

func (b *fieldBody) field() origin.Field {
	f := origin.Field{
		ID: origin.FieldID(b.ID), Name: b.Name, Type: origin.FieldType(strings.TrimSpace(b.Type)), Help: b.Help,
		System: b.System, Hidden: b.Hidden, Presentable: b.Presentable, Required: b.Required,
		Pattern: b.Pattern, AutogeneratePattern: b.AutogeneratePattern, PrimaryKey: b.PrimaryKey,
		OnlyInt: b.OnlyInt, Cost: b.Cost, ConvertURLs: b.ConvertURLs,
		ExceptDomains: b.ExceptDomains, OnlyDomains: b.OnlyDomains, OnCreate: b.OnCreate, OnUpdate: b.OnUpdate,
		Values: b.Values, MaxSelect: b.MaxSelect, MinSelect: b.MinSelect,
		CollectionID: origin.CollectionID(b.CollectionID), CascadeDelete: b.CascadeDelete,
		MaxSize: b.MaxSize, MimeTypes: b.MimeTypes, Thumbs: b.Thumbs, Protected: b.Protected,
	}
	if f.Type == origin.DateField {
		_ = json.Unmarshal(b.Min, &f.MinDate) // what is no text is no bound
		_ = json.Unmarshal(b.Max, &f.MaxDate)
	} else {
		f.Min, f.Max = bound(b.Min), bound(b.Max)
	}
	return f
}

// bound is a number, or nil for null, for nothing and for what is no number.
func bound(raw json.RawMessage) *float64 {
	var n *float64
	if len(raw) == 0 || json.Unmarshal(raw, &n) != nil {
		return nil
	}
	return n
}

// fieldJSON is a field with exactly the keys that PocketBase prints for its type.
func fieldJSON(f *origin.Field) map[string]any {
	out := map[string]any{
		"help": f.Help, "hidden": f.Hidden, "id": string(f.ID), "name": f.Name,
		"presentable": f.Presentable, "system": f.System, "type": string(f.Type),
	}
	if f.Type != origin.AutodateField {
		out["required"] = f.Required
	}
	for k, v := range typeJSON(f) {
		out[k] = v
	}
	return out
}

func typeJSON(f *origin.Field) map[string]any {
	switch f.Type {
	case origin.TextField:
		return map[string]any{
			"autogeneratePattern": f.AutogeneratePattern, "max": number(f.Max), "min": number(f.Min),
			"pattern": f.Pattern, "primaryKey": f.PrimaryKey,
		}
	case origin.PasswordField:
		return map[string]any{"cost": f.Cost, "max": number(f.Max), "min": number(f.Min), "pattern": f.Pattern}
	case origin.NumberField:
		return map[string]any{"max": f.Max, "min": f.Min, "onlyInt": f.OnlyInt}
	case origin.EmailField, origin.URLField:
		return map[string]any{"exceptDomains": unset(f.ExceptDomains), "onlyDomains": unset(f.OnlyDomains)}
	case origin.DateField:
		return map[string]any{"max": f.MaxDate, "min": f.MinDate}
	case origin.AutodateField:
		return map[string]any{"onCreate": f.OnCreate, "onUpdate": f.OnUpdate}
	case origin.SelectField:
		return map[string]any{"maxSelect": f.MaxSelect, "values": unset(f.Values)}
	case origin.JSONField:
		return map[string]any{"maxSize": f.MaxSize}
	case origin.EditorField:
		return map[string]any{"convertURLs": f.ConvertURLs, "maxSize": f.MaxSize}
	case origin.RelationField:
		return map[string]any{
			"cascadeDelete": f.CascadeDelete, "collectionId": string(f.CollectionID),
			"maxSelect": f.MaxSelect, "minSelect": f.MinSelect,
		}
	case origin.FileField:
		return map[string]any{
			"maxSelect": f.MaxSelect, "maxSize": f.MaxSize, "mimeTypes": unset(f.MimeTypes),
			"protected": f.Protected, "thumbs": unset(f.Thumbs),
		}
	}
	return nil
}

// number is a bound that PocketBase prints as 0 where there is none.
func number(n *float64) float64 {
	if n == nil {
		return 0
	}
	return *n
}
