package s3

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

// fronted is the address of the store behind a proxy that answers by itself where do says so.
func fronted(t *testing.T, do func(w http.ResponseWriter, r *http.Request) (answered bool)) string {
	t.Helper()
	behind, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !do(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// ignoring is the address of a store that takes no notice of If-None-Match: what is there is removed before a put that carries
// it. The header itself must stay, as it is signed.
func ignoring(t *testing.T) string {
	t.Helper()
	client, err := server.Client()
	if err != nil {
		t.Fatal(err)
	}
	return fronted(t, func(_ http.ResponseWriter, r *http.Request) bool {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if r.Header.Get("If-None-Match") != "" {
			if err := client.RemoveObject(r.Context(), bucket, key, minio.RemoveObjectOptions{}); err != nil {
				t.Error(err)
			}
		}
		return false
	})
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
