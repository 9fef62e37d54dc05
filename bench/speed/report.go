package main

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// report is a section of the results.
type report struct {
	title    string
	commands []string // what it was measured with
	method   string   // how, in a sentence or two
	rows     []row
	notes    []string
}

// row compares two things measured in turns.
type row struct {
	what   string
	unit   string
	ours   []float64 // of each round
	theirs []float64 // of each round; none: the row has no ratio
	beside string    // what theirs is of
	// bound is what was promised of the ratio, or of ours where there is no theirs; 0: nothing.
	bound   float64
	atLeast bool // it is a lower bound
}

func median(samples []float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(samples))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// ratio of the medians, 0 where there is none.
func (r *row) ratio() float64 {
	if m := median(r.theirs); m > 0 {
		return median(r.ours) / m
	}
	return 0
}

// verdict says what was promised and whether it is kept.
func (r *row) verdict() (promised, kept string) {
	if r.bound == 0 {
		return "", ""
	}
	value, sign := median(r.ours), "≤"
	if len(r.theirs) > 0 {
		value = r.ratio()
	}
	met := value <= r.bound
	if r.atLeast {
		sign, met = "≥", value >= r.bound
	}
	kept = "no"
	if met {
		kept = "yes"
	}
	return fmt.Sprintf("%s %g", sign, r.bound), kept
}

// figure writes a number with three digits that mean something.
func figure(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// text is the section in Markdown.
func (r *report) text() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("## %s\n", r.title)
	p("%s, %s. %s\n", rig.Machine(), time.Now().UTC().Format(time.DateOnly), r.method)
	p("```")
	for _, c := range r.commands {
		p("%s", c)
	}
	p("```\n")
	p("| | unit | imgorigin | beside it | ratio | promised | kept |\n|---|---|--:|--:|--:|--:|---|")
	for _, row := range r.rows {
		beside, ratio := "", ""
		if len(row.theirs) > 0 {
			beside, ratio = figure(median(row.theirs))+" "+row.beside, fmt.Sprintf("%.2f", row.ratio())
		}
		promised, kept := row.verdict()
		p("| %s | %s | %s | %s | %s | %s | %s |", row.what, row.unit, figure(median(row.ours)), beside, ratio, promised, kept)
	}
	for _, n := range r.notes {
		p("\n%s", n)
	}
	return b.String()
}

// plot draws the ratios and what was promised of them as SVG, readable on light and on dark ground; nil where there are none.
func (r *report) plot() []byte {
	const width, left, line, top = 720, 330, 24, 30
	var rows []row
	most := 1.0
	for _, row := range r.rows {
		if len(row.theirs) > 0 {
			rows = append(rows, row)
			most = max(most, min(row.ratio(), 3), row.bound)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	most *= 1.1
	x := func(v float64) float64 { return left + (width-left-50)*min(v, most)/most }
	height := top + line*len(rows) + 24
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" fill="#888">`, width, height)
	p(`<title>%s</title>`, html.EscapeString(r.title))
	p(`<text x="%d" y="16" text-anchor="end">ratio to what it is compared with</text>`, left-8)
	p(`<path d="M%.1f %dV%d" stroke="#888"/><text x="%.1f" y="16" text-anchor="middle">1.0</text>`, x(1), top-8, height-22, x(1))
	for i, row := range rows {
		y, ratio, colour := top+i*line, row.ratio(), "#27c"
		if _, kept := row.verdict(); kept == "no" {
			colour = "#c52"
		}
		p(`<text x="%d" y="%d" text-anchor="end">%s</text>`, left-8, y+14, html.EscapeString(row.what))
		p(`<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, left, y+3, x(ratio)-left, line-10, colour)
		p(`<text x="%.1f" y="%d">%.2f</text>`, x(ratio)+6, y+14, ratio)
		if row.bound > 0 {
			p(`<path d="M%.1f %dv%d" stroke="#c83" stroke-width="2"/>`, x(row.bound), y, line-4)
		}
	}
	p(`<text x="%d" y="%d">a short orange line is what was promised; a bar beyond it is red</text>`, left, height-6)
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
