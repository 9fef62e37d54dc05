package server

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// twoLengths tells whether a request says both a length and a transfer coding. Whoever stands before us may have taken
// the other of the two for the end of the request (RFC 9112 section 6.3, number 3). The host's own reading keeps one of
// them only, so the lines are looked at as they came; reads without a body are spared that.
func twoLengths(h *fasthttp.RequestHeader) bool {
	if h.ContentLength() == neither {
		return false
	}
	length, coding := false, false
	for line := range bytes.Lines(h.RawHeaders()) {
		name, _, _ := bytes.Cut(line, colon)
		length = length || bytes.EqualFold(name, contentLength)
		coding = coding || bytes.EqualFold(name, transferEncoding)
	}
	return length && coding
}

// neither is what fasthttp says of a request that has neither a length nor chunks.
const neither = -2

var (
	colon            = []byte(":")
	contentLength    = []byte(fasthttp.HeaderContentLength)
	transferEncoding = []byte(fasthttp.HeaderTransferEncoding)
)

// expect answers a client that waits to hear whether its body is wanted (RFC 9110 section 10.1.1): 100, unless the header
// alone shows that no route will take it. Then no handler is called.
func (s *Server) expect(ctx *fasthttp.RequestCtx) int {
	code := fasthttp.StatusContinue
	switch h := &ctx.Request.Header; {
	case twoLengths(h):
		code = fasthttp.StatusBadRequest
	case !s.router.accepts(int64(h.ContentLength())):
		code = fasthttp.StatusRequestEntityTooLarge
	default:
		return code
	}
	s.counts.requests.Add(1)
	refuse(ctx, code)
	s.count(ctx)
	return code
}

// refuse answers in plain words, before any dialect is asked, and closes the connection.
func refuse(ctx *fasthttp.RequestCtx, code int) {
	ctx.Error(fasthttp.StatusMessage(code)+"\n", code) // which resets the answer, so it comes first
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.SetConnectionClose()
	linger(ctx)
}
