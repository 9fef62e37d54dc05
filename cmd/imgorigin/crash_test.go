package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgorigin/imgorigin/internal/picture"
)

// process is the program in a process of its own, to be killed.
type process struct {
	program
	cmd *exec.Cmd
}

// spawn starts the test binary as the program.
func spawn(t *testing.T, dir string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return spawnBinary(t, exe, dir)
}

// built is the program as make builds it, without the race detector. TestMain removes its folder.
var built = sync.OnceValues(func() (string, error) {
	exe := filepath.Join(builtDir, "imgorigin")
	out, err := exec.Command("go", "build", "-o", exe, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return exe, nil
})

// spawnBuilt starts the built program.
func spawnBuilt(t *testing.T, args ...string) *process {
	t.Helper()
	exe, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return spawnBinary(t, exe, t.TempDir(), args...)
}

// spawnBinary starts a process and waits until it says where it serves.
func spawnBinary(t *testing.T, exe, dir string, args ...string) *process {
	t.Helper()
	log := &lockedBuffer{}
	cmd := exec.Command(exe, located(t, append([]string{"serve", "--http", "127.0.0.1:0", "--dir", dir}, args...))...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{program: program{t: t, dir: dir, log: log}, cmd: cmd}
	t.Cleanup(p.kill)
	for deadline := time.Now().Add(2 * time.Minute); p.base == ""; time.Sleep(10 * time.Millisecond) {
		if _, after, ok := strings.Cut(log.String(), "address=http://"); ok {
			address, _, _ := strings.Cut(after, " ")
			p.base = "http://" + address
		} else if time.Now().After(deadline) {
			t.Fatalf("the process does not serve\n%s", log)
		}
	}
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// TestKillsInTheMiddleOfUploadsLoseNothing kills the process 20 times while it takes uploads, replaces and deletes, and looks each
// time at what the next one finds.
func TestKillsInTheMiddleOfUploadsLoseNothing(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, dir)
	p.asAdmin()
	p.collection("photos", everyForm, nil)
	base := picture.Must(picture.JPEG(picture.Chart(400, 300), 95))
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := make(map[string][]byte) // path → bytes
	var mu sync.Mutex
	const kills, writers = 20, 4
	for round := range kills {
		ctx, stop := context.WithCancel(context.Background())
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					data := append(bytes.Clone(base), fmt.Sprintf("round %d writer %d upload %d", round, w, i)...)
					a, err := p.tryForm("POST", "/api/collections/photos/records", p.token, part{"image", "a.jpg", data})
					if err != nil {
						return // killed
					}
					if a.status != 200 {
						t.Errorf("upload: %d %s", a.status, a.body)
						return
					}
					var v struct{ ID, CollectionID, Image string }
					if err := json.Unmarshal(a.body, &v); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					acknowledged[fmt.Sprintf("/api/files/%s/%s/%s", v.CollectionID, v.ID, v.Image)] = data
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(50+random.IntN(200)) * time.Millisecond)
		p.kill()
		stop()
		all.Wait()
		token := p.token
		p = spawn(t, dir)
		p.token = token
	}
	if len(acknowledged) < kills {
		t.Fatalf("only %d uploads were acknowledged: the test shows nothing", len(acknowledged))
	}
	for path, want := range acknowledged {
		if a := p.get(path); a.status != 200 || !bytes.Equal(a.body, want) {
			t.Fatalf("an acknowledged upload: status %d, %d bytes of %d", a.status, len(a.body), len(want))
		}
	}
	records := p.everyRecord("photos")
	for _, v := range records {
		path := fmt.Sprintf("/api/files/%s/%s/%s", v["collectionId"], v["id"], v["image"])
		a := p.get(path)
		want, known := acknowledged[path]
		// A record may be there whose acknowledgement was cut off: its bytes are whole all the same.
		if a.status != 200 || !bytes.HasPrefix(a.body, base) || known && !bytes.Equal(a.body, want) || !known && len(a.body) <= len(base) {
			t.Errorf("a record without its bytes: %s: %d, %d bytes", path, a.status, len(a.body))
		}
	}
	t.Logf("%d uploads acknowledged, %d records", len(acknowledged), len(records))
	p.kill()
	// What is left of the others goes by gc.
	out, err := run(t, "gc", "--dir", dir, "--age", "0s")
	if err != nil {
		t.Fatal(err)
	}
	originals := 0
	_ = filepath.WalkDir(filepath.Join(dir, "storage", "originals"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			originals++
		}
		return err
	})
	if originals != len(records) {
		t.Errorf("%d originals for %d records after gc: %s", originals, len(records), out)
	}
}

// everyRecord lists a collection through all its pages.
func (p *program) everyRecord(collection string) []map[string]any {
	p.t.Helper()
	var all []map[string]any
	for page := 1; ; page++ {
		a := p.call("GET", fmt.Sprintf("/api/collections/%s/records?perPage=500&sort=id&page=%d", collection, page), p.token, nil).want(p.t, 200)
		var v struct{ Items []map[string]any }
		if err := json.Unmarshal(a.body, &v); err != nil {
			p.t.Fatal(err)
		}
		all = append(all, v.Items...)
		if len(v.Items) < 500 {
			return all
		}
	}
}

func TestSIGTERMLetsRequestsEnd(t *testing.T) {
	p := spawn(t, t.TempDir())
	p.asAdmin()
	p.collection("photos", everyForm, nil)
	path := p.upload("photos", "a.jpg", jpegOf(3000, 2000))
	type outcome struct {
		a   reply
		err error
	}
	got := make(chan outcome, 1)
	go func() {
		a, err := p.try("GET", path+"?thumb=60x40", nil)
		got <- outcome{a, err}
	}()
	time.Sleep(5 * time.Millisecond) // the request is most likely under way; if not, the test shows less, but never fails for it
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	o := <-got
	if o.err == nil && o.a.status != 200 {
		t.Errorf("the request under way was answered %d", o.a.status)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the process ended with %v\n%s", err, p.log)
	}
}
