package origin

import "context"

// Session is what a successful sign-in gives.
type Session struct {
	Token string
	View  *View // the record that signed in, its own e-mail shown
}

// AuthWithPassword signs a record in. identityField may be empty: every identity field of the collection is tried.
func (o *Origin) AuthWithPassword(ctx context.Context, who Caller, collection, identity, password, identityField string) (Session, error) {
	return Session{}, &Error{Op: "auth.password", Kind: Internal}
}

// AuthRefresh gives a new token to the caller, who must be a record of the collection.
func (o *Origin) AuthRefresh(ctx context.Context, who Caller, collection string) (Session, error) {
	return Session{}, &Error{Op: "auth.refresh", Kind: Internal}
}

// FileToken gives the caller a short-lived token for protected files.
func (o *Origin) FileToken(ctx context.Context, who Caller) (string, error) {
	return "", &Error{Op: "file.token", Kind: Internal}
}

// UpsertSuperuser makes the superuser of that e-mail address, or sets the password of the one that there is.
func (o *Origin) UpsertSuperuser(ctx context.Context, email, password string) (created bool, err error) {
	return false, &Error{Op: "superuser.upsert", Kind: Internal}
}
