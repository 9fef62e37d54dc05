package origin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/imgorigin/imgorigin/transform"
)

// resolved is what is remembered of one file's address: its row, or that there is none.
type resolved struct {
	epoch      uint64
	collection *collection
	file       *File  // nil: no such file
	field      *Field // of file
	variants   []*variant
	sizes      *sizes // of the media library only: thumbs beside the listed ones
	media      *Media // of the media library only
	public     bool   // a file of the media library that anybody may read
	etag       string
	modified   string // Last-Modified, ready to send

	recordMu sync.Mutex
	record   atomic.Pointer[Record] // for the view rule of protected files; read when first needed
}

// variant is one thumb that the file's field lists, with all that does not change from one request to the next.
type variant struct {
	spec     string
	plan     transform.Plan
	geometry transform.Geometry
	key      Key
	refused  error                  // why it will never be rendered, by the header alone
	etag     atomic.Pointer[string] // once known; the bytes may have left memory since
}

// knowETag remembers the tag by a string of its own: a pointer to the rendition's field would keep its bytes for as long as
// the file's row is in memory, beside the memory cache and outside its budget.
func (v *variant) knowETag(tag string) {
	if v.etag.Load() == nil {
		own := tag
		v.etag.CompareAndSwap(nil, &own)
	}
}

// resolvedCost is what a resolved row weighs in memory beside its variants, in bytes, roughly.
const (
	resolvedCost = 1024
	variantCost  = 384
)

// maxNameBytes bounds what is looked up at all: a stored name has at most 132 bytes.
const maxNameBytes = 255

// resolve is step 1 of a read: from an address to the file's row. Neither a missing collection nor a missing file
// is an error of the catalog's.
func (o *Origin) resolve(ctx context.Context, collectionSegment, record, name string) (*resolved, error) {
	c := o.schema.Load().find(collectionSegment)
	if c == nil {
		return nil, &Error{Op: "open", Kind: NotFound, Message: "Missing or invalid collection context."}
	}
	ref := FileRef{c.ID, RecordID(record), FileName(name)}
	if !ref.plausible() {
		return nil, noFile(c)
	}
	key := o.addresses.Join('/', string(c.ID), record, name)
	if r, ok := o.files.Get(key); ok && o.current(r, c, ref) {
		return r, o.found(r)
	}
	r, _, err := o.lookups.Do(ctx, key, o.config.FillTimeout, func(ctx context.Context) (*resolved, error) {
		return o.lookUp(ctx, c, ref)
	})
	if err != nil {
		return nil, &Error{Op: "open", Kind: unavailable(err), Err: err}
	}
	if !o.current(r, c, ref) {
		// We joined a lookup that began before a change that had been acknowledged when this request came: once more, alone.
		if r, err = o.lookUp(ctx, c, ref); err != nil {
			return nil, &Error{Op: "open", Kind: unavailable(err), Err: err}
		}
	}
	return r, o.found(r)
}

func (o *Origin) found(r *resolved) error {
	if r.file == nil {
		return noFile(r.collection)
	}
	return nil
}

// noFile is what a name that is not there gets: the same as a protected file gets whom the view rule does not admit, down to
// what caches may do with it, so that nobody learns which names exist.
func noFile(c *collection) error { return &Error{Op: "open", Kind: NotFound, Private: c.guarded} }

// current tells whether a remembered row counts: nothing was written to the record, nor to the collection, since.
func (o *Origin) current(r *resolved, c *collection, ref FileRef) bool {
	return r.collection == c && r.epoch == o.epochs.of(ref.Collection, ref.Record)
}

// lookUp reads the row and remembers it. The epoch is noted before the catalog is read: see epochs.
func (o *Origin) lookUp(ctx context.Context, c *collection, ref FileRef) (*resolved, error) {
	r := &resolved{epoch: o.epochs.of(ref.Collection, ref.Record), collection: c}
	file, err := o.catalog.File(ctx, ref)
	if err == nil && c.ID == MediaID {
		err = o.mediaOwner(ctx, r, ref)
	}
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return nil, err
	default:
		if f := c.FieldByID(file.Field); f != nil {
			o.describe(r, file, f)
		}
	}
	cost := int64(resolvedCost + variantCost*len(r.variants))
	if r.file == nil {
		// Anyone may ask for names that never were, so that these are kept for a short while only.
		o.files.SetTTL(ref.path(), r, cost, o.config.NegativeTTL)
	} else {
		o.files.Set(ref.path(), r, cost)
	}
	return r, nil
}

// describe fills in what follows from the row: the validators, and the plan and key of every listed thumb.
func (o *Origin) describe(r *resolved, file *File, field *Field) {
	r.file, r.field = file, field
	r.etag = file.ETag()
	r.modified = file.Committed.UTC().Format(httpDate)
	for _, listed := range r.collection.thumbs[field.ID] {
		v := &variant{spec: listed.spec}
		if v.refused = o.plan(v, file, listed.thumb); v.refused != nil {
			o.log.Debug("no thumb will be made", "key", string(file.OriginalKey()), "thumb", v.spec, "error", v.refused)
		}
		r.variants = append(r.variants, v)
	}
}

// httpDate is IMF-fixdate, RFC 9110 section 5.6.7.
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// plan is step 3 of a read for one thumb, and tells by the header alone what can never be rendered.
func (o *Origin) plan(v *variant, file *File, thumb transform.Thumb) error {
	format := transform.FormatOf(file.ContentType)
	switch format {
	case transform.Unknown:
		return transform.ErrUnsupported
	case file.Image.Format:
	default: // the bytes begin as a picture, and its header made no sense when it was uploaded
		return fmt.Errorf("%w: unreadable, or of a kind that is not read", transform.ErrCorrupt)
	}
	if err := o.config.Limits.Check(file.Image); err != nil {
		return err
	}
	if file.Size > o.config.MaxSourceBytes {
		return fmt.Errorf("%w: source of %d bytes", transform.ErrTooComplex, file.Size)
	}
	v.geometry = thumb.Geometry(file.Image.Upright())
	if err := o.config.Limits.CheckOutput(v.geometry, format); err != nil {
		return err
	}
	v.plan = o.config.Options.Plan(thumb, format)
	v.key = file.RenditionKey(v.plan.Key() + "." + o.renderer.Fingerprint())
	return nil
}

// variant returns the listed thumb of that spec, compared as text, or nil.
func (r *resolved) variant(spec string) *variant {
	for _, v := range r.variants {
		if v.spec == spec {
			return v
		}
	}
	return nil
}

// owner returns the record that the file belongs to, for rules.
func (o *Origin) owner(ctx context.Context, r *resolved) (*Record, error) {
	if rec := r.record.Load(); rec != nil {
		return rec, nil
	}
	r.recordMu.Lock()
	defer r.recordMu.Unlock()
	if rec := r.record.Load(); rec != nil {
		return rec, nil
	}
	rec, err := o.catalog.Record(ctx, r.collection.Collection, r.file.Record)
	if err != nil {
		return nil, err
	}
	r.record.Store(rec)
	return rec, nil
}

// plausible keeps out of the catalog, and of keys, what can't be the address of a stored file.
func (r FileRef) plausible() bool {
	for _, s := range [...]string{string(r.Record), string(r.Name)} {
		if s == "" || len(s) > maxNameBytes || s[0] == '.' || strings.ContainsAny(s, "/\\\x00") {
			return false
		}
	}
	return true
}
