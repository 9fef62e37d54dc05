package origin

import (
	"hash/crc32"
	"slices"
	"strconv"
	"time"

	"github.com/imgorigin/imgorigin/auth"
)

// Lifetimes of tokens, in PocketBase's defaults.
const (
	userTokenLife      = 432_000 * time.Second
	superuserTokenLife = 86_400 * time.Second
	fileTokenLife      = 180 * time.Second
)

// collectionBuild is a collection in the making: what the input makes of the old one, with all defaults filled in.
type collectionBuild struct {
	c, old     *Collection // old is nil for a new collection
	all        []*Collection
	badIndexes []int // positions in the input of statements that are none
}

// buildCollection applies an input. It touches neither old nor all.
func buildCollection(in CollectionInput, old *Collection, all []*Collection, now time.Time) *collectionBuild {
	now = now.UTC().Truncate(time.Millisecond)
	c := &Collection{Type: BaseCollection, Created: now}
	if old != nil {
		if !now.After(old.Updated) {
			now = old.Updated.Add(time.Millisecond) // so that CatalogTx.CheckCollection tells each change
		}
		*c = *old
		c.Indexes = slices.Clone(old.Indexes)
		c.Fields = slices.Clone(old.Fields)
	}
	c.Updated = now
	b := &collectionBuild{c: c, old: old, all: all}
	set(&c.Name, in.Name)
	if in.Type != nil && *in.Type != "" {
		c.Type = CollectionType(*in.Type)
	}
	if old == nil {
		b.identify(in.ID)
	}
	set(&c.Rules.List, in.ListRule)
	set(&c.Rules.View, in.ViewRule)
	set(&c.Rules.Create, in.CreateRule)
	set(&c.Rules.Update, in.UpdateRule)
	set(&c.Rules.Delete, in.DeleteRule)
	if in.Fields != nil {
		b.setFields(*in.Fields)
	}
	b.setIndexes(in.Indexes)
	b.addSystemFields()
	b.holdLibrary()
	if c.Type == AuthCollection {
		b.setAuth(in.Auth)
	}
	return b
}

// set takes a value over if there is one.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// identify gives a new collection its id: the given one, or one that follows from type and name.
func (b *collectionBuild) identify(given *string) {
	if given != nil && *given != "" {
		b.c.ID = CollectionID(*given)
		return
	}
	base := "pbc_" + checksum(string(b.c.Type)+b.c.Name)
	id := base
	for n := 2; slices.ContainsFunc(b.all, func(c *Collection) bool { return string(c.ID) == id }); n++ {
		id = base + strconv.Itoa(n)
	}
	b.c.ID = CollectionID(id)
}

func checksum(s string) string { return strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(s))), 10) }

// setFields replaces the list of fields. A field without id is the old one of its name and type, or new.
func (b *collectionBuild) setFields(fields []Field) {
	b.c.Fields = make([]Field, 0, len(fields))
	for _, f := range fields {
		f = withoutForeign(f)
		if f.ID == "" {
			f.ID = b.fieldID(&f)
		}
		b.c.Fields = append(b.c.Fields, f)
	}
}

func (b *collectionBuild) fieldID(f *Field) FieldID {
	if b.old != nil {
		if was := b.old.Field(f.Name); was != nil && was.Type == f.Type && b.c.FieldByID(was.ID) == nil {
			return was.ID
		}
	}
	base := string(f.Type) + checksum(f.Name)
	id := base
	for n := 2; b.c.FieldByID(FieldID(id)) != nil; n++ {
		id = base + strconv.Itoa(n)
	}
	return FieldID(id)
}

// withoutForeign keeps of a field's options those that its type has, in canonical form.
func withoutForeign(f Field) Field {
	kept := Field{ID: f.ID, Name: f.Name, Type: f.Type, Help: f.Help,
		System: f.System, Hidden: f.Hidden, Presentable: f.Presentable, Required: f.Required}
	switch f.Type {
	case TextField:
		kept.Min, kept.Max, kept.Pattern = f.Min, f.Max, f.Pattern
		kept.AutogeneratePattern, kept.PrimaryKey = f.AutogeneratePattern, f.PrimaryKey
	case PasswordField:
		kept.Min, kept.Max, kept.Pattern, kept.Cost = f.Min, f.Max, f.Pattern, f.Cost
	case NumberField:
		kept.Min, kept.Max, kept.OnlyInt = f.Min, f.Max, f.OnlyInt
	case EmailField, URLField:
		kept.ExceptDomains, kept.OnlyDomains = f.ExceptDomains, f.OnlyDomains
	case EditorField:
		kept.MaxSize, kept.ConvertURLs = f.MaxSize, f.ConvertURLs
	case JSONField:
		kept.MaxSize = f.MaxSize
	case DateField:
		kept.MinDate, kept.MaxDate = castDate(f.MinDate), castDate(f.MaxDate)
	case AutodateField:
		kept.OnCreate, kept.OnUpdate = f.OnCreate, f.OnUpdate
	case SelectField:
		kept.MaxSelect = f.MaxSelect
		for _, v := range f.Values {
			kept.Values = append(kept.Values, storable(v))
		}
	case RelationField:
		kept.CollectionID, kept.CascadeDelete = f.CollectionID, f.CascadeDelete
		kept.MinSelect, kept.MaxSelect = f.MinSelect, f.MaxSelect
	case FileField:
		kept.MaxSelect, kept.MaxSize, kept.Protected = f.MaxSelect, f.MaxSize, f.Protected
		kept.MimeTypes, kept.Thumbs = f.MimeTypes, f.Thumbs
	}
	return kept
}

