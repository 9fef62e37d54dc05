package origin_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// caller holds an API key with scopes.
func caller(s auth.Scope) origin.Caller {
	return origin.Caller{Principal: auth.Principal{Key: "k", Scopes: s}}
}

var (
	guest  = origin.Caller{}
	reader = caller(auth.FilesRead)
	writer = caller(auth.FilesWrite)
	both   = caller(auth.FilesRead | auth.FilesWrite)
)

// media puts a picture into the library.
func (l *library) media(name string, d origin.MediaDraft) *origin.Media {
	l.t.Helper()
	m, err := l.PutMedia(context.Background(), both, l.stage(name, smallJPEG(l.t, 80, 60)), d)
	if err != nil {
		l.t.Fatal(err)
	}
	return m
}

func TestAFileOfTheLibraryIsThereUnderAllItsNames(t *testing.T) {
	l := newLibrary(t)
	m := l.media("Hero Shot.jpg", origin.MediaDraft{Folder: "/a/b/", Visibility: origin.Public, Alt: "a hero"})
	if m.OriginalName != "Hero Shot.jpg" || m.Folder != "a/b" || m.Slug != "Hero Shot.jpg" || m.MIME != "image/jpeg" ||
		m.Width != 80 || m.Height != 60 || !origin.IsUUID(m.UUID) || !origin.IsUUID(m.Secret) || m.Alt != "a hero" || m.Created.IsZero() {
		t.Fatalf("%+v", m)
	}
	for _, ref := range []origin.MediaRef{
		origin.ByID(m.ID), origin.ByUUID(m.UUID), origin.BySecret(m.Secret), origin.ByPath("a/b/Hero Shot.jpg"),
	} {
		got, err := l.Media(context.Background(), guest, ref)
		if err != nil || got.ID != m.ID {
			t.Fatalf("%v: %+v, %v", ref, got, err)
		}
		c, err := l.OpenMedia(context.Background(), &origin.MediaRead{Ref: ref, Thumb: "17x0"})
		if err != nil || c.Variant != "17x0" || c.Policy != origin.PolicyRevalidate {
			t.Fatalf("%v: %+v, %v", ref, c, err)
		}
	}
	c, err := l.Open(context.Background(), &origin.ReadRequest{Collection: "media", Record: string(m.ID), Name: string(m.File)})
	if err != nil || c.Policy != origin.PolicyImmutable || c.Size != m.Size {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestTwoFilesOfOneNameAreNumbered(t *testing.T) {
	l := newLibrary(t)
	for _, want := range []string{"cover.jpg", "cover-2.jpg", "cover-3.jpg", "cover-4.jpg"} {
		if m := l.media("cover.jpg", origin.MediaDraft{Folder: "x"}); m.Slug != want {
			t.Fatalf("%q, want %q", m.Slug, want)
		}
	}
	if m := l.media("cover.jpg", origin.MediaDraft{}); m.Slug != "cover.jpg" {
		t.Fatalf("in another folder: %q", m.Slug)
	}
}

func TestASlotBecomesAFile(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	data := smallJPEG(t, 40, 30)
	slot, err := l.CreateSlot(ctx, writer, origin.SlotDraft{Name: "hero.jpg", ContentType: "image/jpeg", Size: int64(len(data)), Folder: "a", Metadata: map[string]any{"alt": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.ConfirmSlot(ctx, writer, slot.ID, origin.Public)
	refused(t, "a slot without bytes", err, origin.Conflict, "The bytes of the upload have not come yet.")
	if err := l.FillSlot(ctx, slot.ID, "image/jpeg", int64(len(data)), bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	m, err := l.ConfirmSlot(ctx, writer, slot.ID, origin.Public)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.ConfirmSlot(ctx, writer, slot.ID, origin.Public)
	if err != nil || again.ID != m.ID || m.Alt != "x" || m.Width != 40 || m.Path() != "a/hero.jpg" {
		t.Fatalf("%+v, %+v, %v", m, again, err)
	}
	if c, err := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByUUID(m.UUID)}); err != nil || c.Size != int64(len(data)) {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestAKeySpeaksUntilItIsRevoked(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	text, err := l.CreateKey(ctx, origin.System(), "site", auth.FilesRead, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.VerifyKey(ctx, text)
	if err != nil || !p.May(auth.FilesRead) || p.May(auth.FilesWrite) || p.Superuser {
		t.Fatalf("%+v, %v", p, err)
	}
	if err := l.RevokeKey(ctx, origin.System(), "site"); err != nil {
		t.Fatal(err)
	}
	_, err = l.VerifyKey(ctx, text)
	refused(t, "a revoked key", err, origin.Unauthenticated, "A valid API key is required.")
}

func TestAPathThatIsNoTextNamesNothing(t *testing.T) {
	l := newLibrary(t)
	m := l.media("a.jpg", origin.MediaDraft{Visibility: origin.Public})
	ctx := context.Background()
	for _, path := range []string{"\xff\xfe.jpg", "a\xff/b.jpg", "\u009b31m.jpg"} {
		if _, err := l.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByPath(path)}); origin.KindOf(err) != origin.NotFound {
			t.Errorf("open %q: %v", path, err)
		}
		if _, err := l.Media(ctx, both, origin.ByPath(path)); origin.KindOf(err) != origin.NotFound {
			t.Errorf("view %q: %v", path, err)
		}
		if err := l.DeleteMedia(ctx, both, origin.ByPath(path)); origin.KindOf(err) != origin.NotFound {
			t.Errorf("delete %q: %v", path, err)
		}
		if _, err := l.MoveMedia(ctx, both, origin.ByID(m.ID), path); origin.KindOf(err) != origin.Invalid {
			t.Errorf("move to %q: %v", path, err)
		}
		if _, err := l.ListMedia(ctx, both, path, 0, 0); origin.KindOf(err) != origin.Invalid {
			t.Errorf("list %q: %v", path, err)
		}
	}
}
