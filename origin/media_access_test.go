package origin_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// kind fails unless an error is of a kind.
func kind(t *testing.T, what string, err error, want origin.Kind) {
	t.Helper()
	if err == nil || origin.KindOf(err) != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// grant is what a signed URL of a path gives.
func (l *library) grant(path string, life time.Duration) origin.Grant {
	l.t.Helper()
	query, _, err := l.SignURL(reader, path, life)
	if err != nil {
		l.t.Fatal(err)
	}
	v, _ := url.ParseQuery(query)
	g, err := l.VerifyURL(path, v.Get(auth.ParamExpires), v.Get(auth.ParamSignature))
	if err != nil || !g.Signed() {
		l.t.Fatalf("%+v, %v", g, err)
	}
	return g
}

// fileToken is a file token of a superuser, whose password nobody needs, so that none is hashed.
func (l *library) fileToken() string {
	l.t.Helper()
	ctx := context.Background()
	c, err := l.Collection("_superusers")
	if err != nil {
		l.t.Fatal(err)
	}
	r := &origin.Record{ID: "root00000000000", Values: map[string]any{
		"id": "root00000000000", "email": "root@example.org", "emailVisibility": false, "verified": true, "password": "", "tokenKey": auth.NewTokenKey(),
		"created": "2026-01-01 00:00:00.000Z", "updated": "2026-01-01 00:00:00.000Z",
	}}
	if err := l.catalog.Write(ctx, func(tx origin.CatalogTx) error { return tx.InsertRecord(ctx, c, r) }); err != nil {
		l.t.Fatal(err)
	}
	token, err := l.FileToken(ctx, origin.Caller{Principal: auth.Principal{CollectionID: string(c.ID), RecordID: string(r.ID), Superuser: true}})
	if err != nil {
		l.t.Fatal(err)
	}
	return token
}

func TestAPrivateFileAnswersToCredentialsAlone(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	secret := l.media("secret.jpg", origin.MediaDraft{Folder: "f", Visibility: origin.Private})
	open := l.media("open.jpg", origin.MediaDraft{Folder: "f", Visibility: origin.Public})
	token := l.fileToken()
	native := origin.ReadRequest{Collection: "media", Record: string(secret.ID), Name: string(secret.File)}

	for name, who := range map[string]origin.Caller{"a guest": guest, "a key that only writes": writer} {
		for _, ref := range []origin.MediaRef{origin.ByID(secret.ID), origin.ByUUID(secret.UUID), origin.BySecret(secret.Secret), origin.ByPath(secret.Path())} {
			_, err := l.Media(ctx, who, ref)
			kind(t, "metadata for "+name, err, origin.NotFound)
			for _, thumb := range []string{"", "100x100", "7x7"} {
				_, err = l.OpenMedia(ctx, &origin.MediaRead{Ref: ref, Who: who, Thumb: thumb})
				kind(t, "bytes for "+name, err, origin.NotFound)
			}
		}
		_, err := l.ListMedia(ctx, who, "f", 0, 0)
		want := origin.Forbidden
		if who.Principal.IsGuest() {
			want = origin.Unauthenticated
		}
		kind(t, "a list for "+name, err, want)
		_, _, err = l.SignURL(who, "/x", time.Hour)
		kind(t, "a signature for "+name, err, want)
	}
	_, err := l.Open(ctx, &native)
	kind(t, "the native route", err, origin.NotFound)
	_, err = l.ViewRecord(ctx, guest, "media", string(secret.ID), origin.ReadOptions{})
	kind(t, "the native record", err, origin.NotFound)
	if v, err := l.ViewRecord(ctx, guest, "media", string(open.ID), origin.ReadOptions{}); err != nil || v.Record.ID != open.ID {
		t.Errorf("the native record of a public file: %v", err)
	}
	_, err = l.ListRecords(ctx, guest, "media", origin.ListQuery{})
	kind(t, "the native list", err, origin.Forbidden)

	// Nothing tells a private file from none.
	_, missing := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath("f/none.jpg")})
	_, hidden := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath(secret.Path())})
	if missing.Error() != hidden.Error() {
		t.Errorf("%v and %v", missing, hidden)
	}

	for name, c := range map[string]struct {
		read origin.MediaRead
		want origin.Policy
	}{
		"a key that reads":         {origin.MediaRead{Who: reader}, origin.PolicyPrivate},
		"the program itself":       {origin.MediaRead{Who: origin.System()}, origin.PolicyPrivate},
		"a signed URL":             {origin.MediaRead{Grant: l.grant("/a", time.Hour)}, origin.PolicySigned},
		"a superuser's file token": {origin.MediaRead{FileToken: token}, origin.PolicyPrivate},
	} {
		for _, thumb := range []string{"", "9x0"} {
			c.read.Ref, c.read.Thumb = origin.BySecret(secret.Secret), thumb
			got, err := l.OpenMedia(ctx, &c.read)
			if err != nil || got.Policy != c.want || got.Variant != thumb || got.Media.UUID != secret.UUID {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			if c.want == origin.PolicySigned && (got.Lifetime <= 0 || got.Lifetime > 5*time.Minute) {
				t.Errorf("kept for %s", got.Lifetime)
			}
		}
	}
	native.FileToken = token
	if c, err := l.Open(ctx, &native); err != nil || c.Policy != origin.PolicyPrivate {
		t.Errorf("the native route with a file token: %+v, %v", c, err)
	}
	_, err = l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByID(secret.ID), FileToken: token + "x"})
	kind(t, "a broken file token", err, origin.NotFound)
}

