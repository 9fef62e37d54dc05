// Package catalog is what the adapters of origin.Catalog have in common: how records, files and changes become rows, what a
// collection's table and its indexes are, and how a collection is written down.
//
// Its law: the forms here are stored, so they change only by addition, with a migration; they are the same in every
// adapter, so that rows move from one to another as they are; what does not read back exactly is refused when written;
// and no SQL here but what both dialects read.
package catalog
