package origin

import (
	"context"
)

// RecordInput is what a caller wants to write into a record.
//
// Keys are names of fields, "password", "passwordConfirm" and "oldPassword" in auth collections, and names with a
// modifier: "field+" appends (or adds a number), "+field" prepends, "field-" removes (or subtracts), "field:autogenerate"
// fills by the field's pattern. Unknown keys mean nothing. Values are what encoding/json decodes into an any,
// or strings of a form. Uploads follow the values of their key.
// The uploads belong to the write that gets the input, whatever it returns.
type RecordInput struct {
	Values map[string]any
	Files  map[string][]*Upload
	Expand []string // relation fields to expand in the answer
}

// Discard ends all uploads of an input that is not written.
func (in RecordInput) Discard() {
	for _, uploads := range in.Files {
		for _, u := range uploads {
			u.Discard()
		}
	}
}

// CreateRecord makes a record. Outcomes beside success:
//  1. there is no such collection: NotFound;
//  2. the create rule admits superusers only: Forbidden; it is not met: Invalid without Fields;
//  3. a value breaks a rule of its field: Invalid with Fields.
//
// After an error nothing of it remains.
func (o *Origin) CreateRecord(ctx context.Context, who Caller, name string, in RecordInput) (*View, error) {
	w := &write{o: o, op: "record.create", message: "Failed to create record.", who: who, name: name, in: in}
	return w.run(ctx, func(c *collection) access { return c.create }, w.create)
}

func (w *write) create(ctx context.Context) (*Record, error) {
	d, err := w.change.create()
	if err != nil {
		return nil, failed(w.op, err)
	}
	unverified := d.record.Clone() // or a rule about "verified" would take the caller's word for it
	if w.change.c.Auth != nil {
		unverified.Values[ColVerified] = false
	}
	if !w.judge.admits(w.change.c.create, unverified) {
		return nil, &Error{Op: w.op, Kind: Invalid, Message: w.message, Private: true}
	}
	if err := w.prepare(ctx, d); err != nil {
		return nil, err
	}
	d.finish()
	return w.save(ctx, d.record.ID, func(CatalogReader) (*draft, error) { return d, nil })
}

// UpdateRecord changes a record. Outcomes beside success:
//  1. there is no such collection or record, or the update rule is not met: NotFound;
//  2. the update rule admits superusers only: Forbidden;
//  3. a value breaks a rule of its field: Invalid with Fields.
//
// After an error the record is as it was. Writes of one record at the same time come one after the other, so that none
// of two modifiers is lost.
func (o *Origin) UpdateRecord(ctx context.Context, who Caller, name, id string, in RecordInput) (*View, error) {
	w := &write{o: o, op: "record.update", message: "Failed to update record.", who: who, name: name, in: in}
	return w.run(ctx, func(c *collection) access { return c.update }, func(ctx context.Context) (*Record, error) {
		return w.update(ctx, RecordID(id))
	})
}

func (w *write) update(ctx context.Context, id RecordID) (*Record, error) {
	again := func(reader CatalogReader) (*draft, error) {
		old, err := reader.Record(ctx, w.change.c.Collection, id)
		if err != nil {
			return nil, err
		}
		if !w.judge.admits(w.change.c.update, old) || !w.change.names(old) {
			return nil, &Error{Op: w.op, Kind: NotFound, Private: true}
		}
		return w.change.update(old)
	}
	d, err := again(w.o.catalog)
	if err != nil {
		return nil, failed(w.op, err)
	}
	if err := w.prepare(ctx, d); err != nil {
		return nil, err
	}
	return w.save(ctx, id, again)
}
