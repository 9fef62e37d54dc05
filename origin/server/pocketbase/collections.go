package pocketbase

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

func (d *Dialect) listCollections(r *server.Request, who origin.Caller) (any, error) {
	found, err := d.core.ListCollections(r.Context(), who, listQuery(r))
	if err != nil {
		return nil, err
	}
	items := make([]any, len(found.Items))
	for i, c := range found.Items {
		items[i] = collectionJSON(c)
	}
	return pageJSON(items, found.Page, found.PerPage, found.TotalItems, found.TotalPages), nil
}

func (d *Dialect) viewCollection(r *server.Request, who origin.Caller) (any, error) {
	return described(d.core.ViewCollection(r.Context(), who, r.Param(0)))
}

func (d *Dialect) createCollection(r *server.Request, who origin.Caller) (any, error) {
	in, err := d.readCollection(r, who)
	if err != nil {
		return nil, err
	}
	return described(d.core.CreateCollection(r.Context(), who, in))
}

func (d *Dialect) updateCollection(r *server.Request, who origin.Caller) (any, error) {
	in, err := d.readCollection(r, who)
	if err != nil {
		return nil, err
	}
	return described(d.core.UpdateCollection(r.Context(), who, r.Param(0), in))
}

func (d *Dialect) deleteCollection(r *server.Request, who origin.Caller) (any, error) {
	return nil, d.core.DeleteCollection(r.Context(), who, r.Param(0))
}

// described is the collection that an operation of the core answers with.
func described(c *origin.Collection, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return collectionJSON(c), nil
}

// nullable tells a key that is null from one that is not there: set is true for both null and a string.
type nullable struct {
	set   bool
	value *string
}

// UnmarshalJSON is called for null too.
func (n *nullable) UnmarshalJSON(b []byte) error {
	n.set = true
	return json.Unmarshal(b, &n.value)
}

func (n *nullable) input() **string {
	if !n.set {
		return nil
	}
	return &n.value
}

// collectionBody is the body of a create or update. What it does not name is left as it is.
type collectionBody struct {
	ID         *string       `json:"id"`
	Name       *string       `json:"name"`
	Type       *string       `json:"type"`
	ListRule   nullable      `json:"listRule"`
	ViewRule   nullable      `json:"viewRule"`
	CreateRule nullable      `json:"createRule"`
	UpdateRule nullable      `json:"updateRule"`
	DeleteRule nullable      `json:"deleteRule"`
	Fields     *[]fieldBody  `json:"fields"`
	Indexes    *[]string     `json:"indexes"`
	AuthRule   nullable      `json:"authRule"`
	AuthToken  tokenBody     `json:"authToken"`
	FileToken  tokenBody     `json:"fileToken"`
	Password   *passwordBody `json:"passwordAuth"`
}

type tokenBody struct {
	Secret   *string `json:"secret"`
	Duration *int64  `json:"duration"` // seconds
}

type passwordBody struct {
	Enabled        *bool     `json:"enabled"`
	IdentityFields *[]string `json:"identityFields"`
}

// readCollection reads a collection's JSON, from those who may write one.
func (d *Dialect) readCollection(r *server.Request, who origin.Caller) (origin.CollectionInput, error) {
	if !who.Principal.Superuser {
		return origin.CollectionInput{}, nil // the core refuses it, whatever the body is
	}
	data, err := io.ReadAll(r.Body(d.config.MaxBody))
	if err != nil {
		return origin.CollectionInput{}, inputError(err)
	}
	r.RestartDeadline()
	return parseCollection(data)
}

func parseCollection(data []byte) (origin.CollectionInput, error) {
	var b collectionBody
	if len(bytes.TrimSpace(data)) > 0 {
		if err := json.Unmarshal(data, &b); err != nil {
			return origin.CollectionInput{}, errMalformed
		}
	}
	in := origin.CollectionInput{
		ID: b.ID, Name: b.Name, Type: b.Type, Indexes: b.Indexes,
		ListRule: b.ListRule.input(), ViewRule: b.ViewRule.input(), CreateRule: b.CreateRule.input(),
		UpdateRule: b.UpdateRule.input(), DeleteRule: b.DeleteRule.input(),
		Auth: origin.AuthInput{
			AuthRule:  b.AuthRule.input(),
			AuthToken: origin.TokenInput(b.AuthToken),
			FileToken: origin.TokenInput(b.FileToken),
		},
	}
	if b.Password != nil {
		in.Auth.PasswordAuth, in.Auth.IdentityFields = b.Password.Enabled, b.Password.IdentityFields
	}
	if b.Fields != nil {
		fields := make([]origin.Field, len(*b.Fields))
		for i := range *b.Fields {
			fields[i] = (*b.Fields)[i].field()
		}
		in.Fields = &fields
	}
	return in, nil
}

// collectionJSON is a collection without its secrets.
func collectionJSON(c *origin.Collection) map[string]any {
	fields := make([]any, len(c.Fields))
	for i := range c.Fields {
		fields[i] = fieldJSON(&c.Fields[i])
	}
	indexes := make([]string, len(c.Indexes))
	for i, ix := range c.Indexes {
		indexes[i] = origin.FormatIndex(c.Name, ix)
	}
	out := map[string]any{
		"id": string(c.ID), "name": c.Name, "type": string(c.Type), "system": c.System,
		"fields": fields, "indexes": indexes,
		"listRule": c.Rules.List, "viewRule": c.Rules.View, "createRule": c.Rules.Create,
		"updateRule": c.Rules.Update, "deleteRule": c.Rules.Delete,
		"created": dateJSON(c.Created), "updated": dateJSON(c.Updated),
	}
	if a := c.Auth; a != nil {
		out["authRule"] = a.AuthRule
		out["authToken"] = map[string]any{"duration": int64(a.AuthToken.Duration / time.Second)}
		out["fileToken"] = map[string]any{"duration": int64(a.FileToken.Duration / time.Second)}
		out["passwordAuth"] = map[string]any{"enabled": a.PasswordAuth, "identityFields": list(a.IdentityFields)}
	}
	return out
}

func dateJSON(t time.Time) string { return t.UTC().Format(origin.DateLayout) }

// list is never null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// unset is null for an empty list, as PocketBase prints lists that were never given.
func unset(s []string) any {
	if len(s) == 0 {
		return nil
	}
	return s
}
