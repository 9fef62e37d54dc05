package origin_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// tellingCatalog says what a test has it say.
type tellingCatalog struct {
	origin.Catalog
	say chan func(changed func(origin.Change), fresh func(time.Time)) error // an error ends the watch
}

func (c tellingCatalog) Watch(ctx context.Context, changed func(origin.Change), fresh func(time.Time)) error {
	for {
		select {
		case say := <-c.say:
			if err := say(changed, fresh); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listener is a core with a clock of its own that hears what a test says.
type listener struct {
	*origin.Origin
	t     *testing.T
	say   chan func(func(origin.Change), func(time.Time)) error
	clock *atomic.Int64 // nanoseconds since the core was made
	epoch time.Time
}

func (l *library) listener() *listener {
	l.t.Helper()
	h := &listener{t: l.t, say: make(chan func(func(origin.Change), func(time.Time)) error), clock: &atomic.Int64{}, epoch: time.Now()}
	var err error
	h.Origin, err = origin.New(context.Background(), origin.DefaultConfig(), origin.Parts{
		Catalog: tellingCatalog{l.catalog, h.say}, Blobs: l.blobs, Renderer: l.renderer,
		Now: func() time.Time { return h.epoch.Add(time.Duration(h.clock.Load())) },
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			l.t.Error(err)
		}
	})
	return h
}

// told has the catalog report changes, and then that they are fresh until a moment on the core's clock.
func (h *listener) told(until time.Duration, changes ...origin.Change) {
	h.t.Helper()
	done := make(chan struct{})
	h.say <- func(changed func(origin.Change), fresh func(time.Time)) error {
		for _, c := range changes {
			changed(c)
		}
		fresh(h.epoch.Add(until))
		close(done)
		return nil
	}
	<-done
}

func TestWhoHasLostTheLeaseRefusesWhatARuleDecides(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	anna := "@request.auth.id != ''"
	l.photos(func(in *origin.CollectionInput, f *origin.Field) {
		rule := &anna
		in.ViewRule, in.ListRule, f.Protected = &rule, &rule, true
	})
	secret := l.put("a.jpg", smallJPEG(t, 20, 20))
	users, id := l.user("anna@example.org")
	token, err := l.FileToken(ctx, asUser(users, id))
	if err != nil {
		t.Fatal(err)
	}
	secret.FileToken = token
	public := l.media("b.jpg", origin.MediaDraft{Visibility: origin.Public})
	private := l.media("c.jpg", origin.MediaDraft{Visibility: origin.Private})
	h := l.listener()
	media := func(m *origin.Media, who origin.Caller) (origin.Content, error) {
		return h.OpenMedia(ctx, &origin.MediaRead{Ref: origin.ByID(m.ID), Who: who})
	}
	want := func(when string, deaf bool) {
		t.Helper()
		refused := func(what string, err error) {
			t.Helper()
			if kind := origin.KindOf(err); deaf != (err != nil) || deaf && kind != origin.Timeout {
				t.Errorf("%s: %s: %v", when, what, err)
			}
		}
		_, err := h.Open(ctx, &secret)
		refused("a protected file", err)
		_, err = h.ViewRecord(ctx, asUser(users, id), "photos", secret.Record, origin.ReadOptions{})
		refused("a record under a rule", err)
		_, err = h.ListRecords(ctx, asUser(users, id), "photos", origin.ListQuery{})
		refused("a list under a rule", err)
		_, err = media(private, reader)
		refused("a private file of the library", err)
		if _, err := media(public, guest); err != nil {
			t.Errorf("%s: a public file of the library: %v", when, err)
		}
		c, err := h.Open(ctx, &origin.ReadRequest{Collection: "media", Record: string(public.ID), Name: string(public.File)})
		if brief := c.Policy == origin.PolicyBrief; err != nil || brief != deaf {
			t.Errorf("%s: a public file has the policy %d, %v", when, c.Policy, err)
		}
		if _, err := h.ListRecords(ctx, origin.System(), "photos", origin.ListQuery{}); err != nil {
			t.Errorf("%s: the program's own list: %v", when, err)
		}
		if h.Stats().Deaf != deaf {
			t.Errorf("%s: deaf is %v, want %v", when, h.Stats().Deaf, deaf)
		}
	}
	at := func(d time.Duration) { h.clock.Store(int64(d)) }

	want("at first", false)
	at(1100 * time.Millisecond)
	want("when the catalog has said nothing for a second", true)
	h.told(2*time.Second, origin.Change{All: true})
	want("after the catalog's first word", false)
	at(2 * time.Second)
	want("as long as that holds", false)
	at(2*time.Second + time.Millisecond)
	want("no longer, though the catalog says nothing of a failure", true)
	h.told(3 * time.Second)
	want("when nothing was missed", false)
	h.told(0)
	want("when the catalog's answer came late", true)
	h.say <- func(_ func(origin.Change), fresh func(time.Time)) error {
		fresh(h.epoch.Add(time.Hour))
		return errors.New("the connection is lost")
	}
	h.told(time.Hour, origin.Change{All: true}) // its successor
	want("when it is watched again", false)
}

func TestWhoseWatchFailsHasLostTheLease(t *testing.T) {
	l := newLibrary(t)
	h := l.listener()
	h.told(time.Hour, origin.Change{All: true})
	h.say <- func(func(origin.Change), func(time.Time)) error { return errors.New("the connection is lost") }
	for deadline := time.Now().Add(20 * time.Second); !h.Stats().Deaf; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it goes on as if it heard")
		}
	}
}
