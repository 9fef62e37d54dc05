package transfer

import (
	"context"
	"iter"
)

// difference is a row that two tables do not have alike: what the source has in its place, what the target has, or both.
type difference[T any] struct {
	from, to *T
	beyond   bool // the target has no row of a greater key
}

// merge compares two sequences that are sorted by order, with no two rows alike in it, and yields where they differ. seen is
// called with each row of from.
func merge[T any](from, to iter.Seq2[T, error], order func(a, b *T) int, same func(a, b *T) bool, seen func()) iter.Seq2[difference[T], error] {
	return func(yield func(difference[T], error) bool) {
		nextFrom, stopFrom := iter.Pull2(from)
		defer stopFrom()
		nextTo, stopTo := iter.Pull2(to)
		defer stopTo()
		a, errA, moreA := nextFrom()
		b, errB, moreB := nextTo()
		for moreA || moreB {
			if errA != nil || errB != nil {
				if errA == nil {
					errA = errB
				}
				yield(difference[T]{}, errA)
				return
			}
			which := 0
			switch {
			case !moreB:
				which = -1
			case !moreA:
				which = 1
			default:
				which = order(&a, &b)
			}
			var d difference[T]
			if which <= 0 {
				d.from = &a
				seen()
			}
			if which >= 0 {
				d.to = &b
			}
			d.beyond = !moreB
			if (which != 0 || !same(&a, &b)) && !yield(d, nil) {
				return
			}
			if which <= 0 {
				a, errA, moreA = nextFrom()
			}
			if which >= 0 {
				b, errB, moreB = nextTo()
			}
		}
	}
}

// page is how many rows are read, and written, at once.
const page = 500

// rows reads a table page by page. read gets the last row that it returned, at first the zero one.
func rows[T any](ctx context.Context, read func(ctx context.Context, after T, limit int) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		for {
			list, err := read(ctx, last, page)
			if err != nil {
				yield(last, err)
				return
			}
			for _, row := range list {
				if !yield(row, nil) {
					return
				}
			}
			if len(list) < page {
				return
			}
			last = list[len(list)-1]
		}
	}
}

// batch gathers rows and hands them to write a page at a time.
type batch[T any] struct {
	write func([]T) error
	list  []T
}

func (b *batch[T]) add(row T) error {
	if b.list = append(b.list, row); len(b.list) < page {
		return nil
	}
	return b.flush()
}

func (b *batch[T]) flush() error {
	if len(b.list) == 0 {
		return nil
	}
	err := b.write(b.list)
	b.list = b.list[:0]
	return err
}
