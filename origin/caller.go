package origin

import (
	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/rule"
)

// Caller is who asks, and what rules may know of the question. The zero Caller is a guest without a request.
type Caller struct {
	Principal auth.Principal
	Facts     Facts // nil where there is no request
}

// Facts are what rules may look at beside the record and the principal. The core asks for them only when a rule needs
// them and only before the call returns, so an implementation may look into a request's own buffers;
// what it returns must be copies.
type Facts interface {
	Method() string
	Query() map[string]string   // first value of each parameter
	Headers() map[string]string // names in lower case, "-" as "_"
}

// Contexts that rules see as @request.context.
const (
	contextDefault       = "default"
	contextProtectedFile = "protectedFile"
	contextPasswordAuth  = "password"
)

// System is the program itself: it passes every rule.
func System() Caller { return Caller{Principal: auth.Principal{Superuser: true}} }

// ruleRequest gathers what an expression may ask for; auth is the principal's record or nil.
func (o *Origin) ruleRequest(who Caller, context string, authValues map[string]any) *rule.Request {
	r := &rule.Request{Context: context, Auth: authValues, Now: o.now()}
	if who.Facts != nil {
		r.Method, r.Query, r.Headers = who.Facts.Method(), who.Facts.Query(), who.Facts.Headers()
	}
	return r
}
