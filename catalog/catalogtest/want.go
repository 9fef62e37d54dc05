package catalogtest

import (
	"errors"
	"slices"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
	"github.com/imgorigin/imgorigin/transform"
)

func exprs(list ...*rule.Expr) []*rule.Expr { return list }

func ref(c origin.CollectionID, r origin.RecordID, name origin.FileName) origin.FileRef {
	return origin.FileRef{Collection: c, Record: r, Name: name}
}

func use(c origin.CollectionID, r origin.RecordID, name origin.FileName, variant string, size, used int64) origin.RenditionUse {
	return origin.RenditionUse{File: ref(c, r, name), Variant: variant, Size: size, Used: used}
}

func aFile(c origin.CollectionID, r origin.RecordID, name origin.FileName) *origin.File {
	return &origin.File{
		FileRef: ref(c, r, name), Field: "id_file", OriginalName: "Photo of mine.JPG", Size: 1 << 41, ContentType: "image/jpeg",
		SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Image: transform.Meta{Format: transform.JPEG, Width: 65535, Height: 65534, Orientation: 6, Depth: 8, Components: 3,
			Progressive: true, Frames: 1, Scans: 10, ICCBytes: 3144, EXIFBytes: 60000},
		Committed: now,
	}
}

func (s *suite) putFile(c origin.CollectionID, r origin.RecordID, name origin.FileName) *origin.File {
	s.Helper()
	f := aFile(c, r, name)
	s.write(func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, f) })
	return f
}

// touch records uses of renditions whose files all exist.
func (s *suite) touch(uses ...origin.RenditionUse) {
	s.Helper()
	gone, err := s.cat.TouchRenditions(s.ctx, uses)
	s.do(err)
	s.same("gone", gone, []origin.RenditionUse{})
}

func (s *suite) wantNotFound(what string, err error) {
	s.Helper()
	if !errors.Is(err, origin.ErrNotFound) {
		s.Errorf("%s: error %v, want not found", what, err)
	}
}

func (s *suite) wantBytes(want int64) {
	s.Helper()
	got, err := s.cat.RenditionBytes(s.ctx)
	s.do(err)
	if got != want {
		s.Errorf("renditions have %d bytes, want %d", got, want)
	}
}

func (s *suite) wantColdest(limit int, want ...origin.RenditionUse) {
	s.Helper()
	got, err := s.cat.ColdestRenditions(s.ctx, limit)
	s.do(err)
	s.same("coldest renditions", got, want)
}

func (s *suite) wantRecord(c *origin.Collection, want *origin.Record) {
	s.Helper()
	got, err := s.cat.Record(s.ctx, c, want.ID)
	s.do(err)
	s.same("record", got, want)
}

func (s *suite) wantText(c *origin.Collection, id origin.RecordID, field, want string) {
	s.Helper()
	r, err := s.cat.Record(s.ctx, c, id)
	s.do(err)
	if got := r.Text(field); got != want {
		s.Errorf("%s of %s is %q, want %q", field, id, got, want)
	}
}

func (s *suite) wantUnique(err error, columns ...string) {
	s.Helper()
	var unique *origin.UniqueError
	if !errors.As(err, &unique) || !slices.Equal(unique.Columns, columns) {
		s.Errorf("error %v (%+v), want a UniqueError on %v", err, unique, columns)
	}
}

func (s *suite) wantNoRecord(c *origin.Collection, id origin.RecordID) {
	s.Helper()
	_, err := s.cat.Record(s.ctx, c, id)
	s.wantNotFound("record "+string(id), err)
}
