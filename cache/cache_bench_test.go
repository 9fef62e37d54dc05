package cache

import (
	"strconv"
	"testing"
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
