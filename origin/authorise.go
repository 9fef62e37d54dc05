package origin

import (
	"context"

	"github.com/imgorigin/imgorigin/rule"
)

// satisfies tells whether a record meets an expression for this caller. An expression that can't be evaluated is not met.
func (o *Origin) satisfies(ctx context.Context, who Caller, context string, e *rule.Expr, record *Record) (bool, error) {
	values, err := o.authValues(ctx, who.Principal)
	if err != nil {
		return false, err
	}
	ok, err := e.Match(record.Values, o.ruleRequest(who, context, values))
	return ok && err == nil, nil
}

// allowed tells whether a caller may do what a rule guards.
func (o *Origin) allowed(ctx context.Context, who Caller, context string, a access, record *Record) (bool, error) {
	switch {
	case who.Principal.Superuser, a.anyone:
		return true, nil
	case a.expr == nil:
		return false, nil
	}
	return o.satisfies(ctx, who, context, a.expr, record)
}
