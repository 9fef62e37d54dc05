package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
	"github.com/imgorigin/imgorigin/internal/picture"
)

// miss is a thumb of a picture, and the words in which vipsthumbnail and imgproxy are asked for the same.
type miss struct {
	what   string
	photo  string
	large  bool // a mezzanine is kept of it, where that option is on
	turned bool // by EXIF: it stands on its side
	thumb  string
	vips   []string
	format string // of the thumb, with vipsthumbnail's options
	proxy  string
}

// missPictures is how many pictures one figure is taken over.
const missPictures = 8

const jpegLikeOurs = ".jpg[Q=80,optimize_coding,strip]"

var crop = []string{"--size", "400x300", "--smartcrop", "centre"}

var missCases = []miss{
	{"12 MP JPEG of 4 MB, crop 400×300", "12mp-4mb.jpg", true, false, "400x300", crop, jpegLikeOurs, "rs:fill:400:300/q:80"},
	{"the same, turned by EXIF", "12mp-4mb.jpg", true, true, "400x300", crop, jpegLikeOurs, "rs:fill:400:300/q:80"},
	{"12 MP JPEG, fit 300×300", "12mp-4mb.jpg", true, false, "300x300f", []string{"--size", "300x300"}, jpegLikeOurs, "rs:fit:300:300/q:80"},
	{"2 MP JPEG, crop 100×100", "2mp.jpg", false, false, "100x100", []string{"--size", "100x100", "--smartcrop", "centre"}, jpegLikeOurs, "rs:fill:100:100/q:80"},
	{"1.8 MP PNG, crop 400×300", "2mp.png", false, false, "400x300", crop, ".png[filter=all,strip]", "rs:fill:400:300"},
	{"2 MP WebP, crop 400×300", "2mp.webp", false, false, "400x300", crop, ".webp[Q=80,strip]", "rs:fill:400:300/q:80"},
	{"24 MP WebP, crop 400×300", "24mp.webp", true, false, "400x300", crop, ".webp[Q=80,strip]", "rs:fill:400:300/q:80"},
}

func (m *miss) extension() string { return filepath.Ext(m.photo) }

func (b *bench) source(m *miss) ([]byte, error) {
	data, err := b.photo(m.photo)
	if err == nil && m.turned {
		data, err = picture.WithOrientation(data, 6, picture.MM)
	}
	return data, err
}

// misses compares the whole way from an upload to its first thumb with vipsthumbnail.
func misses(ctx context.Context, b *bench) (*report, error) {
	r := &report{
		title:    "Misses of the whole program",
		commands: []string{"make bench ONLY=misses", "vipsthumbnail --size 400x300 --smartcrop centre -o t%s" + jpegLikeOurs + " PHOTOS"},
		method: fmt.Sprintf("Processor time a picture, of %d pictures, from the first byte of the upload to the last byte of the thumb, less that of the same "+
			"upload stored as a plain file; beside vipsthumbnail with VIPS_CONCURRENCY=1 and our settings of the encoders, many pictures in one process, its start not counted; %d rounds in turns, medians.", missPictures, b.rounds),
	}
	p, q, end, err := b.withAndWithout(ctx, []string{"400x300", "300x300f", "100x100"})
	if err != nil {
		return nil, err
	}
	defer end()
	var proxy *imgproxy
	if exe := os.Getenv("IMGPROXY_BIN"); exe != "" {
		if proxy, err = b.startImgproxy(ctx, exe); err != nil {
			return nil, err
		}
		defer proxy.stop()
	}
	for _, m := range missCases {
		data, err := b.source(&m)
		if err != nil {
			return nil, err
		}
		ways := []func() ([]float64, error){
			func() ([]float64, error) { return b.missedBy(ctx, p, &m, data) },
			func() ([]float64, error) { return b.vipsthumbnail(ctx, &m, data) },
		}
		if m.large {
			ways = append(ways, func() ([]float64, error) { return b.missedBy(ctx, q, &m, data) })
		}
		if proxy != nil {
			ways = append(ways, func() ([]float64, error) { return proxy.thumbs(ctx, &m, data) })
		}
		v, err := b.turns(ways...)
		if err != nil {
			return nil, err
		}
		ours, vips := v[0], v[1]
		const unit = "ms of CPU"
		r.rows = append(r.rows, row{what: m.what, unit: unit, ours: ours, theirs: vips, beside: "vipsthumbnail", bound: 1.10})
		if m.large {
			r.rows = append(r.rows, row{what: "  with " + strings.Join(mezzanine, " "), unit: unit, ours: v[2], theirs: vips, beside: "vipsthumbnail"})
		}
		if proxy != nil {
			r.rows = append(r.rows, row{what: m.what + ", by imgproxy's", unit: unit, ours: ours, theirs: v[len(v)-1], beside: "imgproxy"})
		}
	}
	return r, nil
}

