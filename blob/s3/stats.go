package s3

import (
	"errors"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/origin"
)

// Stats counts what a Store has done since it was opened.
type Stats struct {
	Puts     int64 // objects stored
	PutBytes int64 // their bytes
	Exists   int64 // objects not stored, their key being taken
	NoSpace  int64 // calls that a full store, or a full spool folder, refused
	Opens    int64 // objects opened
	Missing  int64 // objects that were asked for and absent
	Deletes  int64 // keys removed, which need not have been those of objects
	Retries  int64 // attempts after the first
	Resumed  int64 // bodies that were cut and asked for again from there
	Failures int64 // calls given up because the store did not answer, or answered that it cannot
	Doubts   int64 // puts whose fate had to be asked after
	Swept    int64 // abandoned uploads removed
}

type counters struct {
	puts, putBytes, exists, noSpace, opens, missing, deletes, retries, resumed, failures, doubts, swept atomic.Int64
}

// Stats returns the counters as they are now.
func (s *Store) Stats() Stats {
	c := &s.count
	return Stats{
		Puts: c.puts.Load(), PutBytes: c.putBytes.Load(), Exists: c.exists.Load(), NoSpace: c.noSpace.Load(), Opens: c.opens.Load(),
		Missing: c.missing.Load(), Deletes: c.deletes.Load(), Retries: c.retries.Load(), Resumed: c.resumed.Load(),
		Failures: c.failures.Load(), Doubts: c.doubts.Load(), Swept: c.swept.Load(),
	}
}

func (s *Store) countFailure(f failure) {
	switch {
	case errors.Is(f.err, origin.ErrNoSpace):
		s.count.noSpace.Add(1)
	case errors.Is(f.err, origin.ErrUnreachable):
		s.count.failures.Add(1)
	}
}

func (s *Store) countPut(size int64, err error) {
	switch {
	case err == nil:
		s.count.puts.Add(1)
		s.count.putBytes.Add(size)
	case errors.Is(err, origin.ErrExists):
		s.count.exists.Add(1)
	}
}
