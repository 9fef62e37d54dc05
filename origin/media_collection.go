package origin

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Ids of the collections that the media library is kept in, the same in every library. They are collections as any other,
// so that every catalog keeps them, watchers hear of them, and PocketBase's API shows them to superusers.
const (
	MediaID   CollectionID = "_imgorigin_media"
	keysID    CollectionID = "_imgorigin_keys"
	uploadsID CollectionID = "_imgorigin_uploads"
)

// MediaName is what the media library is called, unless a library had a collection of that name before it had media: then
// as many underscores follow as it takes. Core and dialects find it by MediaID.
const MediaName = "media"

// Names of media's fields. See Media for what they mean.
const (
	mediaUUID       = "uuid"
	mediaSecret     = "secret"
	mediaFile       = "file"
	mediaOriginal   = "original_name"
	mediaFolder     = "folder"
	mediaSlug       = "slug"
	mediaVisibility = "visibility"
	mediaTitle      = "title"
	mediaDesc       = "description"
	mediaAlt        = "alt"
	mediaMIME       = "mime"
	mediaSize       = "size"
	mediaWidth      = "width"
	mediaHeight     = "height"
	mediaBlurHash   = "blurhash"
	mediaEXIF       = "exif"
	mediaRank       = "rank"
	mediaMetadata   = "metadata"
)

// Bounds of what names a file of the library.
const (
	maxMediaName   = 255 // characters of a slug and of an original name
	maxMediaFolder = 1000
	maxMediaBytes  = 1 << 30  // of a file, until the operator changes the field
	maxMetadata    = 64 << 10 // bytes
)

// A segment is a name within a folder: anything without slashes and control characters that is not "." or "..".
const segmentPattern = `(?:[^/\\.\x00-\x1f\x7f-\x9f][^/\\\x00-\x1f\x7f-\x9f]*|\.[^/\\.\x00-\x1f\x7f-\x9f][^/\\\x00-\x1f\x7f-\x9f]*|\.\.[^/\\\x00-\x1f\x7f-\x9f]+)`

const (
	slugPattern   = `^` + segmentPattern + `$`
	folderPattern = `^` + segmentPattern + `(?:/` + segmentPattern + `)*$`
	uuidPattern   = `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`
)

var (
	slugForm   = regexp.MustCompile(slugPattern)
	folderForm = regexp.MustCompile(folderPattern)
)

// mediaCollection is the media library. Its rules are the native dialect's: everybody may view a public file, and nobody
// but superusers may list, since a list tells of files that nobody was told of, or write.
func mediaCollection(all []*Collection, now time.Time) *Collection {
	id, name, public := string(MediaID), MediaName, mediaVisibility+` = "`+string(Public)+`"`
	for slices.ContainsFunc(all, func(c *Collection) bool { return strings.EqualFold(c.Name, name) && c.ID != MediaID }) {
		name += "_"
	}
	view := &public
	fields := slices.Concat([]Field{idField(),
		{Name: mediaUUID, Type: TextField, Required: true, Pattern: uuidPattern},
		{Name: mediaSecret, Type: TextField, Required: true, Hidden: true, Pattern: uuidPattern},
		{Name: mediaFile, Type: FileField, Required: true, MaxSelect: 1, MaxSize: maxMediaBytes, Protected: true},
		{Name: mediaOriginal, Type: TextField, Max: bound(maxMediaName)},
		{Name: mediaFolder, Type: TextField, Max: bound(maxMediaFolder), Pattern: folderPattern},
		{Name: mediaSlug, Type: TextField, Required: true, Max: bound(maxMediaName), Pattern: slugPattern},
		{Name: mediaVisibility, Type: SelectField, Required: true, MaxSelect: 1, Values: []string{string(Public), string(Private)}},
		{Name: mediaTitle, Type: TextField}, {Name: mediaDesc, Type: TextField}, {Name: mediaAlt, Type: TextField},
		{Name: mediaMIME, Type: TextField}, {Name: mediaSize, Type: NumberField, OnlyInt: true},
		{Name: mediaWidth, Type: NumberField, OnlyInt: true}, {Name: mediaHeight, Type: NumberField, OnlyInt: true},
		{Name: mediaBlurHash, Type: TextField}, {Name: mediaRank, Type: NumberField},
		{Name: mediaMetadata, Type: JSONField, MaxSize: maxMetadata},
		{Name: mediaEXIF, Type: JSONField, MaxSize: maxMetadata, Hidden: true}, // it may say where its owner lives
	}, autodates(true))
	return systemCollection(id, name, fields, view, []Index{
		uniqueIndex("idx_media_uuid", mediaUUID), uniqueIndex("idx_media_secret", mediaSecret),
		uniqueIndex("idx_media_path", mediaFolder, mediaSlug),
	}, now)
}

