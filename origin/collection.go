package origin

import (
	"time"

	"github.com/imgorigin/imgorigin/rule"
)

// CollectionType tells what a collection's records are.
type CollectionType string

const (
	BaseCollection CollectionType = "base" // plain records
	AuthCollection CollectionType = "auth" // records that can sign in: email, password, tokenKey, verified
)

// SuperusersName is the auth collection whose records pass every rule.
const SuperusersName = "_superusers"

// Collection is a kind of record: its fields, who may do what, and how its records are found.
// A *Collection handed out by the core or a catalog is a shared snapshot and never changed afterwards.
type Collection struct {
	ID      CollectionID
	Name    string // unique without regard to case
	Type    CollectionType
	System  bool // made by the program; cannot be renamed or deleted
	Fields  []Field
	Indexes []Index
	Rules   Rules
	Auth    *AuthOptions // nil for base collections
	Created time.Time
	Updated time.Time
}

// Rules say who may do what. Nil: superusers only. Empty: anyone. Otherwise a filter expression of package rule
// that the record and the request must satisfy.
type Rules struct {
	List, View, Create, Update, Delete *string
}

// AuthOptions are the sign-in settings of an auth collection.
type AuthOptions struct {
	AuthRule       *string  // a rule that a record must satisfy to sign in; nil: nobody, empty: anyone
	PasswordAuth   bool     // whether auth-with-password is open
	IdentityFields []string // the unique fields that name a record at sign-in, "email" by default
	AuthToken      TokenOptions
	FileToken      TokenOptions
}

// TokenOptions are a signing secret and a lifetime.
type TokenOptions struct {
	Secret   string        // 30 to 255 characters; part of the HMAC key, never shown
	Duration time.Duration // 10 s to 94670856 s, whole seconds
}

// FieldType is the native name of a kind of field.
type FieldType string

const (
	TextField     FieldType = "text"
	NumberField   FieldType = "number"
	BoolField     FieldType = "bool"
	EmailField    FieldType = "email"
	URLField      FieldType = "url"
	DateField     FieldType = "date"
	AutodateField FieldType = "autodate"
	SelectField   FieldType = "select"
	JSONField     FieldType = "json"
	RelationField FieldType = "relation"
	EditorField   FieldType = "editor"
	FileField     FieldType = "file"
	PasswordField FieldType = "password"
)

// DefaultMaxSize is the byte limit of a file field whose MaxSize is 0.
const DefaultMaxSize = 5 << 20

// Field is one field of a collection. Which of the options below the common part mean anything depends on Type;
// the others are zero.
type Field struct {
	ID          FieldID
	Name        string
	Type        FieldType
	Help        string
	System      bool
	Hidden      bool // never in answers, but for superusers
	Presentable bool
	Required    bool

	// text, editor (Max), password, number
	Min, Max            *float64 // length in characters (text, password), value (number); nil: no bound
	Pattern             string   // regular expression of the whole value (text, password)
	AutogeneratePattern string   // text: what an empty value is filled with
	PrimaryKey          bool     // text: the field "id"
	OnlyInt             bool     // number
	Cost                int      // password: bcrypt cost
	ConvertURLs         bool     // editor

	ExceptDomains []string // email, url
	OnlyDomains   []string // email, url

	MinDate, MaxDate   string // date, in the form of DateLayout, or empty
	OnCreate, OnUpdate bool   // autodate

	Values        []string     // select
	MaxSelect     int          // select, relation, file: above 1 the value is a list
	MinSelect     int          // relation
	CollectionID  CollectionID // relation: whose records
	CascadeDelete bool         // relation

	MaxSize   int64    // file, json, editor: bytes; 0: the type's default
	MimeTypes []string // file: allowed types; empty: any
	Thumbs    []string // file: allowed thumb specs beside 100x100
	Protected bool     // file: bytes only to those whom the view rule admits
}

// Multiple tells whether the field's value is a list of strings.
func (f *Field) Multiple() bool {
	switch f.Type {
	case SelectField, RelationField, FileField:
		return f.MaxSelect > 1
	}
	return false
}

// Kind says how the field's values are kept and compared; see rule.Kind.
func (f *Field) Kind() rule.Kind {
	switch f.Type {
	case NumberField:
		return rule.Number
	case BoolField:
		return rule.Bool
	case DateField, AutodateField:
		return rule.Date
	case JSONField:
		return rule.JSON
	}
	if f.Multiple() {
		return rule.List
	}
	return rule.Text
}

// SizeLimit is the greatest size in bytes of one file in a file field.
func (f *Field) SizeLimit() int64 {
	if f.MaxSize > 0 {
		return f.MaxSize
	}
	return DefaultMaxSize
}

// Field returns the field of that name, or nil.
func (c *Collection) Field(name string) *Field {
	for i := range c.Fields {
		if c.Fields[i].Name == name {
			return &c.Fields[i]
		}
	}
	return nil
}

// FieldByID returns the field of that id, or nil.
func (c *Collection) FieldByID(id FieldID) *Field {
	for i := range c.Fields {
		if c.Fields[i].ID == id {
			return &c.Fields[i]
		}
	}
	return nil
}

// IsSuperusers tells whether the records of c pass every rule.
func (c *Collection) IsSuperusers() bool { return c.Name == SuperusersName }

// Index is one index over a collection's columns.
type Index struct {
	Name    string
	Unique  bool
	Columns []IndexColumn
	// Partial limits the index to rows where this column is not empty: PocketBase's unique e-mail index has the
	// condition `email` != ”. Empty: all rows.
	Partial string
}

// IndexColumn is one column of an Index.
type IndexColumn struct {
	Name   string
	Desc   bool
	NoCase bool // compared without regard to ASCII case
}
