package local

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// Delete removes objects, and the folders that are empty then. With an error, some may have been removed.
func (s *Store) Delete(ctx context.Context, keys ...origin.Key) error {
	for _, key := range keys {
		if err := blob.CheckKey(key); err != nil {
			return wrap("delete", string(key), err)
		}
	}
	if err := s.enter(ctx); err != nil {
		return wrap("delete", "", err)
	}
	defer s.leave()
	for len(keys) > 0 {
		// Keys of one folder that follow each other share its sync.
		path, _ := blob.SplitKey(keys[0])
		n := 1
		for n < len(keys) {
			if next, _ := blob.SplitKey(keys[n]); next != path {
				break
			}
			n++
		}
		if err := s.deleteIn(ctx, path, keys[:n]); err != nil {
			return wrap("delete", string(keys[0]), err)
		}
		keys = keys[n:]
	}
	return nil
}

func (s *Store) deleteIn(ctx context.Context, path string, keys []origin.Key) error {
	r, err := s.descend(path, false)
	defer r.close()
	if absent(err) {
		return r.prune() // absent for good only when the removal by somebody else is durable
	}
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, base := blob.SplitKey(key)
		switch err := r.last().remove(base); {
		case err == nil:
			s.count.deletes.Add(1)
		case err != unix.ENOENT && err != unix.EISDIR:
			return err
		}
	}
	return r.prune()
}

// absent tells whether a walk ended because there is no such folder.
func absent(err error) bool {
	return err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP
}

// DeletePrefix removes a folder with everything in it, and the folders above that are empty then.
func (s *Store) DeletePrefix(ctx context.Context, prefix origin.Key) error {
	if err := blob.CheckFolder(prefix); err != nil {
		return wrap("delete", string(prefix), err)
	}
	if err := s.enter(ctx); err != nil {
		return wrap("delete", string(prefix), err)
	}
	defer s.leave()
	path, _ := blob.SplitKey(prefix)
	r, err := s.descend(path, false)
	defer r.close()
	if err == nil {
		err = r.last().clear(ctx)
	}
	if err == nil || absent(err) {
		err = r.prune()
	}
	return wrap("delete", string(prefix), err)
}

var errBusy = errors.New("the folder is being written to")

// clear removes everything in the folder that was there when it began. Passes are repeated until one finds nothing, because
// a reading may miss entries while others come; a folder that is filled as fast as it is cleared is given up.
func (d folder) clear(ctx context.Context) error {
	for range maxAttempts {
		found := false
		err := d.each(func(e os.DirEntry) error {
			found = true
			if err := ctx.Err(); err != nil {
				return err
			}
			if !e.IsDir() {
				return ignoreAbsent(d.remove(e.Name()))
			}
			return d.clearSub(ctx, e.Name())
		})
		if err != nil || !found {
			return err
		}
	}
	return errBusy
}

func (d folder) clearSub(ctx context.Context, name string) error {
	sub, err := d.sub(name)
	if err != nil {
		return ignoreAbsent(err)
	}
	defer sub.close()
	if err := sub.clear(ctx); err != nil {
		return err
	}
	err = d.removeFolder(name)
	if err == unix.ENOTEMPTY || err == unix.EEXIST { // a put was quicker; the next pass sees it
		return nil
	}
	return ignoreAbsent(err)
}
