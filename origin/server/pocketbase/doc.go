// Package pocketbase is the native dialect: PocketBase's file, record, collection and sign-in routes, so that its clients
// work unchanged.
//
// Its law: translate and nothing else. A request becomes one call of the core, the result or the error's Kind becomes
// PocketBase's JSON. What is kept, allowed or rendered is decided in package origin. Where we differ from
// PocketBase on purpose, docs/pocketbase.md gives the reason.
package pocketbase
