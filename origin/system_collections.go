package origin

import (
	"context"
	"errors"
	"slices"
	"time"
)

// usersID is the id of the stock collection of users, the same in every PocketBase.
const usersID = "_pb_users_auth_"

// ensureSystemCollections makes, in a library that has never been used, the superusers and the stock users, and then reads
// the collections. Two processes may do so at once: the transaction of the second sees what the first made.
// Users that were deleted later stay away, since the superusers are never.
func (o *Origin) ensureSystemCollections(ctx context.Context) error {
	all, err := o.catalog.Collections(ctx)
	if err != nil {
		return err
	}
	if !hasSuperusers(all) {
		if err := o.catalog.Write(ctx, o.makeSystemCollections(ctx)); err != nil && !errors.Is(err, errMadeAlready) {
			return err
		}
	}
	return o.reloadSchema(ctx)
}

var errMadeAlready = errors.New("made by another process")

func hasSuperusers(all []*Collection) bool {
	return slices.ContainsFunc(all, (*Collection).IsSuperusers)
}

func (o *Origin) makeSystemCollections(ctx context.Context) func(CatalogTx) error {
	return func(tx CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		if hasSuperusers(all) {
			return errMadeAlready
		}
		for _, c := range []*Collection{superusersCollection(o.now()), usersCollection(o.now())} {
			if err := tx.InsertCollection(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
}

func autodates(system bool) []Field {
	return []Field{
		{Name: "created", Type: AutodateField, OnCreate: true, System: system},
		{Name: "updated", Type: AutodateField, OnCreate: true, OnUpdate: true, System: system},
	}
}

func superusersCollection(now time.Time) *Collection {
	name, kind, life := SuperusersName, string(AuthCollection), int64(superuserTokenLife/time.Second)
	fields := slices.Concat([]Field{idField()}, accountFields(), autodates(true))
	c := buildCollection(CollectionInput{
		Name: &name, Type: &kind, Fields: &fields,
		Auth: AuthInput{AuthToken: TokenInput{Duration: &life}},
	}, nil, nil, now).c
	c.System = true
	return c
}

func usersCollection(now time.Time) *Collection {
	id, name, kind := usersID, "users", string(AuthCollection)
	anyone, own := new(string), new(string)
	*own = "id = @request.auth.id"
	fields := slices.Concat([]Field{idField()}, accountFields(), []Field{
		{Name: "name", Type: TextField, Max: bound(255)},
		{Name: "avatar", Type: FileField, MaxSelect: 1, MimeTypes: []string{
			"image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp",
		}},
	}, autodates(false))
	return buildCollection(CollectionInput{
		ID: &id, Name: &name, Type: &kind, Fields: &fields,
		ListRule: &own, ViewRule: &own, CreateRule: &anyone, UpdateRule: &own, DeleteRule: &own,
	}, nil, nil, now).c
}
