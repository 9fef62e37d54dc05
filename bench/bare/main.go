// Command bare is the yardstick of hits: the least that a program on fasthttp does to answer with given bytes and
// headers. At its start it asks another server once, and from then on answers every request with what it was told.
// It looks at no path, keeps no counters and has no time-outs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	like := flag.String("like", "", "`URL` whose answer is repeated")
	listen := flag.String("listen", "127.0.0.1:0", "`address` to serve at")
	flag.Parse()
	if err := run(*like, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(like, listen string) error {
	answer, err := ask(like)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("{\"msg\":\"serving\",\"address\":\"http://%s\"}\n", listener.Addr())
	server := fasthttp.Server{Handler: answer.send, NoDefaultServerHeader: true, NoDefaultContentType: true}
	return server.Serve(listener)
}

// answer is what is sent to everybody.
type answer struct {
	contentType string
	headers     [][2]string // but for those that fasthttp writes itself
	body        []byte
}

func ask(url string) (*answer, error) {
	if url == "" {
		return nil, errors.New("-like is missing")
	}
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	req.SetRequestURI(url)
	if err := fasthttp.Do(req, resp); err != nil {
		return nil, fmt.Errorf("asking %s: %w", url, err)
	}
	if resp.StatusCode() != fasthttp.StatusOK {
		return nil, fmt.Errorf("%s answers %d", url, resp.StatusCode())
	}
	a := &answer{contentType: string(resp.Header.ContentType()), body: append([]byte(nil), resp.Body()...)}
	for name, value := range resp.Header.All() {
		switch string(name) {
		case fasthttp.HeaderContentType, fasthttp.HeaderContentLength, fasthttp.HeaderDate, fasthttp.HeaderConnection:
		default:
			a.headers = append(a.headers, [2]string{string(name), string(value)})
		}
	}
	return a, nil
}

func (a *answer) send(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetContentType(a.contentType)
	for _, h := range a.headers {
		ctx.Response.Header.Set(h[0], h[1])
	}
	ctx.Response.SetBodyRaw(a.body)
}
