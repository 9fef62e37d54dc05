package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// MarshalCollection writes a collection down. Nil and empty lists, and nil and empty rules, stay different; times are
// kept to the millisecond, in UTC.
func MarshalCollection(c *origin.Collection) ([]byte, error) {
	doc := collection{
		ID: c.ID, Name: c.Name, Type: c.Type, System: c.System,
		Rules:   rules(c.Rules),
		Created: c.Created.UnixMilli(),
		Updated: c.Updated.UnixMilli(),
	}
	if c.Fields != nil {
		doc.Fields = make([]field, len(c.Fields))
	}
	for i, f := range c.Fields {
		doc.Fields[i] = field(f)
	}
	if c.Indexes != nil {
		doc.Indexes = make([]index, len(c.Indexes))
	}
	for i, x := range c.Indexes {
		doc.Indexes[i] = storeIndex(x)
	}
	if a := c.Auth; a != nil {
		doc.Auth = &auth{a.AuthRule, a.PasswordAuth, a.IdentityFields, token(a.AuthToken), token(a.FileToken)}
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("catalog: collection %s: %w", c.Name, err)
	}
	return data, nil
}

// kindNames are the stored names of the kinds.
var kindNames = map[rule.Kind]string{rule.Text: "text", rule.Number: "number", rule.Bool: "bool", rule.Date: "date",
	rule.List: "list", rule.JSON: "json"}

// Shape says what the records of c look like: two collections of the same shape read and write the same columns in the
// same way. It is stored, so that a write by a caller who has not yet heard of a change is refused, and does not leave
// values behind that the new shape can't read.
func Shape(c *origin.Collection) string {
	fields := make([]string, len(c.Fields))
	for i := range c.Fields {
		f := &c.Fields[i]
		fields[i] = strconv.Quote(string(f.ID)) + strconv.Quote(f.Name) + kindNames[f.Kind()]
	}
	slices.Sort(fields) // their order means nothing to a table
	return strings.Join(fields, " ")
}

// UnmarshalCollection is the inverse of MarshalCollection. A member that it does not know is an error: it
// may be a restriction, and a collection must not be served without one of its restrictions.
func UnmarshalCollection(data []byte) (*origin.Collection, error) {
	var doc collection
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("catalog: stored collection: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("catalog: stored collection: more than one document")
	}
	c := &origin.Collection{
		ID: doc.ID, Name: doc.Name, Type: doc.Type, System: doc.System,
		Rules:   origin.Rules(doc.Rules),
		Created: time.UnixMilli(doc.Created).UTC(),
		Updated: time.UnixMilli(doc.Updated).UTC(),
	}
	if doc.Fields != nil {
		c.Fields = make([]origin.Field, len(doc.Fields))
	}
	for i, f := range doc.Fields {
		c.Fields[i] = origin.Field(f)
	}
	if doc.Indexes != nil {
		c.Indexes = make([]origin.Index, len(doc.Indexes))
	}
	for i, x := range doc.Indexes {
		c.Indexes[i] = x.load()
	}
	if a := doc.Auth; a != nil {
		c.Auth = &origin.AuthOptions{AuthRule: a.AuthRule, PasswordAuth: a.PasswordAuth, IdentityFields: a.IdentityFields,
			AuthToken: origin.TokenOptions(a.AuthToken), FileToken: origin.TokenOptions(a.FileToken)}
	}
	return c, nil
}

// The stored form. The structs have the members of origin's, so that they convert into each other and a member added
// there does not compile here until it has got its stored name. omitzero leaves out nil, and keeps what is empty.

type collection struct {
	ID      origin.CollectionID   `json:"id"`
	Name    string                `json:"name"`
	Type    origin.CollectionType `json:"type"`
	System  bool                  `json:"system,omitzero"`
	Fields  []field               `json:"fields,omitzero"`
	Indexes []index               `json:"indexes,omitzero"`
	Rules   rules                 `json:"rules"`
	Auth    *auth                 `json:"auth,omitzero"`
	Created int64                 `json:"created"` // Unix milliseconds
	Updated int64                 `json:"updated"` // Unix milliseconds
}

