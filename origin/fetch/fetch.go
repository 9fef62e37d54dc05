package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// What a fetch that came to nothing wraps. No error text holds a URL or a header: either may be a credential.
var (
	ErrURL         = errors.New("fetch: not a URL, method or header that is fetched with")
	ErrForbidden   = errors.New("fetch: that address is not for strangers")
	ErrRedirects   = errors.New("fetch: the redirects lead nowhere")
	ErrStatus      = errors.New("fetch: the other server has no such file")
	ErrTooLarge    = errors.New("fetch: more bytes than allowed")
	ErrUnreachable = errors.New("fetch: the other server did not answer, or not in time")
	ErrBroken      = errors.New("fetch: the file did not arrive whole")
)

// Request asks for one file.
type Request struct {
	Method  string // "": GET
	URL     string
	Headers map[string]string // sent to the URL's own origin (scheme, host and port) and no other
	Limit   int64             // bytes of the file
}

// Response is a file on its way. The caller closes the Body, whose errors wrap ErrTooLarge, ErrBroken or ErrUnreachable.
type Response struct {
	Body        io.ReadCloser
	ContentType string // as declared; may be empty, and is not to be believed
	Name        string // by Content-Disposition, else by the address; may be empty, has no slashes
	Length      int64  // as declared, or -1
}

// Stats are counters since New.
type Stats struct {
	Fetches   uint64 // begun
	Forbidden uint64 // refused for their address
	Failed    uint64 // come to nothing for another reason
	Bytes     uint64 // of bodies, received
}

// Fetcher fetches. It is safe for concurrent use, holds no connections and needs no closing.
type Fetcher struct {
	config    Config
	transport *http.Transport

	fetches, forbidden, failed, bytes atomic.Uint64
}

// New returns a Fetcher.
func New(config Config) (*Fetcher, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: config.Connect, Resolver: config.Resolver, Control: newGuard(config.Allow).control}
	return &Fetcher{config: config, transport: &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    config.Connect,
		ResponseHeaderTimeout:  config.Connect,
		MaxResponseHeaderBytes: 64 << 10,
		// A connection serves one request, so the transport never has a reason to send one again.
		DisableKeepAlives: true,
		// What is stored is what the other server has; nothing is inflated here.
		DisableCompression: true,
		// No proxy: it would be the proxy that dials.
	}}, nil
}

// Stats returns the counters as they are now.
func (f *Fetcher) Stats() Stats {
	return Stats{Fetches: f.fetches.Load(), Forbidden: f.forbidden.Load(), Failed: f.failed.Load(), Bytes: f.bytes.Load()}
}

// Do asks for a file. Errors wrap one of the package's, or are those of ctx.
func (f *Fetcher) Do(ctx context.Context, req Request) (*Response, error) {
	f.fetches.Add(1)
	resp, err := f.do(ctx, req)
	switch {
	case errors.Is(err, ErrForbidden):
		f.forbidden.Add(1)
	case err != nil:
		f.failed.Add(1)
	}
	return resp, err
}

func (f *Fetcher) do(ctx context.Context, req Request) (*Response, error) {
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains(f.config.Methods, method) {
		return nil, fmt.Errorf("%w: the method is not allowed", ErrURL)
	}
	at, err := CheckURL(req.URL)
	if err != nil {
		return nil, err
	}
	header, err := headers(req.Headers)
	if err != nil {
		return nil, err
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, f.config.Total)
	answer, at, err := f.follow(ctx, method, at, header)
	if err == nil {
		var resp *Response
		if resp, err = f.response(outer, answer, at, req.Limit, cancel); err == nil {
			return resp, nil
		}
		answer.Body.Close()
	}
	cancel()
	if outer.Err() != nil {
		return nil, outer.Err()
	}
	return nil, err
}

