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

// ignoring is the address of a store that takes no notice of If-None-Match: what is there is removed before a put that carries
// it. The header itself must stay, as it is signed.
func ignoring(t *testing.T) string {
	t.Helper()
	behind, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	client, err := server.Client()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.In.URL.Path, "/"), "/")
		if r.In.Header.Get("If-None-Match") != "" {
			if err := client.RemoveObject(r.In.Context(), bucket, key, minio.RemoveObjectOptions{}); err != nil {
				t.Error(err)
			}
		}
	}}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
