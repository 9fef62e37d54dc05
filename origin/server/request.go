package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/valyala/fasthttp"
)

// Request is one request and its answer. It is valid until its handler returns; the strings that it hands out are copies.
type Request struct {
	http    *fasthttp.RequestCtx
	server  *Server
	raw     [maxParams][]byte // path parameters as they came
	params  int
	body    *boundedBody // once asked for
	scratch []byte
	line    []byte // of the header that is being set
	ctx     *deadline
}

// ErrBodyTooLarge is what reading a body returns once it has passed its limit.
var ErrBodyTooLarge = errors.New("request body too large")

// Context ends when the request's deadline passes, or when the server has waited long enough for it to end.
func (r *Request) Context() context.Context {
	if r.ctx == nil {
		r.ctx = &deadline{parent: r.server.running, after: r.server.config.Deadline}
	}
	return r.ctx
}

// RestartDeadline gives what is left to do the whole time once more, for requests whose body has been received: how long that
// takes is the client's doing. It ends the Context of before.
func (r *Request) RestartDeadline() {
	if r.ctx != nil && !r.ctx.end() {
		r.ctx = nil
	}
}

// LongContext is Context without the deadline, for work that reads a body as long as the client sends it.
func (r *Request) LongContext() context.Context { return r.server.running }

// Param returns a path parameter by its position, percent-decoded.
func (r *Request) Param(i int) string {
	if i >= r.params {
		return ""
	}
	return decodeSegment(r.server.words, r.raw[i])
}

// Method returns the request's method.
func (r *Request) Method() string { return string(r.http.Method()) }

// Path returns the path as it came, without the query: tokens travel in queries, so this may be logged.
func (r *Request) Path() string { return string(r.http.URI().PathOriginal()) }

// IsHead tells whether the method is HEAD.
func (r *Request) IsHead() bool { return r.http.IsHead() }

// Header returns the first value of a request header, or "".
func (r *Request) Header(name string) string { return string(r.http.Request.Header.Peek(name)) }

// HeaderList returns all lines of a request header that is a list, as one.
func (r *Request) HeaderList(name string) string { return r.server.words.Bytes(r.list(name)) }

// QueryValue returns the first value of a query parameter.
func (r *Request) QueryValue(name string) string { return string(r.http.QueryArgs().Peek(name)) }

// QueryWord is QueryValue for parameters whose values come again and again, and are no secrets.
func (r *Request) QueryWord(name string) string {
	return r.server.words.Bytes(r.http.QueryArgs().Peek(name))
}

// HasQuery tells whether a query parameter is there, empty or not.
func (r *Request) HasQuery(name string) bool { return r.http.QueryArgs().Has(name) }

// Query returns the first value of every query parameter.
func (r *Request) Query() map[string]string {
	args := r.http.QueryArgs()
	m := make(map[string]string, args.Len())
	for k, v := range args.All() {
		if _, seen := m[string(k)]; !seen {
			m[string(k)] = string(v)
		}
	}
	return m
}

// Headers returns the first value of every request header, by its name in lower case with "_" for "-".
func (r *Request) Headers() map[string]string {
	m := make(map[string]string)
	for k, v := range r.http.Request.Header.All() {
		name := strings.ReplaceAll(strings.ToLower(string(k)), "-", "_")
		if _, seen := m[name]; !seen {
			m[name] = string(v)
		}
	}
	return m
}

// Body returns the request's body, which fails with ErrBodyTooLarge after limit bytes. A declared length above
// the limit fails at the first Read, when no more has been received than the 8 KiB that the host reads ahead.
func (r *Request) Body(limit int64) io.Reader {
	if r.body == nil {
		stream := r.http.RequestBodyStream()
		if stream == nil {
			stream = strings.NewReader("")
		}
		r.body = &boundedBody{stream: stream, left: limit, declared: int64(r.http.Request.Header.ContentLength()), limit: limit}
	}
	return r.body
}

