package catalog

import (
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

// FileColumns are the columns of a file.
const FileColumns = "collection, record, name, field, original, size, type, sha256, committed," +
	" format, width, height, orientation, depth, components, flags, frames, scans, icc, exif, texts"

// ReplaceFile is what becomes of a file's row that is there already: it is changed in its place, since to
// remove it would take the file's renditions with it.
const ReplaceFile = " ON CONFLICT (collection, record, name) DO UPDATE SET field = excluded.field, original = excluded.original," +
	" size = excluded.size, type = excluded.type, sha256 = excluded.sha256, committed = excluded.committed," +
	" format = excluded.format, width = excluded.width, height = excluded.height, orientation = excluded.orientation," +
	" depth = excluded.depth, components = excluded.components, flags = excluded.flags, frames = excluded.frames," +
	" scans = excluded.scans, icc = excluded.icc, exif = excluded.exif, texts = excluded.texts"

// FileValues are the values of FileColumns.
func FileValues(f *origin.File) []any {
	m := &f.Image
	return []any{string(f.Collection), string(f.Record),
		string(f.Name), string(f.Field), f.OriginalName, f.Size, f.ContentType, f.SHA256, f.Committed.UnixMilli(),
		int64(m.Format), int64(m.Width), int64(m.Height), int64(m.Orientation), int64(m.Depth), int64(m.Components),
		metaFlags(m), int64(m.Frames), int64(m.Scans), m.ICCBytes, m.EXIFBytes, m.TextBytes}
}

// FileOf is the file of a row of FileColumns.
func FileOf[V any](row []V) origin.File {
	f := origin.File{
		FileRef:      origin.FileRef{Collection: origin.CollectionID(text(row[0])), Record: origin.RecordID(text(row[1])), Name: origin.FileName(text(row[2]))},
		Field:        origin.FieldID(text(row[3])),
		OriginalName: text(row[4]),
		Size:         integer(row[5]),
		ContentType:  text(row[6]),
		SHA256:       text(row[7]),
		Committed:    time.UnixMilli(integer(row[8])).UTC(),
	}
	m := &f.Image
	m.Format = transform.Format(integer(row[9]))
	m.Width, m.Height = int(integer(row[10])), int(integer(row[11]))
	m.Orientation = uint8(integer(row[12]))
	m.Depth, m.Components = uint8(integer(row[13])), uint8(integer(row[14]))
	setMetaFlags(m, integer(row[15]))
	m.Frames, m.Scans = int(integer(row[16])), int(integer(row[17]))
	m.ICCBytes, m.EXIFBytes, m.TextBytes = integer(row[18]), integer(row[19]), integer(row[20])
	return f
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

// RenditionColumns are the columns of a rendition.
const RenditionColumns = "collection, record, name, variant, size, used"

// RenditionOf is the use of a row of RenditionColumns.
func RenditionOf[V any](row []V) origin.RenditionUse {
	return origin.RenditionUse{
		File: origin.FileRef{
			Collection: origin.CollectionID(text(row[0])),
			Record:     origin.RecordID(text(row[1])),
			Name:       origin.FileName(text(row[2])),
		},
		Variant: text(row[3]),
		Size:    integer(row[4]),
		Used:    integer(row[5]),
	}
}

// text and integer read a column whose type the schema fixes.

func text[V any](v V) string {
	s, _ := any(v).(string)
	return s
}

func integer[V any](v V) int64 {
	n, _ := any(v).(int64)
	return n
}
