package origin

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/transform"
)

// maxWhole is the greatest integer that a JSON number says exactly.
const maxWhole = 1<<53 - 1

// reservedFieldNames are taken by answers, by filters, or by SQLite, which does not care about case.
var reservedFieldNames = []string{"null", "true", "false", "_rowid_", "rowid", "oid", "collectionid", "collectionname", "expand"}

// sameColumn tells whether two field names would be the same column.
func sameColumn(a, b string) bool { return strings.EqualFold(a, b) }

// checkFields complains about the list of fields: about the first thing that is wrong with it as a whole, else about all
// that is wrong with each field.
func (b *collectionBuild) checkFields(complaints Complaints) {
	if parts := b.checkDuplicates(); len(parts) > 0 {
		complaints.nest("fields", parts)
		return
	}
	if c := first(b.checkNeeded(), b.checkSystemFields()); c != nil {
		complaints.add("fields", c)
		return
	}
	parts := Complaints{}
	for i := range b.c.Fields {
		parts.nestAt(i, b.checkField(&b.c.Fields[i]))
	}
	complaints.nest("fields", parts)
}

func (b *collectionBuild) checkDuplicates() Complaints {
	ids, names := make(map[FieldID]bool), make(map[string]bool)
	for i := range b.c.Fields {
		f := &b.c.Fields[i]
		name := strings.ToLower(f.Name)
		switch {
		case ids[f.ID]:
			return fieldComplaint(i, "id", &Complaint{
				Code: "validation_duplicated_field_id", Message: fmt.Sprintf("Duplicated or invalid field id %q.", f.ID),
			})
		case names[name]:
			return fieldComplaint(i, "name", &Complaint{
				Code:    "validation_duplicated_field_name",
				Message: "Duplicated or invalid field name " + f.Name + ".",
				Params:  map[string]any{"fieldName": f.Name},
			})
		}
		ids[f.ID], names[name] = true, true
	}
	return nil
}

func fieldComplaint(i int, key string, c *Complaint) Complaints {
	return Complaints{strconv.Itoa(i): Complaints{key: *c}}
}

// checkNeeded tells whether the fields that the program works with are of their types.
func (b *collectionBuild) checkNeeded() *Complaint {
	if id := b.c.Field(ColID); id == nil || id.Type != TextField {
		return &Complaint{Code: "validation_missing_primary_key", Message: `Missing or invalid "id" PK field.`}
	}
	if b.c.Type != AuthCollection {
		return nil
	}
	for _, needed := range accountFields() {
		if f := b.c.Field(needed.Name); f == nil || f.Type != needed.Type {
			return &Complaint{
				Code:    "validation_missing_" + needed.Name + "_field",
				Message: fmt.Sprintf("System %q field is required.", needed.Name),
			}
		}
	}
	return nil
}

func (b *collectionBuild) checkSystemFields() *Complaint {
	if b.old == nil {
		return nil
	}
	for i := range b.old.Fields {
		was := &b.old.Fields[i]
		if !was.System {
			continue
		}
		if is := b.c.FieldByID(was.ID); is == nil || is.Name != was.Name {
			return &Complaint{Code: "validation_system_field_change", Message: "System fields cannot be deleted or renamed."}
		}
	}
	return nil
}

