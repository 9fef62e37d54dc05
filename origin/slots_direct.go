package origin

import (
	"context"
	"errors"
	"time"
)

// PresigningBlobs is what a store may be able to do beside: have the bytes of a slot sent to itself, so that they pass no
// server of ours until they are confirmed. What is delivered is no object: it has no Key, and is in no listing. The id is that
// of a slot.
type PresigningBlobs interface {
	Blobs
	// PresignPut returns an address that may be PUT to until then, with exactly that type and so many bytes. Whoever has it
	// may, as often as he likes: the last counts.
	PresignPut(ctx context.Context, id, contentType string, size int64, expires time.Time) (address string, err error)
	// OpenDelivered opens what was sent to the address of an id, as Open does; ErrNotFound where nothing was.
	OpenDelivered(ctx context.Context, id string) (Object, error)
	// DropDelivered removes what was sent. Where nothing was, it is no error.
	DropDelivered(ctx context.Context, ids ...string) error
}

// CanPresign tells whether PresignSlot can succeed with this store.
func (o *Origin) CanPresign() bool {
	_, ok := o.blobs.(PresigningBlobs)
	return ok
}

// PresignSlot returns an address of the store's own that a slot's bytes may be sent to, for a slot that was just made of
// the draft. They are looked at by ConfirmSlot: as often as they are sent before, and never again after. It is Unavailable
// where the store has no such addresses.
func (o *Origin) PresignSlot(ctx context.Context, slot *Slot, d SlotDraft) (address string, err error) {
	const op = "slot.presign"
	store, ok := o.blobs.(PresigningBlobs)
	if !ok {
		return "", &Error{Op: op, Kind: Unavailable, Err: errors.New("the store has no addresses of its own")}
	}
	if address, err = store.PresignPut(ctx, slot.ID, d.ContentType, d.Size, slot.Expires); err != nil {
		return "", failed(op, err)
	}
	return address, nil
}

// collectSlot fills an open slot with what was delivered to the store, and returns the slot as it is then. The bytes are
// copied through this process, since their hash, type, pixels and BlurHash want reading them all. Delivered bytes that are
// not the announced ones are Invalid and removed; the slot stays open.
func (o *Origin) collectSlot(ctx context.Context, slot *Record) (*Record, error) {
	store, ok := o.blobs.(PresigningBlobs)
	if !ok || slot.Text(slotState) != slotOpen {
		return slot, nil
	}
	delivered, err := store.OpenDelivered(ctx, string(slot.ID))
	if errors.Is(err, ErrNotFound) {
		return slot, nil
	}
	if err != nil {
		return nil, err
	}
	defer delivered.Body.Close()
	err = o.fillSlot(ctx, slot, confirmUntil(slot), "", delivered.Size, delivered.Body)
	switch KindOf(err) {
	case Invalid:
		o.dropDelivered(ctx, string(slot.ID))
		return nil, err
	case Conflict: // somebody else has collected them meanwhile
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return o.slot(ctx, o.catalog, "slot.collect", string(slot.ID))
}

// confirmUntil is the end of the time in which a slot may be confirmed.
func confirmUntil(slot *Record) time.Time { return timeOf(slot.Text("created")).Add(slotConfirms) }

// dropDelivered removes what was delivered for slots that need it no more. What stays behind is removed by a later sweep of
// the core, or of the store.
func (o *Origin) dropDelivered(ctx context.Context, ids ...string) {
	store, ok := o.blobs.(PresigningBlobs)
	if !ok || len(ids) == 0 {
		return
	}
	if err := store.DropDelivered(ctx, ids...); err != nil {
		o.log.Warn("removing delivered bytes failed", "slots", len(ids), "error", err)
	}
}
