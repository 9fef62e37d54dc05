package vips

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/h2non/bimg"

	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
	"github.com/imgorigin/imgorigin/transform/vips/internal/yardstick"
)

// The variables that ask for the tables: the Markdown file that they are written to,
// and a folder that is searched for photographs (generated ones stand in).
const (
	resultsVariable = "IMGORIGIN_RESULTS"
	photosVariable  = "IMGORIGIN_PHOTOS"
)

// results returns the file for the tables, and skips the test where none is asked for.
func results(t *testing.T) string {
	t.Helper()
	file := os.Getenv(resultsVariable)
	if file == "" {
		t.Skip("no table is asked for: " + resultsVariable + " is empty")
	}
	return file
}

// largePhotographs returns the JPEG photographs of at least that many pixels in the
// named folder, the largest files first.
func largePhotographs(t testing.TB, pixels int64) (names []string, files [][]byte) {
	t.Helper()
	folder := os.Getenv(photosVariable)
	if folder == "" {
		return nil, nil
	}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.EqualFold(filepath.Ext(path), ".jpg") || !d.Type().IsRegular() {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if probe(t, file).Pixels() >= pixels {
			names, files = append(names, path), append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names, files
}

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// miss is a case: the same thumbnail by libvips' own thumbnail call, by this package
// and by bimg.
type miss struct {
	name   string
	source func() []byte
	form   string
	output transform.Format
	bimg   bimg.Options
}

// misses lists the cases that users have most. Each makes its source when it is its
// turn, since a large one takes longer to make than to reduce.
func misses(t testing.TB, r *Renderer) []miss {
	t.Helper()
	source := func(w, h int, f transform.Format) func() []byte {
		return func() []byte { return encodeAs(t, r, w, h, f, 90) }
	}
	twelve := sync.OnceValue(source(4000, 3000, transform.JPEG))
	png := sync.OnceValue(source(1600, 1125, transform.PNG))
	turned := func() []byte { return turnedPhotograph(t, r, twelve()) }
	crop := bimg.Options{Width: 400, Height: 300, Crop: true}
	return []miss{
		{"12 MP JPEG, crop", twelve, "400x300", transform.JPEG, crop},
		{"the same, EXIF orientation 6", turned, "400x300", transform.JPEG, crop},
		{"12 MP JPEG, fit", twelve, "300x300f", transform.JPEG, bimg.Options{Width: 300, Height: 225, Force: true}},
		{"2 MP JPEG, crop", source(1600, 1250, transform.JPEG), "100x100", transform.JPEG, bimg.Options{Width: 100, Height: 100, Crop: true}},
		{"1.8 MP PNG → PNG", png, "400x300", transform.PNG, crop},
		{"12 MP WebP → WebP", source(4000, 3000, transform.WebP), "400x300", transform.WebP, crop},
		{"24 MP WebP → WebP", source(6000, 4000, transform.WebP), "400x300", transform.WebP, crop},
		{"1.8 MP PNG → JPEG", png, "400x300", transform.JPEG, crop},
		{"12 MP JPEG → WebP", twelve, "400x300", transform.WebP, crop},
		{"12 MP JPEG → AVIF", twelve, "400x300", transform.AVIF, crop},
	}
}

// encodeAs makes w × h pixels of the first photograph that is large enough for them,
// or of a generated one, as a file of format f.
func encodeAs(t testing.TB, r *Renderer, w, h int, f transform.Format, quality int) []byte {
	t.Helper()
	o := transform.DefaultOptions()
	o.JPEGQuality, o.WebPQuality = quality, quality
	var src []byte
	if _, files := largePhotographs(t, int64(w)*int64(h)); len(files) > 0 {
		src = slices.MaxFunc(files, func(a, b []byte) int { return len(a) - len(b) })
	} else {
		src = picture.Must(picture.JPEG(picture.Landscape(w, h, 1), 95))
	}
	out, err := r.Render(t.Context(), src, o.PlanAs(thumb(fmt.Sprintf("%dx%d", w, h)), f))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// turnedPhotograph is the same picture as a camera held upright stores it.
func turnedPhotograph(t testing.TB, r *Renderer, file []byte) []byte {
	t.Helper()
	m := probe(t, file)
	img := render(t, r, file, fmt.Sprintf("%dx%d", m.Width, m.Height), transform.PNG)
	return picture.Must(picture.WithOrientation(picture.Must(picture.JPEG(picture.UpsideFor(6, img), 90)), 6, picture.II))
}

// ways are who makes a thumbnail.
func (c miss) ways(t *testing.T, r *Renderer, src []byte) []func() ([]byte, error) {
	o := transform.DefaultOptions()
	p := o.PlanAs(thumb(c.form), c.output)
	b := c.bimg
	b.Quality, b.Compression, b.StripMetadata = int(p.Quality), int(p.Compression), true
	b.Type = bimgType(p.Output)
	if p.Output == transform.AVIF {
		b.Type, b.Speed = bimg.AVIF, 8
	}
	return []func() ([]byte, error){
		func() ([]byte, error) {
			return yardstick.Thumbnail(src, p.Thumb.Width, p.Thumb.Height, p.Thumb.Mode != transform.Fit, false, p)
		},
		func() ([]byte, error) { return r.Render(t.Context(), src, p) },
		func() ([]byte, error) { return bimg.Resize(src, b) },
	}
}

// costs measures the ways in turn, each round in another order, and returns the
// median CPU time per picture of each.
func costs(t *testing.T, rounds int, ways []func() ([]byte, error)) []time.Duration {
	t.Helper()
	spent := make([][]time.Duration, len(ways))
	for round := range rounds + 1 { // the first warms up
		for i := range ways {
			way := (i + round) % len(ways)
			const least = 150 * time.Millisecond // a tick of the kernel's clock is no part of it
			began, made := cpu(), 0
			for cpu()-began < least {
				if _, err := ways[way](); err != nil {
					t.Fatal(err)
				}
				made++
			}
			if each := (cpu() - began) / time.Duration(made); round > 0 {
				spent[way] = append(spent[way], each)
			}
		}
	}
	medians := make([]time.Duration, len(ways))
	for i, s := range spent {
		slices.Sort(s)
		medians[i] = s[len(s)/2]
	}
	return medians
}

// TestMisses writes the table of what a thumbnail costs, beside libvips' own
// thumbnail call in the same process.
func TestMisses(t *testing.T) {
	file := results(t)
	r := newRenderer(t)
	var b strings.Builder
	b.WriteString("CPU time per picture, encoding included: libvips' own `vips_thumbnail_buffer`, this renderer, and bimg left to itself, " +
		"called in turn in one process; medians of 7 rounds, ratios to libvips. " +
		"Written by `" + resultsVariable + "=$PWD/bench/RESULTS.md " + photosVariable + "=FOLDER go test ./transform/vips -run TestMisses -count=1` on " + rig.Machine() + ".\n\n" +
		"| case | libvips | imgorigin | ratio | bimg | ratio | made by | ground |\n|---|---|---|---|---|---|---|---|\n")
	for _, c := range misses(t, r) {
		src := c.source()
		m := costs(t, 7, c.ways(t, r, src))
		meta := probe(t, src)
		l := newLayout(thumb(c.form).Geometry(meta.Upright()), orientation(meta.Orientation))
		by, why := choose(meta, l, transform.DefaultOptions().PlanAs(thumb(c.form), c.output))
		maker := map[path]string{viaBimg: "bimg", viaLibvips: "own steps"}[by]
		fmt.Fprintf(&b, "| %s, %.1f MB, to %s | %.1f ms | %.1f ms | %.2f | %.1f ms | %.2f | %s | %s |\n", c.name, float64(len(src))/1e6, c.form,
			ms(m[0]), ms(m[1]), float64(m[1])/float64(m[0]), ms(m[2]), float64(m[2])/float64(m[0]), maker, why)
	}
	if err := rig.WriteSection(file, "misses", "## Misses\n\n"+b.String()); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkRender is each case of the table for itself.
func BenchmarkRender(b *testing.B) {
	r := newRenderer(b)
	for _, c := range misses(b, r) {
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			src, p := c.source(), transform.DefaultOptions().PlanAs(thumb(c.form), c.output)
			began := cpu()
			for b.Loop() {
				if _, err := r.Render(b.Context(), src, p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(ms(cpu()-began)/float64(b.N), "cpu-ms/op")
		})
	}
}
