// Command torture sends a corpus of hostile pictures, made by code, to a program in a process of its own, asks for
// thumbs of each, and tallies what became of them: served, or refused by which check, and at what cost. It talks HTTP, reads
// the program's log and /proc, and imports nothing of ours but the maker of pictures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/imgorigin/imgorigin/bench/rig"
)

func main() {
	exe := flag.String("program", "bin/imgorigin", "the program")
	results := flag.String("results", "bench/RESULTS.md", "the file whose section is written")
	short := flag.Bool("short", false, "a thinned-out corpus, without what takes seconds")
	seed := flag.Uint64("seed", 1, "of the damage that is done at random: the same seed makes the same files")
	only := flag.String("only", "", "a regular expression: only files whose family and name match; nothing is written")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := report(ctx, config{exe: *exe, short: *short, seed: *seed}, *results, *only); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

func report(ctx context.Context, c config, results, only string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "torture")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir, c.only = dir, match
	c.say = func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	t, err := torture(ctx, c)
	if t != nil {
		fmt.Println(t.markdown("make torture"))
	}
	if err != nil || only != "" {
		return err
	}
	return rig.WriteSection(results, "torture", t.markdown("make torture"))
}
