package cache

import (
	"context"
	"strconv"
	"testing"
	"time"
)

func BenchmarkGet(b *testing.B) {
	c, err := New[[]byte](DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = "f3k9x0q2m5a7c1d/6/400x300.jpg/" + strconv.Itoa(i)
		c.Set(keys[i], make([]byte, 1024), 1024)
	}
	c.Settle()

	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if _, ok := c.Get(keys[i%len(keys)]); !ok {
				b.Fatal("a settled key is missing")
			}
		}
	})
	b.Run("hit parallel, one key", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				c.Get(keys[0])
			}
		})
	})
	b.Run("hit parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				c.Get(keys[i%len(keys)])
			}
		})
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Get("absent")
		}
	})
}

func BenchmarkSet(b *testing.B) {
	c, err := New[[]byte](DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	v := make([]byte, 1024)
	b.Run("new keys", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if !c.Set(strconv.Itoa(i), v, 1024) {
				c.Settle()
			}
		}
		c.Settle()
	})
	b.Run("one key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Set("k", v, 1024)
		}
		c.Settle()
	})
}

func BenchmarkFlight(b *testing.B) {
	f := NewFlight[int]()
	defer func() { _ = f.Close(context.Background()) }()
	fill := func(context.Context) (int, error) { return 1, nil }
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := f.Do(b.Context(), "k", time.Minute, fill); err != nil {
			b.Fatal(err)
		}
	}
}
