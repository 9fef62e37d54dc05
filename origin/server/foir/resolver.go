package foir

import (
	"context"
	"math"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/origin"
)

// resolver has a method for each field of Query and Mutation.
type resolver struct{ d *Dialect }

// File is Query.file.
func (q *resolver) File(ctx context.Context, args struct{ ID string }) (*file, error) {
	who, err := callOf(ctx).may(auth.FilesRead)
	if err != nil {
		return nil, err
	}
	m, err := q.d.core.Media(ctx, who, origin.ByUUID(args.ID))
	if err != nil {
		return nil, err
	}
	return &file{q.d, m}, nil
}

// CreateFileUpload is Mutation.createFileUpload.
func (q *resolver) CreateFileUpload(ctx context.Context, args struct {
	Filename, MimeType string
	Size               int32
	Folder             *string
	Metadata           *jsonScalar
}) (*fileUpload, error) {
	c := callOf(ctx)
	who, err := c.may(auth.FilesWrite)
	if err != nil {
		return nil, err
	}
	draft := origin.SlotDraft{Name: args.Filename, ContentType: args.MimeType, Size: int64(args.Size)}
	if draft.Size > q.d.limit() {
		return nil, errFileTooLarge
	}
	if args.Folder != nil {
		draft.Folder = *args.Folder
	}
	if args.Metadata != nil && args.Metadata.value != nil {
		var isObject bool
		if draft.Metadata, isObject = args.Metadata.value.(map[string]any); !isObject {
			return nil, refused(badInput, "The metadata must be an object.")
		}
	}
	slot, err := q.d.core.CreateSlot(ctx, who, draft)
	if err != nil {
		return nil, err
	}
	if q.d.config.Direct {
		address, err := q.d.core.PresignSlot(ctx, slot, draft)
		if err != nil {
			return nil, err
		}
		return &fileUpload{slot.ID, address}, nil
	}
	path := uploadPath(slot.ID)
	return &fileUpload{slot.ID, c.base + path + "?" + q.d.core.SignSlot(slot, path)}, nil
}

// ConfirmFileUpload is Mutation.confirmFileUpload.
func (q *resolver) ConfirmFileUpload(ctx context.Context, args struct {
	UploadID   string
	Visibility *string
}) (*file, error) {
	who, err := callOf(ctx).may(auth.FilesWrite)
	if err != nil {
		return nil, err
	}
	visibility := q.d.config.Visibility
	if args.Visibility != nil {
		visibility = visibilities[*args.Visibility]
	}
	m, err := q.d.core.ConfirmSlot(ctx, who, args.UploadID, visibility)
	if origin.KindOf(err) == origin.Conflict {
		return nil, refused(uploadIncomplete, "The bytes of the upload have not come yet.")
	}
	if err != nil {
		return nil, err
	}
	return &file{q.d, m}, nil
}

var visibilities = map[string]origin.Visibility{"PUBLIC": origin.Public, "PRIVATE": origin.Private}

// fileUpload is the type FileUpload.
type fileUpload struct{ id, url string }

func (u *fileUpload) UploadID() string  { return u.id }
func (u *fileUpload) UploadURL() string { return u.url }

// file is the type File: a method for each of its fields.
type file struct {
	d *Dialect
	m *origin.Media
}

func (f *file) ID() string          { return f.m.UUID }
func (f *file) Filename() string    { return fileName(f.m.OriginalName) }
func (f *file) MimeType() *string   { return textOrNull(f.m.MIME) }
func (f *file) Blurhash() *string   { return textOrNull(f.m.BlurHash) }
func (f *file) Alt() *string        { return textOrNull(f.m.Alt) }
func (f *file) CreatedAt() dateTime { return dateTime{f.m.Created} }
func (f *file) Width() *int32       { return f.pixels(f.m.Width) }
func (f *file) Height() *int32      { return f.pixels(f.m.Height) }

// Size is refused where GraphQL's Int, which has 32 bits, does not hold it: such a file came in by another dialect.
func (f *file) Size() (*int32, error) {
	if f.m.Size > math.MaxInt32 {
		return nil, refused(outOfRange, "The size is more than an Int can hold.")
	}
	n := int32(f.m.Size)
	return &n, nil
}

func (f *file) pixels(n int) *int32 {
	if !f.m.IsPicture() {
		return nil
	}
	p := int32(n)
	return &p
}

// signedLife is how long the URL of a private file is good for.
const signedLife = time.Hour

// URL is null for a private file whose caller may write but not read.
func (f *file) URL(ctx context.Context) (*string, error) {
	c := callOf(ctx)
	path := mediaPath(string(f.m.ID), string(f.m.File))
	url := c.base + escapedPath(path)
	if f.m.Visibility == origin.Public {
		return &url, nil
	}
	who, err := c.may(auth.FilesRead)
	if origin.KindOf(err) == origin.Forbidden {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	query, _, err := f.d.core.SignURL(who, path, signedLife)
	if err != nil {
		return nil, err
	}
	url += "?" + query
	return &url, nil
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
