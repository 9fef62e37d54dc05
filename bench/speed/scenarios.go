package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// identity is who the k6 scripts sign in as.
const identity, password = "k6@example.com", "correct-horse-battery"

// startForK6 is start with an account for k6.
func (b *bench) startForK6(ctx context.Context, args ...string) (*rig.Program, error) {
	dir, err := os.MkdirTemp(b.work, "library")
	if err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, b.exe, "superuser", "upsert", identity, password, "--dir", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making an account: %w\n%s", err, out)
	}
	return rig.Start(ctx, rig.Config{Exe: b.exe, Dir: dir, Args: args})
}

// k6 runs a scenario against the program and returns its metrics.
func (b *bench) scenario(ctx context.Context, p *rig.Program, name string, env ...string) (metrics, error) {
	summary := filepath.Join(b.work, "summary.json")
	exe, err := filepath.Abs(b.k6)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe, "run", "--quiet", "--no-usage-report", filepath.Join(b.scripts, name+".js"))
	cmd.Env = append(os.Environ(), "BASE_URL="+p.Base, "IDENTITY="+identity, "PASSWORD="+password, "SUMMARY="+summary)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("k6 %s: %w\n%s", name, err, out)
	}
	text, err := os.ReadFile(summary)
	if err != nil {
		return nil, err
	}
	var m metrics
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, err
	}
	if checks := m["checks"].Values; checks["fails"] > 0 {
		return nil, fmt.Errorf("k6 %s: %g of its checks failed", name, checks["fails"])
	}
	return m, nil
}

// metrics are k6's, by their names.
type metrics map[string]struct{ Values map[string]float64 }

// mixed compares hits beside renders with a bare program's hits beside the same renders.
func mixed(ctx context.Context, b *bench) (*report, error) {
	p, err := b.startForK6(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := p.MakeCollection(ctx, "open", hitSizes); err != nil {
		return nil, err
	}
	path, _, size, err := b.hitThumb(ctx, p, "open", "")
	if err != nil {
		return nil, err
	}
	bare, err := b.startBare(ctx, p.Base+path)
	if err != nil {
		return nil, err
	}
	defer bare.stop()

	length := 4 * b.round
	picture := "PICTURE=" + filepath.Join(b.photos, "12mp-4mb.jpg")
	var ours, theirs, oursMedian, theirsMedian, made []float64
	for range b.rounds {
		for _, hit := range []string{p.Base + path, bare.base + path} {
			before, err := p.Metric(ctx, "imgorigin_renders_total")
			if err != nil {
				return nil, err
			}
			m, err := b.scenario(ctx, p, "mixed", picture, "HIT_URL="+hit, "DURATION="+(length+2*time.Second).String(), "HIT_DURATION="+length.String())
			if err != nil {
				return nil, err
			}
			after, err := p.Metric(ctx, "imgorigin_renders_total")
			if err != nil {
				return nil, err
			}
			made = append(made, (after-before)/(length+2*time.Second).Seconds())
			v := m["hit_time"].Values
			if hit == p.Base+path {
				ours, oursMedian = append(ours, v["p(99)"]), append(oursMedian, v["med"])
			} else {
				theirs, theirsMedian = append(theirs, v["p(99)"]), append(theirsMedian, v["med"])
			}
		}
	}
	return &report{
		title:    "Hits while pictures are rendered",
		commands: []string{"make bench ONLY=mixed", "k6 run bench/k6/mixed.js"},
		method: fmt.Sprintf("200 hits a second on a thumb of %d bytes, while 8 clients ask for thumbs of 12-megapixel pictures that nobody has asked for; "+
			"the same hits on bench/bare beside the same renders of this program; %d rounds of %s in turns, medians.", size, b.rounds, length),
		rows: []row{
			{what: "99th percentile of hits", unit: "ms", ours: ours, theirs: theirs, beside: "bare fasthttp", bound: 1.5},
			{what: "median of hits", unit: "ms", ours: oursMedian, theirs: theirsMedian, beside: "bare fasthttp"},
			{what: "thumbs rendered meanwhile", unit: "a second", ours: made},
		},
	}, nil
}

// stampede counts renders where many clients want one thumb, and times refusals where the queue is full.
func stampede(ctx context.Context, b *bench) (*report, error) {
	p, err := b.startForK6(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	const clients = 1000
	var renders, slowest []float64
	for range b.rounds {
		before, err := p.Metric(ctx, "imgorigin_renders_total")
		if err != nil {
			return nil, err
		}
		m, err := b.scenario(ctx, p, "stampede", "PICTURE="+filepath.Join(b.photos, "12mp-4mb.jpg"), fmt.Sprintf("CLIENTS=%d", clients))
		if err != nil {
			return nil, err
		}
		after, err := p.Metric(ctx, "imgorigin_renders_total")
		if err != nil {
			return nil, err
		}
		renders, slowest = append(renders, after-before), append(slowest, m["http_req_duration"].Values["max"])
	}
	refusals, err := b.refusals(ctx)
	if err != nil {
		return nil, err
	}
	return &report{
		title:    "Stampede, and a full queue",
		commands: []string{"make bench ONLY=stampede", "CLIENTS=1000 k6 run bench/k6/stampede.js"},
		method: fmt.Sprintf("%d clients ask at once for one thumb of a 12-megapixel picture that nobody has asked for; then, with --workers 1 --queue 4, "+
			"%d clients for thumbs of as many pictures; %d rounds, medians.", clients, refused, b.rounds),
		rows: []row{
			{what: fmt.Sprintf("renders for %d clients", clients), unit: "", ours: renders, bound: 1},
			{what: "the last of them has its thumb after", unit: "ms", ours: slowest},
			{what: "a full queue answers 503 after", unit: "ms", ours: refusals, bound: 10},
		},
	}, nil
}

// refused is how many clients ask for thumbs at once where five are taken.
const refused = 32

// refusals are the times to a 503 where the queue is full: the median of each round, in milliseconds.
func (b *bench) refusals(ctx context.Context) (medians []float64, err error) {
	p, err := b.start(ctx, "--workers", "1", "--queue", "4")
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	var sizes []string // one for each round
	for round := range b.rounds {
		sizes = append(sizes, fmt.Sprintf("%dx300", 400+round))
	}
	if err := p.MakeCollection(ctx, "open", sizes); err != nil {
		return nil, err
	}
	data, err := b.photo("12mp-4mb.jpg")
	if err != nil {
		return nil, err
	}
	var files []rig.File // thumbs of one picture would share a place in the queue
	for range refused {
		file, err := p.Upload(ctx, "open", "a.jpg", data)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	for _, size := range sizes {
		var clients sync.WaitGroup
		times := make([]float64, refused)
		for i, file := range files {
			clients.Go(func() {
				begun := time.Now()
				if a, err := p.Get(ctx, file.Path+"?thumb="+size); err == nil && a.Status == 503 {
					times[i] = float64(time.Since(begun).Microseconds()) / 1000
				}
			})
		}
		clients.Wait()
		var refusals []float64
		for _, t := range times {
			if t > 0 {
				refusals = append(refusals, t)
			}
		}
		if len(refusals) == 0 {
			return nil, fmt.Errorf("no request of %d was refused by a queue of 4", refused)
		}
		medians = append(medians, median(refusals))
	}
	return medians, nil
}
