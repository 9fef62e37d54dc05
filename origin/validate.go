package origin

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	defaultMaxText    = 5000    // characters, where a text field says nothing
	defaultMaxContent = 5 << 20 // bytes, where an editor or json field says nothing
	maxIDBytes        = 255     // an id is a segment of the keys of its files
)

// validate checks every value of a draft against its field and tells everything that is wrong with it, one complaint per
// field. The error is reader's.
func (d *draft) validate(ctx context.Context, reader CatalogReader, s *schema) (Complaints, error) {
	complaints := Complaints{}
	for i := range d.change.c.Fields {
		f := &d.change.c.Fields[i]
		var complaint *Complaint
		switch f.Type {
		case PasswordField:
			complaint = d.checkPassword(f)
		case FileField:
			complaint = d.checkFiles(f)
		case RelationField:
			var err error
			if complaint, err = d.checkRelation(ctx, reader, s, f); err != nil {
				return nil, err
			}
		default:
			complaint = d.checkPlain(f)
		}
		complaints.add(f.Name, complaint)
	}
	return complaints, nil
}

// checkPlain checks the fields that are judged by their value alone.
func (d *draft) checkPlain(f *Field) *Complaint {
	v := d.record.Values[f.Name]
	switch f.Type {
	case TextField:
		if f.PrimaryKey {
			return d.checkID(f)
		}
		return checkText(f, d.record.Text(f.Name))
	case NumberField:
		n, _ := v.(float64)
		return checkNumber(f, n)
	case BoolField:
		if v == false && f.Required {
			return blank()
		}
	case EmailField:
		return checkEmail(f, d.record.Text(f.Name))
	case URLField:
		return checkURL(f, d.record.Text(f.Name))
	case EditorField:
		return checkEditor(f, d.record.Text(f.Name))
	case DateField:
		if d.change.c.ID == keysID && d.misdated(f) {
			return &Complaint{Code: "validation_invalid_date", Message: "Must be a valid date."}
		}
		return checkDate(f, d.record.Text(f.Name))
	case SelectField:
		return checkSelect(f, d.record.Strings(f.Name))
	case JSONField:
		raw, _ := v.(json.RawMessage)
		return checkJSON(f, raw)
	}
	return nil
}

// checkID is stricter than checkText: the id names a folder of files, and never changes.
func (d *draft) checkID(f *Field) *Complaint {
	id := d.record.Text(f.Name)
	if d.old != nil {
		if id != string(d.old.ID) {
			return &Complaint{Code: "validation_pk_change", Message: "The record primary key cannot be changed."}
		}
		return nil
	}
	if id == "" {
		return blank()
	}
	if c := checkText(f, id); c != nil {
		return c
	}
	if len(id) > maxIDBytes {
		return tooLong(maxIDBytes)
	}
	for _, r := range id {
		if r < ' ' || r == 0x7f || strings.ContainsRune("./\\|\"'`<>:?*%$ ", r) {
			return &Complaint{
				Code:    "validation_forbidden_pk_character",
				Message: fmt.Sprintf("'%c' is not a valid primary key character.", r),
				Params:  map[string]any{"ch": string(r)},
			}
		}
	}
	return nil
}

// checkText checks a text field's value. Lengths are in characters.
func checkText(f *Field, s string) *Complaint {
	if s == "" {
		if f.Required {
			return blank()
		}
		return nil
	}
	length := utf8.RuneCountInString(s)
	if least := wholeBound(f.Min, 0); length < least {
		return tooShort(least)
	}
	if most := wholeBound(f.Max, defaultMaxText); length > most {
		return tooLong(most)
	}
	if !matches(f.Pattern, s) {
		return invalidFormat()
	}
	return nil
}

// wholeBound reads a bound of a length: none and 0 mean otherwise.
func wholeBound(bound *float64, otherwise int) int {
	if bound == nil || *bound <= 0 {
		return otherwise
	}
	return int(*bound)
}

// matches tells whether s contains what the pattern describes; no pattern describes everything. Patterns were compiled
// once when their collection was saved; one that no longer compiles lets nothing pass.
func matches(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(s)
}

