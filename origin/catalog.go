package origin

import (
	"context"
	"time"

	"github.com/imgorigin/imgorigin/rule"
)

// Catalog keeps collections, records, files and the index of stored renditions. Every implementation passes the
// suite in catalog/catalogtest.
//
// All methods are safe for concurrent use and honour their context. What a successful Write committed survives a crash
// of the process and of the machine, and is seen by every later read of this process.
type Catalog interface {
	CatalogReader

	// Write runs fn in one transaction that sees no other writer's half-done work, and commits.
	//  1. fn returned nil and the commit succeeded: nil, and all of it is durable.
	//  2. fn returned an error: nothing is changed, and that error comes back as it is.
	//  3. The commit failed: nothing is changed, and the catalog's error comes back.
	// fn must be quick, use nothing but tx for catalog access, and may be run again from the start after a
	// conflict: it must be free of side effects outside of tx.
	Write(ctx context.Context, fn func(tx CatalogTx) error) error

	// Watch calls changed for every committed change, whoever made it, in this process or another, within a second,
	// until ctx ends, and then returns ctx.Err(). A change may be reported more than once. Where changes may have been
	// missed (the first call, a reconnect, a log already trimmed) a Change with All set is reported.
	//
	// Each time that all is reported it calls fresh: a change that is not yet reported is committed less than a second
	// before until. Who serves what it remembers must stop then, unless fresh was called again; the zero time is the
	// end of Watch. Another error than ctx's means that watching stopped and that nothing may be taken to be fresh.
	// Both are called by one goroutine.
	Watch(ctx context.Context, changed func(Change), fresh func(until time.Time)) error

	Renditions

	// Check tells whether the catalog answers, for health probes.
	Check(ctx context.Context) error
	Close() error
}

// CatalogReader is the reading half. Not-found is ErrNotFound, a collection that is gone among it; where a field was
// renamed or removed since the caller took the collection, a read that needs it is an error that wraps rule.ErrStale.
type CatalogReader interface {
	// Collections returns all collections in the order of their making.
	Collections(ctx context.Context) ([]*Collection, error)
	// Record returns one record.
	Record(ctx context.Context, c *Collection, id RecordID) (*Record, error)
	// RecordBy returns the first record whose text-like field equals value; e-mail fields compare without regard to ASCII case.
	RecordBy(ctx context.Context, c *Collection, field, value string) (*Record, error)
	// RecordsByID returns those of the records that exist, in no particular order.
	RecordsByID(ctx context.Context, c *Collection, ids []RecordID) ([]*Record, error)
	// List returns a page of records that satisfy the query.
	List(ctx context.Context, c *Collection, q Query) (Page, error)
	// Referencing returns up to limit ids of records of c whose relation field contains id.
	Referencing(ctx context.Context, c *Collection, field *Field, id RecordID, limit int) ([]RecordID, error)
	// File returns the row of one file.
	File(ctx context.Context, ref FileRef) (*File, error)
	// Files returns the rows of all files of a record, by name.
	Files(ctx context.Context, c CollectionID, r RecordID) ([]File, error)
	// Param returns a value of the small key-value store for the program's own settings and secrets.
	Param(ctx context.Context, name string) ([]byte, error)
}

// CatalogTx is a write transaction. A record's unique indexes are enforced: a clash is a *UniqueError.
type CatalogTx interface {
	CatalogReader

	// CheckCollection tells whether c is the collection of now: nil where it has the fields and the Updated of the one that
	// is kept, an error that wraps rule.ErrStale where it was changed since c was read, ErrNotFound where it is gone.
	CheckCollection(ctx context.Context, c *Collection) error
	// InsertCollection makes the collection and what its records need.
	InsertCollection(ctx context.Context, c *Collection) error
	// UpdateCollection changes old into c. Fields are matched by id: a field that is gone loses its values, a renamed one
	// keeps them, one that changes between single and multiple has its values converted (a list keeps its last element).
	UpdateCollection(ctx context.Context, old, c *Collection) error
	// DeleteCollection removes the collection with its records, files and rendition index.
	DeleteCollection(ctx context.Context, c *Collection) error

	// InsertRecord and UpdateRecord fail as CheckCollection does where c is not the collection of now.

	// InsertRecord adds a record; a taken id is a *UniqueError on "id".
	InsertRecord(ctx context.Context, c *Collection, r *Record) error
	// UpdateRecord replaces all values of the record of that id, which is never changed.
	UpdateRecord(ctx context.Context, c *Collection, r *Record) error
	// DeleteRecord removes a record with its files' rows and their rendition index.
	DeleteRecord(ctx context.Context, c *Collection, id RecordID) error

	// PutFile adds a file's row, or replaces the one of the same FileRef.
	PutFile(ctx context.Context, f *File) error
	// DeleteFile removes a file's row and its rendition index; an absent one is no error.
	DeleteFile(ctx context.Context, ref FileRef) error

	// SetParam sets a value; nil removes it.
	SetParam(ctx context.Context, name string, value []byte) error
}

// Query asks for a page of records.
type Query struct {
	Where   []*rule.Expr  // all must hold
	Request *rule.Request // what @request means in Where
	Sort    []rule.Sort   // then by id, so that pages do not overlap
	Offset  int
	Limit   int
	Total   bool // count all that match
}

// Page is the answer to a Query.
type Page struct {
	Records []*Record
	Total   int // -1 where not asked for
}

// UniqueError says that a write would have broken a unique index.
type UniqueError struct {
	Columns []string
}

func (e *UniqueError) Error() string { return "value must be unique" }

// Change says what a committed transaction touched.
type Change struct {
	All        bool         // anything may have changed
	Schema     bool         // collections were made, changed or removed
	Collection CollectionID // with Record: this record, its files or its credentials
	Record     RecordID
}

// Renditions is the index of stored renditions: what there is, how large, and when it was last used. It serves the
// byte budget and nothing else: a rendition is found by its key, so a row that is lost costs no wrong answer.
type Renditions interface {
	// TouchRenditions records uses. A row is made or renewed only while its file's row exists; those whose file
	// is gone come back, for the caller to delete their objects.
	TouchRenditions(ctx context.Context, uses []RenditionUse) (gone []RenditionUse, err error)
	// RenditionBytes is the sum of all sizes, without a scan.
	RenditionBytes(ctx context.Context) (int64, error)
	// ColdestRenditions returns up to limit rows, least recently used first.
	ColdestRenditions(ctx context.Context, limit int) ([]RenditionUse, error)
	// ForgetRenditions removes rows.
	ForgetRenditions(ctx context.Context, uses []RenditionUse) error
}

// RenditionUse is one row of the index.
type RenditionUse struct {
	File    FileRef
	Variant string
	Size    int64 // bytes
	Used    int64 // Unix milliseconds
}
