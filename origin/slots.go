package origin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"github.com/imgorigin/imgorigin/auth"
)

// A slot is an upload in three steps: somebody who may write announces a file and gets a slot, somebody who holds the
// slot's signed address sends the bytes, and the first confirms. Until then the bytes are a file of a media record that
// there is not yet, which nobody can read.

// SlotLife is how long the bytes may come. A slot that was filled may be confirmed for as long again and more.
const (
	SlotLife     = 15 * time.Minute
	slotConfirms = time.Hour // from the announcement
	slotKept     = 24 * time.Hour
)

// SlotDraft is an announced file.
type SlotDraft struct {
	Name        string // of the file, as it will be called; 1 to 255 characters
	ContentType string
	Size        int64 // bytes, 0 to MediaLimit; more is TooLarge
	Folder      string
	Metadata    map[string]any // "alt", "title" and "description" in it become the file's own
}

// Slot is a place for the bytes of one file.
type Slot struct {
	ID      string
	Expires time.Time // when the bytes must have begun to come
}

// States of a slot.
const (
	slotOpen   = "open"
	slotFilled = "filled"
	slotDone   = "done"
)

// CreateSlot announces a file. It needs files:write. A name, folder or type that will not do is Invalid, a size beyond
// MediaLimit TooLarge.
func (o *Origin) CreateSlot(ctx context.Context, who Caller, d SlotDraft) (*Slot, error) {
	const op = "slot.create"
	if err := who.Require(auth.FilesWrite); err != nil {
		return nil, err
	}
	folder, err := CleanFolder(d.Folder)
	if err != nil {
		return nil, err
	}
	_, _, typeErr := mime.ParseMediaType(d.ContentType)
	name := shortened(storable(strings.TrimSpace(d.Name)), maxMediaName)
	switch {
	case name == "":
		return nil, &Error{Op: op, Kind: Invalid, Message: "The file needs a name."}
	case typeErr != nil:
		return nil, &Error{Op: op, Kind: Invalid, Message: "The content type is not valid."}
	case d.Size < 0:
		return nil, &Error{Op: op, Kind: Invalid, Message: "The size must not be negative."}
	case d.Size > o.MediaLimit():
		return nil, &Error{Op: op, Kind: TooLarge, Message: "The file is larger than allowed."}
	}
	metadata, err := json.Marshal(d.Metadata)
	if err != nil || len(metadata) > maxMetadata {
		return nil, &Error{Op: op, Kind: Invalid, Message: "The metadata are too large.", Err: err}
	}
	now := o.now()
	slot := &Slot{ID: "upl_" + auth.RandomString(20, auth.LowerAlnum), Expires: now.Add(SlotLife)}
	r := &Record{ID: RecordID(slot.ID), Values: map[string]any{
		ColID: slot.ID, slotState: slotOpen, slotName: name, slotMIME: d.ContentType, slotSize: float64(d.Size),
		slotFolder: folder, slotMetadata: json.RawMessage(metadata), slotMedia: auth.NewID(), slotStored: "",
		slotBlurHash: "", slotEXIF: json.RawMessage(nil),
		slotExpires: formatDate(slot.Expires), "created": formatDate(now), "updated": formatDate(now),
	}}
	err = o.catalog.Write(ctx, func(tx CatalogTx) error { return tx.InsertRecord(ctx, o.slots(), r) })
	if err != nil {
		return nil, failed(op, err)
	}
	return slot, nil
}

func (o *Origin) slots() *Collection { return o.schema.Load().byID[uploadsID].Collection }

// SignSlot returns the query of a signed URL of a path that a slot's bytes may be sent to. Whoever was given the slot may
// hand it on.
func (o *Origin) SignSlot(slot *Slot, path string) (query string) {
	return o.signer.Sign(path, slot.Expires)
}

// FillSlot takes the bytes of a slot, whose signed URL the caller has verified. contentType is the one that came with
// them; length is the declared one, negative where there is none. Outcomes:
//  1. nil: the bytes are kept, and the slot takes no more;
//  2. NotFound: there is no such slot, or its time is over;
//  3. Conflict: it has its bytes already;
//  4. Invalid: length or type are not those that were announced, by the declaration or by the bytes;
//  5. Busy: the bytes of the slot are on their way several times already;
//  6. as of Stage.
//
// In 2 to 6 nothing of these bytes is kept, and an open slot stays open.
func (o *Origin) FillSlot(ctx context.Context, id, contentType string, length int64, body io.Reader) error {
	const op = "slot.fill"
	r, err := o.slot(ctx, o.catalog, op, id)
	if err != nil {
		return err
	}
	return o.fillSlot(ctx, r, timeOf(r.Text(slotExpires)), contentType, length, body)
}

