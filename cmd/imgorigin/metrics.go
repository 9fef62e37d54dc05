package main

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/imgorigin/imgorigin/blob/fallback"
	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/blob/s3"
	"github.com/imgorigin/imgorigin/catalog/postgres"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/fetch"
	"github.com/imgorigin/imgorigin/origin/server"
	"github.com/imgorigin/imgorigin/transform/vips"
)

// metricsServer serves /metrics on a listener of its own, so that the public one cannot show it.
type metricsServer struct {
	address string
	http    *http.Server
	ended   chan error
}

func serveMetrics(address string, c *collector) (*metricsServer, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		c,
	)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	m := &metricsServer{
		address: listener.Addr().String(),
		http:    &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute},
		ended:   make(chan error, 1),
	}
	go func() {
		err := m.http.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		m.ended <- err
	}()
	return m, nil
}

// wait returns when serving has ended.
func (m *metricsServer) wait() error {
	err := <-m.ended
	m.ended <- err
	return err
}

// close ends serving at once: a scrape is asked for again.
func (m *metricsServer) close() { _ = m.http.Close() }

// collector reads the parts' own counters when Prometheus asks; nothing is counted twice.
type collector struct {
	host     *server.Server
	core     *origin.Origin
	catalog  origin.Catalog
	blobs    origin.Blobs
	renderer *vips.Renderer
	fetcher  *fetch.Fetcher
}

// Describe leaves the collector unchecked: its metrics are those that Collect sends.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends all counters.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	send := func(kind prometheus.ValueType, name, help string, v float64) {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("imgorigin_"+name, help, nil, nil), kind, v)
	}
	total := func(name, help string, v uint64) { send(prometheus.CounterValue, name+"_total", help, float64(v)) }
	gauge := func(name, help string, v float64) { send(prometheus.GaugeValue, name, help, v) }

	h := c.host.Stats()
	total("requests", "Requests begun.", h.Requests)
	total("panics", "Requests whose handler panicked.", h.Panics)
	total("request_failures", "Requests that were answered with an error of ours or of the client's.", h.Failed)
	total("sent_bytes", "Bytes of bodies sent from memory.", h.SentBytes)
	gauge("open_connections", "Connections open now.", float64(h.OpenConnections))
	answers := prometheus.NewDesc("imgorigin_responses_total", "Answers by the class of their status.", []string{"class"}, nil)
	for class, n := range h.ByClass {
		if class > 0 {
			out <- prometheus.MustNewConstMetric(answers, prometheus.CounterValue, float64(n), string(rune('0'+class))+"xx")
		}
	}

	s := c.core.Stats()
	total("memory_hits", "Thumbs answered from memory.", s.MemoryHits)
	total("stored_hits", "Thumbs read back from the store.", s.StoredHits)
	total("renders", "Renditions begun, however many share a decode.", s.Renders)
	total("decodes", "Originals loaded to make renditions of: one for all that are made together.", s.Decodes)
	total("mezzanines", "Reduced copies of originals that were made and kept.", s.Mezzanines)
	total("mezzanine_reads", "Times that renditions were made of such a copy.", s.MezzanineReads)
	total("render_failures", "Renders that failed.", s.RenderFailures)
	total("stand_ins", "Originals sent in place of a thumb.", s.StandIns)
	total("render_panics", "Renders that panicked.", s.Flight.Panics+s.RenderPanics)
	total("keeper_failures", "Failed attempts to note uses of renditions or to evict.", s.KeeperFailures)
	total("keep_failures", "Renditions that could not be stored.", s.KeepFailures)
	total("renditions_evicted", "Stored renditions removed to stay within the budget.", s.Evicted)
	deaf := 0.0
	if s.Deaf {
		deaf = 1
	}
	gauge("deaf", "1 while other processes' changes are not heard of: what a rule decides is refused.", deaf)
	total("watch_failures", "Times that hearing of other processes' changes failed.", s.WatchFailures)
	total("tokens_refused", "Tokens that did not count.", s.TokensRefused)
	gauge("rendition_store_bytes", "Stored renditions, as of the last look.", float64(s.StoredBytes))
	total("coalesced", "Requests that joined a fill under way.", s.Flight.Joined)
	total("fill_deadlines", "Fills that passed their deadline.", s.Flight.Deadlines)
	gauge("renders_in_flight", "Jobs that hold a renderer now.", float64(s.Gate.InFlight))
	gauge("renders_queued", "Jobs that wait for a renderer now.", float64(s.Gate.Queued))
	total("renders_refused", "Jobs refused because the queue was full.", s.Gate.Refused)
	total("renders_timed_out", "Jobs that waited too long.", s.Gate.TimedOut)
	gauge("passwords_in_flight", "Sign-ins and new passwords that are hashed, or wait for a renderer's turn to be, now.", float64(s.Passwords.InFlight))
	gauge("passwords_queued", "Sign-ins and new passwords that wait among themselves now.", float64(s.Passwords.Queued))
	total("passwords_refused", "Sign-ins and new passwords refused because their queue was full.", s.Passwords.Refused)
	total("passwords_timed_out", "Sign-ins and new passwords that waited too long.", s.Passwords.TimedOut)
	collectCatalog(c.catalog, total, gauge)
	collectStore(c.blobs, total)
	f := c.fetcher.Stats()
	total("fetches", "Uploads from a URL that were begun.", f.Fetches)
	total("fetches_forbidden", "Uploads from a URL whose address is not for strangers.", f.Forbidden)
	total("fetch_failures", "Uploads from a URL that came to nothing for another reason.", f.Failed)
	total("fetched_bytes", "Bytes received for uploads from a URL.", f.Bytes)
	total("vips_warnings", "Warnings that libvips logged.", uint64(max(c.renderer.Stats().Warnings, 0)))
	gauge("memory_cache_bytes", "Renditions held in memory.", float64(s.Memory.Bytes))
	total("memory_cache_dropped", "Renditions that memory did not take: its buffer was full.", s.Memory.Dropped)
	total("memory_cache_rejected", "Renditions that memory did not take: others are asked for more often.", s.Memory.Rejected)
	total("memory_cache_evicted", "Renditions that left memory to make room.", s.Memory.Evictions)
}