func uniqueIndex(name string, columns ...string) Index {
	x := Index{Name: name, Unique: true}
	for _, column := range columns {
		x.Columns = append(x.Columns, IndexColumn{Name: column})
	}
	return x
}

// systemCollection is a collection that the program itself needs: neither it nor its fields can be renamed or removed.
func systemCollection(id, name string, fields []Field, view *string, indexes []Index, now time.Time) *Collection {
	for i := range fields {
		fields[i].System = true
	}
	c := buildCollection(CollectionInput{ID: &id, Name: &name, Fields: &fields, ViewRule: &view}, nil, nil, now).c
	c.System, c.Indexes = true, indexes
	return c
}

// The fields of a key's row. Only its hash is kept of a key.
const (
	keyName     = "name"
	keyScopes   = "scopes"
	keyHash     = "hash"
	keyExpires  = "expires"
	keyLastUsed = "last_used"
)

func keysCollection(now time.Time) *Collection {
	fields := slices.Concat([]Field{idField(),
		{Name: keyName, Type: TextField, Required: true, Max: bound(maxKeyName)},
		{Name: keyScopes, Type: TextField, Required: true},
		{Name: keyHash, Type: TextField, Required: true, Hidden: true},
		{Name: keyExpires, Type: DateField}, {Name: keyLastUsed, Type: DateField},
	}, autodates(true))
	return systemCollection(string(keysID), "_keys", fields, nil, []Index{uniqueIndex("idx_keys_name", keyName)}, now)
}

// The fields of an upload slot's row. See Slot.
const (
	slotState    = "state"
	slotName     = "filename"
	slotMIME     = "mime"
	slotSize     = "size"
	slotFolder   = "folder"
	slotMetadata = "metadata"
	slotMedia    = "media" // id that the media record has, or will have
	slotStored   = "stored"
	slotBlurHash = "blurhash"
	slotEXIF     = "exif"
	slotExpires  = "expires"
)

func uploadsCollection(now time.Time) *Collection {
	id := idField()
	id.Min, id.Max, id.Pattern, id.AutogeneratePattern = bound(24), bound(24), "^upl_[a-z0-9]{20}$", "upl_[a-z0-9]{20}"
	fields := slices.Concat([]Field{id,
		{Name: slotState, Type: TextField, Required: true}, {Name: slotName, Type: TextField}, {Name: slotMIME, Type: TextField},
		{Name: slotSize, Type: NumberField, OnlyInt: true}, {Name: slotFolder, Type: TextField},
		{Name: slotMetadata, Type: JSONField, MaxSize: maxMetadata},
		{Name: slotMedia, Type: TextField}, {Name: slotStored, Type: TextField}, {Name: slotBlurHash, Type: TextField},
		{Name: slotEXIF, Type: JSONField, MaxSize: maxMetadata},
		{Name: slotExpires, Type: DateField},
	}, autodates(true))
	return systemCollection(string(uploadsID), "_uploads", fields, nil, []Index{
		{Name: "idx_uploads_expires", Columns: []IndexColumn{{Name: slotExpires}}},
	}, now)
}

// holdLibrary keeps a change of the library's own collections to what the core can do without: the operator decides about the
// size, the types and the listed thumbs of files, and about what only explains. All else, who may read a file and what is
// unique among it, stays.
func (b *collectionBuild) holdLibrary() {
	var must *Collection
	switch {
	case b.old == nil:
		return
	case b.c.ID == MediaID:
		must = mediaCollection(nil, b.c.Created)
	case b.c.ID == keysID:
		must = keysCollection(b.c.Created)
	case b.c.ID == uploadsID:
		must = uploadsCollection(b.c.Created)
	default:
		return
	}
	for i := range b.c.Fields {
		own := &b.c.Fields[i]
		f := must.FieldByID(own.ID)
		if f == nil || f.Type != own.Type {
			continue // one of the operator's own, or a change that is refused
		}
		held := *f
		held.Name, held.Help, held.Presentable = own.Name, own.Help, own.Presentable
		if f.Type == FileField {
			held.MimeTypes, held.Thumbs = own.MimeTypes, own.Thumbs
			if own.MaxSize > 0 {
				held.MaxSize = own.MaxSize
			}
		}
		*own = held
	}
	for _, x := range must.Indexes {
		if !slices.ContainsFunc(b.c.Indexes, func(own Index) bool {
			return own.Unique == x.Unique && own.Partial == x.Partial && slices.Equal(own.Columns, x.Columns)
		}) {
			b.c.Indexes = append(b.c.Indexes, x)
		}
	}
}
