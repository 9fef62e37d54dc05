package sqlite

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/imgorigin/imgorigin/catalog/catalogtest"
	"github.com/imgorigin/imgorigin/origin"
)

// benchmarkSizes are the numbers of records that reads are measured among: few, and many where they are asked for.
func benchmarkSizes() []int {
	if rows := catalogtest.Many(); rows > 0 {
		return []int{catalogtest.Few, rows}
	}
	return []int{catalogtest.Few}
}

// BenchmarkRead reads a row of another place each time, as a cold look-up does, with a context that can be cancelled,
// as every request's can.
func BenchmarkRead(b *testing.B) {
	for _, n := range benchmarkSizes() {
		cat, c := filled(b, n)
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		for name, read := range map[string]func(i int) error{
			"file":   func(i int) error { _, err := cat.File(ctx, catalogtest.StockRef(i)); return err },
			"record": func(i int) error { _, err := cat.Record(ctx, c, catalogtest.StockID(i)); return err },
			"file, context never cancelled": func(i int) error {
				_, err := cat.File(context.Background(), catalogtest.StockRef(i))
				return err
			},
		} {
			b.Run(fmt.Sprintf("%s/among %d/one by one", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if err := read(i * 7919 % n); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("%s/among %d/in parallel", name, n), func(b *testing.B) {
				b.ReportAllocs()
				var next atomic.Int64
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if err := read(int(next.Add(7919)) % n); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

// BenchmarkWrite makes one record with one file durable.
func BenchmarkWrite(b *testing.B) {
	cat, c := filled(b, catalogtest.Few)
	b.ReportAllocs()
	for i := catalogtest.Few; b.Loop(); i++ {
		err := cat.Write(b.Context(), func(tx origin.CatalogTx) error {
			if err := tx.InsertRecord(b.Context(), c, catalogtest.StockRecord(i)); err != nil {
				return err
			}
			return tx.PutFile(b.Context(), catalogtest.StockFile(i))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTouchRenditions records batches of 100 uses among 10,000 renditions.
func BenchmarkTouchRenditions(b *testing.B) {
	const files, batch = 10_000, 100
	cat, _ := filled(b, files)
	uses := make([]origin.RenditionUse, batch)
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		for i := range uses {
			uses[i] = origin.RenditionUse{File: catalogtest.StockRef((int(n)*batch + i) * 7919 % files), Variant: "100x100.jpg.0123456789", Size: 9000, Used: n}
		}
		if gone, err := cat.TouchRenditions(b.Context(), uses); err != nil || len(gone) > 0 {
			b.Fatalf("%d gone, %v", len(gone), err)
		}
	}
}