// collectCatalog sends what the catalog counts. Both kinds have the first three.
func collectCatalog(c origin.Catalog, total func(name, help string, v uint64), gauge func(name, help string, v float64)) {
	count := func(name, help string, v uint64) { total("catalog_"+name, help, v) }
	both := func(reads, commits, rollbacks uint64) {
		count("reads", "Reads of the catalog.", reads)
		count("commits", "Writes to the catalog that were committed.", commits)
		count("rollbacks", "Writes to the catalog that were undone.", rollbacks)
	}
	switch c := c.(type) {
	case *sqlite.Catalog:
		s := c.Stats()
		both(s.Reads, s.Commits, s.Rollbacks)
		count("lock_waits", "Times that another process's lock was waited for.", s.Busy)
	case *postgres.Catalog:
		s := c.Stats()
		both(s.Reads, s.Commits, s.Rollbacks)
		count("conflicts", "Writes that met another one and were run again.", s.Conflicts)
		gauge("catalog_connections_in_use", "Connections to the database at work now.", float64(s.Acquired))
		gauge("catalog_connections_idle", "Connections to the database open and not at work now.", float64(s.Idle))
		gauge("catalog_connections_max", "Connections to the database that there may be.", float64(s.Max))
		count("connections_opened", "Connections to the database made.", s.Opened)
		count("connection_waits", "Calls that waited for a connection to be made or to be free.", s.Waits)
		count("connection_waits_given_up", "Calls that ended before there was a connection.", s.GivenUp)
		count("connection_wait_milliseconds", "What calls have waited for connections, all together.", uint64(s.Waited.Milliseconds()))
	}
}

// collectStore sends what the store counts. Both kinds have the first eight.
func collectStore(blobs origin.Blobs, total func(name, help string, v uint64)) {
	count := func(name, help string, v int64) { total("store_"+name, help, uint64(max(v, 0))) }
	both := func(puts, putBytes, exists, noSpace, opens, missing, deletes, stale int64) {
		count("puts", "Objects stored.", puts)
		count("put_bytes", "Bytes of objects stored.", putBytes)
		count("exists", "Objects not stored, as their key was taken.", exists)
		count("no_space", "Calls that a full store or disk refused.", noSpace)
		count("opens", "Objects opened.", opens)
		count("missing", "Objects that were asked for and absent.", missing)
		count("deletes", "Objects removed by key.", deletes)
		count("stale", "Unfinished objects of ended processes removed.", stale)
	}
	switch store := blobs.(type) {
	case interface { // a *fallback.Store, or what has one in it
		Current() origin.Blobs
		Stats() fallback.Stats
	}:
		total("store_fallback_reads", "Objects that were read from the store that they move away from.", store.Stats().Reads)
		collectStore(store.Current(), total)
	case *local.Store:
		s := store.Stats()
		both(s.Puts, s.PutBytes, s.Exists, s.NoSpace, s.Opens, s.Missing, s.Deletes, s.Stale)
	case *s3.Store:
		s := store.Stats()
		both(s.Puts, s.PutBytes, s.Exists, s.NoSpace, s.Opens, s.Missing, s.Deletes, s.Swept)
		count("retries", "Attempts at calls after the first.", s.Retries)
		count("resumed", "Bodies that were cut and asked for again from there.", s.Resumed)
		count("failures", "Calls given up, as the store did not answer or could not.", s.Failures)
		count("doubts", "Puts whose fate had to be asked after.", s.Doubts)
	}
}
