// Package postgres keeps the catalog in a PostgreSQL database (13 or later), which any number of replicas may use at once.
//
// Its law: a write is one SERIALIZABLE transaction, run again after a conflict; reads wait for no writer but one that
// changes the shape of what they read; a bounded set of connections, and no wait that outlives its context or Config.Wait;
// what another replica has changed is an error that says so (rule.ErrStale, origin.ErrNotFound) and never a wrong answer;
// identifiers reach SQL quoted by quote, values as parameters only.
package postgres