// setIndexes replaces the list of indexes, or makes the old one follow fields that got another name.
func (b *collectionBuild) setIndexes(statements *[]string) {
	if statements != nil {
		b.c.Indexes = nil
		for i, sql := range *statements {
			x, err := ParseIndex(sql)
			if err != nil {
				b.badIndexes = append(b.badIndexes, i)
			}
			b.c.Indexes = append(b.c.Indexes, b.spelled(x))
		}
		return
	}
	for i := range b.c.Indexes {
		x := &b.c.Indexes[i]
		x.Columns = slices.Clone(x.Columns)
		for j := range x.Columns {
			x.Columns[j].Name = b.renamed(x.Columns[j].Name)
		}
		x.Partial = b.renamed(x.Partial)
	}
}

// renamed is what a field of the old collection is called now.
func (b *collectionBuild) renamed(name string) string {
	if was := b.old.Field(name); was != nil {
		if is := b.c.FieldByID(was.ID); is != nil {
			return is.Name
		}
	}
	return name
}

// spelled gives columns the case of their fields, since SQL does not care about it.
func (b *collectionBuild) spelled(x Index) Index {
	for i := range x.Columns {
		x.Columns[i].Name = b.spelling(x.Columns[i].Name)
	}
	x.Partial = b.spelling(x.Partial)
	return x
}

func (b *collectionBuild) spelling(column string) string {
	for i := range b.c.Fields {
		if sameColumn(b.c.Fields[i].Name, column) {
			return b.c.Fields[i].Name
		}
	}
	return column
}

// The fields that the program needs, as PocketBase makes them.

func idField() Field {
	return Field{ID: "text" + FieldID(checksum(ColID)), Name: ColID, Type: TextField, System: true, Required: true, PrimaryKey: true,
		Min: bound(15), Max: bound(15), Pattern: defaultIDPattern, AutogeneratePattern: "[a-z0-9]{15}"}
}

const defaultIDPattern = "^[a-z0-9]+$"

func bound(n float64) *float64 { return &n }

func accountFields() []Field {
	fields := []Field{
		{Name: ColPassword, Type: PasswordField, System: true, Hidden: true, Required: true, Min: bound(8)},
		{Name: ColTokenKey, Type: TextField, System: true, Hidden: true, Required: true,
			Min: bound(30), Max: bound(60), AutogeneratePattern: "[a-zA-Z0-9]{50}"},
		{Name: ColEmail, Type: EmailField, System: true, Required: true},
		{Name: ColEmailVisibility, Type: BoolField, System: true},
		{Name: ColVerified, Type: BoolField, System: true},
	}
	for i := range fields {
		fields[i].ID = FieldID(string(fields[i].Type) + checksum(fields[i].Name))
	}
	return fields
}

// addSystemFields adds those of the program's fields that are missing, and holds those that are there to what
// the program needs of them.
func (b *collectionBuild) addSystemFields() {
	c := b.c
	if id := c.Field(ColID); id == nil {
		c.Fields = slices.Insert(c.Fields, 0, idField())
	} else {
		id.System, id.Required, id.PrimaryKey, id.Hidden = true, true, true, false
		if id.Pattern == "" {
			id.Pattern = defaultIDPattern
		}
	}
	if c.Type != AuthCollection {
		return
	}
	for _, f := range accountFields() {
		own := c.Field(f.Name)
		if own == nil {
			c.Fields = append(c.Fields, f)
			continue
		}
		own.System = true
		switch f.Name {
		case ColPassword, ColTokenKey:
			own.Hidden, own.Required = true, true
		case ColEmail:
			own.Hidden = false // emailVisibility decides
		}
	}
	b.requireUnique(ColTokenKey, "")
	b.requireUnique(ColEmail, ColEmail)
}

// maxIndexName bounds the names of indexes that are made here, as in PocketBase.
const maxIndexName = 64

func (b *collectionBuild) requireUnique(column, partial string) {
	if uniqueAlone(b.c, column) {
		return
	}
	name := "idx_" + column + "_" + string(b.c.ID)
	b.c.Indexes = append(b.c.Indexes, Index{
		Name: name[:min(len(name), maxIndexName)], Unique: true, Columns: []IndexColumn{{Name: column}}, Partial: partial,
	})
}

// setAuth fills in the sign-in settings. A changed auth rule ends all tokens that were given out under the old one.
func (b *collectionBuild) setAuth(in AuthInput) {
	anyone := ""
	a := &AuthOptions{
		AuthRule: &anyone, PasswordAuth: true, IdentityFields: []string{ColEmail},
		AuthToken: TokenOptions{auth.NewSecret(), userTokenLife},
		FileToken: TokenOptions{auth.NewSecret(), fileTokenLife},
	}
	if b.old != nil && b.old.Auth != nil {
		*a = *b.old.Auth
	}
	b.c.Auth = a
	set(&a.AuthRule, in.AuthRule)
	set(&a.PasswordAuth, in.PasswordAuth)
	if in.IdentityFields != nil {
		a.IdentityFields = castList(*in.IdentityFields)
	}
	in.AuthToken.apply(&a.AuthToken)
	in.FileToken.apply(&a.FileToken)
	if b.old != nil && b.old.Auth != nil && !sameRule(b.old.Auth.AuthRule, a.AuthRule) {
		a.AuthToken.Secret = auth.NewSecret()
	}
	if b.c.IsSuperusers() {
		a.PasswordAuth = true
	}
}

func (in TokenInput) apply(t *TokenOptions) {
	if in.Secret != nil && *in.Secret != "" { // secrets are never shown, so a form sends an empty one back
		t.Secret = *in.Secret
	}
	if in.Duration != nil {
		// Beyond the range that is allowed, but within that of the type.
		t.Duration = time.Duration(min(max(*in.Duration, 0), 2*maxTokenSeconds)) * time.Second
	}
}

func sameRule(a, b *string) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
