package catalog

import (
	"context"

	"github.com/imgorigin/imgorigin/origin"
)

// Mover is a catalog whose whole contents can be copied to another kind of catalog, or from one. Both adapters are.
type Mover interface {
	origin.Catalog
	Contents

	// Snapshot takes one state of the catalog, that of now, beside everybody who uses it. The caller closes it, before the
	// catalog, and uses it from one goroutine.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Load runs fn in one transaction that writes rows as they are elsewhere, and that no watcher is told of: nobody may
	// be using the catalog yet. Its outcomes are those of origin.Catalog's Write. It goes through a seal, and no two run
	// at once.
	Load(ctx context.Context, fn func(Loader) error) error

	// Seal refuses every Write from now on, by whichever process and of whatever version, with origin.ErrSealed. When it
	// returns, what was acknowledged before is in every later Snapshot. Reads go on, and so do uses of renditions.
	// To seal a sealed catalog, and to unseal an open one, does nothing.
	Seal(ctx context.Context) error
	Unseal(ctx context.Context) error
	Sealed(ctx context.Context) (bool, error)
}

// Contents reads all that a catalog keeps, in pages of at most limit rows, those that come after the given one in the order
// of their keys: numbers in their order, texts by their bytes. What watchers were told is not among it.
type Contents interface {
	Collections(ctx context.Context) ([]*origin.Collection, error)
	// Rows returns records of c, in the order of their making.
	Rows(ctx context.Context, c *origin.Collection, after int64, limit int) ([]Row, error)
	AllFiles(ctx context.Context, after origin.FileRef, limit int) ([]origin.File, error)
	AllRenditions(ctx context.Context, after origin.RenditionUse, limit int) ([]origin.RenditionUse, error)
	// Params returns all of them, by name: there are few.
	Params(ctx context.Context) ([]Param, error)
	// Size is the number of rows that the others return.
	Size(ctx context.Context) (int64, error)
}

// Snapshot is one state of a catalog, whatever is written meanwhile.
type Snapshot interface {
	Contents
	Close() error
}

// Row is a record with its place in the order of making, which sorts by "@rowid" and moves with the record.
type Row struct {
	Position int64 // above 0
	Record   *origin.Record
}

// Param is a value of the program's own.
type Param struct {
	Name  string
	Value []byte
}

// Loader writes rows as they are elsewhere.
type Loader interface {
	InsertCollection(ctx context.Context, c *origin.Collection) error
	DeleteCollection(ctx context.Context, c *origin.Collection) error
	// InsertRows adds records at positions that are free; an error names the record that was refused.
	InsertRows(ctx context.Context, c *origin.Collection, rows []Row) error
	// DeleteRows removes the records at the positions, and leaves the rows of their files to DeleteFiles.
	DeleteRows(ctx context.Context, c *origin.Collection, rows []Row) error
	PutFiles(ctx context.Context, files []origin.File) error
	DeleteFiles(ctx context.Context, files []origin.File) error
	PutRenditions(ctx context.Context, uses []origin.RenditionUse) error
	DeleteRenditions(ctx context.Context, uses []origin.RenditionUse) error
	Param(ctx context.Context, name string) ([]byte, error)
	SetParam(ctx context.Context, name string, value []byte) error
}

// SameRecord tells whether two records of c are kept alike: their canonical forms are equal.
func SameRecord(c *origin.Collection, a, b *origin.Record) bool {
	for i := range c.Fields {
		f := &c.Fields[i]
		x, errX := EncodeValue(f, a.Values[f.Name])
		y, errY := EncodeValue(f, b.Values[f.Name])
		if errX != nil || errY != nil || x != y {
			return false
		}
	}
	return a.ID == b.ID
}
