package sqlite

import (
	"context"
	"database/sql/driver"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

const (
	selectFile  = "SELECT " + catalog.FileColumns + " FROM files WHERE collection = ? AND record = ? AND name = ?"
	selectFiles = "SELECT " + catalog.FileColumns + " FROM files WHERE collection = ? AND record = ? ORDER BY name"
	upsertFile  = "INSERT INTO files (" + catalog.FileColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" + catalog.ReplaceFile
)

func (r reader) File(ctx context.Context, ref origin.FileRef) (*origin.File, error) {
	var f origin.File
	err := r.one(ctx, selectFile, []any{string(ref.Collection), string(ref.Record), string(ref.Name)},
		func(row []driver.Value) error {
			f = catalog.FileOf(row)
			return nil
		})
	if err != nil {
		return nil, err
	}
	return &f, nil
}

func (r reader) Files(ctx context.Context, c origin.CollectionID, id origin.RecordID) ([]origin.File, error) {
	var list []origin.File
	err := r.each(ctx, selectFiles, []any{string(c), string(id)}, func(row []driver.Value) error {
		list = append(list, catalog.FileOf(row))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) PutFile(ctx context.Context, f *origin.File) error {
	t.changes.Add(origin.Change{Collection: f.Collection, Record: f.Record})
	return t.exec(ctx, upsertFile, catalog.FileValues(f)...)
}

func (t *tx) DeleteFile(ctx context.Context, ref origin.FileRef) error {
	t.changes.Add(origin.Change{Collection: ref.Collection, Record: ref.Record})
	return t.exec(ctx, "DELETE FROM files WHERE collection = ? AND record = ? AND name = ?",
		string(ref.Collection), string(ref.Record), string(ref.Name))
}
