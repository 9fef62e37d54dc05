package origin

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgorigin/imgorigin/rule"
)

// Kind says what went wrong in terms that every dialect can translate to a status of its own.
type Kind uint8

const (
	Internal        Kind = iota // a fault of ours or of the machine: 500
	NotFound                    // no such thing, or none that the caller may know of: 404
	Invalid                     // the request contradicts the rules of what it writes: 400
	Unauthenticated             // a credential is needed and there is none that counts: 401
	Forbidden                   // the credential does not reach that far: 403
	Conflict                    // it exists already: 409
	TooLarge                    // more bytes than allowed: 413
	Busy                        // the renderers' queue is full: 503, ask again soon
	Timeout                     // a deadline passed before there was an answer, or who has it is away: 503, ask again soon
	Unavailable                 // catalog or blob store are broken: 500
	NoSpace                     // the disk is full: 507
	Canceled                    // the caller has gone: nobody reads the answer
)

var kindNames = [...]string{"internal", "not found", "invalid", "unauthenticated", "forbidden", "conflict", "too large",
	"busy", "timeout", "unavailable", "no space", "canceled"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Sentinels that Catalog and Blobs implementations return, wrapped or bare.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrNoSpace  = errors.New("no space left")
	ErrClosed   = errors.New("closed")
	// ErrUnreachable is a server of the catalog's or the store's that cannot be reached now, is starting or is ending: the
	// same call may succeed in a moment.
	ErrUnreachable = errors.New("cannot be reached")
	// ErrSealed is a catalog that takes no writes because it moves, or has moved, to another place.
	ErrSealed = errors.New("sealed: the catalog moves, or has moved, to another place")
)

// Error is what the core returns for everything that is not a success.
type Error struct {
	Op   string // the operation of the core, e.g. "open", "record.create"
	Kind Kind
	// Message is a sentence for the caller, in the native dialect's words; empty where the kind's usual sentence serves.
	Message string
	// Fields holds one complaint per field of the input, for Kind Invalid.
	Fields Complaints
	// Private is set where a credential or a rule decided, so that no cache may keep the refusal.
	Private bool
	Err     error
}

func (e *Error) Error() string {
	s := e.Op + ": " + e.Kind.String()
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Complaint is one field's validation error, with the native dialect's code.
type Complaint struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Params  map[string]any `json:"params,omitempty"`
}

// Complaints are validation errors by input field. A value is a Complaint, or Complaints where the field has
// parts (the fields of a collection by index, the thumbs of a field by index).
type Complaints map[string]any

// KindOf is the Kind of err: that of the outermost *Error, else what the sentinels and the context package say.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, ErrNotFound):
		return NotFound
	case errors.Is(err, ErrExists):
		return Conflict
	case errors.Is(err, ErrNoSpace):
		return NoSpace
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrUnreachable), errors.Is(err, ErrSealed),
		errors.Is(err, rule.ErrStale): // stale: see afresh
		return Timeout
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Internal
}
