package foir

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"runtime/debug"
	"strconv"

	"github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// code is what extensions.code of an error says.
type code string

// The codes.
const (
	parseFailed      code = "GRAPHQL_PARSE_FAILED"
	validationFailed code = "GRAPHQL_VALIDATION_FAILED"
	tooComplex       code = "QUERY_TOO_COMPLEX"
	badRequest       code = "BAD_REQUEST"
	badInput         code = "BAD_USER_INPUT"
	unauthenticated  code = "UNAUTHENTICATED"
	forbidden        code = "FORBIDDEN"
	notFound         code = "NOT_FOUND"
	conflict         code = "CONFLICT"
	fileTooLarge     code = "FILE_TOO_LARGE"
	uploadIncomplete code = "UPLOAD_INCOMPLETE"
	uploadUsed       code = "UPLOAD_URL_USED"
	badSignature     code = "UPLOAD_URL_INVALID"
	outOfRange       code = "OUT_OF_RANGE"
	unavailable      code = "SERVICE_UNAVAILABLE"
	noSpace          code = "INSUFFICIENT_STORAGE"
	internal         code = "INTERNAL_SERVER_ERROR"
)

// statuses are those of answers that are no GraphQL answers: of upload URLs, of files, and of bodies that ask nothing.
var statuses = map[code]int{
	badRequest: 400, badInput: 400, badSignature: 400, unauthenticated: 401, forbidden: 403, notFound: 404,
	conflict: 409, uploadUsed: 409, fileTooLarge: 413, unavailable: 503, noSpace: 507,
}

// refusal is an error of this dialect's own.
type refusal struct {
	code    code
	message string
}

func (e *refusal) Error() string { return e.message }

func refused(c code, message string) error { return &refusal{c, message} }

var errFileTooLarge = refused(fileTooLarge, "The file is larger than allowed.")

// words is what an error becomes: a code, and a sentence for the caller.
func words(err error) (code, string) {
	var own *refusal
	var core *origin.Error
	switch {
	case errors.As(err, &own):
		return own.code, own.message
	case errors.Is(err, server.ErrBodyTooLarge):
		return fileTooLarge, "The body is larger than allowed."
	case errors.Is(err, server.ErrMalformed), errors.Is(err, server.ErrMediaType):
		return badRequest, "The body must be a JSON object with a query."
	}
	c, message := kindWords(origin.KindOf(err))
	if errors.As(err, &core) && core.Message != "" && c != internal && c != unavailable {
		message = core.Message
	}
	return c, message
}

func kindWords(k origin.Kind) (code, string) {
	switch k {
	case origin.NotFound:
		return notFound, "There is no such thing."
	case origin.Invalid:
		return badInput, "The input is not valid."
	case origin.Unauthenticated:
		return unauthenticated, "A valid API key is required."
	case origin.Forbidden:
		return forbidden, "The API key may not do that."
	case origin.Conflict:
		return conflict, "There is such a thing already."
	case origin.TooLarge:
		return fileTooLarge, "The file is larger than allowed."
	case origin.Busy, origin.Timeout, origin.Canceled:
		return unavailable, "Too busy to answer in time."
	case origin.NoSpace:
		return noSpace, "There is no space left to keep this."
	}
	return internal, "Something went wrong here."
}

// reword gives an error of a GraphQL answer its code, and takes from it what is not for the caller.
func (d *Dialect) reword(ctx context.Context, e *gqlerrors.QueryError) {
	var c code
	switch cause := e.ResolverError; {
	case cause != nil:
		c, e.Message = words(cause)
		if c == internal || c == unavailable || c == noSpace {
			d.log.Error("a query failed", "field", fmt.Sprint(e.Path), "code", string(c), "error", cause)
		}
	case e.Extensions != nil:
		return // MakePanicError
	default:
		c = ownWords(ctx, e)
	}
	e.Extensions = map[string]any{"code": string(c)}
}

// ownWords is the code of an error that is the library's.
func ownWords(ctx context.Context, e *gqlerrors.QueryError) code {
	switch {
	case errors.Is(e, gqlerrors.ErrSyntax):
		return parseFailed
	case errors.Is(e, errTooComplex), errors.Is(e, graphql.ErrTooManySelections), tooComplexRules[e.Rule]:
		e.Message = "The query asks for too much."
		return tooComplex
	case tooLong.MatchString(e.Message):
		return tooComplex
	case beyondInt(e.Message):
		e.Message = errFileTooLarge.Error() // no other argument is an Int
		return fileTooLarge
	case ctx.Err() != nil:
		_, e.Message = kindWords(origin.Timeout)
		return unavailable
	case e.Rule != "":
		return validationFailed
	}
	return badInput
}

// tooLong are the library's words for a query beyond maxQuery.
var tooLong = regexp.MustCompile(`^query length \d+ exceeds`)

var tooComplexRules = map[string]bool{"MaxDepthExceeded": true, "OverlapValidationLimitExceeded": true}

// beyondIntForm are the library's words for a number that GraphQL's Int, which has 32 bits, cannot hold: of the query's text, and
// of a variable. It says them before our resolver could say that such a size is too large.
var beyondIntForm = regexp.MustCompile(`^(?:Int cannot represent non 32-bit signed integer value: (\d+)|could not unmarshal (\d\S*) \(float64\) into int32: not a 32-bit integer)$`)

func beyondInt(message string) bool {
	m := beyondIntForm.FindStringSubmatch(message)
	if m == nil {
		return false
	}
	n, _ := strconv.ParseFloat(m[1]+m[2], 64) // beyond float64 too: +Inf
	return n > math.MaxInt32
}

// panics words the errors of panics.
type panics struct{}

// MakePanicError is the caller's mistake where a number or a text of the query fits no type of Go, else ours.
func (panics) MakePanicError(_ context.Context, v any) *gqlerrors.QueryError {
	if isInput(v) {
		return &gqlerrors.QueryError{Message: "A value in the query cannot be read.", Extensions: map[string]any{"code": string(badInput)}}
	}
	return &gqlerrors.QueryError{Message: "Something went wrong here.", Extensions: map[string]any{"code": string(internal)}}
}

func isInput(v any) bool {
	err, ok := v.(error)
	var number *strconv.NumError
	return ok && (errors.As(err, &number) || errors.Is(err, strconv.ErrSyntax))
}

func (d *Dialect) logPanic(_ context.Context, v any) {
	if !isInput(v) {
		d.log.Error("a query panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	}
}

// fail answers an error outside of a GraphQL answer, in the form that those have.
func (d *Dialect) fail(r *server.Request, err error) {
	r.NoStore()
	c, message := words(err)
	status, known := statuses[c]
	if !known {
		status = 500
	}
	r.Refused(d.log, status, err)
	_ = r.JSON(status, &graphql.Response{Errors: []*gqlerrors.QueryError{{Message: message, Extensions: map[string]any{"code": string(c)}}}})
}
