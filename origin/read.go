package origin

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/imgorigin/imgorigin/auth"
	"github.com/imgorigin/imgorigin/rule"
	"github.com/imgorigin/imgorigin/transform"
)

// ReadRequest asks for the bytes of a file, or of a thumb of it.
type ReadRequest struct {
	Collection  string // id or name, as the address has it
	Record      string
	Name        string
	Thumb       string // as the address has it; empty: the original
	FileToken   string // looked at only where the file is protected
	IfNoneMatch string // the header's value; a match on what is known in memory spares the bytes
	Facts       Facts
}

// Policy tells caches how long an answer may be kept, and by whom.
type Policy uint8

const (
	PolicyImmutable  Policy = iota // public, under a name whose bytes never change
	PolicyBrief                    // public, but a better or newer answer may be had soon: an original in place of a thumb
	PolicyPrivate                  // a credential or a rule decided
	PolicyRevalidate               // public, under a name whose bytes may change
	PolicySigned                   // a signed URL decided: private, for Content.Lifetime
)

// Content is the answer to a read. Its strings and bytes are shared and must not be changed.
type Content struct {
	File         *File
	Variant      string // the thumb's spec, where a thumb is what is answered; else empty
	ContentType  string // by the stored bytes
	Size         int64
	ETag         string    // strong, quotes included
	Modified     time.Time // zero: not said
	ModifiedHTTP string    // Modified as IMF-fixdate, or empty
	Policy       Policy
	Lifetime     time.Duration // with PolicySigned
	Media        *Media        // of the media library only: what was known of the file when it was read
	NotModified  bool          // IfNoneMatch names this very content: there are no bytes to send
	Data         []byte        // the bytes where they are in memory; nil: use Open

	blobs Blobs
}

// Open returns n bytes from offset on, to the end where n is negative. The caller closes the body.
func (c *Content) Open(ctx context.Context, offset, n int64) (io.ReadCloser, error) {
	object, err := c.blobs.Open(ctx, c.File.OriginalKey(), offset, n)
	if err != nil {
		err = missed(ctx, c.blobs, err)
		return nil, &Error{Op: "open", Kind: unavailable(err), Err: err, Private: c.Policy == PolicyPrivate}
	}
	return object.Body, nil
}

// missed tells an object that is not there, though its row is, from a store that is not there: caches may keep the answer
// to the one for a moment, and serve what they have while the other lasts.
func missed(ctx context.Context, blobs Blobs, err error) error {
	if errors.Is(err, ErrNotFound) {
		if gone := blobs.Check(ctx); gone != nil {
			return &Error{Op: "check", Kind: Unavailable, Err: gone}
		}
	}
	return err
}

// Open answers a read. It is the only way to a file's bytes: warm-ups and other dialects come through it too.
// The steps are those of the design, in order, and none goes back.
func (o *Origin) Open(ctx context.Context, req *ReadRequest) (Content, error) {
	r, policy, err := o.admit(ctx, req)
	if errors.Is(err, rule.ErrStale) { // as afresh does it, without a closure: this is the way of every hit
		o.schemaChanged(ctx)
		r, policy, err = o.admit(ctx, req)
	}
	if err != nil {
		return Content{}, err
	}
	return o.contentOf(ctx, r, policy, policy == PolicyPrivate || o.opensMedia(ctx, r, req), req.Thumb, req.IfNoneMatch)
}

// contentOf is what is left of a read once it is known that the caller may. free callers get thumbs of the media library in
// any size.
func (o *Origin) contentOf(ctx context.Context, r *resolved, policy Policy, free bool, spec, ifNoneMatch string) (Content, error) {
	if spec == "" {
		return o.original(r, policy), nil
	}
	v := r.variant(spec)
	if v == nil && r.sizes != nil {
		var err error
		if v, err = o.size(ctx, r, spec, free); err != nil {
			return Content{}, err
		}
	}
	if v == nil || v.refused != nil || o.negative.has(string(v.key)) {
		return o.standIn(r, policy), nil
	}
	if etag := v.etag.Load(); etag != nil && ifNoneMatch != "" && matchesWeakly(ifNoneMatch, *etag) {
		c := thumb(r, v, policy, nil, *etag)
		c.NotModified = true
		return c, nil
	}
	made, err := o.rendition(ctx, r, v)
	switch {
	case err == nil:
		v.knowETag(made.etag)
		return thumb(r, v, policy, made.data, made.etag), nil
	case hopeless(err):
		return o.standIn(r, policy), nil
	}
	err = missed(ctx, o.blobs, err)
	return Content{}, &Error{Op: "open", Kind: unavailable(err), Err: err, Private: policy == PolicyPrivate}
}

