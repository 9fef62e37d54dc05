package origin

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/auth"
)

// draft is a record being written: the values that it would get, in canonical form. An uploaded file is in its field's
// list by the name that it will have, and so the same rules of lists serve relations and files.
//
// A draft is made of a change and the record as it was, and of nothing else, so that a transaction that is run
// again makes it again.
type draft struct {
	change *change
	old    *Record // nil: a new record
	record *Record
	plain  map[string]string // new passwords by field, not yet hashed
	slug   string            // what a file of the media library would be called, were it alone
}

// change is one caller's write of one record, with all that is decided before the transaction.
type change struct {
	c         *collection
	superuser bool
	in        RecordInput
	uploads   map[FileName]*Upload
	now       time.Time
	id        RecordID // of a new record whose files are stored already; else it is made

	passwordConfirm, oldPassword string

	hashes  map[string]string // of new passwords, by field
	oldHash string            // the stored hash that oldPassword was found to belong to

	media *mediaChange // of the media library only
}

func newChange(c *collection, superuser bool, in RecordInput, now time.Time) *change {
	ch := &change{
		c: c, superuser: superuser, in: in, now: now.UTC().Truncate(time.Millisecond),
		uploads: make(map[FileName]*Upload), hashes: make(map[string]string),
	}
	if c.ID == MediaID {
		ch.media = newMediaChange()
	}
	if c.Auth != nil {
		ch.passwordConfirm = castText(in.Values["passwordConfirm"])
		ch.oldPassword = castText(in.Values["oldPassword"])
	}
	for key, uploads := range in.Files {
		if f, _ := parseKey(c.Collection, key); f == nil || f.Type != FileField || !ch.maySet(f) {
			continue
		}
		for _, u := range uploads {
			ch.uploads[u.name] = u
		}
	}
	return ch
}

// maySet tells whether the caller may write a field. Hidden ones are the superusers', but for one's own password.
func (ch *change) maySet(f *Field) bool {
	return ch.superuser || !f.Hidden || ch.c.Auth != nil && f.Name == ColPassword
}

// create makes the draft of a new record.
func (ch *change) create() (*draft, error) {
	d := &draft{change: ch, plain: make(map[string]string), record: &Record{Values: make(map[string]any)}}
	for i := range ch.c.Fields {
		f := &ch.c.Fields[i]
		d.record.Values[f.Name] = zeroValue(f)
	}
	if err := d.apply(); err != nil {
		return nil, err
	}
	for i := range ch.c.Fields {
		f := &ch.c.Fields[i]
		if f.Type == AutodateField && f.OnCreate {
			d.record.Values[f.Name] = formatDate(ch.now)
		}
		if f.Type != TextField || f.AutogeneratePattern == "" || d.record.Text(f.Name) != "" {
			continue
		}
		made, err := generate(f.AutogeneratePattern)
		if err != nil {
			return nil, err
		}
		d.record.Values[f.Name] = made
	}
	if ch.id != "" {
		d.record.Values[ColID] = string(ch.id)
	}
	d.record.ID = RecordID(d.record.Text(ColID))
	d.finish()
	return d, nil
}

// update makes the draft of a record that there is.
func (ch *change) update(old *Record) (*draft, error) {
	d := &draft{change: ch, plain: make(map[string]string), old: old, record: old.Clone()}
	if err := d.apply(); err != nil {
		return nil, err
	}
	if ch.media != nil && ch.media.edit != nil {
		if err := ch.media.edit(d); err != nil {
			return nil, err
		}
	}
	for i := range ch.c.Fields {
		if f := &ch.c.Fields[i]; f.Type == AutodateField && f.OnUpdate {
			d.record.Values[f.Name] = formatDate(ch.now)
		}
	}
	d.finish()
	return d, nil
}

// finish sets what follows from the rest. A changed password or e-mail address gets a new token key, so that every token
// that was given out dies.
func (d *draft) finish() {
	for name, hash := range d.change.hashes {
		d.record.Values[name] = hash
	}
	if d.change.media != nil {
		d.finishMedia()
	}
	if d.change.c.Auth == nil {
		return
	}
	if d.change.c.IsSuperusers() {
		d.record.Values[ColVerified] = true
	}
	if d.old == nil || d.record.Text(ColTokenKey) != d.old.Text(ColTokenKey) {
		return
	}
	if d.plain[ColPassword] != "" || d.record.Text(ColEmail) != d.old.Text(ColEmail) {
		d.record.Values[ColTokenKey] = auth.NewTokenKey()
	}
}

