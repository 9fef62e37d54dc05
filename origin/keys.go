package origin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/auth"
)

// maxKeyName bounds the name of a key, in characters.
const maxKeyName = 100

// APIKey is what is known of an API key. Its text is known to its holder alone.
type APIKey struct {
	ID       string
	Name     string // unique
	Scopes   auth.Scope
	Created  time.Time
	Expires  time.Time // zero: never
	LastUsed time.Time // zero: never; to about a minute
}

// CreateKey makes an API key and returns its text, which nobody can ever get again. Superusers only. A name that is taken,
// empty or longer than 100 characters, no scope, and an end that has passed are Invalid.
func (o *Origin) CreateKey(ctx context.Context, who Caller, name string, scopes auth.Scope, expires time.Time) (text string, err error) {
	const op = "key.create"
	if err := superuser(op, who); err != nil {
		return "", err
	}
	name = strings.TrimSpace(storable(name))
	switch {
	case name == "" || len([]rune(name)) > maxKeyName:
		return "", &Error{Op: op, Kind: Invalid, Message: "A key's name has 1 to 100 characters."}
	case len(scopes.Names()) == 0:
		return "", &Error{Op: op, Kind: Invalid, Message: "A key needs a scope."}
	case !expires.IsZero() && !expires.After(o.now()):
		return "", &Error{Op: op, Kind: Invalid, Message: "The key would have expired already."}
	}
	text, id, hash := auth.NewKey()
	now := formatDate(o.now())
	c := o.schema.Load().byID[keysID]
	r := &Record{ID: RecordID(id), Values: map[string]any{
		ColID: id, keyName: name, keyScopes: scopes.String(), keyHash: hash, keyExpires: formatDate(expires), keyLastUsed: "",
		"created": now, "updated": now,
	}}
	err = o.catalog.Write(ctx, func(tx CatalogTx) error { return tx.InsertRecord(ctx, c.Collection, r) })
	var clash *UniqueError
	switch {
	case errors.As(err, &clash):
		return "", &Error{Op: op, Kind: Invalid, Message: "There is a key of that name already."}
	case err != nil:
		return "", failed(op, err)
	}
	o.invalidate(keysID, r.ID)
	return text, nil
}

// Keys lists all API keys, by name. Superusers only.
func (o *Origin) Keys(ctx context.Context, who Caller) ([]APIKey, error) {
	const op = "key.list"
	if err := superuser(op, who); err != nil {
		return nil, err
	}
	var keys []APIKey
	c := o.schema.Load().byID[keysID]
	for {
		page, err := o.catalog.List(ctx, c.Collection, Query{Offset: len(keys), Limit: maxPerPage})
		if err != nil {
			return nil, failed(op, err)
		}
		for _, r := range page.Records {
			keys = append(keys, keyOf(r))
		}
		if len(page.Records) < maxPerPage {
			break
		}
	}
	slices.SortFunc(keys, func(a, b APIKey) int { return strings.Compare(a.Name, b.Name) })
	return keys, nil
}

// misdated tells whether a date was given that is none. Other collections take it for no date, as PocketBase does; a key
// with a mistyped end would never expire.
func (d *draft) misdated(f *Field) bool {
	given := castText(d.change.in.Values[f.Name])
	return given != "" && d.record.Text(f.Name) == ""
}

func keyOf(r *Record) APIKey {
	scopes, _ := auth.ParseScope(r.Text(keyScopes)) // what it does not know gives no right
	return APIKey{
		ID: string(r.ID), Name: r.Text(keyName), Scopes: scopes, Created: timeOf(r.Text("created")),
		Expires: timeOf(r.Text(keyExpires)), LastUsed: timeOf(r.Text(keyLastUsed)),
	}
}

// RevokeKey removes an API key by its name or id: at once here, and within a second in every other process that watches the
// catalog. Superusers only; one that there is not is NotFound.
func (o *Origin) RevokeKey(ctx context.Context, who Caller, nameOrID string) error {
	const op = "key.revoke"
	if err := superuser(op, who); err != nil {
		return err
	}
	c := o.schema.Load().byID[keysID]
	var id RecordID
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		r, err := tx.RecordBy(ctx, c.Collection, keyName, nameOrID)
		if errors.Is(err, ErrNotFound) {
			r, err = tx.Record(ctx, c.Collection, RecordID(nameOrID))
		}
		if err != nil {
			return err
		}
		id = r.ID
		return tx.DeleteRecord(ctx, c.Collection, id)
	})
	if err != nil {
		return failed(op, err)
	}
	o.invalidate(keysID, id)
	return nil
}