// checkField tells everything that is wrong with one field.
func (b *collectionBuild) checkField(f *Field) Complaints {
	complaints := Complaints{}
	if id := string(f.ID); utf8.RuneCountInString(id) > maxFieldName {
		complaints.add("id", lengthOutOfRange(1, maxFieldName))
	}
	complaints.add("name", b.checkFieldName(f))
	if b.old != nil {
		if was := b.old.FieldByID(f.ID); was != nil && was.Type != f.Type {
			complaints.add("type", &Complaint{Code: "validation_field_type_change", Message: "Field type cannot be changed."})
			return complaints
		}
	}
	switch f.Type {
	case TextField:
		checkTextOptions(f, complaints)
	case PasswordField:
		checkPasswordOptions(f, complaints)
	case NumberField:
		checkNumberOptions(f, complaints)
	case EmailField, URLField:
		checkDomainOptions(f, complaints)
	case EditorField, JSONField:
		complaints.add("maxSize", checkWhole(float64(f.MaxSize), 0, maxWhole))
	case DateField:
		if f.MinDate != "" && f.MaxDate != "" && f.MaxDate < f.MinDate {
			complaints.add("max", &Complaint{Code: "validation_date_out_of_range", Message: "The date is out of range."})
		}
	case AutodateField:
		b.checkAutodateOptions(f, complaints)
	case SelectField:
		if len(f.Values) == 0 {
			complaints.add("values", blank())
		}
		complaints.add("maxSelect", checkWhole(float64(f.MaxSelect), 0, float64(max(len(f.Values), 1))))
	case RelationField:
		b.checkRelationOptions(f, complaints)
	case FileField:
		checkFileOptions(f, complaints)
	case BoolField:
	default:
		complaints.add("type", notInList())
	}
	return complaints
}

func (b *collectionBuild) checkFieldName(f *Field) *Complaint {
	switch {
	case f.Name == "":
		return blank()
	case utf8.RuneCountInString(f.Name) > maxFieldName:
		return lengthOutOfRange(1, maxFieldName)
	case !isIdentifier(f.Name):
		return malformed()
	case slices.Contains(reservedFieldNames, strings.ToLower(f.Name)):
		return excluded()
	case strings.Contains(strings.ToLower(f.Name), "_via_"):
		return containsVia()
	case f.PrimaryKey && f.Name != ColID:
		return &Complaint{Code: "validation_in_invalid", Message: `The primary key must be named "id".`}
	case b.c.Type == AuthCollection && (f.Name == "passwordConfirm" || f.Name == "oldPassword"):
		return &Complaint{Code: "validation_reserved_field_name", Message: "The field name is reserved and cannot be used."}
	}
	return nil
}

// checkWhole checks an option that counts something.
func checkWhole(n, least, most float64) *Complaint {
	switch {
	case n != math.Trunc(n):
		return &Complaint{Code: "validation_only_int_constraint", Message: "Decimal numbers are not allowed."}
	case n < least:
		return belowThreshold(strconv.FormatFloat(least, 'f', -1, 64), least)
	case n > most:
		return aboveThreshold(strconv.FormatFloat(most, 'f', -1, 64), most)
	}
	return nil
}

// checkLengths checks the bounds of a length, of which none and 0 mean otherwise.
func checkLengths(f *Field, most float64, complaints Complaints) {
	least := 0.0
	if f.Min != nil {
		least = *f.Min
		complaints.add("min", checkWhole(least, 0, most))
	}
	if f.Max != nil && *f.Max != 0 {
		complaints.add("max", checkWhole(*f.Max, max(least, 0), most))
	}
}

func checkPattern(pattern string) *Complaint {
	if _, err := regexp.Compile(pattern); err != nil {
		return &Complaint{Code: "validation_invalid_regex", Message: err.Error() + "."}
	}
	return nil
}

// generateTrials is how often a pattern is tried against the field's own rules.
const generateTrials = 10

func checkTextOptions(f *Field, complaints Complaints) {
	checkLengths(f, maxWhole, complaints)
	complaints.add("pattern", checkPattern(f.Pattern))
	if f.AutogeneratePattern == "" || len(complaints) > 0 {
		return
	}
	for range generateTrials {
		made, err := generate(f.AutogeneratePattern)
		if err != nil {
			complaints.add("autogeneratePattern", &Complaint{
				Code: "validation_invalid_autogenerate_pattern", Message: "Invalid autogenerate pattern: " + err.Error() + ".",
			})
			return
		}
		if checkText(f, made) != nil {
			complaints.add("autogeneratePattern", &Complaint{
				Code:    "validation_invalid_autogenerate_pattern_value",
				Message: fmt.Sprintf("The provided autogenerate pattern could produce invalid field values, ex.: %q.", made),
			})
			return
		}
	}
}

// checkPasswordOptions allows the one cost that hashes are made with.
func checkPasswordOptions(f *Field, complaints Complaints) {
	checkLengths(f, auth.MaxPasswordLength, complaints)
	complaints.add("pattern", checkPattern(f.Pattern))
	if f.Cost != 0 && f.Cost != auth.PasswordCost {
		complaints.add("cost", notInList())
	}
}

