package baasix

import (
	"errors"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
)

// The sentences of 403, which is the answer to what is not there and to what the caller may not see or do alike.
const (
	noFile       = "File not found or access denied"
	noCollection = "Collection not found or access denied"
)

// problem is what an error says on the wire.
type problem struct {
	status  int
	Message string            `json:"message"`
	Fields  origin.Complaints `json:"fields,omitempty"`
}

func (p *problem) Error() string { return p.Message }

// badRequest is a refusal of this dialect's own reading of a request.
func badRequest(message string) error { return &problem{status: 400, Message: message} }

// kinds are the words for what the core refuses without words of its own.
var kinds = map[origin.Kind]problem{
	origin.NotFound:        {status: 403, Message: noFile},
	origin.Forbidden:       {status: 403, Message: noFile},
	origin.Invalid:         {status: 400, Message: "The request is not valid"},
	origin.Unauthenticated: {status: 401, Message: "Authentication required"},
	origin.Conflict:        {status: 409, Message: "There is such a file already"},
	origin.TooLarge:        {status: 413, Message: "File too large"},
	origin.Busy:            {status: 503, Message: "Too busy to answer in time"},
	origin.Timeout:         {status: 503, Message: "Too busy to answer in time"},
	origin.Canceled:        {status: 503, Message: "Too busy to answer in time"},
	origin.NoSpace:         {status: 507, Message: "There is no space left to keep this"},
}

// fetches are the words for an address that nothing could be fetched from. All are of the caller's making, or of a server
// of the caller's choice: none is a fault of ours.
var fetches = []struct {
	err     error
	problem problem
}{
	{fetch.ErrURL, problem{status: 400, Message: "The URL is not valid"}},
	{fetch.ErrForbidden, problem{status: 400, Message: "The URL leads to an address that is not fetched from"}},
	{fetch.ErrStatus, problem{status: 400, Message: "The URL's server has no such file"}},
	{fetch.ErrRedirects, problem{status: 400, Message: "The URL's redirects lead nowhere"}},
	{fetch.ErrTooLarge, problem{status: 413, Message: "File too large"}},
	{fetch.ErrBroken, problem{status: 400, Message: "The file did not arrive whole"}},
	{fetch.ErrUnreachable, problem{status: 400, Message: "The URL's server did not answer, or not in time"}},
}

// words is what an error becomes on the wire.
func words(err error) problem {
	var own *problem
	switch {
	case errors.As(err, &own):
		return *own
	case errors.Is(err, server.ErrNoFile):
		return problem{status: 400, Message: "No file uploaded"}
	case errors.Is(err, server.ErrManyFiles):
		return problem{status: 400, Message: "One file is taken at a time"}
	case errors.Is(err, server.ErrBodyTooLarge):
		return kinds[origin.TooLarge]
	case errors.Is(err, server.ErrMediaType):
		return problem{status: 400, Message: "The body must be multipart/form-data"}
	case errors.Is(err, server.ErrMalformed):
		return problem{status: 400, Message: "The body cannot be read"}
	}
	for _, f := range fetches {
		if errors.Is(err, f.err) {
			return f.problem
		}
	}
	p, known := kinds[origin.KindOf(err)]
	if !known {
		return problem{status: 500, Message: "Internal server error"}
	}
	var e *origin.Error
	if errors.As(err, &e) && (p.status == 400 || p.status == 401 || p.status == 409) {
		if e.Message != "" {
			p.Message = e.Message
		}
		p.Fields = e.Fields
	}
	return p
}

// fail answers an error of the file routes.
func (d *Dialect) fail(r *server.Request, err error) { d.refuse(r, words(err), err) }

// failItem answers an error of the route that makes records.
func (d *Dialect) failItem(r *server.Request, err error) {
	p := words(err)
	if p.status == 403 {
		p.Message = noCollection
	}
	d.refuse(r, p, err)
}

func (d *Dialect) refuse(r *server.Request, p problem, err error) {
	r.Refused(d.log, p.status, err)
	if p.status == 401 {
		r.SetHeader("Www-Authenticate", "Bearer") // RFC 6750 section 3
	}
	_ = answer(r, p.status, map[string]any{"error": p})
}

// answer answers with JSON.
func answer(r *server.Request, status int, v any) error {
	r.NoStore()
	return r.JSON(status, v)
}

// data answers with the envelope of every success.
func data(r *server.Request, v any) error { return answer(r, 200, map[string]any{"data": v}) }
