package origin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// unheardCatalog tells of no change, as if its process were a moment behind.
type unheardCatalog struct{ origin.Catalog }

func (unheardCatalog) Watch(ctx context.Context, _ func(origin.Change), fresh func(time.Time)) error {
	fresh(time.Time{})
	<-ctx.Done()
	return ctx.Err()
}

func TestAReadBeginsAnewWhereItsCollectionWasChangedMeanwhile(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	l.photos(func(in *origin.CollectionInput, f *origin.Field) {
		rule := "@request.auth.id != ''"
		view := &rule
		in.ViewRule, f.Protected = &view, true
	})
	picture := l.put("a.jpg", smallJPEG(t, 20, 20))
	users, id := l.user("anna@example.org")
	token, err := l.FileToken(ctx, asUser(users, id))
	if err != nil {
		t.Fatal(err)
	}
	picture.FileToken = token
	session := l.signIn("users", "anna@example.org", "12345678")
	rename := func(collection, from, to string) {
		t.Helper()
		if _, err := l.edit(collection, func(fields []origin.Field) []origin.Field {
			for i := range fields {
				if fields[i].Name == from {
					fields[i].Name = to
				}
			}
			return fields
		}); err != nil {
			t.Fatalf("%v: %s", err, complaints(err))
		}
	}
	photo := func(v *origin.View, err error) error {
		if err == nil && v.Record.Text("picture") != picture.Name {
			err = fmt.Errorf("its values are %v", v.Record.Values)
		}
		return err
	}
	for name, read := range map[string]func(*origin.Origin) error{
		"a view": func(o *origin.Origin) error {
			return photo(o.ViewRecord(ctx, origin.System(), "photos", picture.Record, origin.ReadOptions{}))
		},
		"a list": func(o *origin.Origin) error {
			page, err := o.ListRecords(ctx, origin.System(), "photos", origin.ListQuery{})
			if err == nil {
				err = photo(page.Items[0], nil)
			}
			return err
		},
		"a list by the old name": func(o *origin.Origin) error {
			_, err := o.ListRecords(ctx, origin.System(), "photos", origin.ListQuery{Filter: "image != ''"})
			if origin.KindOf(err) != origin.Invalid {
				return fmt.Errorf("it is no mistake of the caller's: %w", err)
			}
			return nil
		},
		"a protected file": func(o *origin.Origin) error { _, err := o.Open(ctx, &picture); return err },
		"a token": func(o *origin.Origin) error {
			p, err := o.VerifyAuth(ctx, session.Token)
			if err == nil && p.RecordID != string(id) {
				err = fmt.Errorf("it is that of %+v", p)
			}
			return err
		},
		"a sign-in": func(o *origin.Origin) error {
			_, err := o.AuthWithPassword(ctx, origin.Caller{}, "users", "anna@example.org", "12345678", "")
			return err
		},
		"a delete": func(o *origin.Origin) error {
			return o.DeleteRecord(ctx, origin.System(), "photos", "nobody")
		},
	} {
		behind, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: unheardCatalog{l.catalog}, Blobs: l.blobs, Renderer: l.renderer})
		if err != nil {
			t.Fatal(err)
		}
		rename("photos", "image", "picture")
		rename("users", "name", "nick")
		err = read(behind)
		if name == "a delete" && origin.KindOf(err) == origin.NotFound {
			err = nil
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := behind.Close(ctx); err != nil {
			t.Error(err)
		}
		rename("photos", "picture", "image")
		rename("users", "nick", "name")
	}
}
