package vips

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/h2non/bimg"

	"github.com/imgorigin/imgorigin/transform"
)

// childVariable names what a test asks of a process of its own, since libvips has
// one peak, one fence and one standard error per process.
const childVariable = "IMGORIGIN_VIPS_TEST_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(childVariable); job != "" {
		child(job)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childJob is what a child does: render the file in every listed form, and say what
// came of it.
type childJob struct {
	File      string
	Forms     []string
	ByBimg    bool // with bimg's own options instead of this package, and no fence
	Threads   int
	Tolerates bool // errors are not reported
}

func child(text string) {
	var job childJob
	must(json.Unmarshal([]byte(text), &job))
	src, err := os.ReadFile(job.File)
	must(err)
	if job.ByBimg {
		_, err := bimg.Resize(src, bimg.Options{Width: 10, Type: bimg.PNG})
		must(err)
		must(json.NewEncoder(os.Stdout).Encode(Stats{MemoryPeakBytes: bimg.VipsMemory().MemoryHighwater}))
		return
	}
	c := DefaultConfig()
	if job.Threads > 0 {
		c.Concurrency = job.Threads
	}
	r, err := New(c)
	must(err)
	for _, form := range job.Forms {
		p := transform.DefaultOptions().Plan(thumb(form), transform.JPEG)
		if _, err := r.Render(context.Background(), src, p); !job.Tolerates {
			must(err)
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(r.Stats()))
}

func must(err error) {
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

// inChild runs a job in a process of its own and returns its counters, what it
// wrote to standard error, and whether it succeeded.
func inChild(t *testing.T, src []byte, job childJob) (s Stats, stderr string, ok bool) {
	t.Helper()
	job.File = t.TempDir() + "/picture"
	if err := os.WriteFile(job.File, src, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	var errors strings.Builder
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		return Stats{}, errors.String(), false
	}
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	return s, errors.String(), true
}
