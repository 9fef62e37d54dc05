// Command speed measures the program from outside, beside what it is to be compared with, and writes what it sees to
// sections of bench/RESULTS.md, each with its plot. Whatever is compared runs in turns, round by round, on the same machine
// in the same minutes, and figures are medians of the rounds: a ratio of two of them outlasts the machine, a figure does not.
// All load stays on 127.0.0.1. Nothing here fails because something is slow: the tables say what was promised.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// bench is one run of the command.
type bench struct {
	exe     string        // the program
	bare    string        // the yardstick of hits
	k6      string        // the load generator of scenarios
	scripts string        // its scripts
	site    string        // configuration of nginx before replicas
	photos  string        // folder of photographs, made by scripts/photos; libraries of many records are kept there, too
	work    string        // folder for this run's files
	results string        // the file whose sections are written
	rounds  int           // of everything that is compared
	round   time.Duration // how long one thing is loaded in one round
	say     func(format string, args ...any)
}

// part is one section of the results.
type part struct {
	name string
	// measure returns no report where the section was written by another command.
	measure func(context.Context, *bench) (*report, error)
}

var parts = []part{
	{"hits", hits}, {"originals", originals}, {"mixed", mixed}, {"stampede", stampede},
	{"misses", misses}, {"renders", renders}, {"srcset", srcset}, {"growth", growth}, {"instructions", instructions},
	{"cluster", clustered},
}

func main() {
	b := &bench{say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	flag.StringVar(&b.exe, "program", "bin/imgorigin", "the program")
	flag.StringVar(&b.k6, "k6", "build/k6", "the k6 binary")
	flag.StringVar(&b.scripts, "scripts", "bench/k6", "folder of the k6 scripts")
	flag.StringVar(&b.site, "site", "deploy/nginx/imgorigin.conf", "configuration of nginx before replicas")
	flag.StringVar(&b.photos, "photos", "", "folder of photographs, see scripts/photos")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of everything that is compared")
	flag.DurationVar(&b.round, "round", 2*time.Second, "how long one thing is loaded in one round")
	flag.StringVar(&b.results, "results", "bench/RESULTS.md", "the file whose sections are written")
	plots := flag.String("plots", "docs", "folder of the plots")
	only := flag.String("only", "", "comma-separated `parts` to measure, of "+names()+"; all where empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx, *only, *plots); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

func names() string {
	var all []string
	for _, p := range parts {
		all = append(all, p.name)
	}
	return strings.Join(all, ",")
}

// run measures the parts asked for. One that cannot be measured does not keep the others from it.
func (b *bench) run(ctx context.Context, only, plots string) (err error) {
	wanted := strings.Split(only, ",")
	for _, name := range wanted {
		if only != "" && !strings.Contains(","+names()+",", ","+name+",") {
			return fmt.Errorf("there is no part %q, only %s", name, names())
		}
	}
	if b.work, err = os.MkdirTemp("", "speed"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if b.bare, err = build(ctx, b.work, "./bench/bare"); err != nil {
		return err
	}
	for _, p := range parts {
		if only != "" && !slices.Contains(wanted, p.name) {
			continue
		}
		begun := time.Now()
		b.say("measuring %s", p.name)
		r, e := p.measure(ctx, b)
		if e == nil && r != nil {
			e = r.write(p.name, b.results, plots)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, e))
			b.say("%s cannot be measured: %v", p.name, e)
			continue
		}
		if r != nil {
			b.say("%s", r.text())
		}
		b.say("(%s in %s)\n", p.name, time.Since(begun).Round(time.Second))
	}
	return err
}

// write puts the report into its section, and its plot beside the documentation.
func (r *report) write(name, results, plots string) error {
	text := r.text()
	if svg := r.plot(); svg != nil {
		if err := os.MkdirAll(plots, 0o755); err != nil {
			return err
		}
		file := filepath.Join(plots, "speed-"+name+".svg")
		if err := os.WriteFile(file, svg, 0o644); err != nil {
			return err
		}
		to, err := filepath.Rel(filepath.Dir(results), file)
		if err != nil {
			return err
		}
		text += "\n![" + r.title + "](" + filepath.ToSlash(to) + ")\n"
	}
	return rig.WriteSection(results, "speed "+name, text)
}
