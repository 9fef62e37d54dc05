package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// originals compares a file from the local store with nginx and its sendfile, and looks at memory under many downloads.
func originals(ctx context.Context, b *bench) (*report, error) {
	data, err := b.photo("5mb.jpg")
	if err != nil {
		return nil, err
	}
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := p.MakeCollection(ctx, "open", nil); err != nil {
		return nil, err
	}
	file, err := p.Upload(ctx, "open", "5mb.jpg", data)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(b.work, "static")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "file.jpg"), data, 0o644); err != nil {
		return nil, err
	}
	nginx, err := b.startNginx(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer nginx.stop()

	// With one thread it is the client that is measured: what a sender leaves in a socket's buffer the system sends on the time
	// of whoever makes room there.
	const conns, threads = 8, 2
	ours := &variant{name: "original", url: p.Base + file.Path, conns: conns, threads: threads, cpu: p.CPU}
	static := &variant{name: "nginx", url: nginx.base + "/file.jpg", conns: conns, threads: threads, cpu: nginx.cpu}
	if err := b.alternate(ctx, []*variant{ours, static}); err != nil {
		return nil, err
	}
	each, err := b.downloads(ctx, p, ours)
	if err != nil {
		return nil, err
	}
	rate := func(l load) float64 { return l.bytes / (1 << 20) }
	const cpu = "µs of CPU a download"
	return &report{
		title:    "Originals",
		commands: []string{"make bench ONLY=originals", fmt.Sprintf("wrk -t%d -c%d -d%s URL", threads, conns, b.round)},
		method: fmt.Sprintf("A file of %d bytes from the local store on %d connections beside nginx with sendfile and open_file_cache, "+
			"%d rounds of %s in turns; medians.", len(data), conns, b.rounds, b.round),
		rows: []row{
			{what: "throughput", unit: "MiB a second", ours: of(ours, rate), theirs: of(static, rate), beside: "nginx", bound: 0.9, atLeast: true},
			{what: "processor time", unit: cpu, ours: of(ours, perAnswer), theirs: of(static, perAnswer), beside: "nginx", bound: 1.11},
			{what: fmt.Sprintf("memory for each of %d downloads at once", many), unit: "KiB", ours: each, bound: 100},
		},
	}, nil
}

// many is how many downloads at once memory is looked at with.
const many = 200

// downloads tells how much the most resident memory grows for each download, from one at a time to many at once, in KiB.
func (b *bench) downloads(ctx context.Context, p *rig.Program, v *variant) (each []float64, err error) {
	peak := func(conns int) (int64, error) {
		if err := p.ResetPeak(); err != nil {
			return 0, err
		}
		if _, err := b.wrk(ctx, &variant{url: v.url, conns: conns, cpu: p.CPU}); err != nil {
			return 0, err
		}
		m, err := p.Memory()
		return m.Peak, err
	}
	one, err := peak(1)
	if err != nil {
		return nil, err
	}
	all, err := peak(many)
	if err != nil {
		return nil, err
	}
	return []float64{float64(max(all-one, 0)) / many / 1024}, nil
}