// fillSlot is FillSlot for bytes that have until then to come.
func (o *Origin) fillSlot(ctx context.Context, r *Record, until time.Time, contentType string, length int64, body io.Reader) error {
	const op = "slot.fill"
	if err := o.fillable(op, r, until); err != nil {
		return err
	}
	size, id := int64(number(r, slotSize)), string(r.ID)
	if length >= 0 && length != size {
		return &Error{Op: op, Kind: Invalid, Message: "The length is not the announced one."}
	}
	if contentType != "" && !sameType(contentType, r.Text(slotMIME)) {
		return &Error{Op: op, Kind: Invalid, Message: "The content type is not the announced one."}
	}
	if !o.fills.begin(id) {
		return &Error{Op: op, Kind: Busy, Private: true}
	}
	defer o.fills.end(id)
	u, err := o.Stage(ctx, r.Text(slotName), body, size)
	if KindOf(err) == TooLarge {
		return &Error{Op: op, Kind: Invalid, Message: "There are more bytes than announced.", Err: err}
	}
	if err != nil {
		return err
	}
	defer u.Discard()
	switch {
	case u.Size != size:
		return &Error{Op: op, Kind: Invalid, Message: "There are fewer bytes than announced."}
	case !u.is(r.Text(slotMIME)):
		return &Error{Op: op, Kind: Invalid, Message: "The bytes are not of the announced type."}
	}
	return o.keepSlot(ctx, op, r, until, u)
}

// maxFills is how often the bytes of one slot may be on their way at once: more than once, since a client may try again
// before its broken connection is known to be, and not often, since each keeps as many bytes as were announced.
const maxFills = 8

// fills counts who is sending the bytes of a slot.
type fills struct {
	mu    sync.Mutex
	under map[string]int // by the slot's id
}

func (f *fills) begin(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.under[id] >= maxFills {
		return false
	}
	f.under[id]++
	return true
}

func (f *fills) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.under[id]--; f.under[id] == 0 {
		delete(f.under, id)
	}
}

// keepSlot makes the bytes durable and the slot filled. Of two who fill at once one wins.
func (o *Origin) keepSlot(ctx context.Context, op string, r *Record, until time.Time, u *Upload) error {
	ref := FileRef{MediaID, RecordID(r.Text(slotMedia)), u.name}
	file := u.row(ref, o.media().Field(mediaFile).ID, o.now().UTC().Truncate(time.Millisecond))
	seen := o.look(ctx, file, u.staged)
	if err := u.commit(ctx, ref.OriginalKey()); err != nil {
		return failed(op, err)
	}
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		now, err := o.slot(ctx, tx, op, string(r.ID))
		if err != nil {
			return err
		}
		if err := o.fillable(op, now, until); err != nil {
			return err
		}
		now = now.Clone()
		now.Values[slotState], now.Values[slotStored] = slotFilled, string(u.name)
		now.Values[slotBlurHash], now.Values[slotEXIF] = seen.blurHash, seen.exif
		now.Values["updated"] = formatDate(o.now())
		if err := tx.PutFile(ctx, file); err != nil {
			return err
		}
		return tx.UpdateRecord(ctx, o.slots(), now)
	})
	if err != nil {
		o.dropOrphans(ctx, []FileRef{ref})
		return failed(op, err)
	}
	return nil
}

func (o *Origin) slot(ctx context.Context, reader CatalogReader, op, id string) (*Record, error) {
	if !strings.HasPrefix(id, "upl_") || len(id) > maxIDBytes {
		return nil, &Error{Op: op, Kind: NotFound, Private: true}
	}
	r, err := reader.Record(ctx, o.slots(), RecordID(id))
	if errors.Is(err, ErrNotFound) {
		return nil, &Error{Op: op, Kind: NotFound, Private: true, Message: "There is no such upload."}
	}
	return r, err
}

func (o *Origin) fillable(op string, r *Record, until time.Time) error {
	switch {
	case r.Text(slotState) != slotOpen:
		return &Error{Op: op, Kind: Conflict, Message: "The upload has its bytes already.", Private: true}
	case !o.now().Before(until):
		return &Error{Op: op, Kind: NotFound, Message: "The upload has expired.", Private: true}
	}
	return nil
}

// sameType compares media types without their parameters.
func sameType(a, b string) bool {
	x, _, err := mime.ParseMediaType(a)
	y, _, err2 := mime.ParseMediaType(b)
	return err == nil && err2 == nil && x == y
}

// is tells whether the bytes are of a declared type: by any of its names, or text of any kind where text was sniffed,
// since what tells CSS from plain text is not in the bytes. application/octet-stream is every type.
func (u *Upload) is(declared string) bool {
	t, _, err := mime.ParseMediaType(declared)
	if err != nil {
		return false
	}
	for m := u.mime; m != nil; m = m.Parent() {
		if m.Is(t) {
			return true
		}
	}
	return u.mime.Is("text/plain") && (strings.HasPrefix(t, "text/") || slices.Contains(textTypes, t))
}

// textTypes are types outside of text/ whose bytes may look like any text's.
var textTypes = []string{"application/json", "application/javascript", "application/xml", "application/x-yaml", "application/yaml",
	"application/toml", "application/x-ndjson", "application/sql", "image/svg+xml"}

