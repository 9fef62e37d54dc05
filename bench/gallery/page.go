package main

import (
	"bytes"
	"fmt"
)

// columns is how many thumbs stand beside each other.
const columns = 3

// markdown is the page.
func markdown(all []exhibit) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Thumbs")
	p("")
	p("Every thumb form of every demo picture, as the program answers them: made by `make gallery`, which starts the program with `--demo` and " +
		"keeps its answers. The demo pictures are made by code. The same build writes the same bytes.")
	p("")
	p("| form | |")
	p("|---|---|")
	for _, f := range forms {
		p("| `?thumb=%s` | %s |", f.spec, f.says)
	}
	for _, e := range all {
		p("")
		p("## %s", e.title)
		p("")
		p("`%s`, stored as %d×%d, %s.", e.name, e.size.X, e.size.Y, kib(e.bytes))
		p("")
		for i := 0; i < len(e.shots); i += columns {
			row := e.shots[i:min(i+columns, len(e.shots))]
			if i > 0 {
				p("")
			}
			cells(&b, row, func(s shot) string { return "`" + s.spec + "`" })
			cells(&b, row, func(shot) string { return ":-:" })
			cells(&b, row, func(s shot) string { return fmt.Sprintf("![%s of %s](%s)", s.spec, e.name, s.file) })
			cells(&b, row, func(s shot) string { return fmt.Sprintf("%d×%d, %s", s.size.X, s.size.Y, kib(s.bytes)) })
		}
	}
	return b.Bytes()
}

// cells writes one row of a table.
func cells(b *bytes.Buffer, row []shot, text func(shot) string) {
	for _, s := range row {
		b.WriteString("| " + text(s) + " ")
	}
	b.WriteString("|\n")
}

// kib writes bytes as kibibytes, to a tenth below ten.
func kib(n int) string {
	if n < 10<<10 {
		return fmt.Sprintf("%.1f KiB", float64(n)/1024)
	}
	return fmt.Sprintf("%d KiB", (n+512)>>10)
}
