package foir

import (
	"context"
	"errors"

	gqlerrors "github.com/graph-gophers/graphql-go/errors"
	"github.com/graph-gophers/graphql-go/trace/noop"
	"github.com/graph-gophers/graphql-go/trace/tracer"
)

// Bounds of a query. The one that tools ask a schema with has fields in each other 15 deep, and an answer of 1090 fields.
const (
	maxBody       = 256 << 10 // bytes of a request: the query, and variables with metadata in them
	maxQuery      = 16 << 10  // bytes of the query's text, of which a guest may make some tenth of a second of work
	maxDepth      = 16        // of fields in each other
	maxSelections = 500       // of an operation, with what its fragments stand for; aliases count as what they are
	maxOverlaps   = 20_000    // pairs of fields that may have to be merged
	maxFields     = 20_000    // of an answer: types that are asked for their fields' types' fields have no end
	maxParallel   = 4         // fields of one query that ask the core at the same time
	maxErrors     = 20        // that are told of
)

var errTooComplex = errors.New("the query asks for too much")

// budgetTracer counts the fields of an answer as they come to be, and ends a query that has too many.
type budgetTracer struct{ noop.Tracer }

// TraceField is called before each field is resolved.
func (budgetTracer) TraceField(ctx context.Context, _, _, _ string, _ bool, _ map[string]any) (context.Context, tracer.FieldFinishFunc) {
	if c := callOf(ctx); c.fields.Add(1) > maxFields {
		c.stop(errTooComplex)
	}
	return ctx, func(*gqlerrors.QueryError) {}
}
