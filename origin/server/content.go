package server

import (
	"bytes"
	"io"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/imgorigin/imgorigin/origin"
)

// Content answers a GET or HEAD with a content of the core, by RFC 9110 sections 13 (conditions) and 14 (ranges). The
// dialect has set the headers that are its own.
func (r *Request) Content(c *origin.Content) error {
	h := &r.http.Response.Header
	r.SetHeader("Etag", c.ETag)
	if c.ModifiedHTTP != "" {
		r.SetHeader(fasthttp.HeaderLastModified, c.ModifiedHTTP)
	}
	r.SetHeader(fasthttp.HeaderCacheControl, r.server.cacheControl(c))
	// Evaluated even where the core has spared the bytes: an If-Match that fails goes before If-None-Match.
	conditions := r.conditions()
	outcome, ranges := conditions.Evaluate(Validators{ETag: c.ETag, Modified: c.Modified})
	switch {
	case outcome == Failed:
		h.SetContentType(c.ContentType)
		r.http.SetStatusCode(fasthttp.StatusPreconditionFailed)
		return nil
	case outcome == NotModified || c.NotModified: // without Accept-Ranges and Content-Type: RFC 9110 section 15.4.5
		r.http.SetStatusCode(fasthttp.StatusNotModified)
		return nil
	}
	r.SetHeader(fasthttp.HeaderAcceptRanges, "bytes")
	h.SetContentType(c.ContentType)
	if ranges {
		if parts, ok := ParseRange(r.field(fasthttp.HeaderRange), c.Size); ok {
			return r.parts(c, parts)
		}
	}
	return r.whole(c)
}

// conditions are the request's, read in place: Evaluate keeps nothing of them.
func (r *Request) conditions() Conditions {
	if raw := r.http.Request.Header.RawHeaders(); len(raw) > 0 && !mayBeConditional(raw) {
		return Conditions{Method: r.http.Method()}
	}
	return Conditions{
		Method:            r.http.Method(),
		IfMatch:           r.list(fasthttp.HeaderIfMatch),
		IfNoneMatch:       r.list(fasthttp.HeaderIfNoneMatch),
		IfModifiedSince:   r.field(fasthttp.HeaderIfModifiedSince),
		IfUnmodifiedSince: r.field(fasthttp.HeaderIfUnmodifiedSince),
		IfRange:           r.field(fasthttp.HeaderIfRange),
	}
}

// mayBeConditional tells whether a line of a request's header begins like a condition, so that a request without any, as most
// are, is not searched for each of them.
func mayBeConditional(raw []byte) bool {
	for rest := raw; len(rest) > 3; {
		if rest[0]|0x20 == 'i' && rest[1]|0x20 == 'f' && rest[2] == '-' {
			return true
		}
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return false
		}
		rest = rest[end+1:]
	}
	return false
}

// field is a request header in place; it is not to be kept.
func (r *Request) field(name string) []byte { return r.http.Request.Header.Peek(name) }

// list is a request header whose lines make one list (RFC 9110 section 5.3), in place where it has one line.
func (r *Request) list(name string) []byte {
	first := r.field(name)
	if len(first) == 0 {
		return nil
	}
	if lines := r.http.Request.Header.PeekAll(name); len(lines) > 1 {
		return bytes.Join(lines, []byte(", "))
	}
	return first
}

// whole sends all of a content. HEAD opens it too, so that both methods say the same of bytes that are lost; fasthttp
// then sends the header alone.
func (r *Request) whole(c *origin.Content) error {
	if c.Data != nil {
		r.memory(c.Data)
		return nil
	}
	return r.stream(c, 0, c.Size)
}

// parts answers 206, or 416 where no part exists.
func (r *Request) parts(c *origin.Content, parts Ranges) error {
	h := &r.http.Response.Header
	switch parts.Len() {
	case 0:
		h.Del(fasthttp.HeaderLastModified)
		r.SetHeader(fasthttp.HeaderCacheControl, "no-store")
		r.SetHeaderBytes(fasthttp.HeaderContentRange, AppendUnsatisfied(r.Scratch(), c.Size))
		r.Bytes(fasthttp.StatusRequestedRangeNotSatisfiable, "text/plain; charset=utf-8", []byte("invalid range: failed to overlap\n"))
		return nil
	case 1:
		part := parts.All()[0]
		r.http.SetStatusCode(fasthttp.StatusPartialContent)
		r.SetHeaderBytes(fasthttp.HeaderContentRange, part.AppendContentRange(r.Scratch(), c.Size))
		if c.Data != nil {
			r.memory(c.Data[part.Start : part.Start+part.Length])
			return nil
		}
		return r.stream(c, part.Start, part.Length)
	}
	body := NewMultipart(parts, c.ContentType, c.Size, r.opener(c))
	r.http.SetStatusCode(fasthttp.StatusPartialContent)
	h.SetContentType(body.ContentType())
	r.http.Response.SetBodyStream(body, int(body.Length()))
	return nil
}

// stream sends n bytes from offset on. The body outlives the handler, so it is opened for as long as the server runs.
func (r *Request) stream(c *origin.Content, offset, n int64) error {
	body, err := c.Open(r.LongContext(), offset, n)
	if err != nil {
		return err
	}
	r.http.Response.SetBodyStream(body, int(n))
	return nil
}

// opener opens parts of a content after the handler has returned, so it holds a copy of it and nothing of the request.
func (r *Request) opener(c *origin.Content) Opener {
	content, ctx := *c, r.LongContext()
	return func(offset, n int64) (io.ReadCloser, error) {
		if content.Data != nil {
			return io.NopCloser(bytes.NewReader(content.Data[offset : offset+n])), nil
		}
		return content.Open(ctx, offset, n)
	}
}

// cacheControl is what a policy says to caches.
func (s *Server) cacheControl(c *origin.Content) string {
	switch c.Policy {
	case origin.PolicyRevalidate:
		return "max-age=0, must-revalidate"
	case origin.PolicySigned:
		return "private, max-age=" + strconv.Itoa(int(c.Lifetime/time.Second))
	case origin.PolicyPrivate:
		return "private, no-cache"
	case origin.PolicyBrief:
		return "max-age=60"
	}
	return s.config.CacheControl
}