func checkNumber(f *Field, n float64) *Complaint {
	switch {
	case math.IsInf(n, 0) || math.IsNaN(n):
		return &Complaint{Code: "validation_not_a_number", Message: "The submitted number is not properly formatted."}
	case n == 0 && f.Required:
		return blank()
	case n == 0:
		return nil
	case f.OnlyInt && n != math.Trunc(n):
		return &Complaint{Code: "validation_only_int_constraint", Message: "Decimal numbers are not allowed."}
	case f.Min != nil && n < *f.Min:
		return &Complaint{Code: "validation_min_number_constraint", Message: fmt.Sprintf("Must be larger than %f.", *f.Min)}
	case f.Max != nil && n > *f.Max:
		return &Complaint{Code: "validation_max_number_constraint", Message: fmt.Sprintf("Must be less than %f.", *f.Max)}
	}
	return nil
}

func checkEditor(f *Field, s string) *Complaint {
	if s == "" && f.Required {
		return blank()
	}
	if most := contentLimit(f); int64(len(s)) > most {
		return &Complaint{
			Code:    "validation_content_size_limit",
			Message: fmt.Sprintf("The maximum allowed content size is %d bytes.", most),
			Params:  map[string]any{"maxSize": most},
		}
	}
	return nil
}

// contentLimit is the greatest size in bytes of an editor's or a json field's value.
func contentLimit(f *Field) int64 {
	if f.MaxSize > 0 {
		return f.MaxSize
	}
	return defaultMaxContent
}

func checkJSON(f *Field, raw json.RawMessage) *Complaint {
	if most := contentLimit(f); int64(len(raw)) > most {
		return &Complaint{
			Code:    "validation_json_size_limit",
			Message: fmt.Sprintf("The maximum allowed JSON size is %d bytes.", most),
			Params:  map[string]any{"maxSize": most},
		}
	}
	if f.Required && (raw == nil || slices.Contains([]string{`""`, "[]", "{}"}, string(raw))) {
		return blank()
	}
	return nil
}

func checkDate(f *Field, s string) *Complaint {
	if s == "" {
		if f.Required {
			return blank()
		}
		return nil
	}
	// DateLayout sorts as text.
	if f.MinDate != "" && s < f.MinDate {
		return belowThreshold(thresholdDate(f.MinDate))
	}
	if f.MaxDate != "" && s > f.MaxDate {
		return aboveThreshold(thresholdDate(f.MaxDate))
	}
	return nil
}

// thresholdDate is a date as PocketBase shows it in a sentence and in JSON.
func thresholdDate(s string) (words string, threshold any) {
	t, err := time.Parse(DateLayout, s)
	if err != nil {
		return s, s
	}
	return t.String(), t
}

func checkSelect(f *Field, values []string) *Complaint {
	if len(values) == 0 {
		if f.Required {
			return blank()
		}
		return nil
	}
	if c := checkCount(f, values); c != nil {
		return c
	}
	for _, v := range values {
		if !slices.Contains(f.Values, v) {
			return &Complaint{
				Code:    "validation_invalid_value",
				Message: "Invalid value " + v + ".",
				Params:  map[string]any{"value": v},
			}
		}
	}
	return nil
}

func checkCount(f *Field, values []string) *Complaint {
	if most := max(f.MaxSelect, 1); len(values) > most {
		return &Complaint{
			Code:    "validation_too_many_values",
			Message: fmt.Sprintf("Select no more than %d.", most),
			Params:  map[string]any{"maxSelect": most},
		}
	}
	if len(values) < f.MinSelect {
		return &Complaint{
			Code:    "validation_not_enough_values",
			Message: fmt.Sprintf("Select at least %d.", f.MinSelect),
			Params:  map[string]any{"minSelect": f.MinSelect},
		}
	}
	return nil
}

// checkRelation also looks whether all the records are there.
func (d *draft) checkRelation(ctx context.Context, reader CatalogReader, s *schema, f *Field) (*Complaint, error) {
	ids := d.record.Strings(f.Name)
	if len(ids) == 0 {
		if f.Required {
			return blank(), nil
		}
		return nil, nil
	}
	if c := checkCount(f, ids); c != nil {
		return c, nil
	}
	target := s.byID[f.CollectionID]
	if target == nil {
		return &Complaint{
			Code:    "validation_missing_rel_collection",
			Message: "Relation connection is missing or cannot be accessed.",
		}, nil
	}
	wanted := make([]RecordID, len(ids))
	for i, id := range ids {
		wanted[i] = RecordID(id)
	}
	found, err := reader.RecordsByID(ctx, target.Collection, wanted)
	if err != nil {
		return nil, err
	}
	if len(found) != len(wanted) {
		return &Complaint{
			Code:    "validation_missing_rel_records",
			Message: "Failed to find all relation records with the provided ids.",
		}, nil
	}
	return nil, nil
}
