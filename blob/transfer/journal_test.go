package transfer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgorigin/imgorigin/origin"
)

// Whatever is in the file, it is that of a run between the same places or counts for nothing.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"from":"a","to":"b","through":"originals/x"}`))
	f.Add([]byte(`{"from":"a","to":"c","through":"originals/x"}`))
	f.Add([]byte(`{"from":"a","to":"b","through":1}`))
	f.Add([]byte(`{"from":"a","to":"b"`))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(file, [2]string{"a", "b"})
		if err != nil {
			t.Fatal(err)
		}
		again, err := openJournal(file, [2]string{"a", "b"})
		if err != nil || again.before != j.before {
			t.Errorf("%q, then %q, %v", j.before, again.before, err)
		}
		other, err := openJournal(file, [2]string{"b", "a"})
		if err != nil || other.has("a") || other.has("") {
			t.Errorf("that of other places counts: %q, %v", other.before, err)
		}
	})
}

// Jobs end in any order; what is noted is only what has nothing open before it.
func TestAJournalNotesWhatHasNothingOpenBeforeIt(t *testing.T) {
	j, err := openJournal("", [2]string{})
	if err != nil {
		t.Fatal(err)
	}
	var jobs []*job
	for _, key := range []origin.Key{"a", "b", "c", "d", "e"} {
		jobs = append(jobs, j.begin(key))
	}
	for _, step := range []struct {
		job   int
		moved bool
		want  origin.Key
	}{{1, true, ""}, {0, true, "b"}, {4, true, "b"}, {3, false, "b"}, {2, true, "c"}} {
		if err := jobs[step.job].end(step.moved); err != nil || j.through != step.want {
			t.Errorf("after %s: through %q, %v, want %q", jobs[step.job].key, j.through, err, step.want)
		}
	}
	if err := j.begin("f").end(true); err != nil || j.through != "c" {
		t.Errorf("behind what is wrong: through %q, %v", j.through, err)
	}
}
