package pocketbase

import (
	"errors"
	"unicode"
	"unicode/utf8"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// The sentences that PocketBase uses where the core has none of its own.
const (
	badRequest   = "Something went wrong while processing your request."
	unauthorized = "The request requires valid record authorization token."
	forbidden    = "You are not allowed to perform this request."
	notFound     = "The requested resource wasn't found."
	tooLarge     = "Request entity too large."
	fileSystem   = "Filesystem initialization failure."
	noFileToken  = "Failed to generate file token."
	overloaded   = "Too busy to answer in time."
	badType      = "Unsupported Content-Type."
)

// refusal is an error of this dialect's own reading of a request.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

// answer is what an error becomes on the wire.
type answer struct {
	status  int
	message string
	data    any
}

func words(err error) answer {
	var own *refusal
	if errors.As(err, &own) {
		return answer{own.status, own.message, nil}
	}
	if errors.Is(err, server.ErrBodyTooLarge) {
		return answer{413, tooLarge, nil}
	}
	a := kindWords(origin.KindOf(err))
	var e *origin.Error
	if errors.As(err, &e) {
		if e.Message != "" && a.status != 503 {
			a.message = sentence(e.Message)
		}
		if len(e.Fields) > 0 {
			a.data = e.Fields
		}
	}
	return a
}

func kindWords(k origin.Kind) answer {
	switch k {
	case origin.NotFound:
		return answer{404, notFound, nil}
	case origin.Invalid, origin.Conflict:
		return answer{400, badRequest, nil}
	case origin.Unauthenticated:
		return answer{401, unauthorized, nil}
	case origin.Forbidden:
		return answer{403, forbidden, nil}
	case origin.TooLarge:
		return answer{413, tooLarge, nil}
	case origin.Busy, origin.Timeout, origin.Canceled:
		return answer{503, overloaded, nil}
	case origin.NoSpace:
		return answer{507, "There is no space left to keep this.", nil}
	}
	return answer{500, badRequest, nil}
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[n:]
	if last := s[len(s)-1]; last != '.' && last != '!' && last != '?' {
		s += "."
	}
	return s
}

// fail answers an error of the JSON routes.
func (d *Dialect) fail(r *server.Request, err error) {
	apiHeaders(r)
	d.send(r, words(err), err)
}

// failToken answers an error of the file tokens' route, where a fault of ours has one sentence wherever it happened: a caller
// whose record cannot be read gets no token either.
func (d *Dialect) failToken(r *server.Request, err error) {
	apiHeaders(r)
	a := words(err)
	if a.status == 500 {
		a.message = noFileToken
	}
	d.send(r, a, err)
}

// failFile answers an error of the file route. Caches may keep "not found" for a moment, so that a crawler of dead links
// does not reach the catalog each time; what a credential decided, and what may be over soon, they may not.
func (d *Dialect) failFile(r *server.Request, err error) {
	securityHeaders(r)
	r.SetHeader("X-Frame-Options", "SAMEORIGIN")
	r.SetHeader("Access-Control-Allow-Origin", "*")
	a := words(err)
	if a.status == 500 {
		a.message = fileSystem
	}
	var e *origin.Error
	private := errors.As(err, &e) && e.Private
	if a.status == 404 && !private && !r.HasQuery("token") {
		r.SetHeader("Cache-Control", "max-age=5")
	} else {
		r.SetHeader("Cache-Control", "no-store")
	}
	d.send(r, a, err)
}

func (d *Dialect) send(r *server.Request, a answer, err error) {
	r.Refused(d.log, a.status, err)
	if a.data == nil {
		a.data = map[string]any{}
	}
	_ = r.JSON(a.status, map[string]any{"data": a.data, "message": a.message, "status": a.status})
}
