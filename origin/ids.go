package origin

import "strings"

// CollectionID names a collection for as long as it lives; a rename does not change it.
type CollectionID string

// RecordID names a record within its collection.
type RecordID string

// FieldID names a field within its collection; a rename does not change it.
type FieldID string

// FileName is the stored name of a file: the normalised original name with a random suffix that is never used twice.
// The bytes under a FileName never change. A replaced file gets a new name, so the name is the file's version too,
// and every key that contains it is a key of immutable bytes.
type FileName string

// FileRef is the full address of one stored file.
type FileRef struct {
	Collection CollectionID
	Record     RecordID
	Name       FileName
}

// Key is the address of an object in Blobs: segments parted by "/", none of them empty, "." or "..", of
// at most 255 bytes each.
type Key string

const (
	originalsPrefix  = "originals/"
	renditionsPrefix = "renditions/"
)

func (r FileRef) path() string {
	return string(r.Collection) + "/" + string(r.Record) + "/" + string(r.Name)
}

// OriginalKey is where the uploaded bytes of a file are kept.
func (r FileRef) OriginalKey() Key { return Key(originalsPrefix + r.path()) }

// RenditionPrefix is the common beginning of the keys of all renditions of a file.
func (r FileRef) RenditionPrefix() Key { return Key(renditionsPrefix + r.path() + "/") }

// RenditionKey is where one rendition is kept. Variant is a transform.Plan's key joined with the renderer's
// fingerprint: another plan, or another renderer, is another object.
func (r FileRef) RenditionKey(variant string) Key { return r.RenditionPrefix() + Key(variant) }

// RecordPrefixes are the common beginnings of the keys of everything kept for a record.
func RecordPrefixes(c CollectionID, r RecordID) [2]Key {
	tail := string(c) + "/" + string(r) + "/"
	return [2]Key{Key(originalsPrefix + tail), Key(renditionsPrefix + tail)}
}

// CollectionPrefixes are the common beginnings of the keys of everything kept for a collection.
func CollectionPrefixes(c CollectionID) [2]Key {
	return [2]Key{Key(originalsPrefix + string(c) + "/"), Key(renditionsPrefix + string(c) + "/")}
}

// ParseRenditionKey is the inverse of RenditionKey.
func ParseRenditionKey(k Key) (ref FileRef, variant string, ok bool) {
	rest, ok := strings.CutPrefix(string(k), renditionsPrefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 4 {
		return FileRef{}, "", false
	}
	return FileRef{CollectionID(parts[0]), RecordID(parts[1]), FileName(parts[2])}, parts[3], true
}

// ParseOriginalKey is the inverse of FileRef.OriginalKey.
func ParseOriginalKey(k Key) (ref FileRef, ok bool) {
	rest, ok := strings.CutPrefix(string(k), originalsPrefix)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return FileRef{}, false
	}
	return FileRef{CollectionID(parts[0]), RecordID(parts[1]), FileName(parts[2])}, true
}
