// Package fallback is one store made of two, while objects move from the one to the other: it implements origin.Blobs.
//
// Its law: what is written goes to the new store alone; what is read comes from the new one, and where it is absent there
// from the old one; a key that is taken in either is taken; what is deleted is deleted in the old one first, so that
// nothing comes back; and nothing is copied here.
package fallback

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/origin"
)

var _ origin.Blobs = (*Store)(nil)

// Store is two stores that are open. It closes both.
type Store struct {
	current, former origin.Blobs
	reads           atomic.Uint64
}

// New makes one store of the new one and the old one. It is a *Store, or has one in it: where the new one presigns, so does
// what is made of the two.
func New(current, former origin.Blobs) origin.Blobs {
	s := &Store{current: current, former: former}
	if to, ok := current.(origin.PresigningBlobs); ok {
		return presigning{s, to}
	}
	return s
}

// Current is the new store.
func (s *Store) Current() origin.Blobs { return s.current }

// Stats are counts since New.
type Stats struct {
	Reads uint64 // objects that the new store did not have, and the old one had
}

// Stats returns the counts.
func (s *Store) Stats() Stats { return Stats{Reads: s.reads.Load()} }

// Open reads from the old store what the new one does not have. An object that moves meanwhile is found: it is in the new
// store before it may be removed from the old one by anything but Delete.
func (s *Store) Open(ctx context.Context, key origin.Key, offset, n int64) (origin.Object, error) {
	object, err := s.current.Open(ctx, key, offset, n)
	if !errors.Is(err, origin.ErrNotFound) {
		return object, err
	}
	object, err = s.former.Open(ctx, key, offset, n)
	if err == nil {
		s.reads.Add(1)
	}
	return object, err
}

// free fails with ErrExists where the old store has the key. It never gets new keys, so the answer holds.
func (s *Store) free(ctx context.Context, key origin.Key) error {
	object, err := s.former.Open(ctx, key, 0, 0)
	switch {
	case errors.Is(err, origin.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return errors.Join(origin.ErrExists, object.Body.Close())
}

// PutIfAbsent stores in the new store what neither has.
func (s *Store) PutIfAbsent(ctx context.Context, key origin.Key, data []byte) error {
	if err := s.free(ctx, key); err != nil {
		return err
	}
	return s.current.PutIfAbsent(ctx, key, data)
}

// Stage begins an object in the new store.
func (s *Store) Stage(ctx context.Context) (origin.Staged, error) {
	object, err := s.current.Stage(ctx)
	if err != nil {
		return nil, err
	}
	return &staged{object, s}, nil
}

type staged struct {
	origin.Staged
	store *Store
}

// Commit stores under a key that neither store has.
func (st *staged) Commit(ctx context.Context, key origin.Key) error {
	if err := st.store.free(ctx, key); err != nil {
		return err
	}
	return st.Staged.Commit(ctx, key)
}

// Delete removes from the old store first: who copies looks there once more after the copy, and removes it if it is gone.
// In this order
//
//	copied → looked for in the old store, and there → deleted in the old store → deleted in the new one
//
// or that look finds nothing.
func (s *Store) Delete(ctx context.Context, keys ...origin.Key) error {
	if err := s.former.Delete(ctx, keys...); err != nil {
		return err
	}
	return s.current.Delete(ctx, keys...)
}

// DeletePrefix removes as Delete does.
func (s *Store) DeletePrefix(ctx context.Context, prefix origin.Key) error {
	if err := s.former.DeletePrefix(ctx, prefix); err != nil {
		return err
	}
	return s.current.DeletePrefix(ctx, prefix)
}

// List merges both lists. Of an object that is in both the new store's row counts.
func (s *Store) List(ctx context.Context, prefix, after origin.Key, limit int) ([]origin.ObjectInfo, error) {
	list, err := s.current.List(ctx, prefix, after, limit)
	if err != nil {
		return nil, err
	}
	old, err := s.former.List(ctx, prefix, after, limit)
	if err != nil {
		return nil, err
	}
	// The first limit of both are among the first limit of each.
	list = append(list[:len(list):len(list)], old...)
	byKey := func(a, b origin.ObjectInfo) int { return cmp.Compare(a.Key, b.Key) }
	slices.SortStableFunc(list, byKey) // so that the new store's row stays before the old one's
	list = slices.CompactFunc(list, func(a, b origin.ObjectInfo) bool { return a.Key == b.Key })
	return list[:min(len(list), max(limit, 0))], nil
}

// Check asks both: while there is an old store, objects are in it.
func (s *Store) Check(ctx context.Context) error {
	return errors.Join(s.current.Check(ctx), s.former.Check(ctx))
}

// Close closes both.
func (s *Store) Close() error { return errors.Join(s.current.Close(), s.former.Close()) }
