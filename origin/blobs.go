package origin

import (
	"context"
	"io"
)

// Blobs keeps objects by key. Every implementation passes the suite in blob/blobtest.
//
// All methods are safe for concurrent use and honour their context. An object appears whole or not at all, and what
// was acknowledged survives a crash of the machine. A full disk is ErrNoSpace. What is no Key is an error and reaches
// nothing. After Close all is ErrClosed.
type Blobs interface {
	// Stage begins an object whose key is not yet decided. The context bounds its writing too: a Write after its end fails,
	// and so does a Commit after a Write that failed.
	Stage(ctx context.Context) (Staged, error)

	// PutIfAbsent stores a small object.
	//  1. It was absent and is stored: nil.
	//  2. There is one already, which stays as it is: ErrExists.
	//  3. Anything else: nothing is stored.
	PutIfAbsent(ctx context.Context, key Key, data []byte) error

	// Open returns n bytes of the object from offset on: to its end where n is negative or more than there is, and none,
	// which is no error, where offset is at its end or beyond. Size is always that of the whole object. An absent object is
	// ErrNotFound; a negative offset is an error. The caller closes the body, and lets ctx live until then: it bounds
	// the reading too.
	Open(ctx context.Context, key Key, offset, n int64) (Object, error)

	// Delete removes objects; absent ones are no error.
	Delete(ctx context.Context, keys ...Key) error

	// DeletePrefix removes all objects whose keys begin with prefix, which ends with "/".
	DeletePrefix(ctx context.Context, prefix Key) error

	// List returns up to limit objects whose keys begin with prefix and sort after after, in bytewise order of the whole
	// keys. Prefix may be empty, or end within a segment; after need not be the key of anything.
	List(ctx context.Context, prefix, after Key, limit int) ([]ObjectInfo, error)

	// Check tells whether the store answers, for health probes.
	Check(ctx context.Context) error
	Close() error
}

// Staged is an object being written. It is used by one goroutine at a time and ended by exactly one successful
// Commit, or by Discard; Discard after Commit does nothing.
type Staged interface {
	io.Writer
	io.ReaderAt // of what has been written
	// Commit makes the object durable and visible under key, replacing nothing: a taken key is ErrExists. After an error
	// it may be tried again, under this key or another.
	Commit(ctx context.Context, key Key) error
	// Discard removes what was written.
	Discard() error
}

// Object is an opened object.
type Object struct {
	Body io.ReadCloser
	Size int64 // of the whole object, bytes
}

// ObjectInfo is one row of a listing.
type ObjectInfo struct {
	Key      Key
	Size     int64
	Modified int64 // when it became visible, Unix milliseconds by the store's clock
}
