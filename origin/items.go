package origin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/imgorigin/imgorigin/auth"
)

// Records of other collections that refer to files of the library. An API key reaches those collections alone that have a
// relation to the library and that are no system collections and no accounts, and of them what it names: there is no
// list. What their rules ask of users is not asked of keys, which an operator hands out.

// itemCollection finds a collection that keys may reach. Any other is NotFound, as if it were not there.
func (o *Origin) itemCollection(op, name string) (*collection, error) {
	c := o.schema.Load().find(name)
	if c == nil || c.System || c.Auth != nil || !slices.ContainsFunc(c.Fields, isMediaRelation) {
		return nil, &Error{Op: op, Kind: NotFound, Message: noCollection, Private: true}
	}
	return c, nil
}

func isMediaRelation(f Field) bool { return f.Type == RelationField && f.CollectionID == MediaID }

// Item is a record that refers to files of the library.
type Item struct {
	Collection *Collection
	Record     *Record
	Media      map[string][]*Media // by the name of each relation to the library, in its order; what is gone is left out
}

// CreateItem makes a record. It needs files:write. In relations to the library, files are named by their UUIDs (or by the
// ids of their records); one that there is not is Invalid with Fields, as is any value that breaks a rule of its field.
func (o *Origin) CreateItem(ctx context.Context, who Caller, collection string, values map[string]any) (*Item, error) {
	const op = "item.create"
	if err := who.Require(auth.FilesWrite); err != nil {
		return nil, err
	}
	c, err := o.itemCollection(op, collection)
	if err != nil {
		return nil, err
	}
	in := RecordInput{Values: make(map[string]any, len(values))}
	for name, v := range values {
		if f, _ := parseKey(c.Collection, name); f != nil && isMediaRelation(*f) {
			ids, err := o.mediaIDs(ctx, castList(v))
			if err != nil {
				return nil, failed(op, err)
			}
			v = ids
		}
		in.Values[name] = v
	}
	made, err := o.CreateRecord(ctx, System(), string(c.ID), in)
	if err != nil {
		return nil, err
	}
	return o.item(ctx, op, System(), c, made.Record)
}

// maxItemFiles bounds the files that one call names for one relation: each is looked up.
const maxItemFiles = 1000

// mediaIDs puts the ids of records in the place of UUIDs. What is none, or that of no file, stays: the field's own rules
// refuse it.
func (o *Origin) mediaIDs(ctx context.Context, names []string) ([]string, error) {
	if len(names) > maxItemFiles {
		return nil, &Error{Op: "item", Kind: Invalid, Message: fmt.Sprintf("At most %d files may be named at once.", maxItemFiles)}
	}
	ids := slices.Clone(names)
	for i, name := range names {
		ref := ByUUID(name)
		if !ref.plausible() {
			continue
		}
		r, err := o.catalog.RecordBy(ctx, o.media().Collection, mediaUUID, ref.value)
		switch {
		case err == nil:
			ids[i] = string(r.ID)
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return ids, nil
}

// FindItem returns the record whose text field has a value; the field must have a unique index of its own, or be "id". It
// needs files:read. Collection, field or record that there is not are NotFound.
func (o *Origin) FindItem(ctx context.Context, who Caller, collection, field, value string) (*Item, error) {
	const op = "item.find"
	if err := who.Require(auth.FilesRead); err != nil {
		return nil, err
	}
	c, r, err := o.findItem(ctx, op, collection, field, value)
	if err != nil {
		return nil, err
	}
	return o.item(ctx, op, who, c, r)
}

func (o *Origin) findItem(ctx context.Context, op, collection, field, value string) (*collection, *Record, error) {
	c, err := o.itemCollection(op, collection)
	if err != nil {
		return nil, nil, err
	}
	f := c.Field(field)
	if f == nil || f.Hidden || f.Type != TextField || field != ColID && !uniqueAlone(c.Collection, field) || value == "" {
		return nil, nil, &Error{Op: op, Kind: NotFound, Private: true, Message: "There is no unique text field " + field + "."}
	}
	r, err := o.catalog.RecordBy(ctx, c.Collection, field, value)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, &Error{Op: op, Kind: NotFound, Private: true}
	}
	if err != nil {
		return nil, nil, failed(op, err)
	}
	return c, r, nil
}

// item reads what a record's relations to the library refer to. A private file is left out where the caller may not read.
func (o *Origin) item(ctx context.Context, op string, who Caller, c *collection, r *Record) (*Item, error) {
	item := &Item{Collection: c.Collection, Record: r, Media: make(map[string][]*Media)}
	for i := range c.Fields {
		f := &c.Fields[i]
		if !isMediaRelation(*f) || f.Hidden {
			continue
		}
		files, err := o.relatedMedia(ctx, r.Strings(f.Name))
		if err != nil {
			return nil, failed(op, err)
		}
		item.Media[f.Name] = slices.DeleteFunc(files, func(m *Media) bool {
			return m.Visibility != Public && !who.Principal.May(auth.FilesRead)
		})
	}
	return item, nil
}

func (o *Origin) relatedMedia(ctx context.Context, ids []string) ([]*Media, error) {
	var files []*Media
	for batch := range slices.Chunk(ids, expandBatch) {
		wanted := make([]RecordID, len(batch))
		for i, id := range batch {
			wanted[i] = RecordID(id)
		}
		records, err := o.catalog.RecordsByID(ctx, o.media().Collection, wanted)
		if err != nil {
			return nil, err
		}
		byID := make(map[RecordID]*Record, len(records))
		for _, r := range records {
			byID[r.ID] = r
		}
		for _, id := range wanted {
			if r := byID[id]; r != nil {
				files = append(files, mediaOf(r))
			}
		}
	}
	return files, nil
}

// RelationEdit says what to do with files in a relation.
type RelationEdit uint8

// The edits.
const (
	AddFiles    RelationEdit = iota // at the end, each once
	RemoveFiles                     // those that are there
)

// EditItem adds files to, or removes them from, a relation of the record that FindItem would return. It needs files:write.
// Files are named by their UUIDs. Edits of one record at the same time come one after the other, and none is lost. A file
// that there is not, and more files than the relation takes, are Invalid with Fields.
func (o *Origin) EditItem(ctx context.Context, who Caller, collection, field, value, relation string, edit RelationEdit, files []string) error {
	const op = "item.edit"
	if err := who.Require(auth.FilesWrite); err != nil {
		return err
	}
	c, r, err := o.findItem(ctx, op, collection, field, value)
	if err != nil {
		return err
	}
	f := c.Field(relation)
	if f == nil || f.Hidden || !isMediaRelation(*f) {
		return &Error{Op: op, Kind: NotFound, Private: true, Message: "There is no relation " + relation + " to the media library."}
	}
	ids, err := o.mediaIDs(ctx, files)
	if err != nil {
		return failed(op, err)
	}
	key := relation + "+"
	if edit == RemoveFiles {
		key = relation + "-"
	}
	_, err = o.UpdateRecord(ctx, System(), string(c.ID), string(r.ID), RecordInput{Values: map[string]any{key: ids}})
	return err
}
