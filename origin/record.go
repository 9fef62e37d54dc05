package origin

// DateLayout is how dates are kept and shown: UTC, milliseconds, a space and a Z.
const DateLayout = "2006-01-02 15:04:05.000Z"

// Names of the columns that every auth collection has beside its own.
const (
	ColID              = "id"
	ColEmail           = "email"
	ColEmailVisibility = "emailVisibility"
	ColVerified        = "verified"
	ColPassword        = "password" // bcrypt hash; never leaves the core
	ColTokenKey        = "tokenKey" // part of every token's HMAC key; never leaves the core
)

// Record is one row of a collection. Values holds one canonical Go value for every field of the collection, "id"
// included:
//
//	text, email, url, editor, password   string
//	date, autodate                       string in DateLayout, or ""
//	number                               float64, finite
//	bool                                 bool
//	select, relation, file               string, or []string (never nil) where Field.Multiple
//	json                                 json.RawMessage; nil is null
//
// A *Record handed out by the core or a catalog is a shared snapshot: copy before change.
type Record struct {
	ID     RecordID
	Values map[string]any
}

// Text returns the string value of a field, or "".
func (r *Record) Text(name string) string {
	s, _ := r.Values[name].(string)
	return s
}

// Clone returns a record whose Values may be set without changing r's. The values themselves are shared.
func (r *Record) Clone() *Record {
	values := make(map[string]any, len(r.Values))
	for k, v := range r.Values {
		values[k] = v
	}
	return &Record{ID: r.ID, Values: values}
}

// Strings returns a field's value as a list: one element for a non-empty single value, none for an empty one.
func (r *Record) Strings(name string) []string {
	switch v := r.Values[name].(type) {
	case []string:
		return v
	case string:
		if v != "" {
			return []string{v}
		}
	}
	return nil
}