// admit is steps 1 and 2.
func (o *Origin) admit(ctx context.Context, req *ReadRequest) (*resolved, Policy, error) {
	r, err := o.resolve(ctx, req.Collection, req.Record, req.Name)
	if err != nil {
		return nil, 0, err
	}
	policy, err := o.authorise(ctx, r, req)
	return r, policy, err
}

// authorise is step 2: the file's field and its collection's view rule against the caller. It comes before any
// cache of bytes, and what it refuses looks like a file that is not there.
func (o *Origin) authorise(ctx context.Context, r *resolved, req *ReadRequest) (Policy, error) {
	if r.public || !r.field.Protected || r.collection.view.anyone {
		if o.lease.lost() {
			return PolicyBrief, nil
		}
		return PolicyImmutable, nil
	}
	if o.lease.lost() {
		return 0, errDeaf("open")
	}
	who := Caller{Facts: req.Facts}
	if req.FileToken != "" {
		p, err := o.verify(ctx, req.FileToken, auth.TypeFile)
		if err != nil {
			return 0, err
		}
		who.Principal = p
	}
	ok, err := o.mayView(ctx, r, who)
	switch {
	case err != nil:
		return 0, &Error{Op: "open", Kind: unavailable(err), Err: err, Private: true}
	case !ok:
		return 0, &Error{Op: "open", Kind: NotFound, Private: true}
	}
	return PolicyPrivate, nil
}

func (o *Origin) mayView(ctx context.Context, r *resolved, who Caller) (bool, error) {
	view := r.collection.view
	j, err := o.judge(ctx, who, contextProtectedFile, view)
	if err != nil || j.closed(view) {
		return false, err
	}
	record, err := o.owner(ctx, r)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && j.admits(view, record), err
}

// original is the answer of the stored bytes.
func (o *Origin) original(r *resolved, p Policy) Content {
	return Content{
		File: r.file, ContentType: r.file.ContentType, Size: r.file.Size, ETag: r.etag,
		Modified: r.file.Committed, ModifiedHTTP: r.modified, Policy: p, Media: r.media, blobs: o.blobs,
	}
}

// standIn is the original in place of a thumb that is not listed or cannot be made. The list may be extended and the
// renderer mended, so caches keep it briefly. It has no date, which would be that of the thumb too: a client that asks
// by date would be told that its stand-in is the thumb.
func (o *Origin) standIn(r *resolved, p Policy) Content {
	c := o.original(r, p)
	c.Modified, c.ModifiedHTTP = time.Time{}, ""
	if p == PolicyImmutable || p == PolicyRevalidate {
		c.Policy = PolicyBrief
	}
	o.counters.standIns.Add(1)
	return c
}

// thumb is the answer of a rendition.
func thumb(r *resolved, v *variant, p Policy, data []byte, etag string) Content {
	return Content{
		File: r.file, Variant: v.spec, ContentType: v.plan.Output.MIME(), Size: int64(len(data)), ETag: etag,
		Modified: r.file.Committed, ModifiedHTTP: r.modified, Policy: p, Media: r.media, Data: data,
	}
}

// hopeless tells whether an original can never be rendered, as opposed to not now.
func hopeless(err error) bool {
	for _, target := range []error{transform.ErrUnsupported, transform.ErrCorrupt, transform.ErrTooManyPixels, transform.ErrTooComplex} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// matchesWeakly tells whether an If-None-Match header names a strong tag that contains neither comma nor quote inside
// (RFC 9110 section 13.1.2: weak comparison, so a W/ before it does not matter).
func matchesWeakly(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for rest := header; rest != ""; {
		var member string
		member, rest, _ = strings.Cut(rest, ",")
		if strings.TrimPrefix(strings.TrimSpace(member), "W/") == etag {
			return true
		}
	}
	return false
}
