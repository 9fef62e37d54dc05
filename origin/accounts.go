package origin

import (
	"context"
	"errors"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/rule"
)

// account is what is remembered of a record that can sign in.
type account struct {
	epoch      uint64
	collection *collection
	record     *Record
	values     map[string]any // what rules see as @request.auth, made once
	authKey    auth.Key
	fileKey    auth.Key
}

// accountCost is what an account weighs in memory beside its strings, in bytes, roughly.
const accountCost = 2048

// account returns the sign-in row of a record, remembered or read. Not-found is ErrNotFound.
func (o *Origin) account(ctx context.Context, collectionID, id string) (*account, error) {
	a, err := o.findAccount(ctx, collectionID, id)
	if errors.Is(err, rule.ErrStale) { // as afresh does it, without a closure: every protected file asks
		o.schemaChanged(ctx)
		a, err = o.findAccount(ctx, collectionID, id)
	}
	return a, err
}

func (o *Origin) findAccount(ctx context.Context, collectionID, id string) (*account, error) {
	key := collectionID + "/" + id
	c := o.schema.Load().byID[CollectionID(collectionID)]
	if c == nil || c.Auth == nil {
		return nil, ErrNotFound
	}
	epoch := o.epochs.of(c.ID, RecordID(id))
	if a, ok := o.accounts.Get(key); ok && a.epoch == epoch && a.collection == c && !o.lease.lost() {
		return a, nil // while deaf, another process may have taken the credential back
	}
	record, err := o.catalog.Record(ctx, c.Collection, RecordID(id))
	if err != nil {
		return nil, err
	}
	a := &account{epoch: epoch, collection: c, record: record, values: accountValues(c, record)}
	tokenKey, superuser := record.Text(ColTokenKey), c.IsSuperusers()
	a.authKey = auth.Key{Bytes: auth.SigningKey(tokenKey, c.Auth.AuthToken.Secret), CollectionName: c.Name, Superuser: superuser}
	a.fileKey = auth.Key{Bytes: auth.SigningKey(tokenKey, c.Auth.FileToken.Secret), CollectionName: c.Name, Superuser: superuser}
	o.accounts.Set(key, a, accountCost)
	return a, nil
}

// accountValues is the record as @request.auth shows it to rules: all but the credentials.
func accountValues(c *collection, r *Record) map[string]any {
	values := make(map[string]any, len(r.Values)+2)
	for name, v := range r.Values {
		if name != ColPassword && name != ColTokenKey {
			values[name] = v
		}
	}
	values[ColID] = string(r.ID)
	values["collectionId"] = string(c.ID)
	values["collectionName"] = c.Name
	return values
}

// tokenKey finds the HMAC key of a token from what the token says of itself (auth.Keys).
func (o *Origin) tokenKey(ctx context.Context, collectionID, id string, t auth.TokenType) (auth.Key, error) {
	a, err := o.account(ctx, collectionID, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return auth.Key{}, auth.ErrUnknown
	case err != nil:
		return auth.Key{}, err
	case t == auth.TypeFile:
		return a.fileKey, nil
	}
	return a.authKey, nil
}

// VerifyAuth tells who an Authorization header speaks for. A missing, broken, expired or foreign credential
// is a guest, as in PocketBase; only a catalog that does not answer is an error.
func (o *Origin) VerifyAuth(ctx context.Context, authorization string) (auth.Principal, error) {
	token := auth.ParseAuthorization(authorization)
	if token == "" {
		return auth.Principal{}, nil
	}
	return o.verify(ctx, token, auth.TypeAuth)
}

func (o *Origin) verify(ctx context.Context, token string, t auth.TokenType) (auth.Principal, error) {
	p, err := o.verifier.Verify(ctx, token, t)
	if err == nil {
		return p, nil
	}
	if refusedToken(err) {
		o.counters.tokensRefused.Add(1)
		return auth.Principal{}, nil
	}
	return auth.Principal{}, &Error{Op: "verify", Kind: unavailable(err), Err: err, Private: true}
}

// refusedToken tells a token that does not count from a catalog that does not answer.
func refusedToken(err error) bool {
	for _, target := range []error{
		auth.ErrMalformed, auth.ErrType, auth.ErrExpired, auth.ErrNotYet, auth.ErrSignature, auth.ErrUnknown, auth.ErrKey,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// authValues is what @request.auth means for a principal: nil for guests and for the program itself.
func (o *Origin) authValues(ctx context.Context, p auth.Principal) (map[string]any, error) {
	if p.IsGuest() || p.RecordID == "" {
		return nil, nil
	}
	a, err := o.account(ctx, p.CollectionID, p.RecordID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return a.values, nil
}

// unavailable is the Kind of a failed catalog or blob call: its own where it says one, else Unavailable.
func unavailable(err error) Kind {
	if k := KindOf(err); k != Internal {
		return k
	}
	return Unavailable
}
