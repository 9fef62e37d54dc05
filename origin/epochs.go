package origin

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// epochs tell whether a remembered row is still what the catalog holds, without a list of what is remembered.
//
// A reader notes the epoch of a record, reads the catalog, and remembers the row with that epoch; the row
// counts only while the record's epoch is the noted one. A writer commits and then bumps. So for the order
//
//	reader notes → reader reads old row → writer commits → writer bumps → reader remembers
//
// the row is remembered with an epoch that is already over, and is never used. Deleting keys instead would let
// the last step bring the old row back for good, the more so as the cache applies its Sets late.
type epochs struct {
	seed    maphash.Seed
	all     atomic.Uint64
	buckets [4096]atomic.Uint64 // records share buckets: a stranger's bump costs a re-read, never a stale answer
}

func newEpochs() *epochs { return &epochs{seed: maphash.MakeSeed()} }

func (e *epochs) bucket(c CollectionID, r RecordID) *atomic.Uint64 {
	h := maphash.String(e.seed, string(c)) ^ bits.RotateLeft64(maphash.String(e.seed, string(r)), 32)
	return &e.buckets[h%uint64(len(e.buckets))]
}

// of is the record's epoch now. Both terms only ever grow, so the sum repeats only while neither was bumped.
func (e *epochs) of(c CollectionID, r RecordID) uint64 {
	return e.all.Load() + e.bucket(c, r).Load()
}

func (e *epochs) bump(c CollectionID, r RecordID) { e.bucket(c, r).Add(1) }

func (e *epochs) bumpAll() { e.all.Add(1) }
