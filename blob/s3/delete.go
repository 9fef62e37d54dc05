package s3

import (
	"context"
	"slices"

	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// deleteBatch is how many keys one request may name, by the protocol.
const deleteBatch = 1000

// Delete removes objects, a thousand by a request. With an error, some may have been removed.
func (s *Store) Delete(ctx context.Context, keys ...origin.Key) error {
	for _, key := range keys {
		if err := s.checkKey(key); err != nil {
			return wrap("delete", string(key), err)
		}
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return wrap("delete", "", err)
	}
	defer leave()
	return s.delete(ctx, keys)
}

func (s *Store) delete(ctx context.Context, keys []origin.Key) error {
	for batch := range slices.Chunk(keys, deleteBatch) {
		names := make([]string, len(batch))
		for i, key := range batch {
			names[i] = s.name(key)
		}
		if err := s.deleteNames(ctx, names); err != nil {
			return wrap("delete", string(batch[0]), err)
		}
		s.count.deletes.Add(int64(len(batch)))
	}
	return nil
}

func (s *Store) deleteNames(ctx context.Context, names []string) error {
	return s.call(ctx, 0, func(ctx context.Context) error {
		if len(names) == 1 {
			err := s.core.RemoveObject(ctx, s.config.Bucket, names[0], minio.RemoveObjectOptions{})
			if err != nil && explain(ctx, err).is(origin.ErrNotFound) {
				err = nil // somebody else was quicker, which some stores tell
			}
			return err
		}
		left, err := s.deleteAtOnce(ctx, names)
		if err != nil && len(left) > 0 {
			names = left // the others are gone
		}
		return err
	})
}

// deleteAtOnce makes one request, and returns those that are left and why the first is.
func (s *Store) deleteAtOnce(ctx context.Context, names []string) (left []string, first error) {
	objects := func(yield func(minio.ObjectInfo) bool) {
		for _, name := range names {
			if !yield(minio.ObjectInfo{Key: name}) {
				return
			}
		}
	}
	results, err := s.core.RemoveObjectsWithIter(ctx, s.config.Bucket, objects, minio.RemoveObjectsOptions{})
	if err != nil {
		return nil, err
	}
	for r := range results {
		if r.Err == nil || explain(ctx, r.Err).is(origin.ErrNotFound) {
			continue
		}
		if first == nil {
			first = r.Err
		}
		if r.ObjectName != "" {
			left = append(left, r.ObjectName)
		}
	}
	if first == nil {
		first = ctx.Err() // an ended context ends the results without a word
	}
	return left, first
}

// DeletePrefix removes all objects below prefix that are there when it passes by. With an error, some may have been removed.
func (s *Store) DeletePrefix(ctx context.Context, prefix origin.Key) error {
	if err := blob.CheckFolder(prefix); err != nil {
		return wrap("delete", string(prefix), err)
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return wrap("delete", string(prefix), err)
	}
	defer leave()
	for after := origin.Key(""); ; {
		page, err := s.list(ctx, prefix, after, deleteBatch)
		if err != nil {
			return wrap("delete", string(prefix), err)
		}
		keys := make([]origin.Key, len(page))
		for i, info := range page {
			keys[i] = info.Key
		}
		if err := s.delete(ctx, keys); err != nil {
			return err
		}
		if len(page) < deleteBatch {
			return nil
		}
		after = keys[len(keys)-1]
	}
}
