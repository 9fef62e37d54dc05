package origin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/imgorigin/imgorigin/rule"
)

// write is one create or update on its way.
type write struct {
	o           *Origin
	op, message string
	who         Caller
	name        string // of the collection
	in          RecordInput
	tune        func(*change) // nil: nothing to do before the draft is made
	judge       judge
	change      *change
	committed   []FileRef // uploads that are objects by now
}

// writeTries is how often a write begins: a superuser who saves a collection all the time is no reason to wait longer.
const writeTries = 3

// run begins a write and tries it. Where the collection was changed after it began, nothing was written, and it begins anew
// by the collection of now. Uploads that are objects by then stay: their keys are those of the next try. A write that
// finds the collection changed each time is a Timeout.
func (w *write) run(ctx context.Context, guard func(*collection) access, try func(context.Context) (*Record, error)) (*View, error) {
	saved, err := w.runRecord(ctx, guard, try)
	if err != nil {
		return nil, err
	}
	return w.answer(ctx, saved), nil
}

func (w *write) runRecord(ctx context.Context, guard func(*collection) access, try func(context.Context) (*Record, error)) (*Record, error) {
	defer w.in.Discard()
	var saved *Record
	var err error
	for n := 0; n < writeTries; n++ {
		if n > 0 {
			w.o.schemaChanged(ctx)
		}
		if err = w.begin(ctx, guard); err == nil {
			saved, err = try(ctx)
		}
		if !errors.Is(err, rule.ErrStale) {
			break
		}
	}
	if err == nil {
		return saved, nil
	}
	if len(w.committed) > 0 {
		w.o.dropOrphans(ctx, w.committed)
	}
	return nil, err
}

// answer shows what was written. The write is done, so what cannot be expanded is left out, and is no error.
func (w *write) answer(ctx context.Context, saved *Record) *View {
	v := view(w.who, w.change.c.Collection, saved)
	if err := w.o.expand(ctx, w.who, w.change.c, []*View{v}, w.in.Expand); err != nil {
		w.o.log.Error("expanding the answer to a write failed", "collection", w.change.c.Name, "record", string(saved.ID), "error", err)
	}
	return v
}

// begin finds the collection and refuses those whom the guarding rule shuts out whatever the record is.
func (w *write) begin(ctx context.Context, guard func(*collection) access) error {
	c, err := w.o.collection(w.op, w.name)
	if err != nil {
		return err
	}
	if w.judge, err = w.o.judge(ctx, w.who, contextDefault, guard(c)); err != nil {
		return failed(w.op, err)
	}
	if w.judge.closed(guard(c)) {
		return &Error{Op: w.op, Kind: Forbidden, Message: superusersOnly, Private: true}
	}
	if len(w.committed) > 0 && w.committed[0].Collection != c.ID {
		return &Error{Op: w.op, Kind: NotFound, Message: noCollection} // the name went to another collection
	}
	w.change = newChange(c, w.who.Principal.Superuser, w.in, w.o.now())
	if len(w.committed) > 0 {
		w.change.id = w.committed[0].Record
	}
	if w.tune != nil {
		w.tune(w.change)
	}
	return nil
}

// prepare does before the transaction what takes time: it refuses what cannot be written, so that no blob is stored for
// nothing, and hashes passwords.
func (w *write) prepare(ctx context.Context, d *draft) error {
	ch := w.change
	if d.needsOldPassword() && ch.oldPassword != "" {
		hash := d.old.Text(ColPassword)
		ok, err := w.o.checkPassword(ctx, hash, ch.oldPassword)
		if err != nil {
			return failed(w.op, err)
		}
		if ok {
			ch.oldHash = hash
		}
	}
	if err := w.check(ctx, w.o.catalog, d); err != nil {
		return failed(w.op, err)
	}
	for name, plain := range d.plain {
		hash, err := w.o.hashPassword(ctx, plain)
		if err != nil {
			return failed(w.op, err)
		}
		ch.hashes[name] = hash
	}
	if ch.media != nil {
		w.lookAtUploads(ctx, d)
	}
	return nil
}

// check tells everything that is wrong with a draft as one *Error.
func (w *write) check(ctx context.Context, reader CatalogReader, d *draft) error {
	complaints := d.accountComplaints()
	if d.change.media != nil {
		if err := d.settle(ctx, reader); err != nil {
			return err
		}
	}
	if len(complaints) == 0 {
		var err error
		if complaints, err = d.validate(ctx, reader, w.o.schema.Load()); err != nil {
			return err
		}
	}
	if len(complaints) == 0 && w.change.c.Auth != nil {
		if err := w.checkAccount(ctx, reader, d, complaints); err != nil {
			return err
		}
	}
	if len(complaints) > 0 {
		return w.invalid(complaints)
	}
	return nil
}

