package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// instructions counts what the processor executes for a hit, but for the network: the figure that noise cannot touch. The
// benchmarks of origin/server are run under callgrind for so many hits and for twice as many, and the difference is theirs.
func instructions(ctx context.Context, b *bench) (*report, error) {
	exe := filepath.Join(b.work, "server.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", exe, "./origin/server").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the benchmarks: %w\n%s", err, out)
	}
	const hits = 10_000
	r := &report{
		title: "Instructions of a hit",
		commands: []string{"make bench ONLY=instructions",
			fmt.Sprintf("GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 valgrind --tool=callgrind ./server.test -test.run '^$' -test.bench 'Hit/public$' -test.benchtime %dx", hits)},
		method: fmt.Sprintf("Counted by callgrind for %d hits and for twice as many, in the process of the benchmark: from the request's header, read, "+
			"to the answer's, set; what the network and the kernel add is in the part on hits.", hits),
	}
	for _, name := range []string{"public", "notmodified", "range", "protected"} {
		once, err := b.callgrind(ctx, exe, name, hits)
		if err != nil {
			return nil, err
		}
		twice, err := b.callgrind(ctx, exe, name, 2*hits)
		if err != nil {
			return nil, err
		}
		r.rows = append(r.rows, row{what: name, unit: "instructions", ours: []float64{(twice - once) / hits}})
	}
	return r, nil
}

var collected = regexp.MustCompile(`Collected : (\d+)`)

// callgrind is the number of instructions of a whole run of a benchmark.
func (b *bench) callgrind(ctx context.Context, exe, name string, hits int) (float64, error) {
	cmd := exec.CommandContext(ctx, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
		exe, "-test.run", "^$", "-test.bench", "^BenchmarkHit$/^"+name+"$", "-test.benchtime", strconv.Itoa(hits)+"x")
	cmd.Dir = "origin/server"
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1", "GOGC=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("callgrind: %w\n%s", err, out)
	}
	m := collected.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("callgrind says nothing of instructions:\n%s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
