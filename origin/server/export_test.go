package server

import "github.com/valyala/fasthttp"

// Handle is the way of every request, for benchmarks that leave out the network.
func (s *Server) Handle(ctx *fasthttp.RequestCtx) { s.handle(ctx) }
