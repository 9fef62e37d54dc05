package vips

// Figures of what sharing a decode costs and spares, from a folder of photographs (scripts/photos makes two of them):
//
//	IMGORIGIN_PHOTOS=DIR IMGORIGIN_RESULTS=$PWD/bench/RESULTS.md go test -count=1 -timeout 30m -run SrcsetInFigures ./transform/vips
//
// writes the section "srcset-renderer". Without IMGORIGIN_RESULTS it goes to the test's log.

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/transform"
)

const (
	figureRounds  = 5
	figureSide    = "1024x1024f" // of the mezzanine
	figureThumb   = "400x300"
	leastOfPhotos = 1_000_000 // pixels
)

// cpuTime is the processor time of the process so far.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestSrcsetInFigures asserts nothing: what is promised holds on a quiet machine, which no test can wait for. TestSharedRenditionsAreAsSharp is held.
func TestSrcsetInFigures(t *testing.T) {
	folder := os.Getenv("IMGORIGIN_PHOTOS")
	if folder == "" {
		t.Skip("IMGORIGIN_PHOTOS names no folder of photographs")
	}
	names, err := filepath.Glob(folder + "/*.jpg")
	if err != nil || len(names) == 0 {
		t.Fatalf("no photographs in %s: %v", folder, err)
	}
	r := newRenderer(t)
	var costs, losses strings.Builder
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if m := probe(t, src); m.Truncated || m.Pixels() < leastOfPhotos || m.Width < 1300 {
			continue
		}
		title := strings.TrimSuffix(filepath.Base(name), ".jpg")
		costs.WriteString(costFigures(t, r, title, src))
		losses.WriteString(lossFigures(t, r, title, src))
	}
	text := fmt.Sprintf("### A srcset in the renderer\n\n%s. Processor time of the process by getrusage in ms, medians of %d rounds in turns. Six are 160 to 1280 wide; "+
		"the mezzanine is 1024 pixels long, JPEG 90, 4:4:4.\n\n"+
		"| photograph | MB | widest | six alone | six together | ratio | %[3]s | with mezzanine | mezzanine, KB | %[3]s of it | ratio |\n|---|---|---|---|---|---|---|---|---|---|---|\n%s\n"+
		"SSIM of a full decode scaled by Lanczos: of the direct render, then what sharing and what the mezzanine change (promised: no less than −%.3f).\n\n"+
		"| photograph |%s\n|---|%s\n%s",
		rig.Machine(), figureRounds, figureThumb, costs.String(), mostLost, lossHead(), strings.Repeat("---|", 3*len(lossForms)), losses.String())
	results := os.Getenv("IMGORIGIN_RESULTS")
	if results == "" {
		t.Log("\n" + text)
	} else if err := rig.WriteSection(results, "srcset-renderer", text); err != nil {
		t.Fatal(err)
	}
}

// costFigures is one row of the table of costs.
func costFigures(t *testing.T, r *Renderer, title string, src []byte) string {
	var upright transform.Size
	upright.Width, upright.Height = probe(t, src).Upright()
	six := plansOf(t, src, transform.Unknown, widths)
	small := plansOf(t, src, transform.Unknown, []string{figureThumb})
	kept := plan(t, src, figureSide, transform.JPEG)
	kept.Quality = 90
	mezzanine, err := r.Render(t.Context(), src, kept)
	if err != nil {
		t.Fatal(err)
	}
	work := []func(){
		func() { renderBytes(t, r, src, widths[len(widths)-1], transform.Unknown) },
		func() {
			for _, form := range widths {
				renderBytes(t, r, src, form, transform.Unknown)
			}
		},
		func() { renderAll(t, r, t.Context(), src, transform.Size{}, six) },
		func() { renderBytes(t, r, src, figureThumb, transform.Unknown) },
		func() { renderAll(t, r, t.Context(), src, transform.Size{}, append(small[:1:1], kept)) },
		func() { renderAll(t, r, t.Context(), mezzanine, upright, small) },
	}
	took := make([][]float64, len(work))
	for range figureRounds {
		for i, do := range work {
			before := cpuTime(t)
			do()
			took[i] = append(took[i], float64((cpuTime(t)-before).Microseconds())/1000)
		}
	}
	ms := make([]float64, len(work))
	for i := range took {
		slices.Sort(took[i])
		ms[i] = took[i][len(took[i])/2]
	}
	return fmt.Sprintf("| %s | %.1f | %.0f | %.0f | %.0f | **%.2f** | %.0f | %.0f | %d | %.0f | **%.2f** |\n",
		title, float64(len(src))/1e6, ms[0], ms[1], ms[2], ms[2]/ms[0], ms[3], ms[4], len(mezzanine)/1000, ms[5], ms[5]/ms[3])
}

// lossForms are compared in the table of losses. The mezzanine covers all but the last, which is the one that is made of
// pixels hardly larger than itself, the 1280 of the widest.
var lossForms = []string{"160x0", "320x0", "480x0", "512x0", "960x0"}

// lossFigures is one row of the table of losses.
func lossFigures(t *testing.T, r *Renderer, title string, src []byte) string {
	row := "| " + title + " |"
	all := sharpness(t, r, src, append(slices.Clone(lossForms), "1280x0"), figureSide)
	for i := range lossForms {
		l, reduced := all[i], "not covered"
		if i < len(lossForms)-1 {
			reduced = fmt.Sprintf("%+.4f", l.reduced-l.direct)
		}
		row += fmt.Sprintf(" %.4f | %+.4f | %s |", l.direct, l.shared-l.direct, reduced)
	}
	return row + "\n"
}

func lossHead() (head string) {
	for _, form := range lossForms {
		head += " " + strings.TrimSuffix(form, "x0") + ", direct | shared | mezzanine |"
	}
	return head
}
