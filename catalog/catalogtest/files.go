package catalogtest

import (
	"reflect"
	"time"

	"pgregory.net/rapid"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/transform"
)

var fileTests = []test{
	{"come back exactly as they were", func(s *suite) {
		n := 0
		rapid.Check(s, func(t *rapid.T) {
			n++
			f := aFile("pbc_1", origin.RecordID(rune('a'+n%26)), origin.FileName(genText().Draw(t, "name")))
			f.OriginalName, f.ContentType = genText().Draw(t, "original"), genText().Draw(t, "type")
			f.Size = rapid.Int64Min(0).Draw(t, "size")
			f.Image = genMeta(t)
			if err := s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, f) }); err != nil {
				t.Fatal(err)
			}
			got, err := s.cat.File(s.ctx, f.FileRef)
			if err != nil {
				t.Fatal(err)
			}
			if *got != *f {
				t.Fatalf("got %+v, want %+v", got, f)
			}
		})
	}},
	{"that are no pictures come back too", func(s *suite) {
		f := aFile("pbc_1", "r", "x.txt")
		f.Image = transform.Meta{}
		s.write(func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, f) })
		got, err := s.cat.File(s.ctx, f.FileRef)
		s.do(err)
		s.same("file", got, f)
	}},
	{"of a record are listed by name", func(s *suite) {
		s.putFile("pbc_1", "r", "b.jpg")
		s.putFile("pbc_1", "r", "a.jpg")
		s.putFile("pbc_1", "r", "B.jpg")
		s.putFile("pbc_1", "rr", "c.jpg")
		s.putFile("pbc_2", "r", "d.jpg")
		list, err := s.cat.Files(s.ctx, "pbc_1", "r")
		s.do(err)
		s.same("files", list, []origin.File{*aFile("pbc_1", "r", "B.jpg"), *aFile("pbc_1", "r", "a.jpg"), *aFile("pbc_1", "r", "b.jpg")})
		list, err = s.cat.Files(s.ctx, "pbc_1", "none")
		s.do(err)
		s.same("files of none", list, []origin.File{})
	}},
	{"are told apart by every part of their address, and case", func(s *suite) {
		s.putFile("pbc_1", "r", "a.jpg")
		for _, other := range []origin.FileRef{ref("pbc_2", "r", "a.jpg"), ref("pbc_1", "R", "a.jpg"), ref("pbc_1", "r", "A.jpg"), ref("", "", "")} {
			_, err := s.cat.File(s.ctx, other)
			s.wantNotFound("file", err)
		}
	}},
	{"are replaced by one of the same address, whose renditions stay", func(s *suite) {
		f := s.putFile("pbc_1", "r", "a.jpg")
		s.touch(use("pbc_1", "r", "a.jpg", "v", 7, 1))
		f = &origin.File{FileRef: f.FileRef, Field: "another", OriginalName: "o", Size: 1, ContentType: "x/y", SHA256: "00",
			Image: transform.Meta{Format: transform.GIF, Width: 2, Height: 3, Orientation: 4, Depth: 5, Components: 2, Alpha: true,
				Truncated: true, Frames: 7, Scans: 8, ICCBytes: 9, EXIFBytes: 10, TextBytes: 11}, Committed: now.Add(time.Hour)}
		s.write(func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, f) })
		got, err := s.cat.File(s.ctx, f.FileRef)
		s.do(err)
		s.same("file", got, f)
		s.wantBytes(7)
	}},
	{"that are deleted take their renditions with them, and may be deleted again", func(s *suite) {
		s.putFile("pbc_1", "r", "a.jpg")
		s.putFile("pbc_1", "r", "b.jpg")
		s.touch(use("pbc_1", "r", "a.jpg", "v", 1, 1), use("pbc_1", "r", "a.jpg", "w", 10, 1), use("pbc_1", "r", "b.jpg", "v", 100, 1))
		for range 2 {
			s.write(func(tx origin.CatalogTx) error { return tx.DeleteFile(s.ctx, ref("pbc_1", "r", "a.jpg")) })
			_, err := s.cat.File(s.ctx, ref("pbc_1", "r", "a.jpg"))
			s.wantNotFound("file", err)
			s.wantColdest(9, use("pbc_1", "r", "b.jpg", "v", 100, 1))
			s.wantBytes(100)
		}
	}},
}

// genMeta fills every member of a Meta with what its type holds, so that one that is added there is asked for here.
func genMeta(t *rapid.T) transform.Meta {
	var m transform.Meta
	v := reflect.ValueOf(&m).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch f := v.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(rapid.Bool().Draw(t, name))
		case reflect.Uint8:
			f.SetUint(uint64(rapid.Uint8Max(16).Draw(t, name)))
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(rapid.Int32Min(0).Draw(t, name)))
		default:
			t.Fatalf("transform.Meta.%s is a %v, which this test can't fill", name, f.Kind())
		}
	}
	return m
}

