package origin

import (
	"context"
	"errors"
	"fmt"

	"github.com/imgorigin/imgorigin/rule"
)

// dropFieldFiles removes the rows of files that a change of the collection takes out of their records: all of a file field
// that goes, and all but the last where a list becomes a single file. It returns them.
func dropFieldFiles(ctx context.Context, tx CatalogTx, old, c *Collection) ([]FileRef, error) {
	var dropped []FileRef
	for i := range old.Fields {
		was := &old.Fields[i]
		is := c.FieldByID(was.ID)
		if was.Type != FileField || is != nil && (is.Multiple() || !was.Multiple()) {
			continue
		}
		err := eachRecord(ctx, tx, old, func(r *Record) error {
			names := r.Strings(was.Name)
			if is != nil && len(names) > 0 {
				names = names[:len(names)-1]
			}
			for _, name := range names {
				ref := FileRef{c.ID, r.ID, FileName(name)}
				if err := tx.DeleteFile(ctx, ref); err != nil {
					return err
				}
				dropped = append(dropped, ref)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return dropped, nil
}

// sweptMost bounds the memory that the names of a collection's files take, about 200 bytes each, and is what sweepTimeout is
// enough for. The files beyond it are orphans after the commit, which CollectGarbage removes.
const sweptMost = 100_000

// collectionFiles lists up to sweptMost files of a collection's records.
func collectionFiles(ctx context.Context, reader CatalogReader, c *Collection) ([]FileRef, error) {
	var fields []string
	for i := range c.Fields {
		if c.Fields[i].Type == FileField {
			fields = append(fields, c.Fields[i].Name)
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	var files []FileRef
	err := eachRecord(ctx, reader, c, func(r *Record) error {
		for _, field := range fields {
			for _, name := range r.Strings(field) {
				files = append(files, FileRef{c.ID, r.ID, FileName(name)})
			}
		}
		if len(files) >= sweptMost {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return files, err
}

// errEnough ends a walk that needs no more.
var errEnough = errors.New("enough")

// recordBatch is how many records eachRecord reads at once.
const recordBatch = 1000

// eachRecord visits all records of a collection in the order of their ids.
func eachRecord(ctx context.Context, reader CatalogReader, c *Collection, visit func(*Record) error) error {
	fields := recordSchema(c)
	sort, err := rule.ParseSort(ColID, fields)
	if err != nil {
		return err
	}
	q := Query{Sort: sort, Limit: recordBatch, Request: &rule.Request{}}
	for {
		page, err := reader.List(ctx, c, q)
		if err != nil || len(page.Records) == 0 {
			return err
		}
		for _, r := range page.Records {
			if err := visit(r); err != nil {
				return err
			}
		}
		// Ids contain no quotes: see checkID.
		after, err := rule.Parse(fmt.Sprintf("id > '%s'", page.Records[len(page.Records)-1].ID), fields, nil)
		if err != nil {
			return err
		}
		q.Where = []*rule.Expr{after}
	}
}
