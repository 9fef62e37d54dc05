// Package foir is the GraphQL dialect: createFileUpload, confirmFileUpload and file at POST /graphql, the upload URLs that
// the first hands out, and the addresses that File.url names.
//
// Its law: translate and nothing else. A field of the query becomes one call of the core, and the error's Kind a code in
// the extensions of a GraphQL error. A query is measured before it is executed and while it is; what asks for too much is
// refused whole.
package foir