func checkNumberOptions(f *Field, complaints Complaints) {
	for _, o := range [...]struct {
		name  string
		bound *float64
	}{{"min", f.Min}, {"max", f.Max}} {
		if o.bound != nil && f.OnlyInt && *o.bound != math.Trunc(*o.bound) {
			complaints.add(o.name, &Complaint{Code: "validation_only_int_constraint", Message: "Decimal numbers are not allowed."})
		}
	}
	if f.Min != nil && f.Max != nil && *f.Max < *f.Min {
		complaints.add("max", belowThreshold(strconv.FormatFloat(*f.Min, 'f', -1, 64), *f.Min))
	}
}

func checkDomainOptions(f *Field, complaints Complaints) {
	if len(f.ExceptDomains) > 0 && len(f.OnlyDomains) > 0 {
		complaints.add("exceptDomains", mustBeBlank())
		complaints.add("onlyDomains", mustBeBlank())
		return
	}
	complaints.nest("exceptDomains", badDomains(f.ExceptDomains))
	complaints.nest("onlyDomains", badDomains(f.OnlyDomains))
}

func badDomains(domains []string) Complaints {
	parts := Complaints{}
	for i, d := range domains {
		if !isDomain(d) {
			parts.add(strconv.Itoa(i), &Complaint{Code: "validation_is_domain", Message: "Must be a valid domain."})
		}
	}
	return parts
}

func (b *collectionBuild) checkAutodateOptions(f *Field, complaints Complaints) {
	if !f.OnCreate && !f.OnUpdate {
		c := &Complaint{Code: "validation_required", Message: "Either onCreate or onUpdate must be enabled."}
		complaints.add("onCreate", c)
		complaints.add("onUpdate", c)
	}
	if b.old == nil || !f.System {
		return
	}
	if was := b.old.FieldByID(f.ID); was != nil {
		if was.OnCreate != f.OnCreate {
			complaints.add("onCreate", mismatch())
		}
		if was.OnUpdate != f.OnUpdate {
			complaints.add("onUpdate", mismatch())
		}
	}
}

func (b *collectionBuild) checkRelationOptions(f *Field, complaints Complaints) {
	complaints.add("collectionId", b.checkTarget(f))
	complaints.add("minSelect", checkWhole(float64(f.MinSelect), 0, maxWhole))
	if f.MinSelect > 0 && f.MaxSelect == 0 {
		complaints.add("maxSelect", blank())
	}
	complaints.add("maxSelect", checkWhole(float64(f.MaxSelect), float64(max(f.MinSelect, 0)), maxWhole))
}

func (b *collectionBuild) checkTarget(f *Field) *Complaint {
	if f.CollectionID == "" {
		return blank()
	}
	if b.old != nil {
		if was := b.old.FieldByID(f.ID); was != nil && was.CollectionID != f.CollectionID {
			return &Complaint{Code: "validation_field_relation_change", Message: "The relation collection cannot be changed."}
		}
	}
	if !slices.ContainsFunc(b.future(), func(c *Collection) bool { return c.ID == f.CollectionID }) {
		return &Complaint{
			Code: "validation_field_relation_missing_collection", Message: "The relation collection doesn't exist.",
		}
	}
	return nil
}

func checkFileOptions(f *Field, complaints Complaints) {
	complaints.add("maxSelect", checkWhole(float64(f.MaxSelect), 0, maxWhole))
	complaints.add("maxSize", checkWhole(float64(f.MaxSize), 0, maxWhole))
	thumbs := Complaints{}
	for i, spec := range f.Thumbs {
		switch _, err := transform.ParseThumb(spec); {
		case slices.Contains([]string{"0x0", "0x0t", "0x0b", "0x0f"}, spec):
			thumbs.add(strconv.Itoa(i), excluded())
		case err != nil:
			thumbs.add(strconv.Itoa(i), malformed())
		}
	}
	complaints.nest("thumbs", thumbs)
}
