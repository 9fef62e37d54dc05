package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// few and lots are the numbers of records that are compared.
const few, lots = 1_000, 1_000_000

// growth compares cold lookups and starts among few records and among many. A lookup is a request that no cache knows, with an
// If-None-Match that any file meets: the row is read, no bytes are.
func growth(ctx context.Context, b *bench) (*report, error) {
	libraries := map[int]string{}
	for _, n := range []int{few, lots} {
		dir, err := b.makeLibrary(ctx, n)
		if err != nil {
			return nil, err
		}
		if err := readThrough(filepath.Join(dir, "data.db")); err != nil {
			return nil, err
		}
		libraries[n] = dir
	}
	lookups, starts, cpus := map[int][]float64{}, map[int][]float64{}, map[int][]float64{}
	for round := range b.rounds + 1 {
		for _, n := range []int{few, lots} {
			p, took, err := b.startOn(ctx, libraries[n])
			if err != nil {
				return nil, err
			}
			lookup, cpu, err := coldLookups(ctx, p, n, round)
			p.stop()
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first completes the statistics
				lookups[n], starts[n] = append(lookups[n], lookup), append(starts[n], float64(took.Microseconds())/1000)
				cpus[n] = append(cpus[n], cpu)
			}
		}
	}
	return &report{
		title:    "Growth",
		commands: []string{"make bench ONLY=growth"},
		method: fmt.Sprintf("%d requests for files that no cache knows, one after the other, answered 304 so that only the row is read; "+
			"in a library of %d records beside one of %d, both in the system's page cache; the program is started anew for each of %d rounds in turns, medians.", few, lots, few, b.rounds),
		rows: []row{
			{what: "cold lookup, whole request", unit: "µs", ours: lookups[lots], theirs: lookups[few], beside: "among 1,000", bound: 1.5},
			{what: "cold lookup, processor time", unit: "µs of CPU", ours: cpus[lots], theirs: cpus[few], beside: "among 1,000"},
			{what: "start, until it serves", unit: "ms", ours: starts[lots], theirs: starts[few], beside: "among 1,000", bound: 1.2},
		},
	}, nil
}

// readThrough brings a file into the system's page cache, so that rounds do not differ by what of it they find there.
func readThrough(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

// makeLibrary returns a library of n records, which is kept beside the photographs for the next time.
func (b *bench) makeLibrary(ctx context.Context, n int) (string, error) {
	dir := filepath.Join(b.photos, "library-"+strconv.Itoa(n))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	b.say("making a library of %d records", n)
	made := dir + ".new"
	if err := os.RemoveAll(made); err != nil {
		return "", err
	}
	if err := os.MkdirAll(made, 0o700); err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(made)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "./catalog/sqlite", "-run", "^TestMakeALibrary$", "-count=1", "-timeout=20m")
	cmd.Env = append(os.Environ(), "IMGORIGIN_LIBRARY="+absolute, "IMGORIGIN_SCALE="+strconv.Itoa(n), "TMPDIR="+absolute)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("making a library: %w\n%s", err, out)
	}
	// The first start completes it with the collections that every library has.
	p, _, err := b.startOn(ctx, made)
	if err != nil {
		return "", err
	}
	p.stop()
	return dir, os.Rename(made, dir)
}

// startOn runs the program on a library and tells how long it took until it served.
func (b *bench) startOn(ctx context.Context, dir string) (*peer, time.Duration, error) {
	cmd := exec.CommandContext(ctx, b.exe, "serve", "--dir", dir, "--http", "127.0.0.1:0", "--log-format", "json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	cmd.Stderr = cmd.Stdout
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	p := &peer{cmd: cmd}
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			p.stop()
			return nil, 0, fmt.Errorf("the program did not serve: %w\n%s", err, text)
		}
		var line struct{ Msg, Address string }
		if json.Unmarshal(text, &line) == nil && line.Msg == "serving" {
			p.base = line.Address
			took := time.Since(begun)
			go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the process
			return p, took, nil
		}
	}
}

// coldLookups asks for files of a library of n records, each once, and returns the median time and the mean processor time in µs.
func coldLookups(ctx context.Context, p *peer, n, round int) (lookup, cpu float64, err error) {
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	var times []float64
	for i := range few {
		k := (i*997 + round*31) % n // none twice, as 997 divides neither number
		address := fmt.Sprintf("%s/api/files/pbc_stock/r%014d/photo_%010d.jpg", p.base, k*7919%10_000_019, k)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return 0, 0, err
		}
		req.Header.Set("If-None-Match", "*")
		begun := time.Now()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, 0, err
		}
		times = append(times, float64(time.Since(begun).Nanoseconds())/1000)
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return 0, 0, err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotModified {
			return 0, 0, fmt.Errorf("%s: status %d", address, resp.StatusCode)
		}
	}
	after, err := p.cpu()
	slices.Sort(times)
	return times[len(times)/2], float64((after - before).Microseconds()) / few, err
}

// get asks for an address and reads the answer; any status but 200 is an error.
func get(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", address, resp.StatusCode)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
