// Package transfer copies the objects of one store to another, while both are in use.
//
// Its law: an object counts as moved when the target's bytes were read back and have the right hash, that of the catalog where
// the catalog knows one, else that of the source's bytes; what is there already is compared and not copied; nothing in
// the source is changed, and nothing in the target is replaced unless Config.Repair says so; what is wrong with one object is
// told and stops nothing, and what is wrong with a store stops everything, to be gone on with by another run.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/imgorigin/imgorigin/origin"
)

// Known tells what an object must be: its SHA-256 in lower-case hex and its size in bytes. An object of which nothing is known
// is ErrNotFound.
type Known func(ctx context.Context, key origin.Key) (sha256 string, size int64, err error)

// Config says how to transfer.
type Config struct {
	// Parallel is how many objects are copied at once, 1 to 64.
	Parallel int
	// Skip leaves objects behind. It may be nil.
	Skip func(key origin.Key) bool
	// Known may be nil.
	Known Known
	// Repair replaces objects of the target that are not the source's. Without it they are told and left alone.
	Repair bool
	// Journal is a file that notes how far a run has come, so that the next one between the same two places need not read again
	// what was compared; "": none. Places are what is written there of the two.
	Journal string
	Places  [2]string
	// Progress is called now and then, by any goroutine but never by two at once, with what was done and what there is to
	// do. It may be nil.
	Progress func(done, total Count)
}

// Validate says what is wrong with the settings, or nil.
func (c Config) Validate() error {
	if c.Parallel < 1 || c.Parallel > 64 {
		return fmt.Errorf("transfer: Parallel is %d, not 1 to 64", c.Parallel)
	}
	return nil
}

// Count is a number of objects and the sum of their sizes in bytes.
type Count struct {
	Objects int
	Bytes   int64
}

func (c *Count) add(size int64) {
	c.Objects++
	c.Bytes += size
}

// Result is what a transfer has done.
type Result struct {
	Copied   Count // copied and read back
	Compared Count // there already, and found to be the same
	Before   Count // there already, and compared by an earlier run
	Gone     int   // deleted in the source while they were copied, and therefore in the target too
	Unknown  int   // originals that the catalog does not know, copied with the others
	Wrong    []Wrong
}

// Wrong is an object that was not moved.
type Wrong struct {
	Key origin.Key
	Err error // ErrSource or ErrTarget, wrapped
}

var (
	// ErrSource means that the bytes in the source are not what the catalog knows of. They are not copied.
	ErrSource = errors.New("the bytes of the source are not those that were uploaded")
	// ErrTarget means that the target has other bytes under that key. They are left as they are.
	ErrTarget = errors.New("the bytes of the target are others")
)

// listed is how many objects are listed at once: a page of a large folder costs a reading of the whole folder.
const listed = 20_000

// objects lists a store.
func objects(ctx context.Context, in origin.Blobs) iter.Seq2[origin.ObjectInfo, error] {
	return func(yield func(origin.ObjectInfo, error) bool) {
		for after := origin.Key(""); ; {
			list, err := in.List(ctx, "", after, listed)
			if err != nil {
				yield(origin.ObjectInfo{}, err)
				return
			}
			for _, info := range list {
				if !yield(info, nil) {
					return
				}
				after = info.Key
			}
			if len(list) < listed {
				return
			}
		}
	}
}

// Run copies what the target lacks, and compares what it has.
//  1. nil: every object that the source had when it was listed is in the target, compared, but those in Result.Wrong.
//  2. An error: a store failed, or ctx ended. What was copied is copied; another Run goes on.
func Run(ctx context.Context, from, to origin.Blobs, cfg Config) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	t := &transfer{from: from, to: to, cfg: cfg}
	if err := t.count(ctx); err != nil {
		return Result{}, err
	}
	journal, err := openJournal(cfg.Journal, cfg.Places)
	if err != nil {
		return Result{}, err
	}
	t.journal = journal
	err = t.walk(ctx)
	return t.result, errors.Join(err, journal.close(err == nil))
}

type transfer struct {
	from, to origin.Blobs
	cfg      Config
	journal  *journal

	mu     sync.Mutex // of what follows
	result Result
	done   Count
	total  Count
}

// count is for the sake of progress alone.
func (t *transfer) count(ctx context.Context) error {
	if t.cfg.Progress == nil {
		return nil
	}
	for info, err := range objects(ctx, t.from) {
		if err != nil {
			return err
		}
		if t.cfg.Skip == nil || !t.cfg.Skip(info.Key) {
			t.total.add(info.Size)
		}
	}
	t.cfg.Progress(Count{}, t.total)
	return nil
}

// walk goes through both stores in the order of keys, so that what is in the target is known without asking for each.
func (t *transfer) walk(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(t.cfg.Parallel)
	err := t.hand(ctx, work)
	// What a worker met is the cause, where the walk ended because of it.
	if failed := work.Wait(); failed != nil {
		return failed
	}
	return err
}

func (t *transfer) hand(ctx context.Context, work *errgroup.Group) error {
	next, stop := iter.Pull2(objects(ctx, t.to))
	defer stop()
	there, err, more := next()
	for info, listErr := range objects(ctx, t.from) {
		if listErr != nil {
			return listErr
		}
		for more && err == nil && there.Key < info.Key {
			there, err, more = next()
		}
		if err != nil {
			return err
		}
		if t.cfg.Skip != nil && t.cfg.Skip(info.Key) {
			continue
		}
		present := more && there.Key == info.Key
		if present && there.Size == info.Size && t.journal.has(info.Key) {
			t.note(&t.result.Before, info.Size)
			continue
		}
		job := t.journal.begin(info.Key)
		work.Go(func() error {
			moved, err := t.object(ctx, info, present)
			if err != nil {
				return fmt.Errorf("%s: %w", info.Key, err)
			}
			return job.end(moved)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// note counts an object that is done.
func (t *transfer) note(as *Count, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if as != nil {
		as.add(size)
	}
	t.done.add(size)
	if t.cfg.Progress != nil {
		t.cfg.Progress(t.done, t.total)
	}
}
