package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/imgorigin/imgorigin/bench/rig"
)

// start runs the program on a library of its own.
func (b *bench) start(ctx context.Context, args ...string) (*rig.Program, error) {
	dir, err := os.MkdirTemp(b.work, "library")
	if err != nil {
		return nil, err
	}
	return rig.Start(ctx, rig.Config{Exe: b.exe, Dir: dir, Args: args})
}

// photo reads one of the photographs.
func (b *bench) photo(name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(b.photos, name))
	if err != nil {
		return nil, fmt.Errorf("%w: scripts/photos makes them", err)
	}
	return data, nil
}

// kib20 is the size of a thumb that the promise about hits is about, in bytes.
const kib20 = 20 << 10

// thumbs are the sizes among which the thumb nearest to 20 KiB is looked for.
var hitSizes = []string{"200x150", "240x180", "280x210", "320x240", "360x270", "400x300", "440x330", "480x360"}

// hitThumb uploads a photograph and returns the path of its thumb nearest to 20 KiB, made and in memory, and its size.
func (b *bench) hitThumb(ctx context.Context, p *rig.Program, collection string, query string) (path, etag string, size int, err error) {
	data, err := b.photo("2mp.jpg")
	if err != nil {
		return "", "", 0, err
	}
	file, err := p.Upload(ctx, collection, "hit.jpg", data)
	if err != nil {
		return "", "", 0, err
	}
	best := math.MaxInt
	for _, s := range hitSizes {
		at := file.Path + "?thumb=" + s + query
		a, err := p.Get(ctx, at)
		if err != nil {
			return "", "", 0, err
		}
		if a.Status != 200 {
			return "", "", 0, fmt.Errorf("GET %s: status %d", at, a.Status)
		}
		if d := len(a.Body) - kib20; max(d, -d) < best {
			best, path, etag, size = max(d, -d), at, a.Header.Get("ETag"), len(a.Body)
		}
	}
	return path, etag, size, nil
}

// protectedCollection makes a collection whose files only accounts see, and returns a file token.
func protectedCollection(ctx context.Context, p *rig.Program, name string, thumbs []string) (token string, err error) {
	rule := `@request.auth.id != ""`
	if err := post(ctx, p, "/api/collections", map[string]any{
		"name": name, "type": "base", "listRule": rule, "viewRule": rule,
		"fields": []any{map[string]any{"name": "image", "type": "file", "maxSelect": 1, "maxSize": 1 << 30, "thumbs": thumbs, "protected": true}},
	}, nil); err != nil {
		return "", err
	}
	var v struct{ Token string }
	err = post(ctx, p, "/api/files/token", nil, &v)
	return v.Token, err
}

// variant is one thing that is asked for in every round.
type variant struct {
	name    string
	url     string
	conns   int
	threads int // of the client; 0: one
	headers []string
	script  string // of wrk, where it asks for more than the URL
	cpu     func() (time.Duration, error)
	loads   []load
}

// alternate loads the variants in turns. Each is asked for briefly before the first round.
func (b *bench) alternate(ctx context.Context, variants []*variant) error {
	for round := range b.rounds + 1 {
		for _, v := range variants {
			l, err := b.wrk(ctx, v)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			if round > 0 { // the first warms up
				v.loads = append(v.loads, l)
			}
		}
	}
	return nil
}

func of(v *variant, which func(load) float64) (samples []float64) {
	for _, l := range v.loads {
		samples = append(samples, which(l))
	}
	return samples
}

func perAnswer(l load) float64 { return l.perAnswer }
func perSecond(l load) float64 { return l.requests }

// hits compares a thumb from memory with a bare program, with nginx, and with its own variants.
func hits(ctx context.Context, b *bench) (*report, error) {
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	if err := p.MakeCollection(ctx, "open", hitSizes); err != nil {
		return nil, err
	}
	token, err := protectedCollection(ctx, p, "closed", hitSizes)
	if err != nil {
		return nil, err
	}
	path, etag, size, err := b.hitThumb(ctx, p, "open", "")
	if err != nil {
		return nil, err
	}
	guarded, _, _, err := b.hitThumb(ctx, p, "closed", "&token="+token)
	if err != nil {
		return nil, err
	}
	bare, err := b.startBare(ctx, p.Base+path)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	folder, err := b.folderWith(ctx, p, path)
	if err != nil {
		return nil, err
	}
	nginx, err := b.startNginx(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer nginx.stop()

	const conns = 32
	hit := &variant{name: "hit", url: p.Base + path, conns: conns, cpu: p.CPU}
	plain := &variant{name: "bare", url: bare.base + path, conns: conns, cpu: bare.cpu}
	static := &variant{name: "nginx", url: nginx.base + "/file.jpg", conns: conns, cpu: nginx.cpu}
	same := &variant{name: "304", url: p.Base + path, conns: conns, headers: []string{"If-None-Match: " + etag}, cpu: p.CPU}
	closed := &variant{name: "protected", url: p.Base + guarded, conns: conns, cpu: p.CPU}
	if err := b.alternate(ctx, []*variant{hit, plain, static, same, closed}); err != nil {
		return nil, err
	}
	const cpu, rate = "µs of CPU a request", "requests a second"
	return &report{
		title:    "Hits",
		commands: []string{"make bench ONLY=hits", fmt.Sprintf("wrk -t1 -c%d -d%s URL", conns, b.round)},
		method: fmt.Sprintf("A thumb of %d bytes from memory on %d keep-alive connections, %d rounds of %s in turns; medians. "+
			"bench/bare is the least that a program on fasthttp does to send the same bytes and headers; nginx sends them from a file.", size, conns, b.rounds, b.round),
		rows: []row{
			{what: "hit, processor time", unit: cpu, ours: of(hit, perAnswer), theirs: of(plain, perAnswer), beside: "bare fasthttp", bound: 1.10},
			{what: "hit, rate", unit: rate, ours: of(hit, perSecond), theirs: of(plain, perSecond), beside: "bare fasthttp", bound: 0.95, atLeast: true},
			{what: "hit, processor time, by nginx's", unit: cpu, ours: of(hit, perAnswer), theirs: of(static, perAnswer), beside: "nginx"},
			{what: "hit, rate, by nginx's", unit: rate, ours: of(hit, perSecond), theirs: of(static, perSecond), beside: "nginx"},
			{what: "304, rate", unit: rate, ours: of(same, perSecond), theirs: of(hit, perSecond), beside: "hit", bound: 1, atLeast: true},
			{what: "304, processor time", unit: cpu, ours: of(same, perAnswer), theirs: of(hit, perAnswer), beside: "hit", bound: 1},
			{what: "protected hit with a file token, processor time", unit: cpu, ours: of(closed, perAnswer), theirs: of(hit, perAnswer), beside: "hit", bound: 1.5},
		},
	}, nil
}

// folderWith makes a folder with what a path answers as "file.jpg".
func (b *bench) folderWith(ctx context.Context, p *rig.Program, path string) (string, error) {
	a, err := p.Get(ctx, path)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(b.work, "static")
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "file.jpg"), a.Body, 0o644)
}

// post sends a JSON body, or none, and reads a JSON answer.
func post(ctx context.Context, p *rig.Program, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	a, err := p.Do(ctx, "POST", path, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	if a.Status != 200 {
		return fmt.Errorf("POST %s: status %d: %.300s", path, a.Status, a.Body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(a.Body, out)
}
