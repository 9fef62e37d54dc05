package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

func TestARowSaysWhetherItsPromiseIsKept(t *testing.T) {
	for _, c := range []struct {
		name           string
		row            row
		promised, kept string
	}{
		{"a ratio below its bound", row{ours: []float64{9, 1, 10}, theirs: []float64{10}, bound: 1.1}, "≤ 1.1", "yes"},
		{"a ratio above it", row{ours: []float64{12}, theirs: []float64{10, 10}, bound: 1.1}, "≤ 1.1", "no"},
		{"a ratio that is to be high", row{ours: []float64{12}, theirs: []float64{10}, bound: 0.9, atLeast: true}, "≥ 0.9", "yes"},
		{"a figure alone", row{ours: []float64{1, 1, 40}, bound: 1}, "≤ 1", "yes"},
		{"nothing promised", row{ours: []float64{1}, theirs: []float64{2}}, "", ""},
	} {
		if promised, kept := c.row.verdict(); promised != c.promised || kept != c.kept {
			t.Errorf("%s: %s %s", c.name, promised, kept)
		}
	}
	if m := median([]float64{4, 1, 3, 2}); m != 2.5 || median(nil) != 0 {
		t.Errorf("the median of 1 to 4 is %g", m)
	}
}

func TestAReportIsWrittenAsMarkdownAndAsSVG(t *testing.T) {
	r := &report{title: "A & B", commands: []string{"make bench"}, method: "In turns.", rows: []row{
		{what: "a < b", unit: "ms", ours: []float64{3}, theirs: []float64{2}, beside: "nginx", bound: 1.1},
		{what: "alone", unit: "ms", ours: []float64{1234.5}},
	}}
	text := r.text()
	for _, want := range []string{"## A & B\n", "| a < b | ms | 3.00 | 2.00 nginx | 1.50 | ≤ 1.1 | no |\n", "| alone | ms | 1234 |  |  |  |  |\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	svg := string(r.plot())
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the plot is no XML: %v\n%s", err, svg)
		}
	}
	if strings.Count(svg, "<rect") != 1 || !strings.Contains(svg, ">1.50<") {
		t.Errorf("the plot shows other rows than those with a ratio:\n%s", svg)
	}
	if (&report{rows: r.rows[1:]}).plot() != nil {
		t.Error("a plot of no ratios")
	}
}

func TestProcessorTimeIsSeen(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Skip("there is no /proc:", err)
	}
	for n, begun := 0, time.Now(); ; n++ {
		if after, err := cpuOf(os.Getpid()); err != nil || after > before {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("work takes no processor time")
		}
	}
}
