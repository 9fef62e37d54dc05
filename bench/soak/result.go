package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

const (
	// most is how much memory may grow after the first fifth of a soak.
	most = 0.10
	// mostBeside is how much memory there may be at the peak beside the cache's budget.
	mostBeside = 200_000_000
)

// settled is when growth begins to count: minute two of ten.
func (o *outcome) settled() time.Duration { return o.length / 5 }

// growth compares the last fifth of the time with the second one, by the medians of resident memory: a single picture that is
// being decoded when a sample is taken shows in neither.
func (o *outcome) growth() (from, to int64, share float64) {
	from = o.median(o.settled(), 2*o.settled())
	to = o.median(o.length-o.settled(), o.length+time.Second)
	return from, to, float64(to)/float64(max(from, 1)) - 1
}

// median is that of the samples between two moments, 0 where there are none.
func (o *outcome) median(from, to time.Duration) int64 {
	var in []int64
	for _, s := range o.samples {
		if s.at >= from && s.at < to {
			in = append(in, s.resident)
		}
	}
	if len(in) == 0 {
		return 0
	}
	slices.Sort(in)
	return in[len(in)/2]
}

// verdict is an error where memory is not flat, or was too high once.
func (o *outcome) verdict() error {
	from, to, share := o.growth()
	if from == 0 || to == 0 {
		return fmt.Errorf("too short to tell: %d samples", len(o.samples))
	}
	if share > most {
		return fmt.Errorf("memory grew by %.0f %% after %s, from %s to %s", 100*share, o.settled(), rig.MiB(from), rig.MiB(to))
	}
	if beside := o.peak - memoryCache; beside > mostBeside {
		return fmt.Errorf("at its peak memory was %s beside the cache's budget, more than %s", rig.MiB(beside), rig.MiB(mostBeside))
	}
	return nil
}

// markdown is the section of the results.
func (o *outcome) markdown(plot string) string {
	from, to, share := o.growth()
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("## Memory over time")
	p("")
	p("`make soak` on %s, %s.", rig.Machine(), time.Now().UTC().Format(time.DateOnly))
	p("")
	p("%s of %d clients at once with pictures of %g megapixels (JPEG, turned, with a profile, PNG and WebP with alpha, GIF): "+
		"%d uploads, %d deletes, %d thumbs made, %d asked for again, %d answered 503.",
		o.length, o.clients, o.megapixels, o.uploads.Load(), o.deletes.Load(), o.cold.Load(), o.warm.Load(), o.busy.Load())
	p("")
	p("| resident memory | |")
	p("|---|--:|")
	p("| peak | %s |", rig.MiB(o.peak))
	p("| of it the cache's budget | %s |", rig.MiB(memoryCache))
	p("| peak beside it, %s allowed | %s |", rig.MiB(mostBeside), rig.MiB(o.peak-memoryCache))
	p("| median from %s to %s | %s |", o.settled(), 2*o.settled(), rig.MiB(from))
	p("| median of the last %s | %s |", o.settled(), rig.MiB(to))
	p("| growth, %.0f %% allowed | %+.1f %% |", 100*most, 100*share)
	p("")
	p("![resident memory over time](../docs/%s)", filepath.Base(plot))
	return b.String()
}

// plot draws the samples as SVG, readable on light and on dark ground.
func (o *outcome) plot() []byte {
	const width, height, left, bottom = 720, 260, 60, 40
	top := int64(0)
	for _, s := range o.samples {
		top = max(top, s.resident)
	}
	unit := int64(64 << 20)
	for top/unit > 6 {
		unit *= 2
	}
	top = (top/unit + 1) * unit
	x := func(at time.Duration) float64 { return left + (width-left-10)*at.Seconds()/o.length.Seconds() }
	y := func(n int64) float64 { return (height - bottom) - (height-bottom-10)*float64(n)/float64(top) }

	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#888">`, width, height)
	p(`<title>Resident memory under load</title>`)
	for n := int64(0); n <= top; n += unit {
		p(`<path d="M%d %.1fH%d" stroke="#8884"/><text x="%d" y="%.1f" text-anchor="end">%d</text>`, left, y(n), width-10, left-6, y(n)+4, n>>20)
	}
	for i := range 6 {
		at := o.length * time.Duration(i) / 5
		p(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x(at), height-bottom+18, at)
	}
	p(`<text x="%d" y="%d">resident memory in MiB; growth counts from the line on</text>`, left, height-6)
	p(`<path d="M%.1f 10V%d" stroke="#888" stroke-dasharray="4 4"/>`, x(o.settled()), height-bottom)
	b.WriteString(`<path fill="none" stroke="#27c" stroke-width="1.5" d="`)
	for i, s := range o.samples {
		fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(i, 1)], x(s.at), y(s.resident))
	}
	b.WriteString("\"/>\n</svg>\n")
	return []byte(b.String())
}
