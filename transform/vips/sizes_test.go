package vips

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/internal/picture"
	"github.com/imgorigin/imgorigin/transform"
)

// The bounds of the table: bytes of those of PocketBase's quality, and likeness.
const (
	mostBytes = 0.5
	leastLike = 0.97
)

// planes are the three colours of a picture.
func planes(img image.Image) (p [3]plane) {
	b := img.Bounds()
	for i := range p {
		p[i] = plane{b.Dx(), b.Dy(), make([]float64, 0, b.Dx()*b.Dy())}
	}
	n := nrgba(img)
	for at := 0; at < len(n.Pix); at += 4 {
		for i := range p {
			p[i].pix = append(p[i].pix, float64(n.Pix[at+i]))
		}
	}
	return p
}

// atQuality95 makes a thumbnail as a server does that decodes in full, scales by
// kernel k in pure Go and writes by image/jpeg at quality 95, as PocketBase does.
func atQuality95(full [3]plane, g transform.Geometry, k kernel) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, g.Out.Width, g.Out.Height))
	var scaled [3]plane
	for i, p := range full {
		scaled[i] = k.scale(p, g.Source.X, g.Source.Y, g.Source.Width, g.Source.Height, g.Scaled.Width, g.Scaled.Height)
	}
	for y := range g.Out.Height {
		for x := range g.Out.Width {
			at := (y+g.Out.Y)*g.Scaled.Width + x + g.Out.X
			img.SetNRGBA(x, y, color.NRGBA{round8(scaled[0].pix[at]), round8(scaled[1].pix[at]), round8(scaled[2].pix[at]), 255})
		}
	}
	return picture.Must(picture.JPEG(img, 95))
}

// sized compares our answer with the other way's, by one kernel: what part of the bytes it
// has, how like it is, and how like our pixels are before they are written.
type sized struct{ ratio, like, before float64 }

// compareSizes renders a form of src and returns our bytes, and the comparison with
// the other way by each kernel.
func compareSizes(t *testing.T, r *Renderer, src []byte, full [3]plane, form string) (ours int, by [2]sized) {
	t.Helper()
	out := renderBytes(t, r, src, form, transform.JPEG)
	got, lossless := luma(decode(t, out)), luma(render(t, r, src, form, transform.PNG))
	for i, k := range [2]kernel{lanczos, triangle} {
		other := atQuality95(full, thumb(form).Geometry(full[0].w, full[0].h), k)
		truth := luma(decode(t, other))
		by[i] = sized{float64(len(out)) / float64(len(other)), ssim(got, truth), ssim(lossless, truth)}
	}
	return len(out), by
}

// TestSizes writes the table of how many bytes an answer has, over real photographs.
func TestSizes(t *testing.T) {
	file := results(t)
	r := newRenderer(t)
	sources := photographs(t)
	names, files := largePhotographs(t, 1_000_000)
	for i, name := range names {
		sources[filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(name))))+"/"+filepath.Base(name)] = files[i]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## Bytes of an answer\n\nThis renderer's JPEG at its default quality of %d against a full decode that is scaled and written by Go's image/jpeg at quality 95, "+
		"which is PocketBase's: by Lanczos as here, and by PocketBase's own linear kernel, which is softer. SSIM is that of the two answers; "+
		"before: of our pixels as they are before they are written, to what quality 95 makes of its own, which bounds it. "+
		"Written by `%s=$PWD/bench/RESULTS.md %s=FOLDER go test ./transform/vips -run TestSizes -count=1`.\n\n"+
		"| photograph | thumb | bytes | ratio to Lanczos, q95 | SSIM | before | ratio to linear, q95 | SSIM |\n|---|---|---|---|---|---|---|---|\n",
		transform.DefaultOptions().JPEGQuality, resultsVariable, photosVariable)
	var worst sized
	worst.like = 1
	taken, misses := 0, 0
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		src := sources[name]
		m := probe(t, src)
		if m.ICCBytes > 0 || m.Components != 3 || taken == 24 {
			continue // Go's decoder knows no profiles
		}
		taken++
		img, _, err := image.Decode(bytes.NewReader(src))
		if err != nil {
			t.Fatal(err)
		}
		full := planes(img)
		for _, form := range []string{"100x100", "400x300", "1000x750f"} {
			if g := thumb(form).Geometry(full[0].w, full[0].h); g.Scaled.Width > g.Source.Width {
				continue
			}
			n, by := compareSizes(t, r, src, full, form)
			fmt.Fprintf(&b, "| %s, %d×%d | %s | %d | %.2f | %.4f | %.4f | %.2f | %.4f |\n",
				name, m.Width, m.Height, form, n, by[0].ratio, by[0].like, by[0].before, by[1].ratio, by[1].like)
			worst.ratio, worst.like = max(worst.ratio, by[0].ratio), min(worst.like, by[0].like)
			if by[0].ratio > mostBytes || by[0].like < leastLike {
				misses++
			}
		}
	}
	if taken == 0 {
		t.Skip("there are no photographs")
	}
	fmt.Fprintf(&b, "\nAgainst Lanczos: the largest ratio is %.2f, the least SSIM %.4f; %d rows are above %.1f or below %.2f.\n", worst.ratio, worst.like, misses, mostBytes, leastLike)
	if err := rig.WriteSection(file, "sizes", b.String()); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
}
