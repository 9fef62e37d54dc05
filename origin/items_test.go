package origin_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// players makes a collection with relations to the library and a unique field.
func (l *library) players() {
	l.t.Helper()
	name, fields := "cricket__player", []origin.Field{
		{Name: "fibery_id", Type: origin.TextField}, {Name: "name", Type: origin.TextField, Required: true},
		{Name: "photos", Type: origin.RelationField, CollectionID: origin.MediaID, MaxSelect: 100},
		{Name: "cover", Type: origin.RelationField, CollectionID: origin.MediaID, MaxSelect: 1},
	}
	indexes := []string{"CREATE UNIQUE INDEX idx_f ON t (fibery_id)"}
	if _, err := l.CreateCollection(context.Background(), origin.System(), origin.CollectionInput{Name: &name, Fields: &fields, Indexes: &indexes}); err != nil {
		l.t.Fatal(err)
	}
}

func TestItemsReferToFilesByTheirUUIDs(t *testing.T) {
	l := newLibrary(t)
	l.players()
	ctx := context.Background()
	a, b := l.media("a.jpg", origin.MediaDraft{Visibility: origin.Private}), l.media("b.jpg", origin.MediaDraft{})
	made, err := l.CreateItem(ctx, writer, "cricket__player", map[string]any{"fibery_id": "f1", "name": "Virat", "cover": b.UUID, "photos": []any{a.UUID, string(b.ID)}})
	if err != nil || len(made.Media["photos"]) != 2 || made.Media["cover"][0].UUID != b.UUID {
		t.Fatalf("%+v, %v", made, err)
	}
	edit := func(e origin.RelationEdit, files ...string) error {
		return l.EditItem(ctx, writer, "cricket__player", "fibery_id", "f1", "photos", e, files)
	}
	if err := edit(origin.RemoveFiles, a.UUID); err != nil {
		t.Fatal(err)
	}
	if err := edit(origin.AddFiles, a.UUID, b.UUID); err != nil {
		t.Fatal(err)
	}
	found, err := l.FindItem(ctx, reader, "Cricket__Player", "fibery_id", "f1")
	if err != nil || len(found.Media["photos"]) != 2 || found.Media["photos"][0].UUID != b.UUID || found.Media["photos"][1].UUID != a.UUID {
		t.Fatalf("%+v, %v", found, err)
	}
	kind(t, "a file that there is not", edit(origin.AddFiles, origin.NewUUID()), origin.Invalid)
	kind(t, "more files than are looked up at once", edit(origin.AddFiles, slices.Repeat([]string{a.UUID}, 1001)...), origin.Invalid)
	_, err = l.CreateItem(ctx, writer, "cricket__player", map[string]any{"fibery_id": "f2"})
	kind(t, "a required field", err, origin.Invalid)
	_, err = l.FindItem(ctx, reader, "cricket__player", "name", "Virat")
	kind(t, "by a field that is not unique", err, origin.NotFound)
	_, err = l.FindItem(ctx, reader, "cricket__player", "fibery_id", "f9")
	kind(t, "an item that there is not", err, origin.NotFound)
	kind(t, "a field that is no relation", l.EditItem(ctx, writer, "cricket__player", "fibery_id", "f1", "name", origin.AddFiles, nil), origin.NotFound)
}

func TestKeysReachNoOtherCollections(t *testing.T) {
	l := newLibrary(t)
	l.photos() // which everybody may write, but has no relation to the library
	ctx := context.Background()
	for _, name := range []string{"photos", "users", "_superusers", "media", "_keys", "_uploads", "none", ""} {
		_, err := l.CreateItem(ctx, both, name, map[string]any{"email": "x@example.org", "password": "12345678"})
		kind(t, "an item of "+name, err, origin.NotFound)
		_, err = l.FindItem(ctx, both, name, "id", "x")
		kind(t, "to find one of "+name, err, origin.NotFound)
		kind(t, "to edit one of "+name, l.EditItem(ctx, both, name, "id", "x", "y", origin.AddFiles, nil), origin.NotFound)
	}
}

func TestEditsOfOneRelationAtOnceAreNotLost(t *testing.T) {
	l := newLibrary(t)
	l.players()
	ctx := context.Background()
	if _, err := l.CreateItem(ctx, writer, "cricket__player", map[string]any{"fibery_id": "f", "name": "n"}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for n := range 8 {
		m := l.media(fmt.Sprintf("%d.jpg", n), origin.MediaDraft{})
		group.Go(func() {
			if err := l.EditItem(ctx, writer, "cricket__player", "fibery_id", "f", "photos", origin.AddFiles, []string{m.UUID}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	found, err := l.FindItem(ctx, reader, "cricket__player", "fibery_id", "f")
	if err != nil || len(found.Media["photos"]) != 8 {
		t.Fatalf("%d, %v", len(found.Media["photos"]), err)
	}
	if err := l.DeleteMedia(ctx, writer, origin.ByUUID(found.Media["photos"][3].UUID)); err != nil {
		t.Fatal(err)
	}
	if found, err = l.FindItem(ctx, reader, "cricket__player", "fibery_id", "f"); err != nil || len(found.Media["photos"]) != 7 {
		t.Errorf("after a file is deleted: %d, %v", len(found.Media["photos"]), err)
	}
}
