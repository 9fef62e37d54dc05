package origin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/auth"
)

// Session is what a successful sign-in gives.
type Session struct {
	Token string
	View  *View // the record that signed in, its own e-mail shown
}

// maxCredential bounds an identity and a password, in characters.
const maxCredential = 255

// AuthWithPassword signs a record in. identityField names the field that identity is looked for in; empty, it is looked
// for as an e-mail address and then in the collection's other identity fields. Outcomes beside success:
//  1. there is no such collection, or it holds no accounts: NotFound;
//  2. the collection has no sign-in by password, or the record does not meet its auth rule: Forbidden;
//  3. a parameter is blank or too long: Invalid with Fields;
//  4. identity or password are wrong: Invalid without Fields, after the same work for either;
//  5. too many passwords are being checked: Busy or Timeout.
func (o *Origin) AuthWithPassword(ctx context.Context, who Caller, name, identity, password, identityField string) (s Session, err error) {
	err = o.afresh(ctx, func() error {
		s, err = o.authWithPassword(ctx, who, name, identity, password, identityField)
		return err
	})
	return s, err
}

func (o *Origin) authWithPassword(ctx context.Context, who Caller, name, identity, password, identityField string) (Session, error) {
	const op = "auth.password"
	c, err := o.collection(op, name)
	switch {
	case err != nil:
		return Session{}, err
	case c.Auth == nil:
		return Session{}, &Error{Op: op, Kind: NotFound, Message: "Missing or invalid auth collection context."}
	case !c.Auth.PasswordAuth:
		return Session{}, &Error{Op: op, Kind: Forbidden, Private: true,
			Message: "The collection is not configured to allow password authentication."}
	}
	if complaints := signInComplaints(c.Auth, identity, password, identityField); len(complaints) > 0 {
		return Session{}, &Error{Op: op, Kind: Invalid, Fields: complaints, Private: true,
			Message: "An error occurred while validating the submitted data."}
	}
	record, err := o.findIdentity(ctx, c, identity, identityField)
	if err != nil {
		return Session{}, failed(op, err)
	}
	hash := ""
	if record != nil {
		hash = record.Text(ColPassword)
	}
	ok, err := o.checkPassword(ctx, hash, password)
	switch {
	case err != nil:
		return Session{}, failed(op, err)
	case !ok:
		return Session{}, &Error{Op: op, Kind: Invalid, Message: "Failed to authenticate.", Private: true}
	}
	return o.signIn(ctx, op, who, contextPasswordAuth, c, record)
}

func signInComplaints(options *AuthOptions, identity, password, identityField string) Complaints {
	complaints := Complaints{}
	for _, p := range [...]struct {
		name, value string
		optional    bool
	}{{"identity", identity, false}, {"password", password, false}, {"identityField", identityField, true}} {
		switch {
		case p.value == "" && !p.optional:
			complaints.add(p.name, blank())
		case utf8.RuneCountInString(p.value) > maxCredential:
			complaints.add(p.name, lengthOutOfRange(1, maxCredential))
		}
	}
	if identityField != "" && !slices.Contains(options.IdentityFields, identityField) {
		complaints.add("identityField", notInList())
	}
	return complaints
}