// VerifyKey returns whom an API key speaks for. Without one, and for one that is wrong, revoked or has expired, it is
// Unauthenticated: which of them, it does not say.
func (o *Origin) VerifyKey(ctx context.Context, text string) (auth.Principal, error) {
	refused := &Error{Op: "key.verify", Kind: Unauthenticated, Message: "A valid API key is required.", Private: true}
	id, secret, ok := auth.SplitKey(text)
	if !ok {
		o.counters.tokensRefused.Add(1)
		return auth.Principal{}, refused
	}
	k, err := o.key(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		k = nil
	case err != nil:
		return auth.Principal{}, &Error{Op: "key.verify", Kind: unavailable(err), Err: err, Private: true}
	}
	if k == nil || !auth.KeyMatches(secret, k.hash) || !k.expires.IsZero() && !o.now().Before(k.expires) {
		o.counters.tokensRefused.Add(1)
		return auth.Principal{}, refused
	}
	o.keyUses.note(RecordID(id), o.now())
	return k.principal, nil
}

// rememberedKey is what is remembered of an API key's row.
type rememberedKey struct {
	epoch     uint64
	hash      string
	expires   time.Time
	principal auth.Principal
}

// key returns a key's row, remembered or read; the rules are those of account.
func (o *Origin) key(ctx context.Context, id string) (*rememberedKey, error) {
	epoch := o.epochs.of(keysID, RecordID(id))
	if k := o.keyUses.get(id); k != nil && k.epoch == epoch && !o.lease.lost() {
		return k, nil
	}
	r, err := o.catalog.Record(ctx, o.schema.Load().byID[keysID].Collection, RecordID(id))
	if err != nil {
		return nil, err
	}
	k := &rememberedKey{epoch: epoch, hash: r.Text(keyHash), expires: timeOf(r.Text(keyExpires)),
		principal: auth.Principal{Key: id, Scopes: keyOf(r).Scopes}}
	o.keyUses.set(id, k)
	return k, nil
}

// keyUses remembers the keys in use, and when each was last used until that is written down: in batches, and for each key
// once in keyUseInterval at most, so that a request costs no write.
type keyUses struct {
	mu      sync.RWMutex
	keys    map[string]*rememberedKey
	used    map[RecordID]time.Time // not yet written
	written map[RecordID]time.Time
}

const (
	maxRememberedKeys = 4096
	keyUseInterval    = time.Minute
)

func newKeyUses() *keyUses {
	return &keyUses{keys: make(map[string]*rememberedKey), used: make(map[RecordID]time.Time), written: make(map[RecordID]time.Time)}
}

func (u *keyUses) get(id string) *rememberedKey {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.keys[id]
}

func (u *keyUses) set(id string, k *rememberedKey) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.keys) >= maxRememberedKeys {
		clear(u.keys) // ids that exist only: it takes as many keys to come here
	}
	u.keys[id] = k
}

// note is called for every request: it takes the write lock once in keyUseInterval and key.
func (u *keyUses) note(id RecordID, now time.Time) {
	u.mu.RLock()
	last, noted := u.written[id]
	_, pending := u.used[id]
	u.mu.RUnlock()
	if pending || noted && now.Sub(last) < keyUseInterval {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used[id] = now
}

// take returns what is to be written, and forgets it.
func (u *keyUses) take() map[RecordID]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.used) == 0 {
		return nil
	}
	taken := u.used
	u.used = make(map[RecordID]time.Time)
	if len(u.written) >= maxRememberedKeys {
		clear(u.written)
	}
	for id, at := range taken {
		u.written[id] = at
	}
	return taken
}

// keyUseWrites is how often uses are written, where there are any.
const keyUseWrites = 5 * time.Second

// writeKeyUses writes uses of keys down until ctx ends, and once more then. A use that cannot be written is lost: the
// next one comes.
func (o *Origin) writeKeyUses(ctx context.Context) {
	tick := time.NewTicker(keyUseWrites)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			o.flushKeyUses(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeperLast)
	defer cancel()
	o.flushKeyUses(last)
}

func (o *Origin) flushKeyUses(ctx context.Context) {
	uses := o.keyUses.take()
	if len(uses) == 0 {
		return
	}
	c := o.schema.Load().byID[keysID]
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		for id, at := range uses {
			r, err := tx.Record(ctx, c.Collection, id)
			if errors.Is(err, ErrNotFound) {
				continue // revoked
			}
			if err != nil {
				return err
			}
			r = r.Clone()
			r.Values[keyLastUsed] = formatDate(at)
			if err := tx.UpdateRecord(ctx, c.Collection, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.log.Warn("noting the use of API keys failed", "error", err)
	}
}
