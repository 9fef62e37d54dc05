// Command soak keeps a program in a process of its own busy for some minutes as a busy site would: pictures of 12
// megapixels come and go, thumbs are made and asked for again; and it samples the process's resident memory every second. It
// fails when memory still grows after the first fifth of the time, or was more than 200 MB above the cache's budget. All load
// stays on 127.0.0.1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

func main() {
	exe := flag.String("program", "bin/imgorigin", "the program")
	results := flag.String("results", "bench/RESULTS.md", "the file whose section is written")
	plot := flag.String("plot", "docs/soak.svg", "the plot that is written")
	c := config{say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	flag.DurationVar(&c.length, "for", 10*time.Minute, "how long")
	flag.IntVar(&c.clients, "clients", 6, "how many clients ask at once")
	flag.Parse()
	c.exe = *exe
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := report(ctx, c, *results, *plot); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func report(ctx context.Context, c config, results, plot string) error {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir, c.megapixels = dir, 12
	o, err := soak(ctx, c)
	if err != nil {
		return err
	}
	fmt.Println(o.markdown(plot))
	if err := os.MkdirAll(filepath.Dir(plot), 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(plot, o.plot(), 0o644),
		rig.WriteSection(results, "soak", o.markdown(plot)),
		o.verdict(),
	)
}
