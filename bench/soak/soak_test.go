package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// TestAShortSoak runs the whole of it for a few seconds with small pictures. Whether memory is flat takes longer to tell.
func TestAShortSoak(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	exe, err := rig.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o, err := soak(ctx, config{exe: exe, dir: t.TempDir(), length: 3 * time.Second, clients: 4, megapixels: 0.1, say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	if o.uploads.Load() < 4 || o.cold.Load() == 0 || o.warm.Load() == 0 || len(o.samples) < 2 || o.peak == 0 {
		t.Errorf("no load: %d uploads, %d thumbs made, %d asked for again, %d samples", o.uploads.Load(), o.cold.Load(), o.warm.Load(), len(o.samples))
	}
	wellFormed(t, o.plot())
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

// memoryLike is a soak of ten minutes with the memory that f says, in MiB.
func memoryLike(f func(second int) int64) *outcome {
	o := &outcome{config: config{length: 10 * time.Minute}}
	for s := range 600 {
		o.samples = append(o.samples, sample{time.Duration(s) * time.Second, f(s) << 20})
	}
	return o
}

func TestGrowthIsSeen(t *testing.T) {
	for _, c := range []struct {
		name string
		mib  func(second int) int64
		flat bool
	}{
		{"constant", func(int) int64 { return 200 }, true},
		{"grows for two minutes, then no more", func(s int) int64 { return 100 + int64(min(s, 120)) }, true},
		{"up and down", func(s int) int64 { return 200 + int64(s%7)*30 }, true},
		{"a spike at the end", func(s int) int64 { return 200 + int64(s/590)*500 }, true},
		{"shrinks", func(s int) int64 { return 800 - int64(s) }, true},
		{"a little more each minute", func(s int) int64 { return 200 + int64(s)/10 }, false},
		{"doubles late", func(s int) int64 { return 200 + int64(s/400)*200 }, false},
	} {
		err := memoryLike(c.mib).verdict()
		if (err == nil) != c.flat {
			t.Errorf("%s: %v, want it flat: %t", c.name, err, c.flat)
		}
	}
	high := memoryLike(func(int) int64 { return 200 })
	if high.peak = memoryCache + mostBeside; high.verdict() != nil {
		t.Errorf("the peak that is allowed: %v", high.verdict())
	}
	if high.peak++; high.verdict() == nil {
		t.Error("a byte more than is allowed passes")
	}
	if err := (&outcome{config: config{length: time.Minute}}).verdict(); err == nil {
		t.Error("no samples pass for flat memory")
	}
}

func TestThePlotShowsEverySample(t *testing.T) {
	svg := memoryLike(func(s int) int64 { return 300 + int64(s) }).plot()
	wellFormed(t, svg)
	if n := strings.Count(string(svg), "L"); n != 599 {
		t.Errorf("%d lines between 600 samples", n)
	}
}
