package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// serverOfPage stands before the program on the page's PATH: "serve" replaces the server that runs, on one port, and returns
// when it answers. Everything else is the program itself.
const serverOfPage = `#!/bin/bash
set -eu
if [ "$1" != serve ]; then exec "$PROGRAM" "$@"; fi
if [ -f server.pid ]; then
	kill "$(cat server.pid)"
	while kill -0 "$(cat server.pid)" 2>/dev/null; do sleep 0.02; done
fi
"$PROGRAM" "$@" --http "$ADDRESS" >>server.log 2>&1 &
echo $! >server.pid
for _ in $(seq 3000); do
	if "$PROGRAM" health --http "$ADDRESS" 2>/dev/null; then exit 0; fi
	kill -0 "$(cat server.pid)" 2>/dev/null || break
	sleep 0.02
done
cat server.log >&2
exit 1
`

func TestThePageAboutMovingHouse(t *testing.T) {
	store, bucket := startS3(t)
	database := startPostgres(t)
	exe, err := built()
	if err != nil {
		t.Fatal(err)
	}
	first := start(t)
	h := furnish(first)
	first.stop()

	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "imgorigin"), []byte(serverOfPage), 0o700); err != nil {
		t.Fatal(err)
	}
	pid := filepath.Join(bin, "server.pid")
	t.Cleanup(func() {
		data, _ := os.ReadFile(pid)
		var id int
		if _, err := fmt.Sscan(string(data), &id); err == nil {
			_ = syscall.Kill(id, syscall.SIGTERM)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	page := docPage{
		file: "migrate.md",
		env: map[string]string{
			"DIR": first.dir, "DATABASE": database, "BUCKET": inBucket(bucket+"/library", store.Address()),
			"PATH": bin + ":" + os.Getenv("PATH"), "PROGRAM": exe, "ADDRESS": address,
		},
		calls: []string{"migrate --from", "--ahead", "--reopen", "--blobs-fallback"},
	}
	page.runIn(t, bin)
	p := &program{t: t, base: "http://" + address, dir: first.dir, log: &lockedBuffer{}}
	h.wantIn(p)
	p.token = h.admin
	p.upload("photos", "after.jpg", h.photo)
}
