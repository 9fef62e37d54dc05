package intern

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestATableGivesBackWhatItWasGiven(t *testing.T) {
	table := New()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 2*maxLength).Draw(t, "b")
		want := string(b)
		got := table.Bytes(b)
		for i := range b { // the caller's buffer is its own again
			b[i] ^= 0xff
		}
		if got != want || table.Bytes([]byte(want)) != want {
			t.Fatalf("%q became %q", want, got)
		}
		parts := rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "parts")
		if got := table.Join('/', parts...); got != strings.Join(parts, "/") {
			t.Fatalf("%q became %q", parts, got)
		}
	})
}

func TestManyWritersOfOneSlotNeverMixStrings(t *testing.T) {
	table := New()
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 20000 {
				b := bytes.Repeat([]byte{byte('a' + (w+i)%26)}, 1+i%40)
				if got := table.Bytes(b); got != string(b) {
					t.Errorf("%q became %q", b, got)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestAKnownStringCostsNoAllocation(t *testing.T) {
	table := New()
	known := []byte("a0bc_1234567890.jpg")
	if n := testing.AllocsPerRun(100, func() { table.Bytes(known) }); n != 0 {
		t.Errorf("Bytes: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { table.Join('/', "pbc_1", "record", "file.jpg") }); n != 0 {
		t.Errorf("Join: %v allocations", n)
	}
}

func BenchmarkBytes(b *testing.B) {
	table, known := New(), []byte("my_photo_1234567890.jpg")
	b.ReportAllocs()
	for b.Loop() {
		table.Bytes(known)
	}
}
