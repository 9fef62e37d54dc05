package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/imgorigin/imgorigin/origin"
)

// journal notes up to which key all objects were dealt with. It is written now and then: a process that is killed compares a
// few objects once more. It goes by the order of keys, so that it is as small for a large library as for a small one.
type journal struct {
	file   string // "": none
	places [2]string

	mu      sync.Mutex
	before  origin.Key // of the run before
	through origin.Key // all up to here are done
	open    []*job     // begun, in the order of their keys, from the first that is not done
	stuck   bool       // an object was wrong: nothing from it on is noted, so that another run tells of it too
	saved   time.Time
}

// journalEvery is how often it is written.
const journalEvery = time.Second

// entry is what is in the file.
type entry struct {
	From    string     `json:"from"`
	To      string     `json:"to"`
	Through origin.Key `json:"through"`
}

// openJournal reads what an earlier run between the same places has noted. That of others is written over.
func openJournal(file string, places [2]string) (*journal, error) {
	j := &journal{file: file, places: places, saved: time.Now()}
	if file == "" {
		return j, nil
	}
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("transfer: journal: %w", err)
	}
	var e entry
	if json.Unmarshal(data, &e) == nil && e.From == places[0] && e.To == places[1] {
		j.before, j.through = e.Through, e.Through
	}
	return j, j.save() // a place that cannot be written to is told before the work begins
}

// has tells whether an earlier run has dealt with the key.
func (j *journal) has(key origin.Key) bool { return j.before != "" && key <= j.before }

// job is an object that is being dealt with.
type job struct {
	journal *journal
	key     origin.Key
	done    bool
	wrong   bool
}

// begin is called with keys in their order.
func (j *journal) begin(key origin.Key) *job {
	next := &job{journal: j, key: key}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.stuck {
		j.open = append(j.open, next)
	}
	return next
}

// end notes that the object was moved, or that it cannot be.
func (b *job) end(moved bool) error {
	j := b.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	b.done, b.wrong = true, !moved
	for len(j.open) > 0 && j.open[0].done {
		if j.open[0].wrong {
			j.stuck, j.open = true, nil
			break
		}
		j.through = max(j.through, j.open[0].key)
		j.open = j.open[1:]
	}
	if j.file == "" || time.Since(j.saved) < journalEvery {
		return nil
	}
	return j.save()
}

// save writes the file anew, whole or not at all.
func (j *journal) save() error {
	j.saved = time.Now()
	data, err := json.Marshal(entry{j.places[0], j.places[1], j.through})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.file), 0o700); err != nil {
		return fmt.Errorf("transfer: journal: %w", err)
	}
	next := j.file + ".new"
	if err := os.WriteFile(next, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("transfer: journal: %w", err)
	}
	if err := os.Rename(next, j.file); err != nil {
		return fmt.Errorf("transfer: journal: %w", err)
	}
	return nil
}

// close removes the file after a run that came to its end, and writes it after another one.
func (j *journal) close(ended bool) error {
	if j.file == "" {
		return nil
	}
	if !ended {
		return j.save()
	}
	if err := os.Remove(j.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("transfer: journal: %w", err)
	}
	return nil
}