// missedBy is the program's processor time for one picture, in ms.
func (b *bench) missedBy(ctx context.Context, p *rig.Program, m *miss, data []byte) ([]float64, error) {
	whole, err := b.uploads(ctx, p, "a"+m.extension(), data, m.thumb)
	if err != nil {
		return nil, err
	}
	plain := bytes.Clone(data)
	clear(plain[:min(16, len(plain))]) // which no longer begins as a picture
	stored, err := b.uploads(ctx, p, "a.bin", plain, "")
	return []float64{whole - stored}, err
}

// uploads is the processor time that an upload takes, with its first thumb where one is named, in ms.
func (b *bench) uploads(ctx context.Context, p *rig.Program, name string, data []byte, thumb string) (float64, error) {
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	var files []rig.File
	for range missPictures {
		file, err := p.Upload(ctx, "open", name, data)
		if err != nil {
			return 0, err
		}
		files = append(files, file)
		if thumb == "" {
			continue
		}
		if err := wantThumb(ctx, p, file, thumb); err != nil {
			return 0, err
		}
	}
	time.Sleep(settle) // what the program does behind an answer counts too
	after, err := p.CPU()
	for _, file := range files {
		if err == nil {
			err = p.Delete(ctx, file)
		}
	}
	return float64((after - before).Microseconds()) / 1000 / missPictures, err
}

// vipsthumbnail is its processor time for one picture, in ms: of two runs, one of them with twice the pictures, the difference.
func (b *bench) vipsthumbnail(ctx context.Context, m *miss, data []byte) ([]float64, error) {
	dir, err := os.MkdirTemp(b.work, "vips")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var files []string
	for i := range 2 * missPictures {
		file := filepath.Join(dir, fmt.Sprintf("a%d%s", i, m.extension()))
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	run := func(files []string) (time.Duration, error) {
		args := append(append(append([]string{}, m.vips...), "-o", dir+"/t_%s"+m.format), files...)
		cmd := exec.CommandContext(ctx, "vipsthumbnail", args...)
		cmd.Env = append(os.Environ(), "VIPS_CONCURRENCY=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("vipsthumbnail: %w\n%s", err, out)
		}
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
	}
	once, err := run(files[:missPictures])
	if err != nil {
		return nil, err
	}
	twice, err := run(files)
	return []float64{float64((twice - once).Microseconds()) / 1000 / missPictures}, err
}

// imgproxy is a peer that reads pictures from a folder.
type imgproxy struct {
	peer
	folder string
}

func (b *bench) startImgproxy(ctx context.Context, exe string) (*imgproxy, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(b.work, "imgproxy")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), fmt.Sprintf("IMGPROXY_BIND=127.0.0.1:%d", port), "IMGPROXY_LOCAL_FILESYSTEM_ROOT="+folder,
		"IMGPROXY_MAX_SRC_RESOLUTION=100", "IMGPROXY_LOG_LEVEL=error")
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("IMGPROXY_BIN: %w", err)
	}
	p := &imgproxy{peer{fmt.Sprintf("http://127.0.0.1:%d", port), cmd}, folder}
	if err := awaitPort(ctx, port); err != nil {
		p.stop()
		return nil, fmt.Errorf("imgproxy: %w", err)
	}
	return p, nil
}

// thumbs is imgproxy's processor time for one picture, in ms.
func (p *imgproxy) thumbs(ctx context.Context, m *miss, data []byte) ([]float64, error) {
	name := "a" + m.extension()
	if err := os.WriteFile(filepath.Join(p.folder, name), data, 0o644); err != nil {
		return nil, err
	}
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	for range missPictures {
		address := p.base + "/unsafe/" + m.proxy + "/plain/" + url.QueryEscape("local:///"+name) + "@" + m.extension()[1:]
		if err := get(ctx, address); err != nil {
			return nil, err
		}
	}
	after, err := p.cpu()
	return []float64{float64((after - before).Microseconds()) / 1000 / missPictures}, err
}

// renders has the renderer's own test write its table, which compares single calls within one process.
func renders(ctx context.Context, b *bench) (*report, error) {
	results, err := filepath.Abs(b.results)
	if err != nil {
		return nil, err
	}
	photos, err := filepath.Abs(filepath.Join(b.photos, "tree"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "./transform/vips", "-run", "^TestMisses$", "-count=1", "-timeout=15m", "-v")
	cmd.Env = append(os.Environ(), "IMGORIGIN_RESULTS="+results, "IMGORIGIN_PHOTOS="+photos)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	b.say("%s", out)
	return nil, nil
}
