package postgres

import (
	"context"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

const (
	selectFile  = "SELECT " + catalog.FileColumns + " FROM files WHERE collection = $1::text AND record = $2::text AND name = $3::text"
	deleteFile  = "DELETE FROM files WHERE collection = $1::text AND record = $2::text AND name = $3::text"
	selectFiles = "SELECT " + catalog.FileColumns + " FROM files WHERE collection = $1::text AND record = $2::text ORDER BY name"
	upsertFile  = "INSERT INTO files (" + catalog.FileColumns + ")" +
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)" + catalog.ReplaceFile
)

func (r reader) File(ctx context.Context, ref origin.FileRef) (*origin.File, error) {
	var f origin.File
	err := r.one(ctx, selectFile, []any{string(ref.Collection), string(ref.Record), string(ref.Name)},
		func(row []any) error {
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
	err := r.each(ctx, selectFiles, []any{string(c), string(id)}, func(row []any) error {
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
	return t.exec(ctx, deleteFile, string(ref.Collection), string(ref.Record), string(ref.Name))
}
