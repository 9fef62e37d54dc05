package origin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// usersID is the id of the stock collection of users, the same in every PocketBase.
const usersID = "_pb_users_auth_"

// ensureSystemCollections makes the collections that every library has and this one has not, gives those that an earlier
// version made the fields that have come since, and then reads all. Two
// processes may do so at once: the transaction of the second sees what the first made. The stock users are made with the
// superusers only: users that were deleted later stay away, since the superusers are never.
func (o *Origin) ensureSystemCollections(ctx context.Context) error {
	all, err := o.catalog.Collections(ctx)
	if err != nil {
		return err
	}
	if len(systemChanges(all, o.now())) > 0 {
		if err := o.catalog.Write(ctx, o.makeSystemCollections(ctx)); err != nil && !errors.Is(err, errMadeAlready) {
			return err
		}
	}
	return o.reloadSchema(ctx)
}

var errMadeAlready = errors.New("made by another process")

func (o *Origin) makeSystemCollections(ctx context.Context) func(CatalogTx) error {
	return func(tx CatalogTx) error {
		all, err := tx.Collections(ctx)
		if err != nil {
			return err
		}
		changes := systemChanges(all, o.now())
		if len(changes) == 0 {
			return errMadeAlready
		}
		for _, c := range changes {
			if c.old == nil {
				err = tx.InsertCollection(ctx, c.new)
			} else {
				err = tx.UpdateCollection(ctx, c.old, c.new)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// systemChange is a collection that is to be made, or to get fields.
type systemChange struct{ old, new *Collection }

func systemChanges(all []*Collection, now time.Time) (changes []systemChange) {
	if !slices.ContainsFunc(all, (*Collection).IsSuperusers) {
		changes = append(changes, systemChange{nil, superusersCollection(now)}, systemChange{nil, usersCollection(now)})
	}
	for _, c := range []*Collection{mediaCollection(all, now), keysCollection(now), uploadsCollection(now)} {
		i := slices.IndexFunc(all, func(have *Collection) bool { return have.ID == c.ID })
		if i < 0 {
			changes = append(changes, systemChange{nil, c})
		} else if grown := all[i].grown(c); grown != nil {
			changes = append(changes, systemChange{all[i], grown})
		}
	}
	return changes
}

// grown is the collection with those fields of another that it has none of the name of, nil where it has all.
func (c *Collection) grown(to *Collection) *Collection {
	fields := slices.Clone(c.Fields)
	for _, f := range to.Fields {
		if !slices.ContainsFunc(c.Fields, func(have Field) bool { return strings.EqualFold(have.Name, f.Name) }) {
			fields = append(fields, f)
		}
	}
	if len(fields) == len(c.Fields) {
		return nil
	}
	more := *c
	more.Fields = fields
	return &more
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
