package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/picture"
)

func TestALogLineIsWrittenSoOftenAMinute(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	log := slog.New(newSparing(slog.NewTextHandler(&out, nil), func() time.Time { return now }))
	derived := log.With("part", "x").WithGroup("g")
	for range 500 {
		log.Warn("often")
		derived.Warn("often")
	}
	log.Warn("seldom")
	lines := func() (often int) { return strings.Count(out.String(), "msg=often") }
	if lines() != linesPerMinute || strings.Count(out.String(), "msg=seldom") != 1 {
		t.Errorf("%d lines of one message in a minute, want %d, and one of the other:\n%s", lines(), linesPerMinute, &out)
	}
	if strings.Contains(out.String(), "left_out") {
		t.Errorf("lines are said to be missing before any is:\n%s", &out)
	}
	out.Reset()
	now = now.Add(lineWindow)
	log.Warn("often", "key", 1)
	if want := fmt.Sprintf("msg=often key=1 left_out_before=%d\n", 1000-linesPerMinute); !strings.HasSuffix(out.String(), want) {
		t.Errorf("the next minute's first line is %q, want %q at its end", &out, want)
	}
	log.Warn("often")
	if strings.Count(out.String(), "left_out") != 1 {
		t.Errorf("what was left out is said again:\n%s", &out)
	}
}

func TestTheLevelDebugLeavesNothingOut(t *testing.T) {
	for level, want := range map[string]int{"info": linesPerMinute, "debug": 100} {
		var out bytes.Buffer
		log := logOptions{LogLevel: level, LogFormat: "json"}.logger(&Main{Stderr: &out})
		for range 100 {
			log.Warn("often")
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d", level, got, want)
		}
	}
}

// TestBrokenPicturesDoNotFillTheLog uploads pictures whose decoders complain, from libvips down, and asks for all their thumbs: at
// the end the log, the libraries' own words on stderr included, must be as short as after a few.
func TestBrokenPicturesDoNotFillTheLog(t *testing.T) {
	p := spawnBuilt(t, "--metrics", "127.0.0.1:0")
	p.asAdmin()
	p.collection("photos", everyForm, nil)
	bases := [][]byte{
		jpegOf(160, 120), picture.Must(picture.PNG(picture.Chart(60, 40))),
		picture.Must(picture.WebP(picture.Chart(60, 40))), picture.Must(picture.GIF(picture.Pinwheel(40, 2))),
	}
	began := time.Now()
	const pictures = 80
	broken := 0
	for i := range pictures {
		path := p.upload("photos", "a.jpg", picture.FlipBits(bases[i%len(bases)], 10+i%40, int64(i)))
		for _, form := range everyForm {
			if a := p.get(path+"?thumb="+form).want(t, 200); a.header.Get("Cache-Control") == "max-age=60" {
				broken++
			}
		}
	}
	failed, err := strconv.Atoi(p.metric("imgorigin_render_failures_total"))
	if err != nil || failed < 3*linesPerMinute {
		t.Fatalf("%d renders failed, %v: the test shows nothing", failed, err)
	}
	t.Logf("%d renders failed, %d originals in place of thumbs", failed, broken)
	log := p.log.String()
	lines := 10 + linesPerMinute*(1+int(time.Since(began)/lineWindow)) // the start's lines, and what each minute may have
	if got := strings.Count(log, "\n"); got > lines {
		t.Errorf("%d lines after %d originals in place of thumbs, want %d at most:\n%.3000s", got, broken, lines, log)
	}
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "time=") || len(line) > 1000 {
			t.Errorf("a line that is none of ours, or too long: %q", line)
		}
	}
}
