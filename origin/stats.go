package origin

import (
	"context"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/cache"
	"github.com/imgorigin/imgorigin/transform"
)

// counters are what the core counts of its own work.
type counters struct {
	memoryHits, storedHits, renders, renderFailures, standIns atomic.Uint64
	keepFailures, keeperFailures, evicted                     atomic.Uint64
	decodes, renderPanics, mezzanines, mezzanineReads         atomic.Uint64
	watchFailures, tokensRefused                              atomic.Uint64
	storedBytes                                               atomic.Int64
}

// Stats is a snapshot of the core's counters, since the start unless said otherwise.
type Stats struct {
	MemoryHits     uint64 // thumbs answered from memory
	StoredHits     uint64 // thumbs read back from the blob store
	Renders        uint64 // renditions begun, however many share a decode
	RenderFailures uint64
	RenderPanics   uint64 // groups of renditions whose renderer panicked
	Decodes        uint64 // originals loaded to make renditions of: one for each group
	Mezzanines     uint64 // reduced copies of originals that were made and kept
	MezzanineReads uint64 // groups of renditions that were made of such a copy
	StandIns       uint64 // originals sent in place of a thumb
	KeepFailures   uint64 // renditions that could not be stored
	KeeperFailures uint64 // failed attempts to note uses or to evict
	Evicted        uint64 // stored renditions removed to stay within the budget
	WatchFailures  uint64 // times that hearing of other processes' changes failed
	Deaf           bool   // other processes' changes are not heard of now
	TokensRefused  uint64 // tokens that did not count
	StoredBytes    int64  // stored renditions, bytes, as of the last look

	Memory, Files, Accounts cache.Stats
	Flight                  cache.FlightStats
	Gate                    transform.AdmissionStats
	Passwords               transform.AdmissionStats // sign-ins and new passwords, which pass this gate and then Gate
}

// Stats returns the counters as they are now.
func (o *Origin) Stats() Stats {
	c := &o.counters
	return Stats{
		MemoryHits: c.memoryHits.Load(), StoredHits: c.storedHits.Load(), Renders: c.renders.Load(),
		RenderPanics: c.renderPanics.Load(), Decodes: c.decodes.Load(),
		Mezzanines: c.mezzanines.Load(), MezzanineReads: c.mezzanineReads.Load(),
		RenderFailures: c.renderFailures.Load(), StandIns: c.standIns.Load(),
		KeepFailures: c.keepFailures.Load(), KeeperFailures: c.keeperFailures.Load(), Evicted: c.evicted.Load(),
		WatchFailures: c.watchFailures.Load(), Deaf: o.lease.lost(), TokensRefused: c.tokensRefused.Load(), StoredBytes: c.storedBytes.Load(),
		Memory: o.memory.Stats(), Files: o.files.Stats(), Accounts: o.accounts.Stats(),
		Flight: o.flight.Stats(), Gate: o.gate.Stats(), Passwords: o.passwords.Stats(),
	}
}

// Check tells whether catalog and store answer, for health probes.
func (o *Origin) Check(ctx context.Context) error {
	for _, check := range []func(context.Context) error{o.catalog.Check, o.blobs.Check} {
		if err := check(ctx); err != nil {
			return &Error{Op: "check", Kind: unavailable(err), Err: err}
		}
	}
	return nil
}

// Settle waits until what was remembered so far counts. Tests and warm-ups use it; requests have no need to.
func (o *Origin) Settle() {
	o.memory.Settle()
	o.files.Settle()
	o.accounts.Settle()
}
