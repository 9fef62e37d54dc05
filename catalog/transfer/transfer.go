package transfer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

var (
	// ErrOccupied means that the target holds a library that no transfer has begun.
	ErrOccupied = errors.New("there is a library already, and it is not touched")
	// ErrUnfinished means that the source is itself the target of a transfer that has not come to its end.
	ErrUnfinished = errors.New("it is the target of a migration that has not come to its end")
	// ErrDiffers means that the target cannot be made the same as the source.
	ErrDiffers = errors.New("what was written is not what is read back")
	// ErrReplaced means that another transfer to the same target has begun.
	ErrReplaced = errors.New("another migration to the same place has begun")
	// ErrUntold means that all is moved, and that it is not known whether the target has been told so.
	ErrUntold = errors.New("all is moved, and it is not known whether the target has been told so: run it again")
	// ErrEmpty means that there is nothing to move.
	ErrEmpty = errors.New("there is no library")
)

// mark is the parameter that a target has from the first row to the end of its transfer. Its value is that of one run, so that
// a run notices when another one has taken its place. It is never copied.
const mark = "transfer.unfinished"

// Unfinished tells whether a catalog is the target of a transfer that has not come to its end: it must not be served.
func Unfinished(ctx context.Context, c origin.CatalogReader) (bool, error) {
	_, err := c.Param(ctx, mark)
	if errors.Is(err, origin.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Stage is what a transfer is doing.
type Stage string

const (
	Copying   Stage = "copying"   // the source takes writes
	Finishing Stage = "finishing" // the source is sealed: what is left is copied, and all is compared
	Comparing Stage = "comparing" // a target that was finished earlier
)

// Config says how to transfer.
type Config struct {
	// Ahead copies and leaves it at that: the source goes on taking writes, and the target is not finished.
	Ahead bool
	// Progress is called now and then with the rows of the source that were looked at in this stage, and their number when
	// the stage began. It may be nil.
	Progress func(stage Stage, done, total int64)
}

// Result is what a transfer has done.
type Result struct {
	Rows     int64         // of the source, at the end; all of them compared, unless Ahead
	Changed  int64         // rows written and removed, those that were the same already not among them
	Sealed   time.Duration // how long the source refused writes before all was moved
	Already  bool          // the target was finished by an earlier transfer, and is the same
	Finished bool          // the source is sealed, and the target may be served
}

// Run makes to what from is.
//  1. Finished: every row was compared, and the source is sealed, so that nothing is written to it that the target lacks.
//  2. ErrUntold: all is moved, and the very last step, which tells the target so, failed or was not answered. The source stays
//     sealed, as the target may be in use by now; another Run clears it up.
//  3. Another error: the source takes writes as before, unless it was sealed when Run began. The target is not finished,
//     and another Run goes on with it. A process that is killed leaves the source sealed where it was finishing.
func Run(ctx context.Context, from, to catalog.Mover, cfg Config) (Result, error) {
	t := &transfer{from: from, to: to, cfg: cfg, token: []byte(rand.Text())}
	err := t.run(ctx)
	return t.result, err
}

type transfer struct {
	from, to catalog.Mover
	cfg      Config
	token    []byte // the value of the mark
	result   Result
}

func (t *transfer) run(ctx context.Context) error {
	if unfinished, err := Unfinished(ctx, t.from); err != nil || unfinished {
		return errors.Join(err, when(unfinished, ErrUnfinished))
	}
	if n, err := t.from.Size(ctx); err != nil || n == 0 {
		return errors.Join(err, when(n == 0, ErrEmpty))
	}
	sealed, err := t.from.Sealed(ctx)
	if err != nil {
		return err
	}
	ours, err := t.claim(ctx)
	switch {
	case err != nil:
		return err
	case !ours && sealed && !t.cfg.Ahead:
		return t.compare(ctx)
	case !ours:
		return ErrOccupied
	}
	if !sealed {
		if err := t.copy(ctx); err != nil || t.cfg.Ahead {
			return err
		}
	}
	return t.finish(ctx, sealed)
}

func when(condition bool, err error) error {
	if condition {
		return err
	}
	return nil
}

// claim marks an empty target, or one that is marked, as that of this run.
func (t *transfer) claim(ctx context.Context) (ours bool, err error) {
	n, err := t.to.Size(ctx)
	if err != nil {
		return false, err
	}
	err = t.to.Load(ctx, func(l catalog.Loader) error {
		_, err := l.Param(ctx, mark)
		if ours = err == nil || errors.Is(err, origin.ErrNotFound) && n == 0; !ours {
			return when(!errors.Is(err, origin.ErrNotFound), err)
		}
		return l.SetParam(ctx, mark, t.token)
	})
	return ours, err
}

// load is the target's Load, for as long as no other run has claimed it.
func (t *transfer) load(ctx context.Context, fn func(catalog.Loader) error) error {
	return t.to.Load(ctx, func(l catalog.Loader) error {
		value, err := l.Param(ctx, mark)
		if err != nil && !errors.Is(err, origin.ErrNotFound) {
			return err
		}
		if !bytes.Equal(value, t.token) {
			return ErrReplaced
		}
		return fn(l)
	})
}

// A pass over everything takes as long as the library is large, and what is written meanwhile is left to the next one. The
// last pass is made while writes are refused, so passes are repeated while they have much to do.
const (
	much      = 200
	maxPasses = 5
)

func (t *transfer) copy(ctx context.Context) error {
	for range maxPasses {
		changed, err := t.pass(ctx, Copying)
		if err != nil || changed <= much {
			return err
		}
	}
	return nil
}

// pass copies one snapshot of the source.
func (t *transfer) pass(ctx context.Context, stage Stage) (changed int64, err error) {
	snapshot, err := t.from.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	seen, total, err := t.count(ctx, snapshot, stage)
	if err != nil {
		return 0, err
	}
	p := &pass{from: snapshot, to: t.to, load: t.load, verify: stage == Finishing, seen: seen}
	if stage == Comparing {
		p.inUse = true
		p.load = func(context.Context, func(catalog.Loader) error) error { return ErrOccupied }
	}
	err = p.run(ctx)
	t.result.Changed += p.changed
	t.result.Rows = total
	return p.changed, err
}

// count returns a function that is to be called with each row.
func (t *transfer) count(ctx context.Context, of catalog.Contents, stage Stage) (seen func(), total int64, err error) {
	total, err = of.Size(ctx)
	report := t.cfg.Progress
	if err != nil || report == nil {
		return func() {}, total, err
	}
	report(stage, 0, total)
	done := int64(0)
	return func() {
		if done++; done%page == 0 || done == total {
			report(stage, done, total)
		}
	}, total, nil
}

// lastWords bounds what is done after the context's end to leave things in order.
const lastWords = 30 * time.Second

// finish moves what is left while the source refuses writes, and compares everything. The order of events is
//
//	source sealed → snapshot → target made the same, read back and compared → mark removed
//
// so that wherever it breaks off, either the target is not finished, or nothing is missing in it.
func (t *transfer) finish(ctx context.Context, sealed bool) (err error) {
	began := time.Now()
	finished := false
	if !sealed {
		defer func() {
			if finished || err == nil {
				return
			}
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			if e := t.from.Unseal(last); e != nil {
				err = errors.Join(err, fmt.Errorf("the source is left sealed: %w", e))
			}
		}()
		if err := t.from.Seal(ctx); err != nil {
			return err
		}
	}
	if _, err := t.pass(ctx, Finishing); err != nil {
		return err
	}
	finished = true // whatever is heard of the next step, it may have been done
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	err = t.load(last, func(l catalog.Loader) error { return l.SetParam(last, mark, nil) })
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUntold, err)
	}
	t.result.Finished, t.result.Sealed = true, time.Since(began)
	return nil
}

// compare looks whether a target that was finished earlier is what the sealed source is, and changes nothing.
func (t *transfer) compare(ctx context.Context) error {
	_, err := t.pass(ctx, Comparing)
	if err == nil {
		t.result.Already, t.result.Finished = true, true
	}
	return err
}