// modifier is what a key's sign asks to do with a field's value.
type modifier uint8

const (
	assign     modifier = iota // "field"
	extend                     // "field+"
	prepend                    // "+field"
	remove                     // "field-"
	regenerate                 // "field:autogenerate"
)

// parseKey reads an input key. The field is nil where the key means nothing to the collection.
func parseKey(c *Collection, key string) (*Field, modifier) {
	if f := c.Field(key); f != nil {
		return f, assign
	}
	for _, sign := range [...]struct {
		prefix, suffix string
		m              modifier
	}{{"+", "", prepend}, {"", "+", extend}, {"", "-", remove}, {"", ":autogenerate", regenerate}} {
		name, ok := strings.CutPrefix(key, sign.prefix)
		if name, ok2 := strings.CutSuffix(name, sign.suffix); ok && ok2 {
			if f := c.Field(name); f != nil && takes(f, sign.m) {
				return f, sign.m
			}
		}
	}
	return nil, assign
}

func takes(f *Field, m modifier) bool {
	switch f.Type {
	case SelectField, RelationField, FileField:
		return m != regenerate
	case NumberField:
		return m == extend || m == remove
	case TextField:
		return m == regenerate
	}
	return false
}

// apply writes the input into the draft, shorter keys first, so that "field" comes before its modifiers.
func (d *draft) apply() error {
	in := d.change.in
	keys := make([]string, 0, len(in.Values)+len(in.Files))
	for key := range in.Values {
		keys = append(keys, key)
	}
	for key := range in.Files {
		if _, both := in.Values[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	for _, key := range keys {
		f, m := parseKey(d.change.c.Collection, key)
		if f == nil || !d.change.maySet(f) {
			continue
		}
		v, given := in.Values[key]
		if !given && f.Type != FileField {
			continue // a file for what takes none is no value
		}
		if err := d.set(f, m, v, in.Files[key]); err != nil {
			return err
		}
	}
	return nil
}

// set writes one key's operand into a field.
func (d *draft) set(f *Field, m modifier, v any, uploads []*Upload) error {
	values := d.record.Values
	switch f.Type {
	case AutodateField: // never the caller's
	case PasswordField:
		if plain := castText(v); plain != "" {
			d.plain[f.Name] = plain
		}
	case SelectField, RelationField, FileField:
		operand := castList(v)
		if f.Type == FileField {
			for _, u := range uploads {
				operand = append(operand, string(u.name))
			}
		}
		values[f.Name] = shapeList(f, combine(m, d.record.Strings(f.Name), operand))
	case NumberField:
		n := castNumber(v)
		switch m {
		case extend:
			n = castNumber(values[f.Name]) + n
		case remove:
			n = castNumber(values[f.Name]) - n
		}
		values[f.Name] = n
	default:
		values[f.Name] = castValue(f, v)
		if m == regenerate && f.AutogeneratePattern != "" {
			made, err := generate(f.AutogeneratePattern)
			if err != nil {
				return err
			}
			values[f.Name] = castText(v) + made
		}
	}
	return nil
}

// combine does to a list what the modifier says. Neither operand is changed.
func combine(m modifier, have, operand []string) []string {
	switch m {
	case extend:
		return castList(slices.Concat(have, operand))
	case prepend:
		return castList(slices.Concat(operand, have))
	case remove:
		gone := make(map[string]bool, len(operand))
		for _, s := range operand {
			gone[s] = true
		}
		return slices.DeleteFunc(slices.Clone(have), func(s string) bool { return gone[s] })
	}
	return operand
}

// files lists what the draft does to a file field: uploads that it keeps, and names that it lets go.
func (d *draft) files(f *Field) (added []*Upload, gone []FileName) {
	now := d.record.Strings(f.Name)
	for _, name := range now {
		if u := d.change.uploads[FileName(name)]; u != nil {
			added = append(added, u)
		}
	}
	if d.old != nil {
		for _, name := range d.old.Strings(f.Name) {
			if !slices.Contains(now, name) {
				gone = append(gone, FileName(name))
			}
		}
	}
	return added, gone
}
