package flextype

import (
	"errors"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// refusal is the body of an error's answer.
type refusal struct {
	Status  int    `json:"http_status_code"`
	Title   string `json:"title"`
	Message string `json:"message"`
}

func (e *refusal) Error() string { return e.Message }

// invalid refuses a call that lacks something.
func invalid(message string) error { return &refusal{400, "Bad Request", message} }

func words(err error) refusal {
	var own *refusal
	var core *origin.Error
	switch {
	case errors.As(err, &own):
		return *own
	case errors.Is(err, server.ErrBodyTooLarge):
		return kindWords(origin.TooLarge)
	case errors.Is(err, server.ErrMalformed), errors.Is(err, server.ErrMediaType):
		return refusal{400, "Bad Request", "The body cannot be read."}
	}
	a := kindWords(origin.KindOf(err))
	if errors.As(err, &core) && core.Message != "" && (a.Status == 400 || a.Status == 403 || a.Status == 409) {
		a.Message = core.Message
	}
	return a
}

func kindWords(k origin.Kind) refusal {
	switch k {
	case origin.NotFound:
		return refusal{404, "Not Found", "Not Found"}
	case origin.Invalid:
		return refusal{400, "Bad Request", "Validation for this particular item failed"}
	case origin.Unauthenticated:
		return refusal{401, "Unauthorized", "Token is wrong"}
	case origin.Forbidden:
		return refusal{403, "Forbidden", "Token does not allow this"}
	case origin.Conflict:
		return refusal{409, "Conflict", "There is such a file already"}
	case origin.TooLarge:
		return refusal{413, "Content Too Large", "The body is larger than allowed"}
	case origin.Busy, origin.Timeout, origin.Canceled:
		return refusal{503, "Service Unavailable", "Too busy to answer in time"}
	case origin.NoSpace:
		return refusal{507, "Insufficient Storage", "There is no space left to keep this"}
	}
	return refusal{500, "Internal Server Error", "Something went wrong here"}
}

// fail answers an error.
func (d *Dialect) fail(r *server.Request, err error) {
	r.NoStore()
	a := words(err)
	r.Refused(d.log, a.Status, err)
	_ = r.JSON(a.Status, a)
}
