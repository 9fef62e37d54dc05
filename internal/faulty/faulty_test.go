package faulty

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// behind starts a server that answers with n bytes, and a proxy before it.
func behind(t *testing.T, n int) (*Proxy, *http.Client) {
	t.Helper()
	body := bytes.Repeat([]byte("x"), n)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	p, err := Listen(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	return p, client
}

// get asks once through the proxy: the status, how many bytes came, and what went wrong.
func get(p *Proxy, c *http.Client) (status, n int, err error) {
	resp, err := c.Post("http://"+p.Address()+"/", "text/plain", strings.NewReader("asked"))
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, len(data), err
}

func set(t *testing.T, p *Proxy, f Fault) {
	t.Helper()
	if err := p.Set(f); err != nil {
		t.Fatal(err)
	}
}

func wantWell(t *testing.T, p *Proxy, c *http.Client, size int) {
	t.Helper()
	if status, n, err := get(p, c); status != 200 || n != size || err != nil {
		t.Errorf("status %d, %d bytes, %v", status, n, err)
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	const size = 100_000
	p, c := behind(t, size)
	for _, f := range []Fault{{Refuse: true}, {CutAfter: 5000}, {Status: 503}} {
		wantWell(t, p, c, size) // leaves a connection open, which must not escape the fault
		set(t, p, f)
		for range 2 {
			status, n, err := get(p, c)
			if f.Status != 0 && (status != f.Status || n != 0 || err != nil) || f.Status == 0 && err == nil || n >= size {
				t.Errorf("%+v: status %d, %d bytes, %v", f, status, n, err)
			}
		}
		set(t, p, Fault{})
	}
	wantWell(t, p, c, size)
	if s := p.Stats(); s.Answered != 2 || s.Cut < 2 {
		t.Errorf("%+v", s)
	}
}

func TestAFaultBefallsSoManyConnectionsAndNoMore(t *testing.T) {
	p, c := behind(t, 10)
	set(t, p, Fault{Status: 500, Times: 2})
	for _, want := range []int{500, 500, 200, 200} {
		if status, _, err := get(p, c); status != want || err != nil {
			t.Errorf("status %d, %v, not %d", status, err, want)
		}
	}
}

func TestAHangingConnectionGoesOnWhenHealed(t *testing.T) {
	p, c := behind(t, 10)
	wantWell(t, p, c, 10)
	set(t, p, Fault{Hang: true})
	done := make(chan error, 1)
	go func() {
		_, _, err := get(p, c)
		done <- err
	}()
	for p.Stats().Connections == 0 {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("it did not hang: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	set(t, p, Fault{})
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestASlowConnectionPassesEveryByte(t *testing.T) {
	p, c := behind(t, 20_000)
	set(t, p, Fault{Rate: 100_000})
	began := time.Now()
	wantWell(t, p, c, 20_000)
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("20 kB at 100 kB/s in %v", took)
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	p, _ := behind(t, 10)
	set(t, p, Fault{Hang: true})
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = p.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("there was an answer")
	} else if e, ok := err.(net.Error); ok && e.Timeout() {
		t.Error("the connection stayed open")
	}
}
