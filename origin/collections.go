package origin

import "context"

// CollectionInput is what a superuser wants to write into a collection. Nil means: as it was, or the default.
type CollectionInput struct {
	ID      *string // on create only
	Name    *string
	Type    *string // "base" or "auth"; cannot be changed
	Fields  *[]Field
	Indexes *[]string // CREATE INDEX statements
	// A rule is nil (as it was), or the address of the new rule, which is nil for superusers only.
	ListRule, ViewRule, CreateRule, UpdateRule, DeleteRule **string
	Auth                                                   AuthInput
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

// ListCollections returns a page of collections.
func (o *Origin) ListCollections(ctx context.Context, who Caller, q ListQuery) (*CollectionPage, error) {
	return nil, &Error{Op: "collection.list", Kind: Internal}
}

// ViewCollection returns one collection.
func (o *Origin) ViewCollection(ctx context.Context, who Caller, idOrName string) (*Collection, error) {
	return nil, &Error{Op: "collection.view", Kind: Internal}
}

// CreateCollection makes a collection.
func (o *Origin) CreateCollection(ctx context.Context, who Caller, in CollectionInput) (*Collection, error) {
	return nil, &Error{Op: "collection.create", Kind: Internal}
}

// UpdateCollection changes a collection. Fields are matched by id, then by name.
func (o *Origin) UpdateCollection(ctx context.Context, who Caller, idOrName string, in CollectionInput) (*Collection, error) {
	return nil, &Error{Op: "collection.update", Kind: Internal}
}

// DeleteCollection removes a collection with all its records and files.
func (o *Origin) DeleteCollection(ctx context.Context, who Caller, idOrName string) error {
	return &Error{Op: "collection.delete", Kind: Internal}
}

func (o *Origin) ensureSystemCollections(ctx context.Context) error { return nil }