// follow sends the request, and goes where it is sent. A redirect to another origin gets none of the caller's headers, nor
// does any after it; one that asks for the same method again is followed for GET and HEAD alone.
func (f *Fetcher) follow(ctx context.Context, method string, at *url.URL, header http.Header) (*http.Response, *url.URL, error) {
	for n := 0; n <= f.config.MaxRedirects; n++ {
		answer, err := f.send(ctx, method, at, header)
		if err != nil {
			return nil, nil, err
		}
		if !redirects(answer.StatusCode) {
			return answer, at, nil
		}
		answer.Body.Close()
		next, err := location(at, answer.Header.Get("Location"))
		if err != nil {
			return nil, nil, err
		}
		if answer.StatusCode <= http.StatusSeeOther {
			method = http.MethodGet
		} else if method != http.MethodGet && method != http.MethodHead {
			return nil, nil, fmt.Errorf("%w: nothing is sent twice", ErrRedirects)
		}
		if !sameOrigin(at, next) {
			header = http.Header{}
		}
		at = next
	}
	return nil, nil, fmt.Errorf("%w: more than %d", ErrRedirects, f.config.MaxRedirects)
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func location(from *url.URL, to string) (*url.URL, error) {
	if to == "" || len(to) > maxURL {
		return nil, fmt.Errorf("%w: to no address", ErrRedirects)
	}
	next, err := from.Parse(to)
	if err != nil {
		return nil, fmt.Errorf("%w: to no address", ErrRedirects)
	}
	return next, checkURL(next)
}

// sameOrigin compares scheme, host and port (RFC 6454 section 5). A port that is only spelled out counts as another.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

func (f *Fetcher) send(ctx context.Context, method string, at *url.URL, header http.Header) (*http.Response, error) {
	if !f.config.mayAsk(at.Hostname()) {
		return nil, fmt.Errorf("%w: the host is not on the list", ErrForbidden)
	}
	req, err := http.NewRequestWithContext(ctx, method, at.String(), nil)
	if err != nil {
		return nil, ErrURL
	}
	req.Header = header.Clone()
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "imgorigin")
	}
	if at.User != nil && req.Header.Get("Authorization") == "" {
		password, _ := at.User.Password()
		req.SetBasicAuth(at.User.Username(), password)
	}
	answer, err := f.transport.RoundTrip(req)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(err, ErrForbidden):
		return nil, ErrForbidden
	}
	return nil, ErrUnreachable // the library's text may quote the address
}

// response looks at an answer before its body is read.
func (f *Fetcher) response(ctx context.Context, answer *http.Response, at *url.URL, limit int64, cancel context.CancelFunc) (*Response, error) {
	coding := strings.ToLower(answer.Header.Get("Content-Encoding"))
	switch {
	case answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated:
		return nil, fmt.Errorf("%w: status %d", ErrStatus, answer.StatusCode)
	case coding != "" && coding != "identity":
		return nil, fmt.Errorf("%w: it comes in a coding that was not asked for", ErrBroken)
	case answer.ContentLength > limit:
		return nil, fmt.Errorf("%w: %d", ErrTooLarge, limit)
	}
	b := &body{from: answer.Body, left: limit, outer: ctx, cancel: cancel, stall: f.config.Stall, bytes: &f.bytes}
	b.timer = time.AfterFunc(b.stall, cancel)
	return &Response{
		Body: b, ContentType: answer.Header.Get("Content-Type"), Name: nameOf(answer.Header, at), Length: answer.ContentLength,
	}, nil
}

// nameOf is what the other server calls the file.
func nameOf(h http.Header, at *url.URL) string {
	_, params, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	for _, name := range [...]string{params["filename"], at.Path} {
		name = path.Base(strings.ReplaceAll(name, `\`, "/"))
		if name != "." && name != ".." && name != "/" {
			return name
		}
	}
	return ""
}

// body bounds the bytes of a file and the wait for them.
type body struct {
	from   io.ReadCloser
	left   int64
	outer  context.Context
	cancel context.CancelFunc
	timer  *time.Timer
	stall  time.Duration
	bytes  *atomic.Uint64
	err    error
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p))-1 > b.left {
		p = p[:b.left+1] // one more than allowed shows that there is more
	}
	b.timer.Reset(b.stall)
	n, err := b.from.Read(p)
	b.timer.Stop()
	b.bytes.Add(uint64(n))
	if int64(n) > b.left {
		n, err = int(b.left), ErrTooLarge
	}
	b.left -= int64(n)
	switch {
	case err == nil || err == io.EOF || errors.Is(err, ErrTooLarge):
	case b.outer.Err() != nil:
		err = b.outer.Err()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		err = ErrUnreachable
	default:
		err = ErrBroken
	}
	b.err = err
	return n, err
}

// Close ends the fetch, whatever is left of it.
func (b *body) Close() error {
	b.timer.Stop()
	b.cancel()
	return b.from.Close()
}