// ConfirmSlot makes a filled slot a file of the library, and returns it; once done it returns the same file again. It needs
// files:write. A slot that there is not, or whose time is over, is NotFound, one without its bytes Conflict.
func (o *Origin) ConfirmSlot(ctx context.Context, who Caller, id string, visibility Visibility) (*Media, error) {
	const op = "slot.confirm"
	if err := who.Require(auth.FilesWrite); err != nil {
		return nil, err
	}
	r, err := o.slot(ctx, o.catalog, op, id)
	if err != nil {
		return nil, err
	}
	if r.Text(slotState) == slotDone {
		return o.Media(ctx, System(), ByID(RecordID(r.Text(slotMedia))))
	}
	if r, err = o.collectSlot(ctx, r); err != nil {
		return nil, failed(op, err)
	}
	blur := r.Text(slotBlurHash)
	if blur == "" && r.Text(slotState) == slotFilled { // the renderers were busy when the bytes came
		blur = o.storedPreview(ctx, FileRef{MediaID, RecordID(r.Text(slotMedia)), FileName(r.Text(slotStored))})
	}
	var made *Record
	err = o.writeNumbered(ctx, &change{media: &mediaChange{}}, func(tx CatalogTx) error {
		now, err := o.slot(ctx, tx, op, id)
		if err != nil {
			return err
		}
		made, err = o.confirm(ctx, tx, now, visibility, blur)
		return err
	})
	if err != nil {
		return nil, failed(op, err)
	}
	o.invalidate(MediaID, made.ID)
	o.dropDelivered(ctx, id)
	return mediaOf(made), nil
}

// confirm does it within a transaction.
func (o *Origin) confirm(ctx context.Context, tx CatalogTx, slot *Record, visibility Visibility, blur string) (*Record, error) {
	const op = "slot.confirm"
	media := o.media()
	switch slot.Text(slotState) {
	case slotDone: // somebody else has, meanwhile
		return tx.Record(ctx, media.Collection, RecordID(slot.Text(slotMedia)))
	case slotOpen:
		return nil, &Error{Op: op, Kind: Conflict, Message: "The bytes of the upload have not come yet.", Private: true}
	}
	if o.now().After(confirmUntil(slot)) {
		return nil, &Error{Op: op, Kind: NotFound, Message: "The upload has expired.", Private: true}
	}
	ref := FileRef{MediaID, RecordID(slot.Text(slotMedia)), FileName(slot.Text(slotStored))}
	file, err := tx.File(ctx, ref)
	if err != nil {
		return nil, err
	}
	draft := slotMediaDraft(slot, visibility)
	values := draft.values()
	values[mediaFile] = string(ref.Name)
	w := &write{o: o, op: op, message: "The file is not valid.", who: System()}
	w.change = newChange(media, true, RecordInput{Values: values}, o.now())
	w.change.id = ref.Record
	w.change.uploads[ref.Name] = uploadOf(file)
	exif, _ := slot.Values[slotEXIF].(json.RawMessage)
	w.change.media.looks[ref.Name] = look{blur, exif}
	d, err := w.change.create()
	if err != nil {
		return nil, err
	}
	if err := w.check(ctx, tx, d); err != nil {
		return nil, err
	}
	if err := tx.InsertRecord(ctx, media.Collection, d.record); err != nil {
		return nil, err
	}
	slot = slot.Clone()
	slot.Values[slotState], slot.Values["updated"] = slotDone, formatDate(o.now())
	return d.record, tx.UpdateRecord(ctx, o.slots(), slot)
}

// uploadOf is a file that is stored already, as the upload that it was.
func uploadOf(f *File) *Upload {
	return &Upload{OriginalName: f.OriginalName, Size: f.Size, ContentType: f.ContentType, SHA256: f.SHA256, Image: f.Image,
		name: f.Name, mime: mimetype.Lookup(f.ContentType)}
}

func slotMediaDraft(slot *Record, visibility Visibility) MediaDraft {
	d := MediaDraft{OriginalName: slot.Text(slotName), Folder: slot.Text(slotFolder), Visibility: visibility}
	if raw, _ := slot.Values[slotMetadata].(json.RawMessage); len(raw) > 0 {
		_ = json.Unmarshal(raw, &d.Metadata) // written by CreateSlot
	}
	for name, to := range map[string]*string{mediaAlt: &d.Alt, mediaTitle: &d.Title, mediaDesc: &d.Description} {
		*to, _ = d.Metadata[name].(string)
	}
	return d
}

// storedPreview is preview of a file whose bytes are an object by now.
func (o *Origin) storedPreview(ctx context.Context, ref FileRef) string {
	file, err := o.catalog.File(ctx, ref)
	if err != nil {
		return ""
	}
	return o.preview(ctx, file, func(ctx context.Context) (*source, error) {
		return o.loadSource(ctx, ref.OriginalKey(), o.config.MaxSourceBytes)
	})
}
