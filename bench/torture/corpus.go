package main

import (
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// outcome is what may become of a file.
type outcome uint8

const (
	either  outcome = iota // damage that may or may not reach the pixels
	served                 // every thumb must be made
	refused                // no thumb may be made
)

// file is one hostile file. Its bytes are made when their turn comes, since some are large.
type file struct {
	family string // a row of the tally
	name   string // what is wrong with it; unique in its family
	upload string // the name that it is sent under
	want   outcome
	size   image.Point // of the picture, upright; zero where nobody can say
	heavy  bool        // takes seconds, or hundreds of megabytes: left out of the short version
	wide   bool        // asked for the largest thumbs, not the usual ones
	bytes  func() []byte
}

// must is picture.Must, for arguments that are known to be right.
func must[T any](v T, err error) T { return picture.Must(v, err) }

// still returns a maker of bytes that are there already.
func still(b []byte) func() []byte { return func() []byte { return b } }

// base is a whole picture that files are made of by damaging it.
type base struct {
	format   string
	ext      string
	size     image.Point
	data     []byte
	whenCut  outcome // what must become of it when its end is missing
	lossless bool
}

// bases are some tens of kilobytes each. The lossy WebP is one of the program's own thumbs, for nothing here can write it.
func bases(lossyWebP base) []base {
	photo := picture.Flower(330, 240, 1)
	small := picture.Flower(150, 110, 2)
	frames := []image.Image{picture.Chart(160, 120), picture.Flower(160, 120, 3), picture.Chart(160, 120)}
	return []base{
		{"JPEG", ".jpg", photo.Rect.Size(), must(picture.JPEG(photo, 97)), refused, false},
		{"progressive JPEG", ".jpg", image.Pt(1200, 900), progressiveJPEG(1200, 900, 3, 1), refused, false},
		{"PNG", ".png", small.Rect.Size(), must(picture.PNG(small)), either, true},
		{"interlaced PNG", ".png", image.Pt(120, 100), noisyPNG(120, 100, true), either, true},
		{"GIF", ".gif", image.Pt(200, 200), must(picture.GIF(picture.Pinwheel(200, 6))), either, true},
		{"lossless WebP", ".webp", small.Rect.Size(), must(picture.WebP(small)), refused, true},
		{"animated WebP", ".webp", frames[0].Bounds().Size(), must(picture.AnimatedWebP(frames, 80)), either, true},
		lossyWebP,
	}
}

// corpus returns all files, the same for the same seed, or the short version: one in so many of those families that are
// made by the dozen, one in a few of the scraps, and nothing that takes seconds.
func corpus(lossyWebP base, seed uint64, short bool) []file {
	all := bases(lossyWebP)
	dozens := [][]file{cut(all), flipped(all, seed), mislabelled(all), polyglots(all), lies(all), profiles(), otherTypes()}
	single := [][]file{whole(all), bombs(), scans(), frames(), metadata(), scraps(), largest()}
	var files []file
	for _, family := range single {
		for i, f := range family {
			const few = 3
			if !short || !f.heavy && (f.family != scrapsFamily || i%few == 0) {
				files = append(files, f)
			}
		}
	}
	for i, f := range slices.Concat(dozens...) {
		const one = 23 // prime, so that every format and kind has its turn
		if !short || i%one == 0 {
			files = append(files, f)
		}
	}
	return files
}

// scrapsFamily are what the short version has a few of only.
const scrapsFamily = "scraps"

// wholeFamily are the pictures that must look the same before and after all else.
const wholeFamily = "whole"

// whole are the bases as they are: a server that refuses everything passes no torture.
func whole(all []base) []file {
	var files []file
	for _, b := range all {
		files = append(files, file{family: wholeFamily, name: b.format, upload: "a" + b.ext, want: served, size: b.size, bytes: still(b.data)})
	}
	return files
}

// cut ends every base at each kilobyte, and at finer steps in and behind its header.
func cut(all []base) []file {
	var files []file
	for _, b := range all {
		var at []int
		for n := 1; n < 64; n += 3 {
			at = append(at, n)
		}
		for n := 64; n < 1024; n += 48 {
			at = append(at, n)
		}
		for n := 1024; n < len(b.data); n += 1024 {
			at = append(at, n)
		}
		for _, missing := range []int{1, 2, 4, 12, 13} {
			at = append(at, len(b.data)-missing)
		}
		for _, n := range at {
			want := b.whenCut
			if n < 24 { // not even the dimensions of any format
				want = refused
			}
			files = append(files, file{family: "cut", name: fmt.Sprintf("%s after %d bytes", b.format, n), upload: "a" + b.ext, want: want,
				bytes: still(picture.Truncate(b.data, n))})
		}
	}
	return files
}

// flipped turns bits over: one, a few, many; anywhere, and in the first kilobyte.
func flipped(all []base, seed uint64) []file {
	var files []file
	const seeds = 5
	for _, b := range all {
		first := min(1024, len(b.data))
		for _, n := range []int{1, 4, 32, 512} {
			for i := range seeds {
				seed := int64(seed)*seeds + int64(i)
				files = append(files,
					file{family: "bits flipped", name: fmt.Sprintf("%s, %d bits anywhere, seed %d", b.format, n, seed), upload: "a" + b.ext,
						bytes: still(picture.FlipBits(b.data, n, seed))},
					file{family: "bits flipped", name: fmt.Sprintf("%s, %d bits of the first kilobyte, seed %d", b.format, n, seed), upload: "a" + b.ext,
						bytes: still(append(picture.FlipBits(b.data[:first], n, seed), b.data[first:]...))})
			}
		}
	}
	return files
}

// magics are how files of the four formats begin.
var magics = []struct{ format, bytes string }{
	{"JPEG", "\xff\xd8\xff"},
	{"PNG", "\x89PNG\r\n\x1a\n"},
	{"GIF", "GIF89a"},
	{"WebP", "RIFF\x00\x00\x00\x00WEBP"},
}

// mislabelled begin as another format does, or are called as another is.
func mislabelled(all []base) []file {
	var files []file
	for _, b := range all {
		for _, m := range magics {
			if strings.Contains(b.format, m.format) {
				continue
			}
			data := append([]byte(m.bytes), b.data[len(m.bytes):]...)
			files = append(files, file{family: "wrong magic", name: b.format + " that begins as " + m.format, upload: "a" + b.ext, want: refused, bytes: still(data)})
		}
		for _, ext := range []string{".jpg", ".png", ".gif", ".webp", ".svg", ".txt"} {
			if ext != b.ext {
				files = append(files, file{family: "wrong name", name: b.format + " called " + ext, upload: "a" + ext, want: served, size: b.size, bytes: still(b.data)})
			}
		}
		zeroed := append(make([]byte, 4), b.data[4:]...)
		files = append(files, file{family: "wrong magic", name: b.format + " that begins with zeros", upload: "a" + b.ext, want: refused, bytes: still(zeroed)})
	}
	return files
}

// lies have headers that claim other dimensions than the data has.
func lies(all []base) []file {
	claims := []image.Point{{1, 1}, {7, 5}, {3000, 2000}, {10000, 10000}, {65500, 1500}, {1, 65535}, {65535, 65535}, {16383, 16383}, {1<<24 - 1, 200}}
	var files []file
	for _, b := range all {
		for _, c := range claims {
			data, err := picture.ClaimSize(b.data, c.X, c.Y)
			if err != nil {
				continue // a claim that the format has no bits for
			}
			files = append(files, file{family: "header lies", name: fmt.Sprintf("%s claims %d×%d", b.format, c.X, c.Y), upload: "a" + b.ext, bytes: still(data)})
		}
	}
	for _, f := range []picture.Format{picture.JPEGFormat, picture.PNGFormat, picture.GIFFormat, picture.WebPFormat} {
		for _, c := range claims {
			data, err := picture.HeaderOnly(f, c.X, c.Y)
			if err != nil {
				continue
			}
			files = append(files, file{family: "header lies", name: fmt.Sprintf("%s of a header alone claims %d×%d", f, c.X, c.Y), upload: "a." + string(f), want: refused, bytes: still(data)})
		}
	}
	return files
}
