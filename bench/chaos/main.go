// Command chaos runs three replicas behind nginx on PostgreSQL and an S3 server, lets k6 and witnesses of its own upload, read
// and delete, and meanwhile kills replicas, crashes the database, cuts and slows the store, fills a disk and freezes processes.
// Afterwards everything that was acknowledged must be there, byte for byte, through every replica. It fails when something is
// lost, when an answer ever had wrong bytes, when a refusal is unclear, and when a thumb in memory was not served.
// Which faults come when follows from a seed; everything stays on 127.0.0.1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

func main() {
	c := config{say: func(format string, args ...any) {
		fmt.Printf("%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
	}}
	flag.StringVar(&c.exe, "program", "bin/imgorigin", "the program")
	flag.StringVar(&c.k6, "k6", "build/k6", "the k6 binary; empty: no load but the witnesses'")
	flag.StringVar(&c.scripts, "scripts", "bench/k6", "folder of the k6 scripts")
	flag.StringVar(&c.site, "site", "deploy/nginx/imgorigin.conf", "configuration of nginx")
	flag.DurationVar(&c.length, "for", 5*time.Minute, "how long faults are made")
	flag.DurationVar(&c.fault, "fault", 5*time.Second, "how long one of them lasts")
	flag.DurationVar(&c.quiet, "quiet", 6*time.Second, "how long nothing happens after each")
	flag.Uint64Var(&c.seed, "seed", 1, "of the order of faults and of what clients do")
	flag.IntVar(&c.rate, "rate", 40, "requests a second by k6")
	flag.StringVar(&c.only, "only", "", "a `regexp` of the faults to make; then nothing is written")
	results := flag.String("results", "bench/RESULTS.md", "the file whose section is written")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := report(ctx, c, *results); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func report(ctx context.Context, c config, results string) error {
	t, err := chaos(ctx, c)
	if err != nil {
		return err
	}
	fmt.Println(t.markdown())
	if c.only == "" {
		err = rig.WriteSection(results, "chaos", t.markdown())
	}
	return errors.Join(err, t.verdict())
}
