package server_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"log/slog"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/imgorigin/imgorigin/blob/local"
	"github.com/imgorigin/imgorigin/catalog/sqlite"
	"github.com/imgorigin/imgorigin/origin"
	"github.com/imgorigin/imgorigin/origin/server"
	"github.com/imgorigin/imgorigin/origin/server/pocketbase"
	"github.com/imgorigin/imgorigin/transform"
)

// sameBytes renders everything to the same 20 KiB.
type sameBytes struct{ data []byte }

func (s sameBytes) Render(context.Context, []byte, transform.Plan) ([]byte, error) {
	return s.data, nil
}
func (s sameBytes) Fingerprint() string { return "same" }

// library serves one public and one protected picture from a real catalog and store, and returns their paths.
func library(b testing.TB) (h *server.Server, public, protected string) {
	return libraryWith(b, server.DefaultConfig(), func(c origin.Catalog) origin.Catalog { return c })
}

// libraryWith is library with a catalog of the test's own before the real one.
func libraryWith(b testing.TB, options server.Config, wrap func(origin.Catalog) origin.Catalog) (h *server.Server, public, protected string) {
	b.Helper()
	ctx, dir := context.Background(), b.TempDir()
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	catalog, err := sqlite.Open(ctx, sqlite.Default(dir))
	must(err)
	config := local.DefaultConfig()
	config.Dir = dir + "/storage"
	blobs, err := local.Open(config)
	must(err)
	core, err := origin.New(ctx, origin.DefaultConfig(), origin.Parts{Catalog: wrap(catalog), Blobs: blobs, Renderer: sameBytes{make([]byte, 20<<10)}})
	must(err)
	b.Cleanup(func() {
		last, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		must(core.Close(last))
		must(catalog.Close())
		must(blobs.Close())
	})
	_, err = core.UpsertSuperuser(ctx, "admin@example.com", "a-long-password")
	must(err)
	session, err := core.AuthWithPassword(ctx, origin.Caller{}, "_superusers", "admin@example.com", "a-long-password", "")
	must(err)
	who, err := core.VerifyAuth(ctx, session.Token)
	must(err)
	token, err := core.FileToken(ctx, origin.Caller{Principal: who})
	must(err)

	var picture bytes.Buffer
	must(jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 200, 100)), nil))
	add := func(name string, closed bool) string {
		kind, rule := "base", ""
		view := &rule
		if closed {
			view = nil
		}
		fields := []origin.Field{{Name: "image", Type: origin.FileField, MaxSelect: 1, Thumbs: []string{"50x50"}, Protected: closed}}
		_, err := core.CreateCollection(ctx, origin.System(), origin.CollectionInput{Name: &name, Type: &kind, Fields: &fields, ViewRule: &view})
		must(err)
		upload, err := core.Stage(ctx, "a.jpg", bytes.NewReader(picture.Bytes()), 1<<20)
		must(err)
		v, err := core.CreateRecord(ctx, origin.System(), name, origin.RecordInput{Files: map[string][]*origin.Upload{"image": {upload}}})
		must(err)
		return "/api/files/" + string(v.Collection.ID) + "/" + string(v.Record.ID) + "/" + v.Record.Text("image") + "?thumb=50x50"
	}
	public, protected = add("open", false), add("closed", true)+"&token="+token
	router := &server.Router{}
	pocketbase.New(core, pocketbase.DefaultConfig()).Mount(router, server.Place{})
	h, err = server.New(options, router, slog.New(slog.DiscardHandler))
	must(err)
	return h, public, protected
}

// ask prepares a GET with headers, name and value in turn.
func ask(path string, headers ...string) *fasthttp.RequestCtx {
	var ctx fasthttp.RequestCtx
	var req fasthttp.Request
	req.Header.SetMethod("GET")
	req.SetRequestURI("http://cdn.example.com" + path)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	ctx.Init(&req, nil, nil)
	return &ctx
}

func TestAWarmThumbCostsNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	h, public, _ := library(t)
	ctx := ask(public)
	for range 100 {
		ctx.Response.Reset()
		h.Handle(ctx)
	}
	// One in hundreds is the cache's own: it hands its notes of what was asked for to its policy in batches.
	if n := testing.AllocsPerRun(1000, func() { ctx.Response.Reset(); h.Handle(ctx) }); n >= 1 || ctx.Response.StatusCode() != 200 {
		t.Errorf("%v allocations, status %d", n, ctx.Response.StatusCode())
	}
}

// BenchmarkHit is the whole way of a warm thumb but for the network: route, resolve, authorise, memory, headers.
func BenchmarkHit(b *testing.B) {
	h, public, protected := library(b)
	first := ask(public)
	h.Handle(first)
	etag := string(first.Response.Header.Peek("ETag"))
	if first.Response.StatusCode() != 200 || etag == "" {
		b.Fatalf("status %d", first.Response.StatusCode())
	}
	for _, c := range []struct {
		name   string
		ctx    *fasthttp.RequestCtx
		status int
	}{
		{"public", ask(public), 200},
		{"notmodified", ask(public, "If-None-Match", etag), 304},
		{"range", ask(public, "Range", "bytes=0-99"), 206},
		{"protected", ask(protected), 200},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.ctx.Response.Reset()
				h.Handle(c.ctx)
			}
			if got := c.ctx.Response.StatusCode(); got != c.status {
				b.Fatalf("status %d", got)
			}
		})
	}
}
