// Package transfer brings a catalog from one kind of store to another, while the old one is in use.
//
// Its law: it goes by what is there and keeps no state of its own, so that a run that was ended anywhere is done again and
// does what is left; a row counts as moved when it was read back and is the same; a catalog is not called moved before
// the old one refuses writes, so that no acknowledged write is left behind; and a target that is somebody's is never touched.
package transfer
