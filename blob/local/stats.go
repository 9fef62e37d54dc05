package local

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/imgorigin/imgorigin/origin"
)

// Stats counts what a Store has done since it was opened.
type Stats struct {
	Puts     int64 // objects stored
	PutBytes int64 // their bytes
	Exists   int64 // objects not stored, their key being taken
	NoSpace  int64 // calls that a full disk refused
	Opens    int64 // objects opened
	Missing  int64 // objects that were asked for and absent
	Deletes  int64 // objects removed by key
	Stale    int64 // temporary files of crashed processes removed
}

type counters struct {
	puts, putBytes, exists, noSpace, opens, missing, deletes, stale atomic.Int64
}

// Stats returns the counters as they are now.
func (s *Store) Stats() Stats {
	c := &s.count
	return Stats{
		Puts: c.puts.Load(), PutBytes: c.putBytes.Load(), Exists: c.exists.Load(), NoSpace: c.noSpace.Load(),
		Opens: c.opens.Load(), Missing: c.missing.Load(), Deletes: c.deletes.Load(), Stale: c.stale.Load(),
	}
}

func (s *Store) countPut(size int, err error) {
	switch {
	case err == nil:
		s.count.puts.Add(1)
		s.count.putBytes.Add(int64(size))
	case errors.Is(err, origin.ErrExists):
		s.count.exists.Add(1)
	}
	s.countNoSpace(err)
}

func (s *Store) countNoSpace(err error) {
	if noSpace(err) {
		s.count.noSpace.Add(1)
	}
}

func noSpace(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
