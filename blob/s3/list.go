package s3

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// listPage is how many objects one request may return, by the protocol.
const listPage = 1000

// List returns up to limit objects whose keys begin with prefix and sort after after.
func (s *Store) List(ctx context.Context, prefix, after origin.Key, limit int) ([]origin.ObjectInfo, error) {
	if err := blob.CheckPrefix(prefix); err != nil {
		return nil, wrap("list", string(prefix), err)
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return nil, wrap("list", string(prefix), err)
	}
	defer leave()
	infos, err := s.list(ctx, prefix, after, limit)
	return infos, wrap("list", string(prefix), err)
}

func (s *Store) list(ctx context.Context, prefix, after origin.Key, limit int) (infos []origin.ObjectInfo, err error) {
	if after > prefix && !strings.HasPrefix(string(after), string(prefix)) {
		return nil, nil // all that begins with prefix sorts before it
	}
	for ended := false; len(infos) < limit && !ended; {
		var page []origin.ObjectInfo
		err := s.call(ctx, 0, func(ctx context.Context) (err error) {
			page, ended, err = s.page(ctx, prefix, after, min(limit-len(infos), listPage))
			return err
		})
		if err != nil {
			return nil, err
		}
		if infos = append(infos, page...); len(page) > 0 {
			after = page[len(page)-1].Key
		}
	}
	return infos, nil
}

// page returns up to limit objects, and whether there are no more. What in the bucket has no name of ours is passed by.
func (s *Store) page(ctx context.Context, prefix, after origin.Key, limit int) (page []origin.ObjectInfo, ended bool, _ error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	noOwner := false
	options := minio.ListObjectsOptions{Prefix: s.config.Prefix + whole(string(prefix)), Recursive: true, MaxKeys: limit, FetchOwner: &noOwner}
	if after > prefix { // else the prefix says it
		options.StartAfter = s.name(after)
	}
	for object := range s.core.ListObjectsIter(ctx, s.config.Bucket, options) {
		if object.Err != nil {
			return nil, false, object.Err
		}
		name, ok := strings.CutPrefix(object.Key, s.config.Prefix)
		key := origin.Key(name)
		if !ok || !strings.HasPrefix(name, string(prefix)) || key <= after || blob.CheckKey(key) != nil {
			continue
		}
		page = append(page, origin.ObjectInfo{Key: key, Size: object.Size, Modified: object.LastModified.UnixMilli()})
		if len(page) == limit {
			return page, false, nil
		}
	}
	return page, true, ctx.Err()
}

// whole is a prefix without the first bytes of a character, which the protocol cannot say.
func whole(prefix string) string {
	for i := 0; i < utf8.UTFMax && !utf8.ValidString(prefix); i++ {
		prefix = prefix[:len(prefix)-1]
	}
	return prefix
}
