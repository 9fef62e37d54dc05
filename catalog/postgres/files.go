package postgres

import (
	"context"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

const fileColumns = "name, field, original, size, type, sha256, committed," +
	" format, width, height, orientation, depth, components, flags, frames, scans, icc, exif, texts"

const (
	selectFile  = "SELECT " + fileColumns + " FROM files WHERE collection = $1::text AND record = $2::text AND name = $3::text"
	deleteFile  = "DELETE FROM files WHERE collection = $1::text AND record = $2::text AND name = $3::text"
	selectFiles = "SELECT " + fileColumns + " FROM files WHERE collection = $1::text AND record = $2::text ORDER BY name"
	// upsertFile does not replace the row, which would take the file's renditions with it.
	upsertFile = "INSERT INTO files (collection, record, " + fileColumns + ")" +
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)" +
		" ON CONFLICT (collection, record, name) DO UPDATE SET field = excluded.field, original = excluded.original," +
		" size = excluded.size, type = excluded.type, sha256 = excluded.sha256, committed = excluded.committed," +
		" format = excluded.format, width = excluded.width, height = excluded.height, orientation = excluded.orientation," +
		" depth = excluded.depth, components = excluded.components, flags = excluded.flags, frames = excluded.frames," +
		" scans = excluded.scans, icc = excluded.icc, exif = excluded.exif, texts = excluded.texts"
)

func (r reader) File(ctx context.Context, ref origin.FileRef) (*origin.File, error) {
	f := &origin.File{}
	err := r.one(ctx, selectFile, []any{string(ref.Collection), string(ref.Record), string(ref.Name)},
		func(row []any) error {
			scanFile(f, row)
			f.Collection, f.Record = ref.Collection, ref.Record
			return nil
		})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (r reader) Files(ctx context.Context, c origin.CollectionID, id origin.RecordID) ([]origin.File, error) {
	var list []origin.File
	err := r.each(ctx, selectFiles, []any{string(c), string(id)}, func(row []any) error {
		f := origin.File{}
		scanFile(&f, row)
		f.Collection, f.Record = c, id
		list = append(list, f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func scanFile(f *origin.File, row []any) {
	f.Name = origin.FileName(text(row[0]))
	f.Field = origin.FieldID(text(row[1]))
	f.OriginalName = text(row[2])
	f.Size = integer(row[3])
	f.ContentType = text(row[4])
	f.SHA256 = text(row[5])
	f.Committed = time.UnixMilli(integer(row[6])).UTC()
	m := &f.Image
	m.Format = transform.Format(integer(row[7]))
	m.Width, m.Height = int(integer(row[8])), int(integer(row[9]))
	m.Orientation = uint8(integer(row[10]))
	m.Depth, m.Components = uint8(integer(row[11])), uint8(integer(row[12]))
	setMetaFlags(m, integer(row[13]))
	m.Frames, m.Scans = int(integer(row[14])), int(integer(row[15]))
	m.ICCBytes, m.EXIFBytes, m.TextBytes = integer(row[16]), integer(row[17]), integer(row[18])
}

func (t *tx) PutFile(ctx context.Context, f *origin.File) error {
	t.changes.add(origin.Change{Collection: f.Collection, Record: f.Record})
	return t.exec(ctx, upsertFile, fileValues(f)...)
}

// fileValues are the parameters of upsertFile.
func fileValues(f *origin.File) []any {
	m := &f.Image
	return []any{string(f.Collection), string(f.Record),
		string(f.Name), string(f.Field), f.OriginalName, f.Size, f.ContentType, f.SHA256, f.Committed.UnixMilli(),
		int64(m.Format), int64(m.Width), int64(m.Height), int64(m.Orientation), int64(m.Depth), int64(m.Components),
		metaFlags(m), int64(m.Frames), int64(m.Scans),
		m.ICCBytes, m.EXIFBytes, m.TextBytes}
}

func (t *tx) DeleteFile(ctx context.Context, ref origin.FileRef) error {
	t.changes.add(origin.Change{Collection: ref.Collection, Record: ref.Record})
	return t.exec(ctx, deleteFile, string(ref.Collection), string(ref.Record), string(ref.Name))
}

// metaBits are the members of transform.Meta that are kept in the column flags, from bit 0 on. Only append.
func metaBits(m *transform.Meta) [8]*bool {
	return [...]*bool{&m.Alpha, &m.Interlaced, &m.Progressive, &m.Arithmetic, &m.Lossless, &m.Truncated, &m.FrameCut, &m.Partial}
}

func metaFlags(m *transform.Meta) int64 {
	var flags int64
	for i, bit := range metaBits(m) {
		if *bit {
			flags |= 1 << i
		}
	}
	return flags
}

func setMetaFlags(m *transform.Meta, flags int64) {
	for i, bit := range metaBits(m) {
		*bit = flags&(1<<i) != 0
	}
}
