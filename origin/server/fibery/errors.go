package fibery

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
)

// problem is what an error says on the wire. Commands wrap it in Fibery's envelope.
type problem struct {
	status  int
	Name    string `json:"name"`
	Message string `json:"message"`
}

func (p *problem) Error() string { return p.Name + ": " + p.Message }

// badRequest is a refusal of this dialect's own reading of a request.
func badRequest(format string, args ...any) error {
	return &problem{400, "request/invalid", fmt.Sprintf(format, args...)}
}

// kinds are the words for what the core refuses without words of its own.
var kinds = map[origin.Kind]problem{
	origin.NotFound:        {404, "file/not-found", "There is no such file."},
	origin.Invalid:         {400, "request/invalid", "The request is not valid."},
	origin.Unauthenticated: {401, "auth/unauthorized", "A valid API key is required."},
	origin.Forbidden:       {403, "auth/forbidden", "The API key does not reach that far."},
	origin.Conflict:        {409, "file/already-exists", "There is such a file already."},
	origin.TooLarge:        {413, "file/too-large", "That is larger than allowed."},
	origin.Busy:            {503, "server/busy", "Too busy to answer in time."},
	origin.Timeout:         {503, "server/busy", "Too busy to answer in time."},
	origin.Canceled:        {503, "server/busy", "Too busy to answer in time."},
	origin.NoSpace:         {507, "server/no-space", "There is no space left to keep this."},
}

// fetches are the words for an address that nothing could be fetched from. All are of the caller's making, or of a server
// of the caller's choice: none is a fault of ours.
var fetches = []struct {
	err     error
	problem problem
}{
	{fetch.ErrURL, problem{400, "url/invalid", "The URL, its method or its headers are not valid."}},
	{fetch.ErrForbidden, problem{400, "url/forbidden", "The URL leads to an address that is not fetched from."}},
	{fetch.ErrStatus, problem{400, "url/failed", "The URL's server has no such file."}},
	{fetch.ErrRedirects, problem{400, "url/failed", "The URL's redirects lead nowhere."}},
	{fetch.ErrTooLarge, problem{413, "file/too-large", "The file is larger than allowed."}},
	{fetch.ErrBroken, problem{400, "url/failed", "The file did not arrive whole."}},
	{fetch.ErrUnreachable, problem{400, "url/failed", "The URL's server did not answer, or not in time."}},
}

// words is what an error becomes on the wire.
func words(err error) problem {
	var own *problem
	switch {
	case errors.As(err, &own):
		return *own
	case errors.Is(err, server.ErrLink):
		return problem{403, "auth/forbidden", "The link is not valid, or no longer."}
	case errors.Is(err, server.ErrNoFile):
		return problem{400, "request/invalid", `The form has no file "file".`}
	case errors.Is(err, server.ErrManyFiles):
		return problem{400, "request/invalid", "One file is taken at a time."}
	case errors.Is(err, server.ErrBodyTooLarge):
		return kinds[origin.TooLarge]
	case errors.Is(err, server.ErrMediaType):
		return problem{400, "request/invalid", "The body must be multipart/form-data."}
	case errors.Is(err, server.ErrMalformed):
		return problem{400, "request/invalid", "The body cannot be read."}
	}
	for _, f := range fetches {
		if errors.Is(err, f.err) {
			return f.problem
		}
	}
	p, known := kinds[origin.KindOf(err)]
	if !known {
		return problem{500, "server/failed", "Something went wrong on our side."}
	}
	var e *origin.Error
	if errors.As(err, &e) && p.status < 500 {
		if e.Message != "" {
			p.Message = e.Message
		}
		for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
			if c, ok := e.Fields[field].(origin.Complaint); ok {
				p.Message += " " + field + ": " + c.Message
			}
		}
	}
	return p
}

// fail answers an error of the file routes.
func (d *Dialect) fail(r *server.Request, err error) {
	p := words(err)
	d.report(r, p, err)
	_ = r.JSON(p.status, p)
}

// failCommand answers an error of a command.
func (d *Dialect) failCommand(r *server.Request, err error) {
	p := words(err)
	d.report(r, p, err)
	_ = r.JSON(p.status, outcome{false, p})
}

// outcome is the envelope of a command's answer.
type outcome struct {
	Success bool `json:"success"`
	Result  any  `json:"result"`
}

// report sets the headers of a refusal, and logs what is a fault of ours.
func (d *Dialect) report(r *server.Request, p problem, err error) {
	r.NoStore()
	r.Refused(d.log, p.status, err)
	if p.status == 401 {
		r.SetHeader("Www-Authenticate", "Token") // RFC 9110 section 15.5.2
	}
}

// answer answers with JSON.
func answer(r *server.Request, v any) error {
	r.NoStore()
	return r.JSON(200, v)
}
