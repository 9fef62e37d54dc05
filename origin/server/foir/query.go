package foir

import (
	"context"
	"sync/atomic"

	"github.com/graph-gophers/graphql-go"
	gqlerrors "github.com/graph-gophers/graphql-go/errors"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
)

// question is the body of POST /graphql (GraphQL over HTTP, section 5.4).
type question struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// call is one request, for the resolvers of its fields, which may run at the same time: the *server.Request is not among
// what they see.
type call struct {
	who    origin.Caller
	nobody error  // why who is a guest
	base   string // of the URLs in the answer, with the prefix
	fields atomic.Int64
	stop   context.CancelCauseFunc
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// may returns the caller if it has a scope. For whom there is no key that counts the reason is the key's.
func (c *call) may(s auth.Scope) (origin.Caller, error) {
	if c.nobody != nil {
		return origin.Caller{}, c.nobody
	}
	return c.who, c.who.Require(s)
}

// query answers POST /graphql. Whatever comes of a question that is one, the status is 200 (GraphQL over HTTP, section 6.4.1).
func (d *Dialect) query(r *server.Request) error {
	r.NoStore()
	var q question
	if err := r.ReadJSON(maxBody, &q); err != nil {
		return err
	}
	if q.Query == "" {
		return server.ErrMalformed
	}
	ctx, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	c := &call{base: r.Base() + d.prefix, stop: stop}
	c.who, c.nobody = d.caller(ctx, r)
	return r.JSON(200, d.execute(context.WithValue(ctx, callKey{}, c), q))
}

// execute answers a question, in words for the caller.
func (d *Dialect) execute(ctx context.Context, q question) *graphql.Response {
	answer := d.guarded(ctx, q)
	switch {
	case context.Cause(ctx) == errTooComplex:
		answer = &graphql.Response{Errors: []*gqlerrors.QueryError{{Err: errTooComplex}}}
	case string(answer.Data) == "{}", string(answer.Data) == "null":
		answer.Data = nil // refused before there was a field: of those of the roots none is non-null
	}
	answer.Errors = answer.Errors[:min(len(answer.Errors), maxErrors)]
	for _, err := range answer.Errors {
		d.reword(ctx, err)
	}
	return answer
}

// guarded is the library, which panics at values of a query's text that fit no type of Go: within a field's execution it
// recovers, before the first it does not.
func (d *Dialect) guarded(ctx context.Context, q question) (answer *graphql.Response) {
	defer func() {
		if v := recover(); v != nil {
			d.logPanic(ctx, v)
			answer = &graphql.Response{Errors: []*gqlerrors.QueryError{panics{}.MakePanicError(ctx, v)}}
		}
	}()
	return d.schema.Exec(ctx, q.Query, q.OperationName, q.Variables)
}
