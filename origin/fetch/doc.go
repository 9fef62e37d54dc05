// Package fetch gets a file from a URL that a stranger has given, and from nowhere that the stranger may not reach.
//
// Its law: every address is checked when it is dialled, after resolution and at every redirect, so no name can change its
// meaning in between; time, bytes, redirects and headers are bounded; nothing is sent twice; what the caller gave for one
// origin goes to no other. It knows no transport of ours, keeps nothing, and never logs.
package fetch