// boundedBody reads at most limit bytes: with a streamed body fasthttp does not bound it.
type boundedBody struct {
	stream                io.Reader
	left, declared, limit int64
	exceeded              bool
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.exceeded = b.exceeded || b.declared > b.limit; b.exceeded {
		return 0, ErrBodyTooLarge
	}
	if int64(len(p))-1 > b.left {
		p = p[:b.left+1] // one more than allowed shows that there is more
	}
	n, err := b.stream.Read(p)
	if int64(n) > b.left {
		n, err, b.exceeded = int(b.left), ErrBodyTooLarge, true
	}
	b.left -= int64(n)
	return n, err
}

// maxLeftover is how much of a body that nobody read is received for the sake of keeping the connection, in bytes.
const maxLeftover = 64 << 10

// settle leaves nothing of the request's body on the connection, where it would be taken for the next request:
// behind a proxy, for another client's. What is too much to receive ends the connection.
func (r *Request) settle() {
	body := r.http.RequestBodyStream()
	if body == nil {
		return
	}
	if refused := r.body != nil && r.body.exceeded; !refused && !r.http.Response.ConnectionClose() {
		if _, err := io.CopyN(io.Discard, body, maxLeftover+1); errors.Is(err, io.EOF) {
			return
		}
	}
	r.Hangup()
	linger(r.http)
}

// ContentType returns the media type of the body, in lower case and without parameters, or "".
func (r *Request) ContentType() string {
	t, _, err := mime.ParseMediaType(r.Header(fasthttp.HeaderContentType))
	if err != nil && t == "" {
		return ""
	}
	return t
}

// ErrNotMultipart says that a body is not multipart, or that its boundary is missing.
var ErrNotMultipart = errors.New("not a multipart body")

// Multipart returns a reader of the body's parts, as they arrive.
func (r *Request) Multipart(limit int64) (*multipart.Reader, error) {
	t, params, err := mime.ParseMediaType(r.Header(fasthttp.HeaderContentType))
	if err != nil || !strings.HasPrefix(t, "multipart/") || params["boundary"] == "" {
		return nil, ErrNotMultipart
	}
	return multipart.NewReader(r.Body(limit), params["boundary"]), nil
}

// Scratch returns an empty buffer of the request's own, for a value that is given to SetHeaderBytes.
func (r *Request) Scratch() []byte { return r.scratch[:0] }

// SetHeaderBytes is SetHeader with a copy of value, and keeps value's room for the next Scratch.
func (r *Request) SetHeaderBytes(name string, value []byte) {
	r.line = append(r.line[:0], name...)
	r.http.Response.Header.SetCanonical(r.line, value)
	r.scratch = value[:0]
}

// SetHeader sets a header of the answer. The name is to be in canonical form, each word of it with one capital: names are
// compared by their bytes, and to make them canonical again for every answer is a tenth of the work on a hit.
func (r *Request) SetHeader(name, value string) {
	r.line = append(append(r.line[:0], name...), value...)
	r.http.Response.Header.SetCanonical(r.line[:len(name)], r.line[len(name):])
}

// AddHeader adds a line of a header to the answer.
func (r *Request) AddHeader(name, value string) { r.http.Response.Header.Add(name, value) }

// DeleteHeader removes a header from the answer.
func (r *Request) DeleteHeader(name string) { r.http.Response.Header.Del(name) }

// Status answers with a status and no body.
func (r *Request) Status(code int) { r.http.SetStatusCode(code) }

// JSON answers with a value as PocketBase writes it: HTML-escaped, keys of maps sorted, one newline at the end.
func (r *Request) JSON(code int, v any) error {
	r.http.Response.Header.SetContentType("application/json")
	r.http.SetStatusCode(code)
	return json.NewEncoder(r.http).Encode(v)
}

// Bytes answers with a body of a type.
func (r *Request) Bytes(code int, contentType string, body []byte) {
	r.http.Response.Header.SetContentType(contentType)
	r.http.SetStatusCode(code)
	r.http.SetBody(body)
}

// reset takes back the answer begun, so that an error says nothing of what it stands in for: no validator, no range, no
// lifetime. Only that the connection closes stays.
func (r *Request) reset() {
	hangup := r.http.Response.ConnectionClose()
	r.http.Response.Reset()
	r.http.Response.Header.SetNoDefaultContentType(true)
	if hangup {
		r.Hangup()
	}
}

// Hangup closes the connection after the answer. The rest of a body is not waited for.
func (r *Request) Hangup() { r.http.SetConnectionClose() }
