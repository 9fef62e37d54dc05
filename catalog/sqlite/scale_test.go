package sqlite

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/rule"
)

// The measurements among many rows take minutes to set up and a quiet machine, so they are asked for by a variable:
//
//	IMGORIGIN_SCALE=1000000 go test -run Scale -bench . -timeout 30m ./catalog/sqlite
func scaleRows() int {
	n, _ := strconv.Atoi(os.Getenv("IMGORIGIN_SCALE"))
	return n
}

const smallRows = 1000

// stock is a collection as a media library has it. Each owner has 20 records; a category has a fiftieth of all.
func stock() *origin.Collection {
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

func stockID(i int) origin.RecordID { return origin.RecordID(fmt.Sprintf("r%014d", i*7919%10_000_019)) }

func stockRecord(i int) *origin.Record {
	id := stockID(i)
	return &origin.Record{ID: id, Values: map[string]any{
		"id": string(id), "title": fmt.Sprintf("Picture number %d of the stock", i), "category": fmt.Sprintf("c%02d", i%50),
		"created": time.UnixMilli(1_700_000_000_000 + int64(i)*1000).UTC().Format(origin.DateLayout),
		"rank":    float64(i * 31 % 29), "public": i%2 == 0, "owner": fmt.Sprintf("o%014d", i/20),
		"mail": fmt.Sprintf("user%d@example.com", i), "files": []string{fmt.Sprintf("photo_%010d.jpg", i)}, "meta": nil,
	}}
}

// filled is a catalog with n records and files.
func filled(t testing.TB, n int) (*Catalog, *origin.Collection) {
	t.Helper()
	cat := open(t, Default(t.TempDir()))
	cat.watchers.Wait() // so that the first look at the statistics is over
	t.Cleanup(func() { cat.Close() })
	c := stock()
	begun := time.Now()
	for from := 0; from < n; from += 50_000 {
		err := cat.Write(t.Context(), func(tx origin.CatalogTx) error {
			if from == 0 {
				if err := tx.InsertCollection(t.Context(), c); err != nil {
					return err
				}
			}
			for i := from; i < min(n, from+50_000); i++ {
				if err := tx.InsertRecord(t.Context(), c, stockRecord(i)); err != nil {
					return err
				}
				if err := tx.PutFile(t.Context(), stockFile(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(cat.cfg.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records and files written in %v, %d MB", n, time.Since(begun).Round(time.Millisecond), info.Size()>>20)
	return cat, c
}

func stockFile(i int) *origin.File {
	return &origin.File{FileRef: stockRef(i), Field: "id_files", OriginalName: "photo.jpg", Size: 3_000_000, ContentType: "image/jpeg",
		SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Committed: time.UnixMilli(1_700_000_000_000)}
}

func stockRef(i int) origin.FileRef {
	return origin.FileRef{Collection: "pbc_stock", Record: stockID(i), Name: origin.FileName(fmt.Sprintf("photo_%010d.jpg", i))}
}

// queryKind tells what a query's time may do as the records grow.
type queryKind int

const (
	list   queryKind = iota // of an indexed field: at most twice the time, which TestScale holds
	lookUp                  // of one row, in microseconds: the depth of the tree, and its pages that no cache holds, show
	grows                   // the answer itself is larger among more records
)

// query is one question asked among few and among many records. Many of them have different answers.
type query struct {
	name string
	ask  func(ctx context.Context, cat *Catalog, c *origin.Collection, i int) error
	// kind says what is promised of its time.
	kind queryKind
}

func queries(t testing.TB) []query {
	schema := rule.Schema{}
	for _, f := range stock().Fields {
		schema[f.Name] = f.Kind()
	}
	page := func(filter func(i int) string, sort string, total bool) func(context.Context, *Catalog, *origin.Collection, int) error {
		return func(ctx context.Context, cat *Catalog, c *origin.Collection, i int) error {
			q := origin.Query{Limit: 30, Total: total}
			if filter != nil {
				e, err := rule.Parse(filter(i), schema, nil)
				if err != nil {
					return err
				}
				q.Where = []*rule.Expr{e}
			}
			var err error
			if q.Sort, err = rule.ParseSort(sort, schema); err != nil {
				return err
			}
			got, err := cat.List(ctx, c, q)
			if err == nil && len(got.Records) == 0 {
				err = fmt.Errorf("no records")
			}
			return err
		}
	}
	category := func(i int) string { return fmt.Sprintf(`category = "c%02d"`, i%50) }
	owner := func(i int) string { return fmt.Sprintf(`owner = "o%014d"`, i/20) }
	return []query{
		{name: "first page by date", ask: page(nil, "-created", false)},
		{name: "first page by id", ask: page(nil, "", false)},
		{name: "category by date, newest first", ask: page(category, "-created", false)},
		{name: "category by date, oldest first", ask: page(category, "created", false)},
		{name: "rank equal, by rank", ask: page(func(i int) string { return fmt.Sprintf("rank = %d", i*31%29) }, "rank", false)},
		{name: "rank at least, by rank", ask: page(func(i int) string { return fmt.Sprintf("rank >= %d", i%20) }, "rank", false)},
		{name: "created before, by date", ask: page(func(i int) string {
			return fmt.Sprintf(`created <= "%s"`, time.UnixMilli(1_700_000_000_000+int64(i+30)*1000).UTC().Format(origin.DateLayout))
		}, "-created", false)},
		{name: "owner's, by date, counted", ask: page(owner, "-created", true)},
		{name: "owner's of a category", ask: page(func(i int) string { return owner(i) + " && " + category(i) }, "-created", false)},
		{name: "half of all (a flag), by date", ask: page(func(int) string { return "public = true" }, "-created", false)},
		{name: "record by id", kind: lookUp, ask: func(ctx context.Context, cat *Catalog, c *origin.Collection, i int) error {
			_, err := cat.Record(ctx, c, stockID(i))
			return err
		}},
		{name: "record by e-mail in another case", kind: lookUp, ask: func(ctx context.Context, cat *Catalog, c *origin.Collection, i int) error {
			_, err := cat.RecordBy(ctx, c, "mail", fmt.Sprintf("USER%d@Example.com", i))
			return err
		}},
		{name: "referencing a record", kind: lookUp, ask: func(ctx context.Context, cat *Catalog, c *origin.Collection, i int) error {
			_, err := cat.Referencing(ctx, c, c.Field("owner"), origin.RecordID(fmt.Sprintf("o%014d", i/20)), 30)
			return err
		}},
		{name: "file by its address", kind: lookUp, ask: func(ctx context.Context, cat *Catalog, c *origin.Collection, i int) error {
			_, err := cat.File(ctx, stockRef(i))
			return err
		}},
		{name: "category counted", ask: page(category, "-created", true), kind: grows},
		{name: "title contains (no index), by date", ask: page(func(i int) string { return `title ~ "r 99"` }, "-created", false), kind: grows},
	}
}

// TestScale holds the bound that is promised for lists on an indexed field: among 1,000,000 records at most twice the
// time among 1,000. The medians of interleaved runs are compared, so that a noisy machine disturbs both alike.
func TestScale(t *testing.T) {
	rows := scaleRows()
	if rows == 0 {
		t.Skip("IMGORIGIN_SCALE is not set to a number of rows")
	}
	few, c := filled(t, smallRows)
	many, _ := filled(t, rows)
	for _, q := range queries(t) {
		const rounds = 400
		times := [2][]time.Duration{}
		for i := range rounds {
			for k, cat := range []*Catalog{few, many} {
				at := i * 7919 % []int{smallRows, rows}[k]
				begun := time.Now()
				if err := q.ask(t.Context(), cat, c, at); err != nil {
					t.Fatalf("%s: %v", q.name, err)
				}
				times[k] = append(times[k], time.Since(begun))
			}
			if q.kind == grows && i == 20 {
				break
			}
		}
		median := func(d []time.Duration) time.Duration { slices.Sort(d); return d[len(d)/2].Round(100 * time.Nanosecond) }
		small, large := median(times[0]), median(times[1])
		ratio := float64(large) / float64(small)
		t.Logf("%-36s %9v among %d, %9v among %d: %.2f x", q.name, small, smallRows, large, rows, ratio)
		if ratio > 2 && q.kind == list {
			t.Errorf("%s: %.2f times the time among %d records, want at most 2", q.name, ratio, rows)
		}
	}
}