// checkAccount keeps accounts apart where sign-in and rules tell them apart, which no index of one collection does: ids
// across all auth collections, since rules compare a record's id with @request.auth.id, whichever collection
// that comes from; and e-mail addresses without regard to case, as sign-in looks for them.
func (w *write) checkAccount(ctx context.Context, reader CatalogReader, d *draft, complaints Complaints) error {
	c := w.change.c
	email := d.record.Text(ColEmail)
	if email != "" && (d.old == nil || d.old.Text(ColEmail) != email) {
		other, err := reader.RecordBy(ctx, c.Collection, ColEmail, email)
		switch {
		case err == nil && other.ID != d.record.ID:
			complaints.add(ColEmail, notUnique())
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		}
	}
	if d.old != nil {
		return nil
	}
	for _, other := range w.o.schema.Load().collections {
		if other.Auth == nil || other.ID == c.ID {
			continue
		}
		_, err := reader.Record(ctx, other.Collection, d.record.ID)
		switch {
		case err == nil:
			complaints.add(ColID, &Complaint{
				Code: "validation_invalid_auth_id", Message: "Invalid or duplicated auth record id.",
			})
		case !errors.Is(err, ErrNotFound):
			return err
		}
	}
	return nil
}

func (w *write) invalid(complaints Complaints) *Error {
	return &Error{Op: w.op, Kind: Invalid, Message: w.message, Fields: complaints}
}

// save is the write path: blobs, transaction, invalidation, and only then the removal of what was replaced. A crash in
// between leaves blobs that no row knows, never a row without its bytes. build is called inside of the transaction.
func (w *write) save(ctx context.Context, id RecordID, build func(CatalogReader) (*draft, error)) (*Record, error) {
	c := w.change.c
	if err := w.commitUploads(ctx, id); err != nil {
		return nil, failed(w.op, err)
	}
	var saved *draft
	err := w.o.writeNumbered(ctx, w.change, func(tx CatalogTx) error {
		if err := tx.CheckCollection(ctx, c.Collection); err != nil {
			return err
		}
		d, err := build(tx)
		if err != nil {
			return err
		}
		if err := w.check(ctx, tx, d); err != nil {
			return err
		}
		saved = d
		return w.store(ctx, tx, d)
	})
	if err != nil {
		return nil, w.refusal(err)
	}
	w.o.invalidate(c.ID, id)
	w.o.dropFiles(ctx, saved.leftOver(w.committed))
	return saved.record, nil
}

// commitUploads makes the bytes of all uploads durable that are not yet. committed grows with each, also before an error.
func (w *write) commitUploads(ctx context.Context, id RecordID) error {
	for name, u := range w.change.uploads {
		ref := FileRef{w.change.c.ID, id, name}
		if slices.Contains(w.committed, ref) {
			continue
		}
		if err := u.commit(ctx, ref.OriginalKey()); err != nil {
			return err
		}
		w.committed = append(w.committed, ref)
	}
	return nil
}

// store writes the record and the rows of its files.
func (w *write) store(ctx context.Context, tx CatalogTx, d *draft) error {
	c := w.change.c
	put := tx.UpdateRecord
	if d.old == nil {
		put = tx.InsertRecord
	}
	if err := put(ctx, c.Collection, d.record); err != nil {
		return err
	}
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Type != FileField {
			continue
		}
		added, gone := d.files(f)
		for _, u := range added {
			if err := tx.PutFile(ctx, u.row(FileRef{c.ID, d.record.ID, u.name}, f.ID, w.change.now)); err != nil {
				return err
			}
		}
		for _, name := range gone {
			if err := tx.DeleteFile(ctx, FileRef{c.ID, d.record.ID, name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// row is the catalog's row of an upload.
func (u *Upload) row(ref FileRef, field FieldID, now time.Time) *File {
	return &File{
		FileRef: ref, Field: field, OriginalName: u.OriginalName, Size: u.Size, ContentType: u.ContentType,
		SHA256: u.SHA256, Image: u.Image, Committed: now,
	}
}

// leftOver lists the files that are no longer, or have not become, the record's.
func (d *draft) leftOver(committed []FileRef) []FileRef {
	c := d.change.c
	kept := make(map[FileName]bool)
	var left []FileRef
	for i := range c.Fields {
		f := &c.Fields[i]
		if f.Type != FileField {
			continue
		}
		added, gone := d.files(f)
		for _, u := range added {
			kept[u.name] = true
		}
		for _, name := range gone {
			left = append(left, FileRef{c.ID, d.record.ID, name})
		}
	}
	for _, ref := range committed {
		if !kept[ref.Name] {
			left = append(left, ref)
		}
	}
	return left
}

// refusal gives a clash of a unique index its complaints.
func (w *write) refusal(err error) error {
	var clash *UniqueError
	if !errors.As(err, &clash) {
		return failed(w.op, err)
	}
	complaints := Complaints{}
	for _, column := range clash.Columns {
		if f := w.change.c.Field(column); f != nil {
			complaints.add(f.Name, notUnique())
		}
	}
	return w.invalid(complaints)
}

// passwordWork is what one bcrypt hash at auth.PasswordCost counts for at the gate that renderers pass too, in
// microseconds of CPU as measured, so that logins and thumbs can't starve each other.
const passwordWork = 70_000
