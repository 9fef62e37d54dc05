package origin_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// who tells whom a token speaks for.
func (l *library) who(token string) auth.Principal {
	l.t.Helper()
	p, err := l.VerifyAuth(context.Background(), token)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func (l *library) signIn(collection, identity, password string) origin.Session {
	l.t.Helper()
	s, err := l.AuthWithPassword(context.Background(), origin.Caller{}, collection, identity, password, "")
	if err != nil {
		l.t.Fatalf("%s: %v: %s", identity, err, complaints(err))
	}
	return s
}

// renewed gives an account a token without its password.
func (l *library) renewed(who origin.Caller) origin.Session {
	l.t.Helper()
	s, err := l.AuthRefresh(context.Background(), who, who.Principal.CollectionID)
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func TestSigningIn(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	users, id := l.user("Anna@example.org")
	s := l.signIn("users", "anna@EXAMPLE.org", "12345678")
	p := l.who("Bearer " + s.Token)
	if p != (auth.Principal{CollectionID: string(users.ID), CollectionName: "users", RecordID: string(id), Type: auth.TypeAuth, Refreshable: true}) {
		t.Errorf("the token speaks for %+v", p)
	}
	if s.View.Record.ID != id || !strings.Contains(strings.Join(shownFields(s.View), " "), "email ") {
		t.Errorf("the answer shows %v", shownFields(s.View))
	}
	if p := l.who(s.Token + "x"); !p.IsGuest() {
		t.Errorf("a broken token speaks for %+v", p)
	}

	l.collection("things")
	const checking = "An error occurred while validating the submitted data."
	long := strings.Repeat("ü", 256)
	for _, c := range []struct {
		name, collection, identity, password, field string
		kind                                        origin.Kind
		message, data                               string
	}{
		{"a wrong password", "users", "anna@example.org", "12345679", "", origin.Invalid, "Failed to authenticate.", "{}"},
		{"an unknown address", "users", "bert@example.org", "12345678", "", origin.Invalid, "Failed to authenticate.", "{}"},
		{"no address in the field of addresses", "users", "anna", "12345678", "email", origin.Invalid, "Failed to authenticate.", "{}"},
		{"nothing at all", "users", "", "", "", origin.Invalid, checking,
			`{"identity":{"code":"validation_required","message":"Cannot be blank."},"password":{"code":"validation_required","message":"Cannot be blank."}}`},
		{"too much", "users", long, "x", "", origin.Invalid, checking,
			`{"identity":{"code":"validation_length_out_of_range","message":"The length must be between 1 and 255.","params":{"max":255,"min":1}}}`},
		{"a field that names nobody", "users", "anna", "x", "name", origin.Invalid, checking,
			`{"identityField":{"code":"validation_in_invalid","message":"Must be a valid value."}}`},
		{"a collection without accounts", "things", "a", "b", "", origin.NotFound, "Missing or invalid auth collection context.", "{}"},
		{"no collection", "nosuch", "a", "b", "", origin.NotFound, "Missing or invalid collection context.", "{}"},
	} {
		_, err := l.AuthWithPassword(ctx, origin.Caller{}, c.collection, c.identity, c.password, c.field)
		refused(t, c.name, err, c.kind, c.message)
		if got := complaints(err); got != c.data {
			t.Errorf("%s: %s\nmust be %s", c.name, got, c.data)
		}
	}

	verified, off := "verified = true", false
	rule := &verified
	if _, err := l.UpdateCollection(ctx, origin.System(), "users", origin.CollectionInput{Auth: origin.AuthInput{AuthRule: &rule}}); err != nil {
		t.Fatal(err)
	}
	if p := l.who(s.Token); !p.IsGuest() {
		t.Error("a token outlives a change of the auth rule")
	}
	_, err := l.AuthWithPassword(ctx, origin.Caller{}, "users", "anna@example.org", "12345678", "")
	refused(t, "an unmet auth rule", err, origin.Forbidden, "The request doesn't satisfy the collection requirements to authenticate.")
	if _, err := l.UpdateRecord(ctx, origin.System(), "users", string(id), origin.RecordInput{Values: map[string]any{"verified": true}}); err != nil {
		t.Fatal(err)
	}
	l.signIn("users", "anna@example.org", "12345678")
	if _, err := l.UpdateCollection(ctx, origin.System(), "users", origin.CollectionInput{Auth: origin.AuthInput{PasswordAuth: &off}}); err != nil {
		t.Fatal(err)
	}
	_, err = l.AuthWithPassword(ctx, origin.Caller{}, "users", "anna@example.org", "12345678", "")
	refused(t, "sign-in that is off", err, origin.Forbidden, "The collection is not configured to allow password authentication.")
}

func TestAnotherFieldMayNameAnAccount(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	c, err := l.ViewCollection(ctx, origin.System(), "users")
	if err != nil {
		t.Fatal(err)
	}
	fields := append(c.Fields[:len(c.Fields):len(c.Fields)], origin.Field{Name: "nick", Type: origin.TextField})
	in := origin.CollectionInput{Fields: &fields, Auth: origin.AuthInput{IdentityFields: &[]string{"nick", "email"}}}
	_, err = l.UpdateCollection(ctx, origin.System(), "users", in)
	if got, want := complaints(err), `{"passwordAuth":{"identityFields":{"code":"validation_missing_unique_constraint","message":"The field nick doesn't have a UNIQUE constraint.","params":{"fieldName":"nick"}}}}`; got != want {
		t.Errorf("%s\nmust be %s", got, want)
	}
	in.Indexes = &[]string{"create unique index idx_nick on users (nick) where nick != ''"}
	if _, err := l.UpdateCollection(ctx, origin.System(), "users", in); err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	_, anna := l.user("anna@example.org", func(v map[string]any) { v["nick"] = "anna" })
	// Somebody calls himself by another's address: the address is its owner's.
	l.user("thief@example.org", func(v map[string]any) {
		v["nick"] = "anna@example.org"
		v["password"], v["passwordConfirm"] = "87654321", "87654321"
	})
	if s := l.signIn("users", "anna", "12345678"); s.View.Record.ID != anna {
		t.Error("a nickname signs another in")
	}
	if s := l.signIn("users", "anna@example.org", "12345678"); s.View.Record.ID != anna {
		t.Error("an address signs another in")
	}
	_, err = l.AuthWithPassword(ctx, origin.Caller{}, "users", "anna@example.org", "87654321", "")
	refused(t, "the thief", err, origin.Invalid, "Failed to authenticate.")
}

func TestTokensDieWithThePasswordAndTheAddress(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	users, id := l.user("anna@example.org")
	fileToken := func(s origin.Session) string {
		t.Helper()
		token, err := l.FileToken(ctx, origin.Caller{Principal: l.who(s.Token)})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	protected := "@request.auth.id != ''"
	l.photos(func(in *origin.CollectionInput, f *origin.Field) {
		f.Protected = true
		p := &protected
		in.ViewRule = &p
	})
	picture := l.put("a.jpg", smallJPEG(t, 20, 20))
	opens := func(token string) bool {
		t.Helper()
		r := picture
		r.FileToken = token
		_, err := l.Open(ctx, &r)
		if err != nil {
			refused(t, "a protected file", err, origin.NotFound, "")
		}
		return err == nil
	}
	for _, change := range []struct {
		name   string
		who    origin.Caller
		values map[string]any
		dies   bool
	}{
		{"another name", asUser(users, id), map[string]any{"name": "Anna"}, false},
		{"a new password", asUser(users, id), map[string]any{"oldPassword": "12345678", "password": "12345678", "passwordConfirm": "12345678"}, true},
		{"the same password once more, from a superuser", origin.System(), map[string]any{"password": "12345678", "passwordConfirm": "12345678"}, true},
		{"another address", origin.System(), map[string]any{"email": "anna@example.com"}, true},
		{"the same address", origin.System(), map[string]any{"email": "anna@example.com"}, false},
	} {
		s := l.renewed(asUser(users, id))
		file := fileToken(s)
		if l.who(s.Token).IsGuest() || !opens(file) {
			t.Fatalf("%s: the tokens do not work to begin with", change.name)
		}
		if _, err := l.UpdateRecord(ctx, change.who, "users", string(id), origin.RecordInput{Values: change.values}); err != nil {
			t.Fatalf("%s: %v: %s", change.name, err, complaints(err))
		}
		if dead := l.who(s.Token).IsGuest(); dead != change.dies {
			t.Errorf("%s: the auth token is dead: %v", change.name, dead)
		}
		if dead := !opens(file); dead != change.dies {
			t.Errorf("%s: the file token is dead: %v", change.name, dead)
		}
	}
	s := l.signIn("users", "anna@example.com", "12345678")
	if err := l.DeleteRecord(ctx, origin.System(), "users", string(id)); err != nil {
		t.Fatal(err)
	}
	if !l.who(s.Token).IsGuest() {
		t.Error("a token outlives its account")
	}
}

func TestWhatAccountsMayChangeOfThemselves(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	users, id := l.user("anna@example.org")
	own := asUser(users, id)
	const (
		blank    = `{"code":"validation_required","message":"Cannot be blank."}`
		mismatch = `{"code":"validation_values_mismatch","message":"Values don't match."}`
		oldWrong = `{"code":"validation_invalid_old_password","message":"Missing or invalid old password."}`
	)
	for _, c := range []struct {
		name   string
		values map[string]any
		want   string
	}{
		{"its address", map[string]any{"email": "other@example.org"}, `{"email":` + mismatch + `}`},
		{"whether it is verified", map[string]any{"verified": true}, `{"verified":` + mismatch + `}`},
		{"its password without the old one", map[string]any{"password": "87654321", "passwordConfirm": "87654321"}, `{"oldPassword":` + blank + `}`},
		{"its password with a wrong old one", map[string]any{"password": "87654321", "passwordConfirm": "87654321", "oldPassword": "x"}, `{"oldPassword":` + oldWrong + `}`},
		{"its password unconfirmed", map[string]any{"password": "87654321", "oldPassword": "12345678"}, `{"passwordConfirm":` + blank + `}`},
		{"its password with another one confirmed", map[string]any{"password": "87654321", "passwordConfirm": "8765432", "oldPassword": "12345678"}, `{"passwordConfirm":` + mismatch + `}`},
		{"its password to nothing", map[string]any{"oldPassword": "12345678"}, `{"password":` + blank + `,"passwordConfirm":` + blank + `}`},
		{"its password to a short one", map[string]any{"password": "1", "passwordConfirm": "1", "oldPassword": "12345678"},
			`{"password":{"code":"validation_min_text_constraint","message":"Must be at least 8 character(s)."}}`},
	} {
		_, err := l.UpdateRecord(ctx, own, "users", string(id), origin.RecordInput{Values: c.values})
		refused(t, c.name, err, origin.Invalid, "Failed to update record.")
		if got := complaints(err); got != c.want {
			t.Errorf("%s: %s\nmust be %s", c.name, got, c.want)
		}
	}
	l.signIn("users", "anna@example.org", "12345678")

	guest := origin.Caller{}
	_, err := l.CreateRecord(ctx, guest, "users", origin.RecordInput{Values: map[string]any{"email": "b@example.org"}})
	if got, want := complaints(err), `{"password":`+blank+`,"passwordConfirm":`+blank+`}`; got != want {
		t.Errorf("%s\nmust be %s", got, want)
	}
	values := map[string]any{"email": "bert@example.org", "password": "12345678", "passwordConfirm": "12345678", "emailVisibility": true}
	v, err := l.CreateRecord(ctx, guest, "users", origin.RecordInput{Values: values})
	if err != nil {
		t.Fatalf("%v: %s", err, complaints(err))
	}
	if v.Record.Values["verified"] != false || len(v.Record.Text("tokenKey")) != 50 || !strings.HasPrefix(v.Record.Text("password"), "$2a$10$") {
		t.Errorf("a guest's account: %v", v.Record.Values)
	}
	for _, taken := range []string{"anna@example.org", "ANNA@example.org"} {
		values["email"] = taken
		_, err = l.CreateRecord(ctx, guest, "users", origin.RecordInput{Values: values})
		if got, want := complaints(err), `{"email":{"code":"validation_not_unique","message":"Value must be unique."}}`; got != want {
			t.Errorf("%s: %s\nmust be %s", taken, got, want)
		}
	}
	if _, err := l.UpdateRecord(ctx, origin.System(), "users", string(id), origin.RecordInput{Values: map[string]any{"email": "Anna@example.org"}}); err != nil {
		t.Errorf("one's own address in another case: %s", complaints(err))
	}
	values["email"], values["verified"] = "c@example.org", true
	_, err = l.CreateRecord(ctx, guest, "users", origin.RecordInput{Values: values})
	if got, want := complaints(err), `{"verified":`+mismatch+`}`; got != want {
		t.Errorf("%s\nmust be %s", got, want)
	}
	delete(values, "verified")
	values["id"] = string(id)
	name, kind := "clients", "auth"
	in := origin.CollectionInput{Name: &name, Type: &kind}
	rules(&in, "")
	if _, err := l.CreateCollection(ctx, origin.System(), in); err != nil {
		t.Fatal(err)
	}
	_, err = l.CreateRecord(ctx, guest, "clients", origin.RecordInput{Values: values})
	if got, want := complaints(err), `{"id":{"code":"validation_invalid_auth_id","message":"Invalid or duplicated auth record id."}}`; got != want {
		t.Errorf("somebody takes another's id: %s\nmust be %s", got, want)
	}
}

func TestACreateRuleDoesNotBelieveThatACallerIsVerified(t *testing.T) {
	l := newLibrary(t)
	rule := "verified = true"
	p := &rule
	if _, err := l.UpdateCollection(context.Background(), origin.System(), "users", origin.CollectionInput{CreateRule: &p}); err != nil {
		t.Fatal(err)
	}
	_, err := l.CreateRecord(context.Background(), origin.Caller{}, "users", origin.RecordInput{Values: map[string]any{
		"email": "a@example.org", "password": "12345678", "passwordConfirm": "12345678", "verified": true}})
	refused(t, "a guest", err, origin.Invalid, "Failed to create record.")
	if got := complaints(err); got != "{}" {
		t.Errorf("%s", got)
	}
}

func TestRefreshingAndFileTokens(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	users, id := l.user("anna@example.org")
	s := l.signIn("users", "anna@example.org", "12345678")
	again, err := l.AuthRefresh(ctx, origin.Caller{Principal: l.who(s.Token)}, "users")
	if err != nil || l.who(again.Token).RecordID != string(id) {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = l.AuthRefresh(ctx, origin.Caller{}, "users")
	refused(t, "a guest refreshes", err, origin.Unauthenticated, "The request requires valid record authorization token.")
	_, err = l.AuthRefresh(ctx, asUser(users, id), "_superusers")
	refused(t, "a user refreshes elsewhere", err, origin.Forbidden, "The request requires auth record from users collection.")
	once := asUser(users, id)
	once.Principal.Refreshable = false
	_, err = l.AuthRefresh(ctx, once, "users")
	refused(t, "a token for one use", err, origin.Forbidden, "The current auth token is not refreshable.")

	_, err = l.FileToken(ctx, origin.Caller{})
	refused(t, "a guest's file token", err, origin.Unauthenticated, "The request requires valid record authorization token.")
	token, err := l.FileToken(ctx, asUser(users, id))
	if err != nil {
		t.Fatal(err)
	}
	if !l.who(token).IsGuest() {
		t.Error("a file token signs in")
	}
	var claims struct{ Exp int64 }
	payload := strings.Split(token, ".")[1]
	if err := decodeBase64JSON(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if life := time.Until(time.Unix(claims.Exp, 0)); life > 180*time.Second || life < 120*time.Second {
		t.Errorf("a file token lives for %v", life)
	}
	l.Settle()
	l.catalog.Close()
	_, err = l.FileToken(ctx, asUser(users, "aaaaaaaaaaaaaaa"))
	refused(t, "a file token without a catalog", err, origin.Unavailable, "")
}

func decodeBase64JSON(s string, to any) error {
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

func TestSuperusersFromTheCommandLine(t *testing.T) {
	l := newLibrary(t)
	ctx := context.Background()
	created, err := l.UpsertSuperuser(ctx, "root@example.org", "first-password")
	if err != nil || !created {
		t.Fatalf("%v, %v: %s", created, err, complaints(err))
	}
	c, err := l.Collection("_superusers")
	if err != nil {
		t.Fatal(err)
	}
	root, err := l.catalog.RecordBy(ctx, c, "email", "root@example.org")
	if err != nil {
		t.Fatal(err)
	}
	s := l.renewed(asUser(c, root.ID))
	if p := l.who(s.Token); !p.Superuser {
		t.Errorf("%+v is no superuser", p)
	}
	if created, err = l.UpsertSuperuser(ctx, "ROOT@example.org", "second-password"); err != nil || created {
		t.Fatalf("%v, %v: %s", created, err, complaints(err))
	}
	if p := l.who(s.Token); !p.IsGuest() {
		t.Error("the old token still works")
	}
	id := l.signIn("_superusers", "root@example.org", "second-password").View.Record.ID
	for _, c := range []struct{ email, password, want string }{
		{"nobody", "long-enough", `{"email":{"code":"validation_is_email","message":"Must be a valid email address."}}`},
		{"a@example.org", "short", `{"password":{"code":"validation_min_text_constraint","message":"Must be at least 8 character(s)."}}`},
		{"", "", `{"password":{"code":"validation_required","message":"Cannot be blank."},"passwordConfirm":{"code":"validation_required","message":"Cannot be blank."}}`},
	} {
		_, err := l.UpsertSuperuser(ctx, c.email, c.password)
		if got := complaints(err); got != c.want {
			t.Errorf("%q, %q: %s\nmust be %s", c.email, c.password, got, c.want)
		}
	}
	refused(t, "the last superuser", l.DeleteRecord(ctx, origin.System(), "_superusers", string(id)), origin.Invalid, "You can't delete the only existing superuser.")
	l.account("_superusers", map[string]any{"email": "b@example.org"})
	if err := l.DeleteRecord(ctx, origin.System(), "_superusers", string(id)); err != nil {
		t.Error(err)
	}
}

func TestPasswordsWaitForTheirTurn(t *testing.T) {
	l := newLibrary(t, func(c *origin.Config) { c.Workers, c.QueueLength, c.QueueWait = 1, 1, 50*time.Millisecond })
	l.photos()
	l.user("anna@example.org")
	l.renderer.wait = make(chan struct{})
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	var busy sync.WaitGroup
	busy.Go(func() { _, _ = l.thumb(r, "50x50") })
	eventually(t, "a render holds the only turn", func() bool { return l.renderer.renders.Load() == 1 })
	_, err := l.AuthWithPassword(context.Background(), origin.Caller{}, "users", "anna@example.org", "12345678", "")
	var e *origin.Error
	if !errors.As(err, &e) || e.Kind != origin.Timeout {
		t.Errorf("a sign-in beside the only render: %v", err)
	}
	close(l.renderer.wait)
	busy.Wait()
	l.signIn("users", "anna@example.org", "12345678")
}

func TestAFloodOfSignInsLeavesRoomForThumbs(t *testing.T) {
	l := newLibrary(t, func(c *origin.Config) { c.Workers, c.QueueLength = 1, 2 })
	l.photos()
	l.user("anna@example.org")
	r := l.put("a.jpg", smallJPEG(t, 200, 100))
	l.renderer.wait = make(chan struct{})
	var all sync.WaitGroup
	thumb := func(spec string) {
		all.Go(func() {
			if _, err := l.thumb(r, spec); err != nil {
				t.Errorf("thumb %s: %v", spec, err)
			}
		})
	}
	thumb("50x50")
	eventually(t, "the renderer is at work", func() bool { return l.renderer.renders.Load() == 1 })
	signIn := func() error {
		_, err := l.AuthWithPassword(context.Background(), origin.Caller{}, "users", "anna@example.org", "12345678", "")
		return err
	}
	const flood = 40 // one goes on to the renderers' queue, 16 wait for it, the rest is refused
	var busy atomic.Int64
	for range flood {
		all.Go(func() {
			if err := signIn(); origin.KindOf(err) == origin.Busy {
				busy.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "the flood waits or is refused", func() bool {
		return l.Stats().Passwords.Queued == 16 && busy.Load() == flood-17 && l.Stats().Gate.Queued == 1
	})
	thumb("0x40")
	eventually(t, "a thumb waits beside the sign-ins", func() bool { return l.Stats().Gate.Queued == 2 })
	close(l.renderer.wait)
	all.Wait()
	if err := signIn(); err != nil {
		t.Errorf("after the flood: %v", err)
	}
}
