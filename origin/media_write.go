package origin

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/imgorigin/imgorigin/auth"
)

// MediaDraft is what a new file of the library is to be. Zero values mean: none, or as it follows from the upload.
type MediaDraft struct {
	UUID         string // the caller's own UUID for the file; taken: Conflict
	OriginalName string // in place of the upload's
	Folder       string
	Slug         string // made of the original name where empty; numbered where taken
	Visibility   Visibility
	Title        string
	Description  string
	Alt          string
	Metadata     map[string]any
}

// values is the draft as a record's input.
func (d *MediaDraft) values() map[string]any {
	v := map[string]any{
		mediaUUID: d.UUID, mediaFolder: d.Folder, mediaSlug: d.Slug, mediaVisibility: string(d.Visibility),
		mediaTitle: d.Title, mediaDesc: d.Description, mediaAlt: d.Alt,
	}
	if d.OriginalName != "" {
		v[mediaOriginal] = d.OriginalName
	}
	if len(d.Metadata) > 0 {
		v[mediaMetadata] = d.Metadata
	}
	return v
}

// MediaLimit is the greatest size in bytes of a file of the library, for Stage.
func (o *Origin) MediaLimit() int64 { return o.media().Field(mediaFile).SizeLimit() }

// media is the media library's collection, which there always is.
func (o *Origin) media() *collection { return o.schema.Load().byID[MediaID] }

// PutMedia makes a file of the library out of an upload, which it ends whatever it returns. It needs files:write. A value
// that breaks a rule is Invalid with Fields, a taken UUID Conflict. After an error nothing of it remains.
func (o *Origin) PutMedia(ctx context.Context, who Caller, u *Upload, d MediaDraft) (*Media, error) {
	const op = "media.put"
	if err := who.Require(auth.FilesWrite); err != nil {
		u.Discard()
		return nil, err
	}
	w := o.mediaWrite(op, RecordInput{Values: d.values(), Files: map[string][]*Upload{mediaFile: {u}}})
	saved, err := w.runRecord(ctx, func(c *collection) access { return c.create }, w.create)
	if err != nil {
		return nil, mediaError(op, err)
	}
	return mediaOf(saved), nil
}

// mediaWrite is a write of the library by somebody who may.
func (o *Origin) mediaWrite(op string, in RecordInput) *write {
	return &write{o: o, op: op, message: "The file is not valid.", who: System(), name: string(MediaID), in: in}
}

// mediaError makes a Conflict of a taken UUID or path.
func mediaError(op string, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid {
		return failed(op, err)
	}
	for _, name := range [...]string{mediaUUID, mediaSlug} {
		if c, ok := e.Fields[name].(Complaint); ok && c.Code == notUnique().Code {
			return &Error{Op: op, Kind: Conflict, Message: "There is such a file already.", Fields: e.Fields, Err: err}
		}
	}
	return err
}

// MediaEdit is a change of what is said of a file. Nil means: as it is.
type MediaEdit struct {
	OriginalName, Title, Description, Alt *string
	Visibility                            *Visibility
	// Metadata changes the free metadata in place; nil: not. It is called within the transaction, so that nobody else's
	// change is lost, and again where the transaction is.
	Metadata func(map[string]any)
}

func (e *MediaEdit) values() map[string]any {
	v := make(map[string]any)
	for name, s := range map[string]*string{
		mediaOriginal: e.OriginalName, mediaTitle: e.Title, mediaDesc: e.Description, mediaAlt: e.Alt,
	} {
		if s != nil {
			v[name] = *s
		}
	}
	if e.Visibility != nil {
		v[mediaVisibility] = string(*e.Visibility)
	}
	return v
}

// metadata are those of a record with the edit's change; nil where none are left.
func (e *MediaEdit) metadata(r *Record) (json.RawMessage, error) {
	m := object(r, mediaMetadata)
	e.Metadata(m)
	if len(m) == 0 {
		return nil, nil
	}
	return json.Marshal(m)
}

