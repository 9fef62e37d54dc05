package local

import (
	"context"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/blob"
	"github.com/imgorigin/imgorigin/origin"
)

// minBatch is the least number of a folder's entries that are looked at between two readings of it.
const minBatch = 256

// List returns objects in bytewise order of their whole keys.
//
// A folder comes unsorted from the file system, so every call reads each folder on its way to the end, and keeps of each
// only the names that it needs next: memory is bounded by twice the limit, or 2*minBatch names, per level of the key,
// whatever the number of files. To go through a folder of N entries by pages of limit takes N*N/limit readings of
// an entry: large folders ask for large pages.
func (s *Store) List(ctx context.Context, prefix, after origin.Key, limit int) ([]origin.ObjectInfo, error) {
	if err := blob.CheckPrefix(prefix); err != nil {
		return nil, wrap("list", string(prefix), err)
	}
	if err := s.enter(ctx); err != nil {
		return nil, wrap("list", string(prefix), err)
	}
	defer s.leave()
	if limit <= 0 {
		return nil, nil
	}
	path, begin := blob.SplitKey(prefix)
	r, err := s.descend(path, false)
	defer r.close()
	if absent(err) {
		return nil, nil
	}
	l := listing{ctx: ctx, after: string(after), limit: limit}
	if err == nil {
		err = l.folder(r.last(), string(prefix[:len(prefix)-len(begin)]), begin)
	}
	if err != nil {
		return nil, wrap("list", string(prefix), err)
	}
	return l.found, nil
}

// listing is one call of List.
type listing struct {
	ctx   context.Context
	after string
	limit int
	found []origin.ObjectInfo
}

func (l *listing) full() bool { return len(l.found) >= l.limit }

// folder lists a folder whose keys begin with path, which is empty or ends with "/": those entries whose names begin
// with begin. A folder's name is taken with the "/" that follows it in keys: so "a-b" comes before "a/".
func (l *listing) folder(d folder, path, begin string) error {
	for low := ""; ; {
		batch, more, err := l.smallest(d, path, begin, low)
		if err != nil {
			return err
		}
		for _, name := range batch {
			if err := l.entry(d, path, name); err != nil || l.full() {
				return err
			}
			low = name
		}
		if !more {
			return nil
		}
	}
}

func (l *listing) entry(d folder, path, name string) error {
	sub, isFolder := strings.CutSuffix(name, "/")
	if !isFolder {
		st, err := d.stat(name)
		if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			return ignoreAbsent(err)
		}
		l.found = append(l.found, origin.ObjectInfo{
			Key: origin.Key(path + name), Size: st.Size, Modified: st.Mtim.Nano() / 1e6,
		})
		return nil
	}
	next, err := d.sub(sub)
	if err != nil {
		if absent(err) {
			return nil
		}
		return err
	}
	defer next.close()
	return l.folder(next, path+name, "")
}

// smallest reads the folder once and returns the least names above low that the listing may need, in order, and whether
// there were more. Twice as many as wanted are gathered before they are sorted and cut, so that an entry costs
// less than a heap's share.
func (l *listing) smallest(d folder, path, begin, low string) (names []string, more bool, err error) {
	want := max(l.limit-len(l.found), minBatch)
	high := "" // once set, no name above it is wanted
	cut := func() {
		slices.Sort(names)
		if len(names) > want {
			names, more = names[:want], true
			high = names[want-1]
		}
	}
	err = d.each(func(e os.DirEntry) error {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		} else if !e.Type().IsRegular() {
			return nil
		}
		if name <= low || !strings.HasPrefix(name, begin) || !l.wants(path, name) {
			return nil
		}
		if high != "" && name > high {
			return nil
		}
		if names = append(names, name); len(names) < 2*want {
			return nil
		}
		cut()
		return l.ctx.Err()
	})
	cut()
	return names, more, err
}

// wants tells whether an entry is, or may hold, an object that sorts after after.
func (l *listing) wants(path, name string) bool {
	if path == "" && blob.Reserved(strings.TrimSuffix(name, "/")) {
		return false
	}
	key := path + name
	return key > l.after || strings.HasSuffix(name, "/") && strings.HasPrefix(l.after, key)
}
