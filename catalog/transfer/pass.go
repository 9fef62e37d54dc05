package transfer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/imgorigin/imgorigin/catalog"
	"github.com/imgorigin/imgorigin/origin"
)

// pass makes the target what one snapshot of the source is.
type pass struct {
	from catalog.Snapshot
	to   catalog.Mover
	load func(ctx context.Context, fn func(catalog.Loader) error) error
	// verify has every table compared again after a change, until there is nothing left to change.
	verify  bool
	inUse   bool   // somebody serves one of the two, and goes on to note the use of renditions: they are not compared
	seen    func() // called with each row of the source, once
	changed int64  // rows written and removed
}

// attempts bounds how often a table is compared that never comes to be the same.
const attempts = 3

func (p *pass) run(ctx context.Context) error {
	var collections []*origin.Collection
	err := p.table(ctx, "the collections", func(ctx context.Context, _ func()) (n int64, err error) {
		collections, n, err = p.collections(ctx)
		return n, err
	})
	if err != nil {
		return err
	}
	for _, c := range collections {
		p.seen()
		err := p.table(ctx, "the records of "+c.Name, func(ctx context.Context, seen func()) (int64, error) {
			return p.records(ctx, c, seen)
		})
		if err != nil {
			return err
		}
	}
	if err := p.table(ctx, "the files", p.files); err != nil {
		return err
	}
	if !p.inUse {
		if err := p.table(ctx, "the renditions", p.renditions); err != nil {
			return err
		}
	}
	return p.table(ctx, "the parameters", p.params)
}

// table brings one table up, and tells where that cannot be done. bring returns how many rows it changed.
func (p *pass) table(ctx context.Context, name string, bring func(ctx context.Context, seen func()) (int64, error)) error {
	seen := p.seen
	for range attempts {
		n, err := bring(ctx, seen)
		p.changed += n
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if n == 0 || !p.verify {
			return nil
		}
		seen = func() {}
	}
	return fmt.Errorf("%s: %w", name, ErrDiffers)
}