var renditionTests = []test{
	{"are there once they were used, coldest first", func(s *suite) {
		s.wantBytes(0)
		s.wantColdest(9)
		s.putFile("pbc_1", "r", "a.jpg")
		s.putFile("pbc_1", "r", "b.jpg")
		one, two, three := use("pbc_1", "r", "a.jpg", "v", 10, 300), use("pbc_1", "r", "a.jpg", "w", 20, 100), use("pbc_1", "r", "b.jpg", "v", 40, 200)
		s.touch(one, two, three)
		s.wantColdest(9, two, three, one)
		s.wantColdest(2, two, three)
		s.wantColdest(0)
		s.wantBytes(70)
		s.cat = s.another()
		s.wantBytes(70)
	}},
	{"are warmed by use, and their size follows", func(s *suite) {
		s.putFile("pbc_1", "r", "a.jpg")
		s.touch(use("pbc_1", "r", "a.jpg", "v", 10, 100), use("pbc_1", "r", "a.jpg", "w", 20, 200))
		s.touch(use("pbc_1", "r", "a.jpg", "v", 15, 300))
		s.wantColdest(9, use("pbc_1", "r", "a.jpg", "w", 20, 200), use("pbc_1", "r", "a.jpg", "v", 15, 300))
		s.wantBytes(35)
	}},
	{"do not cool by a use that is reported late", func(s *suite) {
		s.putFile("pbc_1", "r", "a.jpg")
		s.touch(use("pbc_1", "r", "a.jpg", "v", 10, 300))
		s.touch(use("pbc_1", "r", "a.jpg", "v", 10, 100))
		s.wantColdest(9, use("pbc_1", "r", "a.jpg", "v", 10, 300))
	}},
	{"of a file that is gone come back and are not kept", func(s *suite) {
		s.putFile("pbc_1", "r", "a.jpg")
		stays := use("pbc_1", "r", "a.jpg", "v", 10, 1)
		lost := []origin.RenditionUse{use("pbc_1", "r", "gone.jpg", "v", 20, 2), use("pbc_1", "none", "a.jpg", "v", 30, 3)}
		gone, err := s.cat.TouchRenditions(s.ctx, []origin.RenditionUse{lost[0], stays, lost[1]})
		s.do(err)
		s.same("gone", gone, lost)
		s.wantColdest(9, stays)
		s.wantBytes(10)

		s.write(func(tx origin.CatalogTx) error { return tx.DeleteFile(s.ctx, stays.File) })
		gone, err = s.cat.TouchRenditions(s.ctx, []origin.RenditionUse{stays})
		s.do(err)
		s.same("gone", gone, []origin.RenditionUse{stays})
		s.wantBytes(0)
	}},
	{"are forgotten, those that are there", func(s *suite) {
		s.putFile("pbc_1", "r", "a.jpg")
		one, two := use("pbc_1", "r", "a.jpg", "v", 10, 1), use("pbc_1", "r", "a.jpg", "w", 20, 2)
		s.touch(one, two)
		s.do(s.cat.ForgetRenditions(s.ctx, []origin.RenditionUse{one, use("pbc_1", "r", "none", "v", 5, 5)}))
		s.wantColdest(9, two)
		s.wantBytes(20)
		s.do(s.cat.ForgetRenditions(s.ctx, nil))
		gone, err := s.cat.TouchRenditions(s.ctx, nil)
		s.do(err)
		s.same("gone", gone, []origin.RenditionUse{})
		s.wantBytes(20)
	}},
	{"have a total that is the sum, whatever happens to them", func(s *suite) {
		c := base("pbc_1", "c")
		s.with(c)
		rapid.Check(s, func(t *rapid.T) {
			id := origin.RecordID(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "record"))
			name := origin.FileName(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "file"))
			u := use("pbc_1", id, name, rapid.SampledFrom([]string{"v", "w"}).Draw(t, "variant"),
				rapid.Int64Range(0, 1<<40).Draw(t, "size"), rapid.Int64Range(0, 9).Draw(t, "used"))
			var err error
			switch rapid.SampledFrom([]string{"put", "put", "touch", "touch", "touch", "forget", "delete", "delete record"}).Draw(t, "what") {
			case "put":
				err = s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.PutFile(s.ctx, aFile("pbc_1", id, name)) })
			case "touch":
				_, err = s.cat.TouchRenditions(s.ctx, []origin.RenditionUse{u, u})
			case "forget":
				err = s.cat.ForgetRenditions(s.ctx, []origin.RenditionUse{u})
			case "delete":
				err = s.cat.Write(s.ctx, func(tx origin.CatalogTx) error { return tx.DeleteFile(s.ctx, u.File) })
			case "delete record":
				err = s.cat.Write(s.ctx, func(tx origin.CatalogTx) error {
					if err := tx.InsertRecord(s.ctx, c, record(c, id, nil)); err != nil {
						return err
					}
					return tx.DeleteRecord(s.ctx, c, id)
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			all, err := s.cat.ColdestRenditions(s.ctx, 1000)
			if err != nil {
				t.Fatal(err)
			}
			var sum int64
			for _, u := range all {
				sum += u.Size
			}
			if total, err := s.cat.RenditionBytes(s.ctx); err != nil || total != sum {
				t.Fatalf("total %d, sum %d, %v", total, sum, err)
			}
		})
	}},
}