// UpdateMedia changes what is said of a file. It needs files:write. Edits of one file at the same time come one after the
// other, and each keeps what the others did to the rest. A file that there is not is NotFound, a value that breaks a
// rule Invalid with Fields.
func (o *Origin) UpdateMedia(ctx context.Context, who Caller, ref MediaRef, e MediaEdit) (*Media, error) {
	return o.editMedia(ctx, "media.update", who, ref, e.values(), false, func(d *draft) error {
		if e.Metadata == nil {
			return nil
		}
		raw, err := e.metadata(d.old)
		if err != nil {
			return &Error{Op: "media.update", Kind: Invalid, Err: err}
		}
		d.record.Values[mediaMetadata] = json.RawMessage(raw)
		return nil
	})
}

// MoveMedia gives a file another path. It needs files:write. A file that is no longer at the path that ref names is
// NotFound, a path that another file has Conflict, and one that is none Invalid: of two movers one wins, and neither
// a moved nor a deleted file comes back.
func (o *Origin) MoveMedia(ctx context.Context, who Caller, ref MediaRef, to string) (*Media, error) {
	folder, slug, err := SplitPath(to)
	if err != nil {
		return nil, err
	}
	return o.editMedia(ctx, "media.move", who, ref, map[string]any{mediaFolder: folder, mediaSlug: slug}, true, nil)
}

func (o *Origin) editMedia(ctx context.Context, op string, who Caller, ref MediaRef, values map[string]any, exact bool, edit func(*draft) error) (*Media, error) {
	if err := who.Require(auth.FilesWrite); err != nil {
		return nil, err
	}
	found, err := findMedia(ctx, o.catalog, o.media().Collection, ref)
	if err != nil {
		return nil, failed(op, err)
	}
	w := o.mediaWrite(op, RecordInput{Values: values})
	w.tune = func(ch *change) { ch.media.exact, ch.media.edit, ch.media.match = exact, edit, ref.matches }
	saved, err := w.runRecord(ctx, func(c *collection) access { return c.update }, func(ctx context.Context) (*Record, error) {
		return w.update(ctx, found.ID)
	})
	if err != nil {
		return nil, mediaError(op, err)
	}
	return mediaOf(saved), nil
}

// CopyMedia makes another file of the same bytes at a path, or at that path with a number where it is taken. It needs
// files:write, and files:read for a private file. What is said of the file is copied too.
func (o *Origin) CopyMedia(ctx context.Context, who Caller, ref MediaRef, to string) (*Media, error) {
	const op = "media.copy"
	folder, slug, err := SplitPath(to)
	if err != nil {
		return nil, err
	}
	if err := who.Require(auth.FilesWrite); err != nil {
		return nil, err
	}
	m, err := o.Media(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	object, err := o.blobs.Open(ctx, FileRef{MediaID, m.ID, m.File}.OriginalKey(), 0, -1)
	if err != nil {
		return nil, failed(op, err)
	}
	defer object.Body.Close()
	u, err := o.Stage(ctx, m.OriginalName, object.Body, object.Size)
	if err != nil {
		return nil, err
	}
	return o.PutMedia(ctx, who, u, MediaDraft{
		OriginalName: m.OriginalName, Folder: folder, Slug: slug, Visibility: m.Visibility,
		Title: m.Title, Description: m.Description, Alt: m.Alt, Metadata: m.Metadata,
	})
}

// DeleteMedia removes a file, and every mention of it in relations. It needs files:write. A file that there is not, or no
// longer where ref names it, is NotFound; one that a required relation needs Conflict.
func (o *Origin) DeleteMedia(ctx context.Context, who Caller, ref MediaRef) error {
	const op = "media.delete"
	if err := who.Require(auth.FilesWrite); err != nil {
		return err
	}
	var done *removal
	err := o.catalog.Write(ctx, func(tx CatalogTx) error {
		c := o.media().Collection
		r, err := findMedia(ctx, tx, c, ref)
		if err != nil {
			return err
		}
		done = &removal{tx: tx}
		return done.run(ctx, c, r.ID)
	})
	if err != nil {
		if KindOf(err) == Invalid {
			return &Error{Op: op, Kind: Conflict, Message: "A record needs the file.", Err: err}
		}
		return failed(op, err)
	}
	o.removed(ctx, done)
	return nil
}
