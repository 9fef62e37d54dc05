package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/bench/cluster"
	"github.com/imgorigin/imgorigin/bench/rig"
)

const (
	clusterSize  = 3
	hitPictures  = 24  // nginx chooses a replica by the picture
	coldThumbs   = 100 // asked of all replicas at once
	coldPictures = 16  // of one round of misses, each with clusterThumbs
	coldClients  = 8
)

var clusterThumbs = []string{"400x300", "300x300f"}

// front is nginx before one replica or three, without its cache.
type front struct {
	*cluster.Front
	behind []*cluster.Replica
}

// cpu is the processor time of nginx and of the replicas behind it.
func (f *front) cpu() (time.Duration, error) {
	sum, err := cpuOf(f.PID)
	for _, r := range f.behind {
		if err != nil {
			return 0, err
		}
		var d time.Duration
		if p := r.Program(); p != nil {
			d, err = p.CPU()
		}
		sum += d
	}
	return sum, err
}

// clustered compares three replicas behind nginx with one of them, and counts the renders that cold thumbs take where all are
// asked at once.
func clustered(ctx context.Context, b *bench) (*report, error) {
	c, err := cluster.Start(ctx, cluster.Config{Exe: b.exe, Site: b.site, Replicas: clusterSize, Args: []string{"--workers", "1"}})
	if err != nil {
		return nil, err
	}
	defer c.Stop()
	var fronts [2]*front
	for i, behind := range [][]*cluster.Replica{c.Replicas, c.Replicas[:1]} {
		f, err := c.AddFront(ctx, b.site, false, behind...)
		if err != nil {
			return nil, err
		}
		fronts[i] = &front{f, behind}
	}
	p := c.Replicas[0].Program()
	if err := p.MakeCollection(ctx, "open", clusterThumbs); err != nil {
		return nil, err
	}
	paths, err := b.coldPaths(ctx, p, hitPictures, clusterThumbs[:1])
	if err != nil {
		return nil, err
	}
	size, err := knownBy(ctx, c.Replicas, paths)
	if err != nil {
		return nil, err
	}
	script, err := b.inTurns(paths)
	if err != nil {
		return nil, err
	}
	const conns = 32
	three := &variant{url: fronts[0].Base, conns: conns, script: script, cpu: fronts[0].cpu}
	one := &variant{url: fronts[1].Base, conns: conns, script: script, cpu: fronts[1].cpu}
	if err := b.alternate(ctx, []*variant{three, one}); err != nil {
		return nil, err
	}
	var rates [2][]float64
	for range b.rounds {
		for i, f := range fronts {
			rate, err := b.coldRate(ctx, p, f.Base)
			if err != nil {
				return nil, err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	renders, err := b.coldEverywhere(ctx, c)
	if err != nil {
		return nil, err
	}
	return &report{
		title:    "Three replicas",
		commands: []string{"make bench ONLY=cluster", fmt.Sprintf("wrk -t1 -c%d -d%s URL", conns, b.round)},
		method: fmt.Sprintf("Three replicas on PostgreSQL and an S3 server (versitygw), each with --workers 1, behind nginx without its cache; beside one of them behind another "+
			"nginx, in turns, %d rounds, medians. Everything is on this machine: load, nginx, replicas, database and store share its cores. "+
			"Hits are thumbs of %d bytes from memory, of %d pictures, since nginx chooses a replica by the picture. Misses are thumbs of pictures of 2 megapixels, %d in a round, asked for by %d clients.",
			b.rounds, size, hitPictures, coldPictures*len(clusterThumbs), coldClients),
		rows: []row{
			{what: "hits of three, rate", unit: "requests a second", ours: of(three, perSecond), theirs: of(one, perSecond), beside: "one replica"},
			{what: "hits of three, processor time with nginx's", unit: "µs of CPU a request", ours: of(three, perAnswer), theirs: of(one, perAnswer), beside: "one replica"},
			{what: "misses of three, rate", unit: "thumbs a second", ours: rates[0], theirs: rates[1], beside: "one replica"},
			{what: fmt.Sprintf("renders for %d cold thumbs, each asked of all three at once", coldThumbs), unit: "", ours: []float64{renders}},
		},
		notes: []string{fmt.Sprintf("Replicas share no queue of renders: a thumb that all are asked for at once is rendered by each that has not heard of another's, "+
			"%.2f times here, and all answer with the bytes that were kept first. A CDN that asks one origin for each thumb makes that 1.", renders/coldThumbs)},
	}, nil
}

// inTurns writes a script that has wrk ask for the paths one after the other.
func (b *bench) inTurns(paths []string) (string, error) {
	script := fmt.Sprintf(`local n, requests = 0, {}
function init()
	for _, path in ipairs({"%s"}) do requests[#requests + 1] = wrk.format("GET", path) end
end
function request()
	n = n %% #requests + 1
	return requests[n]
end
`, strings.Join(paths, `","`))
	file := filepath.Join(b.work, "paths.lua")
	return file, os.WriteFile(file, []byte(script), 0o600)
}

// knownBy waits until every replica has heard of the collection and has the thumbs in memory, and returns their mean size.
func knownBy(ctx context.Context, replicas []*cluster.Replica, paths []string) (size int, err error) {
	for _, r := range replicas {
		size = 0
		for _, path := range paths {
			var data []byte
			for range 100 {
				if data, _, err = fetch(ctx, r.Base+path); err == nil {
					break
				}
				time.Sleep(settle)
			}
			if err != nil {
				return 0, err
			}
			size += len(data)
		}
	}
	return size / len(paths), nil
}

// coldPaths uploads so many pictures and returns the paths of their thumbs, which nobody has asked for.
func (b *bench) coldPaths(ctx context.Context, p *rig.Program, pictures int, thumbs []string) (paths []string, err error) {
	data, err := b.photo("2mp.jpg")
	if err != nil {
		return nil, err
	}
	for range pictures {
		file, err := p.Upload(ctx, "open", "cold.jpg", data)
		if err != nil {
			return nil, err
		}
		for _, size := range thumbs {
			paths = append(paths, file.Path+"?thumb="+size)
		}
	}
	return paths, nil
}

// coldRate is how many cold thumbs a second come through a front.
func (b *bench) coldRate(ctx context.Context, p *rig.Program, base string) (float64, error) {
	paths, err := b.coldPaths(ctx, p, coldPictures, clusterThumbs)
	if err != nil {
		return 0, err
	}
	todo, errs := make(chan string, len(paths)), make(chan error, coldClients)
	for _, path := range paths {
		todo <- base + path
	}
	close(todo)
	begun := time.Now()
	for range coldClients {
		go func() {
			for url := range todo {
				if _, _, err := fetch(ctx, url); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range coldClients {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return float64(len(paths)) / time.Since(begun).Seconds(), err
}

// coldEverywhere asks all replicas at once for each of some cold thumbs, and returns how many renders that took. Two answers
// that differ are an error.
func (b *bench) coldEverywhere(ctx context.Context, c *cluster.Cluster) (float64, error) {
	paths, err := b.coldPaths(ctx, c.Replicas[0].Program(), coldThumbs, clusterThumbs[:1])
	if err != nil {
		return 0, err
	}
	before, err := rendersOf(ctx, c)
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		var (
			asking sync.WaitGroup
			bodies [clusterSize][]byte
			tags   [clusterSize]string
			errs   [clusterSize]error
		)
		for i, r := range c.Replicas {
			asking.Go(func() { bodies[i], tags[i], errs[i] = fetch(ctx, r.Base+path) })
		}
		asking.Wait()
		for i := range c.Replicas {
			if errs[i] != nil {
				return 0, errs[i]
			}
			if !bytes.Equal(bodies[i], bodies[0]) || tags[i] != tags[0] {
				return 0, fmt.Errorf("%s is %s on one replica and %s on another", path, tags[0], tags[i])
			}
		}
	}
	after, err := rendersOf(ctx, c)
	return after - before, err
}

func rendersOf(ctx context.Context, c *cluster.Cluster) (sum float64, err error) {
	for _, r := range c.Replicas {
		n, err := r.Program().Metric(ctx, "imgorigin_renders_total")
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// fetch gets a URL and returns its bytes and their ETag; any status but 200 is an error.
func fetch(ctx context.Context, url string) ([]byte, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: status %d: %.200s", url, resp.StatusCode, data)
	}
	return data, resp.Header.Get("ETag"), err
}
