package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// Stock is a collection as a media library has it. Each owner has 20 records; a category has a fiftieth of all.
func Stock() *origin.Collection {
	f := func(name string, typ origin.FieldType) origin.Field {
		return origin.Field{ID: origin.FieldID("id_" + name), Name: name, Type: typ}
	}
	files := f("files", origin.FileField)
	files.MaxSelect = 5
	return &origin.Collection{ID: "pbc_stock", Name: "stock", Type: origin.BaseCollection,
		Fields: []origin.Field{f("id", origin.TextField), f("title", origin.TextField), f("category", origin.TextField),
			f("created", origin.AutodateField), f("rank", origin.NumberField), f("public", origin.BoolField),
			f("owner", origin.RelationField), f("mail", origin.EmailField), files, f("meta", origin.JSONField)},
		Indexes: []origin.Index{
			{Name: "a", Columns: []origin.IndexColumn{{Name: "category"}, {Name: "created", Desc: true}}},
			{Name: "b", Columns: []origin.IndexColumn{{Name: "created"}}},
			{Name: "c", Columns: []origin.IndexColumn{{Name: "rank"}}},
			{Name: "d", Unique: true, Columns: []origin.IndexColumn{{Name: "mail"}}, Partial: "mail"},
		},
	}
}

// StockID is the id of the i-th record.
func StockID(i int) origin.RecordID { return origin.RecordID(fmt.Sprintf("r%014d", i*7919%10_000_019)) }

// StockRecord is the i-th record.
func StockRecord(i int) *origin.Record {
	id := StockID(i)
	return &origin.Record{ID: id, Values: map[string]any{
		"id": string(id), "title": fmt.Sprintf("Picture number %d of the stock", i), "category": fmt.Sprintf("c%02d", i%50),
		"created": time.UnixMilli(1_700_000_000_000 + int64(i)*1000).UTC().Format(origin.DateLayout),
		"rank":    float64(i * 31 % 29), "public": i%2 == 0, "owner": fmt.Sprintf("o%014d", i/20),
		"mail": fmt.Sprintf("user%d@example.com", i), "files": []string{fmt.Sprintf("photo_%010d.jpg", i)}, "meta": nil,
	}}
}

// StockFile is the file of the i-th record.
func StockFile(i int) *origin.File {
	return &origin.File{FileRef: StockRef(i), Field: "id_files", OriginalName: "photo.jpg", Size: 3_000_000, ContentType: "image/jpeg",
		SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Committed: time.UnixMilli(1_700_000_000_000)}
}

// StockRef is the address of the i-th record's file.
func StockRef(i int) origin.FileRef {
	return origin.FileRef{Collection: "pbc_stock", Record: StockID(i), Name: origin.FileName(fmt.Sprintf("photo_%010d.jpg", i))}
}

// Fill puts n records with one file each into an empty catalog.
func Fill(t testing.TB, cat origin.Catalog, n int) *origin.Collection {
	t.Helper()
	const batch = 5000 // so few that no write takes longer than a catalog waits
	c := Stock()
	begun := time.Now()
	for from := 0; from < n; from += batch {
		err := cat.Write(t.Context(), func(tx origin.CatalogTx) error {
			if from == 0 {
				if err := tx.InsertCollection(t.Context(), c); err != nil {
					return err
				}
			}
			for i := from; i < min(n, from+batch); i++ {
				if err := tx.InsertRecord(t.Context(), c, StockRecord(i)); err != nil {
					return err
				}
				if err := tx.PutFile(t.Context(), StockFile(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records and files written in %v", n, time.Since(begun).Round(time.Millisecond))
	return c
}
