package origin

import (
	"context"
	"errors"
	"slices"
)

const (
	// refusedDelete is PocketBase's sentence for a record that a required relation needs.
	refusedDelete = "Failed to delete record. Make sure that the record is not part of a required relation reference."
	// lastSuperuser keeps the library from locking everybody out.
	lastSuperuser = "You can't delete the only existing superuser."
)

// referencingBatch is how many referring records are read at once.
const referencingBatch = 1000

// DeleteRecord removes a record with its files, with the records whose cascading relations are left empty by that, and
// with every mention of it in other relations. Outcomes beside success:
//  1. there is no such collection or record, or the delete rule is not met: NotFound;
//  2. the delete rule admits superusers only: Forbidden;
//  3. a required relation of another record would be left empty, or it is the last superuser: Invalid.
//
// After an error nothing is changed.
func (o *Origin) DeleteRecord(ctx context.Context, who Caller, name, id string) error {
	return o.afresh(ctx, func() error { return o.deleteRecord(ctx, who, name, id) })
}

func (o *Origin) deleteRecord(ctx context.Context, who Caller, name, id string) error {
	const op = "record.delete"
	c, err := o.collection(op, name)
	if err != nil {
		return err
	}
	j, err := o.judge(ctx, who, contextDefault, c.delete)
	if err != nil {
		return failed(op, err)
	}
	if j.closed(c.delete) {
		return &Error{Op: op, Kind: Forbidden, Message: superusersOnly, Private: true}
	}
	var done *removal
	err = o.catalog.Write(ctx, func(tx CatalogTx) error {
		r, err := tx.Record(ctx, c.Collection, RecordID(id))
		if err != nil {
			return err
		}
		if !j.admits(c.delete, r) {
			return &Error{Op: op, Kind: NotFound, Private: true}
		}
		if c.IsSuperusers() {
			if err := keepsSuperuser(ctx, tx, c.Collection); err != nil {
				return err
			}
		}
		done = &removal{tx: tx}
		return done.run(ctx, c.Collection, r.ID)
	})
	if err != nil {
		return failed(op, err)
	}
	o.removed(ctx, done)
	return nil
}

// removed makes a committed removal known, and removes its objects.
func (o *Origin) removed(ctx context.Context, done *removal) {
	for _, ref := range slices.Concat(done.gone, done.changed) {
		o.invalidate(ref.Collection, ref.Record)
	}
	o.dropFiles(ctx, done.files)
}

func keepsSuperuser(ctx context.Context, tx CatalogTx, c *Collection) error {
	page, err := tx.List(ctx, c, Query{Limit: 2})
	if err == nil && len(page.Records) < 2 {
		return &Error{Op: "record.delete", Kind: Invalid, Message: lastSuperuser}
	}
	return err
}

// removal deletes a record and what hangs on it. Records are deleted as soon as they are found, and the relations to
// them are looked at afterwards, so that a circle of references ends.
type removal struct {
	tx          CatalogTx
	collections []*Collection
	gone        []FileRef // Name is empty
	changed     []FileRef // Name is empty
	files       []FileRef // of the records that are gone
}

func (m *removal) run(ctx context.Context, c *Collection, id RecordID) (err error) {
	if m.collections, err = m.tx.Collections(ctx); err != nil {
		return err
	}
	if err := m.remove(ctx, c, id); err != nil {
		return err
	}
	for next := 0; next < len(m.gone); next++ {
		if err := m.release(ctx, m.gone[next]); err != nil {
			return err
		}
	}
	return nil
}

func (m *removal) remove(ctx context.Context, c *Collection, id RecordID) error {
	files, err := m.tx.Files(ctx, c.ID, id)
	if err != nil {
		return err
	}
	if err := m.tx.DeleteRecord(ctx, c, id); err != nil {
		return err
	}
	for i := range files {
		m.files = append(m.files, files[i].FileRef)
	}
	m.gone = append(m.gone, FileRef{Collection: c.ID, Record: id})
	return nil
}

// release takes a record that is gone out of all relations to it.
func (m *removal) release(ctx context.Context, gone FileRef) error {
	for _, c := range m.collections {
		for i := range c.Fields {
			f := &c.Fields[i]
			if f.Type != RelationField || f.CollectionID != gone.Collection {
				continue
			}
			for {
				ids, err := m.tx.Referencing(ctx, c, f, gone.Record, referencingBatch)
				if err != nil {
					return err
				}
				if len(ids) == 0 {
					break
				}
				if err := m.releaseFrom(ctx, c, f, ids, gone.Record); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (m *removal) releaseFrom(ctx context.Context, c *Collection, f *Field, ids []RecordID, gone RecordID) error {
	records, err := m.tx.RecordsByID(ctx, c, ids)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return errors.New("references of records that are not there")
	}
	for _, r := range records {
		left := combine(remove, r.Strings(f.Name), []string{string(gone)})
		switch {
		case len(left) == 0 && f.CascadeDelete:
			err = m.remove(ctx, c, r.ID)
		case len(left) == 0 && f.Required:
			return &Error{Op: "record.delete", Kind: Invalid, Message: refusedDelete}
		default:
			r = r.Clone()
			r.Values[f.Name] = shapeList(f, left)
			m.changed = append(m.changed, FileRef{Collection: c.ID, Record: r.ID})
			err = m.tx.UpdateRecord(ctx, c, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
