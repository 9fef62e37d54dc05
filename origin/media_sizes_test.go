package origin_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// sized asks for a thumb of a file of the library and tells whether it is one.
func (l *library) sized(m *origin.Media, who origin.Caller, spec string) bool {
	l.t.Helper()
	c, err := l.OpenMedia(context.Background(), &origin.MediaRead{Ref: origin.ByID(m.ID), Who: who, Thumb: spec})
	if err != nil {
		l.t.Fatal(err)
	}
	if c.Variant == "" && !who.Principal.Superuser && who.Principal.Key == "" && c.Policy != origin.PolicyBrief {
		l.t.Errorf("%s: the original in place of a thumb has the policy %v", spec, c.Policy)
	}
	return c.Variant != ""
}

func TestGuestsGetThirtyTwoSizesOfAFile(t *testing.T) {
	dir := t.TempDir()
	l := openLibrary(t, dir)
	m, other := l.media("a.jpg", origin.MediaDraft{}), l.media("b.jpg", origin.MediaDraft{})
	for n := 1; n <= 40; n++ {
		if got := l.sized(m, guest, fmt.Sprintf("%dx0", n)); got != (n <= 32) {
			t.Errorf("size %d: %t", n, got)
		}
	}
	for spec, want := range map[string]bool{
		"1x0": true, "32x0": true, "033x0": false, "0032x0": true, "0032x0f": true, "rubbish": false, "0x0": false, "-1x5": false,
		"100x100": true, // which every file has
	} {
		if got := l.sized(m, guest, spec); got != want {
			t.Errorf("%s: %t", spec, got)
		}
	}
	if !l.sized(other, guest, "77x0") {
		t.Error("another file has no sizes left")
	}
	if !l.sized(m, reader, "200x0") || !l.sized(m, guest, "200x0") {
		t.Error("what somebody with a key had made is not there for all")
	}
	if c, err := l.Open(context.Background(), &origin.ReadRequest{Collection: "media", Record: string(m.ID), Name: string(m.File), Thumb: "41x0"}); err != nil || c.Variant != "" || c.Policy != origin.PolicyBrief {
		t.Errorf("the native route: %+v, %v", c, err)
	}
	l.close()

	l = openLibrary(t, dir)
	if l.sized(m, guest, "50x0") || !l.sized(m, guest, "7x0") {
		t.Error("a restart is a new allowance, or ends the old one")
	}
}

func TestGuestsWhoComeAtOnceGetNoMore(t *testing.T) {
	l := newLibrary(t)
	m := l.media("a.jpg", origin.MediaDraft{})
	var group sync.WaitGroup
	for n := range 100 {
		group.Go(func() {
			if _, err := l.OpenMedia(context.Background(), &origin.MediaRead{Ref: origin.ByID(m.ID), Thumb: fmt.Sprintf("%dx0", n+1)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(l.stored("renditions/")); n != 32 {
		t.Errorf("%d sizes are stored", n)
	}
}

func TestTheOperatorMayListTheSizesInstead(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	m := l.media("a.jpg", origin.MediaDraft{})
	c, err := l.ViewCollection(ctx, origin.System(), "media")
	if err != nil {
		t.Fatal(err)
	}
	fields := append([]origin.Field(nil), c.Fields...)
	for i := range fields {
		if fields[i].Type == origin.FileField {
			fields[i].Thumbs = []string{"320x0", "640x0"}
		}
	}
	if _, err := l.UpdateCollection(ctx, origin.System(), "media", origin.CollectionInput{Fields: &fields}); err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]bool{"320x0": true, "640x0": true, "100x100": true, "33x0": false} {
		if got := l.sized(m, guest, spec); got != want {
			t.Errorf("%s: %t", spec, got)
		}
	}
	if !l.sized(m, reader, "33x0") {
		t.Error("a key gets listed sizes only")
	}
	if l.sized(m, guest, "33x0") {
		t.Error("a guest gets what a key was given")
	}
}
