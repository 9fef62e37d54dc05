package rule

// Expr is a parsed expression. It is immutable and safe for concurrent use.
type Expr struct{ src string }

// Option changes how Parse reads an expression.
type Option func(*options)

type options struct{ guards map[string]string }

// Guard makes every comparison with the field hold only for records whose
// Bool field by is true, as PocketBase lets a filter see only the e-mail
// addresses that are marked visible.
func Guard(field, by string) Option {
	return func(o *options) {
		if o.guards == nil {
			o.guards = make(map[string]string)
		}
		o.guards[field] = by
	}
}

// Parse reads an expression whose names are record's fields and, after
// @request.auth., auth's. The error says which comparison is refused and why.
func Parse(src string, record, auth Schema, opts ...Option) (*Expr, error) {
	return nil, ErrUnsupported
}

// String returns the source text.
func (e *Expr) String() string { return e.src }

// Match reports whether the record satisfies the expression. With an error
// the answer is false.
func (e *Expr) Match(record map[string]any, req *Request) (bool, error) {
	return false, ErrUnsupported
}

// SQL returns a condition for a WHERE clause and appends its parameters to
// args. The condition needs no parentheses around it. A column that is gone or
// has another kind than Parse was told is ErrStale.
func (e *Expr) SQL(d Dialect, columns Columns, req *Request, args *[]any) (string, error) {
	return "", ErrUnsupported
}

// Fields returns the record fields that the expression uses, sorted.
func (e *Expr) Fields() []string { return nil }

// UsesAuth reports whether the answer depends on the authenticated record.
func (e *Expr) UsesAuth() bool { return false }

// UsesQuery reports whether the answer depends on the query string.
func (e *Expr) UsesQuery() bool { return false }

// UsesHeaders reports whether the answer depends on request headers.
func (e *Expr) UsesHeaders() bool { return false }

// UsesMethod reports whether the answer depends on the request's method.
func (e *Expr) UsesMethod() bool { return false }

// UsesContext reports whether the answer depends on @request.context.
func (e *Expr) UsesContext() bool { return false }

// UsesTime reports whether the answer depends on the time of the request.
func (e *Expr) UsesTime() bool { return false }

// Sort is one key of an ORDER BY.
type Sort struct {
	Field string // a record field, "@random" or "@rowid"
	Desc  bool
	kind  Kind
}

// ParseSort reads "-created,+name,@random,@rowid": at most MaxSorts keys, each
// a sortable field of the record or one of the two special names.
func ParseSort(src string, record Schema) ([]Sort, error) { return nil, ErrUnsupported }

// OrderBy returns the keys as the text that follows ORDER BY; "" for none.
func OrderBy(d Dialect, keys []Sort, columns Columns) (string, error) {
	return "", ErrUnsupported
}
