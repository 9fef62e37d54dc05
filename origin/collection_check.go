package origin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/rule"
)

// Bounds of names, in characters.
const (
	maxCollectionID   = 100
	maxCollectionName = 255
	maxFieldName      = 100
)

// Bounds of what a token may be configured to, from PocketBase.
const (
	minSecret       = 30
	maxSecret       = 255
	minTokenSeconds = 10
	maxTokenSeconds = 94_670_856
)

// check tells everything that is wrong with the collection.
func (b *collectionBuild) check() Complaints {
	complaints := Complaints{}
	complaints.add("id", b.checkID())
	complaints.add("type", b.checkType())
	complaints.add("name", b.checkName())
	b.checkFields(complaints)
	b.checkRules(complaints)
	b.checkIndexes(complaints)
	if b.c.Auth != nil {
		b.checkAuth(complaints)
	}
	return complaints
}

func (b *collectionBuild) checkID() *Complaint {
	id := string(b.c.ID)
	switch {
	case b.old != nil:
		return nil // an update has no way to change it
	case len(id) > maxCollectionID:
		return lengthOutOfRange(1, maxCollectionID)
	case !isIdentifier(id):
		return malformed()
	case slices.ContainsFunc(b.all, func(c *Collection) bool { return c.ID == b.c.ID }):
		return &Complaint{Code: "validation_invalid_or_existing_id", Message: "The model id is invalid or already exists."}
	}
	return nil
}

func (b *collectionBuild) checkType() *Complaint {
	if b.old != nil && b.old.Type != b.c.Type {
		return &Complaint{Code: "validation_collection_type_change", Message: "Collection type cannot be changed."}
	}
	if b.c.Type != BaseCollection && b.c.Type != AuthCollection {
		return notInList()
	}
	return nil
}

func (b *collectionBuild) checkName() *Complaint {
	name := b.c.Name
	switch {
	case name == "":
		return blank()
	case utf8.RuneCountInString(name) > maxCollectionName:
		return lengthOutOfRange(1, maxCollectionName)
	case strings.Contains(strings.ToLower(name), "_via_"):
		return containsVia()
	case !isIdentifier(name):
		return malformed()
	case b.old != nil && b.old.System && name != b.old.Name:
		return &Complaint{Code: "validation_collection_system_name_change", Message: "System collection name cannot be changed."}
	}
	for _, other := range b.all {
		switch {
		case other.ID != b.c.ID && strings.EqualFold(other.Name, name):
			return &Complaint{
				Code: "validation_collection_name_exists", Message: "Collection name must be unique (case insensitive).",
			}
		case string(other.ID) == name:
			return &Complaint{
				Code: "validation_collection_name_id_duplicate", Message: "The name must not match an existing collection id.",
			}
		}
	}
	return nil
}

// containsVia keeps a name free that PocketBase gives to relations read backwards.
func containsVia() *Complaint {
	return &Complaint{Code: "validation_found_via", Message: `The value cannot contain "_via_".`}
}

// isIdentifier tells whether s is ^\w+$.
func isIdentifier(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !isWord(r) })
}

// checkRules refuses rules that can't be evaluated, and changes of a system collection's rules.
func (b *collectionBuild) checkRules(complaints Complaints) {
	var was Rules
	if b.old != nil {
		was = b.old.Rules
	}
	for _, r := range [...]struct {
		name    string
		is, was *string
	}{
		{"listRule", b.c.Rules.List, was.List}, {"viewRule", b.c.Rules.View, was.View},
		{"createRule", b.c.Rules.Create, was.Create}, {"updateRule", b.c.Rules.Update, was.Update},
		{"deleteRule", b.c.Rules.Delete, was.Delete},
	} {
		complaints.add(r.name, first(b.checkRule(r.is), b.checkSystemRule(r.is, r.was)))
	}
}

func (b *collectionBuild) checkRule(source *string) *Complaint {
	if source == nil || strings.TrimSpace(*source) == "" {
		return nil
	}
	if _, err := rule.Parse(*source, recordSchema(b.c), accountSchema(b.future())); err != nil {
		return &Complaint{Code: "validation_invalid_rule", Message: "Invalid rule. Raw error: " + err.Error() + "."}
	}
	return nil
}

func (b *collectionBuild) checkSystemRule(is, was *string) *Complaint {
	if b.old == nil || !b.old.System || sameRule(is, was) {
		return nil
	}
	return &Complaint{Code: "validation_collection_system_rule_change", Message: "System collection API rule cannot be changed."}
}

// future is all collections as they would be with this one.
func (b *collectionBuild) future() []*Collection {
	all := slices.Clone(b.all)
	for i, c := range all {
		if c.ID == b.c.ID {
			all[i] = b.c
			return all
		}
	}
	return append(all, b.c)
}