func TestVisibilityCountsFromTheMomentOnThatItChanges(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	m := l.media("a.jpg", origin.MediaDraft{Visibility: origin.Public})
	read := &origin.MediaRead{Ref: origin.ByUUID(m.UUID), Thumb: "9x9"}
	native := &origin.ReadRequest{Collection: "media", Record: string(m.ID), Name: string(m.File), Thumb: "9x9"}
	for _, v := range []origin.Visibility{origin.Public, origin.Private, origin.Public} {
		if _, err := l.UpdateMedia(ctx, writer, origin.ByUUID(m.UUID), origin.MediaEdit{Visibility: &v}); err != nil {
			t.Fatal(err)
		}
		_, err := l.OpenMedia(ctx, read)
		_, err2 := l.Open(ctx, native)
		if wantOK := v == origin.Public; (err == nil) != wantOK || (err2 == nil) != wantOK {
			t.Errorf("%s: %v, %v", v, err, err2)
		}
	}
	bad := origin.Visibility("secret")
	_, err := l.UpdateMedia(ctx, writer, origin.ByUUID(m.UUID), origin.MediaEdit{Visibility: &bad})
	kind(t, "a visibility that is none", err, origin.Invalid)
}

func TestNobodyWritesWithoutTheScope(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	m := l.media("a.jpg", origin.MediaDraft{Visibility: origin.Public})
	ref := origin.ByID(m.ID)
	for who, want := range map[*origin.Caller]origin.Kind{&guest: origin.Unauthenticated, &reader: origin.Forbidden} {
		for name, do := range map[string]func() error{
			"put": func() error {
				_, err := l.PutMedia(ctx, *who, l.stage("b.jpg", smallJPEG(t, 8, 8)), origin.MediaDraft{})
				return err
			},
			"update":  func() error { _, err := l.UpdateMedia(ctx, *who, ref, origin.MediaEdit{}); return err },
			"move":    func() error { _, err := l.MoveMedia(ctx, *who, ref, "b.jpg"); return err },
			"copy":    func() error { _, err := l.CopyMedia(ctx, *who, ref, "b.jpg"); return err },
			"delete":  func() error { return l.DeleteMedia(ctx, *who, ref) },
			"slot":    func() error { _, err := l.CreateSlot(ctx, *who, origin.SlotDraft{}); return err },
			"confirm": func() error { _, err := l.ConfirmSlot(ctx, *who, "upl_x", origin.Public); return err },
			"item":    func() error { _, err := l.CreateItem(ctx, *who, "posts", nil); return err },
			"edit": func() error {
				return l.EditItem(ctx, *who, "posts", "id", "x", "photos", origin.AddFiles, nil)
			},
		} {
			kind(t, name, do(), want)
		}
	}
	for name, do := range map[string]func() error{
		"keys":   func() error { _, err := l.Keys(ctx, both); return err },
		"create": func() error { _, err := l.CreateKey(ctx, both, "k", auth.FilesRead, time.Time{}); return err },
		"revoke": func() error { return l.RevokeKey(ctx, both, "k") },
		"native": func() error {
			_, err := l.CreateRecord(ctx, both, "media", origin.RecordInput{})
			return err
		},
	} {
		kind(t, name, do(), origin.Forbidden)
	}
	if objects := l.stored("originals/"); len(objects) != 1 {
		t.Errorf("%d originals are stored", len(objects))
	}
	_, err := l.CopyMedia(ctx, writer, origin.ByID(l.media("p.jpg", origin.MediaDraft{Visibility: origin.Private}).ID), "q.jpg")
	kind(t, "a copy of what may not be read", err, origin.NotFound)
}