type rules struct {
	List   *string `json:"list,omitzero"`
	View   *string `json:"view,omitzero"`
	Create *string `json:"create,omitzero"`
	Update *string `json:"update,omitzero"`
	Delete *string `json:"delete,omitzero"`
}

type auth struct {
	AuthRule       *string  `json:"authRule,omitzero"`
	PasswordAuth   bool     `json:"passwordAuth,omitzero"`
	IdentityFields []string `json:"identityFields,omitzero"`
	AuthToken      token    `json:"authToken"`
	FileToken      token    `json:"fileToken"`
}

type token struct {
	Secret   string        `json:"secret"`
	Duration time.Duration `json:"durationNs"`
}

type index struct {
	Name    string        `json:"name"`
	Unique  bool          `json:"unique,omitzero"`
	Columns []indexColumn `json:"columns,omitzero"`
	Partial string        `json:"partial,omitzero"`
}

type indexColumn struct {
	Name   string `json:"name"`
	Desc   bool   `json:"desc,omitzero"`
	NoCase bool   `json:"noCase,omitzero"`
}

func storeIndex(x origin.Index) index {
	out := index{Name: x.Name, Unique: x.Unique, Partial: x.Partial}
	if x.Columns != nil {
		out.Columns = make([]indexColumn, len(x.Columns))
	}
	for i, c := range x.Columns {
		out.Columns[i] = indexColumn(c)
	}
	return out
}

func (x index) load() origin.Index {
	out := origin.Index{Name: x.Name, Unique: x.Unique, Partial: x.Partial}
	if x.Columns != nil {
		out.Columns = make([]origin.IndexColumn, len(x.Columns))
	}
	for i, c := range x.Columns {
		out.Columns[i] = origin.IndexColumn(c)
	}
	return out
}

type field struct {
	ID          origin.FieldID   `json:"id"`
	Name        string           `json:"name"`
	Type        origin.FieldType `json:"type"`
	Help        string           `json:"help,omitzero"`
	System      bool             `json:"system,omitzero"`
	Hidden      bool             `json:"hidden,omitzero"`
	Presentable bool             `json:"presentable,omitzero"`
	Required    bool             `json:"required,omitzero"`

	Min                 *float64 `json:"min,omitzero"`
	Max                 *float64 `json:"max,omitzero"`
	Pattern             string   `json:"pattern,omitzero"`
	AutogeneratePattern string   `json:"autogeneratePattern,omitzero"`
	PrimaryKey          bool     `json:"primaryKey,omitzero"`
	OnlyInt             bool     `json:"onlyInt,omitzero"`
	Cost                int      `json:"cost,omitzero"`
	ConvertURLs         bool     `json:"convertURLs,omitzero"`

	ExceptDomains []string `json:"exceptDomains,omitzero"`
	OnlyDomains   []string `json:"onlyDomains,omitzero"`

	MinDate  string `json:"minDate,omitzero"`
	MaxDate  string `json:"maxDate,omitzero"`
	OnCreate bool   `json:"onCreate,omitzero"`
	OnUpdate bool   `json:"onUpdate,omitzero"`

	Values        []string            `json:"values,omitzero"`
	MaxSelect     int                 `json:"maxSelect,omitzero"`
	MinSelect     int                 `json:"minSelect,omitzero"`
	CollectionID  origin.CollectionID `json:"collectionId,omitzero"`
	CascadeDelete bool                `json:"cascadeDelete,omitzero"`

	MaxSize   int64    `json:"maxSize,omitzero"`
	MimeTypes []string `json:"mimeTypes,omitzero"`
	Thumbs    []string `json:"thumbs,omitzero"`
	Protected bool     `json:"protected,omitzero"`
}
