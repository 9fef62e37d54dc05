package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/origin"
)

var (
	errAttempt = errors.New("the store did not answer in time")
	errStalled = errors.New("the store stopped in the middle of a body")
	errTaken   = errors.New("the condition of the request did not hold") // If-None-Match found an object
)

// failure is what an error of a request is for us.
type failure struct {
	again bool  // the same request may succeed
	open  bool  // whether it was carried out is unknown
	err   error // with a sentinel of origin's where there is one, and a text without addresses and secrets
}

// codes of answers that the status alone does not explain.
const (
	codeNoKey    = "NoSuchKey"
	codeNoUpload = "NoSuchUpload"
)

var againCodes = map[string]bool{
	"SlowDown": true, "SlowDownRead": true, "SlowDownWrite": true, "Throttling": true, "ThrottlingException": true, "RequestThrottled": true,
	"RequestLimitExceeded": true, "TooManyRequests": true, "InternalError": true, "ServiceUnavailable": true, "RequestTimeout": true,
	"ExpiredToken": true, "ExpiredTokenException": true, // the next attempt has new ones
}

// conflictCodes are met while somebody else's request to the same key, or beside it, is under way. The last is versitygw's,
// where a folder of its own vanishes under a put.
var conflictCodes = map[string]bool{"OperationAborted": true, "ConditionalRequestConflict": true, "ExistingObjectIsDirectory": true}

var fullCodes = map[string]bool{"QuotaExceeded": true, "XMinioStorageFull": true, "InsufficientStorage": true, "XMinioAdminBucketQuotaExceeded": true}

// explain says what the error of a request means. The ctx is the attempt's.
func explain(ctx context.Context, err error) failure {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && (answer.StatusCode != 0 || answer.Code != "") {
		return explainAnswer(answer)
	}
	if cause := context.Cause(ctx); cause != nil && (errors.Is(cause, errAttempt) || errors.Is(cause, errStalled)) {
		return failure{again: true, open: true, err: fmt.Errorf("%w: %w", origin.ErrUnreachable, cause)}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return failure{open: true, err: err}
	}
	var address *url.Error
	if errors.As(err, &address) { // its text has the whole URL
		err = address.Err
	}
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &certificate) || errors.As(err, &authority) {
		return failure{err: err}
	}
	return failure{again: true, open: true, err: fmt.Errorf("%w: %w", origin.ErrUnreachable, err)}
}

func explainAnswer(answer minio.ErrorResponse) failure {
	said := answerError{answer.StatusCode, word(answer.Code)}
	switch status := answer.StatusCode; {
	case status == http.StatusPreconditionFailed || said.code == "PreconditionFailed":
		return failure{err: errTaken}
	case status == http.StatusInsufficientStorage || fullCodes[said.code]:
		return failure{err: fmt.Errorf("%w: %w", origin.ErrNoSpace, said)}
	case said.code == codeNoKey:
		return failure{err: fmt.Errorf("%w: %w", origin.ErrNotFound, said)}
	case conflictCodes[said.code]:
		return failure{again: true, err: said}
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || againCodes[said.code],
		status >= 500 && status != http.StatusNotImplemented:
		return failure{again: true, open: status >= 500, err: fmt.Errorf("%w: %w", origin.ErrUnreachable, said)}
	}
	return failure{err: said}
}

// answerError is a refusal by its status and code. What else the store said of it stays out of our texts: it may quote
// the request.
type answerError struct {
	status int
	code   string
}

func (e answerError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the store says %d %s", e.status, e.code))
}

// word keeps what codes are made of.
func word(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, code[:min(len(code), 64)])
}

// hasCode tells whether the store refused with that code.
func hasCode(err error, code string) bool {
	var said answerError
	return errors.As(err, &said) && said.code == code
}

// wrap says what was done to what.
func wrap(op, what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("s3: %s %q: %w", op, what, err)
}

func (f failure) is(err error) bool { return errors.Is(f.err, err) }
