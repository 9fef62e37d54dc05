package server

import (
	"github.com/imgorigin/imgorigin/origin"
)

// Content answers a GET or HEAD with a content of the core, by RFC 9110 sections 13 (conditions) and 14 (ranges). The
// dialect has set the headers that are its own.
func (r *Request) Content(c *origin.Content) error {
	h := &r.http.Response.Header
	h.Set("ETag", c.ETag)
	h.Set("Last-Modified", c.ModifiedHTTP)
	h.Set("Accept-Ranges", "bytes")
	h.Set("Cache-Control", r.server.cacheControl(c.Policy))
	h.SetContentType(c.ContentType)
	if c.NotModified {
		r.http.SetStatusCode(304)
		return nil
	}
	return r.whole(c)
}

// whole sends all of a content.
func (r *Request) whole(c *origin.Content) error {
	if c.Data != nil {
		r.http.Response.SetBodyRaw(c.Data)
		return nil
	}
	body, err := c.Open(r.LongContext(), 0, -1)
	if err != nil {
		return err
	}
	r.http.Response.SetBodyStream(body, int(c.Size))
	return nil
}

// cacheControl is what a policy says to caches.
func (s *Server) cacheControl(p origin.Policy) string {
	switch p {
	case origin.PolicyPrivate:
		return "private, no-cache"
	case origin.PolicyBrief:
		return "max-age=60"
	}
	return s.config.CacheControl
}