// collections keeps those that both have alike, in the same order, up to the first that differs. It and all that come after are
// made anew with everything in them: that a collection is changed meanwhile is rare, and there is no wrong way to do it.
func (p *pass) collections(ctx context.Context) (want []*origin.Collection, changed int64, err error) {
	if want, err = p.from.Collections(ctx); err != nil {
		return nil, 0, err
	}
	have, err := p.to.Collections(ctx)
	if err != nil {
		return nil, 0, err
	}
	alike := 0
	for alike < len(want) && alike < len(have) {
		same, err := sameCollection(want[alike], have[alike])
		if err != nil {
			return nil, 0, err
		}
		if !same {
			break
		}
		alike++
	}
	for i := len(have) - 1; i >= alike; i-- {
		changed++
		if err := p.load(ctx, func(l catalog.Loader) error { return l.DeleteCollection(ctx, have[i]) }); err != nil {
			return nil, changed, err
		}
	}
	for _, c := range want[alike:] {
		changed++
		if err := p.load(ctx, func(l catalog.Loader) error { return l.InsertCollection(ctx, c) }); err != nil {
			return nil, changed, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return want, changed, nil
}

func sameCollection(a, b *origin.Collection) (bool, error) {
	x, err := catalog.MarshalCollection(a)
	if err != nil {
		return false, err
	}
	y, err := catalog.MarshalCollection(b)
	return bytes.Equal(x, y), err
}

// records compares records by their positions. Those that take the place of others are written last, when all that the target
// has too much is gone: a unique value may have moved from one record to another.
func (p *pass) records(ctx context.Context, c *origin.Collection, seen func()) (changed int64, err error) {
	read := func(from catalog.Contents) iter.Seq2[catalog.Row, error] {
		return rows(ctx, func(ctx context.Context, after catalog.Row, limit int) ([]catalog.Row, error) {
			return from.Rows(ctx, c, after.Position, limit)
		})
	}
	remove := batch[catalog.Row]{write: func(list []catalog.Row) error {
		return p.load(ctx, func(l catalog.Loader) error { return l.DeleteRows(ctx, c, list) })
	}}
	insert := batch[catalog.Row]{write: func(list []catalog.Row) error {
		if err := remove.flush(); err != nil {
			return err
		}
		return p.load(ctx, func(l catalog.Loader) error { return l.InsertRows(ctx, c, list) })
	}}
	var late []int64
	differ := merge(read(p.from), read(p.to),
		func(a, b *catalog.Row) int { return cmp.Compare(a.Position, b.Position) },
		func(a, b *catalog.Row) bool { return catalog.SameRecord(c, a.Record, b.Record) }, seen)
	for d, err := range differ {
		if err != nil {
			return changed, err
		}
		changed++
		if d.to != nil {
			err = remove.add(*d.to)
		}
		switch {
		case err != nil || d.from == nil:
		case d.beyond && d.to == nil:
			err = insert.add(*d.from)
		default:
			late = append(late, d.from.Position)
		}
		if err != nil {
			return changed, err
		}
	}
	if err := remove.flush(); err != nil {
		return changed, err
	}
	for _, position := range late {
		list, err := p.from.Rows(ctx, c, position-1, 1)
		if err == nil && len(list) == 1 {
			err = insert.add(list[0])
		}
		if err != nil {
			return changed, err
		}
	}
	return changed, insert.flush()
}

func (p *pass) files(ctx context.Context, seen func()) (int64, error) {
	read := func(from catalog.Contents) iter.Seq2[origin.File, error] {
		return rows(ctx, func(ctx context.Context, after origin.File, limit int) ([]origin.File, error) {
			return from.AllFiles(ctx, after.FileRef, limit)
		})
	}
	return bring(p, ctx, read, seen,
		func(a, b *origin.File) int { return orderOfFiles(a.FileRef, b.FileRef) },
		func(a, b *origin.File) bool { return *a == *b },
		catalog.Loader.PutFiles, catalog.Loader.DeleteFiles)
}

func orderOfFiles(a, b origin.FileRef) int {
	return cmp.Or(cmp.Compare(a.Collection, b.Collection), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Name, b.Name))
}

func (p *pass) renditions(ctx context.Context, seen func()) (int64, error) {
	read := func(from catalog.Contents) iter.Seq2[origin.RenditionUse, error] {
		return rows(ctx, from.AllRenditions)
	}
	return bring(p, ctx, read, seen,
		func(a, b *origin.RenditionUse) int {
			return cmp.Or(orderOfFiles(a.File, b.File), cmp.Compare(a.Variant, b.Variant))
		},
		func(a, b *origin.RenditionUse) bool { return *a == *b },
		catalog.Loader.PutRenditions, catalog.Loader.DeleteRenditions)
}

// bring makes a table of the target what the source's is, where rows are found by their keys and clash with nothing else.
func bring[T any](p *pass, ctx context.Context, read func(catalog.Contents) iter.Seq2[T, error], seen func(),
	order func(a, b *T) int, same func(a, b *T) bool, put, remove func(catalog.Loader, context.Context, []T) error) (changed int64, err error) {
	surplus := batch[T]{write: func(list []T) error {
		return p.load(ctx, func(l catalog.Loader) error { return remove(l, ctx, list) })
	}}
	missing := batch[T]{write: func(list []T) error {
		if err := surplus.flush(); err != nil { // first, as a row that differs is in both
			return err
		}
		return p.load(ctx, func(l catalog.Loader) error { return put(l, ctx, list) })
	}}
	for d, err := range merge(read(p.from), read(p.to), order, same, seen) {
		if err != nil {
			return changed, err
		}
		changed++
		if d.to != nil {
			err = surplus.add(*d.to)
		}
		if err == nil && d.from != nil {
			err = missing.add(*d.from)
		}
		if err != nil {
			return changed, err
		}
	}
	if err := surplus.flush(); err != nil {
		return changed, err
	}
	return changed, missing.flush()
}

// params are few, and each is compared by itself.
func (p *pass) params(ctx context.Context, seen func()) (changed int64, err error) {
	want, err := p.from.Params(ctx)
	if err != nil {
		return 0, err
	}
	have, err := p.to.Params(ctx)
	if err != nil {
		return 0, err
	}
	kept := make(map[string][]byte, len(have))
	for _, param := range have {
		kept[param.Name] = param.Value
	}
	delete(kept, mark)
	var set []catalog.Param
	for _, param := range want {
		seen()
		if value, ok := kept[param.Name]; !ok || !bytes.Equal(value, param.Value) {
			set = append(set, catalog.Param{Name: param.Name, Value: append([]byte{}, param.Value...)}) // not nil, which removes
		}
		delete(kept, param.Name)
	}
	for name := range kept {
		set = append(set, catalog.Param{Name: name})
	}
	if len(set) == 0 {
		return 0, nil
	}
	return int64(len(set)), p.load(ctx, func(l catalog.Loader) error {
		for _, param := range set {
			if err := l.SetParam(ctx, param.Name, param.Value); err != nil {
				return err
			}
		}
		return nil
	})
}
