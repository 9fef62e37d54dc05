package origin

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/imgorigin/imgorigin/rule"
)

// CollectionInput is what a superuser wants to write into a collection. Nil means: as it was, or the default.
type CollectionInput struct {
	ID      *string // on create only
	Name    *string
	Type    *string // "base", the default, or "auth"; cannot be changed
	Fields  *[]Field
	Indexes *[]string // statements for ParseIndex
	// A rule is nil (as it was), or the address of the new rule, which is nil for superusers only.
	ListRule, ViewRule, CreateRule, UpdateRule, DeleteRule **string
	Auth                                                   AuthInput // looked at in auth collections only
}

// AuthInput are the sign-in settings of a CollectionInput. Nil means: as it was, or the default.
type AuthInput struct {
	AuthRule       **string
	PasswordAuth   *bool
	IdentityFields *[]string
	AuthToken      TokenInput
	FileToken      TokenInput
}

// TokenInput are the settings of one kind of token.
type TokenInput struct {
	Secret   *string
	Duration *int64 // seconds
}

// CollectionPage is one page of collections.
type CollectionPage struct {
	Items                  []*Collection
	Page, PerPage          int
	TotalItems, TotalPages int // -1 where not counted
}

// superuser refuses everybody else.
func superuser(op string, who Caller) error {
	switch {
	case who.Principal.Superuser:
		return nil
	case who.Principal.IsGuest():
		return &Error{Op: op, Kind: Unauthenticated, Message: tokenRequired, Private: true}
	}
	return &Error{Op: op, Kind: Forbidden, Private: true, Message: "The authorized record is not allowed to perform this action."}
}

// collectionSchema is what filters and sorts over collections may name.
var collectionSchema = rule.Schema{
	ColID: rule.Text, "name": rule.Text, "type": rule.Text, "system": rule.Bool, "created": rule.Date, "updated": rule.Date,
}

// collectionValues is a collection as collectionSchema sees it.
func collectionValues(c *Collection) map[string]any {
	return map[string]any{
		ColID: string(c.ID), "name": c.Name, "type": string(c.Type), "system": c.System,
		"created": formatDate(c.Created), "updated": formatDate(c.Updated),
	}
}

// ListCollections returns a page of collections. Superusers only; a filter or sort that makes no sense is Invalid.
func (o *Origin) ListCollections(ctx context.Context, who Caller, q ListQuery) (*CollectionPage, error) {
	const op = "collection.list"
	if err := superuser(op, who); err != nil {
		return nil, err
	}
	q.pages()
	found := o.schema.Load().plain()
	if strings.TrimSpace(q.Filter) != "" {
		expr, err := rule.Parse(q.Filter, collectionSchema, nil)
		if err != nil {
			return nil, &Error{Op: op, Kind: Invalid, Err: err}
		}
		request := o.ruleRequest(who, contextDefault, nil)
		found = slices.DeleteFunc(found, func(c *Collection) bool {
			ok, err := expr.Match(collectionValues(c), request)
			return !ok || err != nil
		})
	}
	if err := sortCollections(found, q.Sort); err != nil {
		return nil, &Error{Op: op, Kind: Invalid, Err: err}
	}
	page := &CollectionPage{Page: q.Page, PerPage: q.PerPage, TotalItems: -1, TotalPages: -1}
	if !q.SkipTotal {
		page.TotalItems, page.TotalPages = len(found), totalPages(len(found), q.PerPage)
	}
	from := min((q.Page-1)*q.PerPage, len(found))
	page.Items = found[from:min(from+q.PerPage, len(found))]
	return page, nil
}

// sortCollections orders collections that are in the order of their making.
func sortCollections(all []*Collection, by string) error {
	if strings.TrimSpace(by) == "" {
		return nil
	}
	keys, err := rule.ParseSort(by, collectionSchema)
	if err != nil {
		return err
	}
	for _, key := range slices.Backward(keys) {
		switch key.Field {
		case "@random":
			rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			continue
		case "@rowid":
			if key.Desc {
				slices.Reverse(all)
			}
			continue
		}
		slices.SortStableFunc(all, func(a, b *Collection) int {
			n := cmp.Compare(castText(collectionValues(a)[key.Field]), castText(collectionValues(b)[key.Field]))
			if key.Desc {
				return -n
			}
			return n
		})
	}
	return nil
}

