package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// meter shows how far a long job is: a bar on a terminal, and elsewhere a line now and then.
type meter struct {
	to   io.Writer
	unit string
	bars bool

	stage string
	bar   *progressbar.ProgressBar
	said  time.Time
}

// meterEvery is how often a line is written.
const meterEvery = 10 * time.Second

func newMeter(to io.Writer, unit string, quiet bool) *meter {
	if quiet {
		to = io.Discard
	}
	return &meter{to: to, unit: unit, bars: isTerminal(to)}
}

// isTerminal tells whether somebody may be looking.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// at shows how much of a stage is done. A stage may come again.
func (m *meter) at(stage string, done, total int64) {
	began := stage != m.stage || done == 0
	m.stage = stage
	if m.bars {
		if began || m.bar == nil {
			m.close()
			m.bar = m.newBar(stage, total)
		}
		_ = m.bar.Set64(done) // it shows, and decides nothing
		return
	}
	if !began && done < total && time.Since(m.said) < meterEvery {
		return
	}
	m.said = time.Now()
	percent := 100.0
	if total > 0 {
		percent = 100 * float64(done) / float64(total)
	}
	fmt.Fprintf(m.to, "%s: %d of %d %s, %.0f%%\n", stage, done, total, m.unit, percent)
}

func (m *meter) newBar(stage string, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(m.to), progressbar.OptionSetDescription(stage),
		progressbar.OptionShowBytes(m.unit == "bytes"), progressbar.OptionUseIECUnits(true), progressbar.OptionShowCount(), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond))
}

// close leaves the bar as it is, and the cursor below it.
func (m *meter) close() {
	if m.bar != nil {
		_ = m.bar.Exit()
		fmt.Fprintln(m.to)
		m.bar = nil
	}
}
