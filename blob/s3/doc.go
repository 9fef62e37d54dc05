// Package s3 keeps objects in a bucket of an S3 store: it implements origin.Blobs.
//
// Its law: an object appears by one request that carries If-None-Match: *, so whole or not at all, and once; a request whose
// fate is unknown is asked after by the mark in the object's metadata before it is called lost. A staged object is an
// unlinked file in a spool folder until its key is known: parts are read from there and never held in memory. Every wait
// ends: an attempt, the call of several, and a body that stalls have deadlines of their own.
package s3
