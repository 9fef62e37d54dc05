package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/imgorigin/imgorigin/internal/intern"
)

// Server serves a Router. New makes one, Serve runs it, Shutdown ends it.
type Server struct {
	config  Config
	router  *Router
	log     *slog.Logger
	http    *fasthttp.Server
	running context.Context // ends when drained, or when draining took too long
	abort   context.CancelFunc
	pool    sync.Pool
	words   *intern.Table // parts of hot addresses
	counts  counts
	silent  silent
}

// counts are the host's own counters.
type counts struct {
	requests, panics, failed atomic.Uint64
	byClass                  [6]atomic.Uint64 // answers by the first digit of their status
	sent                     atomic.Uint64    // bytes of bodies sent from memory
}

// New returns a server of the router's routes.
func New(config Config, router *Router, log *slog.Logger) (*Server, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Server{config: config, router: router, log: log, words: intern.New(),
		silent: silent{conns: make(map[*lingering]struct{})}}
	s.running, s.abort = context.WithCancel(context.Background())
	s.pool.New = func() any { return &Request{server: s} }
	s.http = &fasthttp.Server{
		Handler:                       s.handle,
		ErrorHandler:                  s.malformed,
		HeaderReceived:                s.bodyLimits,
		ExpectHandler:                 s.expect,
		NoDefaultServerHeader:         true,
		NoDefaultContentType:          true,
		DisableHeaderNamesNormalizing: false,
		DisablePreParseMultipartForm:  true,
		StreamRequestBody:             true,
		ReadBufferSize:                config.MaxHeader,
		ReadTimeout:                   config.HeaderTimeout,
		IdleTimeout:                   config.HeaderTimeout,
		WriteTimeout:                  config.WriteTimeout,
		Concurrency:                   config.MaxConns,
		CloseOnShutdown:               true,
		TCPKeepalive:                  true,
		Logger:                        quiet{},
	}
	return s, nil
}

// Serve accepts connections until Shutdown. It returns nil after an orderly end.
func (s *Server) Serve(l net.Listener) error {
	return s.http.Serve(lingeringListener{l, &s.silent, &s.config})
}

// Shutdown stops accepting, lets requests end, and returns when all have or when ctx ends; then the work of those that
// are left is cancelled. A connection that has sent nothing has lingerTime to send what may be on its way.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.abort()
	defer time.AfterFunc(lingerTime, s.silent.close).Stop()
	return s.http.ShutdownWithContext(ctx)
}

// bodyLimits gives requests with a body the time that bodies take. Without one the header's time-out stays.
func (s *Server) bodyLimits(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if n := h.ContentLength(); n == 0 || n == neither {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{ReadTimeout: s.config.BodyTimeout, MaxRequestBodySize: -1}
}

// handle is the way of every request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	s.counts.requests.Add(1)
	if twoLengths(&ctx.Request.Header) {
		refuse(ctx, fasthttp.StatusBadRequest)
		s.count(ctx)
		return
	}
	r := s.pool.Get().(*Request)
	r.http = ctx
	defer s.finish(r)
	m := s.router.find(r, ctx.Method(), ctx.URI().PathOriginal())
	defer s.recover(r, m)
	if err := m.handle(r); err != nil {
		s.counts.failed.Add(1)
		r.reset()
		m.fail(r, err)
	}
}

// recover turns a handler's panic into an error of its own request.
func (s *Server) recover(r *Request, m mounted) {
	v := recover()
	if v == nil {
		return
	}
	s.counts.panics.Add(1)
	s.log.Error("a request panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	r.reset()
	r.Hangup()
	defer func() {
		if again := recover(); again != nil { // the words for it failed too: plain words
			r.reset()
			r.Hangup()
			r.Status(fasthttp.StatusInternalServerError)
		}
	}()
	m.fail(r, ErrPanic)
}

// ErrPanic is what an ErrorWriter is given for a handler that panicked.
var ErrPanic = errors.New("the handler panicked")

// count notes the answer to a request.
func (s *Server) count(ctx *fasthttp.RequestCtx) {
	if class := ctx.Response.StatusCode() / 100; class < len(s.counts.byClass) {
		s.counts.byClass[class].Add(1)
	}
	if ctx.IsHead() {
		return
	}
	switch body := ctx.Response.BodyStream().(type) {
	case nil:
		s.counts.sent.Add(uint64(len(ctx.Response.Body())))
	case *memoryBody:
		s.counts.sent.Add(uint64(len(body.data)))
	}
}

func (s *Server) finish(r *Request) {
	s.count(r.http)
	r.RestartDeadline() // for the next request
	r.settle()
	*r = Request{server: s, scratch: r.scratch, line: r.line, ctx: r.ctx}
	s.pool.Put(r)
}

// malformed answers what never became a request.
func (s *Server) malformed(ctx *fasthttp.RequestCtx, err error) {
	code := fasthttp.StatusBadRequest
	var small *fasthttp.ErrSmallBuffer
	var timeout net.Error
	switch {
	case errors.As(err, &small):
		code = fasthttp.StatusRequestHeaderFieldsTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		code = fasthttp.StatusRequestTimeout
	}
	refuse(ctx, code)
}

// quiet keeps fasthttp from writing a line for every client that goes away.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Stats is a snapshot of the host's counters, since the start unless said otherwise.
type Stats struct {
	Requests, Panics, Failed uint64
	ByClass                  [6]uint64 // answers by the first digit of their status
	SentBytes                uint64    // of bodies sent from memory
	OpenConnections          int32     // now
}

// Stats returns the counters as they are now.
func (s *Server) Stats() Stats {
	st := Stats{
		Requests: s.counts.requests.Load(), Panics: s.counts.panics.Load(), Failed: s.counts.failed.Load(),
		SentBytes: s.counts.sent.Load(), OpenConnections: s.http.GetOpenConnectionsCount(),
	}
	for i := range st.ByClass {
		st.ByClass[i] = s.counts.byClass[i].Load()
	}
	return st
}