// ViewCollection returns one collection. Superusers only.
func (o *Origin) ViewCollection(ctx context.Context, who Caller, idOrName string) (*Collection, error) {
	const op = "collection.view"
	if err := superuser(op, who); err != nil {
		return nil, err
	}
	c := o.schema.Load().find(idOrName)
	if c == nil {
		return nil, &Error{Op: op, Kind: NotFound}
	}
	return c.Collection, nil
}

// CreateCollection makes a collection. Superusers only; what breaks a rule of collections is Invalid with Fields.
func (o *Origin) CreateCollection(ctx context.Context, who Caller, in CollectionInput) (*Collection, error) {
	const op, message = "collection.create", "Failed to create collection."
	if err := superuser(op, who); err != nil {
		return nil, err
	}
	var made *Collection
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		b := buildCollection(in, nil, all, o.now())
		if complaints := b.check(); len(complaints) > 0 {
			return &Error{Op: op, Kind: Invalid, Message: message, Fields: complaints}
		}
		made = b.c
		return tx.InsertCollection(ctx, b.c)
	})
	if err != nil {
		return nil, collectionRefusal(op, message, err)
	}
	o.schemaChanged(ctx)
	return made, nil
}

// UpdateCollection changes a collection. Fields are matched by id, then by name and type; one that is not listed is
// removed with its values and files. Superusers only; what breaks a rule of collections is Invalid with Fields.
func (o *Origin) UpdateCollection(ctx context.Context, who Caller, idOrName string, in CollectionInput) (*Collection, error) {
	const op, message = "collection.update", "Failed to update collection."
	if err := superuser(op, who); err != nil {
		return nil, err
	}
	var changed *Collection
	var dropped []FileRef
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		found := newSchema(all).find(idOrName)
		if found == nil {
			return ErrNotFound
		}
		old := found.Collection
		b := buildCollection(in, old, all, o.now())
		if complaints := b.check(); len(complaints) > 0 {
			return &Error{Op: op, Kind: Invalid, Message: message, Fields: complaints}
		}
		changed = b.c
		if dropped, err = dropFieldFiles(ctx, tx, old, b.c); err != nil {
			return err
		}
		return tx.UpdateCollection(ctx, old, b.c)
	})
	if err != nil {
		return nil, collectionRefusal(op, message, err)
	}
	o.schemaChanged(ctx)
	for _, ref := range dropped {
		o.invalidate(ref.Collection, ref.Record)
	}
	o.dropFiles(ctx, dropped)
	return changed, nil
}

// collectionRefusal gives a unique index that existing records break its complaint.
func collectionRefusal(op, message string, err error) error {
	var clash *UniqueError
	if !errors.As(err, &clash) {
		return failed(op, err)
	}
	return &Error{Op: op, Kind: Invalid, Message: message, Fields: Complaints{"indexes": Complaint{
		Code:    "validation_invalid_index_expression",
		Message: "Failed to create a unique index - there are records with the same " + strings.Join(clash.Columns, ", ") + ".",
	}}}
}

// schemaChanged makes a committed change known. Where the collections cannot be read now, the watch will.
func (o *Origin) schemaChanged(ctx context.Context) {
	if err := o.reloadSchema(context.WithoutCancel(ctx)); err != nil {
		o.log.Error("reading the collections after a change failed", "error", err)
	}
}

// DeleteCollection removes a collection with all its records and files. Superusers only; a system collection, and one
// that relations of another collection refer to, is Invalid.
func (o *Origin) DeleteCollection(ctx context.Context, who Caller, idOrName string) error {
	const op, message = "collection.delete", "Failed to delete collection"
	if err := superuser(op, who); err != nil {
		return err
	}
	var gone []FileRef
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		found := newSchema(all).find(idOrName)
		switch {
		case found == nil:
			return ErrNotFound
		case found.System:
			return &Error{Op: op, Kind: Invalid, Message: message + "."}
		}
		if names := referring(all, found.ID); len(names) > 0 {
			return &Error{Op: op, Kind: Invalid,
				Message: message + " probably due to existing reference in " + strings.Join(names, ", ") + "."}
		}
		if gone, err = collectionFiles(ctx, tx, found.Collection); err != nil {
			return err
		}
		return tx.DeleteCollection(ctx, found.Collection)
	})
	if err != nil {
		return failed(op, err)
	}
	o.schemaChanged(ctx)
	o.dropFiles(ctx, gone)
	return nil
}

// referring returns the names of the other collections that have a relation to this one.
func referring(all []*Collection, id CollectionID) []string {
	names := make(map[string]bool)
	for _, c := range all {
		for i := range c.Fields {
			if f := &c.Fields[i]; c.ID != id && f.Type == RelationField && f.CollectionID == id {
				names[c.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