// checkIndexes complains about the first index that is wrong, as PocketBase does.
func (b *collectionBuild) checkIndexes(complaints Complaints) {
	names, definitions := make(map[string]bool), make(map[string]bool)
	for i, x := range b.c.Indexes {
		name := strings.ToLower(x.Name)
		x.Name = ""
		definition := FormatIndex("", x)
		var complaint *Complaint
		switch {
		case slices.Contains(b.badIndexes, i):
			complaint = badIndex("Invalid CREATE INDEX expression.")
		case names[name]:
			complaint = &Complaint{Code: "validation_duplicated_index_name", Message: "The index name already exists."}
		case b.usedElsewhere(name) != "":
			used := b.usedElsewhere(name)
			complaint = &Complaint{
				Code:    "validation_existing_index_name",
				Message: "The index name is already used in " + used + " collection.",
				Params:  map[string]any{"usedTableName": used},
			}
		case definitions[definition]:
			complaint = &Complaint{Code: "validation_duplicated_index_definition", Message: "The index definition already exists."}
		default:
			complaint = b.checkColumns(b.c.Indexes[i])
		}
		if complaint != nil {
			complaints.nest("indexes", Complaints{strconv.Itoa(i): *complaint})
			return
		}
		names[name], definitions[definition] = true, true
	}
	complaints.add("indexes", b.checkKeptUnique())
}

func badIndex(message string) *Complaint {
	return &Complaint{Code: "validation_invalid_index_expression", Message: message}
}

// usedElsewhere returns the collection that has an index of that lower-case name.
func (b *collectionBuild) usedElsewhere(name string) string {
	for _, other := range b.all {
		for _, x := range other.Indexes {
			if other.ID != b.c.ID && strings.ToLower(x.Name) == name {
				return other.Name
			}
		}
	}
	return ""
}

func (b *collectionBuild) checkColumns(x Index) *Complaint {
	columns := make([]string, 0, len(x.Columns)+1)
	for _, column := range x.Columns {
		columns = append(columns, column.Name)
	}
	if x.Partial != "" {
		columns = append(columns, x.Partial)
	}
	for _, name := range columns {
		if b.c.Field(name) == nil {
			return badIndex(fmt.Sprintf("Failed to create index %s - no such column: %s.", x.Name, name))
		}
	}
	return nil
}

// checkKeptUnique holds on to the unique indexes over system fields: sign-in relies on them.
func (b *collectionBuild) checkKeptUnique() *Complaint {
	if b.old == nil {
		return nil
	}
	for _, x := range b.old.Indexes {
		if !x.Unique || len(x.Columns) != 1 {
			continue
		}
		f := b.old.Field(x.Columns[0].Name)
		if f != nil && f.System && !uniqueAlone(b.c, f.Name) {
			return &Complaint{
				Code:    "validation_invalid_unique_system_field_index",
				Message: "Unique index definition on system fields (" + f.Name + ") is invalid or missing.",
				Params:  map[string]any{"fieldName": f.Name},
			}
		}
	}
	return nil
}

// checkAuth checks the sign-in settings.
func (b *collectionBuild) checkAuth(complaints Complaints) {
	a := b.c.Auth
	var was *string
	if b.old != nil && b.old.Auth != nil {
		was = b.old.Auth.AuthRule
	}
	complaints.add("authRule", first(b.checkRule(a.AuthRule), b.checkSystemRule(a.AuthRule, was)))
	if a.PasswordAuth {
		passwordAuth := Complaints{}
		passwordAuth.add("identityFields", b.checkIdentityFields())
		complaints.nest("passwordAuth", passwordAuth)
	}
	complaints.nest("authToken", checkToken(a.AuthToken))
	complaints.nest("fileToken", checkToken(a.FileToken))
}

func (b *collectionBuild) checkIdentityFields() *Complaint {
	if len(b.c.Auth.IdentityFields) == 0 {
		return blank()
	}
	for _, name := range b.c.Auth.IdentityFields {
		f := b.c.Field(name)
		params := map[string]any{"fieldName": name}
		switch {
		case f == nil || f.Kind() != rule.Text || f.Type == PasswordField || f.Name == ColTokenKey:
			return &Complaint{Code: "validation_missing_field", Message: "Invalid or missing field " + name + ".", Params: params}
		case !uniqueAlone(b.c, name):
			return &Complaint{
				Code:    "validation_missing_unique_constraint",
				Message: "The field " + name + " doesn't have a UNIQUE constraint.",
				Params:  params,
			}
		}
	}
	return nil
}

func checkToken(t TokenOptions) Complaints {
	complaints := Complaints{}
	if n := utf8.RuneCountInString(t.Secret); n < minSecret || n > maxSecret {
		complaints.add("secret", lengthOutOfRange(minSecret, maxSecret))
	}
	switch seconds := int64(t.Duration / time.Second); {
	case seconds == 0:
		complaints.add("duration", blank())
	case seconds < minTokenSeconds:
		complaints.add("duration", belowThreshold(strconv.Itoa(minTokenSeconds), minTokenSeconds))
	case seconds > maxTokenSeconds:
		complaints.add("duration", aboveThreshold(strconv.Itoa(maxTokenSeconds), maxTokenSeconds))
	}
	return complaints
}