// findIdentity returns the record that an identity names, or nil. E-mail addresses come first, so that nobody can take
// another's address for a user name.
func (o *Origin) findIdentity(ctx context.Context, c *collection, identity, identityField string) (*Record, error) {
	fields := []string{identityField}
	if identityField == "" {
		fields = slices.Clone(c.Auth.IdentityFields)
		slices.SortStableFunc(fields, func(a, b string) int {
			switch {
			case a == ColEmail && b != ColEmail:
				return -1
			case b == ColEmail && a != ColEmail:
				return 1
			}
			return 0
		})
	}
	identity = storable(identity)
	for _, name := range fields {
		if !uniqueAlone(c.Collection, name) {
			continue
		}
		r, err := o.catalog.RecordBy(ctx, c.Collection, name, identity)
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return nil, nil
}

// uniqueAlone tells whether no two records can have the same value in a field.
func uniqueAlone(c *Collection, field string) bool {
	return slices.ContainsFunc(c.Indexes, func(x Index) bool {
		return x.Unique && len(x.Columns) == 1 && x.Columns[0].Name == field
	})
}

// signIn gives a record its token, if the collection's auth rule lets it.
func (o *Origin) signIn(ctx context.Context, op string, who Caller, context string, c *collection, r *Record) (Session, error) {
	j, err := o.judge(ctx, who, context, c.signIn)
	switch {
	case err != nil:
		return Session{}, failed(op, err)
	case !j.admits(c.signIn, r):
		return Session{}, &Error{Op: op, Kind: Forbidden, Private: true,
			Message: "The request doesn't satisfy the collection requirements to authenticate."}
	}
	claims := auth.Claims{
		CollectionID: string(c.ID), RecordID: string(r.ID), Type: auth.TypeAuth, Refreshable: true,
		Expires: o.now().Add(c.Auth.AuthToken.Duration),
	}
	token, err := auth.Sign(claims, auth.SigningKey(r.Text(ColTokenKey), c.Auth.AuthToken.Secret))
	if err != nil {
		return Session{}, &Error{Op: op, Kind: Internal, Message: "Failed to create auth token.", Err: err}
	}
	own := Caller{Principal: auth.Principal{
		CollectionID: string(c.ID), CollectionName: c.Name, RecordID: string(r.ID), Type: auth.TypeAuth, Superuser: c.IsSuperusers(),
	}}
	return Session{Token: token, View: view(own, c.Collection, r)}, nil
}

// AuthRefresh gives a new token to the caller, who must be a record of the collection. Outcomes beside success:
//  1. there is no such collection: NotFound;
//  2. a guest: Unauthenticated;
//  3. a record of another collection, a token that was given out for one use, or an unmet auth rule: Forbidden.
func (o *Origin) AuthRefresh(ctx context.Context, who Caller, name string) (Session, error) {
	const op = "auth.refresh"
	c, err := o.collection(op, name)
	if err != nil {
		return Session{}, err
	}
	p := who.Principal
	switch {
	case p.IsGuest():
		return Session{}, &Error{Op: op, Kind: Unauthenticated, Message: tokenRequired, Private: true}
	case p.CollectionID != string(c.ID) || c.Auth == nil:
		return Session{}, &Error{Op: op, Kind: Forbidden, Private: true,
			Message: fmt.Sprintf("The request requires auth record from %s collection.", p.CollectionName)}
	case !p.Refreshable:
		return Session{}, &Error{Op: op, Kind: Forbidden, Private: true, Message: "The current auth token is not refreshable."}
	}
	a, err := o.account(ctx, p.CollectionID, p.RecordID)
	if errors.Is(err, ErrNotFound) {
		return Session{}, &Error{Op: op, Kind: Unauthenticated, Message: tokenRequired, Private: true}
	}
	if err != nil {
		return Session{}, failed(op, err)
	}
	return o.signIn(ctx, op, who, contextDefault, a.collection, a.record)
}

// FileToken gives the caller a short-lived token for protected files. A guest is Unauthenticated.
func (o *Origin) FileToken(ctx context.Context, who Caller) (string, error) {
	const op = "file.token"
	p := who.Principal
	if p.IsGuest() {
		return "", &Error{Op: op, Kind: Unauthenticated, Message: tokenRequired, Private: true}
	}
	a, err := o.account(ctx, p.CollectionID, p.RecordID)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", &Error{Op: op, Kind: Unauthenticated, Message: tokenRequired, Private: true}
	case err != nil:
		return "", failed(op, err)
	}
	token, err := auth.Sign(auth.Claims{
		CollectionID: p.CollectionID, RecordID: p.RecordID, Type: auth.TypeFile,
		Expires: o.now().Add(a.collection.Auth.FileToken.Duration),
	}, a.fileKey.Bytes)
	if err != nil {
		return "", &Error{Op: op, Kind: Internal, Err: err}
	}
	return token, nil
}

// UpsertSuperuser makes the superuser of that e-mail address, or sets the password of the one that there is, whose tokens
// all die by that. An address or a password that will not do is Invalid with Fields.
func (o *Origin) UpsertSuperuser(ctx context.Context, email, password string) (created bool, err error) {
	const op = "superuser.upsert"
	c, err := o.collection(op, SuperusersName)
	if err != nil {
		return false, err
	}
	values := map[string]any{ColEmail: email, ColPassword: password, "passwordConfirm": password}
	existing, err := o.catalog.RecordBy(ctx, c.Collection, ColEmail, storable(email))
	switch {
	case errors.Is(err, ErrNotFound):
		_, err = o.CreateRecord(ctx, System(), string(c.ID), RecordInput{Values: values})
		return err == nil, err
	case err != nil:
		return false, failed(op, err)
	}
	delete(values, ColEmail) // as it is written now: another case is no change
	_, err = o.UpdateRecord(ctx, System(), string(c.ID), string(existing.ID), RecordInput{Values: values})
	return false, err
}