func TestSignedURLsOfTheLibrary(t *testing.T) {
	l := newLibrary(t)
	query, expires, err := l.SignURL(reader, "/api/files/x", time.Hour)
	if err != nil || time.Until(expires) > time.Hour || time.Until(expires) < 59*time.Minute {
		t.Fatalf("%s, %v", expires, err)
	}
	v, _ := url.ParseQuery(query)
	at, signature := v.Get(auth.ParamExpires), v.Get(auth.ParamSignature)
	for name, c := range map[string][3]string{
		"another path":      {"/api/files/y", at, signature},
		"another time":      {"/api/files/x", at + "0", signature},
		"no time":           {"/api/files/x", "", signature},
		"no signature":      {"/api/files/x", at, ""},
		"another signature": {"/api/files/x", at, strings.Repeat("A", 43)},
	} {
		g, err := l.VerifyURL(c[0], c[1], c[2])
		kind(t, name, err, origin.NotFound)
		if g.Signed() {
			t.Errorf("%s gives a grant", name)
		}
	}
	if g, err := l.VerifyURL("/api/files/x", "", ""); err != nil || g.Signed() {
		t.Errorf("no signature at all: %+v, %v", g, err)
	}
}

func TestWhatTheLibraryRestsOnCannotBeTakenAway(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	secret := l.media("a.jpg", origin.MediaDraft{Visibility: origin.Private})
	c, err := l.ViewCollection(ctx, origin.System(), "media")
	if err != nil {
		t.Fatal(err)
	}
	fields, none := append([]origin.Field{{Name: "license", Type: origin.TextField}}, c.Fields...), []string{}
	for i := range fields {
		switch f := &fields[i]; f.Name {
		case "file":
			f.Protected, f.MaxSelect, f.MaxSize = false, 5, 1000
		case "secret":
			f.Hidden = false
		case "folder", "slug", "uuid":
			f.Pattern, f.Required = "", false
		case "visibility":
			f.Values = []string{"public", "private", "both"}
		}
	}
	changed, err := l.UpdateCollection(ctx, origin.System(), "media", origin.CollectionInput{Fields: &fields, Indexes: &none})
	if err != nil {
		t.Fatal(err)
	}
	if f := changed.Field("file"); !f.Protected || f.MaxSelect != 1 || f.MaxSize != 1000 || l.MediaLimit() != 1000 {
		t.Errorf("%+v", f)
	}
	if !changed.Field("secret").Hidden || changed.Field("slug").Pattern == "" || len(changed.Field("visibility").Values) != 2 || len(changed.Indexes) != 3 || changed.Field("license") == nil {
		t.Errorf("%+v", changed)
	}
	_, err = l.Open(ctx, &origin.ReadRequest{Collection: "media", Record: string(secret.ID), Name: string(secret.File)})
	kind(t, "a private file", err, origin.NotFound)
	less := fields[:3]
	_, err = l.UpdateCollection(ctx, origin.System(), "media", origin.CollectionInput{Fields: &less})
	kind(t, "fewer fields", err, origin.Invalid)
	open := new(string)
	_, err = l.UpdateCollection(ctx, origin.System(), "media", origin.CollectionInput{ListRule: &open})
	kind(t, "another rule", err, origin.Invalid)
	kind(t, "no library", l.DeleteCollection(ctx, origin.System(), "media"), origin.Invalid)
}
